//! Activations of a convolutional tower with frozen norms that are recorded while they are computed, so that gradients can be
//! taken back through them by hand, on the CPU.
//!
//! candle's backward pass clears and adds a tensor of the size of each activation for each of its gradients, on one core, and norms and
//! ReLUs keep activations of their own. Here a frozen norm is part of its convolution, as when it is exported: `max(0, x ∗ s K + b)`
//! (+ the identity of a residual block) is one pass, and its output is all that is kept. The gradient of the norm's weight needs
//! no activations either: the sum of gradient times convolution's output is that of the kernel times its own gradient.

mod conv_backward;
mod images;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use candle_core::{Device, Tensor};
use rayon::prelude::*;

use self::conv_backward::ConvBackward;
use self::images::images;
use super::Mode;
use super::activations::Activations;
use super::conv::ConvBn;
use super::conv::frozen::FrozenConv;
use super::cpu_floats::with_floats;
use super::direct::{self, After, Kernel, Packed, Plan};
use crate::error::{Error, Result};

/// What was computed, in order.
#[derive(Debug, Default)]
pub(crate) struct Tape {
    batch: usize,
    maps: Vec<Map>,
    steps: Vec<Step>,
}

/// Values of the whole batch, and (channels, rows, columns).
#[derive(Debug, Default)]
struct Map {
    values: Vec<f32>,
    shape: (usize, usize, usize),
}

impl Map {
    /// Floats of an image.
    fn n(&self) -> usize {
        self.shape.0 * self.shape.1 * self.shape.2
    }
}

/// Numbers are those of maps.
#[derive(Debug)]
enum Step {
    Conv { layer: Box<FrozenConv>, plan: Plan, x: usize, identity: Option<usize>, relu: bool, y: usize },
    Pool { x: usize, y: usize },
}

/// One of a tape's maps.
#[derive(Clone, Debug)]
pub(crate) struct Recorded {
    tape: Arc<Mutex<Tape>>,
    map: usize,
}

impl Recorded {
    /// The pixels (batch, channels, rows, cols) on a new tape. They get no gradient.
    pub(crate) fn new(pixel_values: &Tensor) -> Result<Self> {
        let (batch, channels, rows, cols) = pixel_values.dims4()?;
        let values = pixel_values.flatten_all()?.to_vec1()?;
        let maps = vec![Map { values, shape: (channels, rows, cols) }];
        Ok(Self { tape: Arc::new(Mutex::new(Tape { batch, maps, steps: Vec::new() })), map: 0 })
    }

    /// The map as a tensor (batch, channels, rows, cols) that no graph knows.
    pub(crate) fn to_tensor(&self) -> Result<Tensor> {
        let tape = self.lock();
        let Map { values, shape: (channels, rows, cols) } = &tape.maps[self.map];
        Ok(Tensor::from_slice(values, (tape.batch, *channels, *rows, *cols), &Device::Cpu)?)
    }

    /// The gradients of all layers' parameters, each with its parameter, of what has the gradient `at` at this map, the last one.
    /// Ends the tape.
    pub(crate) fn backward(&self, at: &Tensor) -> Result<Vec<(Tensor, Tensor)>> {
        let tape = std::mem::take(&mut *self.lock());
        tape.backward(self.map, at.flatten_all()?.to_vec1()?)
    }

    fn lock(&self) -> MutexGuard<'_, Tape> {
        // Poisoned: another thread panicked, and plain numbers are valid in any state.
        self.tape.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn convolve(&self, layer: &ConvBn, identity: Option<&Self>, mode: Mode) -> Result<Self> {
        let frozen = layer.frozen()?;
        let Some(frozen) = frozen.filter(|_| mode == Mode::Eval) else {
            return Err(Error::config("a layer without a frozen norm was to be recorded"));
        };
        let mut tape = self.lock();
        let x = &tape.maps[self.map];
        let (c_out, _, kernel, _) = frozen.kernel.dims4()?;
        let plan = Plan::new(x.shape, c_out, kernel, frozen.stride);
        let relu = layer.has_relu() || identity.is_some();
        let (depth, n_in, n_out) = (plan.depth(), plan.n_in(), plan.n_out());
        let packed = with_floats(&frozen.kernel, &frozen.kernel, |w, _| {
            Ok(Packed::new(c_out, depth, |o, d| w[o * depth + d] * frozen.scale[o]))
        })?;
        let added = identity.map(|identity| tape.maps[identity.map].values.as_slice());
        let instructions = Kernel::best();
        let values = images(tape.batch, n_out, |i, y, buffer| {
            let x = plan.padded(&x.values[i * n_in..(i + 1) * n_in], buffer);
            let add = added.map(|added| &added[i * n_out..(i + 1) * n_out]);
            direct::convolve(instructions, &plan, x, &packed, After { shift: Some(&frozen.shift), add, relu }, y);
        });
        let y = tape.maps.len();
        let shape = plan.shape_out();
        tape.maps.push(Map { values, shape });
        let identity = identity.map(|identity| identity.map);
        tape.steps.push(Step::Conv { layer: Box::new(frozen), plan, x: self.map, identity, relu, y });
        Ok(Self { tape: self.tape.clone(), map: y })
    }
}

impl Activations for Recorded {
    fn conv(&self, layer: &ConvBn, mode: Mode) -> Result<Self> {
        self.convolve(layer, None, mode)
    }

    fn conv_add_relu(&self, layer: &ConvBn, identity: &Self, mode: Mode) -> Result<Self> {
        self.convolve(layer, Some(identity), mode)
    }

    fn average_pool(&self) -> Result<Self> {
        let mut tape = self.lock();
        let x = &tape.maps[self.map];
        let (channels, rows, cols) = x.shape;
        let shape = (channels, rows / 2, cols / 2);
        let n_in = x.n();
        let values = images(tape.batch, channels * shape.1 * shape.2, |i, y, _| {
            for_each_quad(&x.values[i * n_in..(i + 1) * n_in], y, x.shape, |[a, b], [c, d], y| {
                *y = (a + b + c + d) * 0.25
            });
        });
        let y = tape.maps.len();
        tape.maps.push(Map { values, shape });
        tape.steps.push(Step::Pool { x: self.map, y });
        Ok(Self { tape: self.tape.clone(), map: y })
    }
}

/// Calls `f(two of one row, two of the next, what they are pooled to)`.
fn for_each_quad(
    x: &[f32],
    y: &mut [f32],
    (_, rows, cols): (usize, usize, usize),
    f: impl Fn([f32; 2], [f32; 2], &mut f32),
) {
    let half = cols / 2;
    let planes = x.chunks_exact(rows * cols).zip(y.chunks_exact_mut((rows / 2 * half).max(1)));
    for (x, y) in planes {
        for (rows, y) in x.chunks_exact(2 * cols).zip(y.chunks_exact_mut(half)) {
            let (upper, lower) = rows.split_at(cols);
            for ((upper, lower), y) in upper.as_chunks::<2>().0.iter().zip(lower.as_chunks::<2>().0).zip(y) {
                f(*upper, *lower, y);
            }
        }
    }
}

impl Tape {
    fn backward(mut self, last: usize, at: Vec<f32>) -> Result<Vec<(Tensor, Tensor)>> {
        let mut grads: Vec<Option<Vec<f32>>> = self.maps.iter().map(|_| None).collect();
        grads[last] = Some(at);
        let mut parameters = Vec::new();
        for step in std::mem::take(&mut self.steps).into_iter().rev() {
            match step {
                Step::Pool { x, y } => {
                    let Some(grad) = grads[y].take() else { continue };
                    let before = grads[x].take();
                    grads[x] = Some(self.pool_backward(x, &grad, before.as_deref()));
                }
                Step::Conv { layer, plan, x, identity, relu, y } => {
                    let Some(mut grad) = grads[y].take() else { continue };
                    let before = grads[x].take();
                    let conv = ConvBackward { layer: &layer, plan: &plan, relu, has_gradient: x > 0 };
                    let outputs = &self.maps[y].values;
                    let (of_x, of_parameters) =
                        conv.run(&self.maps[x].values, outputs, before.as_deref(), &mut grad)?;
                    parameters.extend(of_parameters);
                    grads[x] = of_x;
                    if let Some(identity) = identity {
                        if let Some(before) = &grads[identity] {
                            grad.par_iter_mut().zip(before).for_each(|(grad, before)| *grad += before);
                        }
                        grads[identity] = Some(grad);
                    }
                    self.maps[y].values = Vec::new();
                }
            }
        }
        Ok(parameters)
    }

    fn pool_backward(&self, x: usize, grad: &[f32], before: Option<&[f32]>) -> Vec<f32> {
        let map = &self.maps[x];
        let (n, (_, rows, cols)) = (map.n(), map.shape);
        let n_grad = grad.len() / self.batch.max(1);
        images(self.batch, n, |i, of_x, _| {
            if let Some(before) = before {
                of_x.copy_from_slice(&before[i * n..(i + 1) * n]);
            }
            let grad = &grad[i * n_grad..(i + 1) * n_grad];
            let planes = of_x.chunks_exact_mut(rows * cols).zip(grad.chunks_exact((rows / 2 * (cols / 2)).max(1)));
            for (of_x, grad) in planes {
                for (of_x, grad) in of_x.chunks_exact_mut(2 * cols).zip(grad.chunks_exact(cols / 2)) {
                    let (upper, lower) = of_x.split_at_mut(cols);
                    for row in [upper, lower] {
                        for (pair, grad) in row.as_chunks_mut::<2>().0.iter_mut().zip(grad) {
                            pair[0] += grad * 0.25;
                            pair[1] += grad * 0.25;
                        }
                    }
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Var};
    use candle_nn::{VarBuilder, VarMap};

    use super::*;
    use crate::nn::conv::{Activation, conv_bn};

    /// f32 sums of a few thousand terms in another order, relative to the largest.
    const TOLERANCE: f32 = 2e-5;

    fn floats(t: &Tensor) -> Vec<f32> {
        t.flatten_all().unwrap().to_vec1().unwrap()
    }

    fn assert_close(ours: &Tensor, theirs: &Tensor, name: &str) {
        assert_eq!(ours.dims(), theirs.dims(), "{name}");
        let (ours, theirs) = (floats(ours), floats(theirs));
        let largest = theirs.iter().fold(0f32, |m, v| m.max(v.abs()));
        for (a, b) in ours.iter().zip(&theirs) {
            assert!((a - b).abs() <= TOLERANCE * largest, "{name}: {a} where {b} is right, largest {largest}");
        }
    }

    /// A stem and a residual block with a strided shortcut, as CLIP's.
    fn tower<A: Activations>(pixels: &A, [stem, a, b, c, shortcut]: [&ConvBn; 5]) -> A {
        let mode = Mode::Eval;
        let x = pixels.conv(stem, mode).unwrap();
        let y = x.conv(a, mode).unwrap().conv(b, mode).unwrap().average_pool().unwrap();
        let identity = x.average_pool().unwrap().conv(shortcut, mode).unwrap();
        let y = y.conv_add_relu(c, &identity, mode).unwrap();
        // A block whose identity is its input.
        y.conv(shortcut, mode).unwrap().conv_add_relu(shortcut, &y, mode).unwrap()
    }

    #[test]
    fn values_and_gradients_are_those_of_candles_graph() {
        let map = VarMap::new();
        let vb = VarBuilder::from_varmap(&map, DType::F32, &Device::Cpu);
        let conv = |size, activation, name: &str| conv_bn(size, activation, ("conv", "bn"), &vb.pp(name)).unwrap();
        let layers = [
            conv((3, 12, 3, 2), Activation::Relu, "stem"),
            conv((12, 8, 1, 1), Activation::Relu, "a"),
            conv((8, 8, 3, 1), Activation::Relu, "b"),
            conv((8, 12, 1, 1), Activation::None, "c"),
            conv((12, 12, 1, 1), Activation::None, "shortcut"),
        ];
        for (name, var) in map.data().lock().unwrap().iter() {
            let value = Tensor::randn(0f32, 0.3, var.shape(), &Device::Cpu).unwrap();
            let above = if name.ends_with("var") || name.ends_with("bn.weight") { 1. } else { 0. };
            var.set(&(value.clamp(-0.9, 0.9).unwrap() + above).unwrap()).unwrap();
        }
        let pixels = Tensor::randn(0f32, 1., (3, 3, 24, 44), &Device::Cpu).unwrap();
        let layers = || [&layers[0], &layers[1], &layers[2], &layers[3], &layers[4]];
        let theirs = tower(&pixels, layers());
        let recorded = tower(&Recorded::new(&pixels).unwrap(), layers());
        let ours = Var::from_tensor(&recorded.to_tensor().unwrap()).unwrap();
        assert_close(&ours, &theirs, "values");
        let probe = Tensor::randn(0f32, 1., theirs.shape(), &Device::Cpu).unwrap();
        let gradients = (&theirs * &probe).unwrap().sum_all().unwrap().backward().unwrap();
        // A layer that is used twice has two gradients.
        let mut sums: Vec<(Tensor, Tensor)> = Vec::new();
        for (parameter, gradient) in recorded.backward(&probe).unwrap() {
            match sums.iter_mut().find(|(p, _)| p.id() == parameter.id()) {
                Some((_, sum)) => *sum = (&*sum + gradient).unwrap(),
                None => sums.push((parameter, gradient)),
            }
        }
        assert_eq!(sums.len(), 15);
        for (parameter, gradient) in sums {
            assert_close(&gradient, gradients.get(&parameter).unwrap(), &format!("{:?}", parameter.shape()));
        }
    }
}
