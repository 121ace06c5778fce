//! How far an explanation can be relied on, as plain data: what is hidden from the model, and how its answer changed. Made and
//! evaluated by `explain::faithfulness` and the engine; sent to workers and drawn by the page.

use serde::{Deserialize, Serialize};

/// What takes the place of what is hidden.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fill {
    /// What the pixels around predict, as ROAD does it (Rong et al. 2022): a lesion is gone, and the tissue goes on.
    #[default]
    Interpolated,
    /// The blurred scan (Petsiuk et al. 2018): detail goes. A blurred retina may itself look ill to a model.
    Blurred,
    /// Black, as the background of a scan is. Tissue that is cut out leaves edges, which a model may take for a lesion.
    Background,
}

/// Cells of the model's view of a scan that are hidden from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mask {
    /// Rows of cells that the view is divided into.
    pub rows: usize,
    /// Columns of cells.
    pub cols: usize,
    /// The hidden cells, `row · cols + column`, each once.
    pub hidden: Vec<u32>,
    /// What takes their place.
    pub fill: Fill,
}

/// The masks of deletion and insertion curves, for a map and for random orders: each is scored on its own, in any order and on
/// any copy of the model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MaskPlan {
    /// Rows of cells.
    pub rows: usize,
    /// Columns of cells.
    pub cols: usize,
    /// All cells, hottest of the map first; cells of the same heat in a random order.
    pub order: Vec<u32>,
    /// All cells in random orders.
    pub random: Vec<Vec<u32>>,
    /// Steps from nothing hidden to everything hidden.
    pub n_steps: usize,
    /// What takes the place of hidden cells.
    pub fill: Fill,
}

/// How the score of a class changes while cells are hidden or shown one share after the other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// Share of the cells that have been hidden (deletion) or shown (insertion), 0…1, rising.
    pub shares: Vec<f32>,
    /// The score at each share.
    pub scores: Vec<f32>,
    /// Area under the curve, by trapezoids: the mean score.
    pub auc: f32,
}

/// Deletion and insertion curves of a map, beside random orders (Petsiuk et al. 2018).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MaskingCurves {
    /// The hottest cells are hidden first: a faithful map's curve falls early, and its area is small.
    pub deletion: Curve,
    /// The hottest cells are shown first: a faithful map's curve rises early, and its area is large.
    pub insertion: Curve,
    /// Deletion in random orders. Read from its end, each is the insertion curve of the opposite order, with the same area.
    pub random: Vec<Curve>,
}

impl MaskingCurves {
    /// Insertion less deletion: 0 on average over random orders, and larger for a faithful map.
    pub fn over_random_order(&self) -> f32 {
        self.insertion.auc - self.deletion.auc
    }

    /// Mean area under the curves of random orders; none without any.
    pub fn random_auc(&self) -> Option<f32> {
        let n = self.random.len();
        (n > 0).then(|| self.random.iter().map(|curve| curve.auc).sum::<f32>() / n as f32)
    }
}

/// Which of a model's weights are replaced by random ones of the same scale (Adebayo et al. 2018). A map that shows what the
/// model has learned changes with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RandomPart {
    /// The image head.
    Head,
    /// The image head, the attention pool and the last stage of the image tower.
    LastStage,
}

impl RandomPart {
    /// Both, from the output down.
    pub const ALL: [Self; 2] = [Self::Head, Self::LastStage];
}

/// How the text head's answer changes with the caption's top phrases alone, and without them (DeYoung et al. 2020).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WordFaithfulness {
    /// The phrases, by falling score: indices into the caption's words.
    pub order: Vec<usize>,
    /// Probability of the class for the whole caption.
    pub whole: f32,
    /// The same with only the first k phrases of the order, k from 0 to all.
    pub only_top: Vec<f32>,
    /// The same without the first k phrases, k from 0 to all.
    pub without_top: Vec<f32>,
    /// Mean over k of `whole − only_top[k]`, k from 1 to all but one: near 0 if the top phrases suffice for the answer.
    pub sufficiency: f32,
    /// Mean over k of `whole − without_top[k]`: large if the answer needs the top phrases.
    pub comprehensiveness: f32,
    /// [`Self::sufficiency`] of random orders, on average.
    pub random_sufficiency: f32,
    /// [`Self::comprehensiveness`] of random orders, on average.
    pub random_comprehensiveness: f32,
}
