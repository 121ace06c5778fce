//! Walks the blocks of a scan of a JPEG without computing a pixel, to learn how many of its rows came (ITU-T T.81, annexes F
//! and G).

use super::huffman::{Bits, Table};

/// A component of a frame.
#[derive(Clone, Debug)]
pub(super) struct Component {
    pub(super) id: u8,
    /// Sampling factors, across and down.
    pub(super) sampling: [usize; 2],
    /// Blocks of the component alone, across and down.
    pub(super) blocks: [usize; 2],
    /// The same with those that only fill the last MCUs.
    pub(super) padded: [usize; 2],
    /// For progressive scans: a bit for each coefficient of each block that is not zero, block by block.
    pub(super) nonzero: Vec<u64>,
}

/// A scan's components and tables.
pub(super) struct ScanHeader<'t> {
    /// Index of each component, and its tables of DC and AC codes.
    pub(super) components: Vec<(usize, Option<&'t Table>, Option<&'t Table>)>,
    /// First and last coefficient.
    pub(super) spectrum: [u8; 2],
    /// Successive approximation: the bit before, and the bit of this scan.
    pub(super) approximation: [u8; 2],
    pub(super) is_progressive: bool,
    /// MCUs between restart markers, 0 for none.
    pub(super) restart_interval: usize,
}

/// What came of a scan.
pub(super) struct Walked {
    /// Rows of MCUs that came whole. Of a scan of one component these are rows of its own blocks.
    pub(super) n_rows: usize,
    /// Whether more codes came than the scan has blocks: some of those before were damaged.
    pub(super) has_rest: bool,
}

/// Walks a scan whose bits begin at byte `at`.
pub(super) fn walk_scan(scan: &ScanHeader, components: &mut [Component], bytes: &[u8], at: usize) -> Walked {
    let [(only, ..)] = scan.components[..] else {
        let mcus = components.first().map_or([0, 0], |c| [0, 1].map(|i| c.padded[i] / c.sampling[i].max(1)));
        return walk(scan, components, mcus, bytes, at);
    };
    let blocks = components.get(only).map_or([0, 0], |c| c.blocks);
    walk(scan, components, blocks, bytes, at)
}

fn walk(scan: &ScanHeader, components: &mut [Component], mcus: [usize; 2], bytes: &[u8], at: usize) -> Walked {
    let mut bits = Bits::new(bytes, at);
    let mut end_of_band = 0;
    let mut restarts = 0_u8;
    let cut_at = |n_rows| Walked { n_rows, has_rest: false };
    let is_alone = scan.components.len() == 1;
    for y in 0..mcus[1] {
        for x in 0..mcus[0] {
            let n = y * mcus[0] + x;
            if scan.restart_interval > 0 && n > 0 && n.is_multiple_of(scan.restart_interval) {
                if bits.restart(restarts % 8).is_none() {
                    return cut_at(y);
                }
                restarts = restarts.wrapping_add(1);
                end_of_band = 0;
            }
            for &(index, dc, ac) in &scan.components {
                let Some(component) = components.get_mut(index) else { return cut_at(0) };
                let [across, down] = if is_alone { [1, 1] } else { component.sampling };
                for i in 0..across * down {
                    let block = (y * down + i / across) * component.padded[0] + x * across + i % across;
                    let walked = if scan.is_progressive {
                        let mut nothing = 0;
                        let nonzero = component.nonzero.get_mut(block).unwrap_or(&mut nothing);
                        progressive_block(scan, &mut bits, dc, ac, nonzero, &mut end_of_band)
                    } else {
                        sequential_block(&mut bits, dc, ac)
                    };
                    if walked.is_none() {
                        return cut_at(y);
                    }
                }
            }
        }
    }
    Walked { n_rows: mcus[1], has_rest: end_of_band > 0 || bits.has_rest() }
}

/// None where the block's bits are missing or no codes.
fn sequential_block(bits: &mut Bits, dc: Option<&Table>, ac: Option<&Table>) -> Option<()> {
    let (dc, ac) = (dc?, ac?);
    let size = bits.symbol(dc)?;
    bits.take(size)?;
    let mut at = 1;
    while at < 64 {
        let symbol = bits.symbol(ac)?;
        match (symbol >> 4, symbol & 15) {
            (15, 0) => at += 16,
            (_, 0) => return Some(()),
            (run, size) => {
                bits.take(size)?;
                at += run + 1;
            }
        }
    }
    (at == 64).then_some(())
}

fn progressive_block(
    scan: &ScanHeader,
    bits: &mut Bits,
    dc: Option<&Table>,
    ac: Option<&Table>,
    nonzero: &mut u64,
    end_of_band: &mut u32,
) -> Option<()> {
    let is_first = scan.approximation[0] == 0;
    match (scan.spectrum[0], is_first) {
        (0, true) => {
            let size = bits.symbol(dc?)?;
            bits.take(size).map(|_| ())
        }
        (0, false) => bits.take(1).map(|_| ()),
        (_, true) => first_of_band(scan.spectrum, bits, ac?, nonzero, end_of_band),
        (_, false) => refined_band(scan.spectrum, bits, ac?, nonzero, end_of_band),
    }
}

/// Annex G.1.2.2.
fn first_of_band(
    [first, last]: [u8; 2],
    bits: &mut Bits,
    ac: &Table,
    nonzero: &mut u64,
    end_of_band: &mut u32,
) -> Option<()> {
    if *end_of_band > 0 {
        *end_of_band -= 1;
        return Some(());
    }
    let mut at = first;
    while at <= last {
        let symbol = bits.symbol(ac)?;
        match (symbol >> 4, symbol & 15) {
            (15, 0) => at += 16,
            (run, 0) => {
                *end_of_band = (1 << run) - 1 + bits.take(run)?;
                return Some(());
            }
            (run, size) => {
                at += run;
                bits.take(size)?;
                *nonzero |= 1_u64.checked_shl(u32::from(at))?;
                at += 1;
            }
        }
    }
    Some(())
}

/// Annex G.1.2.3: coefficients that are not zero yet have a bit each on the way.
fn refined_band(
    [first, last]: [u8; 2],
    bits: &mut Bits,
    ac: &Table,
    nonzero: &mut u64,
    end_of_band: &mut u32,
) -> Option<()> {
    let mut at = first;
    while *end_of_band == 0 && at <= last {
        let symbol = bits.symbol(ac)?;
        let (mut run, size) = (symbol >> 4, symbol & 15);
        if size == 0 && run < 15 {
            *end_of_band = (1 << run) + bits.take(run)?;
            break;
        }
        if size > 0 {
            bits.take(1)?;
        }
        while at <= last {
            if *nonzero >> at & 1 == 1 {
                bits.take(1)?;
            } else if run == 0 {
                break;
            } else {
                run -= 1;
            }
            at += 1;
        }
        if size > 0 && at <= last {
            *nonzero |= 1 << at;
        }
        at += 1;
    }
    if *end_of_band > 0 {
        for at in at..=last {
            if *nonzero >> at & 1 == 1 {
                bits.take(1)?;
            }
        }
        *end_of_band -= 1;
    }
    Some(())
}
