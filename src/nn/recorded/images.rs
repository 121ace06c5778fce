//! New floats for a batch of images, which each core clears where it writes.

use std::mem::MaybeUninit;

use rayon::prelude::*;

/// `n` floats of each image of a batch, cleared and then written by `f(image, its floats, a buffer)`. Each core clears what it
/// writes.
pub(super) fn images(batch: usize, n: usize, f: impl Fn(usize, &mut [f32], &mut Vec<f32>) + Sync) -> Vec<f32> {
    let mut values = Vec::with_capacity(batch * n);
    let empty = &mut values.spare_capacity_mut()[..batch * n];
    empty
        .par_chunks_mut(n.max(1))
        .enumerate()
        .for_each_init(Vec::new, |buffer, (i, image)| f(i, cleared(image), buffer));
    // SAFETY: every chunk was cleared.
    unsafe { values.set_len(batch * n) };
    values
}

/// The same floats, all 0.
pub(super) fn cleared(floats: &mut [MaybeUninit<f32>]) -> &mut [f32] {
    floats.fill(MaybeUninit::new(0.));
    // SAFETY: all of them have just been written.
    unsafe { &mut *(std::ptr::from_mut(floats) as *mut [f32]) }
}
