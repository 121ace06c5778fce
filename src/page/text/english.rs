//! The page in English, and the type of its strings, which every language fills.

mod doubt;
mod faithfulness;
mod linked;
mod methods;
mod models;
mod names;
mod offline;
mod report;
mod series;
mod teach;
mod viewer;

use crate::bundle::card::Measure;
use crate::error::Detail;
use crate::page::card::{Device, NoteName};
use crate::page::look::Theme;
use crate::page::map_figures::{Column, RowName};
use crate::page::numbers::{megabytes, odds_text};
use crate::protocol::Failure;
use crate::report::{MapLayer, MapMethod, WordMethod};
use crate::scan::format;
use crate::scan::note::{Laterality, Note};
use crate::scan::view::{Turn, View};
use names::note_name;

pub(super) use names::FULL_NAMES;

pub use doubt::DoubtText;
pub use faithfulness::FaithfulnessText;
pub use linked::LinkedText;
pub use models::ModelsText;
pub use offline::OfflineText;
pub use report::ReportText;
pub use series::SeriesText;
pub use teach::TeachText;
pub use viewer::ViewerText;

/// The page's strings in one language.
#[derive(Debug)]
#[allow(missing_docs, reason = "each name says where its string is used")]
pub struct Text {
    /// The title of the document.
    pub title: &'static str,
    pub tagline: &'static str,
    pub private: &'static str,
    pub private_detail: &'static str,
    pub language: &'static str,
    pub model: &'static str,
    pub model_detail: &'static str,
    pub theme: fn(Theme) -> &'static str,
    pub megabytes: fn(u64) -> String,

    pub scans: &'static str,
    pub drop_here: &'static str,
    pub choose: &'static str,
    pub formats: fn() -> String,
    pub samples: &'static str,
    pub probability_of: fn(&str, &str) -> String,
    pub remove: &'static str,
    /// On a scan that waits for its answer.
    pub waiting: &'static str,
    /// On a scan that the model is asked about when it is shown.
    pub not_asked: &'static str,

    pub frames: &'static str,
    pub frames_detail: &'static str,
    /// The answer for an eye by its frames: class and probability, the frame that decided of how many, whether it is healthy.
    pub eye: fn(&str, usize, usize, bool) -> String,
    /// How many of the frames it stands on.
    pub eye_so_far: fn(usize, usize) -> String,
    pub laterality: fn(Laterality) -> &'static str,
    /// On the button by which so many files that were opened together are summed up.
    pub one_eye: fn(usize) -> String,
    pub one_eye_detail: &'static str,
    /// That so many files are summed up because they say so.
    pub same_eye: fn(usize) -> String,
    /// The answer for an eye by several files: class and probability, the scan that decided, whether it is healthy.
    pub joined_eye: fn(&str, &str, bool) -> String,
    pub both_eyes: &'static str,

    pub viewer: &'static str,
    pub scan_only: &'static str,
    pub heat: &'static str,
    pub heat_detail: &'static str,
    pub opacity: &'static str,
    pub map: &'static str,
    pub map_method: fn(MapMethod) -> &'static str,
    /// What a map says, in one sentence.
    pub map_meaning: fn(MapMethod) -> &'static str,
    pub map_layer: fn(MapLayer) -> &'static str,
    pub target: &'static str,
    pub target_detail: &'static str,
    pub compare: &'static str,
    pub compare_detail: fn(&str) -> String,
    pub baseline_loading: &'static str,
    pub baseline: &'static str,
    pub baseline_alt: &'static str,
    /// Which of the pictures side by side a line is about.
    pub on_the_right: fn(&str) -> String,
    pub save_png: &'static str,
    pub save_json: &'static str,
    pub save_dicom: &'static str,
    pub scan_alt: fn(&str) -> String,
    pub heat_scale: &'static str,
    pub invite: &'static str,
    pub invite_detail: &'static str,

    pub loading: &'static str,
    pub loading_detail: &'static str,
    pub ready: &'static str,
    pub analyzing: fn(&str, usize) -> String,
    pub revising: &'static str,
    pub done: &'static str,
    pub failed: &'static str,
    pub still_stands: &'static str,
    pub model_failed: &'static str,
    /// Why something failed.
    pub failure: fn(&Failure) -> String,
    /// What is wrong with a model that is not started again by itself.
    pub lost: fn(&Failure) -> &'static str,
    pub decode: &'static str,
    pub preprocess: &'static str,
    pub image_encoder: &'static str,
    pub text_encoder: &'static str,
    pub explain: &'static str,
    pub restart: &'static str,
    pub cancel: &'static str,
    pub cancel_detail: &'static str,
    pub pause: &'static str,
    pub pause_detail: &'static str,
    pub resume: &'static str,
    /// How many scans a pause holds back.
    pub paused: fn(usize) -> String,
    pub try_again: &'static str,
    pub dismiss: &'static str,

    pub answer: &'static str,
    /// What healthy means, whether or not the model knows other diseases than AMD.
    pub no_sign: fn(bool) -> &'static str,
    /// What a class word that is likely stands for.
    pub likely: fn(&str) -> String,
    /// Another disease that is named is likely.
    pub is_likely: &'static str,
    /// Another disease is likely, but none of them by itself.
    pub some_is_likely: &'static str,
    pub other_disease: &'static str,
    pub disease_by_disease: &'static str,
    pub probabilities: &'static str,
    /// How far the answer can be relied on.
    pub doubt: &'static DoubtText,
    /// Where findings speak, and what hiding a region changes.
    pub linked: &'static LinkedText,
    pub offline: &'static OfflineText,
    /// All scans at a glance.
    pub series: &'static SeriesText,
    /// For lectures.
    pub teach: &'static TeachText,
    /// How a scan is looked at.
    pub looking: &'static ViewerText,
    /// The panel that tests a map.
    pub faithfulness: &'static FaithfulnessText,
    /// Saved reports, and those that are opened again.
    pub report: &'static ReportText,
    /// The model card, and the visitor's own models.
    pub models: &'static ModelsText,
    /// What a person should know about how a file was read.
    pub note: fn(&Note) -> String,
    /// What a picture of some width and height seems to be that should be looked at in another way.
    pub suggestion: fn(&View, [usize; 2]) -> String,
    /// On the button that looks at it so.
    pub use_view: fn(&View) -> &'static str,
    /// That a picture is looked at in another way than it is.
    pub in_view: fn(&View) -> &'static str,
    pub undo_view: &'static str,
    pub image_says: &'static str,
    pub words_say: &'static str,
    pub how: [&'static str; 4],
    pub how_title: &'static str,

    pub in_words: &'static str,
    pub retrieved: &'static str,
    pub edited: &'static str,
    pub method: &'static str,
    pub word_method: fn(WordMethod) -> &'static str,
    pub class_word: &'static str,
    pub class_word_detail: &'static str,
    pub no_findings: &'static str,
    pub word_for: fn(&str) -> String,
    pub word_against: fn(&str) -> String,
    pub word_detail: fn(&str, f32, &str) -> String,
    /// By which factor a phrase changes the odds of a class.
    pub word_odds: fn(f32, &str) -> String,
    /// What a score says, and whether it took every order of the phrases into account.
    pub score_meaning: fn(WordMethod, bool) -> &'static str,
    pub candidates: &'static str,
    pub similarity: &'static str,
    pub what_if: &'static str,
    pub what_if_detail: &'static str,
    pub no_class_word: &'static str,
    pub type_caption: &'static str,
    pub apply: &'static str,
    pub reset: &'static str,
    pub caption_unreadable: &'static str,

    pub trust: &'static str,
    pub trust_scan: &'static str,
    pub class_word_share: &'static str,
    pub divergence: &'static str,
    pub caption_similarity: &'static str,
    pub heated: &'static str,
    pub measured: &'static str,
    pub measure: fn(Measure) -> &'static str,
    pub head_image: &'static str,
    pub head_text: &'static str,
    pub judged_on: fn(usize, usize) -> String,
    pub interval: &'static str,
    pub no_figures: &'static str,
    pub more_figures: &'static str,
    /// Above the tables of heatmaps.
    pub maps_measured: &'static str,
    /// What the columns of those tables mean, and that controls stand below.
    pub maps_measured_detail: &'static str,
    /// The columns of those tables.
    pub map_column: fn(Column) -> &'static str,
    /// What a row of those tables is about.
    pub map_row: fn(RowName) -> &'static str,
    /// After the method that the rule picked.
    pub map_picked: &'static str,
    pub note_name: fn(NoteName) -> &'static str,
    pub device: fn(&Device) -> &str,
    /// What the figures hold for, by the devices on which they were measured.
    pub limits: fn(&[String]) -> String,

    pub research_only: &'static str,
    pub not_a_device: &'static str,
    pub weights_licence: &'static str,
}

/// The page's strings in English.
pub(super) static TEXT: Text = Text {
    title: "octlens · healthy or AMD, and why",
    tagline: "What a retinal OCT scan shows, and why",
    private: "Nothing leaves this device",
    private_detail: "The model runs in this browser tab. Scans are neither uploaded nor stored.",
    language: "Language",
    model: "Model",
    model_detail: "Another model answers about the same scans",
    theme: |theme| match theme {
        Theme::Light => "Theme: light",
        Theme::Dark => "Theme: dark",
        Theme::System => "Theme: system",
    },
    megabytes: |n_bytes| format!("{:.1} MB", megabytes(n_bytes)),

    scans: "Scans",
    drop_here: "Drop, paste or ",
    choose: "choose scans",
    formats: || format!("{}\nup to {} MB", format::names(), format::MAX_FILE_BYTES >> 20),
    samples: "Samples",
    probability_of: |label, value| format!("Image says {label}: {value}"),
    remove: "Remove from the list (Delete)",
    waiting: "waiting",
    not_asked: "not asked yet",

    frames: "B-scans of this file",
    frames_detail: "Arrow keys or the wheel go from B-scan to B-scan",
    eye: |answer, frame, n_frames, is_healthy| {
        let role = if is_healthy { "looks most like disease" } else { "decided" };
        format!("Eye: {answer}, frame {frame} of {n_frames} {role}")
    },
    eye_so_far: |n_answered, n_frames| format!("({n_answered} of {n_frames} answered)"),
    laterality: |eye| match eye {
        Laterality::Right => "right eye (OD)",
        Laterality::Left => "left eye (OS)",
    },
    one_eye: |n_files| format!("These {n_files} files are of one eye"),
    one_eye_detail: "One answer from all files that were opened together",
    same_eye: |n_files| format!("{n_files} files of one study and eye"),
    joined_eye: |answer, name, is_healthy| {
        let role = if is_healthy { "looks most like disease" } else { "decided" };
        format!("Eye: {answer}, {name} {role}")
    },
    both_eyes: "They show a right and a left eye, which have no answer together.",

    viewer: "Viewer",
    scan_only: "Scan",
    heat: "Heat",
    heat_detail: "Show or hide the heatmap (H)",
    opacity: "Opacity",
    map: "Map",
    map_method: methods::map_method,
    map_meaning: methods::map_meaning,
    map_layer: methods::map_layer,
    target: "For",
    target_detail: "The class whose reasons are shown",
    compare: "Compare with the baseline",
    compare_detail: |size| {
        format!(
            "Also runs a ResNet-50 without captions, and shows its heatmap. Downloads {size} once; answers take longer."
        )
    },
    baseline_loading: "Loading the baseline",
    baseline: "ResNet-50 baseline, no words",
    baseline_alt: "The same scan with the heatmap of the baseline",
    on_the_right: |line| format!("Right: {line}"),
    save_png: "Save image",
    save_json: "Save report",
    save_dicom: "Save as DICOM (heatmap and structured report, without the patient's name) in a ZIP archive",
    scan_alt: |name| format!("OCT B-scan {name} with the heatmap of what the image says"),
    heat_scale: "How much a place spoke for the class, from 0 to 1",
    invite: "Drop a retinal OCT B-scan here",
    invite_detail: "or paste one, choose a file, or start with a sample.",

    loading: "Loading the model",
    loading_detail: "Once; afterwards it comes from this browser's cache.",
    ready: "Ready for a scan",
    analyzing: |name, n_scans| match n_scans {
        0 | 1 => format!("Analysing {name}"),
        n => format!("Analysing {name}, {} more to come", n - 1),
    },
    revising: "Asking again",
    done: "Done in",
    failed: "That did not work.",
    still_stands: "What was shown before still stands.",
    model_failed: "The model could not be loaded.",
    failure: |failure| failure.message.clone(),
    lost: |failure| match failure.detail {
        Some(Detail::NotStarted) => "The model did not start.",
        Some(Detail::OtherBuild) => "The site was changed since this page was opened.",
        _ => "The model stops working again and again.",
    },
    decode: "decode",
    preprocess: "prepare",
    image_encoder: "image",
    text_encoder: "words",
    explain: "explain",
    restart: "Start it again",
    cancel: "Cancel",
    cancel_detail: "Stop analysing; the scans stay in the list",
    pause: "Pause",
    pause_detail: "Finish this scan, then analyse only what is opened by a click",
    resume: "Resume",
    paused: |n_scans| match n_scans {
        0 => "Paused".to_owned(),
        1 => "Paused, 1 scan waits".to_owned(),
        n => format!("Paused, {n} scans wait"),
    },
    try_again: "Try again",
    dismiss: "Dismiss",

    answer: "Answer",
    no_sign: |knows_others| {
        if knows_others { "no sign of AMD or of another disease it knows" } else { "no sign of AMD" }
    },
    likely: |disease| format!("{disease} likely"),
    is_likely: "likely",
    some_is_likely: "likely, unclear which one",
    other_disease: "another disease",
    disease_by_disease: "Disease by disease",
    probabilities: "Probabilities",
    doubt: &doubt::DOUBT,
    linked: &linked::LINKED,
    offline: &offline::OFFLINE,
    series: &series::SERIES,
    looking: &viewer::VIEWER,
    faithfulness: &faithfulness::FAITHFULNESS,
    report: &report::REPORT,
    models: &models::MODELS,
    teach: &teach::TEACH,
    note: |note| sentence(&note.text()),
    suggestion: |view, size| view.suggestion(size),
    use_view: |view| match (view.crop, view.turn) {
        (Some(_), _) => "Use this part",
        (None, Turn::None) => "Invert it",
        (None, _) => "Turn it upright",
    },
    in_view: |view| match (view.crop, view.turn) {
        (Some(_), _) => "The answer is about a part of the picture.",
        (None, Turn::None) => "The picture was inverted for the answer.",
        (None, _) => "The picture was turned for the answer.",
    },
    undo_view: "Show the whole picture",
    image_says: "Image says",
    words_say: "Words say",
    how: [
        "The image head reads the scan. The heatmap weighs what the network computed at each place by how much the score of the \
         class depends on it. It is coarse, and can miss small lesions.",
        "Of the captions known from training, the one closest to the scan is read by a second head.",
        "Each finding is lit by how much it counted. Tick findings to ask what if.",
        "Both answers stem from one reading of the image: that they agree confirms nothing. Read the warning first, and the \
         scan itself.",
    ],
    how_title: "How to read it",

    in_words: "In words",
    retrieved: "picked by the model",
    edited: "written by you",
    method: "Method",
    word_method: methods::word_method,
    class_word: "Class word",
    class_word_detail: "The class word is set apart: naming the answer is no reason for it.",
    no_findings: "This caption names no finding, so the words give no reason of their own.",
    word_for: |label| format!("speaks for {label}"),
    word_against: |label| format!("speaks against {label}"),
    word_detail: |phrase, score, label| {
        let way = if score < 0.0 { "against" } else { "for" };
        format!("{phrase}: {:.0} % of the weight, {way} {label}", score.abs() * 100.0)
    },
    word_odds: |factor, label| {
        let (way, factor) = if factor < 1.0 { ("lowers", 1.0 / factor) } else { ("raises", factor) };
        let factor = odds_text(factor);
        format!("Naming it {way} the words' odds of {label} {factor}-fold")
    },
    score_meaning: methods::score_meaning,
    candidates: "Closest captions",
    similarity: "similarity",
    what_if: "What if it said …",
    what_if_detail: "A tick asks the text head at once. The class word that the model picked is left out: the findings decide.",
    no_class_word: "none",
    type_caption: "Type a caption",
    apply: "Ask",
    reset: "Back to the model's caption",
    caption_unreadable: "This caption cannot be read:",

    trust: "Can this be trusted?",
    trust_scan: "This scan",
    class_word_share: "weight on the class word, which is no reason",
    divergence: "how far the two answers are apart (0 same, 1 opposite)",
    heated: "heated region, width × height in µm (above half of the maximum)",
    caption_similarity: "similarity of scan and caption",
    measured: "Measured on held-out patients",
    measure: |measure| match measure {
        Measure::Auroc => "AUROC, healthy or not",
        Measure::MacroAuroc => "AUROC, mean over classes",
        Measure::BalancedAccuracy => "Balanced accuracy",
        Measure::Sensitivity => "Sensitivity",
        Measure::Specificity => "Specificity",
        Measure::Accuracy => "Accuracy",
    },
    head_image: "Image",
    head_text: "Words",
    judged_on: |n_scans, n_patients| format!("{n_scans} scans, {n_patients} patients"),
    interval: "Small figures: 95 % interval",
    no_figures: "This weights file has no figures.",
    more_figures: "More figures",
    maps_measured: "How its heatmaps were measured",
    maps_measured_detail: methods::MEASURED_DETAIL,
    map_column: methods::map_column,
    map_row: methods::map_row,
    map_picked: "best by the rule",
    note_name,
    device: |device| match device {
        Device::Scanner(name) => name,
        Device::Simulated => "simulated",
        Device::Unknown => "device unknown",
    },
    limits: |scanners| match scanners {
        [] => "Nothing is known of how it does on scans of real devices.".to_owned(),
        _ => format!(
            "Measured on scans of {}. Other makers' devices were not part of training, and other people may differ.",
            scanners.join(" and ")
        ),
    },

    research_only: "Research use only.",
    not_a_device: "Not a medical device.",
    weights_licence: "Weights:",
};

/// With a capital letter and a full stop.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
}
