//! The learning rate over a run (a linear warm-up, then a cosine or a constant) and over a tower's depth.

use crate::clip::ClipConfig;
use crate::train::config::{Schedule, Settings};

/// The factor on the base learning rate at `step` of `n_steps`, 0…1.
pub(super) fn factor(settings: &Settings, step: usize, n_steps: usize) -> f64 {
    match settings.schedule {
        Schedule::Cosine => warmup_cosine(step, settings.warmup_steps, n_steps),
        Schedule::Constant => warmup(step, settings.warmup_steps).unwrap_or(1.),
    }
}

fn warmup(step: usize, n_warmup: usize) -> Option<f64> {
    (step < n_warmup).then(|| (step + 1) as f64 / n_warmup as f64)
}

fn warmup_cosine(step: usize, n_warmup: usize, n_steps: usize) -> f64 {
    if let Some(factor) = warmup(step, n_warmup) {
        return factor;
    }
    let done = (step - n_warmup) as f64 / n_steps.saturating_sub(n_warmup).max(1) as f64;
    0.5 * (1. + (std::f64::consts::PI * done.min(1.)).cos())
}

/// A parameter's factor on the learning rate: `decay` to the power of its distance from its tower's end, counted in
/// stages of the image tower and blocks of the text tower (layer-wise rate decay; Howard & Ruder 2018, Clark et al. 2020).
pub(super) fn layer_rate(name: &str, clip: &ClipConfig, decay: f64) -> f64 {
    let number_after = |prefix: &str| {
        let rest = &name[name.find(prefix)? + prefix.len()..];
        rest.split('.').next()?.parse::<usize>().ok()
    };
    let distance = match name.strip_prefix("visual.") {
        Some(rest) if rest.starts_with("attnpool") => 0,
        // The stem comes before stage 1.
        Some(_) => clip.vision.layers.len() + 1 - number_after("layer").unwrap_or(0),
        None if name.ends_with("embedding") || name.starts_with("token_embedding") => clip.text.layers + 1,
        None => number_after("resblocks.").map_or(0, |block| clip.text.layers - block),
    };
    decay.powi(distance as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_rises_to_one_and_falls_to_zero() {
        assert!((warmup_cosine(0, 10, 100) - 0.1).abs() < 1e-12);
        assert!((warmup_cosine(9, 10, 100) - 1.).abs() < 1e-12);
        assert!((warmup_cosine(55, 10, 100) - 0.5).abs() < 1e-12);
        assert!(warmup_cosine(100, 10, 100) < 1e-12);
    }

    #[test]
    fn rates_grow_from_pixels_and_tokens_to_the_embeddings() {
        let clip = ClipConfig::compact(100);
        let of = |name| layer_rate(name, &clip, 0.5);
        assert_eq!(of("visual.attnpool.q_proj.weight"), 1.);
        assert_eq!(of("visual.layer4.0.conv1.weight"), 0.5);
        assert_eq!(of("visual.conv1.weight"), 0.5f64.powi(5));
        assert_eq!(of("text_projection"), 1.);
        assert_eq!(of("transformer.resblocks.2.ln_1.weight"), 0.5);
        assert_eq!(of("token_embedding.weight"), 0.5f64.powi(4));
        assert_eq!(of("positional_embedding"), of("token_embedding.weight"));
        assert_eq!(of("logit_scale"), 1.);
    }
}
