//! A model on some records. Real scans and phantoms are never averaged together.

use std::collections::BTreeMap;

use indicatif::ProgressBar;

use super::figures;
use super::reading::{Outcome, Reader};
use crate::bundle::card::Figures;
use crate::caption::Vocabulary;
use crate::error::Result;
use crate::train::data::record::{Record, SourceKind};

/// What a model made of some records, by source, each in the order of the records.
pub(crate) struct Evaluation<'a> {
    vocabulary: Vocabulary,
    pub(super) sources: BTreeMap<SourceKind, Vec<Outcome<'a>>>,
}

/// Runs `reader`'s model over `records` as the page would.
///
/// # Errors
/// Names the first file that cannot be read.
pub(crate) fn evaluate<'a>(
    reader: &mut Reader<'_>,
    records: &[&'a Record],
    bar: &ProgressBar,
) -> Result<Evaluation<'a>> {
    let vocabulary = reader.engine().metadata().vocabulary.clone();
    let mut sources: BTreeMap<SourceKind, Vec<Outcome<'_>>> = BTreeMap::new();
    for record in records {
        sources.entry(record.source).or_default().push(reader.outcome(record)?);
        bar.inc(1);
    }
    Ok(Evaluation { vocabulary, sources })
}

impl Evaluation<'_> {
    /// The figures that a weights file keeps.
    pub(crate) fn figures(&self) -> BTreeMap<SourceKind, Figures> {
        self.sources
            .iter()
            .map(|(source, outcomes)| (*source, figures::figures(&self.vocabulary, *source, outcomes)))
            .collect()
    }
}
