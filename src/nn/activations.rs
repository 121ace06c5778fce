//! Activations of a convolutional tower: one definition of the tower runs on floats, which pass gradients, and on bytes.

use std::sync::Arc;

use candle_core::Tensor;

use super::Mode;
use super::add_relu::add_relu;
use super::conv::ConvBn;
use crate::error::{Error, Result};
use crate::kernels::{Floats, Kernel, Map, PixelConv, convolve, convolve_add, convolve_to_floats};

/// Activations between two layers.
pub trait Activations: Clone {
    /// Convolution, norm and what follows it.
    fn conv(&self, layer: &ConvBn, mode: Mode) -> Result<Self>;

    /// The same, plus `identity`, and then a ReLU: the end of a residual block.
    fn conv_add_relu(&self, layer: &ConvBn, identity: &Self, mode: Mode) -> Result<Self>;

    /// Average pooling: the mean of each 2 × 2 pixels.
    fn average_pool(&self) -> Result<Self>;
}

/// (batch, channels, rows, cols).
impl Activations for Tensor {
    fn conv(&self, layer: &ConvBn, mode: Mode) -> Result<Self> {
        layer.forward(self, mode)
    }

    fn conv_add_relu(&self, layer: &ConvBn, identity: &Self, mode: Mode) -> Result<Self> {
        add_relu(&layer.forward(self, mode)?, identity)
    }

    fn average_pool(&self) -> Result<Self> {
        Ok(self.avg_pool2d(2)?)
    }
}

/// Activations of one image in bytes. The sums of residual blocks are kept as floats: rounded, they would be rounded again
/// by every block.
#[derive(Clone, Debug)]
pub(crate) struct Int8Activations {
    rounded: Option<Arc<Map>>,
    sums: Option<Arc<Floats>>,
}

impl Int8Activations {
    /// The output of the first layer for `values` (3, rows, cols).
    pub(crate) fn from_pixels(layer: &PixelConv, values: &[f32], size: (usize, usize), scales: &Arc<[f32]>) -> Self {
        Self::new(layer.forward(values, size).rounded(scales))
    }

    /// The output of a residual block whose sums are `values` (channels, rows, cols), rounded to `scales`, one for each channel.
    pub(crate) fn from_sums(values: &[f32], size: (usize, usize), scales: &Arc<[f32]>) -> Self {
        let sums = Floats::from_planes(values, size, scales.len());
        Self { rounded: Some(Arc::new(sums.rounded(scales))), sums: Some(Arc::new(sums)) }
    }

    fn new(map: Map) -> Self {
        Self { rounded: Some(Arc::new(map)), sums: None }
    }

    fn map(&self) -> Result<&Map> {
        self.rounded.as_deref().ok_or_else(|| Error::config("a layer reads activations that were not rounded"))
    }

    /// The output of a residual block.
    ///
    /// # Errors
    /// These are not the output of a block.
    pub(crate) fn sums(&self) -> Result<&Floats> {
        self.sums.as_deref().ok_or_else(|| Error::config("a block adds activations that were rounded"))
    }
}

impl Activations for Int8Activations {
    fn conv(&self, layer: &ConvBn, _: Mode) -> Result<Self> {
        let (kernel, conv, map) = (Kernel::best(), layer.int8()?, self.map()?);
        Ok(if layer.has_relu() {
            Self::new(convolve(kernel, conv, map, layer.output_scales()?))
        } else {
            Self { rounded: None, sums: Some(Arc::new(convolve_to_floats(kernel, conv, map))) }
        })
    }

    fn conv_add_relu(&self, layer: &ConvBn, identity: &Self, _: Mode) -> Result<Self> {
        let scales = layer.output_scales()?;
        let (sums, rounded) = convolve_add(Kernel::best(), layer.int8()?, self.map()?, identity.sums()?, scales);
        Ok(Self { rounded: Some(Arc::new(rounded)), sums: Some(Arc::new(sums)) })
    }

    fn average_pool(&self) -> Result<Self> {
        Ok(Self::new(self.map()?.average_pool()))
    }
}
