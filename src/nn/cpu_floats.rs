//! Lends a CPU tensor's floats to the operations that are written here by hand.

use candle_core::{CpuStorage, Layout, Storage, Tensor};

/// The floats of a contiguous tensor.
///
/// # Errors
/// The tensor is not contiguous, or holds no 32-bit floats.
pub(super) fn floats<'a>(storage: &'a CpuStorage, layout: &Layout) -> candle_core::Result<&'a [f32]> {
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(&storage.as_slice()?[start..end]),
        None => candle_core::bail!("this operation reads contiguous tensors, not strides {:?}", layout.stride()),
    }
}

/// The same of two tensors, for the time of a call.
///
/// # Errors
/// As [`floats`], or a tensor lies on another device, or `f` fails.
pub(super) fn with_floats<T>(
    a: &Tensor,
    b: &Tensor,
    f: impl FnOnce(&[f32], &[f32]) -> candle_core::Result<T>,
) -> candle_core::Result<T> {
    let ((a, a_layout), (b, b_layout)) = (a.storage_and_layout(), b.storage_and_layout());
    match (&*a, &*b) {
        (Storage::Cpu(a), Storage::Cpu(b)) => f(floats(a, a_layout)?, floats(b, b_layout)?),
        _ => candle_core::bail!("this operation runs on the CPU, and was given a tensor of another device"),
    }
}
