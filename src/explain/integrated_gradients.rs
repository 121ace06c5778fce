//! Integrated gradients (Sundararajan, Taly & Yan 2017): what each input adds to the score on the way from a baseline, which says
//! nothing, to the input.

use candle_core::{D, Tensor};

use super::cam_map::CamMap;
use super::cells::cells;
use super::gradient::gradient_at;
use crate::error::Result;

/// Points of the straight way at which gradients are taken: the middles of as many equal steps.
pub(super) const N_STEPS: usize = 16;
/// Points that run at once.
const BATCH: usize = 8;

/// `(x − baseline) · ∫ ∂ score / ∂ x`, of x's shape, (1, …): the integral over the straight way from `baseline`, of the same shape,
/// to `x`, as a sum over `n_steps` middles of steps. It adds up to `score(x) − score(baseline)`, up to the sum's error. `score`
/// takes (n, …) to scores (n).
///
/// # Errors
/// A tensor operation fails.
pub fn attributions(
    x: &Tensor,
    baseline: &Tensor,
    n_steps: usize,
    score: impl Fn(&Tensor) -> Result<Tensor>,
) -> Result<Tensor> {
    let way = (x - baseline)?.detach();
    let mut sum = way.zeros_like()?;
    let shares: Vec<f64> = (0..n_steps).map(|i| (i as f64 + 0.5) / n_steps as f64).collect();
    for shares in shares.chunks(BATCH) {
        let points = shares.iter().map(|share| Ok((baseline + (&way * *share)?)?)).collect::<Result<Vec<_>>>()?;
        let gradient = gradient_at(&Tensor::cat(&points, 0)?, &score)?;
        sum = (sum + gradient.sum_keepdim(0)?)?;
    }
    Ok((way * (sum / n_steps as f64)?)?)
}

/// A scan (1, 3, h, w) as black as its darkest pixel, in each channel: nothing is to be seen on it.
pub(super) fn darkest(pixel_values: &Tensor) -> Result<Tensor> {
    let (_, channels, _, _) = pixel_values.dims4()?;
    let darkest = pixel_values.reshape((channels, ()))?.min(1)?.reshape((1, channels, 1, 1))?;
    Ok(darkest.broadcast_as(pixel_values.shape())?.contiguous()?)
}

/// The sum of [`attributions`] over each cell's pixels and channels; what is above 0 speaks for the target. `pixel_values` and
/// `baseline` are (1, 3, h, w).
///
/// # Errors
/// A cell is NaN or infinite.
pub fn integrated_gradients(
    pixel_values: &Tensor,
    baseline: &Tensor,
    score: impl Fn(&Tensor) -> Result<Tensor>,
) -> Result<CamMap> {
    let of_pixels = attributions(pixel_values, baseline, N_STEPS, score)?.sum(1)?.squeeze(0)?;
    CamMap::of_tensor(&cells(&of_pixels)?)
}

/// The baseline of words: `tokens` (1, n, width) with only their `positions` (1, n, width) where `is_word`.
pub(super) fn without_words(tokens: &Tensor, positions: &Tensor, is_word: &[bool]) -> Result<Tensor> {
    let keep: Vec<f32> = is_word.iter().map(|is_word| if *is_word { 0. } else { 1. }).collect();
    let keep = Tensor::from_vec(keep, (1, is_word.len(), 1), tokens.device())?;
    Ok((positions + (tokens - positions)?.broadcast_mul(&keep)?)?)
}

/// The sum of [`attributions`] over the width of each token: (1, n, width) → n values.
pub(super) fn token_attributions(
    tokens: &Tensor,
    baseline: &Tensor,
    score: impl Fn(&Tensor) -> Result<Tensor>,
) -> Result<Vec<f32>> {
    Ok(attributions(tokens, baseline, N_STEPS, score)?.sum(D::Minus1)?.squeeze(0)?.to_vec1()?)
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn attributions_add_up_to_what_the_score_gains() {
        // A score that is not linear: a · b + a².
        let x = Tensor::new(&[[2f32, 3.]], &Device::Cpu).unwrap();
        let baseline = Tensor::new(&[[1f32, -1.]], &Device::Cpu).unwrap();
        let score = |x: &Tensor| {
            let (a, b) = (x.narrow(1, 0, 1)?.squeeze(1)?, x.narrow(1, 1, 1)?.squeeze(1)?);
            Ok(((&a * b)? + a.sqr()?)?)
        };
        let found = attributions(&x, &baseline, 50, score).unwrap().to_vec2::<f32>().unwrap();
        // ∫ (b + 2a) = 1 + 3 over a's way of 1; ∫ a = 1.5 over b's way of 4.
        assert!((found[0][0] - 4.).abs() < 1e-3 && (found[0][1] - 6.).abs() < 1e-3, "{found:?}");
    }

    #[test]
    fn a_dark_spot_counts_where_the_score_asks_for_darkness_and_nothing_on_an_even_scan() {
        let baseline = Tensor::zeros((1, 3, 8, 8), candle_core::DType::F32, &Device::Cpu).unwrap();
        let mut values = vec![0f32; 3 * 64];
        values[5] = -1.;
        let scan = Tensor::from_vec(values, (1, 3, 8, 8), &Device::Cpu).unwrap();
        let darkness = |x: &Tensor| Ok(x.sum((1, 2, 3))?.neg()?);
        let map = integrated_gradients(&scan, &baseline, darkness).unwrap();
        assert_eq!((map.rows, map.cols, map.values.as_slice()), (2, 2, [0., 1., 0., 0.].as_slice()));
        assert!((map.peak - 1.).abs() < 1e-5);
        assert_eq!(integrated_gradients(&baseline, &baseline, darkness).unwrap(), CamMap::empty(2, 2));
    }
}
