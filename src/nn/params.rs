//! Where weights come from: 32-bit floats, or 8-bit integers with one scale per output channel.
//! Knows tensors by name and shape; knows no model.

use std::collections::HashMap;

use candle_core::{DType, Device, Tensor};
use safetensors::{Dtype, SafeTensors};

use crate::error::{Error, Result};

/// What is added to a quantized tensor's name to name its scales.
pub const SCALE_SUFFIX: &str = ".scale";

/// A tensor as 8-bit integers: value ≈ `values · scales[output channel]`.
#[derive(Clone, Debug, PartialEq)]
pub struct QuantizedTensor {
    /// Shape of the tensor; dimension 0 is the output channel.
    pub shape: Vec<usize>,
    /// Row by row, -127…127.
    pub values: Vec<i8>,
    /// One per output channel.
    pub scales: Vec<f32>,
}

impl QuantizedTensor {
    /// Symmetric, per output channel (dimension 0): the largest magnitude becomes 127.
    pub fn quantize(tensor: &Tensor) -> Result<Self> {
        let shape = tensor.dims().to_vec();
        let flat = tensor.to_dtype(DType::F32)?.flatten_all()?.to_vec1::<f32>()?;
        let row = flat.len() / shape.first().copied().unwrap_or(1).max(1);
        let mut values = Vec::with_capacity(flat.len());
        let mut scales = Vec::with_capacity(shape.first().copied().unwrap_or(1));
        for channel in flat.chunks(row.max(1)) {
            let largest = channel.iter().fold(0f32, |m, v| m.max(v.abs()));
            let scale = if largest > 0. { largest / 127. } else { 1. };
            values.extend(channel.iter().map(|v| (v / scale).round() as i8));
            scales.push(scale);
        }
        Ok(Self { shape, values, scales })
    }

    /// Back to 32-bit floats.
    pub fn dequantize(&self, device: &Device) -> Result<Tensor> {
        let row = self.values.len() / self.scales.len().max(1);
        let flat: Vec<f32> = self
            .values
            .chunks(row.max(1))
            .zip(&self.scales)
            .flat_map(|(channel, scale)| channel.iter().map(move |v| f32::from(*v) * scale))
            .collect();
        Ok(Tensor::from_vec(flat, self.shape.as_slice(), device)?)
    }
}

/// All tensors of a file as 32-bit floats, quantized ones with their scales applied.
///
/// # Errors
/// Names the first tensor whose type is not known or whose scales do not fit.
pub fn tensors(file: &SafeTensors<'_>, device: &Device) -> Result<HashMap<String, Tensor>> {
    let mut tensors = HashMap::new();
    for (name, view) in file.iter() {
        if name.ends_with(SCALE_SUFFIX) {
            continue;
        }
        let shape = view.shape();
        let tensor = match view.dtype() {
            Dtype::F32 => Tensor::from_vec(f32s(view.data()), shape, device)?,
            Dtype::F16 => Tensor::from_raw_buffer(view.data(), DType::F16, shape, device)?.to_dtype(DType::F32)?,
            Dtype::I8 => {
                let scales = file
                    .tensor(&format!("{name}{SCALE_SUFFIX}"))
                    .map_err(|_| Error::weights(format!("weight {name} has no scales: re-export with train export")))?;
                let scales = f32s(scales.data());
                if shape.first() != Some(&scales.len()) {
                    return Err(Error::weights(format!(
                        "weight {name} has {} scales for shape {shape:?}: re-export with train export",
                        scales.len()
                    )));
                }
                let values = view.data().iter().map(|b| *b as i8).collect();
                QuantizedTensor { shape: shape.to_vec(), values, scales }.dequantize(device)?
            }
            other => {
                return Err(Error::weights(format!(
                    "weight {name} has type {other:?}, not F32, F16 or I8: re-export with train export"
                )));
            }
        };
        tensors.insert(name.to_owned(), tensor);
    }
    Ok(tensors)
}

fn f32s(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantized_weight_is_off_by_half_a_step_at_most() {
        let weight = Tensor::randn(0f32, 0.3, (6, 4, 3, 3), &Device::Cpu).unwrap();
        let quantized = QuantizedTensor::quantize(&weight).unwrap();
        let back = quantized.dequantize(&Device::Cpu).unwrap();
        let off = (weight - back).unwrap().abs().unwrap().reshape((6, ())).unwrap().max(1).unwrap();
        for (off, scale) in off.to_vec1::<f32>().unwrap().into_iter().zip(quantized.scales) {
            assert!(off <= scale * 0.501, "off by {off} with steps of {scale}");
        }
    }

    #[test]
    fn a_channel_of_zeros_stays_zero() {
        let weight = Tensor::zeros((2, 3), DType::F32, &Device::Cpu).unwrap();
        let back = QuantizedTensor::quantize(&weight).unwrap().dequantize(&Device::Cpu).unwrap();
        assert_eq!(back.to_vec2::<f32>().unwrap(), vec![vec![0.; 3]; 2]);
    }
}
