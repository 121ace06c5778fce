//! Calibrates both heads' probabilities: temperature scaling (Guo et al. 2017) on validation patients, folded into each
//! head's last layer. It changes no label and no explanation, since logits are only divided.

use std::collections::BTreeMap;

use candle_core::{Device, Tensor, Var};

use crate::bundle::card::Temperatures;
use crate::clip::Clip;
use crate::error::Result;
use crate::head::Head;
use crate::nn::norm::l2_normalize;
use crate::train::config::ModelSpec;
use crate::train::data::record::{Record, SourceKind};
use crate::train::data::samples::Sample;
use crate::train::fit::embed::embed_images;
use crate::train::metrics::calibration::temperature;

/// Both heads, and their variables by name (`image_head.…`, `text_head.…`).
pub(crate) struct Heads<'a> {
    /// On image embeddings.
    pub image: &'a Head,
    /// On text embeddings.
    pub text: &'a Head,
    /// By name.
    pub variables: &'a BTreeMap<String, Var>,
}

/// Fits both temperatures on `samples`, read from `records`, and divides the heads' last layers by them.
/// `caption_embeds` (n, D) are those of the model's captions, in order.
pub(crate) fn calibrate(
    clip: &Clip,
    spec: &ModelSpec,
    heads: &Heads<'_>,
    caption_embeds: &Tensor,
    (records, samples): (&[&Record], &[Sample]),
    device: &Device,
) -> Result<Temperatures> {
    let is_real = |s: &&Sample| records[s.record].source != SourceKind::Phantom;
    let real: Vec<Sample> = samples.iter().filter(is_real).cloned().collect();
    let scans = if real.is_empty() { samples } else { &real };
    if scans.is_empty() {
        return Ok(Temperatures { image: None, text: None, n_scans: 0 });
    }
    let truth: Vec<usize> = scans.iter().map(|s| s.class).collect();
    let images = embed_images(clip, spec, scans, device)?;
    let nearest = images.matmul(&l2_normalize(caption_embeds)?.t()?)?.argmax(1)?;
    let retrieved = caption_embeds.index_select(&nearest, 0)?;
    let fold = |name, logits: Result<Tensor>| fold(heads.variables, name, &logits?, &truth);
    Ok(Temperatures {
        image: fold("image_head", heads.image.forward(&images))?,
        text: fold("text_head", heads.text.forward(&retrieved))?,
        n_scans: scans.len(),
    })
}

/// Divides the last layer of head `name` by the best temperature of its `logits` (n, K), if there is one.
fn fold(variables: &BTreeMap<String, Var>, name: &str, logits: &Tensor, truth: &[usize]) -> Result<Option<f64>> {
    let rows = logits.to_vec2::<f32>()?;
    let logits: Vec<Vec<f64>> = rows.iter().map(|row| row.iter().map(|z| f64::from(*z)).collect()).collect();
    let Ok(t) = temperature(&logits, truth) else { return Ok(None) };
    for part in ["fc2.weight", "fc2.bias"] {
        if let Some(var) = variables.get(&format!("{name}.{part}")) {
            var.set(&(var.as_detached_tensor() / t)?)?;
        }
    }
    Ok(Some(t))
}

#[cfg(test)]
mod tests {
    use candle_core::DType;
    use candle_nn::{VarBuilder, VarMap};

    use super::*;
    use crate::head::HeadConfig;
    use crate::train::fit::checkpoint::named_variables;

    #[test]
    fn a_calibrated_head_has_temperature_one_and_the_same_labels() {
        let map = VarMap::new();
        let vb = VarBuilder::from_varmap(&map, DType::F32, &Device::Cpu);
        let head = Head::new(&HeadConfig { embed_dim: 4, hidden: 8, n_classes: 3 }, vb.pp("image_head")).unwrap();
        let variables = named_variables(&map).unwrap();
        for var in variables.values() {
            var.set(&var.randn_like(0., 3.).unwrap()).unwrap();
        }
        let embeds = Tensor::randn(0f32, 1., (60, 4), &Device::Cpu).unwrap();
        let logits = || head.forward(&embeds).unwrap();
        let labels = logits().argmax(1).unwrap().to_vec1::<u32>().unwrap();
        // Wrong for every fifth scan.
        let truth: Vec<usize> =
            labels.iter().enumerate().map(|(i, l)| (*l as usize + usize::from(i % 5 == 0)) % 3).collect();
        assert!(fold(&variables, "image_head", &logits(), &truth).unwrap().is_some());
        let again = fold(&variables, "image_head", &logits(), &truth).unwrap().unwrap();
        assert!((again - 1.).abs() < 1e-3, "{again}");
        assert_eq!(logits().argmax(1).unwrap().to_vec1::<u32>().unwrap(), labels);
    }
}
