//! All opened scans at a glance: a row for each frame, and how rows are sorted and filtered. The module [`mod@file`] writes them.

use std::sync::Arc;

use crate::page::classes::{ClassGroup, class_answer};
use crate::page::reading::ScanStatus;
use crate::page::scans::{OpenScan, Place};
use crate::protocol::{Failure, ScanId};
use crate::report::{Report, WarningKind};

pub mod file;
mod view;

pub use view::{Filter, SeriesKey, SeriesOrder, SeriesView};

/// A scan that could not be read or answered.
#[derive(Clone, Debug, PartialEq)]
pub struct FailedScan {
    /// Its number.
    pub id: ScanId,
    /// Its file.
    pub file: ScanId,
    /// Its file's name.
    pub name: String,
    /// Which frame of the file, from 0.
    pub frame: usize,
    /// Frames in the file, as far as is known.
    pub n_frames: usize,
    /// What went wrong.
    pub failure: Failure,
    place: Place,
}

impl FailedScan {
    /// A scan, and why there is no answer about it.
    pub fn of(scan: &OpenScan, failure: Failure) -> Self {
        let OpenScan { id, file, frame, n_frames, .. } = *scan;
        Self { id, file, name: scan.name.clone(), frame, n_frames, failure, place: scan.place() }
    }
}

/// A frame of a file, or a file with one.
#[derive(Clone, Debug, PartialEq)]
pub struct SeriesRow {
    /// The scan's number.
    pub id: ScanId,
    /// Its file: the number of the file's first frame.
    pub file: ScanId,
    /// Its place in the order of files and frames, from 0.
    pub index: usize,
    /// Its file's name.
    pub name: String,
    /// Which frame of the file, from 0.
    pub frame: usize,
    /// Frames in the file, as far as is known.
    pub n_frames: usize,
    /// What became of it.
    pub outcome: Outcome,
    place: Place,
}

/// What became of a scan.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It is answered.
    Answered {
        /// The answer.
        report: Arc<Report>,
        /// Whether it is folded behind its warning.
        is_folded: bool,
    },
    /// The answer is on its way.
    Waiting,
    /// The model is asked when the scan is shown.
    NotAsked,
    /// It could not be read or answered.
    Failed(Failure),
}

impl Outcome {
    /// In files, and the value of a row's `data-status`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Answered { .. } => "answered",
            Self::Waiting => "waiting",
            Self::NotAsked => "not_asked",
            Self::Failed(_) => "failed",
        }
    }
}

impl SeriesRow {
    fn of(scan: &OpenScan, failed: &[FailedScan]) -> Self {
        let OpenScan { id, file, frame, n_frames, .. } = *scan;
        let failure = || failed.iter().find(|failed| failed.id == id).map(|failed| failed.failure.clone());
        let outcome = match scan.report() {
            Some(report) => Outcome::Answered { report: report.clone(), is_folded: scan.is_folded() },
            None if scan.is_awaited() => Outcome::Waiting,
            None => failure().map_or(Outcome::NotAsked, Outcome::Failed),
        };
        Self { id, file, index: 0, name: scan.name.clone(), frame, n_frames, outcome, place: scan.place() }
    }

    fn of_failed(failed: &FailedScan) -> Self {
        let FailedScan { id, file, frame, n_frames, place, .. } = *failed;
        let outcome = Outcome::Failed(failed.failure.clone());
        Self { id, file, index: 0, name: failed.name.clone(), frame, n_frames, outcome, place }
    }

    /// Its name, with its number where the file has several frames.
    pub fn title(&self) -> String {
        match self.n_frames {
            0 | 1 => self.name.clone(),
            n_frames => format!("{}, {}/{n_frames}", self.name, self.frame + 1),
        }
    }

    /// The answer about it.
    pub fn report(&self) -> Option<&Report> {
        match &self.outcome {
            Outcome::Answered { report, .. } => Some(report),
            _ => None,
        }
    }

    /// Whether its answer is folded behind its warning.
    pub fn is_folded(&self) -> bool {
        matches!(self.outcome, Outcome::Answered { is_folded: true, .. })
    }

    /// How far its answer is doubtful.
    pub fn warning(&self) -> WarningKind {
        self.report().map_or(WarningKind::None, |report| report.warning.kind)
    }

    /// The group of the class that is answered; of what is not a scan, none.
    pub fn class(&self) -> Option<ClassGroup> {
        let report = self.report().filter(|report| report.warning.kind != WarningKind::NotAScan)?;
        Some(ClassGroup::of(&report.image.label))
    }

    /// How probable AMD is.
    pub fn suspicion(&self) -> Option<f32> {
        self.report().map(|report| ClassGroup::Amd.probability(&report.image))
    }

    /// What its thumbnail says; nothing of a scan that failed.
    pub fn status(&self) -> Option<ScanStatus> {
        match &self.outcome {
            Outcome::Answered { report, is_folded } => Some(match report.warning.kind {
                WarningKind::NotAScan => ScanStatus::NotAScan,
                kind if *is_folded => ScanStatus::Folded(kind),
                kind => ScanStatus::Answered(class_answer(&report.image), kind),
            }),
            Outcome::Waiting => Some(ScanStatus::Waiting),
            Outcome::NotAsked => Some(ScanStatus::NotAsked),
            Outcome::Failed(_) => None,
        }
    }
}

/// A row for each scan that is listed and for each that failed, in the order of files and frames.
pub fn series_rows<'a>(scans: impl Iterator<Item = &'a OpenScan>, failed: &[FailedScan]) -> Vec<SeriesRow> {
    let mut rows: Vec<SeriesRow> = scans.map(|scan| SeriesRow::of(scan, failed)).collect();
    let gone = failed.iter().filter(|failed| rows.iter().all(|row| row.id != failed.id));
    let gone: Vec<SeriesRow> = gone.map(SeriesRow::of_failed).collect();
    rows.extend(gone);
    rows.sort_by_key(|row| row.place);
    for (index, row) in rows.iter_mut().enumerate() {
        row.index = index;
    }
    rows
}

/// How many scans are answered, of how many, and how many failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SeriesCount {
    /// Scans with an answer.
    pub n_answered: usize,
    /// All, those that failed too.
    pub n_total: usize,
    /// Scans that could not be read or answered.
    pub n_failed: usize,
}

impl SeriesCount {
    /// The count of rows.
    pub fn of(rows: &[SeriesRow]) -> Self {
        let count = |is_counted: fn(&SeriesRow) -> bool| rows.iter().filter(|row| is_counted(row)).count();
        Self {
            n_answered: count(|row| row.report().is_some()),
            n_total: rows.len(),
            n_failed: count(|row| matches!(row.outcome, Outcome::Failed(_))),
        }
    }
}

/// What stands `by` places after `from` in a list, or at its end; from what is not listed, its first or last.
pub fn step(list: &[ScanId], from: ScanId, by: isize) -> Option<ScanId> {
    let last = list.len().checked_sub(1)?;
    let to = match list.iter().position(|id| *id == from) {
        Some(at) => at.saturating_add_signed(by).min(last),
        None if by < 0 => last,
        None => 0,
    };
    list.get(to).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;
    use crate::page::fixtures::held;
    use crate::page::scans::ScanState;

    fn failure() -> Failure {
        Error::scan("no scan").into()
    }

    #[test]
    fn rows_stand_by_file_and_frame_and_what_failed_stands_where_it_was() {
        let mut later = held(7, "AMD");
        later.batch = 7;
        let [first, broken, third] = [1, 2, 3].map(|id| {
            let mut scan = held(id, "AMD, fluid");
            scan.batch = 1;
            scan
        });
        let failed = [FailedScan::of(&broken, failure())];
        let rows = series_rows([&later, &first, &third].into_iter(), &failed);
        assert_eq!(rows.iter().map(|row| row.id).collect::<Vec<_>>(), [7, 1, 2, 3]);
        assert_eq!(rows.iter().map(|row| row.index).collect::<Vec<_>>(), [0, 1, 2, 3]);
        assert_eq!(SeriesCount::of(&rows), SeriesCount { n_answered: 3, n_total: 4, n_failed: 1 });
        assert_eq!((rows[2].outcome.name(), rows[2].status(), rows[2].class()), ("failed", None, None));
        assert_eq!(rows[0].suspicion(), Some(0.9));
    }

    #[test]
    fn a_scan_that_failed_and_is_asked_again_waits_and_an_answer_outweighs_a_failure() {
        let mut scan = held(1, "AMD");
        let failed = [FailedScan::of(&scan, failure())];
        let outcome = |scan: &OpenScan| series_rows(std::iter::once(scan), &failed)[0].outcome.name();
        assert_eq!(outcome(&scan), "answered");
        scan.answer = None;
        scan.state = ScanState::Queued;
        assert_eq!(outcome(&scan), "waiting");
        scan.state = ScanState::Released;
        assert_eq!(outcome(&scan), "failed");
    }

    #[test]
    fn steps_stay_within_the_list() {
        let list = [4, 2, 9];
        let steps = [(4, 1), (2, -1), (9, 1), (2, isize::MIN), (4, isize::MAX), (5, 1), (5, -1)];
        assert_eq!(steps.map(|(from, by)| step(&list, from, by).unwrap()), [2, 4, 9, 4, 9, 4, 9]);
        assert_eq!(step(&[], 1, 1), None);
    }
}
