//! The keys of the viewer: what each does anywhere on the page, but where text is typed, and the sheet that lists them.

use crate::page::viewer::book::Tool;

/// What a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Shows the sheet of keys.
    Help,
    /// Shows or hides the heatmap.
    Heat,
    /// Draws it as outlines, or filled again.
    Outlines,
    /// Changes its opacity, in steps.
    Opacity(i8),
    /// Keeps the shown map.
    Keep,
    /// Compares in the next way.
    Compare,
    /// Zooms in steps.
    Zoom(i8),
    /// Shows the whole.
    Fit,
    /// Shows a pixel of the scan as one of the screen.
    OneToOne,
    /// Moves what is seen, across and down.
    Pan([i8; 2]),
    /// Turns black to white.
    Invert,
    /// The whole, by all greys.
    Reset,
    /// Takes a tool.
    Take(Tool),
    /// Leaves what was begun last.
    Leave,
}

/// The direction of an arrow key, across and down.
pub fn direction(key: &str) -> Option<[i8; 2]> {
    match key {
        "ArrowLeft" => Some([-1, 0]),
        "ArrowRight" => Some([1, 0]),
        "ArrowUp" => Some([0, -1]),
        "ArrowDown" => Some([0, 1]),
        _ => None,
    }
}

/// What a key does, `key` as browsers name it.
pub fn command(key: &str, has_shift: bool) -> Option<Command> {
    if let Some(direction) = direction(key) {
        return has_shift.then_some(Command::Pan(direction));
    }
    let mut letters = key.chars();
    let command = match (letters.next()?.to_ascii_lowercase(), letters.next()) {
        ('?', None) => Command::Help,
        ('h', None) => Command::Heat,
        ('o', None) => Command::Outlines,
        ('[', None) => Command::Opacity(-1),
        (']', None) => Command::Opacity(1),
        ('k', None) => Command::Keep,
        ('c', None) => Command::Compare,
        ('+' | '=', None) => Command::Zoom(1),
        ('-' | '_', None) => Command::Zoom(-1),
        ('0', None) => Command::Fit,
        ('1', None) => Command::OneToOne,
        ('i', None) => Command::Invert,
        ('r', None) => Command::Reset,
        ('v', None) => Command::Take(Tool::Move),
        ('w', None) => Command::Take(Tool::Window),
        ('m', None) => Command::Take(Tool::Measure),
        ('l', None) => Command::Take(Tool::Loupe),
        _ if key == "Escape" => Command::Leave,
        _ => return None,
    };
    Some(command)
}

/// A row of the sheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row {
    /// [`Command::Zoom`], also by wheel and fingers.
    Zoom,
    /// [`Command::Fit`] and [`Command::OneToOne`].
    Fit,
    /// [`Command::Pan`], also by dragging.
    Pan,
    /// [`Tool::Move`].
    Move,
    /// [`Tool::Window`].
    Window,
    /// [`Tool::Measure`].
    Measure,
    /// [`Tool::Loupe`].
    Loupe,
    /// [`Command::Invert`] and [`Command::Reset`].
    Invert,
    /// [`Command::Heat`].
    Heat,
    /// [`Command::Opacity`].
    Opacity,
    /// [`Command::Outlines`].
    Outlines,
    /// [`Command::Keep`].
    Keep,
    /// [`Command::Compare`].
    Compare,
    /// [`Command::Leave`].
    Leave,
}

/// The rows of the sheet and their keys, as they are printed on keyboards. What is pressed together stands in one key.
pub const SHEET: [(Row, &[&str]); 14] = [
    (Row::Zoom, &["+", "−"]),
    (Row::Fit, &["0", "1"]),
    (Row::Pan, &["Shift ← ↑ → ↓"]),
    (Row::Move, &["V"]),
    (Row::Window, &["W"]),
    (Row::Measure, &["M"]),
    (Row::Loupe, &["L"]),
    (Row::Invert, &["I", "R"]),
    (Row::Heat, &["H"]),
    (Row::Opacity, &["[", "]"]),
    (Row::Outlines, &["O"]),
    (Row::Keep, &["K"]),
    (Row::Compare, &["C"]),
    (Row::Leave, &["Esc"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_the_same_in_both_cases_and_others_do_nothing() {
        for key in ["h", "H"] {
            assert_eq!(command(key, key == "H"), Some(Command::Heat));
        }
        assert_eq!([command("Home", false), command("hh", false), command("x", false), command("", false)], [None; 4]);
        assert_eq!(command("Escape", false), Some(Command::Leave));
        assert_eq!((command("?", true), command("+", true)), (Some(Command::Help), Some(Command::Zoom(1))));
    }

    #[test]
    fn arrows_move_what_is_seen_only_with_shift() {
        assert_eq!(command("ArrowLeft", true), Some(Command::Pan([-1, 0])));
        assert_eq!(command("ArrowLeft", false), None, "alone they go from frame to frame");
    }

    #[test]
    fn every_letter_on_the_sheet_is_a_key_and_each_is_listed_once() {
        let keys = || SHEET.iter().flat_map(|(_, keys)| keys.iter());
        for key in keys().filter(|key| key.chars().count() == 1) {
            let key = if *key == "−" { "-" } else { key };
            assert!(command(key, false).is_some(), "{key}");
        }
        assert_eq!(keys().filter(|key| **key == "H").count(), 1);
        let mut rows: Vec<_> = SHEET.iter().map(|(row, _)| *row as u8).collect();
        rows.dedup();
        assert_eq!(rows.len(), SHEET.len());
    }
}
