//! `train eval --explanations`: measures heatmaps, and writes the figures into the weights file.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::Path;

use clap::Args;

use super::args::StrictArgs;
use super::explain::named;
use super::output::note;
use super::records::{evenly_spaced, usable};
use crate::bundle::card::{ExplanationMetrics, Figures};
use crate::bundle::index::{INDEX, Index, IndexEntry, ModelKind};
use crate::bundle::{Bundle, Metadata};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::report::MapMethod;
use crate::train::data::record::Record;
use crate::train::evaluate::explanations::{self, RULE, peaks};
use crate::train::evaluate::study::Study;
use crate::train::export::publish::{Listing, publish};
use crate::train::{files, progress};

#[derive(Args, Default)]
pub(super) struct ExplanationArgs {
    /// Also measure heatmaps of every method, on at most N diseased scans with lesions of each kind of data (60 if N is left
    /// out): where they lie, what hiding them costs, and how steady they are.
    ///
    /// Every scan takes some 50 passes of the image tower for each method. On as many validation scans, the rule of
    /// docs/explanations.md picks a default method; peaks are measured on validation scans too. --limit does not hold here.
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "60")]
    pub(super) explanations: Option<NonZeroUsize>,
    /// Only these methods, instead of all; may be given several times. Those that ask the tower about dozens of changed scans
    /// (g_score_cam, integrated_gradients, occlusion) take most of the time.
    #[arg(
        long = "map",
        value_name = "METHOD",
        requires = "explanations",
        value_parser = named(MapMethod::ALL.map(MapMethod::name), MapMethod::from_name)
    )]
    pub(super) maps: Vec<MapMethod>,
    /// Write what --explanations measures, and how often answers like one were right, into the weights file, where the page
    /// reads it, and its new hash into the list beside it.
    #[arg(long, requires = "explanations")]
    pub(super) record: bool,
}

/// The scans that are measured and those that settings are chosen on.
pub(super) struct Scans<'r> {
    /// Of the split that is measured.
    pub measured: Vec<&'r Record>,
    /// Its name.
    pub split: String,
    /// Of validation patients; empty if there are none.
    pub validation: Vec<&'r Record>,
    /// What to do with pictures that cannot be used.
    pub strict: StrictArgs,
}

impl ExplanationArgs {
    /// # Errors
    /// Figures are to be recorded that the page would take for those of test patients.
    pub(super) fn check(&self, split: &str) -> Result<()> {
        if self.record && split != "test" {
            return Err(Error::config("--record keeps figures of test patients: use --split test"));
        }
        Ok(())
    }

    /// None if they are not asked for.
    ///
    /// # Errors
    /// A scan cannot be read, or none has a lesion with an outline or a box.
    pub(super) fn measure(&self, engine: &Engine, scans: &Scans<'_>) -> Result<Option<ExplanationMetrics>> {
        let Some(limit) = self.explanations else { return Ok(None) };
        let chosen = |records| {
            let spaced = evenly_spaced(explanations::measurable(engine, records), Some(limit));
            if spaced.is_empty() { Ok(spaced) } else { usable(spaced, scans.strict) }
        };
        let (measured, validation) = (chosen(&scans.measured)?, chosen(&scans.validation)?);
        if measured.is_empty() {
            return Err(Error::data(
                "no diseased scan of that split has a lesion with an outline or a box: --explanations needs --data phantom:DIR, \
                 oct5k:DIR or a kermany:DIR with polygons.json",
            ));
        }
        let methods = if self.maps.is_empty() { &MapMethod::ALL[..] } else { &self.maps };
        let peak_scans = peaks::scans(&scans.validation);
        let bar = progress::bar("heatmaps", measured.len() + validation.len() + peak_scans.len());
        let study = explanations::study(engine, methods, &measured, &scans.split, &bar)?;
        let picked = if measured == validation {
            Some(study.pick())
        } else if validation.is_empty() {
            note("no validation scan has a lesion with an outline or a box: no default method is picked");
            None
        } else {
            Some(explanations::study_for_rule(engine, methods, &validation, &bar)?.pick())
        };
        let peaks = peaks::references(engine, &peak_scans, &bar)?;
        bar.finish_and_clear();
        Ok(Some(ExplanationMetrics {
            methods: study.rows,
            peaks,
            default: picked.unwrap_or_default().name().to_owned(),
            rule: picked.map(|_| RULE.to_owned()).unwrap_or_default(),
        }))
    }
}

/// Writes what `study` measured of heatmaps, and how often answers like one were right, into the weights file at `path`, and
/// the file's new hash into the list beside it, if that lists it.
///
/// # Errors
/// The file or the list cannot be read or written.
pub(super) fn record(path: &Path, study: &Study) -> Result<()> {
    let bytes = files::read(path)?;
    let mut listing = None;
    let mut left_out = Vec::new();
    let amended = Bundle::<Metadata>::amend(&path.display().to_string(), &bytes, |metadata| {
        metadata.explanations.clone_from(&study.explanations);
        if let Some(metrics) = &mut metadata.metrics {
            let measured = study.sources.iter().map(|(source, of)| (source.name(), &of.figures));
            left_out = add_answers(metrics.at_mut(metadata.precision), &measured.collect());
        }
        listing = Some((metadata.name.clone(), metadata.title.clone()));
    })?;
    if !left_out.is_empty() {
        let sources = left_out.join(", ");
        note(format_args!(
            "{sources}: other figures of the file are of other scans, so how often answers were right is left out"
        ));
    }
    let dir = path.parent().unwrap_or(Path::new(""));
    let list = dir.join(INDEX);
    let file = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let is_listed = |name: &str| Ok::<_, Error>(list.exists() && lists(&files::read_json(&list)?, name, file));
    match listing {
        Some((name, title)) if is_listed(&name)? => {
            let listing = Listing { name: &name, title: &title, kind: ModelKind::Octlens, labels: &[] };
            publish(dir, &amended, &listing).map(drop)
        }
        _ => files::write(path, amended),
    }
}

/// Adds how often answers were right to the file's figures, by source. Returns the sources of which other scans were measured.
fn add_answers(figures: &mut BTreeMap<String, Figures>, measured: &BTreeMap<&str, &Figures>) -> Vec<String> {
    let mut left_out = Vec::new();
    for (source, figures) in figures {
        match measured.get(source.as_str()) {
            Some(now) if (now.n_scans, now.n_patients) == (figures.n_scans, figures.n_patients) => {
                figures.answers.clone_from(&now.answers);
            }
            _ => left_out.push(source.clone()),
        }
    }
    left_out
}

/// Whether `index` lists model `name` as the file `file`, which is where [`publish`] writes it.
fn lists(index: &Index, name: &str, file: &str) -> bool {
    let is_it = |entry: &IndexEntry| entry.name == name && entry.file == file;
    file == format!("{name}.safetensors") && index.choosable().any(is_it)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::card::{AnswerBand, HeadFigures};

    fn figures(n_scans: usize, answers: &[AnswerBand]) -> Figures {
        Figures {
            n_scans,
            n_patients: 1,
            device: None,
            image: HeadFigures::default(),
            text: HeadFigures::default(),
            answers: answers.to_vec(),
            findings_keep_label: 1.,
            class_word_share: None,
            condition: None,
            lesions: None,
        }
    }

    #[test]
    fn answers_are_added_to_figures_of_the_same_scans_only() {
        let band = AnswerBand {
            label: "AMD".into(),
            probability: [0.9, 1.],
            is_warned: false,
            n_scans: 2,
            n_right: 2,
            n_patients: 1,
            n_other_diseases: None,
        };
        let now = [figures(2, std::slice::from_ref(&band)), figures(3, std::slice::from_ref(&band))];
        let measured = BTreeMap::from([("kermany", &now[0]), ("octdl", &now[1])]);
        let kept = |source: &str, n_scans| (source.to_owned(), figures(n_scans, &[]));
        let mut file = BTreeMap::from([kept("kermany", 2), kept("octdl", 2), kept("phantom", 2)]);
        assert_eq!(add_answers(&mut file, &measured), ["octdl", "phantom"]);
        assert_eq!(file["kermany"].answers, [band]);
        assert!(file["octdl"].answers.is_empty() && file["phantom"].answers.is_empty());
    }
}
