//! The gradients of a step, added up over micro-batches, batches and ranks.

use std::collections::BTreeMap;

use candle_core::backprop::GradStore;
use candle_core::{Tensor, Var};
use rayon::prelude::*;

use crate::error::Result;
use crate::train::ranks::{MicroBatches, Ranks, TreeSum};

/// The gradient at each variable, in their order; none at what a loss does not depend on.
pub(crate) type Gradients = Vec<Option<Tensor>>;

/// What adds up tensors of all ranks on their devices.
pub(crate) trait DeviceSum {
    /// The sum over ranks of what each has at the same place, in an order of its own.
    ///
    /// # Errors
    /// Another rank ended, or the devices do not reach each other.
    fn sum(&self, tensor: &Tensor) -> Result<Tensor>;
}

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
            let mut parts = parts.iter().filter_map(|part| part.get(var).cloned().map(Some));
            parts.try_fold(before, add)
        };
        let sums = self.variables.par_iter().zip(before).map(sum).collect::<Result<_>>()?;
        if is_last {
            return self.finished.insert(i, sums, add_all);
        }
        self.unfinished.insert(i, sums);
        Ok(())
    }

    /// The sum over the micro-batches of all ranks: in their order, or by `devices` without an order.
    ///
    /// # Errors
    /// Another rank ended.
    pub(crate) fn total(self, micro_batches: &MicroBatches<'_>, devices: Option<&dyn DeviceSum>) -> Result<Gradients> {
        let Self { variables, finished, .. } = self;
        let ranks = micro_batches.ranks();
        if ranks.n_ranks() == 1 || devices.is_some() {
            let own = finished.total(add_all)?.unwrap_or_else(|| vec![None; variables.len()]);
            let Some(devices) = devices else { return Ok(own) };
            let present = present(&variables, std::slice::from_ref(&own), ranks)?;
            let sum = |((gradient, var), present): ((Option<Tensor>, &Var), &bool)| -> Result<Option<Tensor>> {
                if !present {
                    return Ok(None);
                }
                let own = gradient.map_or_else(|| var.zeros_like(), Ok)?;
                devices.sum(&own).map(Some)
            };
            return own.into_iter().zip(&variables).zip(&present).map(sum).collect();
        }
        let own: Vec<Gradients> = finished.into_parts().map(|(_, _, gradients)| gradients).collect();
        let present = present(&variables, &own, ranks)?;
        let flat = |gradients: Gradients| -> Result<Vec<f32>> {
            let mut row = Vec::new();
            for ((gradient, var), _) in gradients.iter().zip(&variables).zip(&present).filter(|(_, present)| **present)
            {
                match gradient {
                    Some(gradient) => row.extend(gradient.flatten_all()?.to_vec1::<f32>()?),
                    None => row.resize(row.len() + var.elem_count(), 0.),
                }
            }
            Ok(row)
        };
        let own = own.into_iter().map(flat).collect::<Result<Vec<_>>>()?;
        let total = micro_batches.sum_parts(&own)?;
        let mut rest = total.as_slice();
        let gradient = |(var, present): (&Var, &bool)| {
            if !present {
                return Ok(None);
            }
            let (values, after) = rest.split_at(var.elem_count());
            rest = after;
            Ok(Some(Tensor::from_slice(values, var.shape(), var.device())?))
        };
        variables.iter().zip(&present).map(gradient).collect()
    }
}

/// Which of `variables` have a gradient on any rank: one may have none here, in `own`, and one elsewhere.
fn present(variables: &[Var], own: &[Gradients], ranks: &dyn Ranks) -> Result<Vec<bool>> {
    let is_here = |i: usize| own.iter().any(|gradients| gradients[i].is_some());
    let mut n: Vec<f32> = (0..variables.len()).map(|i| f32::from(u8::from(is_here(i)))).collect();
    ranks.sum(&mut n)?;
    Ok(n.iter().map(|n| *n > 0.).collect())
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
