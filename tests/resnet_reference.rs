//! ResNet-50 against torchvision's and candle-transformers', and GradCAM against pytorch-grad-cam. All of them draw the
//! same weights by one rule (tests/fixtures/resnet50.py, which wrote the figures of the two Python libraries).
#![allow(clippy::unwrap_used, reason = "a test may fail")]
#![cfg(not(target_arch = "wasm32"))]

use candle_core::{DType, Device, Shape, Tensor};
use candle_nn::{Init, Module, VarBuilder, var_builder::SimpleBackend};
use candle_transformers::models::resnet::resnet50_no_final_layer;
use octlens::explain::grad_cam::grad_cam;
use octlens::nn::linear::Linear;
use octlens::resnet::{ResNet, ResNetConfig};
use serde::Deserialize;

/// f32 sums in another order, through fifty layers, as a share of the largest value.
const RELATIVE_TOLERANCE: f32 = 1e-3;
const N_CLASSES: usize = 2;
const TARGET: usize = 0;

#[derive(Deserialize)]
struct Reference {
    features: Vec<f32>,
    feature_norm: f32,
    logits: Vec<f32>,
    cam: Vec<Vec<f32>>,
}

/// The script's `uniform`: numbers in -1…1.
fn uniform(name: &str, count: usize) -> Vec<f32> {
    const MASK: u64 = 0xFFFF_FFFF;
    let seed = u64::from(crc32fast::hash(name.as_bytes()));
    let number = |i: u64| {
        let mut x = (i.wrapping_mul(2_654_435_761) + seed) & MASK;
        x = ((x ^ (x >> 15)) * 2_246_822_519) & MASK;
        x = ((x ^ (x >> 13)) * 3_266_489_917) & MASK;
        x ^= x >> 16;
        (x as f64 / 2f64.powi(31) - 1.) as f32
    };
    (0..count as u64).map(number).collect()
}

/// The script's `value`, as a source of weights.
struct Drawn;

impl SimpleBackend for Drawn {
    fn get(&self, shape: Shape, name: &str, _: Init, dtype: DType, device: &Device) -> candle_core::Result<Tensor> {
        let u = Tensor::from_vec(uniform(name, shape.elem_count()), &shape, device)?.to_dtype(dtype)?;
        let dims = shape.dims();
        if dims.len() == 4 {
            u * (6. / dims[1..].iter().product::<usize>() as f64).sqrt()
        } else if name.starts_with("fc.weight") {
            u * 0.05
        } else if name.ends_with("running_var") {
            (u * 0.25)? + 1.
        } else if name.ends_with("weight") {
            ((u * 0.25)? + 1.)? * if name.contains("bn3") { 0.3 } else { 1. }
        } else {
            u * 0.1
        }
    }

    fn get_unchecked(&self, _: &str, _: DType, _: &Device) -> candle_core::Result<Tensor> {
        candle_core::bail!("every shape is known")
    }

    fn contains_tensor(&self, _: &str) -> bool {
        // What a layer looks for before it asks are the parts of quantized weights.
        false
    }
}

fn assert_close(ours: &[f32], theirs: &[f32], what: &str) {
    let largest = theirs.iter().fold(0f32, |m, v| m.max(v.abs()));
    assert_eq!(ours.len(), theirs.len());
    for (a, b) in ours.iter().zip(theirs) {
        assert!((a - b).abs() <= RELATIVE_TOLERANCE * largest, "{what}: {a} against {b}");
    }
}

#[test]
fn features_logits_and_heatmap_are_those_of_torchvision_and_pytorch_grad_cam() {
    let reference: Reference = serde_json::from_str(include_str!("fixtures/resnet50.json")).unwrap();
    let vb = VarBuilder::from_backend(Box::new(Drawn), DType::F32, Device::Cpu);
    let config = ResNetConfig::resnet50();
    let net = ResNet::new(&config, vb.clone()).unwrap();
    let fc = Linear::new(config.feature_dim(), N_CLASSES, vb.pp("fc")).unwrap();
    let image = Tensor::from_vec(uniform("image", 3 * 128 * 192), (1, 3, 128, 192), &Device::Cpu).unwrap();
    let map = net.feature_map(&image).unwrap();
    let tail = |map: &Tensor| fc.forward(&net.pool(map)?);
    let features = net.pool(&map).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
    assert_close(&features[..reference.features.len()], &reference.features, "features");
    let norm = features.iter().map(|v| v * v).sum::<f32>().sqrt();
    assert_close(&[norm], &[reference.feature_norm], "norm of the features");
    let logits = tail(&map).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
    assert_close(&logits, &reference.logits, "logits");
    let cam = grad_cam(&map, |map| Ok(tail(map)?.narrow(1, TARGET, 1)?.squeeze(1)?)).unwrap();
    assert_eq!((cam.rows, cam.cols), (4, 6));
    assert_close(&cam.values, &reference.cam.concat(), "heatmap");
}

#[test]
fn features_are_those_of_candle_transformers() {
    let vb = VarBuilder::from_backend(Box::new(Drawn), DType::F32, Device::Cpu);
    let ours = ResNet::new(&ResNetConfig::resnet50(), vb.clone()).unwrap();
    let theirs = resnet50_no_final_layer(vb).unwrap();
    // Odd sizes: every convolution and pooling with a stride meets a border that its window does not fill.
    let images = Tensor::from_vec(uniform("images", 2 * 3 * 67 * 97), (2, 3, 67, 97), &Device::Cpu).unwrap();
    let flat = |features: &Tensor| features.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    let ours = ours.pool(&ours.feature_map(&images).unwrap()).unwrap();
    let theirs = theirs.forward(&images).unwrap();
    assert_eq!(ours.dims(), theirs.dims());
    assert_close(&flat(&ours), &flat(&theirs), "features");
}
