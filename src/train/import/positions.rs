//! Another input size for weights that were trained at one: only the attention pool's positions depend on it.

use candle_core::Tensor;

use super::pretrained::Pretrained;
use crate::error::Result;
use crate::train::config::input_size::InputSize;

/// The only tensor of the image tower whose shape follows the input's.
const POSITIONAL_EMBEDDING: &str = "visual.attnpool.positional_embedding";

impl Pretrained {
    /// These towers for `input`: the positions of the feature map's cells are resized bilinearly, as Vision Transformers'
    /// are to fine-tune them at a higher resolution (Dosovitskiy et al. 2021, section 3.2).
    ///
    /// # Errors
    /// A tensor operation fails.
    pub(crate) fn at(mut self, input: InputSize) -> Result<Self> {
        let before = self.manifest.clip.vision.feature_size();
        input.set(&mut self.manifest.clip.vision);
        let after = self.manifest.clip.vision.feature_size();
        if before != after
            && let Some(embedding) = self.towers.get_mut(POSITIONAL_EMBEDDING)
        {
            *embedding = resized(embedding, before, after)?;
        }
        Ok(self)
    }
}

/// (1 + rows · cols, channels) of one feature map to that of another; row 0 belongs to the mean and stays.
fn resized(embedding: &Tensor, (rows, cols): (usize, usize), to: (usize, usize)) -> Result<Tensor> {
    let mean = embedding.narrow(0, 0, 1)?;
    let map = embedding.narrow(0, 1, rows * cols)?.t()?.contiguous()?.reshape((1, (), rows, cols))?;
    let map = map.upsample_bilinear2d(to.0, to.1, false)?;
    Ok(Tensor::cat(&[&mean, &map.flatten_from(2)?.squeeze(0)?.t()?], 0)?.contiguous()?)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use candle_core::Device;

    use super::*;
    use crate::train::import::{shapes, weights_file};

    #[test]
    fn positions_are_resized_as_pytorch_resizes() {
        // torch 2.15: F.interpolate(torch.arange(6.).reshape(1, 1, 2, 3), (3, 4), mode="bilinear", align_corners=False)
        let expected = [0., 0.625, 1.375, 2., 1.5, 2.125, 2.875, 3.5, 3., 3.625, 4.375, 5.];
        let embedding = Tensor::new(&[[9f32], [0.], [1.], [2.], [3.], [4.], [5.]], &Device::Cpu).unwrap();
        let ours = resized(&embedding, (2, 3), (3, 4)).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
        assert_eq!(ours[0], 9.);
        assert!(ours[1..].iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-5), "{ours:?}");
    }

    #[test]
    fn only_the_positions_follow_the_input() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("weights/compact.safetensors");
        let before = weights_file::read(&path).unwrap();
        let seen = &before.manifest.clip.vision;
        let shapes =
            |start: &Pretrained| start.towers.iter().map(|(name, t)| (name.clone(), t.dims().to_vec())).collect();
        let larger = InputSize { height: seen.image_height + 64, width: seen.image_width + 128 };
        let after = weights_file::read(&path).unwrap().at(larger).unwrap();
        let expected = shapes::of_clip(&after.manifest.clip).unwrap();
        shapes::compare(&shapes(&after), &expected, |_| false).unwrap();
        assert_ne!(before.manifest.clip, after.manifest.clip);
    }
}
