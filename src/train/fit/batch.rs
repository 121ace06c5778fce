//! One batch of contrastive training: what goes through the towers, and the losses of what comes out.

use candle_core::backprop::GradStore;
use candle_core::{Tensor, Var};

use super::local::{CellLabels, CellTargets};
use super::loss::{Findings, contrastive_loss, finding_loss};
use super::towers::{self, Cells, SharedByCells, Towers};
use crate::clip::Clip;
use crate::clip::modified_resnet::ModifiedResNet;
use crate::error::Result;
use crate::nn::Mode;
use crate::nn::activations::Activations;
use crate::nn::recorded::Recorded;
use crate::train::config::ModelSpec;
use crate::train::data::annotation::Annotation;
use crate::train::data::augment::Warp;
use crate::train::data::samples::Sample;
use crate::train::ranks::MicroBatches;
use crate::train::run::Prepared;

/// What was drawn for one batch.
pub(crate) struct Batch<'a> {
    pub(super) prepared: &'a Prepared,
    /// Of all ranks.
    pub(super) picked: Vec<&'a Sample>,
    /// The position of each scan's caption among the texts.
    pub(super) positives: Vec<usize>,
    /// Pairs (scan, text) that are neither right nor wrong.
    pub(super) undecided: Vec<(usize, usize)>,
    /// How many texts are captions; findings follow.
    pub(super) n_captions: usize,
    /// This rank's micro-batches.
    pub(super) own: Vec<Input<'a>>,
}

/// What the towers are given of one micro-batch.
pub(super) struct Input<'a> {
    pub(super) samples: Vec<&'a Sample>,
    /// (n, 3, H, W).
    pub(super) pixel_values: Tensor,
    /// Where the pixels come from.
    pub(super) warps: Vec<Warp>,
    /// Token ids (n, length), and where each text ends; none if there are fewer texts than micro-batches.
    pub(super) texts: Option<(Tensor, Vec<usize>)>,
}

/// The feature map of `pixel_values` with frozen norms, recorded for the gradients of all weights. None where a layer cannot
/// be recorded: on a GPU, in mixed precision, in 8 bits, or with other kernels than CLIP's.
fn recorded_feature_map(visual: &ModifiedResNet, pixel_values: &Tensor) -> Result<Option<Recorded>> {
    let layers: Vec<_> = visual.inputs().into_iter().map(|(layer, _)| layer).collect();
    if !pixel_values.device().is_cpu() || !layers.iter().all(|layer| layer.can_be_recorded()) {
        return Ok(None);
    }
    let first = Recorded::new(pixel_values)?.conv(layers[0], Mode::Eval)?;
    Ok(Some(visual.layers(&first, Mode::Eval)?))
}

impl Batch<'_> {
    /// What the towers make of this rank's micro-batches.
    pub(super) fn towers(&self, clip: &Clip) -> Result<Vec<Towers>> {
        let Prepared { settings, spec, .. } = self.prepared;
        let mode = if settings.freeze_bn { Mode::Eval } else { Mode::Train };
        let of = |input: &Input<'_>| -> Result<Towers> {
            let recorded = match mode {
                Mode::Eval => recorded_feature_map(&clip.visual, &input.pixel_values)?,
                Mode::Train => None,
            };
            let feature_map = match &recorded {
                // A variable: the graph of the rest of the tower begins here.
                Some(recorded) => Var::from_tensor(&recorded.to_tensor()?)?.as_tensor().clone(),
                None => clip.visual.feature_map(&input.pixel_values, mode)?,
            };
            let image_embeds = clip.visual.pool(&feature_map)?;
            let text_embeds = match &input.texts {
                Some((token_ids, end)) => Some(clip.text.forward(token_ids, end)?),
                None => None,
            };
            let cells = if settings.local_weight > 0. {
                let targets = cells_of(&input.samples, &input.warps, spec);
                Some(Cells::new(clip.visual.cell_embeds(&feature_map)?, targets))
            } else {
                None
            };
            let recorded = recorded.map(|recorded| (feature_map, recorded));
            Ok(Towers { image_embeds, text_embeds, cells, recorded })
        };
        self.own.iter().map(of).collect()
    }

    /// How many texts this rank has, and the most tokens of one.
    pub(super) fn text_shape(&self) -> Result<(usize, usize)> {
        let shapes = self.own.iter().filter_map(|input| Some(input.texts.as_ref()?.0.dims2()));
        shapes.map(|shape| Ok(shape?)).try_fold((0, 0), |(n, longest), shape: Result<_>| {
            let (more, length) = shape?;
            Ok((n + more, longest.max(length)))
        })
    }

    /// The loss of the whole batch. `each` is given the number of each of this rank's micro-batches, and the gradients that it
    /// causes, in parts that must be added up.
    ///
    /// # Errors
    /// Another rank ended, an operation failed, or `each` did.
    pub(super) fn backward(
        &self,
        clip: &Clip,
        micro_batches: &MicroBatches<'_>,
        each: impl FnMut(usize, &[GradStore]) -> Result<()>,
    ) -> Result<f64> {
        let Prepared { settings, spec, .. } = self.prepared;
        let (n_captions, n_findings) = (self.n_captions, spec.vocabulary.findings.len());
        let shared = |images: &Tensor, texts: &Tensor| -> Result<Tensor> {
            let logits = clip.logits_per_image(images, texts)?;
            let loss = contrastive_loss(&logits.narrow(1, 0, n_captions)?, &self.positives, &self.undecided)?;
            if settings.finding_weight == 0. {
                return Ok(loss);
            }
            let of_findings = logits.narrow(1, n_captions, n_findings)?;
            let of_healthy = logits.narrow(1, n_captions + n_findings, 1)?;
            let findings = finding_loss(&of_findings, &of_healthy, findings_of(&self.picked))?;
            Ok((loss + (findings * settings.finding_weight)?)?)
        };
        let of_cells = |cells: &Cells, shared: &SharedByCells<'_>| -> Result<Tensor> {
            let phrases = shared.text_embeds.narrow(0, n_captions, n_findings + 1)?;
            let logits = clip.logits_of_cells(&cells.embeds, shared.mean_length, &phrases)?;
            Ok((cells.targets.loss(&logits, shared.totals)? * settings.local_weight)?)
        };
        towers::backward(self.towers(clip)?, micro_batches, shared, of_cells, each)
    }
}

/// The annotations of each scan's findings.
fn findings_of(picked: &[&Sample]) -> Findings {
    let of = |is: fn(Annotation) -> bool| {
        picked.iter().flat_map(|s| &s.annotations).map(|a| f32::from(u8::from(is(*a)))).collect()
    };
    Findings { shown: of(|a| a == Annotation::Shown), known: of(Annotation::is_known) }
}

/// The targets of each view's cells.
fn cells_of(samples: &[&Sample], warps: &[Warp], spec: &ModelSpec) -> CellTargets {
    let vision = &spec.clip.vision;
    let mut targets = CellTargets::new(vision, spec.vocabulary.findings.len());
    for (sample, warp) in samples.iter().zip(warps) {
        let are = |annotation: Annotation| {
            sample.annotations.iter().enumerate().filter(move |(_, a)| **a == annotation).map(|(f, _)| f)
        };
        let is_placed = |f: &usize| sample.places.iter().any(|p| p.finding == *f);
        // Without boxes, a diseased scan is annotated as a whole: a finding that its condition rules out may lie in some cell.
        let is_outlined = sample.class == 0 || !sample.places.is_empty();
        let labels = CellLabels {
            absent: are(Annotation::Absent).filter(|_| is_outlined).collect(),
            unplaced: are(Annotation::Shown).filter(|f| !is_placed(f)).collect(),
            placed: are(Annotation::Shown).filter(is_placed).collect(),
            places: &sample.places,
        };
        targets.push(vision, warp, &labels);
    }
    targets
}
