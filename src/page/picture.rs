//! What stands on a picture of a scan, on the page and in saved files: the doubt, whose evidence the map is, and by which
//! scale it is drawn. Knows no language: `lines` puts it into words.

use crate::bundle::card::ModelCard;
use crate::report::{FindingReport, Heatmap, Prediction, Warning, WarningKind};

/// What a map's colours are compared with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HeatScale {
    /// Maps of the same method and class on other scans: a map of little evidence is pale.
    #[default]
    Absolute,
    /// The map's own maximum: the strongest place has the last colour however little it is.
    Relative,
}

impl HeatScale {
    /// Both, the default first.
    pub const ALL: [Self; 2] = [Self::Absolute, Self::Relative];

    /// The value of `data-scale`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Absolute => "absolute",
            Self::Relative => "relative",
        }
    }

    /// The scale of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scale| scale.name() == name)
    }
}

/// How a map is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Drawn {
    /// It is empty: nothing counts for the class.
    Empty,
    /// By its own maximum.
    Relative,
    /// By its evidence.
    Absolute {
        /// The map's peak as a share of that which one of twenty scans with this answer exceeds; above 1 where it is one of them.
        share: f32,
    },
}

impl Drawn {
    /// How `map` is drawn where the scale `wanted` is; the evidence of other scans is that which `card` names, and where it
    /// names none, the map's own maximum remains.
    pub fn of(map: &Heatmap, wanted: HeatScale, card: Option<&ModelCard>) -> Self {
        if map.values.iter().all(|value| *value <= 0.) {
            return Self::Empty;
        }
        match (wanted, reference(map, card)) {
            (HeatScale::Absolute, Some(p95)) => Self::Absolute { share: map.peak / p95 },
            _ => Self::Relative,
        }
    }

    /// The value of `data-scale`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Relative => HeatScale::Relative.name(),
            Self::Absolute { .. } => HeatScale::Absolute.name(),
        }
    }
}

/// What the peak of `map` can be compared with, if `card` says so.
fn reference(map: &Heatmap, card: Option<&ModelCard>) -> Option<f32> {
    let peak = card?.explanations.as_ref()?.peak(map.method.name(), &map.target)?;
    Some(peak.p95)
}

/// Whether a map can be drawn by its evidence.
pub fn has_reference(map: &Heatmap, card: Option<&ModelCard>) -> bool {
    reference(map, card).is_some()
}

/// Something that stands on the picture.
#[derive(Clone, Debug, PartialEq)]
pub enum Label {
    /// The answer is doubtful.
    Doubt(WarningKind),
    /// The map is for another class than the answer.
    OtherClass {
        /// The class of the map.
        target: String,
        /// The image's answer; none where there is none to be named.
        answer: Option<String>,
    },
    /// The map is a finding's.
    Finding {
        /// The finding.
        finding: String,
        /// Whether the scan as a whole resembles it more than a healthy one.
        is_like: bool,
        /// Whether there is nothing on the map.
        is_empty: bool,
    },
    /// The map is empty.
    Empty {
        /// The class of the map.
        target: String,
    },
    /// By what the map is drawn.
    Scale(Drawn),
}

/// Whether a map is for another class than the answer.
pub fn is_of_other_class(map: &Heatmap, answer: &Prediction) -> bool {
    map.target != answer.label
}

/// What stands on the picture of `map`, the first first; `map` is none while no heatmap is shown.
pub fn labels(warning: &Warning, answer: &Prediction, map: Option<(&Heatmap, Drawn)>) -> Vec<Label> {
    let mut labels = Vec::new();
    if !warning.is_none() {
        labels.push(Label::Doubt(warning.kind));
    }
    let Some((map, drawn)) = map else { return labels };
    let target = map.target.clone();
    if is_of_other_class(map, answer) {
        let is_answer = warning.kind != WarningKind::NotAScan;
        labels.push(Label::OtherClass { target: target.clone(), answer: is_answer.then(|| answer.label.clone()) });
    }
    labels.push(if drawn == Drawn::Empty { Label::Empty { target } } else { Label::Scale(drawn) });
    labels
}

/// What stands on the picture of a finding's map, the first first.
pub fn finding_labels(warning: &Warning, finding: &FindingReport, map: Option<(&Heatmap, Drawn)>) -> Vec<Label> {
    let mut labels = Vec::new();
    if !warning.is_none() {
        labels.push(Label::Doubt(warning.kind));
    }
    let Some((_, drawn)) = map else { return labels };
    let is_empty = drawn == Drawn::Empty;
    labels.push(Label::Finding { finding: finding.finding.clone(), is_like: finding.likeness.margin > 0., is_empty });
    if !is_empty {
        labels.push(Label::Scale(drawn));
    }
    labels
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::card::{ExplanationMetrics, PeakReference};
    use crate::page::fixtures::{card, finding_report, report, warning};
    use crate::report::Doubt;

    /// A card whose maps for AMD usually have a peak of up to 8.
    fn card_with_peaks() -> ModelCard {
        let peak = PeakReference { method: "grad_cam".into(), target: "AMD".into(), p95: 8., n_scans: 40 };
        let explanations =
            ExplanationMetrics { methods: vec![], peaks: vec![peak], default: "grad_cam".into(), rule: String::new() };
        ModelCard { explanations: Some(explanations), ..card("m") }
    }

    #[test]
    fn a_map_is_drawn_by_its_evidence_where_the_card_says_what_is_usual() {
        let card = card_with_peaks();
        let mut map = report("AMD").heatmap;
        assert_eq!(Drawn::of(&map, HeatScale::Absolute, Some(&card)), Drawn::Absolute { share: 0.25 });
        assert_eq!(Drawn::of(&map, HeatScale::Relative, Some(&card)), Drawn::Relative);
        assert!(has_reference(&map, Some(&card)));
        map.target = "healthy".into();
        assert_eq!(Drawn::of(&map, HeatScale::Absolute, Some(&card)), Drawn::Relative, "not known for this class");
        assert!(!has_reference(&map, Some(&card)) && !has_reference(&map, None));
        map.values = vec![0.];
        assert_eq!(Drawn::of(&map, HeatScale::Absolute, Some(&card)), Drawn::Empty);
    }

    #[test]
    fn the_doubt_comes_first_and_stays_when_the_map_is_hidden() {
        let mut report = report("AMD");
        let of = |report: &crate::report::Report, drawn: Option<Drawn>| {
            labels(&report.warning, &report.image, drawn.map(|drawn| (&report.heatmap, drawn)))
        };
        assert_eq!(of(&report, Some(Drawn::Relative)), [Label::Scale(Drawn::Relative)]);
        report.warning = warning(&[Doubt::CaptionFar]);
        assert_eq!(of(&report, None), [Label::Doubt(WarningKind::Unsure)]);
        let said = of(&report, Some(Drawn::Empty));
        assert_eq!(said, [Label::Doubt(WarningKind::Unsure), Label::Empty { target: "AMD".into() }]);
    }

    #[test]
    fn the_map_of_another_class_says_so_and_names_no_answer_where_there_is_none() {
        let mut report = report("AMD");
        report.heatmap.target = "healthy".into();
        let of = |report: &crate::report::Report| {
            labels(&report.warning, &report.image, Some((&report.heatmap, Drawn::Relative)))
        };
        let label =
            |answer: Option<&str>| Label::OtherClass { target: "healthy".into(), answer: answer.map(str::to_owned) };
        assert_eq!(of(&report)[0], label(Some("AMD")));
        report.warning = warning(&[Doubt::Noise]);
        assert_eq!(of(&report)[1], label(None));
    }

    #[test]
    fn the_map_of_a_finding_names_it_after_the_doubt_and_says_what_the_whole_scan_resembles() {
        let mut fluid = finding_report("fluid");
        let label = |is_like, is_empty| Label::Finding { finding: "fluid".into(), is_like, is_empty };
        let of = |fluid: &FindingReport, warning: &Warning, drawn: Drawn| {
            finding_labels(warning, fluid, Some((&fluid.maps[0], drawn)))
        };
        let none = Warning::default();
        assert_eq!(of(&fluid, &none, Drawn::Relative), [label(true, false), Label::Scale(Drawn::Relative)]);
        fluid.likeness.margin = -0.1;
        let unsure = warning(&[Doubt::CaptionFar]);
        assert_eq!(of(&fluid, &unsure, Drawn::Empty), [Label::Doubt(WarningKind::Unsure), label(false, true)]);
        assert_eq!(finding_labels(&unsure, &fluid, None), [Label::Doubt(WarningKind::Unsure)]);
    }

    #[test]
    fn scales_are_named_as_the_page_does() {
        assert!(HeatScale::ALL.into_iter().all(|scale| HeatScale::from_name(scale.name()) == Some(scale)));
        assert_eq!(HeatScale::default(), HeatScale::ALL[0]);
    }
}
