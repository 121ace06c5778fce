//! Explanations of a score: by cells of the scan, and by phrases of the caption. Knows tensors; knows no file.
//!
//! [`image_map`] and [`phrase_scores`] are the only places that choose between methods; each method has a file of its own.
//! A map method asks an [`ImageModel`], at a layer or at the pixels; a word method a [`CaptionModel`]. `gradient` and
//! `integrated_gradients` serve several methods, `phrases` splits a caption, and [`fill`] hides a part of a scan.

mod cam_map;
mod caption_model;
mod cells;
pub mod eigen_cam;
pub mod faithfulness;
pub mod fill;
pub mod g_score_cam;
pub mod grad_cam;
pub mod grad_cam_plus_plus;
pub(crate) mod grad_eclip;
mod gradient;
pub mod guided_backpropagation;
pub mod hi_res_cam;
mod image_model;
pub mod integrated_gradients;
pub mod layer_cam;
mod leave_one_out;
pub mod occlusion;
pub(crate) mod phrases;
pub(crate) mod shapley;
pub mod token_importance;

use candle_core::Tensor;

use crate::error::Result;
use crate::report::{MapLayer, MapMethod, WordMethod};
use crate::tokenizer::Tokens;
pub use cam_map::CamMap;
pub use caption_model::{CaptionModel, LastAttention};
pub use image_model::ImageModel;
use phrases::{Phrase, token_ids_of};
use shapley::{Coalition, Shapley};

/// How much each cell of the scan counts for the model's target. `layer` is where methods begin that weigh a feature map
/// ([`MapMethod::uses_layer`]).
///
/// # Errors
/// The model fails or has no such answer ([`ImageModel::cell_scores`]), or a cell is NaN or infinite.
pub fn image_map(method: MapMethod, layer: MapLayer, model: &impl ImageModel) -> Result<CamMap> {
    let map = || model.feature_map(layer);
    let score_of_map = |map: &Tensor| model.score_of_map(layer, map);
    let score = |pixel_values: &Tensor| model.score(pixel_values);
    match method {
        MapMethod::GradCam => grad_cam::grad_cam(&map()?, score_of_map),
        MapMethod::GradCamPlusPlus => grad_cam_plus_plus::grad_cam_plus_plus(&map()?, score_of_map),
        MapMethod::HiResCam => hi_res_cam::hi_res_cam(&map()?, score_of_map),
        MapMethod::LayerCam => layer_cam::layer_cam(&map()?, score_of_map),
        MapMethod::GScoreCam => {
            let map = map()?;
            let n_asked = g_score_cam::n_asked(map.dim(1)?);
            g_score_cam::g_score_cam(&map, &model.pixel_values()?, n_asked, score_of_map, score)
        }
        MapMethod::EigenCam => eigen_cam::eigen_cam(&map()?),
        MapMethod::IntegratedGradients => {
            let pixel_values = model.pixel_values()?;
            let black = integrated_gradients::darkest(&pixel_values)?;
            integrated_gradients::integrated_gradients(&pixel_values, &black, score)
        }
        MapMethod::GuidedBackpropagation => {
            let guided_score = |pixel_values: &Tensor| model.guided_score(pixel_values);
            guided_backpropagation::guided_backpropagation(&model.pixel_values()?, guided_score)
        }
        MapMethod::Occlusion => {
            let pixel_values = model.pixel_values()?;
            let (_, _, height, width) = pixel_values.dims4()?;
            let without = |window: occlusion::Window| fill::fill(&pixel_values, &window.hidden((height, width)));
            occlusion::occlusion(&pixel_values, without, score)
        }
        MapMethod::Local => CamMap::of_tensor(&model.cell_scores()?),
    }
}

/// What a word method finds.
#[derive(Clone, Debug, PartialEq)]
pub enum PhraseScores {
    /// By how much each phrase changes the class's log-odds, shared among them so that the changes add up.
    Shared(Shapley),
    /// By how much each phrase changes the class's log-odds.
    LogOdds(Vec<f64>),
    /// In a unit of the method's own.
    Relative(Vec<f64>),
}

impl PhraseScores {
    /// Each phrase's score, signed.
    pub fn values(&self) -> &[f64] {
        match self {
            Self::Shared(game) => &game.values,
            Self::LogOdds(values) | Self::Relative(values) => values,
        }
    }

    /// Whether scores are changes of the class's log-odds.
    pub fn are_log_odds(&self) -> bool {
        !matches!(self, Self::Relative(_))
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
    let of_phrases = |scores: &[f32]| token_importance::phrase_scores(phrases, scores);
    match method {
        WordMethod::Shapley => {
            let captions_of = |coalition: &Coalition| token_ids_of(tokens, phrases, *coalition);
            let worth =
                |coalitions: &[Coalition]| model.log_odds(&coalitions.iter().map(captions_of).collect::<Vec<_>>());
            Ok(PhraseScores::Shared(shapley::shapley(phrases.len(), worth)?))
        }
        WordMethod::LeaveOneOut => Ok(PhraseScores::LogOdds(leave_one_out::leave_one_out(model, tokens, phrases)?)),
        WordMethod::IntegratedGradients => {
            let embedded = model.embed_tokens(&tokens.ids)?;
            let is_word: Vec<bool> =
                (0..tokens.ids.len()).map(|i| phrases.iter().any(|phrase| phrase.tokens.contains(&i))).collect();
            let baseline =
                integrated_gradients::without_words(&embedded, &model.positions(tokens.ids.len())?, &is_word)?;
            let score = |x: &Tensor| log_odds(&model.logits(x)?, model.target());
            let scores = integrated_gradients::token_attributions(&embedded, &baseline, score)?;
            Ok(PhraseScores::LogOdds(of_phrases(&scores)))
        }
        WordMethod::GradEclip => {
            let attention = model.last_attention(&model.embed_tokens(&tokens.ids)?)?;
            let score = |output: &Tensor| {
                Ok(model.logits_of_attention(output, &attention.residual)?.narrow(1, model.target(), 1)?.squeeze(1)?)
            };
            Ok(PhraseScores::Relative(of_phrases(&grad_eclip::token_scores(&attention, score)?)))
        }
        WordMethod::GradientXActivation => {
            let tokens = model.embed_tokens(&tokens.ids)?;
            let scores = token_importance::token_scores(&tokens, |x| model.logits(x), model.target())?;
            Ok(PhraseScores::Relative(of_phrases(&scores)))
        }
    }
}

/// Logits (n, K) → the log-odds (n) of class `target` against all others. Passes gradients.
fn log_odds(logits: &Tensor, target: usize) -> Result<Tensor> {
    let n_classes = logits.dim(1)?;
    let others = [logits.narrow(1, 0, target)?, logits.narrow(1, target + 1, n_classes - target - 1)?];
    let others: Vec<&Tensor> = others.iter().filter(|part| part.elem_count() > 0).collect();
    Ok((logits.narrow(1, target, 1)?.squeeze(1)? - Tensor::cat(&others, 1)?.log_sum_exp(1)?)?)
}
