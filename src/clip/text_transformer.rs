//! CLIP's text tower: a causal transformer whose output is taken at the end token. It runs on the tokens of the text, not
//! on a padded context: what follows the end token cannot influence it.

use candle_core::{IndexOp, Tensor};
use candle_nn::VarBuilder;

use super::config::TextConfig;
use super::token_tree::TokenTree;
use crate::error::{Detail, Error, Result};
use crate::nn::attention::{Attended, SelfAttention};
use crate::nn::embedding::Embedding;
use crate::nn::linear::Linear;
use crate::nn::norm::LayerNorm;
use crate::nn::quick_gelu::quick_gelu;
use crate::nn::weight::Weight;

#[derive(Clone, Debug)]
struct ResidualAttentionBlock {
    ln_1: LayerNorm,
    attn: SelfAttention,
    ln_2: LayerNorm,
    c_fc: Linear,
    c_proj: Linear,
}

impl ResidualAttentionBlock {
    fn new(config: &TextConfig, vb: VarBuilder<'_>) -> Result<Self> {
        let (width, mlp) = (config.width, vb.pp("mlp"));
        Ok(Self {
            ln_1: LayerNorm::new(width, vb.pp("ln_1"))?,
            attn: SelfAttention::new(width, config.heads, vb.pp("attn"))?,
            ln_2: LayerNorm::new(width, vb.pp("ln_2"))?,
            c_fc: Linear::new(width, 4 * width, mlp.pp("c_fc"))?,
            c_proj: Linear::new(4 * width, width, mlp.pp("c_proj"))?,
        })
    }

    fn forward(&self, x: &Tensor, mask: &Tensor) -> Result<Tensor> {
        self.after_attention(&(x + self.attn.forward(&self.ln_1.forward(x)?, Some(mask))?)?)
    }

    /// The rest of the block: (…, width) → the same shape.
    fn after_attention(&self, x: &Tensor) -> Result<Tensor> {
        let mlp = self.c_proj.forward(&quick_gelu(&self.c_fc.forward(&self.ln_2.forward(x)?)?)?)?;
        Ok((x + mlp)?)
    }
}

/// The text tower.
#[derive(Clone, Debug)]
pub struct TextTransformer {
    token_embedding: Embedding,
    positional_embedding: Tensor,
    resblocks: Vec<ResidualAttentionBlock>,
    ln_final: LayerNorm,
    text_projection: Weight,
    context_length: usize,
}

impl TextTransformer {
    /// Keys as at the root of OpenAI's state dict: `token_embedding.weight`, `transformer.resblocks.0.…`, ….
    pub fn new(config: &TextConfig, embed_dim: usize, vb: VarBuilder<'_>) -> Result<Self> {
        let blocks = vb.pp("transformer").pp("resblocks");
        Ok(Self {
            token_embedding: Embedding::new(config.vocab_size, config.width, "token_embedding.weight", &vb)?,
            positional_embedding: vb.get((config.context_length, config.width), "positional_embedding")?,
            resblocks: (0..config.layers)
                .map(|i| ResidualAttentionBlock::new(config, blocks.pp(i)))
                .collect::<Result<_>>()?,
            ln_final: LayerNorm::new(config.width, vb.pp("ln_final"))?,
            text_projection: Weight::new(config.width, embed_dim, "text_projection", &vb)?,
            context_length: config.context_length,
        })
    }

    /// Token representations that enter the first block: token plus position. `token_ids` is (batch, n) of u32.
    /// Returns (batch, n, width).
    ///
    /// # Errors
    /// More tokens than the context holds.
    pub fn embed_tokens(&self, token_ids: &Tensor) -> Result<Tensor> {
        let n = token_ids.dim(1)?;
        check_length(n, self.context_length)?;
        let tokens = self.token_embedding.forward(token_ids)?;
        Ok(tokens.broadcast_add(&self.positional_embedding.narrow(0, 0, n)?)?)
    }

    /// The positions (1, n, width) that are part of the representations of any `n` tokens.
    ///
    /// # Errors
    /// More tokens than the context holds.
    pub fn positions(&self, n: usize) -> Result<Tensor> {
        check_length(n, self.context_length)?;
        Ok(self.positional_embedding.narrow(0, 0, n)?.unsqueeze(0)?)
    }

    /// What enters the last block, and queries, keys and values of its attention and what it gives, before the output projection:
    /// (batch, n, width) each, of token representations of that shape.
    ///
    /// # Errors
    /// A tensor operation fails, or there is no block.
    pub(crate) fn last_attention(&self, tokens: &Tensor) -> Result<(Tensor, Attended)> {
        let (last, before) = self.resblocks.split_last().ok_or_else(|| Error::config("the text tower has no block"))?;
        let mask = causal_mask(tokens)?;
        let x = before.iter().try_fold(tokens.clone(), |x, block| block.forward(&x, &mask))?;
        let attended = last.attn.attended(&last.ln_1.forward(&x)?, Some(&mask))?;
        Ok((x, attended))
    }

    /// The last block's output projection of (…, width).
    ///
    /// # Errors
    /// As [`Self::last_attention`].
    pub(crate) fn last_projection(&self, x: &Tensor) -> Result<Tensor> {
        let last = self.resblocks.last().ok_or_else(|| Error::config("the text tower has no block"))?;
        last.attn.project(x)
    }

    /// The rest of the tower at end tokens: what the last attention gave them and their residuals, (batch, width) each → text
    /// embeddings (batch, D), not normalised.
    ///
    /// # Errors
    /// As [`Self::last_attention`].
    pub(crate) fn encode_from_attention(&self, output: &Tensor, residual: &Tensor) -> Result<Tensor> {
        let last = self.resblocks.last().ok_or_else(|| Error::config("the text tower has no block"))?;
        self.project(&last.after_attention(&(residual + last.attn.project(output)?)?)?)
    }

    /// Token representations (batch, n, width) → text embeddings (batch, D), not normalised. `end[i]` is the
    /// position of text i's end token.
    pub fn encode(&self, tokens: &Tensor, end: &[usize]) -> Result<Tensor> {
        let x = self.blocks(tokens, &causal_mask(tokens)?)?;
        let pooled = end.iter().enumerate().map(|(i, &e)| x.i((i, e))).collect::<Result<Vec<_>, _>>()?;
        self.project(&Tensor::stack(&pooled, 0)?)
    }

    /// Runs token representations (batch, n, width) through every block; `mask` is (n, n).
    fn blocks(&self, tokens: &Tensor, mask: &Tensor) -> Result<Tensor> {
        self.resblocks.iter().try_fold(tokens.clone(), |x, block| block.forward(&x, mask))
    }

    /// End tokens' representations (batch, width) → text embeddings (batch, D).
    fn project(&self, ends: &Tensor) -> Result<Tensor> {
        self.text_projection.transposed_product(&self.ln_final.forward(ends)?)
    }

    /// `token_ids` (batch, n) → text embeddings (batch, D), not normalised.
    pub fn forward(&self, token_ids: &Tensor, end: &[usize]) -> Result<Tensor> {
        self.encode(&self.embed_tokens(token_ids)?, end)
    }

    /// The same for texts of any lengths; beginnings that they have in common are computed once. Returns (n_texts, D), not normalised.
    ///
    /// # Errors
    /// A text has more tokens than the context holds.
    pub fn forward_tree(&self, tree: &TokenTree) -> Result<Tensor> {
        check_length(tree.positions.iter().max().map_or(0, |last| *last as usize + 1), self.context_length)?;
        let device = self.positional_embedding.device();
        let rows = |of: &[u32], table: &Tensor| table.index_select(&Tensor::new(of, device)?, 0);
        let tokens = self.token_embedding.forward(&Tensor::new(tree.ids.as_slice(), device)?)?;
        let tokens = (tokens + rows(&tree.positions, &self.positional_embedding)?)?;
        let x = self.blocks(&tokens.unsqueeze(0)?, &tree.mask(device)?)?;
        self.project(&rows(&tree.ends, &x.squeeze(0)?)?)
    }
}

/// No token of `tokens` (batch, n, width) sees a later one: (n, n), added to the logits of attention.
fn causal_mask(tokens: &Tensor) -> Result<Tensor> {
    let n = tokens.dim(1)?;
    let mask: Vec<f32> = (0..n * n).map(|i| if i % n > i / n { f32::NEG_INFINITY } else { 0. }).collect();
    Ok(Tensor::from_vec(mask, (n, n), tokens.device())?)
}

fn check_length(n_tokens: usize, max_tokens: usize) -> Result<()> {
    if n_tokens > max_tokens {
        let message = format!("the caption has {n_tokens} tokens, this model reads {max_tokens}: shorten it");
        return Err(Error::caption(message).with_detail(Detail::LongCaption { n_tokens, max_tokens }));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caption_that_is_too_long_is_refused_with_both_lengths() {
        assert!(check_length(48, 48).is_ok());
        let error = check_length(49, 48).unwrap_err();
        assert_eq!(error.detail(), Some(&Detail::LongCaption { n_tokens: 49, max_tokens: 48 }));
    }
}
