//! A CLIP's sizes from its tensors' shapes, as OpenAI's `build_model` finds them (CLIP's `model.py`). Reads no numbers.

use std::collections::BTreeMap;

use super::shapes::Shapes;
use crate::clip::{ClipConfig, TextConfig, VisionConfig};
use crate::error::{Error, Result};

/// Channels of one attention head of the text tower's attention, where a file does not say (CLIP's `build_model`).
const TEXT_HEAD_DIM: usize = 64;
/// Pixels per cell of CLIP's last feature map.
const OUTPUT_STRIDE: usize = 32;

/// Numbers that OpenAI's files hold in addition to the weights.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct StoredSizes {
    /// Rows and columns of the image.
    pub input_resolution: Option<usize>,
    /// The most tokens.
    pub context_length: Option<usize>,
    /// Tokens that are known.
    pub vocab_size: Option<usize>,
}

/// The sizes on which most of a file's tensors agree. `text_heads` is needed where the text tower's width is no
/// multiple of 64.
///
/// # Errors
/// The file holds no CLIP with a ModifiedResNet, or its sizes cannot be found; the tensors that would show them are named.
pub(super) fn of(shapes: &Shapes, stored: StoredSizes, text_heads: Option<usize>) -> Result<ClipConfig> {
    if shapes.contains_key("visual.proj") || shapes.contains_key("visual.class_embedding") {
        return Err(Error::weights("its image tower is a vision transformer: give a CLIP with a ResNet, as RN50"));
    }
    let dim = |name: &str, i: usize| shapes.get(name).and_then(|shape| shape.get(i)).copied();
    let mut missing = Vec::new();
    let mut agreed = |first: &str, votes: &[Option<usize>]| {
        most_frequent(votes).unwrap_or_else(|| {
            missing.push(first.to_owned());
            0
        })
    };
    let embed_dim = agreed(
        "text_projection",
        &[dim("text_projection", 1), dim("visual.attnpool.c_proj.weight", 0), dim("visual.attnpool.c_proj.bias", 0)],
    );
    let width = agreed(
        "visual.layer1.0.conv1.weight",
        &[dim("visual.layer1.0.conv1.weight", 0), dim("visual.layer1.0.bn1.weight", 0), dim("visual.bn3.weight", 0)],
    );
    let side_of_map = |n: usize| n.checked_sub(1).map(|cells| cells.isqrt() * OUTPUT_STRIDE);
    let image_size = agreed(
        "visual.attnpool.positional_embedding",
        &[dim("visual.attnpool.positional_embedding", 0).and_then(side_of_map), stored.input_resolution],
    );
    let context_length = agreed("positional_embedding", &[dim("positional_embedding", 0), stored.context_length]);
    let vocab_size = agreed("token_embedding.weight", &[dim("token_embedding.weight", 0), stored.vocab_size]);
    let text_width = agreed(
        "ln_final.weight",
        &[
            dim("ln_final.weight", 0),
            dim("ln_final.bias", 0),
            dim("positional_embedding", 1),
            dim("token_embedding.weight", 1),
            dim("text_projection", 0),
        ],
    );
    let mut layers = [0; 4];
    for (i, n) in layers.iter_mut().enumerate() {
        *n = n_blocks(shapes, &format!("visual.layer{}.", i + 1));
        if *n == 0 {
            missing.push(format!("visual.layer{}.0.conv1.weight", i + 1));
        }
    }
    let text_layers = n_blocks(shapes, "transformer.resblocks.");
    if text_layers == 0 {
        missing.push("transformer.resblocks.0.attn.in_proj_weight".to_owned());
    }
    missing.sort();
    missing.dedup();
    if !missing.is_empty() {
        return Err(Error::weights(format!(
            "it holds no CLIP with a ModifiedResNet: missing are {}",
            missing.join(", ")
        )));
    }
    let heads = match text_heads {
        Some(heads) => heads,
        None if text_width % TEXT_HEAD_DIM == 0 => text_width / TEXT_HEAD_DIM,
        None => {
            return Err(Error::config(format!(
                "its text tower is {text_width} wide, no multiple of {TEXT_HEAD_DIM}: say how many attention heads it has \
                 with --text-heads"
            )));
        }
    };
    let config = ClipConfig {
        embed_dim,
        vision: VisionConfig {
            image_height: image_size,
            image_width: image_size,
            layers,
            width,
            output_stride: OUTPUT_STRIDE,
        },
        text: TextConfig { context_length, vocab_size, width: text_width, heads, layers: text_layers },
    };
    config.check()?;
    let pairs = [
        ("input_resolution", stored.input_resolution, image_size),
        ("context_length", stored.context_length, context_length),
        ("vocab_size", stored.vocab_size, vocab_size),
    ];
    for (name, stored, found) in pairs {
        if stored.is_some_and(|stored| stored != found) {
            return Err(Error::weights(format!("its {name} contradicts its tensors, which have {found}")));
        }
    }
    Ok(config)
}

/// The most frequent value; of several, the first.
fn most_frequent(votes: &[Option<usize>]) -> Option<usize> {
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    votes.iter().flatten().for_each(|v| *counts.entry(*v).or_default() += 1);
    let most = counts.values().max()?;
    votes.iter().flatten().find(|v| counts[v] == *most).copied()
}

/// One more than the largest number that follows `prefix` in a name.
fn n_blocks(shapes: &Shapes, prefix: &str) -> usize {
    let number = |name: &String| name.strip_prefix(prefix)?.split('.').next()?.parse::<usize>().ok();
    shapes.keys().filter_map(number).max().map_or(0, |n| n.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::import::shapes::of_clip;

    fn rn50() -> Shapes {
        of_clip(&ClipConfig::rn50()).unwrap()
    }

    #[test]
    fn rn50_is_recognised_by_its_shapes() {
        let stored = StoredSizes { input_resolution: Some(224), context_length: Some(77), vocab_size: Some(49_408) };
        assert_eq!(of(&rn50(), stored, None).unwrap(), ClipConfig::rn50());
        assert_eq!(of(&rn50(), StoredSizes::default(), None).unwrap(), ClipConfig::rn50());
    }

    #[test]
    fn a_transposed_tensor_does_not_change_the_sizes() {
        let mut shapes = rn50();
        shapes.insert("text_projection".into(), vec![1024, 512]);
        shapes.remove("ln_final.weight");
        assert_eq!(of(&shapes, StoredSizes::default(), None).unwrap(), ClipConfig::rn50());
    }

    #[test]
    fn what_is_no_such_clip_is_refused_by_what_it_lacks() {
        let error =
            of(&Shapes::from([("fc.weight".into(), vec![1000, 2048])]), StoredSizes::default(), None).unwrap_err();
        assert!(error.to_string().contains("text_projection"), "{error}");
        let stored = StoredSizes { vocab_size: Some(7), ..StoredSizes::default() };
        let error = of(&rn50(), stored, None).unwrap_err();
        assert!(error.to_string().contains("vocab_size"), "{error}");
        let transformer = Shapes::from([("visual.proj".into(), vec![768, 512])]);
        assert!(of(&transformer, StoredSizes::default(), None).unwrap_err().to_string().contains("vision transformer"));
    }
}
