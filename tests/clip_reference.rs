//! Towers, losses and explanations against what open_clip, PyTorch and pytorch-grad-cam compute from the same weights
//! (`fixtures/clip_small.py` and `clip_small_bf16.py`, which name every tensor), the text tower against
//! candle-transformers' too, and gradients against finite differences.
#![allow(clippy::unwrap_used, reason = "a test may fail")]
#![cfg(feature = "train")]

use std::collections::HashMap;

use candle_core::{D, DType, Device, Tensor, Var};
use candle_nn::{Module, VarBuilder, VarMap};
use candle_transformers::models::clip::text_model::{Activation, ClipTextConfig, ClipTextTransformer};
use octlens::clip::token_tree::TokenTree;
use octlens::clip::{Clip, ClipConfig, TextConfig, VisionConfig};
use octlens::explain::grad_cam::grad_cam;
use octlens::explain::token_importance::token_scores;
use octlens::head::{Head, HeadConfig};
use octlens::nn::Mode;
use octlens::nn::norm::l2_normalize;
use octlens::nn::precision;
use octlens::train::fit::loss::contrastive_loss;
use octlens::train::heads::loss::consistency_loss;

/// The reference is computed in 64-bit floats, ours in 32-bit: rounding of sums through a few dozen layers.
const TOLERANCE: f32 = 2e-4;
/// The same 32-bit operations, their sums in another order.
const SAME_PRECISION_TOLERANCE: f32 = 1e-5;
/// A difference quotient in 32-bit floats: half its digits are lost.
const FINITE_DIFFERENCE_TOLERANCE: f32 = 2e-2;
/// How much farther than PyTorch's mixed precision ours may be from 32 bits, over all tensors: it was seen to be as far.
const MEAN_FACTOR: f32 = 1.5;
/// The same for one tensor: two ways of rounding the same products, each by chance better here and worse there.
const SINGLE_FACTOR: f32 = 3.;
/// The class that the fixture explains.
const CLASS: usize = 1;

type Tensors = HashMap<String, Tensor>;

fn fixture() -> Tensors {
    let bytes = include_bytes!("fixtures/clip_small.safetensors");
    candle_core::safetensors::load_buffer(bytes, &Device::Cpu).unwrap()
}

/// The tensors whose names begin with `prefix`, without it.
fn under(tensors: &Tensors, prefix: &str) -> Tensors {
    let named = |(name, t): (&String, &Tensor)| Some((name.strip_prefix(prefix)?.to_owned(), t.clone()));
    tensors.iter().filter_map(named).collect()
}

/// The fixture's sizes, for scans of `height` × `width` and `output_stride` pixels per cell.
fn config(height: usize, width: usize, output_stride: usize) -> ClipConfig {
    ClipConfig {
        embed_dim: 16,
        vision: VisionConfig {
            image_height: height,
            image_width: width,
            layers: [2, 1, 2, 1],
            width: 4,
            output_stride,
        },
        text: TextConfig { context_length: 16, vocab_size: 64, width: 32, heads: 4, layers: 2 },
    }
}

/// A model that multiplies in `compute` and whose weights are variables, with the fixture's values.
fn trainable(weights: &Tensors, compute: DType) -> (Clip, HashMap<String, Var>) {
    let map = VarMap::new();
    let clip = Clip::new(&config(64, 64, 32), precision::builder(&map, compute, &Device::Cpu)).unwrap();
    let variables: HashMap<String, Var> = map.data().lock().unwrap().clone();
    for (name, var) in &variables {
        var.set(&weights[name]).unwrap();
    }
    (clip, variables)
}

fn frozen(weights: Tensors, config: &ClipConfig) -> Clip {
    Clip::new(config, VarBuilder::from_tensors(weights, DType::F32, &Device::Cpu)).unwrap()
}

fn mlp_head(fixture: &Tensors) -> Head {
    let vb = VarBuilder::from_tensors(under(fixture, "mlp.head."), DType::F32, &Device::Cpu);
    Head::new(&HeadConfig { embed_dim: 16, hidden: 8, n_classes: 2 }, vb).unwrap()
}

/// The fixture's linear head on L2-normalised embeddings.
fn linear_head(fixture: &Tensors) -> impl Fn(&Tensor) -> octlens::error::Result<Tensor> {
    let (weight, bias) = (fixture["head.weight"].clone(), fixture["head.bias"].clone());
    move |embeds| Ok(l2_normalize(embeds)?.matmul(&weight.t()?)?.broadcast_add(&bias)?)
}

/// Token ids (n, context) and where each text ends: its largest id.
fn texts(fixture: &Tensors) -> (Tensor, Vec<usize>) {
    let ids = &fixture["token_ids"];
    let end = ids.argmax(D::Minus1).unwrap().to_vec1::<u32>().unwrap().into_iter().map(|e| e as usize).collect();
    (ids.to_dtype(DType::U32).unwrap(), end)
}

fn flat(t: &Tensor) -> Vec<f32> {
    t.flatten_all().unwrap().to_vec1().unwrap()
}

/// Compares with a tolerance relative to the largest reference value.
fn assert_close(ours: &Tensor, reference: &Tensor, tolerance: f32, what: &str) {
    assert_eq!(ours.dims(), reference.dims(), "{what}");
    let (ours, reference) = (flat(ours), flat(reference));
    let largest = reference.iter().fold(0f32, |m, v| m.max(v.abs()));
    let off = ours.iter().zip(&reference).fold(0f32, |m, (a, b)| m.max((a - b).abs()));
    assert!(largest > 0. && off <= tolerance * largest, "{what} is off by {off}, where the largest value is {largest}");
}

/// Divides by the largest value, as [`grad_cam`] does.
fn normalized(map: &Tensor) -> Tensor {
    let largest = flat(map).into_iter().fold(0f32, f32::max);
    (map / f64::from(largest)).unwrap()
}

#[test]
fn embeddings_logits_and_loss_equal_open_clips() {
    let f = fixture();
    let clip = frozen(under(&f, "model."), &config(64, 64, 32));
    let map = clip.visual.feature_map(&f["pixel_values"], Mode::Eval).unwrap();
    assert_close(&map, &f["feature_map"], TOLERANCE, "feature map");
    let image_embeds = clip.visual.pool(&map).unwrap();
    assert_close(&image_embeds, &f["image_embeds"], TOLERANCE, "image embeddings");
    let (ids, end) = texts(&f);
    assert_close(
        &clip.text.embed_tokens(&ids).unwrap(),
        &f["token_representations"],
        TOLERANCE,
        "token representations",
    );
    let text_embeds = clip.text.forward(&ids, &end).unwrap();
    assert_close(&text_embeds, &f["text_embeds"], TOLERANCE, "text embeddings");
    let logits = clip.logits_per_image(&image_embeds, &text_embeds).unwrap();
    assert_close(&logits, &f["logits_per_image"], TOLERANCE, "logits per image");
    assert_close(&contrastive_loss(&logits, &[0, 1], &[]).unwrap(), &f["loss"], TOLERANCE, "loss");
}

#[test]
fn a_text_needs_no_more_tokens_than_it_has() {
    let f = fixture();
    let clip = frozen(under(&f, "model."), &config(64, 64, 32));
    let (ids, end) = texts(&f);
    for (i, &end) in end.iter().enumerate() {
        let ids = ids.narrow(0, i, 1).unwrap().narrow(1, 0, end + 1).unwrap();
        let embeds = clip.text.forward(&ids, &[end]).unwrap();
        assert_close(&embeds, &f["text_embeds"].narrow(0, i, 1).unwrap(), TOLERANCE, "embedding of the short text");
    }
}

#[test]
fn gradients_of_a_training_step_equal_pytorchs() {
    let f = fixture();
    let (clip, variables) = trainable(&under(&f, "model."), DType::F32);
    let (ids, end) = texts(&f);
    for (mode, prefix) in [(Mode::Eval, ""), (Mode::Train, "train.")] {
        let map = clip.visual.feature_map(&f["pixel_values"], mode).unwrap();
        let image_embeds = clip.visual.pool(&map).unwrap();
        let text_embeds = clip.text.forward(&ids, &end).unwrap();
        let loss =
            contrastive_loss(&clip.logits_per_image(&image_embeds, &text_embeds).unwrap(), &[0, 1], &[]).unwrap();
        assert_close(&loss, &f[&format!("{prefix}loss")], TOLERANCE, "loss");
        let gradients = loss.backward().unwrap();
        let references = under(&f, &format!("{prefix}grad."));
        assert!(references.len() >= 4);
        for (name, reference) in references {
            // Gradients pass twice as many layers as values.
            assert_close(gradients.get(&variables[&name]).unwrap(), &reference, 5. * TOLERANCE, &name);
        }
    }
}

/// The length of `a - b`, as a share of `b`'s.
fn distance(a: &Tensor, b: &Tensor) -> f32 {
    let length = |t: &Tensor| t.sqr().unwrap().sum_all().unwrap().to_scalar::<f32>().unwrap().sqrt();
    length(&(a - b).unwrap()) / length(b)
}

/// A text tower's weights under Hugging Face's names, which candle-transformers asks for: queries, keys and values apart.
fn hugging_face_text_weights(model: &Tensors) -> Tensors {
    let mut renamed = Tensors::new();
    for (name, tensor) in model.iter().filter(|(name, _)| !name.starts_with("visual.")) {
        if let Some((block, part)) = name.split_once(".attn.in_proj_") {
            let layer = block.replace("transformer.resblocks.", "encoder.layers.");
            for (projection, rows) in ["q", "k", "v"].into_iter().zip(tensor.chunk(3, 0).unwrap()) {
                renamed.insert(format!("{layer}.self_attn.{projection}_proj.{part}"), rows);
            }
            continue;
        }
        let mut name = name.clone();
        for (ours, theirs) in [
            ("token_embedding.weight", "embeddings.token_embedding.weight"),
            ("positional_embedding", "embeddings.position_embedding.weight"),
            ("transformer.resblocks.", "encoder.layers."),
            (".attn.out_proj.", ".self_attn.out_proj."),
            (".ln_1.", ".layer_norm1."),
            (".ln_2.", ".layer_norm2."),
            (".mlp.c_fc.", ".mlp.fc1."),
            (".mlp.c_proj.", ".mlp.fc2."),
            ("ln_final.", "final_layer_norm."),
        ] {
            name = name.replace(ours, theirs);
        }
        renamed.insert(name, tensor.clone());
    }
    renamed
}

#[test]
fn text_embeddings_equal_those_of_candle_transformers() {
    let f = fixture();
    let model = under(&f, "model.");
    let config = config(64, 64, 32);
    let text = &config.text;
    let theirs = ClipTextConfig {
        vocab_size: text.vocab_size,
        embed_dim: text.width,
        activation: Activation::QuickGelu,
        intermediate_size: 4 * text.width,
        max_position_embeddings: text.context_length,
        pad_with: None,
        num_hidden_layers: text.layers,
        num_attention_heads: text.heads,
        projection_dim: config.embed_dim,
    };
    let vb = VarBuilder::from_tensors(hugging_face_text_weights(&model), DType::F32, &Device::Cpu);
    let theirs = ClipTextTransformer::new(vb, &theirs).unwrap();
    let (ids, end) = texts(&f);
    // Their model ends before the projection.
    let theirs = theirs.forward(&ids).unwrap().matmul(&model["text_projection"]).unwrap();
    let ours = frozen(model, &config).text.forward(&ids, &end).unwrap();
    assert_close(&ours, &theirs, SAME_PRECISION_TOLERANCE, "text embeddings");
}

#[test]
fn mixed_precision_is_as_close_to_32_bits_as_pytorchs() {
    let f = fixture();
    let bytes = include_bytes!("fixtures/clip_small_bf16.safetensors");
    let reference = candle_core::safetensors::load_buffer(bytes, &Device::Cpu).unwrap();
    let (ids, end) = texts(&f);
    let weighed = |embeds: &Tensor, probe: &str| (embeds * &reference[probe]).unwrap().sum_all().unwrap();
    for (mode, prefix) in [(Mode::Eval, ""), (Mode::Train, "train.")] {
        let exact = under(&under(&reference, "f32."), prefix);
        let rounded = under(&under(&reference, "bf16."), prefix);
        for compute in [DType::F32, DType::BF16] {
            let (clip, variables) = trainable(&under(&f, "model."), compute);
            let map = clip.visual.feature_map(&f["pixel_values"], mode).unwrap();
            let image_embeds = clip.visual.pool(&map).unwrap();
            let text_embeds = clip.text.forward(&ids, &end).unwrap();
            let loss = |shift: i32| {
                let map = clip.visual.feature_map(&f["pixel_values"].roll(shift, 3).unwrap(), mode).unwrap();
                let logits = clip.logits_per_image(&clip.visual.pool(&map).unwrap(), &text_embeds).unwrap();
                contrastive_loss(&logits, &[0, 1], &[]).unwrap()
            };
            let losses = Tensor::stack(&(0..8).map(|i| loss(8 * i)).collect::<Vec<_>>(), 0).unwrap();
            let readout = weighed(&image_embeds, "probe.image") + weighed(&text_embeds, "probe.text");
            let gradients = readout.unwrap().backward().unwrap();
            let ours = |name: &str| match name {
                "image_embeds" => &image_embeds,
                "text_embeds" => &text_embeds,
                "losses" => &losses,
                gradient => gradients.get(&variables[gradient.strip_prefix("grad.").unwrap()]).unwrap(),
            };
            let mut ratios = Vec::new();
            for name in exact.keys().filter(|name| !name.starts_with("train.")) {
                let (off, theirs) = (distance(ours(name), &exact[name]), distance(&rounded[name], &exact[name]));
                println!("{compute:?} {prefix}{name}: {off:.1e}, PyTorch's bf16 {theirs:.1e}");
                if compute == DType::F32 {
                    assert!(off <= TOLERANCE, "{prefix}{name} is off by {off} in 32 bits");
                    continue;
                }
                assert!(off >= TOLERANCE || !name.ends_with("_embeds"), "{prefix}{name} was not rounded");
                assert!(off <= SINGLE_FACTOR * theirs, "{prefix}{name} is off by {off}, PyTorch's by {theirs}");
                ratios.push(off / theirs);
            }
            let mean = ratios.iter().sum::<f32>() / ratios.len().max(1) as f32;
            assert!(mean <= MEAN_FACTOR, "{mean} times as far off as PyTorch");
        }
    }
}

#[test]
fn running_statistics_move_as_pytorchs() {
    let f = fixture();
    let (clip, variables) = trainable(&under(&f, "model."), DType::F32);
    let map = clip.visual.feature_map(&f["pixel_values"], Mode::Train).unwrap();
    assert_close(&map, &f["train.feature_map"], TOLERANCE, "feature map with batch statistics");
    for statistic in ["running_mean", "running_var"] {
        let references = under(&f, &format!("train.{statistic}."));
        assert!(!references.is_empty());
        for (norm, reference) in references {
            assert_close(
                &variables[&format!("{norm}.{statistic}")],
                &reference,
                TOLERANCE,
                &format!("{norm} {statistic}"),
            );
        }
    }
}

#[test]
fn grad_cam_equals_pytorch_grad_cams() {
    let f = fixture();
    let (linear, mlp) = (linear_head(&f), mlp_head(&f));
    for (prefix, scans, config) in [
        ("", "pixel_values", config(64, 64, 32)),
        ("wide.", "wide.pixel_values", config(64, 96, 32)),
        ("fine.", "wide.pixel_values", config(64, 96, 16)),
    ] {
        let mut weights = under(&f, "model.");
        weights.extend(under(&f, &format!("{prefix}model.")));
        let clip = frozen(weights, &config);
        for (head, name) in [(&linear as &dyn Fn(&Tensor) -> _, ""), (&|x: &Tensor| mlp.forward(x), "mlp.")] {
            for scan in 0..2 {
                let map = clip.visual.feature_map(&f[scans].narrow(0, scan, 1).unwrap(), Mode::Eval).unwrap();
                let tail = |map: &Tensor| head(&clip.visual.pool(map)?);
                let of_scan = |key: &str| f[&format!("{prefix}{name}{key}")].get(scan).unwrap();
                assert_close(&tail(&map).unwrap().get(0).unwrap(), &of_scan("image_logits"), TOLERANCE, "image logits");
                let cam = grad_cam(&map, |map| Ok(tail(map)?.narrow(1, CLASS, 1)?.squeeze(1)?)).unwrap();
                let ours = Tensor::from_vec(cam.values, (cam.rows, cam.cols), &Device::Cpu).unwrap();
                assert_close(
                    &ours,
                    &normalized(&of_scan("grad_cam")),
                    10. * TOLERANCE,
                    &format!("{prefix}{name}grad_cam"),
                );
            }
        }
    }
}

#[test]
fn token_importance_equals_pytorchs() {
    let f = fixture();
    let clip = frozen(under(&f, "model."), &config(64, 64, 32));
    let (linear, mlp) = (linear_head(&f), mlp_head(&f));
    let (ids, end) = texts(&f);
    for (head, name) in [(&linear as &dyn Fn(&Tensor) -> _, ""), (&|x: &Tensor| mlp.forward(x), "mlp.")] {
        for (i, &end) in end.iter().enumerate() {
            let tokens = clip.text.embed_tokens(&ids.narrow(0, i, 1).unwrap()).unwrap();
            let scores = token_scores(&tokens, |x| head(&clip.text.encode(x, &[end])?), CLASS).unwrap();
            let ours = Tensor::new(scores, &Device::Cpu).unwrap();
            let reference = f[&format!("{name}token_importance")].get(i).unwrap();
            assert_close(&ours, &reference, 5. * TOLERANCE, &format!("{name}token_importance"));
        }
    }
}

#[test]
fn texts_in_one_tree_are_read_as_one_by_one() {
    let f = fixture();
    let text = frozen(under(&f, "model."), &config(64, 64, 32)).text;
    let (ids, end) = texts(&f);
    let ids = ids.to_vec2::<u32>().unwrap();
    let mut whole: Vec<Vec<u32>> = ids.iter().zip(&end).map(|(ids, end)| ids[..=*end].to_vec()).collect();
    // The same beginnings with other ends, and an empty text.
    let cut: Vec<Vec<u32>> = whole.iter().map(|ids| [&ids[..2], &ids[ids.len() - 1..]].concat()).collect();
    whole.extend(cut);
    whole.push(vec![whole[0][0], whole[0][whole[0].len() - 1]]);
    let tree = TokenTree::new(whole.iter().map(Vec::as_slice));
    assert!(tree.ids.len() < whole.iter().map(Vec::len).sum(), "nothing is shared");
    let together = text.forward_tree(&tree).unwrap();
    for (i, ids) in whole.iter().enumerate() {
        let row = Tensor::new(ids.as_slice(), &Device::Cpu).unwrap().unsqueeze(0).unwrap();
        let alone = text.forward(&row, &[ids.len() - 1]).unwrap();
        assert_close(&together.narrow(0, i, 1).unwrap(), &alone, TOLERANCE, &format!("text {i}"));
    }
}

/// `(f(h) - f(-h)) / 2h` of a logit.
fn slope(logit: impl Fn(f64) -> f32, h: f64) -> f32 {
    (logit(h) - logit(-h)) / (2. * h) as f32
}

#[test]
fn grad_cam_matches_finite_differences() {
    let f = fixture();
    let clip = frozen(under(&f, "model."), &config(64, 64, 32));
    let head = linear_head(&f);
    let map = clip.visual.feature_map(&f["pixel_values"].narrow(0, 0, 1).unwrap(), Mode::Eval).unwrap();
    let tail = |map: &Tensor| head(&clip.visual.pool(map)?);
    let (_, channels, rows, cols) = map.dims4().unwrap();
    // A channel's weight is the mean over cells of the gradient: how the logit moves when the whole channel moves.
    let alpha: Vec<f32> = (0..channels)
        .map(|c| {
            let mut unit = vec![0f32; channels];
            unit[c] = 1.;
            let unit = Tensor::from_vec(unit, (1, channels, 1, 1), &Device::Cpu).unwrap();
            let logit = |h: f64| {
                let moved = map.broadcast_add(&(&unit * h).unwrap()).unwrap();
                tail(&moved).unwrap().get(0).unwrap().get(CLASS).unwrap().to_scalar::<f32>().unwrap()
            };
            slope(logit, 0.05) / (rows * cols) as f32
        })
        .collect();
    let alpha = Tensor::from_vec(alpha, (1, channels, 1, 1), &Device::Cpu).unwrap();
    let expected = map.broadcast_mul(&alpha).unwrap().sum(1).unwrap().relu().unwrap().squeeze(0).unwrap();
    let cam = grad_cam(&map, |map| Ok(tail(map)?.narrow(1, CLASS, 1)?.squeeze(1)?)).unwrap();
    let ours = Tensor::from_vec(cam.values, (rows, cols), &Device::Cpu).unwrap();
    assert_close(&ours, &normalized(&expected), FINITE_DIFFERENCE_TOLERANCE, "GradCAM");
}

#[test]
fn token_importance_matches_finite_differences() {
    let f = fixture();
    let clip = frozen(under(&f, "model."), &config(64, 64, 32));
    let head = mlp_head(&f);
    let (ids, end) = texts(&f);
    let tokens = clip.text.embed_tokens(&ids.narrow(0, 0, 1).unwrap()).unwrap();
    let tail = |x: &Tensor| head.forward(&clip.text.encode(x, &end[..1])?);
    let n = tokens.dim(1).unwrap();
    // Gradient · activation is how the logit moves as the token's representation grows.
    let expected: Vec<f32> = (0..n)
        .map(|t| {
            let logit = |h: f64| {
                let grown: Vec<f32> = (0..n).map(|i| if i == t { 1. + h as f32 } else { 1. }).collect();
                let grown = tokens.broadcast_mul(&Tensor::from_vec(grown, (1, n, 1), &Device::Cpu).unwrap()).unwrap();
                tail(&grown).unwrap().get(0).unwrap().get(CLASS).unwrap().to_scalar::<f32>().unwrap()
            };
            slope(logit, 0.02)
        })
        .collect();
    let ours = Tensor::new(token_scores(&tokens, tail, CLASS).unwrap(), &Device::Cpu).unwrap();
    let expected = Tensor::new(expected, &Device::Cpu).unwrap();
    assert_close(&ours, &expected, FINITE_DIFFERENCE_TOLERANCE, "token importance");
}

#[test]
fn every_trainable_parameter_receives_a_gradient() {
    let f = fixture();
    let (clip, variables) = trainable(&under(&f, "model."), DType::F32);
    let heads = VarMap::new();
    let vb = VarBuilder::from_varmap(&heads, DType::F32, &Device::Cpu);
    let config = HeadConfig { embed_dim: 16, hidden: 8, n_classes: 2 };
    let (image_head, text_head) =
        (Head::new(&config, vb.pp("image_head")).unwrap(), Head::new(&config, vb.pp("text_head")).unwrap());
    let head_variables = heads.data().lock().unwrap().clone();
    assert_eq!(head_variables.len(), 8);
    for (name, var) in &head_variables {
        let key = name.split_once('.').unwrap().1;
        var.set(&f[&format!("mlp.head.{key}")]).unwrap();
    }
    let (ids, end) = texts(&f);
    let map = clip.visual.feature_map(&f["pixel_values"], Mode::Train).unwrap();
    let image_embeds = clip.visual.pool(&map).unwrap();
    let text_embeds = clip.text.forward(&ids, &end).unwrap();
    let contrastive =
        contrastive_loss(&clip.logits_per_image(&image_embeds, &text_embeds).unwrap(), &[0, 1], &[]).unwrap();
    let targets = Tensor::new(&[[1f32, 0.], [0., 1.]], &Device::Cpu).unwrap();
    let (image, text) = (image_head.forward(&image_embeds).unwrap(), text_head.forward(&text_embeds).unwrap());
    let weights = Tensor::ones(2, DType::F32, &Device::Cpu).unwrap();
    let heads_loss = consistency_loss(&image, &text, &targets, &weights).unwrap();
    let gradients = (contrastive + heads_loss).unwrap().backward().unwrap();
    let all = variables.iter().chain(&head_variables).filter(|(name, _)| !name.contains("running_"));
    for (name, var) in all {
        let gradient = gradients.get(var).unwrap_or_else(|| panic!("{name} receives no gradient"));
        let values = flat(gradient);
        assert!(values.iter().all(|v| v.is_finite()) && values.iter().any(|v| *v != 0.), "{name}: nothing but zeros");
    }
}
