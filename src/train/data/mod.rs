//! Data folders: their layouts become records, patients are split, scans become samples.

pub mod augment;
pub mod dataset;
pub mod lesion_box;
pub mod oct5k;
pub mod octdl;
pub mod record;
pub mod samples;
pub mod split;
