//! Differentiable layers and where their weights come from. Knows no model and no image.
//!
//! Every layer passes gradients to its input and, if its weights are floats, to them. candle's fused layer norm and its
//! last-dimension softmax silently pass none, so they are not used here. Fields are named as the keys of a state dict, so
//! that one maps to the other without a table.

pub(crate) mod activations;
mod add_relu;
pub(crate) mod attention;
pub(crate) mod conv;
mod conv_cpu;
mod conv_norm_cpu;
mod cpu_floats;
#[cfg(feature = "train")]
mod direct;
pub(crate) mod embedding;
pub(crate) mod guided;
pub mod linear;
pub(crate) mod max_pool;
pub mod norm;
pub mod params;
pub mod precision;
pub(crate) mod quick_gelu;
#[cfg(feature = "train")]
pub(crate) mod recorded;
mod standardize;
pub(crate) mod straight_through;
pub(crate) mod weight;

use crate::error::{Error, Kind};

impl From<candle_core::Error> for Error {
    fn from(source: candle_core::Error) -> Self {
        Error::new(Kind::Model, "a tensor operation failed").because(source)
    }
}

/// Which statistics batch norms use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Batch statistics; running statistics are updated.
    Train,
    /// Running statistics, unchanged.
    Eval,
}
