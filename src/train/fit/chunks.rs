//! Elementwise operations on large tensors, chunk by chunk: the result of each operation is still in a core's cache when
//! the next one reads it, and the chunks are spread over the cores.

use candle_core::{Tensor, Var};
use rayon::prelude::*;

use crate::error::Result;

/// Floats of a chunk: ten chunks fit a core's L2 cache.
const CHUNK: usize = 32 << 10;

/// Start and length of each chunk of a tensor: one chunk on a GPU, which spreads each operation by itself.
fn ranges(tensor: &Tensor) -> Vec<(usize, usize)> {
    let n = tensor.elem_count();
    let chunk = if tensor.device().is_cpu() { CHUNK } else { n.max(1) };
    (0..n).step_by(chunk).map(|start| (start, chunk.min(n - start))).collect()
}

fn flat(tensor: &Tensor) -> Result<Tensor> {
    Ok(tensor.detach().flatten_all()?)
}

/// Replaces `targets` by the tensors that `f(targets, sources)` returns. All have the same shape, and `f` works
/// elementwise.
///
/// # Errors
/// What `f` returns has another shape, or an operation failed.
pub(super) fn update(
    targets: &[&Var],
    sources: &[&Tensor],
    f: impl Fn(&[Tensor], &[Tensor]) -> Result<Vec<Tensor>> + Sync,
) -> Result<()> {
    let Some(first) = targets.first() else { return Ok(()) };
    let ranges = ranges(first);
    let targets = targets.iter().map(|t| flat(t)).collect::<Result<Vec<_>>>()?;
    let sources = sources.iter().map(|t| flat(t)).collect::<Result<Vec<_>>>()?;
    ranges.into_par_iter().try_for_each(|(start, n)| {
        let chunk = |t: &Tensor| Ok(t.narrow(0, start, n)?);
        let old = targets.iter().map(chunk).collect::<Result<Vec<_>>>()?;
        let new = f(&old, &sources.iter().map(chunk).collect::<Result<Vec<_>>>()?)?;
        for (old, new) in old.iter().zip(new) {
            old.slice_set(&new, 0, 0)?;
        }
        Ok(())
    })
}

/// The sum of squares. Chunks are added in order, so that the result does not depend on the timing of threads.
pub(super) fn sum_of_squares(tensor: &Tensor) -> Result<f64> {
    let whole = flat(tensor)?;
    let sum =
        |(start, n)| -> Result<f64> { Ok(f64::from(whole.narrow(0, start, n)?.sqr()?.sum_all()?.to_scalar::<f32>()?)) };
    let sums: Vec<f64> = ranges(tensor).into_par_iter().map(sum).collect::<Result<_>>()?;
    Ok(sums.iter().sum())
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn every_element_of_a_tensor_of_many_chunks_is_replaced_once() {
        let n = 3 * CHUNK + 5;
        let ramp = Tensor::arange(0f32, n as f32, &Device::Cpu).unwrap();
        let targets = [ramp.reshape((1, n)).unwrap(), ramp.neg().unwrap().reshape((1, n)).unwrap()];
        let targets = targets.map(|t| Var::from_tensor(&t).unwrap());
        let source = Tensor::ones((1, n), candle_core::DType::F32, &Device::Cpu).unwrap();
        let swap = |old: &[Tensor], one: &[Tensor]| Ok(vec![(&old[1] + &one[0])?, (&old[0] * &one[0])?]);
        update(&[&targets[0], &targets[1]], &[&source], swap).unwrap();
        let [first, second] = targets.map(|t| t.flatten_all().unwrap().to_vec1::<f32>().unwrap());
        assert!((0..n).all(|i| first[i] == 1. - i as f32 && second[i] == i as f32));
    }

    #[test]
    fn squares_are_summed_over_all_chunks() {
        let n = 2 * CHUNK + 1;
        let halves = Tensor::full(0.5f32, (n, 1), &Device::Cpu).unwrap();
        assert_eq!(sum_of_squares(&halves).unwrap(), n as f64 / 4.);
    }
}
