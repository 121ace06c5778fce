//! Huffman codes and the bits of a JPEG's entropy-coded segments (ITU-T T.81, annex F.2.2).

/// A table from the next 16 bits to a code's length and symbol.
pub(super) struct Table {
    /// Length in the upper byte, 0 for what is no code; symbol in the lower.
    entries: Vec<u16>,
}

impl Table {
    /// From the number of codes of each length and their symbols. None if there are more codes than their lengths allow.
    pub(super) fn new(counts: &[u8; 16], symbols: &[u8]) -> Option<Self> {
        let mut entries = vec![0; 1 << 16];
        let (mut at, mut symbols) = (0, symbols.iter());
        for (length, count) in (1_u16..).zip(counts) {
            let share = 1 << (16 - length);
            for _ in 0..*count {
                let entry = length << 8 | u16::from(*symbols.next()?);
                entries.get_mut(at..at + share)?.fill(entry);
                at += share;
            }
        }
        Some(Self { entries })
    }
}

/// Bytes that may be left of a segment after its last code.
const MAX_REST: usize = 4;

/// The bits of an entropy-coded segment. Every read gives none once the segment's bits are used up.
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    /// The next byte.
    at: usize,
    buffer: u64,
    /// Bits in the buffer.
    n: u32,
}

impl<'a> Bits<'a> {
    /// Begins at byte `at`.
    pub(super) fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at, buffer: 0, n: 0 }
    }

    /// Fills the buffer up to the next marker.
    fn fill(&mut self) {
        while self.n <= 56 {
            match self.bytes.get(self.at..) {
                Some([0xff, 0x00, ..]) => (self.buffer, self.at) = (self.buffer << 8 | 0xff, self.at + 2),
                Some([0xff, ..]) | Some([]) | None => return,
                Some([byte, ..]) => (self.buffer, self.at) = (self.buffer << 8 | u64::from(*byte), self.at + 1),
            }
            self.n += 8;
        }
    }

    /// The next `n` bits, up to 16.
    pub(super) fn take(&mut self, n: u8) -> Option<u32> {
        let n = u32::from(n.min(16));
        if self.n < n {
            self.fill();
        }
        self.n = self.n.checked_sub(n)?;
        Some((self.buffer >> self.n) as u32 & ((1 << n) - 1))
    }

    /// The next symbol.
    pub(super) fn symbol(&mut self, table: &Table) -> Option<u8> {
        if self.n < 16 {
            self.fill();
        }
        let next = if self.n >= 16 { self.buffer >> (self.n - 16) } else { self.buffer << (16 - self.n) };
        let entry = *table.entries.get(next as usize & 0xffff)?;
        let length = u32::from(entry >> 8);
        self.n = self.n.checked_sub(length).filter(|_| length > 0)?;
        Some(entry as u8)
    }

    /// Passes restart marker `number`, which must follow.
    pub(super) fn restart(&mut self, number: u8) -> Option<()> {
        // Whatever bytes the buffer holds belong to the interval that ends.
        if self.n as usize / 8 > MAX_REST {
            return None;
        }
        (self.buffer, self.n) = (0, 0);
        while let Some([0xff, 0xff, ..]) = self.bytes.get(self.at..) {
            self.at += 1;
        }
        match self.bytes.get(self.at..) {
            Some([0xff, code, ..]) if *code == 0xd0 + number => {
                self.at += 2;
                Some(())
            }
            _ => None,
        }
    }

    /// Whether bytes are left before the next marker, other than those that some encoders fill up with.
    pub(super) fn has_rest(&self) -> bool {
        // Bytes that were read ahead into the buffer are left, too.
        let at = self.at.saturating_sub(self.n as usize / 8);
        let rest = self.bytes.get(at..next_marker(self.bytes, at)).unwrap_or_default();
        rest.len() > MAX_REST && rest.iter().any(|byte| !matches!(byte, 0x00 | 0xff))
    }
}

/// Where the next marker other than a restart begins, from byte `at` on.
pub(super) fn next_marker(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    let is_marker = |pair: &[u8]| pair[0] == 0xff && !matches!(pair[1], 0x00 | 0xd0..=0xd7 | 0xff);
    rest.windows(2).position(is_marker).map_or(bytes.len(), |found| at + found)
}
