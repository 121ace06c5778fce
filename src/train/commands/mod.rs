//! One file per command: its options, the order of its steps, and what it prints. `args` has the options that several
//! share, `records` reads what `--data` names, `explanations` is a part of `eval`, `weights` loads weights files, `output`
//! prints, `answer_lines`, `archive`, `asked`, `dicom`, `evidence_lines`, `eyes`, `overlay` and `result_files` are parts of
//! `explain`.

mod answer_lines;
mod archive;
mod args;
mod asked;
pub(super) mod baseline;
pub(super) mod bench;
mod dicom;
pub(super) mod embed;
pub(super) mod eval;
mod evidence_lines;
pub(super) mod explain;
mod explanations;
pub(super) mod export;
mod eyes;
pub(super) mod finetune;
pub(super) mod heads;
pub(super) mod import;
pub(crate) mod output;
mod overlay;
pub(super) mod paper;
pub(super) mod phantom;
mod records;
mod result_files;
mod weights;
