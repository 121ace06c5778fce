//! Pretrained weights as the start of a run: a CLIP of OpenAI or open_clip with its vocabulary (`clip`), a weights file of
//! octlens (`weights_file`), the folder that `train import` or another run wrote (`folder`). `start` tells them apart by
//! what a path points to. torchvision's ResNet-50 (`resnet50`) is the backbone of a baseline.
//!
//! These files are not trusted. Nothing in them is run, nothing is unpacked, and memory is taken only for what lies
//! in the file: `archive` bounds the entries, `pickle` the values, `state_dict` the tensors, `shapes` says what does not
//! fit. PyTorch's pickles are read by hand, since candle's reader trusts them; `pickle` has the reasons.
//!
//! Any start can be given another input size (`positions`) and more words (`words`).
//!
//! The text tower has OpenAI's QuickGELU, which no weights file records: of open_clip's models those named `-quickgelu`,
//! and all of OpenAI's, are right.

mod archive;
pub mod bpe;
mod cleaning;
pub mod clip;
mod excerpt;
pub mod folder;
mod manifest;
mod pickle;
mod positions;
mod pretrained;
pub mod resnet50;
mod shapes;
mod sizes;
pub(crate) mod start;
mod state_dict;
mod weights_file;
mod words;

pub(crate) use self::manifest::MANIFEST;
pub use self::manifest::Manifest;
pub use self::pretrained::Pretrained;
