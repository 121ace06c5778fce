//! What a lecture needs, in English, and the type of these strings, which every language fills.

use crate::page::teach::findings::Bearing;
use crate::page::teach::guess::Outcome;
use crate::page::teach::levels::{Level, Setting};
use crate::page::teach::tour::N_STEPS;

/// The strings for lectures in one language.
#[derive(Debug)]
#[allow(missing_docs, reason = "each name says where its string is used")]
pub struct TeachText {
    pub teach: &'static str,
    pub teach_detail: &'static str,
    pub close: &'static str,

    pub make_case: &'static str,
    pub make_case_detail: &'static str,
    /// The names of sliders that are no findings.
    pub setting: fn(Setting) -> &'static str,
    pub level: fn(Level) -> String,
    pub another_eye: &'static str,
    pub clear_case: &'static str,

    pub reveal: &'static str,
    pub reveal_detail: &'static str,
    pub true_lesions: &'static str,
    /// The hottest place of the map is in this lesion.
    pub hit: fn(&str) -> String,
    pub miss: &'static str,
    /// Percent of the heat in lesions, and of the map's area.
    pub share: fn(u32, u32) -> String,
    pub no_lesions: &'static str,
    pub no_heat: &'static str,
    pub unknown_lesions: &'static str,

    pub guess_first: &'static str,
    pub guess_detail: &'static str,
    pub vote: &'static str,
    /// On a button: its class, and how many voted for it.
    pub votes: fn(&str, u32) -> String,
    pub other_disease: &'static str,
    pub show_answer: &'static str,
    pub hidden_answer: &'static str,
    /// What came out, and the image's answer.
    pub outcome: fn(Outcome, &str) -> String,
    pub vote_again: &'static str,

    pub tour: &'static str,
    pub tour_detail: &'static str,
    /// Which step of how many.
    pub step: fn(usize, usize) -> String,
    pub next: &'static str,
    pub back: &'static str,
    pub leave: &'static str,
    /// A title and two sentences for each step.
    pub steps: [[&'static str; 2]; N_STEPS],

    pub copy_link: &'static str,
    pub copy_detail: &'static str,
    pub copied: &'static str,
    pub in_address_bar: &'static str,
    pub no_link: &'static str,

    pub bearing: fn(Bearing) -> &'static str,
    /// How many of them are drawn on the scan.
    pub drawn: fn(usize) -> String,
    /// Without the hidden region, its likeness changes from … to ….
    pub without_region: fn(&str, &str) -> String,
    pub point_at_finding: &'static str,
    /// Each finding as captions write it, its clinical name, and what it is.
    pub definitions: &'static [[&'static str; 3]],
}

/// The strings for lectures in English.
pub(super) static TEACH: TeachText = TeachText {
    teach: "Teach",
    teach_detail: "Make a case, reveal true lesions, vote first, take the tour",
    close: "Close",

    make_case: "Make a case",
    make_case_detail: "Draw an eye, and watch answer, map and words follow",
    setting: |setting| match setting {
        Setting::Lesion(lesion) => lesion.phrase(),
        Setting::Speckle => "speckle noise",
        Setting::Tilt => "tilt",
        Setting::Gain => "brightness",
        Setting::Seed => "eye number",
    },
    level: |level| match level {
        Level::None => "none".to_owned(),
        Level::Slight => "slight".to_owned(),
        Level::Moderate => "moderate".to_owned(),
        Level::Strong => "strong".to_owned(),
        Level::Number(n) => n.to_string(),
        Level::Degrees(degrees) => format!("{degrees}°"),
    },
    another_eye: "Another eye",
    clear_case: "Remove all lesions",

    reveal: "Reveal lesions",
    reveal_detail: "Show where the lesions really are, on drawn scans",
    true_lesions: "True lesions",
    hit: |finding| format!("Hit: the hottest place of the map lies in a lesion ({finding})."),
    miss: "Miss: the hottest place of the map lies in no lesion.",
    share: |heat, area| format!("{heat} % of the heat lies in lesions, which cover {area} % of the picture."),
    no_lesions: "This retina was drawn without any lesion: whatever the map marks is none.",
    no_heat: "The map is empty: there is no heat to compare with the lesions.",
    unknown_lesions: "Only of drawn scans is it known where the lesions are. This is a scan of your own.",

    guess_first: "Guess first",
    guess_detail: "Hide each answer until the class has voted",
    vote: "What do you say?",
    votes: |name, n| format!("{name}: {n}"),
    other_disease: "other disease",
    show_answer: "Show the answer",
    hidden_answer: "The answer is hidden until there is a vote.",
    outcome: |outcome, answer| match outcome {
        Outcome::Same => format!("The image says {answer}, as most of you do."),
        Outcome::Other => format!("The image says {answer}, most of you say something else."),
        Outcome::Tied => format!("The image says {answer}, your votes are tied."),
    },
    vote_again: "Vote again",

    tour: "Take the tour",
    tour_detail: "Eight steps on drawn scans",
    step: |n, all| format!("Step {n} of {all}"),
    next: "Next",
    back: "Back",
    leave: "Leave the tour",
    steps: [
        [
            "Two heads, one scan",
            "The image head sees the picture, and its map says which places count for its answer. The text head never sees it: \
             it reads the caption that lies closest to the scan, and each finding is shaded by how much it counts.",
        ],
        [
            "Where the lesions really are",
            "This scan was drawn, so every lesion has a true box. Compare the boxes with the heat: the map shows what moved \
             the model, which need not be the whole lesion.",
        ],
        [
            "A word goes",
            "One finding was taken out of the caption, and only the words answer anew. Picture, map and image answer stay as \
             they are, because the image head reads no words.",
        ],
        [
            "A head that knows nothing",
            "The panel of tests now draws the map of the same model with random weights, which takes a while. A map that \
             hardly changes then shows the picture rather than what the model has learned.",
        ],
        [
            "Upside down",
            "The same scan is turned by 180°, lesions and all. A doctor recognises it at once, while the model may answer \
             otherwise or warn, because it learned from upright scans only.",
        ],
        [
            "Noise",
            "The same eye, drawn with far more speckle. Look at what happens to answer, caption and heat, although not one \
             lesion has moved.",
        ],
        [
            "A warning",
            "Hardly any light came back from this eye, and the notice says that there is nothing to rely on. The answer is \
             folded away behind it, so that the warning is read first.",
        ],
        [
            "What the map cannot tell",
            "This retina is healthy, and still a map for AMD can be drawn: it says what would speak for AMD, not that AMD is \
             there. A map tells neither what is seen, nor whether the answer is right, nor that cold places are healthy.",
        ],
    ],

    copy_link: "Copy link",
    copy_detail: "A link to this drawn scan with caption, class, method and view",
    copied: "The link is copied.",
    in_address_bar: "The link is in the address bar.",
    no_link: "Of your own scans there are no links: they do not leave this device.",

    bearing: |bearing| match bearing {
        Bearing::Amd => "Speaks for AMD.",
        Bearing::Shared => "Seen in AMD and in other diseases.",
        Bearing::NotAmd => "Does not speak for AMD: look for another cause.",
        Bearing::Healthy => "Common with age, and no disease.",
    },
    drawn: |n| match n {
        0 => "None was drawn on this scan.".to_owned(),
        1 => "One was drawn on this scan; its box is marked.".to_owned(),
        n => format!("{n} were drawn on this scan; their boxes are marked."),
    },
    without_region: |before, after| format!("Without the hidden region its likeness goes from {before} to {after}."),
    point_at_finding: "Point at a finding, or go to it with the Tab key, to read what it is.",
    definitions: &[
        [
            "drusen",
            "drusen",
            "Deposits between the pigment epithelium and Bruch's membrane, seen as humps of its line.",
        ],
        [
            "soft drusen",
            "soft drusen",
            "Broad domes of deposit under the pigment epithelium with blurred edges, often larger than 125 µm.",
        ],
        [
            "hard drusen",
            "hard drusen",
            "Small, sharply bounded deposits under the pigment epithelium, less than 63 µm; a few are normal with age.",
        ],
        [
            "reticular drusen",
            "subretinal drusenoid deposits",
            "Deposits above the pigment epithelium, a row of small peaks towards the photoreceptors.",
        ],
        [
            "soft drusen PED",
            "drusenoid pigment epithelial detachment",
            "A large dome of merged drusen that lifts the pigment epithelium off Bruch's membrane.",
        ],
        [
            "geographic atrophy",
            "geographic atrophy (cRORA)",
            "Pigment epithelium and photoreceptors are lost, so that light passes through and the choroid below looks bright.",
        ],
        [
            "choroidal folds",
            "choroidal folds",
            "Bruch's membrane and choroid lie in waves, as with low eye pressure, a mass behind the eye or far-sightedness.",
        ],
        [
            "fluid",
            "intra- or subretinal fluid",
            "Dark pockets within the retina or between retina and pigment epithelium.",
        ],
        ["intraretinal fluid", "intraretinal fluid", "Dark, rounded spaces within the layers of the retina."],
        ["subretinal fluid", "subretinal fluid", "A dark space between the photoreceptors and the pigment epithelium."],
        [
            "hyperfluorescent spots",
            "hyperreflective foci",
            "Small bright dots within the retina, mostly pigment or lipid that has moved up from below.",
        ],
        [
            "PR layer disruption",
            "ellipsoid zone disruption",
            "The bright line of the photoreceptors is broken or missing.",
        ],
        [
            "MNV",
            "macular neovascularisation",
            "New vessels that grow under or into the retina and leak or bleed: wet AMD.",
        ],
        [
            "suspected MNV",
            "suspected macular neovascularisation",
            "Signs that new vessels may grow under the retina, to be confirmed by angiography.",
        ],
        [
            "subretinal hyperreflective material",
            "subretinal hyperreflective material",
            "Bright material between retina and pigment epithelium, such as blood, fibrin or scar.",
        ],
        [
            "macular edema",
            "macular oedema",
            "The macula is thickened by fluid, as in diabetes or after a vein occlusion.",
        ],
        ["cystoid macular edema", "cystoid macular oedema", "Fluid in cysts that thicken the macula."],
        [
            "DRIL",
            "disorganisation of the retinal inner layers",
            "The borders between the inner layers can no longer be told apart.",
        ],
        ["epiretinal membrane", "epiretinal membrane", "A bright film on the retina that may wrinkle or pull it."],
        ["macular hole", "full-thickness macular hole", "A gap through all layers of the retina at the fovea."],
        [
            "lamellar hole",
            "lamellar macular hole",
            "A defect of the inner layers at the fovea, above photoreceptors that are whole.",
        ],
        [
            "vitreomacular traction",
            "vitreomacular traction",
            "The vitreous is still attached to the macula and pulls it up.",
        ],
        [
            "posterior vitreous detachment",
            "posterior vitreous detachment",
            "The back of the vitreous has come off the retina and is seen as a thin line above it.",
        ],
    ],
};
