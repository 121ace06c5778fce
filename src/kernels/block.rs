//! What follows the sums of one pixel and one block of channels: scale and bias, the residual's sum, rounding. Single IEEE
//! operations in a fixed order, so that every target computes the same bits.
//!
//! On wasm these are written with vector instructions, because compilers leave them to scalar ones: they would take as long
//! as the products.

#[cfg(not(target_arch = "wasm32"))]
pub(super) use self::plain::{add_dequantized, add_relu, round, scale};
#[cfg(target_arch = "wasm32")]
pub(super) use super::wasm::{add_dequantized, add_relu, round, scale};

#[cfg(not(target_arch = "wasm32"))]
mod plain {
    use crate::kernels::arithmetic::BLOCK;
    use crate::kernels::map::{relu, to_byte};

    /// `sum · scale + bias`.
    #[inline(always)]
    pub(in crate::kernels) fn scale(sums: &[i32; BLOCK], scales: &[f32; BLOCK], bias: &[f32; BLOCK]) -> [f32; BLOCK] {
        let mut values = [0.; BLOCK];
        for (((value, sum), scale), bias) in values.iter_mut().zip(sums).zip(scales).zip(bias) {
            *value = *sum as f32 * scale + bias;
        }
        values
    }

    /// `max(0, value + identity)`.
    #[inline(always)]
    pub(in crate::kernels) fn add_relu(values: &[f32; BLOCK], identity: &[f32; BLOCK]) -> [f32; BLOCK] {
        let mut sums = [0.; BLOCK];
        for ((sum, value), identity) in sums.iter_mut().zip(values).zip(identity) {
            *sum = relu(value + identity);
        }
        sums
    }

    /// The nearest whole numbers of 0…127 to `value · inverse`.
    #[inline(always)]
    pub(in crate::kernels) fn round(values: &[f32; BLOCK], inverses: &[f32; BLOCK]) -> [u8; BLOCK] {
        let mut bytes = [0; BLOCK];
        for ((byte, value), inverse) in bytes.iter_mut().zip(values).zip(inverses) {
            *byte = to_byte(value * inverse);
        }
        bytes
    }

    /// `onto` plus the product of quantized numbers, `(sum - zero · ones) · (scale · weight_scale)`; `ones` is what a zero point
    /// of 1 adds to the sums.
    #[inline(always)]
    pub(in crate::kernels) fn add_dequantized(
        onto: &[f32; BLOCK],
        sums: &[i32; BLOCK],
        ones: &[i32; BLOCK],
        weight_scales: &[f32; BLOCK],
        (scale, zero): (f32, i32),
    ) -> [f32; BLOCK] {
        let mut values = *onto;
        for (((value, sum), ones), weight_scale) in values.iter_mut().zip(sums).zip(ones).zip(weight_scales) {
            *value += (sum - zero * ones) as f32 * (scale * weight_scale);
        }
        values
    }
}
