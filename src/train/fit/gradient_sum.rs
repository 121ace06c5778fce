//! The gradients of a step, added up over micro-batches, batches and ranks.

use std::collections::BTreeMap;

use candle_core::backprop::GradStore;
use candle_core::{Tensor, Var};
use rayon::prelude::*;

use crate::error::Result;
use crate::train::ranks::{MicroBatches, TreeSum};

/// The gradient at each variable, in their order; none at what a loss does not depend on.
pub(crate) type Gradients = Vec<Option<Tensor>>;

/// A sum of gradients: in order of batches for each micro-batch, then in that of [`TreeSum`] over micro-batches, whichever rank
/// has them.
pub(crate) struct GradientSum {
    variables: Vec<Var>,
    /// Of micro-batches that more batches follow.
    unfinished: BTreeMap<usize, Gradients>,
    finished: TreeSum<Gradients>,
}

impl GradientSum {
    pub(crate) fn new(variables: Vec<Var>) -> Self {
        Self { variables, unfinished: BTreeMap::new(), finished: TreeSum::new() }
    }

    /// Adds the sum of `parts`, the gradients of the `i`-th micro-batch; `is_last` says that no other batch follows.
    pub(crate) fn add(&mut self, i: usize, parts: &[GradStore], is_last: bool) -> Result<()> {
        let before = self.unfinished.remove(&i).unwrap_or_else(|| vec![None; self.variables.len()]);
        let sum = |(var, before): (&Var, Option<Tensor>)| {
            let parts = parts.iter().filter_map(|part| part.get(var).cloned().map(Some));
            parts.fold(Ok(before), |sum, part| add(sum?, part))
        };
        let sums = self.variables.par_iter().zip(before).map(sum).collect::<Result<_>>()?;
        if is_last {
            return self.finished.insert(i, sums, add_all);
        }
        self.unfinished.insert(i, sums);
        Ok(())
    }

    /// The sum over the micro-batches of all ranks.
    ///
    /// # Errors
    /// Another rank ended.
    pub(crate) fn total(self, micro_batches: &MicroBatches<'_>) -> Result<Gradients> {
        let ranks = micro_batches.ranks();
        if ranks.n_ranks() == 1 {
            let total = self.finished.total(add_all)?;
            return Ok(total.unwrap_or_else(|| vec![None; self.variables.len()]));
        }
        let own: Vec<_> = self.finished.into_parts().collect();
        // A variable may have no gradient here and one elsewhere.
        let is_here = |i: usize| own.iter().any(|(_, _, gradients)| gradients[i].is_some());
        let mut present: Vec<f32> = (0..self.variables.len()).map(|i| f32::from(u8::from(is_here(i)))).collect();
        ranks.sum(&mut present)?;
        let flat = |gradients: Gradients| {
            let mut row = Vec::new();
            for ((gradient, var), _) in gradients.iter().zip(&self.variables).zip(&present).filter(|(_, n)| **n > 0.) {
                match gradient {
                    Some(gradient) => row.extend(gradient.flatten_all()?.to_vec1::<f32>()?),
                    None => row.resize(row.len() + var.elem_count(), 0.),
                }
            }
            Ok(row)
        };
        let own = own.into_iter().map(|(_, _, gradients)| flat(gradients)).collect::<Result<Vec<_>>>()?;
        let total = micro_batches.sum_parts(&own)?;
        let mut rest = total.as_slice();
        let gradient = |(var, present): (&Var, &f32)| {
            if *present == 0. {
                return Ok(None);
            }
            let (values, after) = rest.split_at(var.elem_count());
            rest = after;
            Ok(Some(Tensor::from_slice(values, var.shape(), var.device())?))
        };
        self.variables.iter().zip(&present).map(gradient).collect()
    }
}

fn add(a: Option<Tensor>, b: Option<Tensor>) -> Result<Option<Tensor>> {
    Ok(match (a, b) {
        (Some(a), Some(b)) => Some((a + b)?),
        (a, b) => a.or(b),
    })
}

fn add_all(a: Gradients, b: Gradients) -> Result<Gradients> {
    a.into_par_iter().zip(b).map(|(a, b)| add(a, b)).collect()
}
