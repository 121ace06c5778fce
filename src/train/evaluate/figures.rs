//! The figures that a weights file keeps and the page shows: few, each with a name that stays.

use super::bands::bands;
use super::head_input::HeadInput;
use super::pointing::{pointing_by_chance, pointing_game};
use super::predictions::Predictions;
use super::reading::{Outcome, n_patients};
use super::verdicts::{drusen_and_fluid, verdicts};
use super::warnings::Answer;
use crate::bundle::card::{ConditionFigures, Figures, LesionFigures};
use crate::caption::{Caption, Lesion, Vocabulary};
use crate::report::Heatmap;
use crate::train::data::octdl;
use crate::train::data::record::{Record, SourceKind};
use crate::train::metrics::{self, bootstrap, findings};

/// Measures the outcomes of one source; `vocabulary` is the model's, `others` are its answers to scans of the same source whose
/// diseases are no class of it.
pub(crate) fn figures(
    vocabulary: &Vocabulary,
    source: SourceKind,
    outcomes: &[Outcome<'_>],
    others: &[Answer],
) -> Figures {
    let labels = &vocabulary.labels;
    let class_word = |o: &Outcome<'_>| {
        let more = o.report.tokens.words.len() > 1;
        let word = o.report.tokens.words.iter().find(|w| labels.contains(&w.text));
        word.filter(|_| more).map(|w| f64::from(w.score.abs()))
    };
    let shares: Vec<f64> = outcomes.iter().filter_map(class_word).collect();
    let head = |input| Predictions::of(outcomes.iter().map(|o| &o.reading), input).figures();
    Figures {
        n_scans: outcomes.len(),
        n_patients: n_patients(outcomes.iter().map(|o| o.reading.record)),
        device: Some(source.device().to_owned()),
        image: head(HeadInput::Image),
        text: head(HeadInput::TextRetrieved),
        answers: bands(&outcomes.iter().map(|o| Answer::new(o.reading.record, &o.report)).collect::<Vec<_>>(), others),
        findings_keep_label: outcomes.iter().filter(|o| o.same_without_class).count() as f64 / outcomes.len() as f64,
        class_word_share: (!shares.is_empty()).then(|| shares.iter().sum::<f64>() / shares.len() as f64),
        condition: (source == SourceKind::Octdl).then(|| condition_figures(labels, outcomes)),
        lesions: lesion_figures(vocabulary, outcomes),
    }
}

/// Class index of a caption's condition: 0 for healthy, then OCTDL's conditions; none for a caption of another disease.
fn condition(caption: &Caption, healthy: &str) -> Option<usize> {
    let named = octdl::AMD_FINDINGS.iter().position(|f| caption.findings.iter().any(|c| c == f));
    let is_healthy = caption.findings.is_empty() && caption.label.as_deref().is_none_or(|label| label == healthy);
    named.map(|i| i + 1).or(is_healthy.then_some(0))
}

/// Figures on scans that have a condition; a retrieved caption without one counts as wrong.
fn condition_figures(labels: &[String], outcomes: &[Outcome<'_>]) -> ConditionFigures {
    const NO_CONDITION: usize = octdl::AMD_FINDINGS.len() + 1;
    let (mut patients, mut truth, mut predicted) = (Vec::new(), Vec::new(), Vec::new());
    for Outcome { reading, .. } in outcomes {
        let Some(condition_there) = condition(&reading.record.caption, &labels[0]) else { continue };
        patients.push(reading.record.patient.clone());
        truth.push(condition_there);
        predicted.push(condition(&reading.retrieved, &labels[0]).unwrap_or(NO_CONDITION));
    }
    let pick = |scans: &[usize], of: &[usize]| scans.iter().map(|i| of[*i]).collect::<Vec<_>>();
    ConditionFigures {
        accuracy: bootstrap(&patients, |s| metrics::accuracy(&pick(s, &truth), &pick(s, &predicted))),
        balanced_accuracy: bootstrap(&patients, |s| metrics::balanced_accuracy(&pick(s, &truth), &pick(s, &predicted))),
    }
}

fn lesion_figures(vocabulary: &Vocabulary, outcomes: &[Outcome<'_>]) -> Option<LesionFigures> {
    if outcomes.iter().all(|o| o.reading.record.boxes.is_empty()) {
        return None;
    }
    // A finding that a source annotates but never marks with a box is a condition, unless it is one of the nine lesions.
    let is_lesion = |f: &String| {
        let has_box = |o: &Outcome<'_>| o.reading.record.boxes.iter().any(|b| b.finding == f);
        let is_of_the_nine = Lesion::from_phrase(f)
            .is_some_and(|l| outcomes.iter().any(|o| o.reading.record.annotated.contains(&l.phrase())));
        is_of_the_nine || outcomes.iter().any(has_box)
    };
    let lesions: Vec<usize> = (0..vocabulary.findings.len()).filter(|i| is_lesion(&vocabulary.findings[*i])).collect();
    let of = |o: &Outcome<'_>| {
        let verdicts = verdicts(vocabulary, o.reading.record, &o.reading.retrieved);
        lesions.iter().map(|i| verdicts[*i]).collect::<Vec<_>>()
    };
    let counts = findings::counts(&outcomes.iter().map(of).collect::<Vec<_>>(), lesions.len());
    let with_boxes: Vec<&Outcome<'_>> = outcomes.iter().filter(|o| !o.reading.record.boxes.is_empty()).collect();
    let drusen_and_fluid =
        with_boxes.iter().map(|o| drusen_and_fluid(o.reading.record, &o.reading.retrieved)).collect::<Vec<_>>();
    // A healthy eye may have boxes too, of a detached vitreous, but its map is for the label healthy.
    let diseased = with_boxes.iter().filter(|o| o.reading.class > 0);
    let maps: Vec<(&Heatmap, &Record)> = diseased.map(|o| (&o.report.heatmap, o.reading.record)).collect();
    Some(LesionFigures {
        micro_f1: findings::micro_f1(&counts)?,
        macro_f1: findings::macro_f1(&counts)?,
        drusen_fluid_f1: findings::micro_f1(&findings::counts(&drusen_and_fluid, 2)),
        pointing_game: pointing_game(&maps, 1.),
        pointing_game_chance: pointing_by_chance(&maps, 1.),
        pointing_game_half_cell: pointing_game(&maps, 0.5),
        pointing_game_half_cell_chance: pointing_by_chance(&maps, 0.5),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::report::made_up;
    use crate::train::data::lesion_box::LesionBox;
    use crate::train::evaluate::reading::Reading;

    #[test]
    fn another_disease_is_neither_healthy_nor_a_condition() {
        let of = |label: Option<&str>, findings: &[&str]| {
            let findings = findings.iter().map(|f| (*f).to_owned()).collect();
            condition(&Caption { label: label.map(str::to_owned), findings }, "healthy")
        };
        assert_eq!(of(None, &[]), Some(0));
        assert_eq!(of(Some("healthy"), &[]), Some(0));
        assert_eq!(of(Some("AMD"), &["MNV"]), Some(3));
        assert_eq!(of(Some("AMD"), &["soft drusen"]), None);
        assert_eq!(of(Some("DME"), &[]), None);
    }

    /// A scan of class index `class` whose heatmap peaks at its left, with one box there or at its right.
    fn record(class: usize, has_lesion_at_peak: bool) -> Record {
        let xmin = if has_lesion_at_peak { 40 } else { 340 };
        Record {
            path: "".into(),
            name: String::new(),
            source: SourceKind::Kermany,
            patient: format!("{class} {has_lesion_at_peak}"),
            label: ["healthy", "AMD"][class].to_owned(),
            caption: Caption::default(),
            annotated: vec!["fluid"],
            boxes: vec![LesionBox { finding: "fluid", xmin, ymin: 40, xmax: xmin + 20, ymax: 60, outline: vec![] }],
        }
    }

    fn outcome(record: &Record, class: usize) -> Outcome<'_> {
        let report = made_up::report(&record.label, [400, 100], &[1., 0., 0., 0.]);
        let retrieved = Caption { label: Some("AMD".into()), findings: vec!["fluid".into()] };
        let reading = Reading { record, class, logits: BTreeMap::new(), retrieved, margins: vec![0.] };
        Outcome { reading, report, same_without_class: true }
    }

    #[test]
    fn the_pointing_game_is_played_on_diseased_scans_alone() {
        let vocabulary = Vocabulary::new(["healthy", "AMD"].map(str::to_owned).to_vec(), vec!["fluid".to_owned()]);
        // A map for the label healthy need not peak on the detached vitreous of a healthy eye.
        let scans = [(0, false), (1, true)];
        let records = scans.map(|(class, at_peak)| record(class, at_peak));
        let outcomes: Vec<_> = records.iter().zip(scans).map(|(record, (class, _))| outcome(record, class)).collect();
        let figures = lesion_figures(&vocabulary, &outcomes).unwrap();
        assert_eq!((figures.pointing_game, figures.pointing_game_half_cell), (Some(1.), Some(1.)));
        assert_eq!(figures.pointing_game_chance, None, "no other diseased patient's map");
        let healthy_alone = lesion_figures(&vocabulary, &outcomes[..1]).unwrap();
        assert_eq!(healthy_alone.pointing_game, None);
    }
}
