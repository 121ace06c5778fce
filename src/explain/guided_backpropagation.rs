//! Guided backpropagation (Springenberg et al. 2015): the score's gradient at the pixels, where ReLUs pass only what is above 0.

use candle_core::Tensor;

use super::cam_map::CamMap;
use super::cells::{CELL_PIXELS, cells};
use super::gradient::gradient_at;
use crate::error::Result;

/// The guided gradient at `pixel_values` (1, 3, h, w), of the same shape. `guided_score` takes them to the target's score (1), with
/// ReLUs that pass only positive gradients.
///
/// # Errors
/// A tensor operation fails.
pub fn pixel_gradient(pixel_values: &Tensor, guided_score: impl Fn(&Tensor) -> Result<Tensor>) -> Result<Tensor> {
    gradient_at(pixel_values, guided_score)
}

/// The mean over each cell's pixels of the size of [`pixel_gradient`], summed over channels, which are one grey value. Its sign is
/// left out: a lesion may be brighter than its surroundings, or darker.
///
/// # Errors
/// A cell is NaN or infinite.
pub fn guided_backpropagation(
    pixel_values: &Tensor,
    guided_score: impl Fn(&Tensor) -> Result<Tensor>,
) -> Result<CamMap> {
    let of_pixels = pixel_gradient(pixel_values, guided_score)?.sum(1)?.squeeze(0)?.abs()?;
    CamMap::of_tensor(&(cells(&of_pixels)? / (CELL_PIXELS * CELL_PIXELS) as f64)?)
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device};

    use super::*;

    #[test]
    fn pixels_count_by_the_size_of_their_gradient() {
        let scan = Tensor::zeros((1, 3, 4, 8), DType::F32, &Device::Cpu).unwrap();
        let left_minus_half_right = |x: &Tensor| {
            let (left, right) = (x.narrow(3, 0, 4)?.sum((1, 2, 3))?, x.narrow(3, 4, 4)?.sum((1, 2, 3))?);
            Ok((left - (right * 0.5)?)?)
        };
        let map = guided_backpropagation(&scan, left_minus_half_right).unwrap();
        assert_eq!((map.values, map.peak), (vec![1., 0.5], 3.));
        let nothing = |x: &Tensor| Ok((x.sum((1, 2, 3))? * 0.)?);
        assert_eq!(guided_backpropagation(&scan, nothing).unwrap(), CamMap::empty(1, 2));
    }
}
