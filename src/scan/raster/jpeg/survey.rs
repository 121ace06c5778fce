//! What a JPEG's markers say, and how many of its rows came.

use super::entropy::{Component, ScanHeader, walk_scan};
use super::huffman::{Table, next_marker};

/// How a JPEG codes its samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    /// Huffman codes, DCT, one pass.
    Sequential,
    /// Huffman codes, DCT, several passes.
    Progressive,
    /// What is not read, as its users call it.
    Other(&'static str),
}

/// A JPEG's frame header.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub(super) coding: Coding,
    /// Bits of a sample.
    pub(super) precision: u8,
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) components: Vec<Component>,
}

/// What a JPEG says about itself.
#[derive(Clone, Debug, Default)]
pub(super) struct Survey<'a> {
    pub(super) frame: Option<Frame>,
    /// The transform of an Adobe marker.
    pub(super) adobe: Option<u8>,
    pub(super) has_jfif: bool,
    pub(super) exif: Option<&'a [u8]>,
    /// Rows that came whole.
    pub(super) n_rows: usize,
    /// Whether some of those that came are damaged.
    pub(super) has_damage: bool,
}

/// Zeros at the end of a file from which on they are taken for what a broken copy fills up with.
const MIN_FILLER: usize = 64;

/// The most scans that are walked; encoders write about ten.
const MAX_SCANS: usize = 64;

impl<'a> Survey<'a> {
    /// Reads the markers before the first scan, in little memory.
    pub(super) fn of_header(bytes: &'a [u8]) -> Self {
        let mut walk = Walk::new(bytes);
        walk.next_scan();
        walk.survey
    }

    /// Reads all of it, in memory for its pixels' coefficients.
    pub(super) fn of(bytes: &'a [u8]) -> Self {
        let n_filler = bytes.iter().rev().take_while(|byte| **byte == 0).count();
        let bytes = if n_filler >= MIN_FILLER { &bytes[..bytes.len() - n_filler] } else { bytes };
        let mut walk = Walk::new(bytes);
        for _ in 0..MAX_SCANS {
            if walk.next_scan().is_none() || walk.walk_scan().is_none() {
                break;
            }
        }
        let n_rows = walk.n_rows();
        Survey { n_rows, ..walk.survey }
    }
}

struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
    survey: Survey<'a>,
    dc: [Option<Table>; 4],
    ac: [Option<Table>; 4],
    restart_interval: usize,
    /// The scan header that was found last.
    scan: &'a [u8],
    /// For each component and coefficient: the rows of pixels that are known to the last bit.
    known: Vec<[usize; 64]>,
    /// The fewest rows of pixels that any scan brought.
    fewest: usize,
    has_end: bool,
}

impl<'a> Walk<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 2,
            survey: Survey::default(),
            dc: [const { None }; 4],
            ac: [const { None }; 4],
            restart_interval: 0,
            scan: &[],
            known: Vec::new(),
            fewest: usize::MAX,
            has_end: false,
        }
    }

    /// Reads markers up to and with the next scan header. None if there is none.
    fn next_scan(&mut self) -> Option<()> {
        loop {
            let at = next_marker(self.bytes, self.at);
            let code = *self.bytes.get(at + 1)?;
            self.at = at + 2;
            match code {
                0xd9 => {
                    self.has_end = true;
                    return None;
                }
                0x01 | 0xd8 => continue,
                _ => {}
            }
            let length = usize::from(u16::from_be_bytes(*self.bytes.get(self.at..)?.first_chunk()?));
            let content = self.bytes.get(self.at + 2..self.at + length)?;
            self.at += length;
            match code {
                0xc4 => self.read_tables(content),
                0xc8 | 0xcc => {}
                0xc0..=0xcf | 0xf7 if self.survey.frame.is_none() => {
                    let frame = frame(code, content)?;
                    self.known = vec![[0; 64]; frame.components.len()];
                    self.survey.frame = Some(frame);
                }
                0xdd => self.restart_interval = usize::from(u16::from_be_bytes(*content.first_chunk()?)),
                0xe0 => self.survey.has_jfif |= content.starts_with(b"JFIF\0"),
                0xe1 if self.survey.exif.is_none() => self.survey.exif = content.strip_prefix(b"Exif\0\0"),
                0xee if content.starts_with(b"Adobe") => self.survey.adobe = content.get(11).copied(),
                0xda => {
                    self.scan = content;
                    return Some(());
                }
                _ => {}
            }
        }
    }

    fn read_tables(&mut self, mut content: &[u8]) {
        while let Some(([head, counts @ ..], rest)) = content.split_first_chunk::<17>() {
            let n = counts.iter().map(|n| usize::from(*n)).sum();
            let Some((symbols, after)) = rest.split_at_checked(n) else { return };
            let tables = if head >> 4 == 0 { &mut self.dc } else { &mut self.ac };
            if let Some(table) = tables.get_mut(usize::from(head & 15)) {
                *table = Table::new(counts, symbols);
            }
            content = after;
        }
    }

    /// Walks the scan whose header was found. None if it makes no sense.
    fn walk_scan(&mut self) -> Option<()> {
        let frame = self.survey.frame.as_mut()?;
        let (n, rest) = self.scan.split_first()?;
        let (selectors, rest) = rest.split_at_checked(2 * usize::from(*n))?;
        let [first, last, approximation, ..] = *rest else { return None };
        let is_progressive = frame.coding == Coding::Progressive;
        let spectrum = if is_progressive { [first, last] } else { [0, 63] };
        let approximation = if is_progressive { [approximation >> 4, approximation & 15] } else { [0, 0] };
        if spectrum[0] > spectrum[1] || spectrum[1] > 63 {
            return None;
        }
        let mut components = Vec::new();
        for pair in selectors.chunks_exact(2) {
            let index = frame.components.iter().position(|component| component.id == pair[0])?;
            let dc = self.dc.get(usize::from(pair[1] >> 4)).and_then(Option::as_ref);
            let ac = self.ac.get(usize::from(pair[1] & 15)).and_then(Option::as_ref);
            components.push((index, dc, ac));
        }
        if is_progressive {
            for component in &mut frame.components {
                component.nonzero.resize(component.padded[0] * component.padded[1], 0);
            }
        }
        let scan =
            ScanHeader { components, spectrum, approximation, is_progressive, restart_interval: self.restart_interval };
        let walked = walk_scan(&scan, &mut frame.components, self.bytes, self.at);
        self.survey.has_damage |= walked.has_rest;
        let tallest = frame.components.iter().map(|component| component.sampling[1]).max()?;
        for (index, ..) in &scan.components {
            let component = frame.components.get(*index)?;
            let pixels = match scan.components.len() {
                1 => walked.n_rows * 8 * tallest / component.sampling[1],
                _ => walked.n_rows * 8 * tallest,
            };
            let pixels = pixels.min(frame.height);
            self.fewest = self.fewest.min(pixels);
            if approximation[1] == 0 {
                self.known.get_mut(*index)?[usize::from(spectrum[0])..=usize::from(spectrum[1])].fill(pixels);
            }
        }
        Some(())
    }

    /// Rows that came whole. A file that has its end may leave out coefficients on purpose.
    fn n_rows(&self) -> usize {
        let known = self.known.iter();
        let (is_started, whole) = (
            known.clone().all(|of_component| of_component.iter().any(|rows| *rows > 0)),
            known.flatten().min().copied().unwrap_or(0),
        );
        if self.has_end && is_started && self.fewest < usize::MAX { self.fewest } else { whole }
    }
}

/// Reads a frame header. None if it makes no sense.
fn frame(code: u8, content: &[u8]) -> Option<Frame> {
    let coding = match code {
        0xc0 | 0xc1 => Coding::Sequential,
        0xc2 => Coding::Progressive,
        0xc3 => Coding::Other("lossless JPEG"),
        0xc5..=0xc7 => Coding::Other("hierarchical JPEG"),
        0xf7 => Coding::Other("JPEG-LS"),
        _ => Coding::Other("JPEG with arithmetic coding"),
    };
    let [precision, y1, y0, x1, x0, n, rest @ ..] = content else { return None };
    let [height, width] = [[*y1, *y0], [*x1, *x0]].map(|pair| usize::from(u16::from_be_bytes(pair)));
    let facts = rest.get(..3 * usize::from(*n)).filter(|facts| !facts.is_empty())?.chunks_exact(3);
    let sampling = |fact: &[u8]| if *n == 1 { [1, 1] } else { [fact[1] >> 4, fact[1] & 15].map(usize::from) };
    let most = |i: usize| facts.clone().map(|fact| sampling(fact)[i]).max().unwrap_or(1).max(1);
    let largest = [most(0), most(1)];
    let components = facts
        .clone()
        .map(|fact| {
            let sampling = sampling(fact).map(|factor| factor.max(1));
            let size = [width, height];
            let blocks = [0, 1].map(|i| (size[i] * sampling[i]).div_ceil(largest[i]).div_ceil(8));
            let padded = [0, 1].map(|i| size[i].div_ceil(8 * largest[i]) * sampling[i]);
            Component { id: fact[0], sampling, blocks, padded, nonzero: Vec::new() }
        })
        .collect();
    Some(Frame { coding, precision: *precision, width, height, components })
}
