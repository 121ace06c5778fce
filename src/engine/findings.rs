//! What [`Engine`] says of single findings: how strongly a scan suggests them, where, and what hiding a part of it changes.

use candle_core::Tensor;

use super::encoded_scan::EncodedScan;
use super::image_classifier::Target;
use super::{Analysis, Engine};
use crate::error::{Error, Result};
use crate::explain::fill::fill;
use crate::preprocess::Region;
use crate::report::{BeforeAfter, FindingChange, FindingReport, Heatmap, Hidden, Likeness, MapLayer, MapMethod};

impl Engine {
    /// Where on a scan a finding of the vocabulary speaks, in any case of letters. The map's target is the finding.
    ///
    /// # Errors
    /// The model does not know the finding.
    pub fn finding_map(
        &self,
        analysis: &Analysis,
        finding: &str,
        method: MapMethod,
        layer: MapLayer,
    ) -> Result<Heatmap> {
        let finding = self.known_finding(finding)?;
        let texts = self.finding_texts(finding)?;
        let Analysis { scan, seen, .. } = analysis;
        let encoded = EncodedScan { scan, region: seen.region, feature_map: &seen.feature_map };
        self.map(&encoded, Target::Finding(texts), finding, method, layer)
    }

    /// A finding's likeness with a scan, and its maps: by `method`, and the local one.
    ///
    /// # Errors
    /// As [`Engine::finding_map`].
    pub fn finding_report(
        &self,
        analysis: &Analysis,
        finding: &str,
        method: MapMethod,
        layer: MapLayer,
    ) -> Result<FindingReport> {
        let finding = self.known_finding(finding)?;
        let likeness = likeness(analysis.image_embeds(), &self.finding_texts(finding)?)?;
        let maps = [method, MapMethod::Local].map(|method| self.finding_map(analysis, finding, method, layer));
        Ok(FindingReport { finding: finding.to_owned(), likeness, maps: maps.into_iter().collect::<Result<_>>()? })
    }

    /// What the model says of a scan without some regions, x, y, width, height in scan pixels, beside what it says of the whole.
    ///
    /// # Errors
    /// A region is not finite, or its width or height is not above 0.
    pub fn hide(&self, analysis: &Analysis, regions: &[[f32; 4]]) -> Result<Hidden> {
        let is_region = |[x, y, width, height]: &[f32; 4]| {
            [x, y, width, height].iter().all(|v| v.is_finite()) && *width > 0. && *height > 0.
        };
        if !regions.iter().all(is_region) {
            return Err(Error::config(
                "a hidden region is X,Y,WIDTH,HEIGHT in pixels: give a width and height above 0",
            ));
        }
        let pixel_values = self.pixel_values(&analysis.scan)?;
        let (_, _, height, width) = pixel_values.dims4()?;
        let hidden = hidden_pixels(&analysis.seen.region, [height, width], regions);
        let n_hidden = hidden.iter().filter(|is_hidden| **is_hidden).count();
        let (_, after) = self.encode(&fill(&pixel_values, &hidden)?)?;
        let embeds = BeforeAfter { before: analysis.image_embeds().clone(), after };
        let healthy = self.healthy_text()?;
        let findings = self.metadata.vocabulary.findings.iter().map(|finding| {
            let texts = Tensor::cat(&[&self.embed_text(finding)?.1, &healthy], 0)?;
            Ok(FindingChange { finding: finding.clone(), likeness: embeds.each(|embeds| likeness(embeds, &texts))? })
        });
        Ok(Hidden {
            regions: regions.to_vec(),
            share: n_hidden as f32 / hidden.len().max(1) as f32,
            image: embeds.each(|embeds| self.image_prediction(embeds))?,
            caption: embeds.each(|embeds| Ok(self.retrieve(embeds)?[0].0.text()))?,
            findings: findings.collect::<Result<_>>()?,
        })
    }

    pub(super) fn known_finding(&self, finding: &str) -> Result<&str> {
        let known = &self.metadata.vocabulary.findings;
        known.iter().find(|f| f.eq_ignore_ascii_case(finding.trim())).map(String::as_str).ok_or_else(|| {
            Error::config(format!("\"{finding}\" is not a finding of this model's: use {}", known.join(", ")))
        })
    }

    /// L2-normalised embeddings (2, D) of a finding's text and of the healthy text, which training compares it with.
    pub(super) fn finding_texts(&self, finding: &str) -> Result<Tensor> {
        Ok(Tensor::cat(&[self.embed_text(finding)?.1, self.healthy_text()?], 0)?.detach())
    }

    fn healthy_text(&self) -> Result<Tensor> {
        Ok(self.embed_text(&self.metadata.vocabulary.labels[0])?.1.detach())
    }
}

impl<T> BeforeAfter<T> {
    fn each<U>(&self, f: impl Fn(&T) -> Result<U>) -> Result<BeforeAfter<U>> {
        Ok(BeforeAfter { before: f(&self.before)?, after: f(&self.after)? })
    }
}

/// Of an embedding (1, D), given those (2, D) of a finding and of the healthy text.
fn likeness(image_embeds: &Tensor, texts: &Tensor) -> Result<Likeness> {
    let cosines = image_embeds.matmul(&texts.t()?)?.get(0)?.to_vec1::<f32>()?;
    Ok(Likeness { similarity: cosines[0], margin: cosines[0] - cosines[1] })
}

/// The pixels of the model's input, (rows, columns), whose centres lie in one of `regions` of the scan; the input shows `seen`.
fn hidden_pixels(seen: &Region, [height, width]: [usize; 2], regions: &[[f32; 4]]) -> Vec<bool> {
    let centre = |i: usize, n: usize| (i as f32 + 0.5) / n as f32;
    let is_hidden = |i: usize| {
        let (x, y) = seen.scan_from_input(centre(i % width, width), centre(i / width, height));
        regions.iter().any(|[left, top, w, h]| (*left..left + w).contains(&x) && (*top..top + h).contains(&y))
    };
    (0..height * width).map(is_hidden).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_of_the_scan_hide_the_pixels_that_show_them() {
        // The input's 2 × 4 pixels show 100 × 200 scan pixels from (10, 20) on.
        let seen = Region { x: 10., y: 20., width: 200., height: 100. };
        let hidden = |regions: &[[f32; 4]]| -> Vec<usize> {
            let pixels = hidden_pixels(&seen, [2, 4], regions);
            (0..8).filter(|i| pixels[*i]).collect()
        };
        assert_eq!(hidden(&[[10., 20., 50., 50.]]), [0]);
        assert_eq!(hidden(&[[0., 0., 90., 60.], [170., 90., 500., 500.]]), [0, 1, 7]);
        assert!(hidden(&[[0., 0., 9., 19.]]).is_empty() && hidden(&[]).is_empty());
    }
}
