//! A process that trains alone.

use super::exchange::{Combine, Ranks};
use crate::error::{Error, Result};

/// The only rank.
pub(crate) struct One;

impl Ranks for One {
    fn rank(&self) -> usize {
        0
    }

    fn n_ranks(&self) -> usize {
        1
    }

    fn combine(&self, rows: &[Vec<f32>], combine: &Combine<'_>) -> Result<Vec<f32>> {
        Ok(combine(&rows.iter().map(Vec::as_slice).collect::<Vec<_>>()))
    }

    fn gather(&self, bytes: &[u8]) -> Result<Vec<Vec<u8>>> {
        Ok(vec![bytes.to_vec()])
    }

    fn fail(&self, error: Error) -> Option<Error> {
        Some(error)
    }
}
