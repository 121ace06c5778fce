//! What the shown map is compared with: the scan without a map, or a map that was kept, beside it, below a curtain or as outlines.

use crate::page::linked::FindingOnMap;
use crate::report::{Heatmap, Report};

/// How pictures are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layout {
    /// Not at all.
    #[default]
    Single,
    /// The scan alone stands at the left.
    ScanBeside,
    /// A curtain parts the scan alone from the map.
    ScanSwipe,
    /// The kept map stands at the left.
    KeptBeside,
    /// A curtain parts the kept map from the shown one.
    KeptSwipe,
    /// Both maps are outlines on one picture.
    Outlines,
}

impl Layout {
    /// All, the default first.
    pub const ALL: [Self; 6] =
        [Self::Single, Self::ScanBeside, Self::ScanSwipe, Self::KeptBeside, Self::KeptSwipe, Self::Outlines];

    /// The value of `data-layout`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::ScanBeside => "scan-beside",
            Self::ScanSwipe => "scan-swipe",
            Self::KeptBeside => "kept-beside",
            Self::KeptSwipe => "kept-swipe",
            Self::Outlines => "outlines",
        }
    }

    /// The layout of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|layout| layout.name() == name)
    }

    /// Whether it needs a map that was kept.
    pub fn needs_kept(self) -> bool {
        matches!(self, Self::KeptBeside | Self::KeptSwipe | Self::Outlines)
    }

    /// The layout as it can be: the single picture where a map is needed and none was kept.
    pub fn possible(self, has_kept: bool) -> Self {
        if self.needs_kept() && !has_kept { Self::Single } else { self }
    }

    /// The next one that is possible.
    pub fn next(self, has_kept: bool) -> Self {
        let possible = || Self::ALL.into_iter().filter(|layout| has_kept || !layout.needs_kept());
        possible().skip_while(|layout| *layout != self).nth(1).unwrap_or_default()
    }

    /// Whether another picture stands at the left.
    pub fn is_beside(self) -> bool {
        matches!(self, Self::ScanBeside | Self::KeptBeside)
    }

    /// Whether a curtain parts the picture.
    pub fn is_swipe(self) -> bool {
        matches!(self, Self::ScanSwipe | Self::KeptSwipe)
    }
}

/// Whose evidence a kept map is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeptOf {
    /// The class that was the answer.
    Answer,
    /// Another class.
    OtherClass,
    /// A finding.
    Finding,
}

/// A map that was kept to be compared with others of the same scan.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// The map.
    pub map: Heatmap,
    /// Whose evidence it is.
    pub of: KeptOf,
    /// The weights that made it.
    model: String,
}

impl Kept {
    /// The map that is shown: that of `finding`, or that of the class in `report`.
    pub fn of(report: &Report, finding: Option<&FindingOnMap>) -> Self {
        let (map, of) = match finding.and_then(FindingOnMap::map) {
            Some(map) => (map, KeptOf::Finding),
            None if report.heatmap.target == report.image.label => (&report.heatmap, KeptOf::Answer),
            None => (&report.heatmap, KeptOf::OtherClass),
        };
        Self { map: map.clone(), of, model: report.model.sha256.clone() }
    }

    /// Whether the model of `report` made it: another one sees other things.
    pub fn belongs_to(&self, report: &Report) -> bool {
        self.model == report.model.sha256
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::fixtures::report;

    #[test]
    fn layouts_go_round_and_leave_out_what_needs_a_kept_map() {
        let round = |has_kept| {
            let mut layout = Layout::Single;
            let mut seen = vec![];
            loop {
                layout = layout.next(has_kept);
                seen.push(layout);
                if layout == Layout::Single {
                    return seen;
                }
            }
        };
        assert_eq!(round(false), [Layout::ScanBeside, Layout::ScanSwipe, Layout::Single]);
        assert_eq!(round(true).len(), Layout::ALL.len());
        assert!(Layout::ALL.into_iter().all(|layout| Layout::from_name(layout.name()) == Some(layout)));
        assert_eq!(
            (Layout::Outlines.possible(false), Layout::ScanSwipe.possible(false)),
            (Layout::Single, Layout::ScanSwipe)
        );
    }

    #[test]
    fn a_kept_map_belongs_to_its_model() {
        let mut report = report("AMD");
        let kept = Kept::of(&report, None);
        assert_eq!((kept.of, &kept.map), (KeptOf::Answer, &report.heatmap));
        report.model.sha256 = "1".into();
        assert!(!kept.belongs_to(&report));
        report.heatmap.target = "healthy".into();
        assert_eq!(Kept::of(&report, None).of, KeptOf::OtherClass);
    }
}
