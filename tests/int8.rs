//! A model in 8-bit integers against the float one that it was made from: open_clip's random weights
//! (`fixtures/clip_small.py`) in the format of a weights file.
#![allow(clippy::unwrap_used, reason = "a test may fail")]
#![cfg(feature = "train")]

use std::collections::HashMap;

use candle_core::{D, DType, Device, Tensor, Var};
use candle_nn::VarBuilder;
use octlens::bundle::is_quantized;
use octlens::clip::{Clip, ClipConfig, TextConfig, VisionConfig};
use octlens::explain::grad_cam::grad_cam;
use octlens::nn::Mode;
use octlens::nn::params::{self, Params};
use octlens::train::export::quantize;

/// Rounding to 7 and 8 bits through a dozen layers of a few random channels.
const COSINE: f32 = 0.99;
/// The same sums in another order, relative to the largest value.
const GRADIENT_TOLERANCE: f32 = 1e-4;

/// The fixture's towers, in floats and in integers, and its inputs.
struct Towers {
    float: Clip,
    int8: Clip,
    pixel_values: Tensor,
    token_ids: Tensor,
}

fn towers() -> Towers {
    let bytes = include_bytes!("fixtures/clip_small.safetensors");
    let fixture = candle_core::safetensors::load_buffer(bytes, &Device::Cpu).unwrap();
    let named = |(name, t): (&String, &Tensor)| Some((name.strip_prefix("model.")?.to_owned(), t.clone()));
    let weights: HashMap<String, Tensor> = fixture.iter().filter_map(named).collect();
    let config = ClipConfig {
        embed_dim: 16,
        vision: VisionConfig { image_height: 64, image_width: 64, layers: [2, 1, 2, 1], width: 4, output_stride: 32 },
        text: TextConfig { context_length: 16, vocab_size: 64, width: 32, heads: 4, layers: 2 },
    };
    let float = Clip::new(&config, VarBuilder::from_tensors(weights.clone(), DType::F32, &Device::Cpu)).unwrap();
    let pixel_values = fixture["pixel_values"].clone();
    let scans = pixel_values.chunk(pixel_values.dim(0).unwrap(), 0).unwrap();
    let ranges = quantize::activation_ranges(&float, &scans).unwrap();
    let ready = quantize::prepare(&float, weights, &ranges).unwrap();
    let file = params::write(&ready, is_quantized, None).unwrap();
    let int8 = Clip::new(&config, Params::new(file).unwrap().into_builder()).unwrap();
    let token_ids = fixture["token_ids"].to_dtype(DType::U32).unwrap();
    Towers { float, int8, pixel_values, token_ids }
}

fn flat(t: &Tensor) -> Vec<f32> {
    t.flatten_all().unwrap().to_vec1().unwrap()
}

fn cosine(a: &Tensor, b: &Tensor) -> f32 {
    let dot = |a: &Tensor, b: &Tensor| flat(a).iter().zip(flat(b)).map(|(a, b)| a * b).sum::<f32>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

fn assert_close(ours: &Tensor, expected: &Tensor, what: &str) {
    let largest = flat(expected).iter().fold(0f32, |m, v| m.max(v.abs()));
    let off = flat(ours).iter().zip(flat(expected)).fold(0f32, |m, (a, b)| m.max((a - b).abs()));
    assert!(largest > 0. && off <= GRADIENT_TOLERANCE * largest, "{what} is off by {off} of {largest}");
}

#[test]
fn embeddings_stay_close_to_the_float_models() {
    let Towers { float, int8, pixel_values, token_ids } = towers();
    let [a, b] = [&int8, &float].map(|clip| clip.visual.feature_map(&pixel_values, Mode::Eval).unwrap());
    assert!(cosine(&a, &b) > COSINE, "{}", cosine(&a, &b));
    assert!(flat(&a) != flat(&b), "the integers are at work");
    let image = |clip: &Clip| clip.visual.pool(&clip.visual.feature_map(&pixel_values, Mode::Eval).unwrap()).unwrap();
    assert!(cosine(&image(&int8), &image(&float)) > COSINE);
    let end: Vec<usize> =
        token_ids.argmax(D::Minus1).unwrap().to_vec1::<u32>().unwrap().iter().map(|e| *e as usize).collect();
    let text = |clip: &Clip| clip.text.forward(&token_ids, &end).unwrap();
    assert!(cosine(&text(&int8), &text(&float)) > COSINE);
}

/// The gradient of a weighted sum of the feature map, at the pixels.
fn gradient(int8: &Clip, pixel_values: &Tensor, floats: bool) -> Tensor {
    let x = Var::from_tensor(pixel_values).unwrap();
    let y = if floats {
        int8.visual.first(&x, Mode::Eval).and_then(|x| int8.visual.layers(&x, Mode::Eval))
    } else {
        int8.visual.feature_map(&x, Mode::Eval)
    };
    let y = y.unwrap();
    let probe: Vec<f32> = (0..y.elem_count()).map(|i| (i as f32 * 0.7).sin()).collect();
    let probe = Tensor::from_vec(probe, y.shape(), &Device::Cpu).unwrap();
    let gradients = (y * probe).unwrap().sum_all().unwrap().backward().unwrap();
    gradients.get(&x).expect("a gradient flows to the input").clone()
}

#[test]
fn gradients_through_integers_are_those_of_the_dequantized_weights() {
    let Towers { int8, pixel_values, .. } = towers();
    let [through, expected] = [false, true].map(|floats| gradient(&int8, &pixel_values, floats));
    assert_close(&through, &expected, "the gradient at the pixels");
}

#[test]
fn grad_cam_of_the_quantized_model_is_close_to_the_float_models() {
    let Towers { float, int8, pixel_values, .. } = towers();
    let scan = pixel_values.narrow(0, 0, 1).unwrap();
    let cam = |clip: &Clip| {
        let map = clip.visual.feature_map(&scan, Mode::Eval).unwrap().detach();
        grad_cam(&map, |map| Ok(clip.visual.pool(map)?.narrow(1, 1, 1)?.squeeze(1)?)).unwrap()
    };
    let (ours, expected) = (cam(&int8), cam(&float));
    assert_eq!((ours.rows, ours.cols), (expected.rows, expected.cols));
    let [ours, expected] = [ours, expected].map(|cam| Tensor::new(cam.values.as_slice(), &Device::Cpu).unwrap());
    assert!(cosine(&ours, &expected) > 0.95, "{}", cosine(&ours, &expected));
}

#[test]
fn a_tower_in_bytes_split_after_any_stage_gives_the_same_feature_map() {
    let Towers { int8, pixel_values, .. } = towers();
    let whole = int8.visual.feature_map(&pixel_values, Mode::Eval).unwrap();
    for stage in 1..=4 {
        let map = int8.visual.stage_map(stage, &pixel_values).unwrap().detach();
        assert_eq!(flat(&int8.visual.after_stage(stage, &map).unwrap()), flat(&whole), "stage {stage}");
        // The gradient goes on through the dequantized weights.
        let x = Var::from_tensor(&map).unwrap();
        let gradients = int8.visual.after_stage(stage, &x).unwrap().sum_all().unwrap().backward().unwrap();
        let gradient = flat(gradients.get(&x).expect("a gradient flows to the map"));
        assert!(gradient.iter().all(|g| g.is_finite()) && gradient.iter().any(|g| *g != 0.), "stage {stage}");
    }
}
