//! Differentiable layers and where their weights come from. Knows no model and no image.
//!
//! Every layer passes gradients, to its input and (floats) to its weights; candle's fused layer norm and last-dimension
//! softmax do not (silently), which is why they are not used here. Fields mirror checkpoint keys, so that a state
//! dict maps without a table.

pub mod activations;
mod add_relu;
pub mod attention;
pub mod conv;
mod conv_cpu;
mod conv_norm_cpu;
mod cpu_floats;
pub mod embedding;
pub mod linear;
pub mod norm;
pub mod params;
pub mod precision;
pub mod quick_gelu;
pub mod straight_through;
pub mod weight;

use crate::error::{Error, Kind};

impl From<candle_core::Error> for Error {
    fn from(source: candle_core::Error) -> Self {
        Error::new(Kind::Model, "a tensor operation failed").because(source)
    }
}

/// Whether layers use batch statistics (and update their running ones) or the running ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Batch statistics; running statistics are updated.
    Train,
    /// Running statistics, unchanged.
    Eval,
}
