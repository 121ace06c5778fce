//! The contrastive loss with several positives: many scans share a caption, and the plain CLIP loss would push equal
//! captions apart.

use candle_core::{D, Tensor};

use crate::error::Result;

/// Far below any scaled cosine, and finite, so that its product with a target of 0 is 0.
const EXCLUDED: f32 = -1e4;

/// Symmetric cross-entropy of images and distinct captions.
///
/// `logits` (n_images, n_captions) are scaled cosines, `positives[i]` is image i's caption. Each image should find its
/// caption among all captions; each caption that has images should find them, all equally (Khosla et al. 2020's
/// supervised contrastive loss, its outer-sum form, for the second half). Where every image has a caption of its own
/// this is CLIP's loss. Pairs (image, caption) of `undecided` count neither as right nor as wrong. Returns a scalar.
pub fn contrastive_loss(logits: &Tensor, positives: &[usize], undecided: &[(usize, usize)]) -> Result<Tensor> {
    let (n_images, n_captions) = logits.dims2()?;
    let logits = &without(logits, undecided)?;
    let mut counts = vec![0usize; n_captions];
    positives.iter().for_each(|&c| counts[c] += 1);
    let n_present = counts.iter().filter(|n| **n > 0).count();
    let mut image_targets = vec![0f32; n_images * n_captions];
    let mut caption_targets = vec![0f32; n_images * n_captions];
    for (i, &c) in positives.iter().enumerate() {
        image_targets[i * n_captions + c] = 1. / n_images as f32;
        caption_targets[i * n_captions + c] = 1. / (counts[c] * n_present) as f32;
    }
    let half = |log_probabilities: Tensor, targets: Vec<f32>| -> Result<Tensor> {
        let targets = Tensor::from_vec(targets, (n_images, n_captions), logits.device())?;
        Ok((log_probabilities * targets)?.sum_all()?.neg()?)
    };
    let images = half(candle_nn::ops::log_softmax(logits, D::Minus1)?, image_targets)?;
    let captions = half(candle_nn::ops::log_softmax(logits, 0)?, caption_targets)?;
    Ok((images + captions)?.affine(0.5, 0.)?)
}

/// `logits` (n_images, n_captions) in which `pairs` have no weight in a softmax over their row or column.
fn without(logits: &Tensor, pairs: &[(usize, usize)]) -> Result<Tensor> {
    if pairs.is_empty() {
        return Ok(logits.clone());
    }
    let (n_images, n_captions) = logits.dims2()?;
    let mut offsets = vec![0f32; n_images * n_captions];
    pairs.iter().for_each(|(i, c)| offsets[i * n_captions + c] = EXCLUDED);
    Ok((logits + Tensor::from_vec(offsets, (n_images, n_captions), logits.device())?)?)
}

/// Which findings each image shows, as far as its source annotates them.
pub struct Findings {
    /// (n_images · n_findings): 1 where the image shows it.
    pub shown: Vec<f32>,
    /// (n_images · n_findings): 1 where it is known whether the image shows it.
    pub known: Vec<f32>,
}

/// Binary cross-entropy of each finding on its own: an image should lie closer to a finding's text than to the
/// healthy text exactly where it shows the finding. `logits` (n_images, n_findings) are scaled cosines with each
/// finding, `healthy` (n_images, 1) those with the healthy text, which is the threshold. Returns a scalar.
///
/// The contrastive loss compares whole captions; this one says which findings of a caption matter, and lets training on
/// few scans start to improve much sooner.
pub fn finding_loss(logits: &Tensor, healthy: &Tensor, findings: Findings) -> Result<Tensor> {
    let shape = logits.shape().clone();
    let n_known: f32 = findings.known.iter().sum();
    let x = logits.broadcast_sub(healthy)?;
    let shown = Tensor::from_vec(findings.shown, shape.clone(), logits.device())?;
    let known = Tensor::from_vec(findings.known, shape, logits.device())?;
    let each = (softplus(&x)? - (&x * shown)?)?;
    Ok((each * known)?.sum_all()?.affine(1. / f64::from(n_known.max(1.)), 0.)?)
}

/// `log(1 + exp(x))`, written so that it cannot overflow.
pub fn softplus(x: &Tensor) -> Result<Tensor> {
    Ok((x.relu()? + (x.abs()?.neg()?.exp()? + 1.)?.log()?)?)
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;

    fn value(rows: &[[f32; 2]], positives: &[usize]) -> f32 {
        let logits = Tensor::from_slice(rows.as_flattened(), (rows.len(), 2), &Device::Cpu).unwrap();
        contrastive_loss(&logits, positives, &[]).unwrap().to_scalar().unwrap()
    }

    #[test]
    fn with_one_image_per_caption_it_is_clips_loss() {
        // CLIP's: mean of row and column cross-entropies of the diagonal, by hand for this matrix.
        let rows = [[2f32, 0.5], [-1., 1.]];
        let ce = |right: f32, wrong: f32| (1. + (wrong - right).exp()).ln();
        let expected = (ce(2., 0.5) + ce(1., -1.) + ce(2., -1.) + ce(1., 0.5)) / 4.;
        assert!((value(&rows, &[0, 1]) - expected).abs() < 1e-6);
    }

    #[test]
    fn images_that_share_a_caption_are_not_pushed_apart() {
        let together = value(&[[9., -9.], [9., -9.], [-9., 9.]], &[0, 0, 1]);
        let apart = value(&[[9., -9.], [-3., -9.], [-9., 9.]], &[0, 0, 1]);
        assert!(together < apart);
        // Two images of one caption can at best share it: ln 2 for that caption, nothing for the rest.
        assert!((together - 0.5 * 0.5 * 2f32.ln()).abs() < 1e-4, "{together}");
    }

    #[test]
    fn an_undecided_caption_has_no_gradient() {
        let var = Var::new(&[[2f32, 1.], [-1., 3.]], &Device::Cpu).unwrap();
        let loss = contrastive_loss(&var, &[0, 1], &[(0, 1)]).unwrap();
        let gradients = loss.backward().unwrap();
        let of = gradients.get(&var).unwrap().to_vec2::<f32>().unwrap();
        assert_eq!(of[0][1], 0.);
        assert!(of[1][0] > 0. && of[1][1] < 0.);
        // Without that pair, row 0 and column 1 have one entry each, whose cross-entropy is 0.
        let expected = (1f32 + (-4f32).exp()).ln() / 4. + (1f32 + (-3f32).exp()).ln() / 4.;
        assert!((loss.to_scalar::<f32>().unwrap() - expected).abs() < 1e-6);
    }

    #[test]
    fn the_finding_loss_is_the_mean_cross_entropy_of_what_is_known() {
        let logits = Tensor::new(&[[3f32, 0., 9.]], &Device::Cpu).unwrap();
        let healthy = Tensor::new(&[[1f32]], &Device::Cpu).unwrap();
        let findings = Findings { shown: vec![1., 0., 0.], known: vec![1., 1., 0.] };
        let loss = finding_loss(&logits, &healthy, findings).unwrap().to_scalar::<f32>().unwrap();
        let expected = ((1f32 + (-2f32).exp()).ln() + (1f32 + (-1f32).exp()).ln()) / 2.;
        assert!((loss - expected).abs() < 1e-6, "{loss} against {expected}");
    }

    #[test]
    fn softplus_neither_overflows_nor_loses_its_tail() {
        let x = Tensor::new(&[-200f32, 0., 200.], &Device::Cpu).unwrap();
        let y = softplus(&x).unwrap().to_vec1::<f32>().unwrap();
        assert_eq!((y[0], y[2]), (0., 200.));
        assert!((y[1] - 2f32.ln()).abs() < 1e-6);
    }
}
