//! How each picture is looked at. A scan that is returned to is seen as it was left; one that is removed is forgotten.

use std::sync::Arc;

use crate::page::viewer::compare::{Kept, Layout};
use crate::page::viewer::measure::Line;
use crate::page::viewer::transform::Transform;
use crate::page::viewer::window::GreyWindow;
use crate::protocol::ScanId;
use crate::scan::view::View;

/// What a drag on the picture does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tool {
    /// Moves what is seen, where it is larger than its frame.
    #[default]
    Move,
    /// Changes window and level of the greys.
    Window,
    /// Measures a line.
    Measure,
    /// Enlarges what is below the pointer.
    Loupe,
}

impl Tool {
    /// All, the default first.
    pub const ALL: [Self; 4] = [Self::Move, Self::Window, Self::Measure, Self::Loupe];

    /// The value of `data-tool`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Move => "move",
            Self::Window => "window",
            Self::Measure => "measure",
            Self::Loupe => "loupe",
        }
    }
}

/// How a picture is looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct Look {
    /// Which part of it is seen, and how large.
    pub transform: Transform,
    /// By which greys.
    pub window: GreyWindow,
    /// What a drag does.
    pub tool: Tool,
    /// What was measured, the newest last.
    pub lines: Vec<Line>,
    /// The line that is being measured.
    pub draft: Option<Line>,
    /// The map that was kept.
    pub kept: Option<Arc<Kept>>,
    /// How maps are compared.
    pub layout: Layout,
    /// Where the curtain hangs, as a share of the frame.
    pub curtain: f64,
}

impl Default for Look {
    fn default() -> Self {
        Self {
            transform: Transform::FIT,
            window: GreyWindow::ALL,
            tool: Tool::Move,
            lines: Vec::new(),
            draft: None,
            kept: None,
            layout: Layout::Single,
            curtain: 0.5,
        }
    }
}

impl Look {
    /// Keeps a map to compare others with; what shows it is chosen with it, if nothing does yet.
    pub fn keep(&mut self, kept: Kept) {
        self.kept = Some(Arc::new(kept));
        if !self.layout.needs_kept() {
            self.layout = Layout::KeptBeside;
        }
    }

    /// Forgets the kept map.
    pub fn drop_kept(&mut self) {
        self.kept = None;
        self.layout = self.layout.possible(false);
    }

    /// The whole picture by all greys; what was measured and kept stays.
    pub fn reset(&mut self) {
        self.transform = Transform::FIT;
        self.window = GreyWindow::ALL;
    }

    /// Takes another tool; the line that is being measured is left.
    pub fn take(&mut self, tool: Tool) {
        self.tool = tool;
        self.draft = None;
    }

    /// Leaves what was begun last: the line that is being measured, or else the tool. Returns whether there was something to leave.
    pub fn leave(&mut self) -> bool {
        if self.draft.take().is_some() {
            return true;
        }
        std::mem::take(&mut self.tool) != Tool::Move
    }
}

/// A picture: a scan as it is looked through; turned or cut, it is another one.
pub type PictureId = (ScanId, Option<View>);

/// How each picture is looked at.
#[derive(Clone, Debug, Default)]
pub struct Book {
    looks: Vec<(PictureId, Look)>,
}

impl Book {
    /// How a picture is looked at.
    pub fn look(&self, picture: PictureId) -> Option<&Look> {
        self.looks.iter().find(|(id, _)| *id == picture).map(|(_, look)| look)
    }

    /// The same, to be changed.
    pub fn look_mut(&mut self, picture: PictureId) -> &mut Look {
        let at = self.looks.iter().position(|(id, _)| *id == picture).unwrap_or_else(|| {
            self.looks.push((picture, Look::default()));
            self.looks.len() - 1
        });
        &mut self.looks[at].1
    }

    /// Forgets the scans that are not listed any more.
    pub fn retain(&mut self, is_listed: impl Fn(ScanId) -> bool) {
        self.looks.retain(|((scan, _), _)| is_listed(*scan));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::fixtures::report;

    #[test]
    fn a_scan_is_seen_as_it_was_left_until_it_is_removed() {
        let mut book = Book::default();
        book.look_mut((1, None)).transform = Transform::FIT.zoomed_to(3., [0.5, 0.5], 1.);
        book.look_mut((2, None)).tool = Tool::Window;
        book.look_mut((1, Some(View::default()))).window.is_inverted = true;
        assert_eq!(book.look((1, None)).unwrap().transform.zoom(), 3.);
        assert_eq!(book.look((2, None)).unwrap().tool, Tool::Window);
        assert!(book.look((1, Some(View::default()))).unwrap().transform.is_fit(), "another part is another picture");
        book.retain(|scan| scan == 2);
        assert!(book.look((1, None)).is_none() && book.look((2, None)).is_some());
    }

    #[test]
    fn what_was_begun_last_is_left_first() {
        let mut look = Look::default();
        look.take(Tool::Measure);
        look.draft = Some(Line::in_the_middle([10, 10]));
        assert!(look.leave() && look.draft.is_none() && look.tool == Tool::Measure);
        assert!(look.leave() && look.tool == Tool::Move);
        assert!(!look.leave());
    }

    #[test]
    fn a_kept_map_is_seen_at_once_and_its_layout_goes_with_it() {
        let mut look = Look::default();
        look.keep(Kept::of(&report("AMD"), None));
        assert_eq!(look.layout, Layout::KeptBeside);
        look.layout = Layout::Outlines;
        look.keep(Kept::of(&report("AMD"), None));
        assert_eq!(look.layout, Layout::Outlines);
        look.drop_kept();
        assert_eq!((look.layout, look.kept), (Layout::Single, None));
    }
}
