//! The micro-batches of a batch: what goes through the model at once. How many there are may be fixed, so that what is added
//! up, and in which order, does not depend on the number of ranks; then many ranks take the steps of one to the bit.

use std::convert::Infallible;
use std::ops::Range;

use super::exchange::{Ranks, add_rows, part};
use super::tree_sum::TreeSum;
use crate::error::{Error, Result};

/// Micro-batches and the ranks that share them out.
pub(crate) struct MicroBatches<'a> {
    shares: Shares,
    ranks: &'a dyn Ranks,
}

/// Which parts of a batch are this rank's, apart from how ranks reach each other.
#[derive(Clone)]
pub(crate) struct Shares {
    n: usize,
    own: Range<usize>,
}

impl Shares {
    /// The numbers of this rank's micro-batches: one or more.
    pub(crate) fn own(&self) -> Range<usize> {
        self.own.clone()
    }

    /// Which of `n_things` are in the `i`-th micro-batch.
    pub(crate) fn part(&self, n_things: usize, i: usize) -> Range<usize> {
        part(n_things, i, self.n)
    }
}

impl<'a> MicroBatches<'a> {
    /// `n` micro-batches of a batch of `batch` scans; one for each rank if `n` is not given.
    ///
    /// # Errors
    /// There are too few scans or micro-batches.
    pub(crate) fn new(n: Option<usize>, batch: usize, ranks: &'a dyn Ranks) -> Result<Self> {
        let n_ranks = ranks.n_ranks();
        if n_ranks > batch {
            return Err(Error::config(format!("{n_ranks} ranks cannot share {batch} scans: use a larger --batch")));
        }
        match n {
            Some(n) if n < n_ranks => Err(Error::config(format!(
                "{n_ranks} ranks cannot share {n} micro-batches: use larger --micro-batches"
            ))),
            Some(n) if n > batch => Err(Error::config(format!(
                "{batch} scans cannot be {n} micro-batches: use a larger --batch or smaller --micro-batches"
            ))),
            n => {
                let n = n.unwrap_or(n_ranks);
                Ok(Self { shares: Shares { n, own: part(n, ranks.rank(), n_ranks) }, ranks })
            }
        }
    }

    /// How many there are, on all ranks.
    pub(crate) fn n(&self) -> usize {
        self.shares.n
    }

    /// The ranks.
    pub(crate) fn ranks(&self) -> &'a dyn Ranks {
        self.ranks
    }

    /// Which parts of a batch are this rank's.
    pub(crate) fn shares(&self) -> Shares {
        self.shares.clone()
    }

    /// The numbers of this rank's micro-batches: one or more.
    pub(crate) fn own(&self) -> Range<usize> {
        self.shares.own()
    }

    /// Which of `n_things` are in the `i`-th micro-batch.
    pub(crate) fn part(&self, n_things: usize, i: usize) -> Range<usize> {
        self.shares.part(n_things, i)
    }

    /// The sum of rows over the micro-batches of all ranks, where `own` has this rank's parts of the sum, as [`TreeSum`] keeps them.
    ///
    /// # Errors
    /// Another rank ended.
    pub(crate) fn sum_parts(&self, own: &[Vec<f32>]) -> Result<Vec<f32>> {
        let n_ranks = self.ranks.n_ranks();
        let places: Vec<(usize, u32)> =
            (0..n_ranks).flat_map(|rank| places(part(self.shares.n, rank, n_ranks))).collect();
        self.ranks.combine(own, &|rows| {
            let mut sum = TreeSum::new();
            for ((start, level), row) in places.iter().zip(rows) {
                let Ok(()) = sum.insert_part(*start, *level, row.to_vec(), add);
            }
            let Ok(total) = sum.total(add);
            total.unwrap_or_default()
        })
    }

    /// The same where `own` has the row of each of this rank's micro-batches.
    ///
    /// # Errors
    /// Another rank ended.
    pub(crate) fn sum_rows(&self, own: Vec<Vec<f32>>) -> Result<Vec<f32>> {
        let mut sum = TreeSum::new();
        for (i, row) in self.own().zip(own) {
            let Ok(()) = sum.insert(i, row, add);
        }
        self.sum_parts(&sum.into_parts().map(|(_, _, row)| row).collect::<Vec<_>>())
    }
}

fn add(sum: Vec<f32>, row: Vec<f32>) -> Result<Vec<f32>, Infallible> {
    Ok(add_rows(sum, &row))
}

/// Which parts of the sum a rank with `own` micro-batches has.
fn places(own: Range<usize>) -> Vec<(usize, u32)> {
    let mut sum = TreeSum::new();
    for i in own {
        let Ok(()) = sum.insert(i, (), |(), ()| Ok::<_, Infallible>(()));
    }
    sum.into_parts().map(|(start, level, ())| (start, level)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::ranks::{One, together};

    #[test]
    fn sums_are_the_same_bits_on_any_number_of_ranks() {
        for n in [4, 7, 8] {
            let row = |i: usize| (0..1000).map(|k| ((i * 1000 + k) as f32 * 0.7).sin() / 3.).collect::<Vec<f32>>();
            let sums = |n_ranks: usize| {
                together(n_ranks, |ranks| {
                    let micro_batches = MicroBatches::new(Some(n), 8, ranks).unwrap();
                    micro_batches.sum_rows(micro_batches.own().map(row).collect()).unwrap()
                })
            };
            let alone = sums(1).remove(0);
            for n_ranks in 2..=4 {
                assert!(sums(n_ranks).iter().all(|sum| *sum == alone), "{n} micro-batches, {n_ranks} ranks");
            }
            let in_another_order = (0..n).map(row).reduce(|sum, row| add_rows(sum, &row)).unwrap();
            assert!(n == 4 || in_another_order != alone, "the order does not matter here: take other values");
        }
    }

    #[test]
    fn too_few_of_anything_are_refused() {
        let refused = |n, batch| MicroBatches::new(n, batch, &One).err().map(|error| error.to_string());
        assert!(refused(Some(5), 4).unwrap().contains("4 scans cannot be 5 micro-batches"));
        assert_eq!((refused(Some(4), 4), refused(None, 1)), (None, None));
        let refused = together(2, |ranks| MicroBatches::new(Some(1), 4, ranks).err().unwrap().to_string());
        assert!(refused[0].contains("2 ranks cannot share 1 micro-batches"));
    }
}
