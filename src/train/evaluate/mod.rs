//! A weights file measured on scans that it was not trained on.
//!
//! `reading` runs the model, once per scan; `evaluation` gathers its readings by source. `figures` are the few numbers
//! that a weights file keeps, `bands` among them (what answers that are alike turned out to be); `study` is everything that `train eval` reports, with `predictions` (a head's answers, for
//! each `head_input`), `captions` (retrieved against composed) and `warnings`; `stress` runs changed copies of the scans;
//! `explanations` measures heatmaps; `html` and `text` show it all. `drift` sets the outcomes of two models side by side.

mod bands;
mod captions;
pub(crate) mod drift;
pub(crate) mod evaluation;
pub(crate) mod explanations;
mod figures;
mod format;
mod head_input;
pub(crate) mod html;
mod pointing;
pub(crate) mod predictions;
pub(crate) mod reading;
pub(crate) mod stress;
pub(crate) mod study;
pub(crate) mod text;
mod verdicts;
mod warnings;
