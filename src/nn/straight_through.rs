//! Layers that run on bytes and have the gradients of the same layers in floats (the straight-through estimator: Bengio,
//! Léonard & Courville 2013).

use candle_core::{CpuStorage, CustomOp1, Layout, Shape, Tensor, Var};

use super::activations::Int8Activations;
use super::cpu_floats::floats;
use crate::error::Result;

/// Runs `on_bytes` on each image of `x` (batch, channels, rows, cols), given its values and its rows and columns; the
/// gradient is that of `on_floats`, the same layers without rounding, at `x`.
pub(crate) fn straight_through<F, G>(x: &Tensor, on_bytes: F, on_floats: G) -> Result<Tensor>
where
    F: Fn(&[f32], (usize, usize)) -> Result<Int8Activations> + Send + Sync + 'static,
    G: Fn(&Tensor) -> Result<Tensor> + Send + Sync + 'static,
{
    Ok(x.contiguous()?.apply_op1(StraightThrough { on_bytes, on_floats })?)
}

struct StraightThrough<F, G> {
    on_bytes: F,
    on_floats: G,
}

impl<F, G> CustomOp1 for StraightThrough<F, G>
where
    F: Fn(&[f32], (usize, usize)) -> Result<Int8Activations>,
    G: Fn(&Tensor) -> Result<Tensor>,
{
    fn name(&self) -> &'static str {
        "straight-through"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> candle_core::Result<(CpuStorage, Shape)> {
        let (batch, channels, height, width) = layout.shape().dims4()?;
        let (mut values, mut shape) = (Vec::new(), layout.shape().clone());
        for image in floats(storage, layout)?.chunks_exact((channels * height * width).max(1)) {
            let y = (self.on_bytes)(image, (height, width)).map_err(candle_core::Error::wrap)?;
            let sums = y.sums().map_err(candle_core::Error::wrap)?;
            shape = Shape::from((batch, sums.channels, sums.height, sums.width));
            values.extend(sums.planes());
        }
        Ok((CpuStorage::F32(values), shape))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, gradient: &Tensor) -> candle_core::Result<Option<Tensor>> {
        let x = Var::from_tensor(&x.detach())?;
        let y = (self.on_floats)(&x).map_err(candle_core::Error::wrap)?;
        Ok((y * gradient)?.sum_all()?.backward()?.remove(&x))
    }
}
