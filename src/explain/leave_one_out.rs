//! Leave-one-out: what the caption loses without each phrase. Two phrases that say the same take each other's place, so that
//! neither seems to count; Shapley values share it between them.

use super::caption_model::CaptionModel;
use super::phrases::{Phrase, token_ids_of};
use super::shapley::Coalition;
use crate::error::Result;
use crate::tokenizer::Tokens;

/// By how much each phrase raises the class's log-odds when all other phrases are there.
pub(super) fn leave_one_out(model: &impl CaptionModel, tokens: &Tokens, phrases: &[Phrase]) -> Result<Vec<f64>> {
    let is_kept = |left_out: usize| {
        let kept = (0..phrases.len()).filter(|i| *i != left_out);
        kept.fold(0, |coalition: Coalition, i| coalition | 1 << i)
    };
    // The last one leaves out nothing.
    let captions: Vec<Vec<u32>> =
        (0..=phrases.len()).map(|left_out| token_ids_of(tokens, phrases, is_kept(left_out))).collect();
    let worth = model.log_odds(&captions)?;
    let (whole, parts) = (worth[phrases.len()], &worth[..phrases.len()]);
    Ok(parts.iter().map(|without| whole - without).collect())
}
