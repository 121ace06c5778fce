//! Explanations against what pytorch-grad-cam and Captum compute from the same weights, scans and target
//! (`fixtures/explanations.py`, which names every tensor), and gradients at pixels and at each layer against finite differences.
#![allow(clippy::unwrap_used, reason = "a test may fail")]
#![cfg(feature = "train")]

use std::collections::HashMap;

use candle_core::{DType, Device, Tensor, Var};
use candle_nn::VarBuilder;
use octlens::clip::{Clip, ClipConfig, TextConfig, VisionConfig};
use octlens::error::Result;
use octlens::explain::occlusion::Window;
use octlens::explain::{
    CamMap, eigen_cam, g_score_cam, grad_cam, grad_cam_plus_plus, hi_res_cam, integrated_gradients, layer_cam,
    occlusion,
};
use octlens::head::{Head, HeadConfig};
use octlens::nn::Mode;
use octlens::nn::norm::l2_normalize;

/// The least Pearson correlation with the reference.
const CORRELATION: f64 = 0.999;
/// The largest difference from it after both are divided by their largest value.
const TOLERANCE: f32 = 1e-3;
/// The step of difference quotients: small, because thousands of ReLUs bend the score.
const H: f64 = 2e-4;
/// A difference quotient in 32-bit floats: half its digits are lost.
const FINITE_DIFFERENCE_TOLERANCE: f32 = 3e-2;
/// Steps by which attributions add up to what the score gains, in logits, up to a tolerance of a tenth of the first scan's gain.
const MANY_STEPS: usize = 512;
const SUM_TOLERANCE: f32 = 2e-3;
/// The class that the fixtures explain.
const CLASS: usize = 1;
const HEIGHT: usize = 64;
const WIDTH: usize = 96;

type Tensors = HashMap<String, Tensor>;
type LinearOrMlp<'a> = &'a dyn Fn(&Tensor) -> Result<Tensor>;

fn load(bytes: &[u8]) -> Tensors {
    candle_core::safetensors::load_buffer(bytes, &Device::Cpu).unwrap()
}

fn under(tensors: &Tensors, prefix: &str) -> Tensors {
    let named = |(name, t): (&String, &Tensor)| Some((name.strip_prefix(prefix)?.to_owned(), t.clone()));
    tensors.iter().filter_map(named).collect()
}

/// The small CLIP on wide scans, its scans, and the reference maps.
struct Fixture {
    clip: Clip,
    pixel_values: Tensor,
    given: Tensors,
    reference: Tensors,
}

impl Fixture {
    fn new() -> Self {
        let given = load(include_bytes!("fixtures/clip_small.safetensors"));
        let mut weights = under(&given, "model.");
        weights.extend(under(&given, "wide.model."));
        let vision = VisionConfig {
            image_height: HEIGHT,
            image_width: WIDTH,
            layers: [2, 1, 2, 1],
            width: 4,
            output_stride: 32,
        };
        let text = TextConfig { context_length: 16, vocab_size: 64, width: 32, heads: 4, layers: 2 };
        let config = ClipConfig { embed_dim: 16, vision, text };
        let clip = Clip::new(&config, VarBuilder::from_tensors(weights, DType::F32, &Device::Cpu)).unwrap();
        let pixel_values = given["wide.pixel_values"].clone();
        let reference = load(include_bytes!("fixtures/explanations.safetensors"));
        Self { clip, pixel_values, given, reference }
    }

    fn scan(&self, i: usize) -> Tensor {
        self.pixel_values.narrow(0, i, 1).unwrap()
    }

    fn linear(&self, embeds: &Tensor) -> Result<Tensor> {
        let logits = l2_normalize(embeds)?.matmul(&self.given["head.weight"].t()?)?;
        Ok(logits.broadcast_add(&self.given["head.bias"])?)
    }

    fn mlp(&self) -> Head {
        let vb = VarBuilder::from_tensors(under(&self.given, "mlp.head."), DType::F32, &Device::Cpu);
        Head::new(&HeadConfig { embed_dim: 16, hidden: 8, n_classes: 2 }, vb).unwrap()
    }

    /// Maps after a stage → scores.
    fn score_of_map(&self, head: LinearOrMlp<'_>, stage: usize, map: &Tensor) -> Result<Tensor> {
        logit(&head(&self.clip.visual.pool(&self.clip.visual.from_stage(stage, map)?)?)?)
    }

    fn score(&self, head: LinearOrMlp<'_>, pixel_values: &Tensor) -> Result<Tensor> {
        logit(&head(&self.clip.visual.pool(&self.clip.visual.feature_map(pixel_values, Mode::Eval)?)?)?)
    }
}

fn logit(logits: &Tensor) -> Result<Tensor> {
    Ok(logits.narrow(1, CLASS, 1)?.squeeze(1)?)
}

fn flat(t: &Tensor) -> Vec<f32> {
    t.flatten_all().unwrap().to_vec1().unwrap()
}

fn pearson(a: &[f32], b: &[f32]) -> f64 {
    let mean = |v: &[f32]| v.iter().map(|x| f64::from(*x)).sum::<f64>() / v.len() as f64;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let pairs = a.iter().zip(b).map(|(a, b)| (f64::from(*a) - mean_a, f64::from(*b) - mean_b));
    let [ab, aa, bb] = pairs.fold([0.; 3], |[ab, aa, bb], (a, b)| [ab + a * b, aa + a * a, bb + b * b]);
    ab / (aa * bb).sqrt()
}

/// Compares values that are divided by the largest magnitude of the reference.
fn assert_alike(ours: &[f32], reference: &[f32], what: &str) {
    assert_eq!(ours.len(), reference.len(), "{what}");
    let largest = reference.iter().fold(0f32, |m, v| m.max(v.abs()));
    let off = ours.iter().zip(reference).fold(0f32, |m, (a, b)| m.max((a - b).abs())) / largest;
    let correlation = pearson(ours, reference);
    println!("{what}: correlation {correlation:.7}, off by {off:.1e}");
    assert!(largest > 0. && off <= TOLERANCE, "{what} is off by {off}");
    assert!(correlation >= CORRELATION, "{what} correlates by {correlation}");
}

/// Compares a map, and its peak, with a signed reference.
fn assert_map(map: &CamMap, signed: &Tensor, what: &str) {
    assert_eq!([map.rows, map.cols], signed.dims(), "{what}");
    let positive: Vec<f32> = flat(signed).into_iter().map(|v| v.max(0.)).collect();
    let peak = positive.iter().fold(0f32, |m, v| m.max(*v));
    if peak == 0. {
        let nothing = map.peak == 0. && map.values.iter().all(|v| *v == 0.);
        assert!(nothing, "{what} has the peak {}, where nothing speaks for the class", map.peak);
        return;
    }
    let shares: Vec<f32> = positive.iter().map(|v| v / peak).collect();
    assert_alike(&map.values, &shares, what);
    assert!((map.peak / peak - 1.).abs() <= TOLERANCE, "{what} has the peak {}, not {peak}", map.peak);
}

#[test]
fn maps_of_every_layer_equal_pytorch_grad_cams() {
    let f = Fixture::new();
    let (linear, mlp) = (|x: &Tensor| f.linear(x), f.mlp());
    let mlp = |x: &Tensor| mlp.forward(x);
    for (name, head) in [("linear", &linear as LinearOrMlp<'_>), ("mlp", &mlp)] {
        for stage in 1..=4 {
            for scan in 0..2 {
                let map = f.clip.visual.stage_map(stage, &f.scan(scan)).unwrap();
                let score = |map: &Tensor| f.score_of_map(head, stage, map);
                let maps = [
                    ("grad_cam", grad_cam::grad_cam(&map, score)),
                    ("grad_cam_plus_plus", grad_cam_plus_plus::grad_cam_plus_plus(&map, score)),
                    ("hi_res_cam", hi_res_cam::hi_res_cam(&map, score)),
                    ("layer_cam", layer_cam::layer_cam(&map, score)),
                    ("eigen_cam", eigen_cam::eigen_cam(&map)),
                ];
                for (method, map) in maps {
                    let key = format!("{name}.layer{stage}.{method}");
                    // It asks no head, and is stored once.
                    let Some(reference) = f.reference.get(&key) else { continue };
                    assert_map(&map.unwrap(), &reference.get(scan).unwrap(), &format!("{key}, scan {scan}"));
                }
            }
        }
    }
}

#[test]
fn g_score_cam_equals_the_plain_one() {
    let (f, mlp) = (Fixture::new(), Fixture::new().mlp());
    let head = |x: &Tensor| mlp.forward(x);
    for stage in [3, 4] {
        for scan in 0..2 {
            let pixel_values = f.scan(scan);
            let map = f.clip.visual.stage_map(stage, &pixel_values).unwrap();
            let n_asked = map.dim(1).unwrap() / 10;
            let score_of_map = |map: &Tensor| f.score_of_map(&head, stage, map);
            let score = |x: &Tensor| f.score(&head, x);
            let map = g_score_cam::g_score_cam(&map, &pixel_values, n_asked, score_of_map, score).unwrap();
            let key = format!("mlp.layer{stage}.g_score_cam");
            assert_map(&map, &f.reference[&key].get(scan).unwrap(), &key);
        }
    }
}

#[test]
fn integrated_gradients_equal_captums_and_add_up() {
    let (f, mlp) = (Fixture::new(), Fixture::new().mlp());
    let score = |x: &Tensor| f.score(&|x: &Tensor| mlp.forward(x), x);
    for scan in 0..2 {
        let pixel_values = f.scan(scan);
        let darkest = pixel_values.reshape((3, ())).unwrap().min(1).unwrap().reshape((1, 3, 1, 1)).unwrap();
        let black = darkest.broadcast_as(pixel_values.shape()).unwrap().contiguous().unwrap();
        let ours = integrated_gradients::attributions(&pixel_values, &black, 32, score).unwrap();
        let reference = f.reference["mlp.integrated_gradients"].get(scan).unwrap();
        assert_alike(&flat(&ours), &flat(&reference), "integrated gradients");
        // Random weights bend the score at every step, so that few steps add up only roughly.
        let many = integrated_gradients::attributions(&pixel_values, &black, MANY_STEPS, score).unwrap();
        let gain = flat(&(score(&pixel_values).unwrap() - score(&black).unwrap()).unwrap())[0];
        let off = |attributions: &Tensor| (flat(attributions).iter().sum::<f32>() - gain).abs();
        println!("a gain of {gain}, missed by {} and {}", off(&ours), off(&many));
        assert!(off(&many) < SUM_TOLERANCE, "the gain of {gain} is missed by {}", off(&many));
    }
}

#[test]
fn occlusion_equals_captums() {
    let (f, mlp) = (Fixture::new(), Fixture::new().mlp());
    let score = |x: &Tensor| f.score(&|x: &Tensor| mlp.forward(x), x);
    for scan in 0..2 {
        let pixel_values = f.scan(scan);
        let without = |window: Window| {
            let keep: Vec<f32> = window.hidden((HEIGHT, WIDTH)).iter().map(|h| if *h { 0. } else { 1. }).collect();
            Ok(pixel_values.broadcast_mul(&Tensor::from_vec(keep, (1, 1, HEIGHT, WIDTH), &Device::Cpu)?)?)
        };
        let map = occlusion::occlusion(&pixel_values, without, score).unwrap();
        assert_map(&map, &f.reference["mlp.occlusion"].get(scan).unwrap(), "occlusion");
    }
}

/// `(f(x + h d) − f(x − h d)) / 2h` against the gradient g along some directions d, which are parts of g: a gradient that were wrong
/// in some values would promise more than the score gains.
fn assert_slopes(x: &Tensor, h: f64, score: &dyn Fn(&Tensor) -> Result<Tensor>, what: &str) {
    let var = Var::from_tensor(x).unwrap();
    let gradient = score(&var).unwrap().sum_all().unwrap().backward().unwrap().remove(&var).unwrap();
    let gradient_values = flat(&gradient);
    let largest = gradient_values.iter().fold(0f32, |m, v| m.max(v.abs()));
    let (mut slopes, mut along) = (vec![], vec![]);
    for seed in 1..6 {
        // Different parts of the gradient, along which the score moves far enough to be measured in 32 bits.
        let part = |(i, g): (usize, &f32)| g / largest * (1. + (i as f32 * 0.37 * seed as f32).sin());
        let direction: Vec<f32> = gradient_values.iter().enumerate().map(part).collect();
        let direction = Tensor::from_vec(direction, x.shape(), &Device::Cpu).unwrap();
        let at = |h: f64| flat(&score(&(x + (&direction * h).unwrap()).unwrap()).unwrap())[0];
        slopes.push((at(h) - at(-h)) / (2. * h) as f32);
        along.push(flat(&(&gradient * &direction).unwrap()).iter().sum::<f32>());
    }
    let largest = slopes.iter().fold(0f32, |m, v| m.max(v.abs()));
    for (ours, slope) in along.iter().zip(&slopes) {
        assert!((ours - slope).abs() <= FINITE_DIFFERENCE_TOLERANCE * largest, "{what}: {along:?} where {slopes:?}");
    }
}

#[test]
fn gradients_at_the_pixels_and_at_every_layer_match_finite_differences() {
    let (f, mlp) = (Fixture::new(), Fixture::new().mlp());
    let head = |x: &Tensor| mlp.forward(x);
    let scan = f.scan(0);
    assert_slopes(&scan, H, &|x| f.score(&head, x), "pixels");
    for stage in 1..=4 {
        let map = f.clip.visual.stage_map(stage, &scan).unwrap();
        assert_slopes(&map, H, &|map| f.score_of_map(&head, stage, map), &format!("layer {stage}"));
    }
}

#[test]
fn a_tower_split_after_any_stage_gives_the_same_feature_map() {
    let f = Fixture::new();
    let whole = f.clip.visual.feature_map(&f.pixel_values, Mode::Eval).unwrap();
    for stage in 1..=4 {
        let map = f.clip.visual.stage_map(stage, &f.pixel_values).unwrap();
        assert_eq!(flat(&f.clip.visual.from_stage(stage, &map).unwrap()), flat(&whole), "stage {stage}");
        assert_eq!(f.clip.visual.stage_name(stage), format!("visual.layer{stage}"));
    }
}

#[test]
fn words_integrated_gradients_equal_captums() {
    let (f, mlp) = (Fixture::new(), Fixture::new().mlp());
    let ids = f.given["token_ids"].to_dtype(DType::U32).unwrap();
    let end: Vec<usize> =
        ids.to_vec2::<u32>().unwrap().iter().map(|ids| ids.iter().position(|id| *id == 63).unwrap()).collect();
    for (i, end) in end.into_iter().enumerate() {
        let tokens = f.clip.text.embed_tokens(&ids.narrow(0, i, 1).unwrap().narrow(1, 0, end + 1).unwrap()).unwrap();
        let positions = f.clip.text.positions(end + 1).unwrap();
        let part = |of: &Tensor, from: usize, n: usize| of.narrow(1, from, n).unwrap();
        let baseline =
            Tensor::cat(&[part(&tokens, 0, 1), part(&positions, 1, end - 1), part(&tokens, end, 1)], 1).unwrap();
        let score = |x: &Tensor| {
            let logits = mlp.forward(&f.clip.text.encode(x, &vec![end; x.dim(0)?])?)?;
            Ok((logit(&logits)? - logits.narrow(1, 1 - CLASS, 1)?.squeeze(1)?)?)
        };
        let ours = integrated_gradients::attributions(&tokens, &baseline, 32, score).unwrap();
        let reference = f.reference["text.integrated_gradients"].get(i).unwrap().narrow(0, 0, end + 1).unwrap();
        assert_alike(&flat(&ours), &flat(&reference), "integrated gradients of words");
    }
}
