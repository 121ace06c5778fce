//! Prepares a trained model for 8-bit integers: folds norms into convolutions, measures the range of every activation on
//! training scans, and corrects biases for the mean error of rounding.

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

/// Values that are sampled per channel and scan: enough for a histogram, few enough for memory.
const N_SAMPLED: usize = 64;
/// Clippings that are tried, from the largest value down to this share of it.
const N_CLIPPINGS: usize = 40;
const SMALLEST_CLIPPING: f32 = 0.2;
/// The smallest scale, as a share of the layer's largest.
const SMALLEST_SCALE: f32 = 0.02;

/// A sample of a channel's values, and the largest of all.
#[derive(Clone, Default)]
struct Channel {
    sampled: Vec<f32>,
    largest: f32,
}

/// The channels of each layer, by the layer's name.
type Observed = Rc<RefCell<BTreeMap<String, Vec<Channel>>>>;

/// The activation range of a channel, as the scale of its bytes, and what rounding to it does to the mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ActivationRange {
    /// What a byte of 1 stands for.
    scale: f32,
    /// The channel's mean over the scans that were measured.
    mean: f32,
    /// The same after rounding.
    rounded_mean: f32,
}

/// Activations that observe the output of every layer that will be rounded.
#[derive(Clone)]
struct Observing {
    x: Tensor,
    observed: Observed,
}

impl Observing {
    fn with(&self, x: Tensor) -> Self {
        Self { x, observed: self.observed.clone() }
    }

    fn observe(&self, layer: &ConvBn, x: Tensor) -> Result<Self> {
        observe(&self.observed, layer, &x)?;
        Ok(self.with(x))
    }
}

fn observe(observed: &Observed, layer: &ConvBn, x: &Tensor) -> Result<()> {
    let new = x.get(0)?.flatten_from(1)?.to_vec2::<f32>()?;
    let mut observed = observed.borrow_mut();
    let channels = observed.entry(layer.names().0.to_owned()).or_insert_with(|| vec![Channel::default(); new.len()]);
    for (channel, values) in channels.iter_mut().zip(new) {
        channel.largest = values.iter().copied().fold(channel.largest, f32::max);
        channel.sampled.extend(spread(channel.sampled.len(), values.len()).map(|i| values[i]));
    }
    Ok(())
}

/// Indices spread over `n` values: multiples of the golden ratio, which continue from scan to scan. Every k-th value would
/// be in the same few columns of a map, its border among them.
fn spread(n_before: usize, n: usize) -> impl Iterator<Item = usize> {
    const GOLDEN: f64 = 0.618_033_988_749_894_9;
    (n_before..n_before + N_SAMPLED.min(n)).map(move |i| ((i as f64 * GOLDEN).fract() * n as f64) as usize)
}

impl Activations for Observing {
    fn conv(&self, layer: &ConvBn, mode: Mode) -> Result<Self> {
        let x = self.x.conv(layer, mode)?;
        if layer.has_relu() { self.observe(layer, x) } else { Ok(self.with(x)) }
    }

    fn conv_add_relu(&self, layer: &ConvBn, identity: &Self, mode: Mode) -> Result<Self> {
        self.observe(layer, self.x.conv_add_relu(layer, &identity.x, mode)?)
    }

    fn average_pool(&self) -> Result<Self> {
        Ok(self.with(self.x.average_pool()?))
    }
}

/// The activation ranges of each rounded layer's channels, by the layer's name. `scans` are `pixel_values` (1, 3, h, w).
///
/// # Errors
/// A scan has another size than the model reads.
pub fn activation_ranges<'a>(
    clip: &Clip,
    scans: impl IntoIterator<Item = &'a Tensor>,
) -> Result<BTreeMap<String, Vec<ActivationRange>>> {
    let observed = Observed::default();
    for pixel_values in scans {
        let x = clip.visual.first(pixel_values, Mode::Eval)?;
        observe(&observed, clip.visual.inputs()[0].0, &x)?;
        clip.visual.layers(&Observing { x, observed: observed.clone() }, Mode::Eval)?;
    }
    Ok(observed.take().into_iter().map(|(name, channels)| (name, ranges(&channels))).collect())
}

/// A channel that is 0 on nearly all of the scans gets a share of the layer's largest scale: other scans may excite it.
fn ranges(channels: &[Channel]) -> Vec<ActivationRange> {
    let scales: Vec<f32> = channels.iter().map(best_scale).collect();
    let largest = scales.iter().copied().fold(0., f32::max);
    let least = if largest > 0. { largest * SMALLEST_SCALE } else { 1. };
    let range = |(channel, scale): (&Channel, f32)| {
        let scale = scale.max(least);
        let mean = |values: &mut dyn Iterator<Item = f32>| values.sum::<f32>() / channel.sampled.len().max(1) as f32;
        let rounded_mean = mean(&mut channel.sampled.iter().map(|v| rounded(*v, scale)));
        ActivationRange { scale, mean: mean(&mut channel.sampled.iter().copied()), rounded_mean }
    };
    channels.iter().zip(scales).map(range).collect()
}

/// As `kernels::Map` holds it.
fn rounded(value: f32, scale: f32) -> f32 {
    (value / scale).round_ties_even().min(f32::from(MAX_ACTIVATION)) * scale
}

/// The scale with the smallest mean square error of rounding and clipping (as in Banner et al. 2019, by grid search).
/// 0 where every value is 0.
fn best_scale(channel: &Channel) -> f32 {
    let error = |scale: f32| -> f64 { channel.sampled.iter().map(|v| f64::from(rounded(*v, scale) - v).powi(2)).sum() };
    if channel.largest <= 0. {
        return 0.;
    }
    let shares = (0..=N_CLIPPINGS).map(|i| 1. - i as f32 / N_CLIPPINGS as f32 * (1. - SMALLEST_CLIPPING));
    let scales = shares.map(|share| channel.largest * share / f32::from(MAX_ACTIVATION));
    scales.map(|scale| (error(scale), scale)).min_by(|a, b| a.0.total_cmp(&b.0)).map_or(0., |(_, scale)| scale)
}

/// `tensors` with the image tower's norms folded in and the scales of its activations added. The first convolution stays as
/// it is: it reads signed values, and takes little time.
///
/// # Errors
/// A layer has no activation ranges.
pub fn prepare(
    clip: &Clip,
    mut tensors: HashMap<String, Tensor>,
    ranges: &BTreeMap<String, Vec<ActivationRange>>,
) -> Result<HashMap<String, Tensor>> {
    for (layer, before) in clip.visual.inputs() {
        let (name, norm) = layer.names();
        let (kernel, bias) = layer.folded()?;
        let of = |ranges: &[ActivationRange], part: fn(&ActivationRange) -> f32| {
            let values: Vec<f32> = ranges.iter().map(part).collect();
            Tensor::new(values.as_slice(), kernel.device())
        };
        if let Some(ranges) = ranges.get(name) {
            tensors.insert(format!("{name}.{OUTPUT_SCALES}"), of(ranges, |r| r.scale)?);
        }
        let Some(before) = before else { continue };
        let input = ranges
            .get(before.names().0)
            .ok_or_else(|| Error::config("the activation ranges of a layer are missing"))?;
        let scales = of(input, |r| r.scale)?;
        let weight = kernel.broadcast_mul(&scales.reshape((1, (), 1, 1))?)?;
        // What the integers give for the rounded mean must be what the floats give for the mean (Nagel et al. 2019,
        // "bias correction").
        let per_input = |kernel: &Tensor| kernel.sum((2, 3));
        let meant = per_input(&kernel)?.matmul(&of(input, |r| r.mean)?.unsqueeze(1)?)?;
        let rounded = QuantizedTensor::quantize(&weight)?.dequantize(kernel.device())?;
        let given = per_input(&rounded)?.matmul(&of(input, |r| r.rounded_mean / r.scale)?.unsqueeze(1)?)?;
        for part in ["weight", "bias", "running_mean", "running_var"] {
            tensors.remove(&format!("{norm}.{part}"));
        }
        tensors.insert(format!("{name}.weight"), weight);
        tensors.insert(format!("{name}.bias"), ((bias + meant.squeeze(1)?)? - given.squeeze(1)?)?);
        tensors.insert(format!("{name}.{INPUT_SCALES}"), scales);
    }
    Ok(tensors)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channel(sampled: Vec<f32>) -> Channel {
        Channel { largest: sampled.iter().copied().fold(0., f32::max), sampled }
    }

    #[test]
    fn an_outlier_is_clipped_where_that_rounds_the_others_better() {
        let mut values: Vec<f32> = (0..10_000).map(|i| i as f32 / 10_000.).collect();
        assert!((best_scale(&channel(values.clone())) - 1. / 127.).abs() < 1e-4);
        values.push(3.);
        assert!(best_scale(&channel(values)) < 3. / 127., "the scale follows the outlier");
    }

    #[test]
    fn a_channel_of_zeros_has_a_scale_all_the_same() {
        let scales = |channels: &[Channel]| ranges(channels).iter().map(|r| r.scale).collect::<Vec<_>>();
        assert_eq!(scales(&[channel(vec![0.; 4]), channel(vec![12.7; 4])]), [0.002, 0.1]);
        assert_eq!(scales(&[channel(vec![0.; 4])]), [1.]);
    }

    #[test]
    fn values_are_sampled_from_every_row_and_column() {
        let (height, width) = (64, 128);
        let places: Vec<usize> = (0..20).flat_map(|scan| spread(scan * N_SAMPLED, height * width)).collect();
        for column in 0..width {
            let n = places.iter().filter(|i| **i % width == column).count();
            assert!((5..=15).contains(&n), "column {column} of {width} is seen {n} times of {}", places.len());
        }
        let highest = places.iter().filter(|i| **i / width < height / 2).count();
        assert!((highest * 2).abs_diff(places.len()) < 20);
    }

    #[test]
    fn the_mean_after_rounding_is_measured() {
        let ActivationRange { scale, mean, rounded_mean } = ranges(&[channel(vec![0.004, 1.27])])[0];
        assert!((scale - 0.01).abs() < 1e-6 && (mean - 0.637).abs() < 1e-6 && (rounded_mean - 0.635).abs() < 1e-6);
    }
}
