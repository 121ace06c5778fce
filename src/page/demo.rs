//! The demo scans that lie beside the page: `samples/index.json` and the files that it lists.

use serde::Deserialize;

/// Where the list of demo scans lies, from the page.
pub const LIST_URL: &str = "samples/index.json";

/// A demo scan.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct DemoScan {
    /// Its file, beside the list.
    pub file: String,
    /// The caption that it was drawn from.
    pub title: String,
}

#[derive(Deserialize)]
struct List {
    samples: Vec<DemoScan>,
}

/// The demo scans of a list; none where it cannot be read.
pub fn demo_scans(list: &str) -> Vec<DemoScan> {
    serde_json::from_str::<List>(list).map(|list| list.samples).unwrap_or_default()
}

/// Where a demo scan's file lies, from the page.
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
        assert_eq!(demo_scans("<html>"), []);
    }
}
