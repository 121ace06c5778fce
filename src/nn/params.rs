//! The tensors of a weights file: 32-bit floats, or 8-bit integers with one scale per output channel. Knows tensors by name
//! and shape; knows no model.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use candle_core::{DType, Device, Shape, Tensor};
use candle_nn::var_builder::SimpleBackend;
use candle_nn::{Init, VarBuilder};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

use crate::error::{Error, Result};

/// Appended to the name of a quantized tensor, it names the tensor's scales.
pub const SCALE_SUFFIX: &str = ".scale";
/// The largest magnitude of a quantized weight; -128 is not used, so that the range is symmetric.
const MAX_WEIGHT: f32 = 127.;
/// What is wrong with a tensor of which a value is NaN or infinite.
const NOT_FINITE: &str = "holds values that are not finite";

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
            let scale = if largest > 0. { largest / MAX_WEIGHT } else { 1. };
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

/// `weight` with random values: those of each output channel (dimension 0) are normal, with mean 0 and the mean square of
/// those that they replace, so that activations keep their size. `normal` gives normal numbers with variance 1.
///
/// # Errors
/// A tensor operation fails.
pub fn randomized(weight: &Tensor, normal: &mut dyn FnMut() -> f32) -> Result<Tensor> {
    let mut values = weight.to_dtype(DType::F32)?.flatten_all()?.to_vec1::<f32>()?;
    let row = values.len() / weight.dims().first().copied().unwrap_or(1).max(1);
    for channel in values.chunks_mut(row.max(1)) {
        let size = (channel.iter().map(|v| v * v).sum::<f32>() / channel.len() as f32).sqrt();
        channel.iter_mut().for_each(|v| *v = size * normal());
    }
    Ok(Tensor::from_vec(values, weight.dims(), weight.device())?.to_dtype(weight.dtype())?)
}

/// The same for `values` of `n_out` channels as integers, rounded and at most 127.
pub fn randomized_integers(values: &[i8], n_out: usize, normal: &mut dyn FnMut() -> f32) -> Vec<i8> {
    let mut random = Vec::with_capacity(values.len());
    for channel in values.chunks((values.len() / n_out.max(1)).max(1)) {
        let size = (channel.iter().map(|v| f32::from(*v).powi(2)).sum::<f32>() / channel.len() as f32).sqrt();
        random.extend(channel.iter().map(|_| (size * normal()).round().clamp(-MAX_WEIGHT, MAX_WEIGHT) as i8));
    }
    random
}

/// The integers of a tensor, if the file has it quantized.
///
/// # Errors
/// The tensor is missing or of another shape.
pub fn quantized(vb: &VarBuilder<'_>, shape: &[usize], name: &str) -> Result<Option<QuantizedTensor>> {
    let scales = format!("{name}{SCALE_SUFFIX}");
    if !vb.contains_tensor(&scales) {
        return Ok(None);
    }
    let bytes = vb.get_with_hints_dtype(shape, name, Init::default(), DType::U8)?.flatten_all()?.to_vec1::<u8>()?;
    let values = bytes.into_iter().map(|byte| byte as i8).collect();
    let scales = vb.get(shape[0], &scales)?.to_vec1()?;
    Ok(Some(QuantizedTensor { shape: shape.to_vec(), values, scales }))
}

/// A key of a header's metadata, and what makes its text from the tensors that are written.
pub type Note<'n> = (&'n str, &'n dyn Fn(&[(&str, TensorView<'_>)]) -> String);

/// A safetensors file of `tensors`: 8-bit integers with scales where `is_int8` holds, else floats. `note` goes to the
/// header's metadata.
///
/// # Errors
/// A tensor is of a type that has no floats, or holds values that are not finite.
pub fn write(
    tensors: &HashMap<String, Tensor>,
    is_int8: impl Fn(&str, &Tensor) -> bool,
    note: Option<Note<'_>>,
) -> Result<Vec<u8>> {
    let mut parts: Vec<(String, Dtype, Vec<usize>, Vec<u8>)> = Vec::new();
    for (name, tensor) in tensors {
        // Before integers are made of them: NaN would become 0.
        if !tensor.to_dtype(DType::F32)?.flatten_all()?.to_vec1::<f32>()?.iter().all(|v| v.is_finite()) {
            return Err(Error::weights(format!(
                "weight {name} {NOT_FINITE}: train again with a lower --learning-rate"
            )));
        }
        if is_int8(name, tensor) {
            let q = QuantizedTensor::quantize(tensor)?;
            let scales = q.scales.iter().flat_map(|s| s.to_le_bytes()).collect();
            parts.push((format!("{name}{SCALE_SUFFIX}"), Dtype::F32, vec![q.scales.len()], scales));
            parts.push((name.clone(), Dtype::I8, q.shape, q.values.iter().map(|v| *v as u8).collect()));
        } else {
            let flat = tensor.to_dtype(DType::F32)?.flatten_all()?.to_vec1::<f32>()?;
            let bytes = flat.iter().flat_map(|v| v.to_le_bytes()).collect();
            parts.push((name.clone(), Dtype::F32, tensor.dims().to_vec(), bytes));
        }
    }
    parts.sort_by(|a, b| a.0.cmp(&b.0));
    let failed = |e: safetensors::SafeTensorError| Error::weights("the weights file cannot be written").because(e);
    let views = parts
        .iter()
        .map(|(name, dtype, shape, bytes)| Ok((name.as_str(), TensorView::new(*dtype, shape.clone(), bytes)?)))
        .collect::<Result<Vec<_>, _>>()
        .map_err(failed)?;
    let note = note.map(|(key, text)| HashMap::from([(key.to_owned(), text(&views))]));
    safetensors::serialize(views, note).map_err(failed)
}

/// The tensors of a file. A quantized tensor's integers are moved out on the first read, so that memory holds little more
/// than the file while layers are built.
pub struct Params {
    tensors: HashMap<String, Stored>,
}

struct Stored {
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Mutex<Vec<u8>>,
}

impl Params {
    /// Of a safetensors file.
    ///
    /// # Errors
    /// A damaged file; or names the first tensor whose type is not known, whose scales do not fit, or of which a value is NaN
    /// or infinite.
    pub fn new(mut bytes: Vec<u8>) -> Result<Self> {
        let damaged = |e| Error::weights("is damaged or cut short: fetch or export it again").because(e);
        let file = SafeTensors::deserialize(&bytes).map_err(damaged)?;
        let start = |view: &TensorView<'_>| view.data().as_ptr() as usize - bytes.as_ptr() as usize;
        let mut places: Vec<_> = file
            .iter()
            .map(|(name, view)| (start(&view), view.data().len(), name.to_owned(), view.dtype(), view.shape().to_vec()))
            .collect();
        // From the end, so that each part is freed before the next is copied.
        places.sort_unstable_by_key(|(start, n_bytes, ..)| std::cmp::Reverse((*start, *n_bytes)));
        let mut tensors = HashMap::new();
        for (start, n_bytes, name, dtype, shape) in places {
            let mut part = bytes.split_off(start);
            part.truncate(n_bytes);
            bytes.shrink_to_fit();
            tensors.insert(name, Stored { dtype, shape, bytes: Mutex::new(part) });
        }
        let params = Self { tensors };
        params.check()?;
        Ok(params)
    }

    fn check(&self) -> Result<()> {
        for (name, stored) in &self.tensors {
            let refused =
                |why: String| Err(Error::weights(format!("weight {name} {why}: re-export with train export")));
            match stored.dtype {
                Dtype::F32 | Dtype::F16 => {}
                Dtype::I8 => match self.tensors.get(&format!("{name}{SCALE_SUFFIX}")) {
                    Some(scales) if scales.dtype == Dtype::F32 && stored.shape.first() == scales.shape.first() => {}
                    Some(scales) => {
                        return refused(format!("has scales {:?} for shape {:?}", scales.shape, stored.shape));
                    }
                    None => return refused("has no scales".to_owned()),
                },
                other => return refused(format!("has type {other:?}, not F32, F16 or I8")),
            }
            if !stored.is_finite() {
                return Err(Error::weights(format!("weight {name} {NOT_FINITE}: fetch or export the file again")));
            }
        }
        Ok(())
    }

    /// A builder of layers. As U8, it gives a quantized tensor's integers, once; as any other type, floats with the scales
    /// applied.
    pub fn into_builder(self) -> VarBuilder<'static> {
        VarBuilder::from_backend(Box::new(self), DType::F32, Device::Cpu)
    }
}

impl Stored {
    fn bytes(&self) -> MutexGuard<'_, Vec<u8>> {
        self.bytes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether every value is finite, as all integers are.
    fn is_finite(&self) -> bool {
        let bytes = self.bytes();
        // Of NaN and infinity, and of nothing else, all bits of the exponent are set.
        let is_finite_half = |b: &[u8; 2]| u16::from_le_bytes(*b) & 0x7c00 != 0x7c00;
        match self.dtype {
            Dtype::F32 => bytes.as_chunks::<4>().0.iter().all(|b| f32::from_le_bytes(*b).is_finite()),
            Dtype::F16 => bytes.as_chunks::<2>().0.iter().all(is_finite_half),
            _ => true,
        }
    }

    fn floats(&self) -> Vec<f32> {
        self.bytes().as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect()
    }
}

impl SimpleBackend for Params {
    fn get(&self, s: Shape, name: &str, _: Init, dtype: DType, device: &Device) -> candle_core::Result<Tensor> {
        if let Some(stored) = self.tensors.get(name)
            && stored.shape != s.dims()
        {
            candle_core::bail!("weight {name} has shape {:?}, not {s:?}: re-export with train export", stored.shape);
        }
        self.get_unchecked(name, dtype, device)
    }

    fn get_unchecked(&self, name: &str, dtype: DType, device: &Device) -> candle_core::Result<Tensor> {
        let Some(stored) = self.tensors.get(name) else {
            candle_core::bail!("weight {name} is missing: re-export with train export");
        };
        let shape = stored.shape.as_slice();
        match stored.dtype {
            Dtype::I8 if dtype == DType::U8 => Tensor::from_vec(std::mem::take(&mut *stored.bytes()), shape, device),
            Dtype::I8 => {
                let scales = self.tensors.get(&format!("{name}{SCALE_SUFFIX}")).map(Stored::floats);
                let values = stored.bytes().iter().map(|b| *b as i8).collect();
                let tensor = QuantizedTensor { shape: shape.to_vec(), values, scales: scales.unwrap_or_default() };
                tensor.dequantize(device).map_err(candle_core::Error::wrap)?.to_dtype(dtype)
            }
            Dtype::F16 => Tensor::from_raw_buffer(&stored.bytes(), DType::F16, shape, device)?.to_dtype(dtype),
            _ => Tensor::from_vec(stored.floats(), shape, device)?.to_dtype(dtype),
        }
    }

    fn contains_tensor(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantized_weight_is_off_by_half_a_scale_at_most() {
        let weight = Tensor::randn(0f32, 0.3, (6, 4, 3, 3), &Device::Cpu).unwrap();
        let quantized = QuantizedTensor::quantize(&weight).unwrap();
        let back = quantized.dequantize(&Device::Cpu).unwrap();
        let off = (weight - back).unwrap().abs().unwrap().reshape((6, ())).unwrap().max(1).unwrap();
        for (off, scale) in off.to_vec1::<f32>().unwrap().into_iter().zip(quantized.scales) {
            assert!(off <= scale * 0.501, "off by {off} with a scale of {scale}");
        }
    }

    #[test]
    fn values_that_are_not_finite_are_neither_read_nor_written() {
        let one = |bytes: &[u8], dtype| {
            let view =
                TensorView::new(dtype, vec![bytes.len() / if dtype == Dtype::F32 { 4 } else { 2 }], bytes).unwrap();
            Params::new(safetensors::serialize([("head.bias", view)], None).unwrap()).map(drop)
        };
        for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let floats = [1f32, value].map(f32::to_le_bytes).concat();
            let refused = one(&floats, Dtype::F32).unwrap_err().to_string();
            assert!(refused.contains("head.bias holds values that are not finite"), "{refused}");
            let tensors = HashMap::from([("fc".to_owned(), Tensor::new(&[[1f32, value]], &Device::Cpu).unwrap())]);
            for is_int8 in [true, false] {
                let refused = write(&tensors, |_, _| is_int8, None).unwrap_err().to_string();
                assert!(refused.contains("fc holds values that are not finite"), "{refused}");
            }
        }
        // Half floats: infinity and NaN, then the largest that is finite.
        for (bits, is_refused) in [(0x7c00u16, true), (0xfe00, true), (0x7bff, false)] {
            assert_eq!(one(&bits.to_le_bytes(), Dtype::F16).is_err(), is_refused, "{bits:x}");
        }
        assert!(one(&f32::MAX.to_le_bytes(), Dtype::F32).is_ok());
    }

    #[test]
    fn random_weights_keep_the_size_of_each_channel() {
        // A fixed sequence of mean square 1.
        let mut sign = 1.;
        let mut alternating = || {
            sign = -sign;
            sign
        };
        let weight = Tensor::new(&[[3f32, 4., 0., 0.], [0., 0., 0., 0.]], &Device::Cpu).unwrap();
        let random = randomized(&weight, &mut alternating).unwrap().to_vec2::<f32>().unwrap();
        assert_eq!(random, [[-2.5, 2.5, -2.5, 2.5], [0.; 4]]);
        assert_eq!(
            randomized_integers(&[6, 8, 0, 0, 127, 127, 127, -127], 2, &mut alternating),
            [-5, 5, -5, 5, -127, 127, -127, 127]
        );
    }

    #[test]
    fn a_channel_of_zeros_stays_zero() {
        let weight = Tensor::zeros((2, 3), DType::F32, &Device::Cpu).unwrap();
        let back = QuantizedTensor::quantize(&weight).unwrap().dequantize(&Device::Cpu).unwrap();
        assert_eq!(back.to_vec2::<f32>().unwrap(), vec![vec![0.; 3]; 2]);
    }
}
