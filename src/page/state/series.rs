//! All opened scans at a glance: what the strip and the table list, and how a visitor sorts and filters them.

use crate::page::scans::{OpenScan, ScanState};
use crate::page::series::{
    FailedScan, Filter, SeriesCount, SeriesKey, SeriesOrder, SeriesRow, SeriesView, series_rows,
};
use crate::page::state::PageState;
use crate::protocol::ScanId;

/// What files that were opened wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// The model, which is being loaded.
    ForModel,
    /// The answers about other scans.
    ForOthers,
    /// The visitor, who paused the queue.
    ForVisitor,
}

/// Queries.
impl PageState {
    /// A row for each scan, those that failed too, in the order of files and frames.
    pub fn series(&self) -> Vec<SeriesRow> {
        series_rows(self.scans.iter(), &self.failed)
    }

    /// The rows that are seen, in their order.
    pub fn seen_series(&self) -> Vec<SeriesRow> {
        self.series_view.apply(self.series())
    }

    /// Which rows are seen, and in which order.
    pub fn series_view(&self) -> SeriesView {
        self.series_view
    }

    /// How many scans are answered, of how many, and how many failed.
    pub fn series_count(&self) -> SeriesCount {
        SeriesCount::of(&self.series())
    }

    /// The files that are seen, by their first frames: sorted by the first of their rows.
    pub fn series_files(&self) -> Vec<ScanId> {
        if self.series_view.is_plain() {
            return self.scans.files().map(|scan| scan.id).collect();
        }
        let mut files: Vec<ScanId> = Vec::new();
        for file in self.seen_series().into_iter().map(|row| row.file) {
            if !files.contains(&file) && self.scans.get(file).is_some() {
                files.push(file);
            }
        }
        files
    }

    /// The frames of a file that are seen, each with its number from 0; none of a file with one.
    pub fn series_frames(&self, file: ScanId) -> Vec<(usize, ScanId)> {
        let of_file: Vec<ScanId> = self.frames(file);
        if of_file.is_empty() || self.series_view.is_plain() {
            return of_file.into_iter().enumerate().collect();
        }
        let rows = series_rows(self.scans.frames(file), &self.failed);
        let is_listed = |row: &SeriesRow| of_file.contains(&row.id);
        let rows: Vec<SeriesRow> = rows.into_iter().filter(is_listed).collect();
        self.series_view.apply(rows).into_iter().map(|row| (row.frame, row.id)).collect()
    }

    /// Files that could not be read and are not listed any more.
    pub fn failed_files(&self) -> Vec<FailedScan> {
        if !matches!(self.series_view.filter, Filter::All | Filter::Failed) {
            return Vec::new();
        }
        self.failed.iter().filter(|failed| self.scans.get(failed.file).is_none()).cloned().collect()
    }

    /// How many of the files that were opened last wait, and for what; nothing once they are being answered.
    pub fn acknowledged(&self) -> Option<(usize, Wait)> {
        let newest = self.scans.files().next()?.batch;
        let is_new = |scan: &OpenScan| scan.batch == newest;
        let waits = |scan: &&OpenScan| is_new(scan) && scan.is_awaited() && scan.answer.is_none();
        let n_files = self.scans.files().filter(waits).count();
        let is_under_way = |scan: &OpenScan| matches!(scan.state, ScanState::Analyzing(_));
        let wait = match () {
            () if n_files == 0 => return None,
            () if self.card().is_none() => Wait::ForModel,
            () if self.scans.iter().any(|scan| is_new(scan) && is_under_way(scan)) => return None,
            () if self.is_paused() => Wait::ForVisitor,
            () if self.scans.iter().any(is_under_way) => Wait::ForOthers,
            () => return None,
        };
        Some((n_files, wait))
    }
}

/// Changes.
impl PageState {
    /// Shows rows of one kind only.
    pub fn set_filter(&mut self, filter: Filter) {
        self.series_view.filter = filter;
    }

    /// Sorts the rows.
    pub fn sort_by(&mut self, key: SeriesKey) {
        self.series_view.order = SeriesOrder { key, is_reversed: false };
    }

    /// The heading of `key` was clicked: the rows are sorted by it, or the other way round.
    pub fn turn_order(&mut self, key: SeriesKey) {
        self.series_view.order = self.series_view.order.turned(key);
    }
}
