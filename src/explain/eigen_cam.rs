//! EigenCAM (Muhammad & Yeasin 2020): the main pattern of a feature map, whatever the class.

use candle_core::{DType, Tensor};

use super::cam_map::CamMap;
use crate::error::Result;

/// Squarings of the matrix of products, each of which squares the lead of its first eigenvector: after 12, a pattern that is
/// stronger by 1 % leads by e⁴⁰.
const N_SQUARINGS: usize = 12;

/// The cells' activations, minus their mean over cells, along their first principal component: the direction of channels in
/// which cells differ most. The component has no sign of its own; it is turned so that the value farthest from 0 is above it
/// (Chung & Ying 2025, eq. 13). Centred as in pytorch-grad-cam, without which a map would be mostly the mean. `feature_map` is (1, C, rows, cols).
///
/// # Errors
/// A cell is NaN or infinite.
pub fn eigen_cam(feature_map: &Tensor) -> Result<CamMap> {
    let (_, channels, rows, cols) = feature_map.dims4()?;
    let cells = feature_map.detach().reshape((channels, rows * cols))?.t()?;
    let centred = cells.broadcast_sub(&cells.mean_keepdim(0)?)?.contiguous()?;
    // The products of cells or of channels, whichever are fewer.
    let by_cells = rows * cols <= channels;
    let transposed = centred.t()?.contiguous()?;
    let products = if by_cells { centred.matmul(&transposed)? } else { transposed.matmul(&centred)? };
    let Some(first) = first_eigenvector(&products)? else {
        // All cells are alike, or some are not finite.
        return CamMap::of_tensor(&(cells.sum(1)?.reshape((rows, cols))? * 0.)?);
    };
    let along = if by_cells {
        // X v = √λ u, with λ = uᵀ (X Xᵀ) u.
        let of_first = products.matmul(&first)?;
        let eigenvalue = (&first * of_first)?.sum_all()?.to_scalar::<f32>()?.max(0.);
        (first * f64::from(eigenvalue.sqrt()))?
    } else {
        centred.matmul(&first)?
    }
    .squeeze(1)?;
    let farthest = along.to_vec1::<f32>()?.into_iter().fold(0f32, |m, v| if v.abs() > m.abs() { v } else { m });
    let along = if farthest < 0. { along.neg()? } else { along };
    CamMap::of_tensor(&along.reshape((rows, cols))?)
}

/// The first eigenvector (n, 1), of length 1, of a symmetric matrix (n, n) without negative eigenvalues; none if the matrix is 0
/// or not finite.
fn first_eigenvector(matrix: &Tensor) -> Result<Option<Tensor>> {
    let n = matrix.dim(0)?;
    let identity = Tensor::eye(n, DType::F32, matrix.device())?;
    let trace = |m: &Tensor| (m * &identity)?.sum_all()?.to_scalar::<f32>();
    let mut power = matrix.clone();
    for _ in 0..N_SQUARINGS {
        let trace = trace(&power)?;
        if !(trace.is_finite() && trace > 0.) {
            return Ok(None);
        }
        power = (power / f64::from(trace))?;
        power = power.matmul(&power)?;
    }
    // Only the first eigenvector is left: each column is a multiple of it.
    let lengths = power.sqr()?.sum(0)?.to_vec1::<f32>()?;
    let longest = (0..n).max_by(|a, b| lengths[*a].total_cmp(&lengths[*b])).filter(|i| lengths[*i] > 0.);
    longest.map(|i| Ok((power.narrow(1, i, 1)? / f64::from(lengths[i].sqrt()))?)).transpose()
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    fn map(channels: &[[f32; 6]]) -> Tensor {
        Tensor::from_slice(channels.as_flattened(), (1, channels.len(), 2, 3), &Device::Cpu).unwrap()
    }

    #[test]
    fn one_active_channel_is_the_map_whichever_side_is_smaller() {
        let active = [0., 0., 4., 0., 2., 0.];
        for n_channels in [2, 9] {
            let mut channels = vec![[1.; 6]; n_channels];
            channels[1] = active;
            let cam = eigen_cam(&map(&channels)).unwrap();
            // Minus the mean, 1.
            assert!((cam.peak - 3.).abs() < 1e-4, "{}", cam.peak);
            for (ours, expected) in cam.values.iter().zip([0., 0., 1., 0., 1. / 3., 0.]) {
                assert!((ours - expected).abs() < 1e-4, "{:?}", cam.values);
            }
        }
    }

    #[test]
    fn the_stronger_of_two_patterns_wins_though_the_other_has_the_strongest_channel() {
        let (weak, strong) = ([5., 0., 0., 0., 0., 5.], [0., 4., 4., 0., 0., 0.]);
        let cam = eigen_cam(&map(&[weak, strong, strong, strong])).unwrap();
        let hot: Vec<usize> = (0..6).filter(|i| cam.values[*i] > 0.9).collect();
        assert_eq!(hot, [1, 2]);
    }

    #[test]
    fn an_even_map_is_empty_and_one_that_is_not_finite_refused() {
        assert_eq!(eigen_cam(&map(&[[1.; 6], [0.; 6]])).unwrap(), CamMap::empty(2, 3));
        assert!(eigen_cam(&map(&[[f32::NAN; 6]])).is_err());
    }
}
