//! A trained model made ready for 8-bit integers: norms folded into convolutions, and the step of every activation
//! calibrated on training scans.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use candle_core::Tensor;

use crate::clip::Clip;
use crate::error::{Error, Result};
use crate::nn::Mode;
use crate::nn::activations::Activations;
use crate::nn::conv::{ConvBn, INPUT_STEPS, OUTPUT_STEPS};

/// Values that are kept of each channel and scan: enough for a histogram, little enough for memory.
const N_KEPT: usize = 256;
/// Clippings that are tried, from the largest value down to this share of it.
const N_CLIPPINGS: usize = 40;
const SMALLEST_CLIPPING: f32 = 0.2;
/// The largest byte (`kernels::MAX_ACTIVATION`).
const N_STEPS: f32 = 127.;
/// The least step, as a share of the layer's largest.
const SMALLEST_STEP: f32 = 0.02;

/// Values of each channel of each layer, by the layer's name.
type Notes = Rc<RefCell<BTreeMap<String, Vec<Vec<f32>>>>>;

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
    let kept = notes.entry(layer.names().0.to_owned()).or_insert_with(|| vec![Vec::new(); channels.len()]);
    for (kept, values) in kept.iter_mut().zip(channels) {
        let stride = values.len().div_ceil(N_KEPT);
        kept.push(values.iter().copied().fold(0., f32::max));
        kept.extend(values.into_iter().step_by(stride));
    }
    Ok(())
}

impl Activations for Observed {
    fn conv(&self, layer: &ConvBn, mode: Mode) -> Result<Self> {
        let x = self.x.conv(layer, mode)?;
        if layer.has_relu() { self.noted(layer, x) } else { Ok(Self { x, notes: self.notes.clone() }) }
    }

    fn conv_add_relu(&self, layer: &ConvBn, identity: &Self, mode: Mode) -> Result<Self> {
        self.noted(layer, self.x.conv_add_relu(layer, &identity.x, mode)?)
    }

    fn halve(&self) -> Result<Self> {
        Ok(Self { x: self.x.halve()?, notes: self.notes.clone() })
    }
}

/// The steps of each rounded layer's channels, by the layer's name. `scans` are `pixel_values` (1, 3, h, w).
///
/// # Errors
/// A scan has another size than the model reads.
pub fn calibrate<'a>(clip: &Clip, scans: impl IntoIterator<Item = &'a Tensor>) -> Result<BTreeMap<String, Vec<f32>>> {
    let notes = Notes::default();
    for pixel_values in scans {
        let x = clip.visual.first(pixel_values, Mode::Eval)?;
        note(&notes, clip.visual.inputs()[0].0, &x)?;
        clip.visual.layers(&Observed { x, notes: notes.clone() }, 0..clip.visual.n_stages(), Mode::Eval)?;
    }
    Ok(notes.take().into_iter().map(|(name, channels)| (name, steps(&channels))).collect())
}

/// Each channel's step. One that hardly ever spoke in calibration gets a share of the loudest one's: it may speak later.
fn steps(channels: &[Vec<f32>]) -> Vec<f32> {
    let steps: Vec<f32> = channels.iter().map(|values| best_step(values)).collect();
    let largest = steps.iter().copied().fold(0., f32::max);
    let least = if largest > 0. { largest * SMALLEST_STEP } else { 1. };
    steps.into_iter().map(|step| step.max(least)).collect()
}

/// The step with the smallest mean square error of rounding and clipping (as in Banner et al. 2019, found by trying).
/// 0 where nothing spoke.
fn best_step(values: &[f32]) -> f32 {
    let largest = values.iter().copied().fold(0., f32::max);
    let error = |step: f32| -> f64 {
        let off = |v: &f32| f64::from((v / step).round_ties_even().min(N_STEPS) * step - v);
        values.iter().map(|v| off(v).powi(2)).sum()
    };
    if largest <= 0. {
        return 0.;
    }
    let shares = (0..=N_CLIPPINGS).map(|i| 1. - i as f32 / N_CLIPPINGS as f32 * (1. - SMALLEST_CLIPPING));
    let steps = shares.map(|share| largest * share / N_STEPS);
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
    steps: &BTreeMap<String, Vec<f32>>,
) -> Result<HashMap<String, Tensor>> {
    for (layer, before) in clip.visual.inputs() {
        let (name, norm) = layer.names();
        let (kernel, bias) = layer.folded()?;
        if let Some(steps) = steps.get(name) {
            tensors.insert(format!("{name}.{OUTPUT_STEPS}"), Tensor::new(steps.as_slice(), kernel.device())?);
        }
        let Some(before) = before else { continue };
        let input = steps.get(before.names().0).ok_or_else(|| Error::config("a layer was not calibrated"))?;
        let input = Tensor::new(input.as_slice(), kernel.device())?;
        for part in ["weight", "bias", "running_mean", "running_var"] {
            tensors.remove(&format!("{norm}.{part}"));
        }
        tensors.insert(format!("{name}.weight"), kernel.broadcast_mul(&input.reshape((1, (), 1, 1))?)?);
        tensors.insert(format!("{name}.bias"), bias);
        tensors.insert(format!("{name}.{INPUT_STEPS}"), input);
    }
    Ok(tensors)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outlier_is_clipped_where_that_rounds_the_others_better() {
        let mut values: Vec<f32> = (0..10_000).map(|i| i as f32 / 10_000.).collect();
        assert!((best_step(&values) - 1. / 127.).abs() < 1e-4);
        values.push(3.);
        assert!(best_step(&values) < 3. / 127., "the step follows the outlier");
    }

    #[test]
    fn a_silent_channel_has_a_step_all_the_same() {
        assert_eq!(steps(&[vec![0.; 4], vec![12.7; 4]]), [0.002, 0.1]);
        assert_eq!(steps(&[vec![0.; 4]]), [1.]);
    }
}
