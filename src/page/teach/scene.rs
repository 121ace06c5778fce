//! A scene: a scan that anybody can have, a question about it, and how it is looked at. It holds nothing of a visitor's own
//! scan, not even its name.

use crate::caption::{Caption, Vocabulary};
use crate::page::scans::{OpenScan, Origin};
use crate::phantom::case::Case;
use crate::report::Options;

/// A scan that anybody can have.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// A demo scan of the site, by its file.
    Demo(String),
    /// A drawn case.
    Case(Case),
}

/// A scan, what is asked about it, and how it is looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    /// The scan.
    pub source: Source,
    /// What is asked.
    pub options: Options,
    /// Whether the heatmap is shown.
    pub has_heat: bool,
    /// Whether the true lesions are shown.
    pub is_revealed: bool,
}

impl Scene {
    /// A scan as it is, with its heatmap.
    pub fn of(source: Source) -> Self {
        Self { source, options: Options::default(), has_heat: true, is_revealed: false }
    }

    /// What is shown; none of a visitor's own scan.
    pub fn shown(scan: &OpenScan, has_heat: bool, is_revealed: bool) -> Option<Self> {
        let source = match scan.origin {
            Origin::Visitor => return None,
            Origin::Demo => Source::Demo(scan.name.clone()),
            Origin::Made => Source::Case(scan.made.as_ref()?.wanted),
        };
        // Whether a baseline is fetched is decided by whoever opens the link.
        let options = Options { baseline: false, ..scan.wanted.clone() };
        Some(Self { source, options, has_heat, is_revealed })
    }

    /// The same without what a model does not know: another one may have other classes and findings.
    pub fn known_to(mut self, vocabulary: &Vocabulary) -> Self {
        let options = &mut self.options;
        options.target = options.target.take().filter(|target| vocabulary.labels.contains(target));
        let caption = options.caption.take();
        options.caption =
            caption.and_then(|text| Caption::parse_nonempty(vocabulary, &text).ok()).map(|caption| caption.text());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::fixtures::{held, vocabulary};

    #[test]
    fn a_visitors_own_scan_makes_no_scene() {
        let mut scan = held(1, "AMD, fluid");
        assert_eq!(Scene::shown(&scan, true, false), None);
        scan.origin = Origin::Demo;
        scan.wanted = Options { target: Some("healthy".into()), baseline: true, ..Options::default() };
        let scene = Scene::shown(&scan, true, false).unwrap();
        assert_eq!(scene.source, Source::Demo("1.png".into()));
        assert_eq!((scene.options.target.as_deref(), scene.options.baseline), (Some("healthy"), false));
    }

    #[test]
    fn what_a_model_does_not_know_is_left_out() {
        let of = |target: &str, caption: &str| {
            let options = Options { target: Some(target.into()), caption: Some(caption.into()), ..Options::default() };
            let scene = Scene { options, ..Scene::of(Source::Case(Case::default())) };
            let Options { target, caption, .. } = scene.known_to(&vocabulary()).options;
            [target, caption]
        };
        assert_eq!(of("AMD", "soft drusen, amd"), [Some("AMD".into()), Some("AMD, soft drusen".into())]);
        assert_eq!(of("DME", "macular edema"), [None, None]);
    }
}
