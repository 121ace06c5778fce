//! A file of pretrained weights as named tensors: PyTorch's archives and safetensors, told apart by their first bytes.
//!
//! Names, shapes and places are read and checked first; numbers only of tensors that were asked for, whose shapes fit,
//! and which lie within the file. Knows no model.

use std::collections::{BTreeMap, HashMap};
use std::io::Read;
use std::path::Path;

use candle_core::{DType, Device, Tensor};
use safetensors::{Dtype, SafeTensors};

use super::archive::Archive;
use super::excerpt::excerpt;
use super::pickle::{Id, Pickle, Storage, Value, View};
use super::shapes::{Shapes, dims};
use crate::error::{Error, Kind, Result};
use crate::train::files::{self, Action, failed};
use crate::train::run::tensor_file;

/// Dictionaries within dictionaries, modules within modules; CLIP's nest seven deep.
const MAX_DEPTH: usize = 32;
/// Values that are visited for names: a few kilobytes of dictionaries that share their parts can yield any number.
const MAX_VISITS: usize = 200_000;
/// Characters of one tensor's name.
const MAX_NAME: usize = 256;
/// Bytes of the largest file; CLIP's largest ResNet has 1.3 GB.
const MAX_FILE: u64 = 8 << 30;
/// Keys under which training programs store the model, next to the optimiser.
const WRAPPERS: [&str; 3] = ["state_dict", "model_state_dict", "model"];
/// What `DataParallel`, `torch.compile` and a wrapping module put before every name.
const PREFIXES: [&str; 3] = ["module.", "_orig_mod.", "model."];
/// Suffix of PyTorch's counters of the batches that a norm has seen; they are not used.
const COUNTER: &str = ".num_batches_tracked";

/// An open file of pretrained weights.
pub(super) struct StateDict {
    tensors: BTreeMap<String, View>,
    integers: BTreeMap<String, i64>,
    contents: Contents,
}

enum Contents {
    Torch(Archive),
    /// The file's bytes; the views' keys are names in it.
    Safetensors(Vec<u8>),
}

impl StateDict {
    /// Opens a file and reads what it says of its tensors.
    ///
    /// # Errors
    /// The file is of another format, damaged, or claims more than it can hold.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let mut file = files::open(path)?;
        let about = file.metadata().map_err(|e| failed(Action::Read, path, e))?;
        if !about.is_file() || about.len() > MAX_FILE {
            return Err(Error::weights("it is not a file, or larger than any model this program trains"));
        }
        let mut head = Vec::new();
        file.by_ref().take(9).read_to_end(&mut head).map_err(|e| failed(Action::Read, path, e))?;
        let mut state_dict = match head.as_slice() {
            [b'P', b'K', 3, 4, ..] => Self::torch(Archive::open(path)?)?,
            [_, _, _, _, _, _, _, _, b'{'] => Self::safetensors(files::read(path)?)?,
            [0x80, ..] => {
                return Err(Error::weights(
                    "it is in the format of PyTorch before 1.6: load it in PyTorch and save it again with torch.save",
                ));
            }
            _ => {
                return Err(Error::weights(
                    "it is neither PyTorch's (.pt, .pth, .bin) nor safetensors: give a file of weights",
                ));
            }
        };
        state_dict.strip_prefixes();
        state_dict.tensors.retain(|name, _| !name.ends_with(COUNTER));
        Ok(state_dict)
    }

    fn torch(mut archive: Archive) -> Result<Self> {
        let pickle = Pickle::read(&archive.pickle()?)?;
        let mut names = Names { pickle: &pickle, tensors: BTreeMap::new(), integers: BTreeMap::new(), n_visits: 0 };
        names.collect(unwrapped(&pickle), &mut Vec::new())?;
        let (tensors, integers) = (names.tensors, names.integers);
        Ok(Self { tensors, integers, contents: Contents::Torch(archive) })
    }

    fn safetensors(bytes: Vec<u8>) -> Result<Self> {
        let damaged = || Error::weights("it is damaged or cut short: fetch it again");
        // Files of other programs have no checksum.
        tensor_file::check(&bytes).map_err(|e| damaged().because(e))?;
        let file = SafeTensors::deserialize(&bytes).map_err(|e| damaged().because(e))?;
        let tensors = file
            .iter()
            .map(|(name, view)| {
                let shape = view.shape().to_vec();
                let dtype = dtype(view.dtype());
                let n_elements = view.data().len() / dtype.size_in_bytes();
                let storage = Storage { dtype, key: name.to_owned(), n_elements };
                let strides = contiguous(&shape);
                (name.to_owned(), View { storage: storage.into(), offset: 0, shape, strides })
            })
            .collect();
        Ok(Self { tensors, integers: BTreeMap::new(), contents: Contents::Safetensors(bytes) })
    }

    /// The file's format, for messages and manifests.
    pub(super) fn format(&self) -> &'static str {
        match &self.contents {
            Contents::Torch(archive) if archive.is_torch_script() => "TorchScript archive",
            Contents::Torch(_) => "PyTorch state dict",
            Contents::Safetensors(_) => "safetensors",
        }
    }

    /// Every tensor's shape by name.
    pub(super) fn shapes(&self) -> Shapes {
        self.tensors.iter().map(|(name, view)| (name.clone(), view.shape.clone())).collect()
    }

    /// Renames tensors; if two get the same name, the last one stays.
    pub(super) fn rename(&mut self, new_name: impl Fn(&str) -> String) {
        let tensors = std::mem::take(&mut self.tensors);
        self.tensors = tensors.into_iter().map(|(name, view)| (new_name(&name), view)).collect();
    }

    fn strip_prefixes(&mut self) {
        let common = |tensors: &BTreeMap<String, View>| {
            PREFIXES.into_iter().find(|p| !tensors.is_empty() && tensors.keys().all(|name| name.starts_with(p)))
        };
        while let Some(prefix) = common(&self.tensors) {
            self.rename(|name| name.strip_prefix(prefix).unwrap_or(name).to_owned());
            let short = |name: String| name.strip_prefix(prefix).unwrap_or(&name).to_owned();
            self.integers = std::mem::take(&mut self.integers).into_iter().map(|(n, v)| (short(n), v)).collect();
        }
    }

    /// A number that is stored with the weights, as a tensor of one element or as a plain integer.
    ///
    /// # Errors
    /// There is one, but it cannot be read.
    pub(super) fn integer(&mut self, name: &str) -> Result<Option<i64>> {
        let Some(view) = self.tensors.get(name).cloned() else { return Ok(self.integers.get(name).copied()) };
        if view.shape.iter().any(|n| *n != 1) {
            return Err(Error::weights(format!("its {} is not one number", excerpt(name))));
        }
        self.check_place(name, &view)?;
        let value = self.read(&view)?.to_dtype(DType::F64)?.flatten_all()?.to_vec1::<f64>()?;
        Ok(value.first().map(|v| *v as i64))
    }

    /// The tensors of `wanted`, all of which must be there in these shapes, as 32-bit floats on the CPU.
    ///
    /// # Errors
    /// Names a tensor that does not hold floats, does not lie within the file, or holds a number that is not finite.
    pub(super) fn floats(&mut self, wanted: &Shapes) -> Result<HashMap<String, Tensor>> {
        let mut views: Vec<(String, View)> = Vec::new();
        let mut n_bytes = 0usize;
        for (name, shape) in wanted {
            let view = self.tensors.get(name).filter(|view| view.shape == *shape).cloned();
            let view = view.ok_or_else(|| Error::weights(format!("its {name} is missing or of another shape")))?;
            if !matches!(view.storage.dtype, DType::F32 | DType::F16 | DType::BF16 | DType::F64) {
                return Err(Error::weights(format!(
                    "its {name} does not hold floats: only f32, f16, bf16 and f64 are read"
                )));
            }
            self.check_place(name, &view)?;
            let size = view.shape.iter().product::<usize>() * view.storage.dtype.size_in_bytes();
            n_bytes = n_bytes.saturating_add(size);
            views.push((name.clone(), view));
        }
        // Tensors may share numbers, but then no more of them come out than lie in the file.
        if n_bytes as u64 > self.n_bytes() {
            return Err(Error::weights("its tensors claim more bytes than the file holds"));
        }
        views.into_iter().map(|(name, view)| Ok((name.clone(), self.finite(&name, &view)?))).collect()
    }

    fn finite(&mut self, name: &str, view: &View) -> Result<Tensor> {
        let tensor = self.read(view)?.to_dtype(DType::F32)?;
        // The sum of squares of any real weights is finite; one of 1e19 would overflow it, and is no weight either.
        let sum = tensor.sqr()?.sum_all()?.to_scalar::<f32>()?;
        if !sum.is_finite() {
            return Err(Error::weights(format!(
                "its {name} holds a number that is not finite: fetch or train it again"
            )));
        }
        Ok(tensor)
    }

    fn n_bytes(&self) -> u64 {
        match &self.contents {
            Contents::Torch(archive) => archive.n_bytes(),
            Contents::Safetensors(bytes) => bytes.len() as u64,
        }
    }

    /// Checks that every element of the view lies in its storage and the storage in the file, and that the view has no
    /// more elements than the storage: with a stride of zero, one number could become any number of them.
    fn check_place(&mut self, name: &str, view: &View) -> Result<()> {
        let View { storage, offset, shape, strides } = view;
        let refused = || {
            Error::weights(format!(
                "its {} claims {}, which does not lie in the file: fetch it again",
                excerpt(name),
                dims(shape)
            ))
        };
        let n_elements = shape.iter().try_fold(1usize, |n, dim| n.checked_mul(*dim)).ok_or_else(refused)?;
        let last = shape
            .iter()
            .zip(strides)
            .try_fold(*offset, |at, (dim, stride)| at.checked_add(dim.saturating_sub(1).checked_mul(*stride)?));
        let fits = n_elements == 0 || last.is_some_and(|last| last < storage.n_elements);
        if n_elements > storage.n_elements || !fits {
            return Err(refused());
        }
        if let Contents::Torch(archive) = &mut self.contents {
            let claimed = storage.n_elements.checked_mul(storage.dtype.size_in_bytes()).ok_or_else(refused)?;
            if archive.storage_size(&storage.key)? != claimed as u64 {
                return Err(refused());
            }
        }
        Ok(())
    }

    /// A view's numbers, in the order of its shape. [`Self::check_place`] has passed it.
    fn read(&mut self, view: &View) -> Result<Tensor> {
        let View { storage, offset, shape, strides } = view;
        let size = storage.dtype.size_in_bytes();
        let of = |bytes: &[u8]| {
            let n_elements: usize = shape.iter().product();
            let start = &bytes[offset * size..];
            if *strides == contiguous(shape) || n_elements <= 1 {
                Tensor::from_raw_buffer(&start[..n_elements * size], storage.dtype, shape, &Device::Cpu)
            } else {
                Tensor::from_raw_buffer(&gathered(start, size, shape, strides), storage.dtype, shape, &Device::Cpu)
            }
        };
        let tensor = match &mut self.contents {
            Contents::Torch(archive) => of(&archive.storage(&storage.key, (storage.n_elements * size) as u64)?)?,
            Contents::Safetensors(bytes) => {
                let file = SafeTensors::deserialize(bytes)
                    .and_then(|file| file.tensor(&storage.key))
                    .map_err(|e| Error::weights("it is damaged: fetch it again").because(e))?;
                of(file.data())?
            }
        };
        Ok(tensor)
    }
}

/// The error of a file that was refused. One that could not be read at all says so itself.
pub(super) fn refused(path: &Path, why: Error) -> Error {
    if why.kind() == Kind::Io {
        return why;
    }
    Error::weights(format!("{} cannot be imported", path.display())).because(why)
}

fn dtype(of: Dtype) -> DType {
    match of {
        Dtype::F32 => DType::F32,
        Dtype::F16 => DType::F16,
        Dtype::BF16 => DType::BF16,
        Dtype::F64 => DType::F64,
        Dtype::I64 => DType::I64,
        Dtype::I32 => DType::I32,
        Dtype::I16 => DType::I16,
        // No float: never read.
        _ => DType::U8,
    }
}

/// Strides of a tensor that lies row by row.
fn contiguous(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1usize; shape.len()];
    for i in (1..shape.len()).rev() {
        strides[i - 1] = strides[i].saturating_mul(shape[i].max(1));
    }
    strides
}

/// Elements of `size` bytes in the order of `shape`, each from where the strides place it.
fn gathered(bytes: &[u8], size: usize, shape: &[usize], strides: &[usize]) -> Vec<u8> {
    let n_elements: usize = shape.iter().product();
    let mut out = Vec::with_capacity(n_elements * size);
    let mut index = vec![0; shape.len()];
    for _ in 0..n_elements {
        let at: usize = index.iter().zip(strides).map(|(i, stride)| i * stride).sum();
        out.extend_from_slice(&bytes[at * size..(at + 1) * size]);
        for (i, dim) in index.iter_mut().zip(shape).rev() {
            *i += 1;
            if *i < *dim {
                break;
            }
            *i = 0;
        }
    }
    out
}

/// The model: the whole pickle, or the part of it that a training program stores under a key.
fn unwrapped(pickle: &Pickle) -> Id {
    let Value::Map(entries) = pickle.value(pickle.root()) else { return pickle.root() };
    let inner = WRAPPERS.into_iter().find_map(|wrapper| {
        let (_, value) = entries.iter().find(|(key, _)| pickle.text(*key) == Some(wrapper))?;
        matches!(pickle.value(*value), Value::Map(_) | Value::Object(_)).then_some(*value)
    });
    inner.unwrap_or(pickle.root())
}

/// Gathers the tensors and integers of dictionaries and modules, by the path of names that leads to them.
struct Names<'a> {
    pickle: &'a Pickle,
    tensors: BTreeMap<String, View>,
    integers: BTreeMap<String, i64>,
    n_visits: usize,
}

impl<'a> Names<'a> {
    fn collect(&mut self, id: Id, path: &mut Vec<&'a str>) -> Result<()> {
        self.n_visits += 1;
        if self.n_visits > MAX_VISITS || path.len() > MAX_DEPTH {
            return Err(Error::weights("its dictionaries nest deeper, or repeat more, than those of any model"));
        }
        let pickle = self.pickle;
        match pickle.value(id) {
            Value::Tensor(view) => {
                let name = name_of(path)?;
                self.tensors.insert(name, view.clone());
            }
            Value::Int(value) if !path.is_empty() => {
                let name = name_of(path)?;
                self.integers.insert(name, *value);
            }
            // A module's attributes are a dictionary; anything else would be a module within itself.
            Value::Object(Some(attributes)) => {
                if matches!(pickle.value(*attributes), Value::Map(_)) {
                    self.collect(*attributes, path)?;
                }
            }
            Value::Map(entries) => {
                for (key, value) in entries {
                    if let Some(key) = pickle.text(*key) {
                        path.push(key);
                        self.collect(*value, path)?;
                        path.pop();
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }
}

fn name_of(path: &[&str]) -> Result<String> {
    if path.iter().map(|part| part.len() + 1).sum::<usize>() > MAX_NAME {
        return Err(Error::weights("it has names longer than those of any tensor"));
    }
    Ok(path.join("."))
}
