//! What pointers and arrow keys on a picture do to how it is looked at, by its tool.

use crate::page::viewer::book::{Look, Tool};
use crate::page::viewer::measure::Line;
use crate::page::viewer::transform::{PAN_STEP, Transform};
use crate::page::viewer::window::{self, GreyWindow};

/// The frame of a picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frame {
    /// Its width and height on the page, in pixels.
    pub size_px: [f64; 2],
    /// The smallest zoom.
    pub least_zoom: f64,
    /// Columns and rows of the scan.
    pub scan: [usize; 2],
}

/// What a drag does.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Drag {
    #[default]
    Nothing,
    Move {
        from: [f64; 2],
        start: Transform,
    },
    Window {
        from: [f64; 2],
        start: GreyWindow,
    },
    Measure {
        from: [f64; 2],
    },
    Pinch {
        from: [[f64; 2]; 2],
        start: Transform,
    },
}

/// The pointers that are down on a picture, and what they do. Places are shares of the frame.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gesture {
    down: Vec<(i32, [f64; 2])>,
    drag: Drag,
}

impl Gesture {
    /// A pointer comes down; `is_moving` says that it moves the picture whatever the tool: the middle button, or while space is held.
    /// With a second finger the picture is pinched, and what the first one began is left.
    pub fn press(&mut self, id: i32, at: [f64; 2], is_moving: bool, look: &mut Look) {
        self.down.retain(|(other, _)| *other != id);
        self.down.push((id, at));
        look.draft = None;
        self.drag = match (self.down.as_slice(), look.tool) {
            ([(_, a), (_, b)], _) => Drag::Pinch { from: [*a, *b], start: look.transform },
            ([_], tool) if is_moving || tool == Tool::Move => Drag::Move { from: at, start: look.transform },
            ([_], Tool::Window) => Drag::Window { from: at, start: look.window },
            ([_], Tool::Measure) => Drag::Measure { from: look.transform.to_picture(at) },
            _ => Drag::Nothing,
        };
    }

    /// A pointer moves.
    pub fn drag(&mut self, id: i32, at: [f64; 2], frame: Frame, look: &mut Look) {
        let Some(pointer) = self.down.iter_mut().find(|(other, _)| *other == id) else { return };
        pointer.1 = at;
        let by = |from: [f64; 2]| [0, 1].map(|axis| at[axis] - from[axis]);
        match self.drag {
            Drag::Nothing => {}
            Drag::Move { from, start } => look.transform = start.panned(by(from)),
            Drag::Window { from, start } => look.window = start.dragged(by(from)),
            Drag::Measure { from } => {
                look.draft = Some(Line::between(from, look.transform.to_picture(at), frame.scan));
            }
            Drag::Pinch { from, start } => {
                if let [(_, a), (_, b)] = self.down[..] {
                    look.transform = start.pinched(from, [a, b], frame.size_px, frame.least_zoom);
                }
            }
        }
    }

    /// A pointer goes; a line that was drawn is measured.
    pub fn release(&mut self, id: i32, frame: Frame, look: &mut Look) {
        self.down.retain(|(other, _)| *other != id);
        if let Drag::Measure { .. } = self.drag {
            look.lines.extend(look.draft.take().filter(|line| line.is_meant(frame.scan)));
        }
        // Until all fingers are up, none of them begins anything.
        self.drag = Drag::Nothing;
    }

    /// Whether a pointer is down.
    pub fn is_under_way(&self) -> bool {
        !self.down.is_empty()
    }
}

/// An arrow key on the picture, `direction` across and down. Returns whether it did something.
pub fn arrow(direction: [i8; 2], has_shift: bool, frame: Frame, look: &mut Look) -> bool {
    match look.tool {
        Tool::Window if !has_shift => {
            let [across, down] = direction.map(|sign| i16::from(sign) * window::STEP);
            let GreyWindow { level, width, .. } = look.window;
            look.window = look.window.with(i16::from(level) + down, i16::from(width) + across);
        }
        Tool::Measure => {
            let line = look.draft.unwrap_or_else(|| Line::in_the_middle(frame.scan));
            look.draft = Some(line.nudged(direction, has_shift, frame.scan));
        }
        Tool::Loupe => return false,
        Tool::Move | Tool::Window => return pan(direction, look),
    }
    true
}

/// Moves what is seen in a direction. Returns whether it moved.
pub fn pan(direction: [i8; 2], look: &mut Look) -> bool {
    let before = look.transform;
    look.transform = before.panned(direction.map(|sign| -f64::from(sign) * PAN_STEP));
    before != look.transform
}

/// The line that the keyboard has moved is measured; the first press lays it.
pub fn apply_line(frame: Frame, look: &mut Look) {
    match look.draft.take() {
        Some(line) => look.lines.push(line),
        None => look.draft = Some(Line::in_the_middle(frame.scan)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Frame = Frame { size_px: [800., 400.], least_zoom: 1., scan: [500, 250] };

    fn dragged(look: &mut Look, from: [f64; 2], to: [f64; 2], is_moving: bool) {
        let mut gesture = Gesture::default();
        gesture.press(1, from, is_moving, look);
        gesture.drag(1, to, FRAME, look);
        gesture.release(1, FRAME, look);
        assert!(!gesture.is_under_way());
    }

    fn zoomed() -> Look {
        Look { transform: Transform::FIT.zoomed_to(4., [0.5, 0.5], 1.), ..Look::default() }
    }

    #[test]
    fn the_picture_follows_the_pointer_that_drags_it() {
        let mut look = zoomed();
        let place = look.transform.to_picture([0.3, 0.3]);
        dragged(&mut look, [0.3, 0.3], [0.5, 0.4], false);
        let after = look.transform.to_picture([0.5, 0.4]);
        assert!((0..2).all(|axis| (after[axis] - place[axis]).abs() < 1e-9));
        let mut whole = Look::default();
        dragged(&mut whole, [0.3, 0.3], [0.5, 0.4], false);
        assert!(whole.transform.is_fit());
    }

    #[test]
    fn each_tool_does_its_own_and_gives_way_to_the_middle_button() {
        let mut look = Look { tool: Tool::Window, ..zoomed() };
        let before = look.transform;
        dragged(&mut look, [0.5, 0.5], [0.6, 0.5], false);
        assert_eq!((look.window.width, look.transform), (120, before));
        dragged(&mut look, [0.5, 0.5], [0.6, 0.5], true);
        assert!(look.window.width == 120 && look.transform != before);
        look.take(Tool::Measure);
        let expected =
            Line::between(look.transform.to_picture([0.2, 0.2]), look.transform.to_picture([0.4, 0.8]), [500, 250]);
        dragged(&mut look, [0.2, 0.2], [0.4, 0.8], false);
        assert_eq!((look.lines.as_slice(), look.draft), ([expected].as_slice(), None));
        dragged(&mut look, [0.2, 0.2], [0.2, 0.2], false);
        assert_eq!(look.lines.len(), 1, "a click is no line");
    }

    #[test]
    fn a_second_finger_pinches_and_leaves_what_the_first_began() {
        let mut look = Look { tool: Tool::Measure, ..Look::default() };
        let mut gesture = Gesture::default();
        gesture.press(1, [0.4, 0.5], false, &mut look);
        gesture.drag(1, [0.45, 0.5], FRAME, &mut look);
        gesture.press(2, [0.55, 0.5], false, &mut look);
        assert_eq!(look.draft, None);
        gesture.drag(1, [0.3, 0.5], FRAME, &mut look);
        gesture.drag(2, [0.7, 0.5], FRAME, &mut look);
        assert!((look.transform.zoom() - 4.).abs() < 1e-9, "{:?}", look.transform);
        gesture.release(2, FRAME, &mut look);
        let before = look.clone();
        gesture.drag(1, [0.9, 0.9], FRAME, &mut look);
        assert_eq!(look, before, "the finger that is left does nothing");
        gesture.release(1, FRAME, &mut look);
        assert!(look.lines.is_empty());
    }

    #[test]
    fn arrows_do_by_the_tool_what_a_drag_does() {
        let mut look = zoomed();
        let before = look.transform.to_picture([0.5, 0.5]);
        assert!(arrow([1, 0], false, FRAME, &mut look));
        assert!(look.transform.to_picture([0.5, 0.5])[0] > before[0], "further right is seen");
        assert!(!arrow([1, 0], false, FRAME, &mut Look::default()), "the whole is seen already");
        look.take(Tool::Window);
        assert!(arrow([0, 1], false, FRAME, &mut look));
        assert_eq!(look.window.level, 55);
        look.take(Tool::Measure);
        apply_line(FRAME, &mut look);
        let laid = look.draft.unwrap();
        assert!(arrow([1, 0], true, FRAME, &mut look) && look.draft.unwrap().from == laid.from);
        apply_line(FRAME, &mut look);
        assert_eq!((look.lines.len(), look.draft), (1, None));
        look.take(Tool::Loupe);
        assert!(!arrow([1, 0], false, FRAME, &mut look), "the loupe's place is not kept");
    }
}
