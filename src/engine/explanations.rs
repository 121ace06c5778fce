//! What [`Engine`] says about the reasons of an answer: the heatmap, and the scores of words.

use candle_core::Tensor;

use super::Engine;
use super::finite::finite;
use super::text_classifier::TextClassifier;
use crate::error::{Error, Result};
use crate::explain::phrases::{Phrase, phrases, shares};
use crate::explain::{CamMap, PhraseScores, image_map, phrase_scores};
use crate::preprocess::Region;
use crate::report::{Heatmap, MapMethod, TokenReport, Word, WordMethod, WordSum};
use crate::scan::Scan;

impl Engine {
    fn class_of(&self, label: &str) -> Result<usize> {
        class_of(&self.metadata.vocabulary.labels, label)
    }

    /// Where the image head finds evidence for `target`.
    pub(super) fn heatmap(
        &self,
        scan: &Scan,
        feature_map: &Tensor,
        target: &str,
        method: MapMethod,
    ) -> Result<Heatmap> {
        let tail = |map: &Tensor| self.image_head.forward(&self.clip.visual.pool(map)?);
        let map = image_map(method, feature_map, tail, self.class_of(target)?)?;
        Ok(heatmap(map, method, target, self.clip.visual.feature_layer(), self.metadata.preprocess.region(scan)))
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
            PhraseScores::LogOdds(game) => Some(game),
            PhraseScores::Relative(_) => None,
        };
        let word = |((phrase, share), i): ((Phrase, f32), usize)| Word {
            text: text[phrase.bytes.clone()].to_owned(),
            start: phrase.bytes.start,
            end: phrase.bytes.end,
            score: share,
            log_odds: game.map(|game| game.values[i] as f32),
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
