//! English names: of the notes on a model's card, and of what abbreviations stand for.

use crate::page::card::NoteName;

/// What a note of a model's card is called.
pub(super) fn note_name(name: NoteName) -> &'static str {
    match name {
        NoteName::FindingsKeepLabel => {
            "share of captions whose findings alone, without the class word, give the same class"
        }
        NoteName::ClassWordShare => "class word share",
        NoteName::ConditionAccuracy => "condition, accuracy",
        NoteName::ConditionBalancedAccuracy => "condition, balanced accuracy",
        NoteName::LesionMicroF1 => "lesions, micro F1",
        NoteName::LesionMacroF1 => "lesions, macro F1",
        NoteName::DrusenFluidF1 => "drusen and fluid, micro F1",
        NoteName::PointingGame => "lesions, pointing game",
        NoteName::PointingGameChance => "lesions, pointing game, by chance",
        NoteName::PointingGameHalfCell => "lesions, pointing game, half a cell",
        NoteName::PointingGameHalfCellChance => "lesions, pointing game, half a cell, by chance",
        NoteName::AurocChange => "AUROC, integers minus floats",
        NoteName::HeatmapPearson => "heatmaps, correlation",
        NoteName::LabelAgreement => "labels, share that agrees",
        NoteName::WordSpearman => "words, rank correlation",
    }
}

/// What abbreviations of captions stand for.
pub(crate) static FULL_NAMES: [[&str; 2]; 11] = [
    ["AMD", "age-related macular degeneration"],
    ["DME", "diabetic macular edema"],
    ["ERM", "epiretinal membrane"],
    ["RAO", "retinal artery occlusion"],
    ["RVO", "retinal vein occlusion"],
    ["VID", "vitreomacular interface disease"],
    ["MNV", "macular neovascularisation"],
    ["suspected MNV", "suspected macular neovascularisation"],
    ["DRIL", "disorganisation of the retinal inner layers"],
    ["PR layer disruption", "photoreceptor layer disruption"],
    ["soft drusen PED", "drusenoid pigment epithelial detachment"],
];
