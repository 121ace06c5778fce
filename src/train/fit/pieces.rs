//! Elementwise work on large tensors, piece by piece: what each single operation leaves for the next one then lies in a
//! core's cache, and the cores share the pieces out.

use candle_core::{Tensor, Var};
use rayon::prelude::*;

use crate::error::Result;

/// Floats of a piece: ten of them fit a core's L2 cache.
const PIECE: usize = 32 << 10;

/// Where the pieces of a tensor begin and how long they are. A GPU shares each operation out by itself.
fn ranges(tensor: &Tensor) -> Vec<(usize, usize)> {
    let n = tensor.elem_count();
    let piece = if tensor.device().is_cpu() { PIECE } else { n.max(1) };
    (0..n).step_by(piece).map(|start| (start, piece.min(n - start))).collect()
}

fn flat(tensor: &Tensor) -> Result<Tensor> {
    Ok(tensor.detach().flatten_all()?)
}

/// Replaces `targets` by the new tensors that `f(targets, sources)` makes of them, elementwise; all have one shape.
///
/// # Errors
/// What `f` returns has another shape, or an operation failed.
pub fn update(
    targets: &[&Var],
    sources: &[&Tensor],
    f: impl Fn(&[Tensor], &[Tensor]) -> Result<Vec<Tensor>> + Sync,
) -> Result<()> {
    let Some(first) = targets.first() else { return Ok(()) };
    let ranges = ranges(first);
    let targets = targets.iter().map(|t| flat(t)).collect::<Result<Vec<_>>>()?;
    let sources = sources.iter().map(|t| flat(t)).collect::<Result<Vec<_>>>()?;
    ranges.into_par_iter().try_for_each(|(start, n)| {
        let piece = |t: &Tensor| Ok(t.narrow(0, start, n)?);
        let old = targets.iter().map(piece).collect::<Result<Vec<_>>>()?;
        let new = f(&old, &sources.iter().map(piece).collect::<Result<Vec<_>>>()?)?;
        for (old, new) in old.iter().zip(new) {
            old.slice_set(&new, 0, 0)?;
        }
        Ok(())
    })
}

/// The sum of squares, added up in order: it does not depend on which core was faster.
pub fn sum_of_squares(tensor: &Tensor) -> Result<f64> {
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
    fn every_element_of_a_tensor_of_many_pieces_is_replaced_once() {
        let n = 3 * PIECE + 5;
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
    fn squares_are_summed_over_all_pieces() {
        let n = 2 * PIECE + 1;
        let halves = Tensor::full(0.5f32, (n, 1), &Device::Cpu).unwrap();
        assert_eq!(sum_of_squares(&halves).unwrap(), n as f64 / 4.);
    }
}
