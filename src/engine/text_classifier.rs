//! A text tower and its head as the model that word methods explain, for one class.

use candle_core::{Device, Tensor};

use crate::clip::text_transformer::TextTransformer;
use crate::clip::token_tree::TokenTree;
use crate::error::{Error, Result};
use crate::explain::{CaptionModel, LastAttention};
use crate::head::{Head, log_odds};
use crate::nn::attention::Attended;
use crate::nn::norm::l2_normalize;

/// Captions that run as one tree of tokens: attention is computed between all nodes before it is masked, so the work grows
/// with the square of the tree.
const CAPTIONS_PER_TREE: usize = 32;

/// A text tower, its head and the class that is asked about.
pub(super) struct TextClassifier<'a> {
    /// The tower.
    pub tower: &'a TextTransformer,
    /// Its head.
    pub head: &'a Head,
    /// Index of the class.
    pub class: usize,
}

impl CaptionModel for TextClassifier<'_> {
    fn log_odds(&self, captions: &[Vec<u32>]) -> Result<Vec<f64>> {
        // Sorted, so that captions of one tree begin alike.
        let mut order: Vec<usize> = (0..captions.len()).collect();
        order.sort_by(|a, b| captions[*a].cmp(&captions[*b]));
        let mut found = vec![0.; captions.len()];
        for some in order.chunks(CAPTIONS_PER_TREE) {
            let tree = TokenTree::new(some.iter().map(|i| captions[*i].as_slice()));
            let logits = self.head.forward(&self.tower.forward_tree(&tree)?)?.to_vec2::<f32>()?;
            for (i, logits) in some.iter().zip(&logits) {
                let logits: Vec<f64> = logits.iter().copied().map(f64::from).collect();
                found[*i] = log_odds(&logits, self.class);
            }
        }
        Ok(found)
    }

    fn embed_tokens(&self, token_ids: &[u32]) -> Result<Tensor> {
        self.tower.embed_tokens(&Tensor::new(token_ids, &Device::Cpu)?.unsqueeze(0)?)
    }

    fn positions(&self, n: usize) -> Result<Tensor> {
        self.tower.positions(n)
    }

    fn logits(&self, tokens: &Tensor) -> Result<Tensor> {
        let (batch, n, _) = tokens.dims3()?;
        self.head.forward(&self.tower.encode(tokens, &vec![n - 1; batch])?)
    }

    fn last_attention(&self, tokens: &Tensor) -> Result<LastAttention> {
        let (entering, Attended { query, key, value, output }) = self.tower.last_attention(tokens)?;
        let end = |x: &Tensor| Ok::<_, Error>(x.squeeze(0)?.narrow(0, tokens.dim(1)? - 1, 1)?.detach());
        let direction = |x: &Tensor| l2_normalize(&self.tower.last_projection(x)?);
        let cosines = direction(&key.squeeze(0)?)?.matmul(&direction(&end(&query)?)?.t()?)?;
        Ok(LastAttention {
            query_key_cosines: cosines.squeeze(1)?.detach(),
            values: value.squeeze(0)?.detach(),
            output: end(&output)?,
            residual: end(&entering)?,
        })
    }

    fn logits_of_attention(&self, output: &Tensor, residual: &Tensor) -> Result<Tensor> {
        self.head.forward(&self.tower.encode_from_attention(output, residual)?)
    }

    fn target(&self) -> usize {
        self.class
    }
}

#[cfg(test)]
mod tests {
    use candle_core::DType;
    use candle_nn::VarBuilder;

    use super::super::fixture::load;
    use super::*;
    use crate::clip::TextConfig;
    use crate::explain::grad_eclip::token_scores;
    use crate::head::HeadConfig;

    /// The same sums through a dozen layers, in 32 bits and in 64, relative to the largest value.
    const TOLERANCE: f32 = 1e-3;

    #[test]
    fn grad_eclip_equals_the_plain_one() {
        let given = include_bytes!("../../tests/fixtures/clip_small.safetensors");
        let reference = include_bytes!("../../tests/fixtures/explanations.safetensors");
        let vb = |prefix| VarBuilder::from_tensors(load(given, prefix), DType::F32, &Device::Cpu);
        let config = TextConfig { context_length: 16, vocab_size: 64, width: 32, heads: 4, layers: 2 };
        let tower = TextTransformer::new(&config, 16, vb("model.")).unwrap();
        let head = HeadConfig { embed_dim: 16, hidden: 8, n_classes: 2 };
        let head = Head::new(&head, vb("mlp.head.")).unwrap();
        let model = TextClassifier { tower: &tower, head: &head, class: 1 };
        let texts = load(given, "")["token_ids"].to_dtype(DType::U32).unwrap().to_vec2::<u32>().unwrap();
        let expected = load(reference, "text.")["grad_eclip"].to_vec2::<f32>().unwrap();
        for (ids, expected) in texts.iter().zip(expected) {
            let n = ids.iter().position(|id| *id == 63).unwrap() + 1;
            let tokens = model.embed_tokens(&ids[..n]).unwrap();
            let attention = model.last_attention(&tokens).unwrap();
            let logits = |output: &Tensor| model.logits_of_attention(output, &attention.residual);
            let of_whole = model.logits(&tokens).unwrap().to_vec2::<f32>().unwrap();
            let of_rest = logits(&attention.output).unwrap().to_vec2::<f32>().unwrap();
            assert!((of_whole[0][1] - of_rest[0][1]).abs() < 1e-4, "{of_whole:?} and {of_rest:?}");
            let scores = token_scores(&attention, |output| Ok(logits(output)?.narrow(1, 1, 1)?.squeeze(1)?)).unwrap();
            let largest = expected.iter().fold(0f32, |m, v| m.max(v.abs()));
            for (ours, expected) in scores.iter().zip(&expected) {
                assert!((ours - expected).abs() <= TOLERANCE * largest, "{scores:?} where {expected:?} is right");
            }
        }
    }
}
