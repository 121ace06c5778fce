//! The arithmetic in plain Rust: the reference for the others, and the fallback where they cannot run.

use super::arithmetic::{Arithmetic, BLOCK, GROUP};

/// Plain Rust.
pub(super) struct Portable;

impl Arithmetic for Portable {
    const PIXELS: usize = 2;

    unsafe fn tile(x: &[u8], offsets: &[u32], depth: usize, w: &[i8], sums: &mut [[i32; BLOCK]]) {
        sums.fill([0; BLOCK]);
        for (starts, w) in offsets.chunks_exact(Self::PIXELS).zip(w.chunks_exact(depth * BLOCK)) {
            for (start, sums) in starts.iter().zip(sums.iter_mut()) {
                let channels = &x[*start as usize..][..depth];
                for (x, w) in channels.as_chunks::<GROUP>().0.iter().zip(w.as_chunks::<{ BLOCK * GROUP }>().0) {
                    for (sum, w) in sums.iter_mut().zip(w.as_chunks::<GROUP>().0) {
                        *sum += x.iter().zip(w).map(|(x, w)| i32::from(*x) * i32::from(*w)).sum::<i32>();
                    }
                }
            }
        }
    }
}
