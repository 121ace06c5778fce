//! How a picture is looked at before anything else: a part of it, turned, in negative. Plain data, so that reports and the
//! page can hold it without linking a decoder.

use serde::{Deserialize, Serialize};

/// A turn of a picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Turn {
    /// It stays as it is.
    #[default]
    None,
    /// By 90° counterclockwise: what was on the right is on top.
    Left,
    /// By 90° clockwise: what was on the left is on top.
    Right,
    /// Upside down, by 180°.
    Half,
}

/// A part of a picture, turned, in negative; steps are taken in the order of the fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct View {
    /// The part that is kept: x, y, width, height in pixels of the decoded picture; none for the whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crop: Option<[usize; 4]>,
    /// How it is turned.
    pub turn: Turn,
    /// Whether black becomes white.
    pub invert: bool,
}

/// Where a part of a picture lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the middle, with something around it.
    Middle,
    /// At the left.
    Left,
    /// At the right.
    Right,
    /// At the top.
    Top,
    /// At the bottom.
    Bottom,
}

/// How far from the middle, as a share of a side, a part's own middle is where it counts as beside it.
const BESIDE: f32 = 0.08;

impl View {
    /// Where the part that is kept lies in a picture of `size` (width, height); none for the whole.
    pub fn place(&self, size: [usize; 2]) -> Option<Place> {
        let [x, y, width, height] = self.crop?;
        let off = |from: usize, n: usize, side: usize| (from as f32 + n as f32 / 2.) / side.max(1) as f32 - 0.5;
        let (across, down) = (off(x, width, size[0]), off(y, height, size[1]));
        Some(match (across.abs() >= down.abs(), across.abs().max(down.abs()) >= BESIDE) {
            (_, false) => Place::Middle,
            (true, _) if across < 0. => Place::Left,
            (true, _) => Place::Right,
            (false, _) if down < 0. => Place::Top,
            (false, _) => Place::Bottom,
        })
    }

    /// What a picture of `size` (width, height) that should be looked at in this way seems to be, as English sentences.
    pub fn suggestion(&self, size: [usize; 2]) -> String {
        let place = self.place(size).map(|place| match place {
            Place::Middle => "This looks like a page or a screenshot with the scan in the middle.",
            Place::Left => "This looks like a screenshot with the scan at the left.",
            Place::Right => "This looks like a screenshot with the scan at the right.",
            Place::Top => "This looks like a screenshot with the scan at the top.",
            Place::Bottom => "This looks like a screenshot with the scan at the bottom.",
        });
        let turn = match self.turn {
            Turn::None => None,
            Turn::Left | Turn::Right => Some("The scan seems to be turned by 90°."),
            Turn::Half => Some("The scan seems to be upside down."),
        };
        let invert = self.invert.then_some("The scan seems to be black on white.");
        [place, turn, invert].into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    /// Whether it leaves a picture as it is.
    pub fn is_whole(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suggestion_says_where_the_scan_is_and_how_it_lies() {
        let size = [1000, 500];
        for (crop, place) in [
            ([500, 0, 500, 500], Place::Right),
            ([0, 0, 500, 500], Place::Left),
            ([0, 0, 1000, 240], Place::Top),
            ([0, 260, 1000, 240], Place::Bottom),
            ([100, 60, 800, 400], Place::Middle),
        ] {
            let view = View { crop: Some(crop), ..View::default() };
            assert_eq!(view.place(size), Some(place));
            let place = format!("{place:?}").to_lowercase();
            assert!(view.suggestion(size).contains(&place), "{place}");
        }
        let view = View { turn: Turn::Left, invert: true, crop: None };
        assert_eq!(view.place(size), None);
        assert_eq!(view.suggestion(size), "The scan seems to be turned by 90°. The scan seems to be black on white.");
        assert_eq!(View::default().suggestion(size), "");
    }

    #[test]
    fn a_view_is_written_as_reports_have_it() {
        let view = View { crop: Some([1, 2, 3, 4]), turn: Turn::Left, invert: true };
        let json = serde_json::json!({ "crop": [1, 2, 3, 4], "turn": "left", "invert": true });
        assert_eq!(serde_json::to_value(view).unwrap(), json);
        assert_eq!(serde_json::from_value::<View>(serde_json::json!({})).unwrap(), View::default());
    }
}
