//! What a pickle holds: the values of the pickle machine, and the few names that are allowed. Calls nothing.

use std::rc::Rc;

use candle_core::DType;

use crate::error::{Error, Result};
use crate::train::import::excerpt::excerpt;

/// A value's place in the list of all values.
pub(crate) type Id = usize;

/// What a pickle holds, as far as tensors need it.
#[derive(Debug)]
pub(crate) enum Value {
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
    /// Anything else that is allowed: None, a boolean, a float, bytes, a device.
    Other,
}

/// Where numbers lie in the archive.
#[derive(Debug)]
pub(crate) struct Storage {
    /// Type of each number; booleans and 8-bit integers count as `U8`.
    pub dtype: DType,
    /// Name of the archive's entry under `data/`.
    pub key: String,
    /// How many numbers the pickle claims.
    pub n_elements: usize,
}

/// A tensor: which numbers of a storage, in which order. All in elements, not bytes.
#[derive(Clone, Debug)]
pub(crate) struct View {
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
pub(crate) enum Global {
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

/// The meaning of a name.
///
/// # Errors
/// Tensors do not need it.
pub(super) fn global(module: &str, name: &str) -> Result<Global> {
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
                "the file names {}.{}, which no tensor needs, and which Python could run on opening the file: save the tensors \
                 alone, with torch.save(model.state_dict(), …)",
                excerpt(module),
                excerpt(name)
            )));
        }
    })
}
