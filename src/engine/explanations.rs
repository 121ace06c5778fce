//! What [`Engine`] says about the reasons of an answer: the heatmap, and the scores of words.

use std::cell::OnceCell;

use candle_core::Tensor;

use super::Engine;
use super::encoded_scan::EncodedScan;
use super::finite::finite;
use super::image_classifier::{ImageClassifier, Target};
use super::text_classifier::TextClassifier;
use crate::error::{Error, Result};
use crate::explain::phrases::{Phrase, phrases, shares};
use crate::explain::{CamMap, PhraseScores, image_map, phrase_scores};
use crate::preprocess::Region;
use crate::report::{Heatmap, MapLayer, MapMethod, Options, TokenReport, Word, WordMethod, WordSum};

impl Engine {
    pub(super) fn class_of(&self, label: &str) -> Result<usize> {
        class_of(&self.metadata.vocabulary.labels, label)
    }

    /// Where the image head finds evidence for class `target`.
    pub(super) fn class_map(&self, encoded: &EncodedScan<'_>, target: &str, options: &Options) -> Result<Heatmap> {
        let class = Target::Class(&self.image_head, self.class_of(target)?);
        self.map(encoded, class, target, options.map, options.layer)
    }

    /// Where the scan speaks for what is asked, which the map calls `name`.
    pub(super) fn map(
        &self,
        encoded: &EncodedScan<'_>,
        target: Target<'_>,
        name: &str,
        method: MapMethod,
        layer: MapLayer,
    ) -> Result<Heatmap> {
        let model = ImageClassifier {
            clip: &self.clip,
            feature_map: encoded.feature_map,
            preprocess: || self.pixel_values(encoded.scan),
            pixel_values: OnceCell::new(),
            target,
        };
        self.map_by(&model, encoded.region, name, method, layer)
    }

    /// The same by a model that has seen `region` of its scan.
    pub(super) fn map_by<P: Fn() -> Result<Tensor>>(
        &self,
        model: &ImageClassifier<'_, P>,
        region: Region,
        name: &str,
        method: MapMethod,
        layer: MapLayer,
    ) -> Result<Heatmap> {
        let map = image_map(method, layer, model)?;
        let visual = &self.clip.visual;
        let layer = layer_name(method, layer, |stage| visual.stage_name(stage));
        Ok(heatmap(map, method, name, layer, region))
    }

    /// How much each phrase of `text` counts for `target`.
    ///
    /// # Errors
    /// The class is not known, or the caption is too long.
    pub fn token_report(&self, text: &str, target: &str, method: WordMethod) -> Result<TokenReport> {
        let class = self.class_of(target)?;
        let tokens = self.tokenizer.encode(text)?;
        let phrases = phrases(text, &tokens);
        let model = TextClassifier { tower: &self.clip.text, head: &self.text_head, class };
        let scores = phrase_scores(method, &model, &tokens, &phrases)?;
        finite("scores of words", scores.values())?;
        let game = match &scores {
            PhraseScores::Shared(game) => Some(game),
            PhraseScores::LogOdds(_) | PhraseScores::Relative(_) => None,
        };
        let word = |((phrase, share), i): ((Phrase, f32), usize)| Word {
            text: text[phrase.bytes.clone()].to_owned(),
            start: phrase.bytes.start,
            end: phrase.bytes.end,
            score: share,
            log_odds: scores.are_log_odds().then(|| scores.values()[i] as f32),
        };
        Ok(TokenReport {
            method,
            target: target.to_owned(),
            words: phrases.into_iter().zip(shares(scores.values())).zip(0..).map(word).collect(),
            sum: game.map(|game| WordSum {
                empty: game.nobody as f32,
                caption: game.everyone as f32,
                n_captions: game.n_coalitions,
                is_exact: game.is_exact,
            }),
        })
    }
}

pub(super) fn class_of(labels: &[String], label: &str) -> Result<usize> {
    labels.iter().position(|l| l == label).ok_or_else(|| {
        Error::config(format!("class \"{label}\" is not one of this model's: use {}", labels.join(", ")))
    })
}

/// The name of the layer that a map is of; `stage_name` names a stage of the tower, from 1.
pub(super) fn layer_name<'n>(method: MapMethod, layer: MapLayer, stage_name: impl Fn(usize) -> &'n str) -> &'n str {
    match method {
        MapMethod::Local => stage_name(MapLayer::Layer4.stage()),
        _ if method.uses_layer() => stage_name(layer.stage()),
        _ => "pixel_values",
    }
}

pub(super) fn heatmap(cam: CamMap, method: MapMethod, target: &str, layer: &str, region: Region) -> Heatmap {
    Heatmap {
        method,
        target: target.to_owned(),
        layer: layer.to_owned(),
        rows: cam.rows,
        cols: cam.cols,
        values: cam.values,
        peak: cam.peak,
        region: [region.x, region.y, region.width, region.height],
    }
}
