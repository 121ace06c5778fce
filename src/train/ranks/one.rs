//! A process that trains alone.

use super::exchange::Ranks;
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

    fn sum(&self, _: &mut [f32]) -> Result<()> {
        Ok(())
    }

    fn gather(&self, bytes: &[u8]) -> Result<Vec<Vec<u8>>> {
        Ok(vec![bytes.to_vec()])
    }

    fn fail(&self, error: Error) -> Option<Error> {
        Some(error)
    }
}
