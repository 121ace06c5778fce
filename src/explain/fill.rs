//! Hides pixels of a scan: they are interpolated from the pixels around them, so that what was there is gone and nothing new, such
//! as a black hole that looks like fluid, takes its place. After the imputation of ROAD (Rong et al. 2022), without its noise.

use candle_core::Tensor;

use super::faithfulness::road::predicted;
use crate::error::Result;

/// `pixel_values` (1, C, h, w) in which the pixels that are `hidden` (h · w, row by row) are weighted means of their neighbours.
/// Where all are hidden, each channel becomes its mean.
///
/// # Errors
/// A tensor operation fails.
pub fn fill(pixel_values: &Tensor, hidden: &[bool]) -> Result<Tensor> {
    let (_, channels, height, width) = pixel_values.dims4()?;
    let mut values = pixel_values.flatten_all()?.to_vec1::<f32>()?;
    // The channels of a grey scan are often the same.
    let mut before: Option<(Vec<f32>, Vec<f32>)> = None;
    for plane in values.chunks_exact_mut((height * width).max(1)) {
        match &before {
            Some((given, filled)) if given.as_slice() == &*plane => plane.copy_from_slice(filled),
            _ => {
                let given = plane.to_vec();
                plane.copy_from_slice(&filled(&given, width, hidden));
                before = Some((given, plane.to_vec()));
            }
        }
    }
    Ok(Tensor::from_vec(values, (1, channels, height, width), pixel_values.device())?)
}

/// A channel, row by row, without what is hidden.
fn filled(plane: &[f32], width: usize, hidden: &[bool]) -> Vec<f32> {
    if hidden.contains(&false) {
        return predicted(plane, width, hidden, || 0.);
    }
    let mean = plane.iter().sum::<f32>() / plane.len().max(1) as f32;
    vec![mean; plane.len()]
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    fn fill_of(values: &[f32], (height, width): (usize, usize), hidden: &[bool]) -> Vec<f32> {
        let scan = Tensor::from_slice(values, (1, 1, height, width), &Device::Cpu).unwrap();
        fill(&scan, hidden).unwrap().flatten_all().unwrap().to_vec1().unwrap()
    }

    #[test]
    fn a_slope_goes_on_through_what_is_hidden_and_the_rest_stays() {
        let (height, width) = (12, 20);
        let slope: Vec<f32> =
            (0..height * width).map(|i| (i % width) as f32 * 0.1 + (i / width) as f32 * 0.2).collect();
        let hidden: Vec<bool> =
            (0..height * width).map(|i| (3..9).contains(&(i / width)) && (5..15).contains(&(i % width))).collect();
        let marred: Vec<f32> = slope.iter().zip(&hidden).map(|(v, h)| if *h { 9. } else { *v }).collect();
        for ((ours, expected), hidden) in fill_of(&marred, (height, width), &hidden).iter().zip(&slope).zip(&hidden) {
            assert!((ours - expected).abs() <= if *hidden { 0.01 } else { 0. }, "{ours} for {expected}");
        }
    }

    #[test]
    fn what_is_hidden_whole_becomes_its_mean_and_what_is_not_hidden_nothing_else() {
        assert_eq!(fill_of(&[1., 3.], (1, 2), &[true, true]), [2., 2.]);
        assert_eq!(fill_of(&[1., 3.], (1, 2), &[false, false]), [1., 3.]);
        // At a corner of the scan, from the pixels that there are.
        assert!((fill_of(&[7., 3., 3., 3.], (2, 2), &[true, false, false, false])[0] - 3.).abs() < 1e-3);
    }
}
