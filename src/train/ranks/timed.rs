//! How long ranks exchange, and wait for each other.

use std::cell::Cell;
use std::time::{Duration, Instant};

use super::exchange::{Combine, Ranks};
use crate::error::{Error, Result};

/// Ranks whose exchanges are timed.
pub(crate) struct Timed<'a> {
    ranks: &'a dyn Ranks,
    spent: Cell<Duration>,
}

impl<'a> Timed<'a> {
    pub(crate) fn new(ranks: &'a dyn Ranks) -> Self {
        Self { ranks, spent: Cell::default() }
    }

    /// The time since the last call of this method.
    pub(crate) fn take(&self) -> Duration {
        self.spent.take()
    }

    fn time<T>(&self, exchange: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let exchanged = exchange();
        self.spent.set(self.spent.get() + start.elapsed());
        exchanged
    }
}

impl Ranks for Timed<'_> {
    fn rank(&self) -> usize {
        self.ranks.rank()
    }

    fn n_ranks(&self) -> usize {
        self.ranks.n_ranks()
    }

    fn combine(&self, rows: &[Vec<f32>], combine: &Combine<'_>) -> Result<Vec<f32>> {
        self.time(|| self.ranks.combine(rows, combine))
    }

    fn gather(&self, bytes: &[u8]) -> Result<Vec<Vec<u8>>> {
        self.time(|| self.ranks.gather(bytes))
    }

    fn fail(&self, error: Error) -> Option<Error> {
        self.ranks.fail(error)
    }
}
