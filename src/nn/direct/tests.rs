//! Values and gradients against candle's, with every set of instructions.

use candle_core::{Device, Tensor, Var};

use super::*;

/// f32 sums of up to a few thousand terms in another order.
const TOLERANCE: f32 = 2e-3;

fn floats(t: &Tensor) -> Vec<f32> {
    t.flatten_all().unwrap().to_vec1().unwrap()
}

fn assert_close(ours: &[f32], theirs: &[f32], what: &str) {
    assert_eq!(ours.len(), theirs.len(), "{what}");
    for (a, b) in ours.iter().zip(theirs) {
        assert!((a - b).abs() < TOLERANCE, "{what}: {a} where {b} is right");
    }
}

#[test]
fn values_and_gradients_equal_candles_convolution_with_all_instructions() {
    for (c_in, c_out, k, stride, h, w) in [
        (3, 12, 3, 2, 16, 32),
        (3, 8, 3, 2, 9, 7),
        (12, 24, 3, 1, 9, 50),
        (24, 12, 1, 1, 6, 10),
        (96, 4, 3, 1, 7, 7),
        (8, 20, 1, 1, 7, 7),
    ] {
        let what = format!("{c_in} to {c_out}, {k} × {k}, stride {stride}, {h} × {w}");
        let image = Var::randn(0f32, 1., (1, c_in, h, w), &Device::Cpu).unwrap();
        let weight = Var::randn(0f32, 0.3, (c_out, c_in, k, k), &Device::Cpu).unwrap();
        // candle's gradient needs both rows and columns to be left out by the stride, or neither; so only values are compared there.
        let theirs = image.conv2d(&weight, k / 2, stride, 1, 1).unwrap();
        let probe = Tensor::randn(0f32, 1., theirs.shape(), &Device::Cpu).unwrap();
        let gradients = (&theirs * &probe).unwrap().sum_all().unwrap().backward().unwrap();
        let (pixels, weights, grad) = (floats(&image), floats(&weight), floats(&probe));
        assert!(Plan::exists(c_out, k, stride));
        let plan = Plan::new((c_in, h, w), c_out, k, stride);
        let transposed = plan.transposed();
        let depth = plan.depth();
        for kernel in Kernel::available() {
            let what = format!("{kernel:?}, {what}");
            let (mut buffer, mut grad_buffer) = (Vec::new(), Vec::new());
            let x = plan.padded(&pixels, &mut buffer);
            let packed = Packed::new(c_out, depth, |o, d| weights[o * depth + d]);
            let mut y = vec![f32::NAN; plan.n_out()];
            convolve(kernel, &plan, x, &packed, After::default(), &mut y);
            assert_close(&y, &floats(&theirs), &what);
            let shift: Vec<f32> = (0..c_out).map(|o| o as f32 - 3.).collect();
            let after = After { shift: Some(&shift), add: Some(&grad), relu: true };
            convolve(kernel, &plan, x, &packed, after, &mut y);
            let with_all = floats(&theirs).into_iter().zip(&grad).enumerate();
            let with_all: Vec<f32> = with_all.map(|(i, (y, g))| (y + shift[i / plan.size_out()] + g).max(0.)).collect();
            assert_close(&y, &with_all, &what);

            let lent = plan.gradients(&grad, &transposed, &mut grad_buffer);
            let mut sums = vec![0f32; depth * c_out];
            // Three times, in groups of up to two.
            let mut of_weight = WeightGradient::new(kernel, &plan, 2);
            (0..3).for_each(|_| of_weight.add(x, lent, &mut sums));
            of_weight.flush(&mut sums);
            sums.iter_mut().for_each(|sum| *sum /= 3.);
            let of_weight: Vec<f32> =
                (0..c_out).flat_map(|o| (0..depth).map(move |d| (o, d))).map(|(o, d)| sums[d * c_out + o]).collect();
            assert_close(&of_weight, &floats(gradients.get(&weight).unwrap()), &what);
            if stride == 1 {
                let packed = Packed::new(c_in, transposed.depth(), |c, d| weights[plan.mirrored(c, d)]);
                let mut of_image = vec![f32::NAN; plan.n_in()];
                convolve(kernel, &transposed, lent.values, &packed, After::default(), &mut of_image);
                assert_close(&of_image, &floats(gradients.get(&image).unwrap()), &what);
            }
        }
    }
}
