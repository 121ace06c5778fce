//! What the methods of explanation are called in English, and what each says.

use crate::page::map_figures::{Column, RowName};
use crate::report::{MapLayer, MapMethod, WordMethod};

/// What the select calls a map method.
pub(super) fn map_method(method: MapMethod) -> &'static str {
    match method {
        MapMethod::GradCam => "GradCAM",
        MapMethod::GradCamPlusPlus => "GradCAM++",
        MapMethod::HiResCam => "HiResCAM",
        MapMethod::LayerCam => "LayerCAM",
        MapMethod::GScoreCam => "gScoreCAM",
        MapMethod::EigenCam => "EigenCAM",
        MapMethod::IntegratedGradients => "Integrated gradients",
        MapMethod::GuidedBackpropagation => "Guided backpropagation",
        MapMethod::Occlusion => "Occlusion",
        MapMethod::Local => "Local match",
    }
}

/// What a map says, in one sentence.
pub(super) fn map_meaning(method: MapMethod) -> &'static str {
    match method {
        MapMethod::GradCam => {
            "Shows where features are active that raise the score on average over the scan; the paper's method."
        }
        MapMethod::GradCamPlusPlus => "Like GradCAM, but several small places can count as much as one large one.",
        MapMethod::HiResCam => "Shows what each place adds to the score by itself, to first order.",
        MapMethod::LayerCam => {
            "Shows what each place adds to the score by itself, without what speaks against it; suits the finer layers."
        }
        MapMethod::GScoreCam => {
            "Shows features that keep the score high when all else is dimmed; slow, because the model reads many dimmed scans."
        }
        MapMethod::EigenCam => {
            "Shows where the model's features differ most from the rest of the scan; it is the same for every class."
        }
        MapMethod::IntegratedGradients => {
            "Shows what each place adds to the score on the way from a black picture to this scan."
        }
        MapMethod::GuidedBackpropagation => {
            "Shows the pixels whose change, brighter or darker, would change the score most along paths that raise it."
        }
        MapMethod::Occlusion => "Shows how far the score falls when each place is hidden.",
        MapMethod::Local => {
            "Shows which places resemble the finding by themselves, as the model was trained to see it."
        }
    }
}

/// What the select calls a layer.
pub(super) fn map_layer(layer: MapLayer) -> &'static str {
    match layer {
        MapLayer::Layer4 => "Last layer",
        MapLayer::Layer3 => "Layer 3",
        MapLayer::Layer2 => "Layer 2, finer",
        MapLayer::Layer1 => "Layer 1, finest",
    }
}

/// What the select calls a word method.
pub(super) fn word_method(method: WordMethod) -> &'static str {
    match method {
        WordMethod::Shapley => "Shapley values",
        WordMethod::LeaveOneOut => "Leave one out",
        WordMethod::IntegratedGradients => "Integrated gradients",
        WordMethod::GradEclip => "Grad-ECLIP",
        WordMethod::GradientXActivation => "Gradient × activation",
    }
}

/// What a score of words says, and whether it took every order of the phrases into account.
pub(super) fn score_meaning(method: WordMethod, is_exact: bool) -> &'static str {
    match (method, is_exact) {
        (WordMethod::Shapley, true) => {
            "Shares of the change from an empty caption's answer to this one's. Each finding was left out and put back beside \
             every combination of the others; its mean effect on the odds counts."
        }
        (WordMethod::Shapley, false) => {
            "Shares of the change from an empty caption's answer to this one's. The caption is long: findings were left out and \
             put back in some combinations only, so the shares are approximate."
        }
        (WordMethod::LeaveOneOut, _) => {
            "How far the odds fall when only this finding is left out; of two findings that say the same, neither seems to count."
        }
        (WordMethod::IntegratedGradients, _) => {
            "What each finding adds to the odds on the way from a caption of blanks to this one."
        }
        (WordMethod::GradEclip, _) => {
            "What the last attention layer takes from each finding, weighed by how it changes the score; measured inside the \
             network, not by changing the caption."
        }
        (WordMethod::GradientXActivation, _) => {
            "The paper's method, for comparison. Its signs do not tell which way a finding counts: findings that speak for \
             the class are often shown as speaking against it."
        }
    }
}

/// What the columns of the tables of heatmaps mean.
pub(super) const MEASURED_DETAIL: &str = "Maps of the scan's class, on test patients whose lesions are outlined. Peak on a lesion: \
    share of maps whose hottest place lies on a lesion, or at most half a cell beside it. Heat in lesions: share of the heat. More \
    than random: how much more the answer depends on the hottest parts than on random ones; 0 is chance. Like random weights: how \
    alike the map is to that of a model whose last layers are random; near 0 is good. The last two rows are maps that know nothing \
    of the scan.";

/// What a column of those tables is called.
pub(super) fn map_column(column: Column) -> &'static str {
    match column {
        Column::PeakOnLesion => "peak on a lesion",
        Column::HeatInLesions => "heat in lesions",
        Column::OverRandomOrder => "more than random",
        Column::LikeRandomWeights => "like random weights",
    }
}

/// What a row of those tables is about.
pub(super) fn map_row(row: RowName) -> &'static str {
    match row {
        RowName::Method(method) => map_method(method),
        RowName::Random => "random map",
        RowName::Centre => "map of the centre",
    }
}
