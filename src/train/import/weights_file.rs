//! A weights file of octlens as the start of a run: integers become floats again. Batch norms were folded into the
//! convolutions when it was exported and do not come back: each becomes one that changes nothing, which must stay frozen.

use std::collections::HashMap;
use std::path::Path;

use candle_core::{Device, Tensor};
use candle_nn::VarBuilder;

use super::manifest::{Manifest, SCHEMA, source_file};
use super::pretrained::Pretrained;
use super::shapes::{self, Shapes};
use crate::bundle::{Bundle, Metadata};
use crate::clip::Clip;
use crate::error::{Error, Result};
use crate::nn::norm::BATCH_NORM_EPS;
use crate::tokenizer::Tokenizer;
use crate::train::weights::{self, WeightsFile};

/// Its [`crate::bundle::card::SourceFile::format`].
const FORMAT: &str = "octlens weights file";

fn open(path: &Path) -> Result<(Bundle, Manifest)> {
    let WeightsFile { bytes, sha256 } = weights::read(path)?;
    let source = source_file(path, FORMAT)?;
    let bundle = Bundle::<Metadata>::read(&path.display().to_string(), bytes, sha256)?;
    let Metadata { name, clip, preprocess, .. } = &bundle.metadata;
    let manifest = Manifest {
        schema: SCHEMA.to_owned(),
        name: name.clone(),
        weights: source.clone(),
        tokenizer: source,
        clip: clip.clone(),
        pixel_mean: preprocess.mean,
        pixel_std: preprocess.std,
    };
    Ok((bundle, manifest))
}

/// The file's manifest.
///
/// # Errors
/// It is damaged, or holds no model of two towers.
pub(super) fn manifest(path: &Path) -> Result<Manifest> {
    Ok(open(path)?.1)
}

/// Its towers, tokenizer and splits.
///
/// # Errors
/// As [`manifest`], or a tensor is missing, or it does not list the patients it was trained on: a run would test on them.
pub(super) fn read(path: &Path) -> Result<Pretrained> {
    let (bundle, manifest) = open(path)?;
    let tokenizer = Tokenizer::from_json(&bundle.metadata.tokenizer)?;
    let splits = bundle.metadata.training.splits.clone().ok_or_else(|| {
        Error::weights(format!(
            "{} does not list the patients it was trained on: re-export with train export",
            path.display()
        ))
    })?;
    let expected = shapes::of_clip(&manifest.clip)?;
    let vb = bundle.params.into_builder();
    // Before the model is built, which moves the integers out of `params`.
    let mut towers = floats(&expected, &vb)?;
    let clip = Clip::new(&manifest.clip, vb)?;
    unfold(&clip, &mut towers)?;
    shapes::compare(&towers.iter().map(|(n, t)| (n.clone(), t.dims().to_vec())).collect(), &expected, |_| false)?;
    let has_norms = !clip.visual.inputs().iter().any(|(layer, _)| layer.is_int8());
    Ok(Pretrained { manifest, tokenizer, towers, splits: Some(splits), has_norms })
}

fn floats(expected: &Shapes, vb: &VarBuilder<'_>) -> Result<HashMap<String, Tensor>> {
    let there = expected.iter().filter(|(name, _)| vb.contains_tensor(name));
    there.map(|(name, shape)| Ok((name.clone(), vb.get(shape.as_slice(), name)?))).collect()
}

/// Convolutions without their inputs' scales, each with a norm that adds what the folded one added.
fn unfold(clip: &Clip, towers: &mut HashMap<String, Tensor>) -> Result<()> {
    for (layer, _) in clip.visual.inputs().into_iter().filter(|(layer, _)| layer.is_int8()) {
        let (conv, norm) = layer.names();
        let (kernel, bias) = layer.folded()?;
        let all = |value: f64| Ok::<_, Error>(Tensor::full(value as f32, bias.shape(), &Device::Cpu)?);
        for (part, value) in
            [("weight", all(1.)?), ("running_mean", all(0.)?), ("running_var", all(1. - BATCH_NORM_EPS)?)]
        {
            towers.insert(format!("{norm}.{part}"), value);
        }
        towers.insert(format!("{norm}.bias"), bias);
        towers.insert(format!("{conv}.weight"), kernel);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use candle_core::DType;

    use super::*;
    use crate::nn::Mode;

    /// 32-bit sums in another order, through some thirty layers.
    const TOLERANCE: f64 = 1e-4;

    #[test]
    fn a_file_that_does_not_list_its_patients_is_refused() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("weights/compact.safetensors");
        let mut metadata = open(&path).unwrap().0.metadata;
        metadata.training.splits = None;
        let silent = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(silent.path(), Bundle::write(&metadata, &HashMap::new(), false).unwrap()).unwrap();
        assert!(read(silent.path()).unwrap_err().to_string().contains("patients it was trained on"));
    }

    #[test]
    fn the_towers_are_the_files_own_in_floats() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("weights/compact.safetensors");
        let start = read(&path).unwrap();
        assert!(!start.has_norms);
        assert!(start.splits.is_some_and(|splits| splits.patients.len() > 100));
        let ours = VarBuilder::from_tensors(start.towers, DType::F32, &Device::Cpu);
        let ours = Clip::new(&start.manifest.clip, ours).unwrap();
        let file = Clip::new(&start.manifest.clip, open(&path).unwrap().0.params.into_builder()).unwrap();
        let vision = &start.manifest.clip.vision;
        let shape = (1, 3, vision.image_height, vision.image_width);
        let pixel_values = Tensor::randn(0f32, 1., shape, &Device::Cpu).unwrap();
        let map = |clip: &Clip| {
            let first = clip.visual.first(&pixel_values, Mode::Eval).unwrap();
            clip.visual.layers(&first, Mode::Eval).unwrap()
        };
        let (ours, file) = (map(&ours), map(&file));
        let length = |t: &Tensor| f64::from(t.sqr().unwrap().sum_all().unwrap().to_scalar::<f32>().unwrap().sqrt());
        assert!(length(&(&ours - &file).unwrap()) <= TOLERANCE * length(&file));
    }
}
