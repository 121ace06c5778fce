//! A trained model made ready for 8-bit integers: norms folded into convolutions, the step of every activation calibrated
//! on training scans, and biases that make up for what rounding shifts on average.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use candle_core::Tensor;

use crate::clip::Clip;
use crate::error::{Error, Result};
use crate::kernels::MAX_ACTIVATION;
use crate::nn::Mode;
use crate::nn::activations::Activations;
use crate::nn::conv::{ConvBn, INPUT_SCALES, OUTPUT_SCALES};
use crate::nn::params::QuantizedTensor;

/// Values that are kept of each channel and scan: enough for a histogram, little enough for memory.
const N_KEPT: usize = 64;
/// Clippings that are tried, from the largest value down to this share of it.
const N_CLIPPINGS: usize = 40;
const SMALLEST_CLIPPING: f32 = 0.2;
/// The least step, as a share of the layer's largest.
const SMALLEST_STEP: f32 = 0.02;

/// A channel's values.
#[derive(Clone, Default)]
struct Kept {
    values: Vec<f32>,
    largest: f32,
}

/// What was kept of each channel of each layer, by the layer's name.
type Notes = Rc<RefCell<BTreeMap<String, Vec<Kept>>>>;

/// How a channel is rounded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rounding {
    /// What a byte of 1 stands for.
    pub step: f32,
    /// The channel's mean over the calibration scans.
    pub mean: f32,
    /// The same after rounding.
    pub rounded_mean: f32,
}

/// Activations that note what every rounded layer gives.
#[derive(Clone)]
struct Observed {
    x: Tensor,
    notes: Notes,
}

impl Observed {
    fn noted(&self, layer: &ConvBn, x: Tensor) -> Result<Self> {
        note(&self.notes, layer, &x)?;
        Ok(Self { x, notes: self.notes.clone() })
    }
}

fn note(notes: &Notes, layer: &ConvBn, x: &Tensor) -> Result<()> {
    let channels = x.get(0)?.flatten_from(1)?.to_vec2::<f32>()?;
    let mut notes = notes.borrow_mut();
    let kept = notes.entry(layer.names().0.to_owned()).or_insert_with(|| vec![Kept::default(); channels.len()]);
    for (kept, values) in kept.iter_mut().zip(channels) {
        kept.largest = values.iter().copied().fold(kept.largest, f32::max);
        kept.values.extend(spread(kept.values.len(), values.len()).map(|i| values[i]));
    }
    Ok(())
}

/// Places among `n` values, all over them: the golden ratio's multiples, which go on from scan to scan. Every k-th value would
/// be the same few columns of a map in every row, and its border first of all.
fn spread(n_before: usize, n: usize) -> impl Iterator<Item = usize> {
    const GOLDEN: f64 = 0.618_033_988_749_894_9;
    (n_before..n_before + N_KEPT.min(n)).map(move |i| ((i as f64 * GOLDEN).fract() * n as f64) as usize)
}

impl Activations for Observed {
    fn conv(&self, layer: &ConvBn, mode: Mode) -> Result<Self> {
        let x = self.x.conv(layer, mode)?;
        if layer.has_relu() { self.noted(layer, x) } else { Ok(Self { x, notes: self.notes.clone() }) }
    }

    fn conv_add_relu(&self, layer: &ConvBn, identity: &Self, mode: Mode) -> Result<Self> {
        self.noted(layer, self.x.conv_add_relu(layer, &identity.x, mode)?)
    }

    fn average_pool(&self) -> Result<Self> {
        Ok(Self { x: self.x.average_pool()?, notes: self.notes.clone() })
    }
}

/// How each channel of each rounded layer is rounded, by the layer's name. `scans` are `pixel_values` (1, 3, h, w).
///
/// # Errors
/// A scan has another size than the model reads.
pub fn calibrate<'a>(
    clip: &Clip,
    scans: impl IntoIterator<Item = &'a Tensor>,
) -> Result<BTreeMap<String, Vec<Rounding>>> {
    let notes = Notes::default();
    for pixel_values in scans {
        let x = clip.visual.first(pixel_values, Mode::Eval)?;
        note(&notes, clip.visual.inputs()[0].0, &x)?;
        clip.visual.layers(&Observed { x, notes: notes.clone() }, Mode::Eval)?;
    }
    Ok(notes.take().into_iter().map(|(name, channels)| (name, roundings(&channels))).collect())
}

/// A channel that hardly ever spoke in calibration gets a share of the loudest one's step: it may speak later.
fn roundings(channels: &[Kept]) -> Vec<Rounding> {
    let steps: Vec<f32> = channels.iter().map(best_step).collect();
    let largest = steps.iter().copied().fold(0., f32::max);
    let least = if largest > 0. { largest * SMALLEST_STEP } else { 1. };
    let rounding = |(kept, step): (&Kept, f32)| {
        let step = step.max(least);
        let mean = |values: &mut dyn Iterator<Item = f32>| values.sum::<f32>() / kept.values.len().max(1) as f32;
        let rounded_mean = mean(&mut kept.values.iter().map(|v| rounded(*v, step)));
        Rounding { step, mean: mean(&mut kept.values.iter().copied()), rounded_mean }
    };
    channels.iter().zip(steps).map(rounding).collect()
}

/// As `kernels::Map` holds it.
fn rounded(value: f32, step: f32) -> f32 {
    (value / step).round_ties_even().min(f32::from(MAX_ACTIVATION)) * step
}

/// The step with the smallest mean square error of rounding and clipping (as in Banner et al. 2019, found by trying).
/// 0 where nothing spoke.
fn best_step(kept: &Kept) -> f32 {
    let error = |step: f32| -> f64 { kept.values.iter().map(|v| f64::from(rounded(*v, step) - v).powi(2)).sum() };
    if kept.largest <= 0. {
        return 0.;
    }
    let shares = (0..=N_CLIPPINGS).map(|i| 1. - i as f32 / N_CLIPPINGS as f32 * (1. - SMALLEST_CLIPPING));
    let steps = shares.map(|share| kept.largest * share / f32::from(MAX_ACTIVATION));
    steps.map(|step| (error(step), step)).min_by(|a, b| a.0.total_cmp(&b.0)).map_or(0., |(_, step)| step)
}

/// `tensors` with the image tower's norms folded in and its steps beside it. The first convolution stays as it is: it
/// reads signed values, and takes little time.
///
/// # Errors
/// A layer was not calibrated.
pub fn prepare(
    clip: &Clip,
    mut tensors: HashMap<String, Tensor>,
    roundings: &BTreeMap<String, Vec<Rounding>>,
) -> Result<HashMap<String, Tensor>> {
    for (layer, before) in clip.visual.inputs() {
        let (name, norm) = layer.names();
        let (kernel, bias) = layer.folded()?;
        let of = |roundings: &[Rounding], part: fn(&Rounding) -> f32| {
            let values: Vec<f32> = roundings.iter().map(part).collect();
            Tensor::new(values.as_slice(), kernel.device())
        };
        if let Some(roundings) = roundings.get(name) {
            tensors.insert(format!("{name}.{OUTPUT_SCALES}"), of(roundings, |r| r.step)?);
        }
        let Some(before) = before else { continue };
        let input = roundings.get(before.names().0).ok_or_else(|| Error::config("a layer was not calibrated"))?;
        let steps = of(input, |r| r.step)?;
        let weight = kernel.broadcast_mul(&steps.reshape((1, (), 1, 1))?)?;
        // What the integers give for the rounded mean must be what the floats give for the mean (Nagel et al. 2019,
        // "bias correction").
        let per_input = |kernel: &Tensor| kernel.sum((2, 3));
        let meant = per_input(&kernel)?.matmul(&of(input, |r| r.mean)?.unsqueeze(1)?)?;
        let rounded = QuantizedTensor::quantize(&weight)?.dequantize(kernel.device())?;
        let given = per_input(&rounded)?.matmul(&of(input, |r| r.rounded_mean / r.step)?.unsqueeze(1)?)?;
        for part in ["weight", "bias", "running_mean", "running_var"] {
            tensors.remove(&format!("{norm}.{part}"));
        }
        tensors.insert(format!("{name}.weight"), weight);
        tensors.insert(format!("{name}.bias"), ((bias + meant.squeeze(1)?)? - given.squeeze(1)?)?);
        tensors.insert(format!("{name}.{INPUT_SCALES}"), steps);
    }
    Ok(tensors)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(values: Vec<f32>) -> Kept {
        Kept { largest: values.iter().copied().fold(0., f32::max), values }
    }

    #[test]
    fn an_outlier_is_clipped_where_that_rounds_the_others_better() {
        let mut values: Vec<f32> = (0..10_000).map(|i| i as f32 / 10_000.).collect();
        assert!((best_step(&kept(values.clone())) - 1. / 127.).abs() < 1e-4);
        values.push(3.);
        assert!(best_step(&kept(values)) < 3. / 127., "the step follows the outlier");
    }

    #[test]
    fn a_silent_channel_has_a_step_all_the_same() {
        let steps = |channels: &[Kept]| roundings(channels).iter().map(|r| r.step).collect::<Vec<_>>();
        assert_eq!(steps(&[kept(vec![0.; 4]), kept(vec![12.7; 4])]), [0.002, 0.1]);
        assert_eq!(steps(&[kept(vec![0.; 4])]), [1.]);
    }

    #[test]
    fn values_are_kept_from_every_row_and_column() {
        let (height, width) = (64, 128);
        let places: Vec<usize> = (0..20).flat_map(|scan| spread(scan * N_KEPT, height * width)).collect();
        for column in 0..width {
            let n = places.iter().filter(|i| **i % width == column).count();
            assert!((5..=15).contains(&n), "column {column} of {width} is seen {n} times of {}", places.len());
        }
        let highest = places.iter().filter(|i| **i / width < height / 2).count();
        assert!((highest * 2).abs_diff(places.len()) < 20);
    }

    #[test]
    fn the_mean_after_rounding_is_noted() {
        let Rounding { step, mean, rounded_mean } = roundings(&[kept(vec![0.004, 1.27])])[0];
        assert!((step - 0.01).abs() < 1e-6 && (mean - 0.637).abs() < 1e-6 && (rounded_mean - 0.635).abs() < 1e-6);
    }
}
