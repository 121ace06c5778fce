//! One map of one scan, measured: where it lies, what hiding it costs, and how steady it is.

use std::collections::BTreeMap;

use super::lesions::Lesions;
use crate::bundle::card::MapMeasure;
use crate::engine::Engine;
use crate::engine::faithfulness::ModelView;
use crate::error::Result;
use crate::explain::faithfulness::agreement::{agreement, relative_change};
use crate::explain::faithfulness::curves::curves;
use crate::explain::faithfulness::field;
use crate::explain::faithfulness::localisation::{best_iou, mass_inside, peak_inside, rank_inside};
use crate::explain::faithfulness::random::Random;
use crate::explain::faithfulness::road::road;
use crate::report::{Fill, Heatmap, MapMethod, MaskPlan, RandomPart};
use crate::scan::Scan;

/// Copies of the scan with noise, for max-sensitivity.
const N_NOISY: usize = 4;
/// Their noise is uniform, up to so much in each direction, of grey values 0…1: five of 255 levels.
const NOISE: f32 = 0.02;

/// Figures of one map; a measure that is not defined for it is missing.
pub(super) type Measured = BTreeMap<MapMeasure, f64>;

/// How much is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Depth {
    /// What the rule that picks a method reads.
    Rule,
    /// Everything.
    Full,
}

/// Where a map lies, pixel by pixel of its scan.
pub(super) fn places(heat: &[f32], lesions: &Lesions) -> Measured {
    let Lesions { outlined, widened, boxed, .. } = lesions;
    let hit = |is_hit| f64::from(u8::from(is_hit));
    let mut measured = Measured::from([
        (MapMeasure::PointingGame, hit(peak_inside(heat, outlined))),
        (MapMeasure::PointingGameHalfCell, hit(peak_inside(heat, widened))),
        (MapMeasure::EnergyInBox, mass_inside(heat, boxed)),
        (MapMeasure::RelevanceMass, mass_inside(heat, outlined)),
    ]);
    measured.extend(rank_inside(heat, outlined).map(|v| (MapMeasure::RelevanceRank, v)));
    measured.extend(best_iou(heat, outlined).map(|v| (MapMeasure::BestIou, v)));
    measured
}

/// A scan with lesions, and what measuring its maps needs.
pub(super) struct Subject<'a> {
    /// The model.
    pub engine: &'a Engine,
    /// Copies of the model with random weights, by part.
    pub random: &'a [(RandomPart, Engine)],
    /// The scan.
    pub scan: &'a Scan,
    /// What the model sees of it.
    pub view: &'a ModelView,
    /// Where its lesions are.
    pub lesions: &'a Lesions,
    /// Which pixels are retina; none are where no retina was found.
    pub retina: &'a [bool],
    /// The class that is explained.
    pub target: &'a str,
    /// Decides random choices for this scan.
    pub seed: u64,
}

impl Subject<'_> {
    /// A method's map, and all that is measured of it.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub(super) fn method(&self, method: MapMethod, map: &Heatmap, depth: Depth) -> Result<Measured> {
        let mut measured = self.map(map, depth)?;
        for (part, engine) in self.random {
            let measure = match part {
                RandomPart::Head => MapMeasure::RandomHead,
                RandomPart::LastStage => MapMeasure::RandomLastStage,
            };
            if depth == Depth::Full || measure == MapMeasure::RandomLastStage {
                let other = engine.map_of(self.view.grey.clone(), self.view.region, self.target, method)?;
                measured.extend(agreement(map, &other).map(|r| (measure, r)));
            }
        }
        if depth == Depth::Full {
            measured.extend(self.max_sensitivity(method, map)?.map(|v| (MapMeasure::MaxSensitivity, v)));
        }
        Ok(measured)
    }

    /// What can be measured of any map, of a control too.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub(super) fn map(&self, map: &Heatmap, depth: Depth) -> Result<Measured> {
        let heat = field::over_scan(map, self.scan.width, self.scan.height);
        let mut measured = places(&heat, self.lesions);
        if depth == Depth::Full {
            if self.retina.contains(&true) {
                measured.insert(MapMeasure::EnergyInRetina, mass_inside(&heat, self.retina));
            }
            measured.insert(MapMeasure::Road, self.road(map)?);
        }
        let plan = MaskPlan::new(map, Fill::default(), 0, self.seed);
        let scores = (0..plan.n_masks())
            .filter_map(|i| plan.mask(i))
            .map(|mask| self.engine.masked_score(self.view, &mask, self.target))
            .collect::<Result<Vec<_>>>()?;
        if let Some(curves) = curves(&plan, &scores) {
            measured.insert(MapMeasure::Deletion, curves.deletion.auc.into());
            measured.insert(MapMeasure::Insertion, curves.insertion.auc.into());
            measured.insert(MapMeasure::OverRandomOrder, curves.over_random_order().into());
        }
        Ok(measured)
    }

    fn road(&self, map: &Heatmap) -> Result<f64> {
        let ModelView { grey, width, .. } = self.view;
        let heat = field::in_region(map, *width, grey.len() / width);
        road(&heat, grey, *width, self.seed, |picture| self.engine.score(picture, self.target))
    }

    /// The largest change of the map under noise; none of an empty map.
    fn max_sensitivity(&self, method: MapMethod, map: &Heatmap) -> Result<Option<f64>> {
        let mut random = Random::new(self.seed);
        let mut largest = None;
        for _ in 0..N_NOISY {
            let mut noise = || NOISE * (2. * random.unit() as f32 - 1.);
            let noisy = self.view.grey.iter().map(|v| (v + noise()).clamp(0., 1.)).collect();
            let other = self.engine.map_of(noisy, self.view.region, self.target, method)?;
            largest = relative_change(map, &other).into_iter().chain(largest).reduce(f64::max);
        }
        Ok(largest)
    }
}
