//! The model card and a visitor's own models, in English, and the type of these strings, which every language fills.

/// The strings about models in one language.
#[derive(Debug)]
#[allow(missing_docs, reason = "each name says where its string is used")]
pub struct ModelsText {
    /// Before the name of a visitor's own model in the list.
    pub own: fn(&str) -> String,
    /// The heading of the visitor's own models.
    pub own_title: &'static str,
    pub own_detail: &'static str,
    /// On the button that chooses a weights file.
    pub choose: &'static str,
    pub keep: &'static str,
    pub keep_detail: &'static str,
    /// On the button that takes a model off the list.
    pub forget: fn(&str) -> String,
    pub in_use: &'static str,

    pub card: &'static str,
    pub intended_use: &'static str,
    /// What a model that knows so many classes is for.
    pub intended: fn(usize) -> String,
    pub not_for: &'static str,
    pub not_intended: &'static str,
    pub classes: &'static str,
    pub input: &'static str,
    pub licence: &'static str,
    pub size: &'static str,
    pub drift: &'static str,
    /// How far 8-bit integers are from floats, by the share of equal answers and the correlation of maps.
    pub drift_line: fn(&str, Option<&str>) -> String,
    pub no_drift: &'static str,
    pub data: &'static str,
    /// Above the table of patients.
    pub patients_detail: fn(u64) -> String,
    /// The columns of that table.
    pub columns: [&'static str; 5],
    pub started_from: &'static str,
    pub limits: &'static str,
    /// What is known of every model.
    pub known_limits: [&'static str; 3],
    pub download: &'static str,
    pub download_detail: &'static str,
    /// Beside the samples: that they are drawn, and what that means.
    pub samples_note: &'static str,
}

/// The strings about models in English.
pub(super) static MODELS: ModelsText = ModelsText {
    own: |name| format!("own: {name}"),
    own_title: "A model of your own",
    own_detail: "A weights file that train export wrote (.safetensors). It is read in this tab, checked, and not uploaded. You can also drop it \
                 anywhere on the page.",
    choose: "Choose a weights file",
    keep: "keep on this device",
    keep_detail: "Kept in this browser for the next visit; otherwise it is gone when the tab is closed.",
    forget: |name| format!("Forget {name}"),
    in_use: "in use",

    card: "Model card",
    intended_use: "Intended use",
    intended: |n_classes| match n_classes {
        2 => "Research and teaching: single macular OCT B-scans, healthy or AMD, with the reasons for the answer."
            .to_owned(),
        n => format!(
            "Research and teaching: single macular OCT B-scans, one of {n} classes, with the reasons for the answer."
        ),
    },
    not_for: "Not for",
    not_intended: "Diagnosis, screening or treatment of patients; other scans than macular B-scans; diseases that are not among its \
                   classes.",
    classes: "Classes",
    input: "Input",
    licence: "Licence of the weights",
    size: "File",
    drift: "8-bit against floats",
    drift_line: |agreement, maps| {
        let maps = maps.map(|pearson| format!("; heatmaps correlate {pearson}")).unwrap_or_default();
        format!("same answer for {agreement} of the scans{maps}")
    },
    no_drift: "not measured",
    data: "Training data",
    patients_detail: |seed| {
        format!("Patients, each in one part only (shuffled with seed {seed}), and the scans of the figures above:")
    },
    columns: ["set", "to train", "to choose", "to measure", "scans measured"],
    started_from: "It began from",
    limits: "Limits",
    known_limits: [
        "Retrospective public data of few devices; age, sex and origin of most patients are not known, so no figure is given for \
         groups of people.",
        "The warning catches many unsuitable pictures, not all.",
        "It was never tested in a clinic.",
    ],
    download: "↓ Model card (JSON)",
    download_detail: "All settings and figures, after the fields of the CHAI Applied Model Card",
    samples_note: "Synthetic phantoms: they show how the page works, not how well a model reads real scans.",
};
