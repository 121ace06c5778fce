//! What ranks exchange: rows of floats that are combined to one, and bytes of each; and what follows from these.

use std::ops::Range;

use crate::error::{Error, Result};

/// Makes one row of rows of the same length, element by element.
pub(crate) type Combine<'a> = dyn Fn(&[&[f32]]) -> Vec<f32> + 'a;

/// The processes that train one model together. All call the same methods in the same order.
pub(crate) trait Ranks {
    /// The number of this process, from 0. Rank 0 alone writes and prints.
    fn rank(&self) -> usize;

    /// How many there are.
    fn n_ranks(&self) -> usize;

    /// What `combine` makes of the rows of all ranks, those of rank 0 first: the same bits on each of them. A rank has a row or
    /// more; all rows have the same length, and `combine` may be given any range of it.
    ///
    /// # Errors
    /// Another rank ended.
    fn combine(&self, rows: &[Vec<f32>], combine: &Combine<'_>) -> Result<Vec<f32>>;

    /// The bytes of every rank, which may differ in number, in the order of ranks.
    ///
    /// # Errors
    /// Another rank ended.
    fn gather(&self, bytes: &[u8]) -> Result<Vec<Vec<u8>>>;

    /// Ends the others because of `error`. Returns the error if it is this rank that should print it.
    fn fail(&self, error: Error) -> Option<Error>;

    /// Replaces `values` by their sums over all ranks, in the order of ranks.
    ///
    /// # Errors
    /// Another rank ended.
    fn sum(&self, values: &mut [f32]) -> Result<()> {
        let sums = self.combine(&[values.to_vec()], &|rows| {
            rows.iter().copied().map(<[f32]>::to_vec).reduce(|sum, row| add_rows(sum, &row)).unwrap_or_default()
        })?;
        values.copy_from_slice(&sums);
        Ok(())
    }

    /// Whether this process writes and prints.
    fn is_first(&self) -> bool {
        self.rank() == 0
    }
}

/// The `i`-th of `n_parts` parts of `n` things, which are in order. Parts differ by one thing at most.
pub(super) fn part(n: usize, i: usize, n_parts: usize) -> Range<usize> {
    n * i / n_parts..n * (i + 1) / n_parts
}

/// Adds `row` to `sum`.
pub(super) fn add_rows(mut sum: Vec<f32>, row: &[f32]) -> Vec<f32> {
    sum.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
    sum
}

/// The values of all ranks, one after the other.
pub(crate) fn gather_floats(values: &[f32], ranks: &dyn Ranks) -> Result<Vec<f32>> {
    let gathered = ranks.gather(&bytes_of(values))?;
    Ok(gathered.iter().flat_map(|bytes| floats(bytes)).collect())
}

/// `values` in little-endian order.
pub(super) fn bytes_of(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// The floats that `bytes` are, in little-endian order.
pub(super) fn floats(bytes: &[u8]) -> impl Iterator<Item = f32> + '_ {
    let (values, _) = bytes.as_chunks::<4>();
    values.iter().map(|bytes| f32::from_le_bytes(*bytes))
}

/// What rank 0 says, on every rank.
pub(crate) fn of_first(said: &[u8], ranks: &dyn Ranks) -> Result<Vec<u8>> {
    let said = if ranks.is_first() { said } else { &[] };
    Ok(ranks.gather(said)?.into_iter().next().unwrap_or_default())
}

/// Checks that all ranks have the same `value`, and names the first that does not.
///
/// # Errors
/// One has another: `what` says of what, and what to do.
pub(crate) fn check_same(value: &str, what: &str, ranks: &dyn Ranks) -> Result<()> {
    let all = ranks.gather(value.as_bytes())?;
    match all.iter().position(|other| Some(other) != all.first()) {
        Some(rank) => Err(Error::config(format!("rank {rank} has {what}"))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::ranks::together;

    #[test]
    fn parts_cover_everything_once() {
        for (n, n_parts) in [(32, 3), (2, 3), (0, 2), (5, 5)] {
            let parts: Vec<_> = (0..n_parts).map(|i| part(n, i, n_parts)).collect();
            let all: Vec<usize> = parts.iter().cloned().flatten().collect();
            assert_eq!(all, (0..n).collect::<Vec<_>>());
            assert!(parts.iter().all(|part| part.len() >= n / n_parts && part.len() <= n.div_ceil(n_parts)));
        }
    }

    #[test]
    fn floats_keep_their_bits_on_the_way() {
        let gathered =
            together(2, |ranks| gather_floats(&[0.1 + ranks.rank() as f32, f32::MIN_POSITIVE], ranks).unwrap());
        assert_eq!(gathered, [[0.1, f32::MIN_POSITIVE, 1.1, f32::MIN_POSITIVE]; 2]);
    }

    #[test]
    fn a_rank_that_differs_is_named() {
        let refused = together(3, |ranks| {
            let value = if ranks.rank() == 1 { "other" } else { "same" };
            check_same(value, "other scans: give it the same --data", ranks).unwrap_err().to_string()
        });
        assert_eq!(refused, ["rank 1 has other scans: give it the same --data"; 3]);
        assert!(together(2, |ranks| check_same("same", "", ranks).is_ok()).iter().all(|is_ok| *is_ok));
    }

    #[test]
    fn all_hear_the_first_one() {
        let heard = together(3, |ranks| of_first(&[ranks.rank() as u8], ranks).unwrap());
        assert_eq!(heard, [[0], [0], [0]]);
    }
}
