//! Lines about how a scan is looked at.

use crate::page::text::Language;
use crate::page::viewer::window::GreyWindow;
use crate::report::Heatmap;

/// The name of a map: how it is made, and of which class or finding it is.
pub fn map_name(language: &Language, map: &Heatmap) -> String {
    format!("{} · {}", (language.text.map_method)(map.method), language.name_of(&map.target))
}

/// What a saved picture says of its greys, where they are not the scan's.
pub fn window_line(language: &Language, window: GreyWindow) -> Option<String> {
    let GreyWindow { level, width, is_inverted } = window;
    (window != GreyWindow::ALL).then(|| (language.text.looking.saved_window)(level, width, is_inverted))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::fixtures::report;
    use crate::page::text::LANGUAGES;
    use crate::page::viewer::book::Tool;
    use crate::page::viewer::compare::Layout;
    use crate::page::viewer::keys::SHEET;

    #[test]
    fn a_map_is_named_by_its_method_and_class() {
        let report = report("AMD");
        for language in &LANGUAGES {
            let name = map_name(language, &report.heatmap);
            assert!(name.contains(language.name_of("AMD")) && name.contains(" · "), "{name}");
        }
    }

    #[test]
    fn every_key_tool_and_layout_is_named_once_in_every_language() {
        for language in &LANGUAGES {
            let text = language.text.looking;
            let rows = SHEET.map(|(row, _)| (text.key_row)(row));
            let tools = Tool::ALL.map(text.tool);
            let layouts = Layout::ALL.map(text.layout);
            let mut said: Vec<_> = rows.into_iter().chain(tools).chain(layouts).collect();
            let is_korean = language.tag == "ko";
            assert!(said.iter().all(|line| line.chars().any(|c| ('가'..='힣').contains(&c)) == is_korean), "{said:?}");
            said.sort_unstable();
            said.dedup();
            assert_eq!(said.len(), SHEET.len() + Tool::ALL.len() + Layout::ALL.len());
            assert!(text.one_to_one.starts_with("1:1"), "a name contains what is seen on the button");
        }
    }

    #[test]
    fn greys_are_spoken_of_only_where_they_are_changed() {
        for language in &LANGUAGES {
            assert_eq!(window_line(language, GreyWindow::ALL), None);
            let line = window_line(language, GreyWindow { level: 30, width: 60, is_inverted: true }).unwrap();
            assert!(line.contains("30 %") && line.contains("60 %"), "{line}");
        }
    }
}
