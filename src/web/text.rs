//! Every string of the page, in every language. A language that lacks one does not compile.
//! Captions stay as the model reads them; beside them stands what their phrases mean.

mod english;
mod korean;

use crate::report::WordMethod;

/// A language of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// English.
    En,
    /// Korean.
    Ko,
}

impl Language {
    /// All languages, in the order of the switch.
    pub const ALL: [Language; 2] = [Language::En, Language::Ko];

    /// The language tag (BCP 47).
    pub fn tag(self) -> &'static str {
        match self {
            Language::En => "en",
            Language::Ko => "ko",
        }
    }

    /// The language of a tag such as `ko-KR`; English where it is none of ours.
    pub fn from_tag(tag: &str) -> Self {
        if tag.starts_with("ko") { Language::Ko } else { Language::En }
    }

    /// What the browser asks for.
    pub fn of_browser() -> Self {
        Self::from_tag(&leptos::prelude::window().navigator().language().unwrap_or_default())
    }

    /// Its name on the switch, in the language itself.
    pub fn name(self) -> &'static str {
        match self {
            Language::En => "EN",
            Language::Ko => "한국어",
        }
    }

    /// Its strings.
    pub fn text(self) -> &'static Text {
        match self {
            Language::En => &english::TEXT,
            Language::Ko => &korean::TEXT,
        }
    }

    /// What a class word or finding means, where the language has another name for it.
    pub fn gloss(self, phrase: &str) -> Option<&'static str> {
        match self {
            Language::En => None,
            Language::Ko => GLOSSES.iter().find(|row| row[0].eq_ignore_ascii_case(phrase)).map(|row| row[1]),
        }
    }

    /// A caption or a sample's title in this language, phrase by phrase.
    pub fn translated(self, caption: &str) -> String {
        let phrases = caption.split(", ").map(|phrase| self.gloss(phrase).unwrap_or(phrase));
        phrases.collect::<Vec<_>>().join(", ")
    }
}

/// Phrases as captions write them, and in Korean.
const GLOSSES: [[&str; 2]; 26] = [
    ["healthy", "정상"],
    ["AMD", "황반변성"],
    ["drusen", "드루젠"],
    ["choroidal folds", "맥락막 주름"],
    ["fluid", "망막내·하액"],
    ["geographic atrophy", "지도모양 위축"],
    ["hard drusen", "경성 드루젠"],
    ["hyperfluorescent spots", "고반사점"],
    ["PR layer disruption", "광수용체층 손상"],
    ["reticular drusen", "망상 드루젠"],
    ["soft drusen", "연성 드루젠"],
    ["soft drusen PED", "드루젠성 색소상피박리"],
    ["MNV", "황반 신생혈관"],
    ["suspected MNV", "황반 신생혈관 의심"],
    ["DME", "당뇨황반부종"],
    ["ERM", "망막앞막"],
    ["RAO", "망막동맥폐쇄"],
    ["RVO", "망막정맥폐쇄"],
    ["VID", "유리체황반경계면질환"],
    ["macular edema", "황반부종"],
    ["cystoid macular edema", "낭포황반부종"],
    ["DRIL", "망막내층 와해"],
    ["epiretinal membrane", "망막앞막"],
    ["macular hole", "황반원공"],
    ["lamellar hole", "층판황반원공"],
    ["vitreomacular traction", "유리체황반견인"],
];

/// The page's strings in one language.
#[derive(Debug)]
#[allow(missing_docs, reason = "each name says where its string stands")]
pub struct Text {
    pub tagline: &'static str,
    pub private: &'static str,
    pub private_detail: &'static str,
    pub language: &'static str,
    pub model: &'static str,
    pub model_detail: &'static str,
    pub theme: fn(&str) -> &'static str,
    pub megabytes: fn(f64) -> String,

    pub scans: &'static str,
    pub drop_here: &'static str,
    pub choose: &'static str,
    pub formats: fn() -> String,
    pub samples: &'static str,
    pub samples_detail: &'static str,
    pub probability_of: fn(&str, &str) -> String,

    pub viewer: &'static str,
    pub scan_only: &'static str,
    pub heat: &'static str,
    pub heat_detail: &'static str,
    pub opacity: &'static str,
    pub map: &'static str,
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
    pub lost: &'static str,
    pub decode: &'static str,
    pub preprocess: &'static str,
    pub image_encoder: &'static str,
    pub text_encoder: &'static str,
    pub explain: &'static str,
    pub reload: &'static str,
    pub try_again: &'static str,
    pub dismiss: &'static str,

    pub answer: &'static str,
    /// The answer in words; the other class words tell what a healthy scan shows no sign of.
    pub likely: fn(&str, &str) -> String,
    pub unsure: &'static str,
    pub no_clear_answer: &'static str,
    pub image_says: &'static str,
    pub words_say: &'static str,
    pub agree: &'static str,
    pub disagree: fn(&str, &str) -> String,
    pub edited_disagree: fn(&str, &str) -> String,
    pub how: [&'static str; 4],
    pub how_title: &'static str,

    pub in_words: &'static str,
    pub retrieved: &'static str,
    pub edited: &'static str,
    pub method: &'static str,
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
    pub caption_empty: &'static str,
    pub caption_unknown: &'static str,

    pub trust: &'static str,
    pub trust_scan: &'static str,
    pub class_word_share: &'static str,
    pub divergence: &'static str,
    pub caption_similarity: &'static str,
    pub measured: &'static str,
    pub measure: fn(&str) -> Option<&'static str>,
    pub head_image: &'static str,
    pub head_text: &'static str,
    pub judged_on: fn(Option<u64>, Option<u64>) -> String,
    pub interval: &'static str,
    pub no_figures: &'static str,
    pub more_figures: &'static str,
    pub training: &'static str,
    pub limits: &'static str,

    pub research_only: &'static str,
    pub not_a_device: &'static str,
    pub weights_licence: &'static str,
}

/// A factor on the odds, as exact as it is meant: two digits, and no more than a thousand.
fn odds_text(factor: f32) -> String {
    match factor {
        f if f < 10.0 => format!("{f:.1}"),
        f if f < 1000.0 => format!("{f:.0}"),
        _ => "> 1000".to_owned(),
    }
}
