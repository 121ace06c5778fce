//! gScoreCAM (Chen et al. 2022): channels weighed by the score of the scan when only what they mark is left of it. It asks the
//! tower once for each channel, so only the channels with the largest gradients are asked.

use candle_core::{D, Device, Tensor};

use super::cam_map::CamMap;
use super::gradient::{Gradient, gradient};
use crate::error::Result;

/// The most channels that are asked, as in the paper, which takes the first 300 of the 3072 of CLIP's RN50x16.
const MAX_CHANNELS: usize = 300;
/// The same share of a smaller tower's channels: one of ten.
const CHANNELS_PER_ASKED: usize = 10;
/// Masked scans that run at once.
const BATCH: usize = 16;
/// Added to the range of a mask, as in the authors' code: the mask of an even channel is 0.
const EPS: f64 = 1e-6;

/// Channels that are asked of a map of that many.
pub(super) fn n_asked(channels: usize) -> usize {
    (channels / CHANNELS_PER_ASKED).clamp(1, MAX_CHANNELS)
}

/// `ReLU(Σ_k w_k A_k)` over the `n_asked` channels with the largest mean gradients. `w` is the softmax of the scores of the scan
/// times each channel's mask: the channel as 0…1, interpolated to `pixel_values` (1, 3, h, w). `feature_map` A is (1, C, rows,
/// cols); `score_of_map` takes it to the target's score (1), `score` takes `pixel_values` of any number to theirs.
///
/// # Errors
/// A cell is NaN or infinite.
pub fn g_score_cam(
    feature_map: &Tensor,
    pixel_values: &Tensor,
    n_asked: usize,
    score_of_map: impl Fn(&Tensor) -> Result<Tensor>,
    score: impl Fn(&Tensor) -> Result<Tensor>,
) -> Result<CamMap> {
    let Gradient { activations, gradient } = gradient(feature_map, score_of_map)?;
    let importance = gradient.mean((2, 3))?.squeeze(0)?.to_vec1::<f32>()?;
    let mut ranked: Vec<u32> = (0..importance.len() as u32).collect();
    ranked.sort_by(|a, b| importance[*b as usize].total_cmp(&importance[*a as usize]));
    ranked.truncate(n_asked);
    let asked = activations.squeeze(0)?.index_select(&Tensor::new(ranked, activations.device())?, 0)?;
    let (n, _, _) = asked.dims3()?;
    let (_, _, height, width) = pixel_values.dims4()?;
    let mut scores = Vec::new();
    for first in (0..n).step_by(BATCH) {
        let masks = masks(&asked.narrow(0, first, BATCH.min(n - first))?, (height, width))?;
        scores.push(score(&pixel_values.broadcast_mul(&masks.unsqueeze(1)?)?)?.detach());
    }
    let weights = candle_nn::ops::softmax(&Tensor::cat(&scores, 0)?, D::Minus1)?;
    CamMap::of_tensor(&asked.broadcast_mul(&weights.reshape((n, 1, 1))?)?.sum(0)?)
}

/// Maps (n, rows, cols), each scaled to 0…1 and interpolated to (n, height, width).
fn masks(maps: &Tensor, (height, width): (usize, usize)) -> Result<Tensor> {
    let (n, rows, cols) = maps.dims3()?;
    let (down, across) = (interpolation(rows, height)?, interpolation(cols, width)?);
    let up = down.broadcast_matmul(&maps.contiguous()?)?.broadcast_matmul(&across.t()?.contiguous()?)?;
    let flat = up.reshape((n, height * width))?;
    let (low, high) = (flat.min_keepdim(1)?, flat.max_keepdim(1)?);
    let range = ((high - &low)? + EPS)?;
    Ok(flat.broadcast_sub(&low)?.broadcast_div(&range)?.reshape((n, height, width))?)
}

/// The matrix (n_out, n_in) that interpolates linearly between n_in values, the first and the last of which are the ends: the
/// authors' `UpsamplingBilinear2d`.
fn interpolation(n_in: usize, n_out: usize) -> Result<Tensor> {
    let mut weights = vec![0f32; n_in * n_out];
    for (i, row) in weights.chunks_exact_mut(n_in).enumerate() {
        let at = (i * (n_in - 1)) as f32 / (n_out - 1).max(1) as f32;
        let (before, share) = (at as usize, at.fract());
        row[before] += 1. - share;
        row[(before + 1).min(n_in - 1)] += share;
    }
    Ok(Tensor::from_vec(weights, (n_out, n_in), &Device::Cpu)?)
}

#[cfg(test)]
mod tests {
    use candle_core::DType;

    use super::*;

    #[test]
    fn a_tenth_of_the_channels_is_asked_and_never_more_than_300() {
        assert_eq!([3, 768, 2048, 3072, 9000].map(n_asked), [1, 76, 204, 300, 300]);
    }

    #[test]
    fn interpolation_keeps_the_ends() {
        let rows = interpolation(2, 5).unwrap().to_vec2::<f32>().unwrap();
        assert_eq!(rows, [[1., 0.], [0.75, 0.25], [0.5, 0.5], [0.25, 0.75], [0., 1.]]);
        assert_eq!(interpolation(1, 2).unwrap().to_vec2::<f32>().unwrap(), [[1.], [1.]]);
    }

    #[test]
    fn the_channel_whose_mask_keeps_what_the_score_needs_wins() {
        // Channel 0 marks the left, channel 1 the right; the score is the light on the left.
        let map = Tensor::new(&[[[[1f32, 0.]], [[0., 1.]]]], &Device::Cpu).unwrap();
        let pixel_values = Tensor::ones((1, 3, 1, 4), DType::F32, &Device::Cpu).unwrap();
        let score_of_map = |map: &Tensor| Ok(map.mean((1, 2, 3))?);
        let score = |x: &Tensor| Ok((x.narrow(3, 0, 2)?.sum((1, 2, 3))? * 10.)?);
        let cam = g_score_cam(&map, &pixel_values, 2, score_of_map, score).unwrap();
        assert!(cam.values[0] == 1. && cam.values[1] < 1e-3, "{:?}", cam.values);
    }
}
