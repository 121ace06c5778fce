//! A weights file against scans it never learnt from. Real scans and phantoms are never averaged together.
//!
//! `reading` runs the model, once per scan; `figures` are the few numbers that a weights file keeps; `study` is all that
//! `train eval` tells, with `heads` (under each `protocol`) and `captions` (retrieved against composed); `html` and
//! `print` show it. `drift` sets two models' outcomes side by side.

pub mod captions;
pub mod drift;
pub mod figures;
pub mod heads;
pub mod html;
pub mod pointing;
pub mod print;
pub mod protocol;
pub mod reading;
pub mod study;

use std::collections::{BTreeMap, BTreeSet};

use indicatif::ProgressBar;

use crate::bundle::card::Figures;
use crate::error::Result;
use crate::train::data::record::{Record, SourceKind};
use reading::{Outcome, Reader};

/// What a model made of some records, by source, each in the order of the records.
pub struct Evaluation<'a> {
    labels: Vec<String>,
    sources: BTreeMap<SourceKind, Vec<Outcome<'a>>>,
}

/// Runs `reader`'s model over `records` as the page would.
///
/// # Errors
/// Names the first file that cannot be read.
pub fn evaluate<'a>(reader: &mut Reader<'_>, records: &[&'a Record], bar: &ProgressBar) -> Result<Evaluation<'a>> {
    let labels = reader.engine().metadata().vocabulary.labels.clone();
    let mut sources: BTreeMap<SourceKind, Vec<Outcome<'_>>> = BTreeMap::new();
    for record in records {
        sources.entry(record.source).or_default().push(reader.outcome(record)?);
        bar.inc(1);
    }
    Ok(Evaluation { labels, sources })
}

impl Evaluation<'_> {
    /// The figures that a weights file keeps.
    pub fn figures(&self) -> BTreeMap<SourceKind, Figures> {
        self.sources
            .iter()
            .map(|(source, outcomes)| (*source, figures::figures(&self.labels, *source, outcomes)))
            .collect()
    }
}

/// How many patients there are; one patient of two sources counts twice.
fn n_patients<'r>(records: impl Iterator<Item = &'r Record>) -> usize {
    records.map(|r| (r.source, &r.patient)).collect::<BTreeSet<_>>().len()
}
