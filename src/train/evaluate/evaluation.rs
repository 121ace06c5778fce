//! A model on some records. Real scans and phantoms are never averaged together.

use std::collections::BTreeMap;

use indicatif::ProgressBar;

use super::figures;
use super::reading::{Outcome, Reader};
use super::warnings::Answer;
use crate::bundle::card::Figures;
use crate::caption::Vocabulary;
use crate::error::Result;
use crate::train::data::record::{Record, SourceKind};

/// What a model made of some records, by source, each in the order of the records.
pub(crate) struct Evaluation<'a> {
    vocabulary: Vocabulary,
    pub(super) sources: BTreeMap<SourceKind, Vec<Outcome<'a>>>,
    /// Answers to scans of diseases that are no class of the model, by source.
    pub(super) others: BTreeMap<SourceKind, Vec<Answer>>,
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
    Ok(Evaluation { vocabulary, sources, others: BTreeMap::new() })
}

impl Evaluation<'_> {
    /// Runs `reader`'s model over scans of diseases that it does not know, to see whether it warns of them.
    ///
    /// # Errors
    /// Names the first file that cannot be read.
    pub(crate) fn add_others(&mut self, reader: &Reader<'_>, records: &[&Record], bar: &ProgressBar) -> Result<()> {
        for record in records {
            let answer = Answer::new(record, &reader.report(record)?);
            self.others.entry(record.source).or_default().push(answer);
            bar.inc(1);
        }
        Ok(())
    }

    /// The figures that a weights file keeps.
    pub(crate) fn figures(&self) -> BTreeMap<SourceKind, Figures> {
        self.sources
            .iter()
            .map(|(source, outcomes)| {
                let others = self.others.get(source).map_or(&[][..], Vec::as_slice);
                (*source, figures::figures(&self.vocabulary, *source, outcomes, others))
            })
            .collect()
    }
}
