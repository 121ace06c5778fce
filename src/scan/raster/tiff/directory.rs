//! The container of TIFF and BigTIFF: directories of tags (TIFF 6.0, section 2; BigTIFF).

/// A file, its order of bytes, and the width of its offsets.
pub(super) struct File<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) is_big_endian: bool,
    /// BigTIFF, with offsets of 64 bits.
    is_big: bool,
}

/// A directory's entries.
pub(super) struct Directory {
    entries: Vec<Entry>,
}

struct Entry {
    tag: u16,
    kind: u16,
    count: u64,
    /// Where its values are.
    at: u64,
}

/// Bytes of a value of each type; 0 for types that are not known.
const TYPE_BYTES: [u64; 19] = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8];

impl<'a> File<'a> {
    /// The file and where its first directory is.
    pub(super) fn open(bytes: &'a [u8]) -> Option<(Self, u64)> {
        let is_big_endian = bytes.starts_with(b"MM");
        let mut file = Self { bytes, is_big_endian, is_big: false };
        file.is_big = file.uint(2, 2)? == 43;
        let first = if file.is_big { file.uint(8, 8)? } else { file.uint(4, 4)? };
        Some((file, first))
    }

    /// The unsigned integer of `n` bytes at `at`.
    fn uint(&self, at: u64, n: u64) -> Option<u64> {
        let at = usize::try_from(at).ok()?;
        let bytes = self.bytes.get(at..at.checked_add(n as usize)?)?;
        let push = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
        Some(if self.is_big_endian { bytes.iter().fold(0, push) } else { bytes.iter().rev().fold(0, push) })
    }

    /// The directory at `at`, and where the next one is; 0 for none.
    pub(super) fn directory(&self, at: u64) -> Option<(Directory, u64)> {
        let [count_bytes, entry_bytes, offset_bytes] = if self.is_big { [8, 20, 8] } else { [2, 12, 4] };
        let n = self.uint(at, count_bytes)?;
        let first = at.checked_add(count_bytes)?;
        let end = first.checked_add(n.checked_mul(entry_bytes)?)?;
        if end > self.bytes.len() as u64 {
            return None;
        }
        let mut entries = Vec::with_capacity(n as usize);
        for i in 0..n {
            let entry = first + i * entry_bytes;
            let kind = self.uint(entry + 2, 2)? as u16;
            let count = self.uint(entry + 4, offset_bytes)?;
            let value = entry + 4 + offset_bytes;
            let n_bytes = count.saturating_mul(TYPE_BYTES.get(usize::from(kind)).copied().unwrap_or(0));
            let at = if n_bytes <= offset_bytes { value } else { self.uint(value, offset_bytes)? };
            entries.push(Entry { tag: self.uint(entry, 2)? as u16, kind, count, at });
        }
        Some((Directory { entries }, self.uint(end, offset_bytes).unwrap_or(0)))
    }

    /// A tag's values as bytes. None if there is no such tag, or if its values are not in the file.
    pub(super) fn raw(&self, directory: &Directory, tag: u16) -> Option<&'a [u8]> {
        let entry = directory.entries.iter().find(|entry| entry.tag == tag)?;
        let n = entry.count.checked_mul(*TYPE_BYTES.get(usize::from(entry.kind))?)?;
        let at = usize::try_from(entry.at).ok()?;
        self.bytes.get(at..at.checked_add(usize::try_from(n).ok()?)?)
    }

    /// A tag's unsigned integers.
    pub(super) fn numbers(&self, directory: &Directory, tag: u16) -> Option<Vec<u64>> {
        let entry = directory.entries.iter().find(|entry| entry.tag == tag)?;
        let size = match entry.kind {
            1 | 3 | 4 | 13 | 16 | 18 => TYPE_BYTES[usize::from(entry.kind)],
            _ => return None,
        };
        let n = self.raw(directory, tag)?.len() as u64 / size;
        (0..n).map(|i| self.uint(entry.at + i * size, size)).collect()
    }

    /// A tag's first unsigned integer.
    pub(super) fn number(&self, directory: &Directory, tag: u16) -> Option<u64> {
        let entry = directory.entries.iter().find(|entry| entry.tag == tag)?;
        match entry.kind {
            1 | 3 | 4 | 13 | 16 | 18 if entry.count > 0 => self.uint(entry.at, TYPE_BYTES[usize::from(entry.kind)]),
            _ => None,
        }
    }

    /// A tag's text.
    pub(super) fn text(&self, directory: &Directory, tag: u16) -> Option<String> {
        let raw = self.raw(directory, tag)?;
        Some(String::from_utf8_lossy(raw).trim_end_matches('\0').to_owned())
    }
}
