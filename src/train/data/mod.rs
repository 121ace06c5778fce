//! Data folders: their layouts become records, patients are split, scans become samples.

pub(super) mod annotation;
pub(super) mod appearance;
pub(super) mod augment;
pub(super) mod check;
pub(super) mod dataset;
pub(super) mod kermany;
pub(super) mod lesion_box;
mod list;
mod listed;
mod locate;
pub(super) mod oct5k;
pub(super) mod octdl;
mod patient;
mod pictures;
pub(super) mod record;
pub(super) mod samples;
pub(super) mod scan_file;
pub(super) mod split;
pub(super) mod twins;
