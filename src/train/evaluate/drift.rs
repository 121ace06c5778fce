//! The drift of an int8 model from the float model that it was made from: labels, heatmaps and word scores.

use super::evaluation::Evaluation;
use super::reading::Outcome;
use crate::bundle::card::Drift;
use crate::engine::Engine;
use crate::error::Result;
use crate::report::WordMethod;
use crate::train::data::record::SourceKind;
use crate::train::metrics::correlation::{median, pearson, spearman};

/// Both engines must have read the same records.
///
/// # Errors
/// A caption cannot be read.
pub(crate) fn drift(float: (&Engine, &Evaluation<'_>), int8: (&Engine, &Evaluation<'_>)) -> Result<Drift> {
    let auroc =
        |e: &Evaluation<'_>| e.figures().get(&SourceKind::Octdl).and_then(|f| f.image.macro_auroc).map(|i| i.value);
    let pairs: Vec<(&Outcome<'_>, &Outcome<'_>)> = outcomes(float.1).zip(outcomes(int8.1)).collect();
    let same = pairs.iter().filter(|(a, b)| a.report.image.label == b.report.image.label).count();
    let maps = |o: &Outcome<'_>| o.report.heatmap.values.iter().map(|v| f64::from(*v)).collect::<Vec<_>>();
    Ok(Drift {
        auroc_change: auroc(float.1).zip(auroc(int8.1)).map(|(a, b)| b - a),
        label_agreement: same as f64 / pairs.len().max(1) as f64,
        heatmap_pearson: median(pairs.iter().filter_map(|(a, b)| pearson(&maps(a), &maps(b))).collect()),
        word_spearman: spearman(&word_scores(float.0)?, &word_scores(int8.0)?),
    })
}

fn outcomes<'e>(evaluation: &'e Evaluation<'_>) -> impl Iterator<Item = &'e Outcome<'e>> {
    evaluation.sources.values().flatten()
}

fn word_scores(engine: &Engine) -> Result<Vec<f64>> {
    let metadata = engine.metadata();
    let mut scores = Vec::new();
    for label in &metadata.vocabulary.labels {
        for caption in &metadata.captions {
            let report = engine.token_report(&caption.text(), label, WordMethod::default())?;
            scores.extend(report.words.iter().map(|w| f64::from(w.score)));
        }
    }
    Ok(scores)
}
