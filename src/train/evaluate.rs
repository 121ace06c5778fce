//! A weights file against scans it never learnt from. Real scans and phantoms are never averaged together.

use std::collections::BTreeMap;

use candle_core::{Device, Tensor};
use indicatif::ProgressBar;
use serde::{Deserialize, Serialize};

use super::config::ModelSpec;
use super::dataset::{Record, SourceKind};
use super::metrics::{self, Interval, bootstrap, findings};
use super::octdl;
use super::samples::{Sample, read_scan};
use crate::caption::{Caption, Lesion};
use crate::clip::Clip;
use crate::engine::{Engine, Input};
use crate::error::{Error, Result};
use crate::nn::Mode;
use crate::nn::norm::l2_normalize;
use crate::protocol::Options;
use crate::report::{Heatmap, Prediction, Report};

/// Images per forward pass: enough to keep the cores busy, few enough for a small memory.
const EVAL_BATCH: usize = 16;

/// Image embeddings of `samples`, without augmentation: (n, D), L2-normalised.
pub fn embed_images(clip: &Clip, spec: &ModelSpec, samples: &[Sample], device: &Device) -> Result<Tensor> {
    let mut embeds = Vec::new();
    for batch in samples.chunks(EVAL_BATCH) {
        let grey = batch.iter().flat_map(|s| s.grey.iter().map(|v| f32::from(*v) / 255.)).collect();
        let pixel_values = spec.preprocess.pixel_values(grey, device)?;
        let map = clip.visual.feature_map(&pixel_values, Mode::Eval)?;
        embeds.push(l2_normalize(&clip.visual.pool(&map)?)?.detach());
    }
    Ok(Tensor::cat(&embeds, 0)?)
}

/// Figures of one source of scans.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Scans.
    pub n_scans: usize,
    /// Patients.
    pub n_patients: usize,
    /// The image head.
    pub image: HeadFigures,
    /// The text head, on the retrieved caption.
    pub text: HeadFigures,
    /// How often the retrieved caption without its class word gets the same label as with it.
    pub findings_keep_label: f64,
    /// Mean share of the class word in the caption's attribution (absolute gradient × activation).
    pub class_word_share: Option<f64>,
    /// OCTDL only: the caption's condition (healthy, drusen, suspected MNV, MNV).
    pub condition: Option<ConditionFigures>,
    /// Where lesions have boxes: what the caption names against what is there.
    pub lesions: Option<LesionFigures>,
}

/// What a head is worth.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HeadFigures {
    /// Share of right labels.
    pub accuracy: Option<Interval>,
    /// Share of diseased scans called diseased.
    pub sensitivity: Option<Interval>,
    /// Share of healthy scans called healthy.
    pub specificity: Option<Interval>,
    /// Mean recall over classes.
    pub balanced_accuracy: Option<Interval>,
    /// Of one minus the probability of healthy.
    pub auroc: Option<Interval>,
}

/// The caption's condition, four ways.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConditionFigures {
    /// Share of right conditions.
    pub accuracy: Option<Interval>,
    /// Mean recall over conditions.
    pub balanced_accuracy: Option<Interval>,
}

/// Lesions named, and looked at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LesionFigures {
    /// Over all namings.
    pub micro_f1: f64,
    /// Mean over lesions.
    pub macro_f1: f64,
    /// Share of diseased scans whose heatmap peaks inside a lesion's box, widened by one cell.
    pub pointing_game: Option<f64>,
}

struct Outcome<'a> {
    record: &'a Record,
    report: Report,
    same_without_class: bool,
}

/// Runs `engine` over `records` as the page would, and measures; by source.
///
/// # Errors
/// Names the first file that cannot be read.
pub fn evaluate(engine: &Engine, records: &[&Record], bar: &ProgressBar) -> Result<BTreeMap<SourceKind, Figures>> {
    let mut outcomes: BTreeMap<SourceKind, Vec<Outcome<'_>>> = BTreeMap::new();
    for record in records {
        outcomes.entry(record.source).or_default().push(outcome(engine, record)?);
        bar.inc(1);
    }
    Ok(outcomes.into_iter().map(|(source, outcomes)| (source, figures(engine, source, &outcomes))).collect())
}

fn outcome<'a>(engine: &Engine, record: &'a Record) -> Result<Outcome<'a>> {
    let bytes = std::fs::read(&record.path)
        .map_err(|e| Error::io(format!("cannot read {}", record.path.display())).because(e))?;
    let labels = &engine.metadata().vocabulary.labels;
    // The heatmap is judged for the disease, whatever the head answers.
    let options = Options { target: labels.contains(&record.label).then(|| record.label.clone()), caption: None };
    let report = engine
        .analyze(&Input { name: &record.name, bytes: &bytes, frame: 0 }, &options)
        .map_err(|e| Error::data(record.path.display().to_string()).because(e))?
        .report;
    let caption = Caption::parse(&engine.metadata().vocabulary, &report.caption.text)?;
    let without = engine.text_prediction(&caption.findings_only().text())?;
    let same_without_class = without.label == report.text.label;
    Ok(Outcome { record, report, same_without_class })
}

fn figures(engine: &Engine, source: SourceKind, outcomes: &[Outcome<'_>]) -> Figures {
    let patients: Vec<String> = outcomes.iter().map(|o| o.record.patient.clone()).collect();
    let mut names = patients.clone();
    names.sort_unstable();
    names.dedup();
    let n = outcomes.len() as f64;
    let class_word = |o: &Outcome<'_>| {
        let labels = &engine.metadata().vocabulary.labels;
        let more = o.report.tokens.words.len() > 1;
        let word = o.report.tokens.words.iter().find(|w| labels.contains(&w.text));
        word.filter(|_| more).map(|w| f64::from(w.score.abs()))
    };
    let shares: Vec<f64> = outcomes.iter().filter_map(class_word).collect();
    Figures {
        n_scans: outcomes.len(),
        n_patients: names.len(),
        image: head_figures(engine, outcomes, &patients, |o| &o.report.image),
        text: head_figures(engine, outcomes, &patients, |o| &o.report.text),
        findings_keep_label: outcomes.iter().filter(|o| o.same_without_class).count() as f64 / n,
        class_word_share: (!shares.is_empty()).then(|| shares.iter().sum::<f64>() / shares.len() as f64),
        condition: (source == SourceKind::Octdl).then(|| condition_figures(engine, outcomes, &patients)),
        lesions: lesion_figures(engine, outcomes),
    }
}

fn head_figures(
    engine: &Engine,
    outcomes: &[Outcome<'_>],
    patients: &[String],
    prediction: impl for<'a> Fn(&'a Outcome<'_>) -> &'a Prediction,
) -> HeadFigures {
    let labels = &engine.metadata().vocabulary.labels;
    let class = |label: &str| labels.iter().position(|l| l == label).unwrap_or(labels.len());
    let truth: Vec<usize> = outcomes.iter().map(|o| class(&o.record.label)).collect();
    let predicted: Vec<usize> = outcomes.iter().map(|o| class(&prediction(o).label)).collect();
    let diseased: Vec<bool> = truth.iter().map(|t| *t > 0).collect();
    // The logit, not the probability: close to 1 a probability has no digits left to rank by.
    let scores: Vec<f64> = outcomes.iter().map(|o| disease_logit(&prediction(o).logits)).collect();
    let pick = |scans: &[usize], of: &[usize]| scans.iter().map(|i| of[*i]).collect::<Vec<_>>();
    let binary = |of: &[usize]| of.iter().map(|c| usize::from(*c > 0)).collect::<Vec<_>>();
    let (ill, called_ill) = (binary(&truth), binary(&predicted));
    HeadFigures {
        accuracy: bootstrap(patients, |s| metrics::accuracy(&pick(s, &truth), &pick(s, &predicted))),
        sensitivity: bootstrap(patients, |s| metrics::recall(&pick(s, &ill), &pick(s, &called_ill), 1)),
        specificity: bootstrap(patients, |s| metrics::recall(&pick(s, &ill), &pick(s, &called_ill), 0)),
        balanced_accuracy: bootstrap(patients, |s| metrics::balanced_accuracy(&pick(s, &truth), &pick(s, &predicted))),
        auroc: bootstrap(patients, |s| {
            let positive: Vec<bool> = s.iter().map(|i| diseased[*i]).collect();
            let scores: Vec<f64> = s.iter().map(|i| scores[*i]).collect();
            metrics::ranking::auroc(&positive, &scores)
        }),
    }
}

/// Log-odds of disease: log-sum-exp of every logit but healthy's, minus healthy's.
fn disease_logit(logits: &[f32]) -> f64 {
    let (healthy, others) = (f64::from(logits[0]), &logits[1..]);
    let largest = others.iter().fold(f64::NEG_INFINITY, |m, l| m.max(f64::from(*l)));
    largest + others.iter().map(|l| (f64::from(*l) - largest).exp()).sum::<f64>().ln() - healthy
}

/// Healthy is 0, then OCTDL's conditions; a caption that names none of them is 4, which is never right.
fn condition(caption: &Caption) -> usize {
    let named = octdl::AMD_FINDINGS.iter().position(|f| caption.findings.iter().any(|c| c == f));
    match named {
        Some(i) => i + 1,
        None if caption.findings.is_empty() => 0,
        None => octdl::AMD_FINDINGS.len() + 1,
    }
}

fn condition_figures(engine: &Engine, outcomes: &[Outcome<'_>], patients: &[String]) -> ConditionFigures {
    let vocabulary = &engine.metadata().vocabulary;
    let truth: Vec<usize> = outcomes.iter().map(|o| condition(&o.record.caption)).collect();
    let predicted: Vec<usize> = outcomes
        .iter()
        .map(|o| Caption::parse(vocabulary, &o.report.caption.text).map_or(usize::MAX, |c| condition(&c)))
        .collect();
    let pick = |scans: &[usize], of: &[usize]| scans.iter().map(|i| of[*i]).collect::<Vec<_>>();
    ConditionFigures {
        accuracy: bootstrap(patients, |s| metrics::accuracy(&pick(s, &truth), &pick(s, &predicted))),
        balanced_accuracy: bootstrap(patients, |s| metrics::balanced_accuracy(&pick(s, &truth), &pick(s, &predicted))),
    }
}

fn lesion_figures(engine: &Engine, outcomes: &[Outcome<'_>]) -> Option<LesionFigures> {
    if outcomes.iter().all(|o| o.record.boxes.is_empty()) {
        return None;
    }
    let vocabulary = &engine.metadata().vocabulary;
    let indices = |c: &Caption| {
        let position = |f: &String| Lesion::ALL.iter().position(|l| l.phrase() == f);
        c.findings.iter().filter_map(position).collect::<Vec<_>>()
    };
    let truth: Vec<_> = outcomes.iter().map(|o| indices(&o.record.caption)).collect();
    let named: Vec<_> = outcomes
        .iter()
        .map(|o| Caption::parse(vocabulary, &o.report.caption.text).map_or(vec![], |c| indices(&c)))
        .collect();
    let counts = findings::counts(&truth, &named, Lesion::ALL.len());
    let (micro_f1, macro_f1) = (findings::micro_f1(&counts)?, findings::macro_f1(&counts)?);
    let marked: Vec<_> = outcomes.iter().filter(|o| !o.record.boxes.is_empty()).collect();
    let hits = marked.iter().filter(|o| peak_hits(&o.report.heatmap, o.record)).count();
    let pointing_game = (!marked.is_empty()).then(|| hits as f64 / marked.len() as f64);
    Some(LesionFigures { micro_f1, macro_f1, pointing_game })
}

/// The centre of the map's hottest cell, in scan pixels; none where nothing is hot.
pub fn peak(map: &Heatmap) -> Option<(f32, f32)> {
    let (best, value) = map.values.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1))?;
    let [x, y, width, height] = map.region;
    let (row, col) = (best / map.cols, best % map.cols);
    (*value > 0.)
        .then(|| (x + (col as f32 + 0.5) / map.cols as f32 * width, y + (row as f32 + 0.5) / map.rows as f32 * height))
}

/// The pointing game (Zhang et al. 2018): the peak lies in a box, widened by one cell on every side.
fn peak_hits(map: &Heatmap, record: &Record) -> bool {
    let cell = (map.region[2] / map.cols as f32, map.region[3] / map.rows as f32);
    peak(map).is_some_and(|(x, y)| {
        record.boxes.iter().any(|b| {
            let inside =
                |v: f32, low: u32, high: u32, margin: f32| v >= low as f32 - margin && v <= (high + 1) as f32 + margin;
            inside(x, b.xmin, b.xmax, cell.0) && inside(y, b.ymin, b.ymax, cell.1)
        })
    })
}

/// Whether the drift of labels between two runs over the same records is small: the share of equal image labels.
pub fn label_agreement(a: &Engine, b: &Engine, records: &[&Record]) -> Result<f64> {
    let mut same = 0;
    for record in records {
        let scan = read_scan(record)?;
        let label = |e: &Engine| Ok::<_, Error>(e.image_prediction(&e.embed_scan(&scan)?)?.label);
        same += usize::from(label(a)? == label(b)?);
    }
    Ok(same as f64 / records.len().max(1) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::lesion_box::LesionBox;

    fn map(hot: usize) -> Heatmap {
        let mut values = vec![0.; 8];
        values[hot] = 1.;
        Heatmap {
            method: String::new(),
            target: String::new(),
            layer: String::new(),
            rows: 2,
            cols: 4,
            values,
            region: [0., 100., 400., 200.],
        }
    }

    #[test]
    fn the_peak_is_the_centre_of_the_hottest_cell_in_scan_pixels() {
        assert_eq!(peak(&map(5)), Some((150., 250.)));
        assert_eq!(peak(&Heatmap { values: vec![0.; 8], ..map(0) }), None);
    }

    #[test]
    fn the_pointing_game_allows_one_cell() {
        let record = |xmin: u32, xmax: u32| Record {
            path: "".into(),
            name: String::new(),
            source: SourceKind::Phantom,
            patient: String::new(),
            label: "AMD".into(),
            caption: Caption::default(),
            boxes: vec![LesionBox { lesion: Lesion::Fluid, xmin, ymin: 240, xmax, ymax: 260 }],
        };
        assert!(peak_hits(&map(5), &record(240, 260)));
        assert!(!peak_hits(&map(5), &record(260, 280)));
    }

    #[test]
    fn a_caption_without_condition_is_never_right() {
        let caption =
            |findings: &[&str]| Caption { label: None, findings: findings.iter().map(|f| (*f).into()).collect() };
        assert_eq!(condition(&caption(&[])), 0);
        assert_eq!(condition(&caption(&["MNV"])), 3);
        assert_eq!(condition(&caption(&["soft drusen"])), 4);
    }

    #[test]
    fn disease_logits_rank_as_probabilities_do() {
        assert!((disease_logit(&[1., 3.]) - 2.).abs() < 1e-9);
        assert!((disease_logit(&[0., 0., 0.]) - 2f64.ln()).abs() < 1e-9);
    }
}
