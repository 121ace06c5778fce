//! Reads pickles as PyTorch writes them, as data: nothing that a pickle names is ever called.
//!
//! Python's unpickler calls what a file names, so that a hostile file runs what it likes. This machine knows the opcodes
//! that PyTorch writes (Python's `pickletools.py`, PyTorch's `torch/csrc/jit/serialization/pickler.h`) and the few names
//! that tensors need; a file with any other is refused.
//!
//! Why not candle's: it copies a remembered value whenever it is read back, so that a few hundred bytes of lists within
//! lists fill any memory; its values nest, so that a deep one overflows the stack when it is dropped; it panics on
//! short argument lists, takes room for as many bytes as a string claims, and keeps names that it does not know. Here
//! values lie in one list and refer to each other by place: sharing costs nothing, nothing nests, and there are limits.
//!
//! Refuses what is not a pickle of tensors; knows no file.

mod machine;

use std::rc::Rc;

use candle_core::DType;

use crate::error::{Error, Result};

/// Bytes of the largest pickle that is read; CLIP's largest model has half a megabyte.
pub const MAX_BYTES: u64 = 32 << 20;

/// The place of a value in [`Pickle::values`].
pub type Id = usize;

/// What a pickle holds, as far as tensors need it.
#[derive(Debug)]
pub enum Value {
    /// An integer of at most 64 bits.
    Int(i64),
    /// A string.
    Text(String),
    /// A list, tuple or set.
    Sequence(Vec<Id>),
    /// A dictionary, in its order.
    Map(Vec<(Id, Id)>),
    /// A TorchScript module's attributes, once they are known.
    Object(Option<Id>),
    /// One of the names that tensors need.
    Global(Global),
    /// The numbers of one or more tensors.
    Storage(Rc<Storage>),
    /// A view of a storage.
    Tensor(View),
    /// Something else that harms nobody: None, a boolean, a float, bytes, a device.
    Other,
}

/// Where numbers lie in the archive.
#[derive(Debug)]
pub struct Storage {
    /// Type of each number; booleans and 8-bit integers count as `U8`.
    pub dtype: DType,
    /// Name of the archive's entry under `data/`.
    pub key: String,
    /// How many numbers the pickle claims.
    pub n_elements: usize,
}

/// A tensor: which numbers of a storage, in which order. All in elements, not bytes.
#[derive(Clone, Debug)]
pub struct View {
    /// The numbers.
    pub storage: Rc<Storage>,
    /// The first one.
    pub offset: usize,
    /// Dimensions.
    pub shape: Vec<usize>,
    /// From one index to the next, for each dimension.
    pub strides: Vec<usize>,
}

/// The names that are allowed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Global {
    OrderedDict,
    RebuildTensor,
    RebuildParameter,
    Storage(DType),
    /// Returns its first argument: TorchScript's typed lists, `torch.Size`.
    Identity,
    /// A class of the archive's own code, of which only the attributes are read.
    TorchScriptClass,
    /// A device or a type.
    Inert,
}

fn global(module: &str, name: &str) -> Result<Global> {
    const LISTS: [&str; 5] =
        ["build_intlist", "build_tensorlist", "build_doublelist", "build_boollist", "restore_type_tag"];
    const INERT: [&str; 7] = ["device", "float16", "float32", "float64", "bfloat16", "int64", "strided"];
    Ok(match (module, name) {
        ("collections", "OrderedDict") => Global::OrderedDict,
        ("torch._utils", "_rebuild_tensor_v2") => Global::RebuildTensor,
        ("torch._utils", "_rebuild_parameter") => Global::RebuildParameter,
        ("torch", "FloatStorage") => Global::Storage(DType::F32),
        ("torch", "HalfStorage") => Global::Storage(DType::F16),
        ("torch", "BFloat16Storage") => Global::Storage(DType::BF16),
        ("torch", "DoubleStorage") => Global::Storage(DType::F64),
        ("torch", "LongStorage") => Global::Storage(DType::I64),
        ("torch", "IntStorage") => Global::Storage(DType::I32),
        ("torch", "ShortStorage") => Global::Storage(DType::I16),
        ("torch", "CharStorage" | "ByteStorage" | "BoolStorage") => Global::Storage(DType::U8),
        ("torch", "Size") => Global::Identity,
        ("torch.jit._pickle", list) if LISTS.contains(&list) => Global::Identity,
        ("torch", inert) if INERT.contains(&inert) => Global::Inert,
        (module, _) if module == "__torch__" || module.starts_with("__torch__.") => Global::TorchScriptClass,
        _ => {
            return Err(Error::weights(format!(
                "the file names {}.{}, which no tensor needs and which opening it in Python could run: save the tensors \
                 alone, with torch.save(model.state_dict(), …)",
                shown(module),
                shown(name)
            )));
        }
    })
}

/// A text out of a file, fit to be part of a message of one line.
pub fn shown(text: &str) -> String {
    const MAX_CHARS: usize = 120;
    let start: String = text.chars().take(MAX_CHARS).flat_map(char::escape_debug).collect();
    if text.chars().nth(MAX_CHARS).is_some() { format!("{start}…") } else { start }
}

/// A pickle, read.
#[derive(Debug)]
pub struct Pickle {
    values: Vec<Value>,
    root: Id,
}

impl Pickle {
    /// Reads a pickle of protocol 2 to 4.
    ///
    /// # Errors
    /// It names what tensors do not need, holds an opcode that PyTorch does not write, is larger than any checkpoint's,
    /// or is damaged.
    pub fn read(bytes: &[u8]) -> Result<Self> {
        if bytes.len() as u64 > MAX_BYTES {
            return Err(Error::weights("its pickle is larger than any checkpoint's"));
        }
        let (values, root) = machine::run(bytes)?;
        Ok(Self { values, root })
    }

    /// What the whole pickle stands for.
    pub fn root(&self) -> Id {
        self.root
    }

    /// One of its values.
    pub fn value(&self, id: Id) -> &Value {
        &self.values[id]
    }

    /// A value that is a string.
    pub fn text(&self, id: Id) -> Option<&str> {
        match &self.values[id] {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }
}
