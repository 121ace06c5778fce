//! What a run is made of: its settings, and the model it trains. Both are stored in the run's folder.

pub mod input_size;
mod model_spec;
mod settings;

pub use model_spec::ModelSpec;
pub use settings::{Contrast, Optimizer, SPLIT_FRACTIONS, Schedule, Settings};
