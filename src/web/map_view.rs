//! A heatmap, how it is painted, and what stands on it.

use leptos::prelude::*;

use crate::bundle::card::ModelCard;
use crate::page::linked::FindingOnMap;
use crate::page::picture::{Drawn, Label, finding_labels, labels};
use crate::page::viewer::compare::{Kept, KeptOf};
use crate::render::{self, Paint, Ramp};
use crate::report::{Heatmap, Prediction, Report};
use crate::web::heat::Heat;

/// A heatmap and how it is shown.
#[derive(Clone, PartialEq)]
pub(super) struct MapView {
    /// The map.
    pub(super) map: Heatmap,
    /// How it is painted.
    pub(super) paint: Paint,
    /// What stands on its picture.
    pub(super) labels: Vec<Label>,
}

impl MapView {
    /// The map of an answer `image`, with the doubts of `report`.
    pub(super) fn of(map: &Heatmap, image: &Prediction, report: &Report, heat: Heat, card: Option<&ModelCard>) -> Self {
        let drawn = Drawn::of(map, heat.scale.get(), card);
        let labels = labels(&report.warning, image, heat.is_on().then_some((map, drawn)));
        Self { map: map.clone(), paint: heat.paint(Ramp::of(&map.target, &image.label), gain(drawn)), labels }
    }

    /// The map of a finding, once it is there. Nothing is known of how large its evidence usually is.
    pub(super) fn of_finding(finding: &FindingOnMap, report: &Report, heat: Heat) -> Option<Self> {
        let map = finding.map()?;
        let drawn = Drawn::of(map, heat.scale.get(), None);
        let labels = finding_labels(&report.warning, finding.report.as_deref()?, heat.is_on().then_some((map, drawn)));
        Some(Self { map: map.clone(), paint: heat.paint(Ramp::Finding, gain(drawn)), labels })
    }

    /// A map that was kept, with the doubts of `report`.
    pub(super) fn of_kept(kept: &Kept, report: &Report, heat: Heat, card: Option<&ModelCard>) -> Self {
        let (map, is_finding) = (&kept.map, kept.of == KeptOf::Finding);
        let view = Self::of(map, &report.image, report, heat, card.filter(|_| !is_finding));
        let ramp = match kept.of {
            KeptOf::Answer => Ramp::Answer,
            KeptOf::OtherClass => Ramp::Other,
            KeptOf::Finding => Ramp::Finding,
        };
        // What it is of stands below it; a finding is no class.
        let is_said = |label: &Label| !(is_finding && matches!(label, Label::OtherClass { .. }));
        let labels = view.labels.into_iter().filter(is_said).collect();
        Self { map: view.map, paint: Paint { ramp, ..view.paint }, labels }
    }
}

/// What a map's values are multiplied by where it is drawn so.
pub(super) fn gain(drawn: Drawn) -> f32 {
    match drawn {
        Drawn::Absolute { share } => render::absolute_gain(share),
        Drawn::Relative | Drawn::Empty => 1.,
    }
}
