//! Reads pickles as PyTorch writes them, as data: nothing that a pickle names is ever called.
//!
//! Python's unpickler calls the functions that a file names, so that a hostile file can run anything. This machine knows the opcodes
//! that PyTorch writes (Python's `pickletools.py`, PyTorch's `torch/csrc/jit/serialization/pickler.h`) and the few names
//! that tensors need; a file with any other is refused.
//!
//! Why not candle's: it copies a remembered value whenever it is read back, so that a few hundred bytes of lists within
//! lists exhaust the memory; its values nest, so that a deep one overflows the stack when it is dropped; it panics on
//! short argument lists, allocates as many bytes as a string claims to have, and accepts names that it does not know.
//! Here values lie in one list and refer to each other by index: sharing costs nothing, nothing nests, and there are
//! limits.
//!
//! Refuses what is not a pickle of tensors; knows no file.

mod machine;
mod value;

pub(super) use self::value::{Id, Storage, Value, View};
use crate::error::{Error, Result};

/// Bytes of the largest pickle that is read; CLIP's largest model has half a megabyte.
pub(super) const MAX_BYTES: u64 = 32 << 20;

/// A pickle, read.
#[derive(Debug)]
pub(super) struct Pickle {
    values: Vec<Value>,
    root: Id,
}

impl Pickle {
    /// Reads a pickle of protocol 2 to 4.
    ///
    /// # Errors
    /// It names what tensors do not need, holds an opcode that PyTorch does not write, is larger than that of any model,
    /// or is damaged.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self> {
        if bytes.len() as u64 > MAX_BYTES {
            return Err(Error::weights("its pickle is larger than that of any model"));
        }
        let (values, root) = machine::run(bytes)?;
        Ok(Self { values, root })
    }

    /// What the whole pickle stands for.
    pub(crate) fn root(&self) -> Id {
        self.root
    }

    /// One of its values.
    pub(crate) fn value(&self, id: Id) -> &Value {
        &self.values[id]
    }

    /// A value that is a string.
    pub(crate) fn text(&self, id: Id) -> Option<&str> {
        match &self.values[id] {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }
}
