//! How [`Engine`] answers when parts of a scan are hidden, when the scan is changed a little, and when its own weights are
//! made random: what `explain::faithfulness` measures explanations by.

use std::cell::OnceCell;

use candle_core::Device;

use super::Engine;
use super::encoded_scan::EncodedScan;
use super::image_classifier::{ImageClassifier, Target};
use super::text_classifier::TextClassifier;
use crate::error::{Error, Result};
use crate::explain::CaptionModel;
use crate::explain::faithfulness::field::over_scan;
use crate::explain::faithfulness::localisation::mass_inside;
use crate::explain::faithfulness::masks::{blurred, masked};
use crate::explain::faithfulness::random::Random;
use crate::explain::faithfulness::words::word_faithfulness;
use crate::explain::phrases::{phrases, token_ids_of};
use crate::preprocess::{PreparedScan, Preprocess, Region};
use crate::report::{
    Heatmap, MapLayer, MapMethod, Mask, Options, Prediction, RandomPart, TokenReport, WordFaithfulness,
};
use crate::scan::Scan;

/// Share of a map's heat that lies in the retina, 0…1, as far as light tells where it is.
///
/// None where no retina is found, or the map has no heat.
pub fn share_in_retina(scan: &Scan, map: &Heatmap) -> Option<f64> {
    let retina = Preprocess::retina(scan);
    let heat = over_scan(map, scan.width, scan.height);
    (retina.contains(&true) && map.hottest().is_some()).then(|| mass_inside(&heat, &retina))
}

/// What the model sees of a scan, prepared once for many passes.
#[derive(Clone, Debug)]
pub struct ModelView {
    /// Grey values 0…1, row by row.
    pub grey: Vec<f32>,
    /// Columns of `grey`.
    pub width: usize,
    /// The part of the scan that it shows.
    pub region: Region,
    blurred: Vec<f32>,
}

impl Engine {
    /// What the model sees of a scan.
    pub fn model_view(&self, scan: &Scan) -> ModelView {
        let preprocess = &self.metadata.preprocess;
        let (PreparedScan { grey, region }, width) = (preprocess.prepare(scan), preprocess.image_width);
        ModelView { blurred: blurred(&grey, width), region, grey, width }
    }

    /// The image head's probability of class `target` when `mask` hides parts of the scan.
    ///
    /// # Errors
    /// The class is not known.
    pub fn masked_score(&self, view: &ModelView, mask: &Mask, target: &str) -> Result<f32> {
        self.score(masked(&view.grey, &view.blurred, view.width, mask), target)
    }

    /// The image head's probability of class `target` for a changed picture, of the size of [`ModelView::grey`].
    ///
    /// # Errors
    /// The class is not known, or the picture has another size.
    pub fn score(&self, grey: Vec<f32>, target: &str) -> Result<f32> {
        let class = self.class_of(target)?;
        Ok(self.answer(grey)?.probabilities[class])
    }

    /// The image head's answer to a changed picture, of the size of [`ModelView::grey`].
    ///
    /// # Errors
    /// The picture has another size.
    pub fn answer(&self, grey: Vec<f32>) -> Result<Prediction> {
        let pixel_values = self.metadata.preprocess.pixel_values(grey, &Device::Cpu)?;
        self.image_prediction(&self.encode(&pixel_values)?.1)
    }

    /// The map of a changed picture, of the size of [`ModelView::grey`], which shows `region` of its scan; of the method's
    /// default layer.
    ///
    /// # Errors
    /// The class is not known, or the picture has another size.
    pub fn map_of(&self, grey: Vec<f32>, region: Region, target: &str, method: MapMethod) -> Result<Heatmap> {
        let class = Target::Class(&self.image_head, self.class_of(target)?);
        self.map_of_target(grey, region, class, target, method)
    }

    /// The same for a finding.
    ///
    /// # Errors
    /// The model does not know the finding, or the picture has another size.
    pub fn finding_map_of(&self, grey: Vec<f32>, region: Region, finding: &str, method: MapMethod) -> Result<Heatmap> {
        let finding = self.known_finding(finding)?;
        self.map_of_target(grey, region, Target::Finding(self.finding_texts(finding)?), finding, method)
    }

    fn map_of_target(
        &self,
        grey: Vec<f32>,
        region: Region,
        target: Target<'_>,
        name: &str,
        method: MapMethod,
    ) -> Result<Heatmap> {
        let pixel_values = self.metadata.preprocess.pixel_values(grey, &Device::Cpu)?;
        let (feature_map, _) = self.encode(&pixel_values)?;
        let model = ImageClassifier {
            clip: &self.clip,
            feature_map: &feature_map,
            preprocess: || Ok(pixel_values.clone()),
            pixel_values: OnceCell::new(),
            target,
        };
        self.map_by(&model, region, name, method, MapLayer::default())
    }

    /// The map of a scan for class `target`, by the method and at the layer of `options`: what a report of this model would have.
    ///
    /// # Errors
    /// The class is not known.
    pub fn map_of_scan(&self, scan: &Scan, target: &str, options: &Options) -> Result<Heatmap> {
        let (pixel_values, region) = self.prepared(scan)?;
        let (feature_map, _) = self.encode(&pixel_values)?;
        self.class_map(&EncodedScan { scan, region, feature_map: &feature_map }, target, options)
    }

    /// A copy of which a part has random weights of the same scale; the same seed gives the same copy. Weights that stay are
    /// shared.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn randomized(&self, part: RandomPart, seed: u64) -> Result<Self> {
        let mut random = Random::new(seed);
        let mut normal = || random.normal() as f32;
        let image_head = self.image_head.randomized(&mut normal)?;
        let mut clip = self.clip.clone();
        match part {
            RandomPart::Head => {}
            RandomPart::LastStage => clip.visual = clip.visual.with_random_last_stage(&mut normal)?,
        }
        Ok(Self {
            metadata: self.metadata.clone(),
            sha256: self.sha256.clone(),
            n_bytes: self.n_bytes,
            tokenizer: self.tokenizer.clone(),
            clip,
            image_head,
            text_head: self.text_head.clone(),
            caption_embeds: self.caption_embeds.clone(),
            detector: self.detector.clone(),
        })
    }

    /// Whether the text head's answer to `text` rests on the phrases that score highest in `tokens`, its report.
    ///
    /// # Errors
    /// The class is not known, or the report is of another caption.
    pub fn word_faithfulness(&self, text: &str, tokens: &TokenReport) -> Result<WordFaithfulness> {
        let class = self.class_of(&tokens.target)?;
        let encoded = self.tokenizer.encode(text)?;
        let found = phrases(text, &encoded);
        if found.len() != tokens.words.len() {
            return Err(Error::caption("the scores are of another caption: analyse this one again"));
        }
        let model = TextClassifier { tower: &self.clip.text, head: &self.text_head, class };
        let scores: Vec<f64> = tokens.words.iter().map(|word| f64::from(word.score)).collect();
        word_faithfulness(&scores, |sets| {
            let captions: Vec<Vec<u32>> = sets.iter().map(|set| token_ids_of(&encoded, &found, *set)).collect();
            let probability = |log_odds: f64| 1. / (1. + (-log_odds).exp());
            Ok(model.log_odds(&captions)?.into_iter().map(probability).collect())
        })
    }
}
