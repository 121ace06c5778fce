//! Rows of a table by number, in floats or in 8-bit integers.

use std::sync::Arc;

use candle_core::{D, Tensor};
use candle_nn::VarBuilder;

use super::params::{self, QuantizedTensor};
use crate::error::{Error, Result};

/// A table (n_rows, width).
#[derive(Clone, Debug)]
pub(crate) enum Embedding {
    /// Trainable.
    Float(Tensor),
    /// Integers, and the scale of each row.
    Int8(Arc<QuantizedTensor>),
}

impl Embedding {
    /// `name` (n_rows, width) under `vb`, as the file has it.
    pub(crate) fn new(n_rows: usize, width: usize, name: &str, vb: &VarBuilder<'_>) -> Result<Self> {
        Ok(match params::quantized(vb, &[n_rows, width], name)? {
            Some(table) => Self::Int8(Arc::new(table)),
            None => Self::Float(vb.get((n_rows, width), name)?),
        })
    }

    /// `ids` (…) of u32 → (…, width).
    ///
    /// # Errors
    /// An id is not below `n_rows`.
    pub(crate) fn forward(&self, ids: &Tensor) -> Result<Tensor> {
        let flat = ids.flatten_all()?;
        let rows = match self {
            Self::Float(table) => table.embedding(&flat)?,
            Self::Int8(table) => {
                let width = table.shape[1];
                let mut rows = Vec::with_capacity(flat.elem_count() * width);
                for id in flat.to_vec1::<u32>()? {
                    let id = id as usize;
                    let row = table.values.get(id * width..(id + 1) * width).zip(table.scales.get(id));
                    let (row, scale) = row.ok_or_else(|| Error::caption(format!("this model has no token {id}")))?;
                    rows.extend(row.iter().map(|v| f32::from(*v) * scale));
                }
                Tensor::from_vec(rows, (flat.elem_count(), width), ids.device())?
            }
        };
        let mut shape = ids.dims().to_vec();
        shape.push(rows.dim(D::Minus1)?);
        Ok(rows.reshape(shape)?)
    }
}
