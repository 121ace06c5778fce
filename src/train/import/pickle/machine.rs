//! The pickle machine: opcodes in, values out. What each opcode means is in Python's `pickletools.py`.
//! Calls nothing; allocates memory only for what it has read.

use std::collections::HashMap;
use std::rc::Rc;

use super::value::{Global, Id, Storage, Value, View, global};
use crate::error::{Error, Result};

/// Values of one pickle; a model with its optimiser's state has some ten thousand.
const MAX_VALUES: usize = 2_000_000;
/// Dimensions of a tensor.
const MAX_RANK: usize = 8;
/// Characters of a storage's key, which is a small number.
const MAX_KEY: usize = 64;

/// Reads a whole pickle: its values, and which of them it stands for.
pub(super) fn run(bytes: &[u8]) -> Result<(Vec<Value>, Id)> {
    Machine { rest: bytes, values: Vec::new(), stack: Vec::new(), marks: Vec::new(), memo: HashMap::new() }.run()
}

fn damaged() -> Error {
    Error::weights("its pickle is damaged: fetch or save the file again")
}

/// The state of the pickle machine; `rest` is what is not read yet.
struct Machine<'a> {
    rest: &'a [u8],
    values: Vec<Value>,
    stack: Vec<Id>,
    /// How long the stack was at each mark.
    marks: Vec<usize>,
    memo: HashMap<u32, Id>,
}

impl<'a> Machine<'a> {
    fn run(mut self) -> Result<(Vec<Value>, Id)> {
        loop {
            match self.take::<1>()?[0] {
                b'.' => {
                    let root = self.pop()?;
                    return Ok((self.values, root));
                }
                opcode => self.step(opcode)?,
            }
            if self.values.len() > MAX_VALUES || self.stack.len() > MAX_VALUES || self.memo.len() > MAX_VALUES {
                return Err(Error::weights("its pickle holds more values than that of any model"));
            }
        }
    }

    fn step(&mut self, opcode: u8) -> Result<()> {
        match opcode {
            // PROTO and FRAME.
            0x80 => drop(self.take::<1>()?),
            0x95 => drop(self.take::<8>()?),
            b'(' => self.marks.push(self.stack.len()),
            b'0' => drop(self.pop()?),
            b'1' => drop(self.pop_mark()?),
            b'2' => self.stack.push(*self.stack.last().ok_or_else(damaged)?),
            // None, booleans, floats.
            b'N' | 0x88 | 0x89 => self.push(Value::Other),
            b'G' => {
                self.take::<8>()?;
                self.push(Value::Other);
            }
            b'J' => self.push_int(|m| Ok(i64::from(i32::from_le_bytes(m.take()?))))?,
            b'K' => self.push_int(|m| Ok(i64::from(u8::from_le_bytes(m.take()?))))?,
            b'M' => self.push_int(|m| Ok(i64::from(u16::from_le_bytes(m.take()?))))?,
            0x8a => self.long()?,
            b'X' => self.string(|m| Ok(u32::from_le_bytes(m.take()?).into()))?,
            0x8c => self.string(|m| Ok(m.take::<1>()?[0].into()))?,
            0x8d => self.string(|m| Ok(u64::from_le_bytes(m.take()?)))?,
            b'B' => {
                let n = u32::from_le_bytes(self.take()?);
                self.skip(n.into())?;
                self.push(Value::Other);
            }
            b'C' => {
                let n = self.take::<1>()?[0];
                self.skip(n.into())?;
                self.push(Value::Other);
            }
            b']' | b')' | 0x8f => self.push(Value::Sequence(Vec::new())),
            b'}' => self.push(Value::Map(Vec::new())),
            b't' | b'l' => {
                let items = self.pop_mark()?;
                self.push(Value::Sequence(items));
            }
            0x85..=0x87 => {
                let items = self.pop_n(usize::from(opcode - 0x84))?;
                self.push(Value::Sequence(items));
            }
            b'd' => {
                let items = self.pop_mark()?;
                self.push(Value::Map(Vec::new()));
                self.set_items(items)?;
            }
            b'a' => {
                let items = self.pop_n(1)?;
                self.append(items)?;
            }
            b'e' | 0x90 => {
                let items = self.pop_mark()?;
                self.append(items)?;
            }
            b's' => {
                let items = self.pop_n(2)?;
                self.set_items(items)?;
            }
            b'u' => {
                let items = self.pop_mark()?;
                self.set_items(items)?;
            }
            b'q' => {
                let place = self.take::<1>()?[0];
                self.remember(place.into())?;
            }
            b'r' => {
                let place = u32::from_le_bytes(self.take()?);
                self.remember(place)?;
            }
            0x94 => self.remember(u32::try_from(self.memo.len()).map_err(|_| damaged())?)?,
            b'h' => {
                let place = self.take::<1>()?[0];
                self.recall(place.into())?;
            }
            b'j' => {
                let place = u32::from_le_bytes(self.take()?);
                self.recall(place)?;
            }
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                self.push(Value::Global(global(module, name)?));
            }
            0x93 => {
                let ids = self.pop_n(2)?;
                let global = global(self.text(ids[0])?, self.text(ids[1])?)?;
                self.push(Value::Global(global));
            }
            b'Q' => self.storage()?,
            b'R' => self.reduce()?,
            0x81 => self.new_object()?,
            b'b' => self.build()?,
            other => {
                return Err(Error::weights(format!(
                    "its pickle holds opcode 0x{other:02x}, which PyTorch does not write for tensors: save the tensors \
                     alone, with torch.save(model.state_dict(), …)"
                )));
            }
        }
        Ok(())
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (head, rest) = self.rest.split_first_chunk::<N>().ok_or_else(damaged)?;
        self.rest = rest;
        Ok(*head)
    }

    fn skip(&mut self, n: u64) -> Result<&'a [u8]> {
        let n = usize::try_from(n).map_err(|_| damaged())?;
        let (head, rest) = self.rest.split_at_checked(n).ok_or_else(damaged)?;
        self.rest = rest;
        Ok(head)
    }

    fn line(&mut self) -> Result<&'a str> {
        let end = self.rest.iter().position(|b| *b == b'\n').ok_or_else(damaged)?;
        let line = std::str::from_utf8(self.skip(end as u64)?).map_err(|_| damaged())?;
        self.take::<1>()?;
        Ok(line)
    }

    fn push(&mut self, value: Value) {
        self.stack.push(self.values.len());
        self.values.push(value);
    }

    fn push_int(&mut self, read: impl FnOnce(&mut Self) -> Result<i64>) -> Result<()> {
        let value = read(self)?;
        self.push(Value::Int(value));
        Ok(())
    }

    /// An integer of so many bytes, least first; what does not fit 64 bits is no size of anything.
    fn long(&mut self) -> Result<()> {
        let n = self.take::<1>()?[0];
        let bytes = self.skip(n.into())?;
        let mut wide = [if bytes.last().is_some_and(|b| *b >= 0x80) { 0xff } else { 0 }; 8];
        let value = match wide.get_mut(..bytes.len()) {
            Some(low) => {
                low.copy_from_slice(bytes);
                Value::Int(i64::from_le_bytes(wide))
            }
            None => Value::Other,
        };
        self.push(value);
        Ok(())
    }

    fn string(&mut self, length: impl FnOnce(&mut Self) -> Result<u64>) -> Result<()> {
        let n = length(self)?;
        let text = std::str::from_utf8(self.skip(n)?).map_err(|_| damaged())?.to_owned();
        self.push(Value::Text(text));
        Ok(())
    }

    /// Nothing below the last mark may be taken.
    fn pop(&mut self) -> Result<Id> {
        if self.stack.len() <= self.marks.last().copied().unwrap_or(0) {
            return Err(damaged());
        }
        self.stack.pop().ok_or_else(damaged)
    }

    fn pop_n(&mut self, n: usize) -> Result<Vec<Id>> {
        let floor = self.marks.last().copied().unwrap_or(0);
        let start = self.stack.len().checked_sub(n).filter(|start| *start >= floor).ok_or_else(damaged)?;
        Ok(self.stack.split_off(start))
    }

    fn pop_mark(&mut self) -> Result<Vec<Id>> {
        let mark = self.marks.pop().ok_or_else(damaged)?;
        Ok(self.stack.split_off(mark))
    }

    fn top(&mut self) -> Result<&mut Value> {
        let id = *self.stack.last().ok_or_else(damaged)?;
        Ok(&mut self.values[id])
    }

    fn append(&mut self, items: Vec<Id>) -> Result<()> {
        match self.top()? {
            Value::Sequence(list) => list.extend(items),
            _ => return Err(damaged()),
        }
        Ok(())
    }

    fn set_items(&mut self, items: Vec<Id>) -> Result<()> {
        let (pairs, odd) = items.as_chunks::<2>();
        match self.top()? {
            Value::Map(map) if odd.is_empty() => map.extend(pairs.iter().map(|[key, value]| (*key, *value))),
            _ => return Err(damaged()),
        }
        Ok(())
    }

    fn remember(&mut self, place: u32) -> Result<()> {
        let id = *self.stack.last().ok_or_else(damaged)?;
        self.memo.insert(place, id);
        Ok(())
    }

    fn recall(&mut self, place: u32) -> Result<()> {
        let id = *self.memo.get(&place).ok_or_else(damaged)?;
        self.stack.push(id);
        Ok(())
    }

    fn text(&self, id: Id) -> Result<&str> {
        match &self.values[id] {
            Value::Text(text) => Ok(text),
            _ => Err(damaged()),
        }
    }

    fn size(&self, id: Id) -> Result<usize> {
        match self.values[id] {
            Value::Int(n) => usize::try_from(n).map_err(|_| damaged()),
            _ => Err(damaged()),
        }
    }

    fn sizes(&self, id: Id) -> Result<Vec<usize>> {
        match &self.values[id] {
            Value::Sequence(list) if list.len() <= MAX_RANK => list.iter().map(|id| self.size(*id)).collect(),
            _ => Err(damaged()),
        }
    }

    fn sequence(&self, id: Id) -> Result<&[Id]> {
        match &self.values[id] {
            Value::Sequence(list) => Ok(list),
            _ => Err(damaged()),
        }
    }

    /// A persistent id: ("storage", storage class, key, device, number of elements).
    fn storage(&mut self) -> Result<()> {
        let id = self.pop()?;
        let &[kind, class, key, _, n, ..] = self.sequence(id)? else { return Err(damaged()) };
        let (Value::Global(Global::Storage(dtype)), "storage") = (&self.values[class], self.text(kind)?) else {
            return Err(damaged());
        };
        let key = Some(self.text(key)?).filter(|key| key.len() <= MAX_KEY).ok_or_else(damaged)?.to_owned();
        let storage = Storage { dtype: *dtype, key, n_elements: self.size(n)? };
        self.push(Value::Storage(Rc::new(storage)));
        Ok(())
    }

    /// A call. Only what makes tensors and dictionaries is known, and stands for its result.
    fn reduce(&mut self) -> Result<()> {
        let ids = self.pop_n(2)?;
        let Value::Global(global) = self.values[ids[0]] else { return Err(damaged()) };
        let args = self.sequence(ids[1])?;
        let first = || args.first().copied().ok_or_else(damaged);
        match global {
            Global::OrderedDict if args.is_empty() => self.push(Value::Map(Vec::new())),
            Global::Inert => self.push(Value::Other),
            Global::Identity => {
                let first = first()?;
                self.stack.push(first);
            }
            Global::RebuildParameter => {
                let first = first()?;
                if !matches!(self.values[first], Value::Tensor(_)) {
                    return Err(damaged());
                }
                self.stack.push(first);
            }
            Global::RebuildTensor => {
                let &[storage, offset, shape, strides, ..] = args else { return Err(damaged()) };
                let Value::Storage(storage) = &self.values[storage] else { return Err(damaged()) };
                let (shape, strides) = (self.sizes(shape)?, self.sizes(strides)?);
                if shape.len() != strides.len() {
                    return Err(damaged());
                }
                let view = View { storage: storage.clone(), offset: self.size(offset)?, shape, strides };
                self.push(Value::Tensor(view));
            }
            Global::OrderedDict | Global::Storage(_) | Global::TorchScriptClass => return Err(damaged()),
        }
        Ok(())
    }

    fn new_object(&mut self) -> Result<()> {
        let ids = self.pop_n(2)?;
        match self.values[ids[0]] {
            Value::Global(Global::TorchScriptClass) => self.push(Value::Object(None)),
            _ => return Err(damaged()),
        }
        Ok(())
    }

    /// Sets an object's attributes. Those of dictionaries and tensors (`_metadata`, hooks) are of no use here.
    fn build(&mut self) -> Result<()> {
        let state = self.pop()?;
        match self.top()? {
            Value::Object(attributes) => *attributes = Some(state),
            Value::Map(_) | Value::Tensor(_) => {}
            _ => return Err(damaged()),
        }
        Ok(())
    }
}
