//! What a run is made of: its settings, and the model it trains. Both are stored in the run's folder.

mod appearance;
pub(super) mod input_size;
mod model_spec;
mod number;
mod settings;

pub(super) use appearance::Appearance;
pub(super) use model_spec::ModelSpec;
pub(super) use number::{at_least_one, at_least_zero};
pub(super) use settings::{Contrast, Optimizer, SPLIT_FRACTIONS, Schedule, Settings};
