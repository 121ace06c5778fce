//! A finding's maps and what a hidden region changes, as the page shows them.

use std::sync::Arc;

use crate::page::classes::ClassGroup;
use crate::protocol::{RequestId, ScanId};
use crate::report::{BeforeAfter, FindingReport, Heatmap, Hidden, MapMethod, Report};

/// Which of a finding's two maps is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FindingMap {
    /// What raises the scan's likeness with the finding.
    #[default]
    Likeness,
    /// Which places resemble it by themselves: what the towers were trained with.
    Local,
}

impl FindingMap {
    /// Both, the default first.
    pub const ALL: [Self; 2] = [Self::Likeness, Self::Local];

    /// The value of `data-map`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Likeness => "likeness",
            Self::Local => "local",
        }
    }
}

/// A finding that has the class's place on the map.
#[derive(Clone, Debug, PartialEq)]
pub struct FindingOnMap {
    /// The finding, as captions write it.
    pub finding: String,
    /// Which of its maps is shown.
    pub choice: FindingMap,
    /// How the map of its likeness is made.
    pub method: MapMethod,
    /// Its maps; none while they are on their way.
    pub report: Option<Arc<FindingReport>>,
}

impl FindingOnMap {
    /// The map that is shown, once it is there.
    pub fn map(&self) -> Option<&Heatmap> {
        let at = FindingMap::ALL.iter().position(|choice| *choice == self.choice)?;
        self.report.as_ref()?.maps.get(at)
    }
}

/// What is asked of one scan beside its class.
#[derive(Clone, Debug, Default)]
pub(crate) struct Linked {
    /// The scan.
    pub(crate) scan: Option<ScanId>,
    /// The finding that has the map.
    pub(crate) finding: Option<FindingOnMap>,
    /// The request for its maps, while they are on their way.
    pub(crate) finding_asked: Option<RequestId>,
    /// Whether a region to hide is being chosen.
    pub(crate) is_hiding: bool,
    /// What changes without the region that is hidden.
    pub(crate) hidden: Option<Arc<Hidden>>,
    /// The request for that, while it is on its way.
    pub(crate) hidden_asked: Option<RequestId>,
}

impl Linked {
    /// Of a scan, of which nothing is asked yet.
    pub(crate) fn of(scan: ScanId) -> Self {
        Self { scan: Some(scan), ..Self::default() }
    }

    /// The first question that is not answered yet, and its scan.
    pub(crate) fn under_way(&self) -> Option<(RequestId, ScanId)> {
        let first = self.finding_asked.into_iter().chain(self.hidden_asked).min()?;
        Some((first, self.scan?))
    }

    /// The class has the map again.
    pub(crate) fn leave_finding(&mut self) {
        self.finding = None;
        self.finding_asked = None;
    }
}

/// A report with the finding that is looked at and with what a hidden region changes, to be saved.
pub fn with_linked(report: &Report, finding: Option<&FindingOnMap>, hidden: Option<&Hidden>) -> Report {
    let finding = finding.and_then(|finding| finding.report.as_deref());
    Report { findings: finding.into_iter().cloned().collect(), hidden: hidden.cloned(), ..report.clone() }
}

/// Class words with the image head's probabilities of the whole and without the region: healthy and AMD, then other diseases
/// together.
pub fn class_changes(hidden: &Hidden) -> Vec<(ClassGroup, BeforeAfter<f32>)> {
    let BeforeAfter { before, after } = &hidden.image;
    let has = |group: &ClassGroup| before.probabilities.keys().any(|label| ClassGroup::of(label) == *group);
    let change =
        |group: ClassGroup| (group, BeforeAfter { before: group.probability(before), after: group.probability(after) });
    ClassGroup::ALL.into_iter().filter(has).map(change).collect()
}

/// What hiding a region did to the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The model does not see the region.
    Unseen,
    /// The answer is the same class.
    SameClass,
    /// It is another one.
    OtherClass,
}

/// What hiding a region did to the answer.
pub fn effect(hidden: &Hidden) -> Effect {
    let BeforeAfter { before, after } = &hidden.image;
    match hidden.share {
        share if share <= 0. => Effect::Unseen,
        _ if before.label == after.label => Effect::SameClass,
        _ => Effect::OtherClass,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::fixtures::{finding_report, hidden, report};

    #[test]
    fn the_map_is_that_which_is_chosen_and_none_until_it_comes() {
        let mut shown = FindingOnMap {
            finding: "fluid".into(),
            choice: FindingMap::Likeness,
            method: MapMethod::GradCam,
            report: None,
        };
        assert_eq!(shown.map(), None);
        shown.report = Some(Arc::new(finding_report("fluid")));
        assert_eq!(shown.map().map(|map| map.method), Some(MapMethod::GradCam));
        shown.choice = FindingMap::Local;
        assert_eq!(shown.map().map(|map| map.method), Some(MapMethod::Local));
    }

    #[test]
    fn what_is_looked_at_is_saved_with_the_report() {
        let report = report("AMD, fluid");
        assert_eq!(with_linked(&report, None, None), report);
        let shown = FindingOnMap {
            finding: "fluid".into(),
            choice: FindingMap::Local,
            method: MapMethod::GradCam,
            report: Some(Arc::new(finding_report("fluid"))),
        };
        let saved = with_linked(&report, Some(&shown), Some(&hidden()));
        assert_eq!((saved.findings.len(), saved.hidden), (1, Some(hidden())));
    }

    #[test]
    fn hiding_changes_classes_and_may_change_the_answer() {
        let mut hidden = hidden();
        let changes: Vec<_> =
            class_changes(&hidden).into_iter().map(|(group, p)| (group, [p.before, p.after])).collect();
        assert_eq!(changes, [(ClassGroup::Healthy, [0.1, 0.8]), (ClassGroup::Amd, [0.9, 0.2])]);
        assert_eq!(effect(&hidden), Effect::OtherClass);
        hidden.image.after = hidden.image.before.clone();
        assert_eq!(effect(&hidden), Effect::SameClass);
        hidden.share = 0.;
        assert_eq!(effect(&hidden), Effect::Unseen);
    }
}
