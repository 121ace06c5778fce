//! Convolutions of one image without a matrix of patches, forward and backward, for training on CPUs.
//!
//! The image is padded once. A kernel's weight then reads the same run of floats for every output, moved by an offset that depends
//! on the weight alone: outputs are computed 16 at a time along that run, and those that would begin in one row of the padded
//! image and end in the next are left out when they are written. With a stride of 2, the four combinations of odd and even rows and
//! columns are planes of their own, in which the stride is 1. The gradient of the weights is the sum of products of the same runs
//! with the gradient of the outputs.

mod convolve;
mod kernel;
mod plan;
mod portable;
mod tile;
mod weight_gradient;
#[cfg(target_arch = "x86_64")]
mod x86;

pub(super) use self::convolve::{After, Packed, convolve};
pub(super) use self::kernel::Kernel;
pub(super) use self::plan::Plan;
pub(super) use self::tile::LANES;
pub(super) use self::weight_gradient::WeightGradient;

#[cfg(test)]
mod tests;
