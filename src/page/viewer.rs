//! How a scan is looked at: which part of it and how large, by which greys, with which tool, what is measured on it, and what it is
//! compared with. Kept scan by scan; nothing of it reaches the worker.

pub mod book;
pub mod compare;
pub mod gesture;
pub mod keys;
pub mod loupe;
pub mod measure;
pub mod transform;
pub mod window;
