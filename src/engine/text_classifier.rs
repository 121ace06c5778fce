//! A text tower and its head as the model that word methods explain, for one class.

use candle_core::{Device, Tensor};

use crate::clip::text_transformer::TextTransformer;
use crate::clip::token_tree::TokenTree;
use crate::error::Result;
use crate::explain::CaptionModel;
use crate::head::{Head, log_odds};

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

    fn logits(&self, tokens: &Tensor) -> Result<Tensor> {
        let end = tokens.dim(1)? - 1;
        self.head.forward(&self.tower.encode(tokens, &[end])?)
    }

    fn target(&self) -> usize {
        self.class
    }
}
