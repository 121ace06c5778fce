//! The demo scans of the site: `samples/index.json` and the files that it lists.

use serde::Deserialize;

use crate::phantom::case::DrawnLesion;

/// The list of demo scans, relative to the page.
pub const LIST_URL: &str = "samples/index.json";

/// A demo scan.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct DemoScan {
    /// Its file, in the list's folder.
    pub file: String,
    /// The caption that it was drawn from.
    pub title: String,
    /// What was drawn where.
    #[serde(default)]
    pub lesions: Vec<DrawnLesion>,
}

#[derive(Deserialize)]
struct List {
    samples: Vec<DemoScan>,
}

/// The demo scans of a list; empty if it cannot be read.
pub fn demo_scans(list: &str) -> Vec<DemoScan> {
    serde_json::from_str::<List>(list).map(|list| list.samples).unwrap_or_default()
}

/// A demo scan's file, relative to the page.
pub fn url_of(file: &str) -> String {
    format!("samples/{file}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_beside_the_page_is_read() {
        let demo = demo_scans(include_str!("../../www/samples/index.json"));
        assert!(demo.len() >= 6);
        assert!(demo.iter().all(|scan| scan.file.ends_with(".png") && !scan.title.is_empty()));
        assert!(demo.iter().all(|scan| scan.lesions.is_empty() == (scan.title == "healthy")));
        assert_eq!(demo_scans("<html>"), []);
    }
}
