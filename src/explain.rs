//! Explanations of a head's answer: by cells of the feature map, and by phrases of the caption. Knows tensors; knows no file.
//!
//! [`image_map`] and [`phrase_scores`] are the only places that choose between methods; each method has a file of its own:
//! [`grad_cam`] for images; for captions `shapley`, which leaves phrases out and runs the head again, and
//! [`token_importance`], the paper's gradient × activation. `phrases` splits a caption for both.

mod cam_map;
mod caption_model;
pub mod grad_cam;
pub(crate) mod phrases;
pub(crate) mod shapley;
pub mod token_importance;

use candle_core::Tensor;

use crate::error::Result;
use crate::report::{MapMethod, WordMethod};
use crate::tokenizer::Tokens;
pub use cam_map::CamMap;
pub use caption_model::CaptionModel;
use phrases::{Phrase, token_ids_of};
use shapley::{Coalition, Shapley};

/// How much each cell of `feature_map` (1, C, rows, cols) counts for class `target`; `tail` takes the map to logits
/// (1, n_classes).
///
/// # Errors
/// `tail` fails, or `target` is not below the number of its logits.
pub fn image_map(
    method: MapMethod,
    feature_map: &Tensor,
    tail: impl Fn(&Tensor) -> Result<Tensor>,
    target: usize,
) -> Result<CamMap> {
    match method {
        MapMethod::GradCam => grad_cam::grad_cam(feature_map, tail, target),
    }
}

/// What a word method finds.
#[derive(Clone, Debug, PartialEq)]
pub enum PhraseScores {
    /// By how much each phrase changes the class's log-odds.
    LogOdds(Shapley),
    /// In a unit of the method's own.
    Relative(Vec<f64>),
}

impl PhraseScores {
    /// Each phrase's score, signed.
    pub fn values(&self) -> &[f64] {
        match self {
            Self::LogOdds(game) => &game.values,
            Self::Relative(values) => values,
        }
    }
}

/// Scores the phrases of a caption; `tokens` are the caption's.
///
/// # Errors
/// The caption is too long, or a tensor operation fails.
pub fn phrase_scores(
    method: WordMethod,
    model: &impl CaptionModel,
    tokens: &Tokens,
    phrases: &[Phrase],
) -> Result<PhraseScores> {
    match method {
        WordMethod::Shapley => {
            let captions_of = |coalition: &Coalition| token_ids_of(tokens, phrases, *coalition);
            let worth =
                |coalitions: &[Coalition]| model.log_odds(&coalitions.iter().map(captions_of).collect::<Vec<_>>());
            Ok(PhraseScores::LogOdds(shapley::shapley(phrases.len(), worth)?))
        }
        WordMethod::GradientXActivation => {
            let tokens = model.embed_tokens(&tokens.ids)?;
            let scores = token_importance::token_scores(&tokens, |x| model.logits(x), model.target())?;
            Ok(PhraseScores::Relative(token_importance::phrase_scores(phrases, &scores)))
        }
    }
}
