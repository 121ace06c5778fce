//! Every string of the page, in every language. A language that lacks one does not compile.
//! Captions stay as the model reads them; translations of their phrases are shown with them.

mod english;
mod korean;
mod typed;

pub use english::{
    DoubtText, FaithfulnessText, LinkedText, ModelsText, OfflineText, ReportText, SeriesText, TeachText, Text,
    ViewerText,
};
pub(crate) use typed::in_caption_words;

/// A language of the page.
#[derive(Debug)]
pub struct Language {
    /// The language tag (BCP 47).
    pub tag: &'static str,
    /// Its name on the switch, in the language itself.
    pub name: &'static str,
    /// Its strings.
    pub text: &'static Text,
    /// Class words and findings as captions write them, and as the language does.
    names: &'static [[&'static str; 2]],
    /// Class words and findings as captions write them, and what they stand for.
    full_names: &'static [[&'static str; 2]],
}

/// All languages, in the order of the switch. The first is the fallback.
pub static LANGUAGES: [Language; 2] = [
    Language { tag: "en", name: "EN", text: &english::TEXT, names: &[], full_names: &english::FULL_NAMES },
    Language {
        tag: "ko", name: "한국어", text: &korean::TEXT, names: &korean::NAMES, full_names: &korean::FULL_NAMES
    },
];

impl PartialEq for Language {
    fn eq(&self, other: &Self) -> bool {
        self.tag == other.tag
    }
}

impl Language {
    /// The language of a tag such as `ko-KR`; the first one if there is none for it.
    pub fn from_tag(tag: &str) -> &'static Self {
        let primary = tag.split('-').next().unwrap_or_default();
        LANGUAGES.iter().find(|language| language.tag.eq_ignore_ascii_case(primary)).unwrap_or(&LANGUAGES[0])
    }

    /// A class word or finding in other words, where the language has any: its name, or what it stands for.
    pub fn gloss(&self, phrase: &str) -> Option<&'static str> {
        find(self.names, phrase).or_else(|| find(self.full_names, phrase))
    }

    /// What a class word or finding is called.
    pub fn name_of<'a>(&self, phrase: &'a str) -> &'a str {
        find(self.names, phrase).unwrap_or(phrase)
    }

    /// What a class word or finding stands for.
    pub fn full_name<'a>(&self, phrase: &'a str) -> &'a str {
        find(self.full_names, phrase).unwrap_or_else(|| self.name_of(phrase))
    }

    /// A finding's clinical name, and what it is, in one sentence.
    pub fn definition(&self, finding: &str) -> Option<[&'static str; 2]> {
        let [_, name, sentence] = self.text.teach.definitions.iter().find(|[written, ..]| *written == finding)?;
        Some([name, sentence])
    }

    /// A caption in this language, phrase by phrase.
    pub fn translated(&self, caption: &str) -> String {
        caption.split(", ").map(|phrase| self.name_of(phrase)).collect::<Vec<_>>().join(", ")
    }
}

fn find(names: &[[&'static str; 2]], phrase: &str) -> Option<&'static str> {
    names.iter().find(|[written, _]| written.eq_ignore_ascii_case(phrase)).map(|[_, name]| *name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caption::{Lesion, Vocabulary, finding};
    use crate::error::{Detail, Error, Instead};
    use crate::page::demo::demo_scans;
    use crate::protocol::Failure;
    use crate::report::{Doubt, WarningKind};
    use crate::scan::note::Note;
    use crate::scan::view::{Turn, View};

    /// The words of a weights file that is shipped.
    fn words_of(file: &str) -> Vocabulary {
        let bytes = std::fs::read(format!("{}/weights/{file}", env!("CARGO_MANIFEST_DIR"))).unwrap();
        let (_, metadata) = safetensors::SafeTensors::read_metadata(&bytes).unwrap();
        let octlens: serde_json::Value =
            serde_json::from_str(&metadata.metadata().as_ref().unwrap()["octlens"]).unwrap();
        serde_json::from_value(octlens["vocabulary"].clone()).unwrap()
    }

    #[test]
    fn korean_names_every_word_of_every_shipped_model() {
        let korean = Language::from_tag("ko");
        let shipped = ["compact.safetensors", "seven.safetensors"].map(words_of);
        assert_eq!(shipped[1].labels.len(), 7);
        let words = shipped.iter().flat_map(|words| words.labels.iter().chain(&words.findings).map(String::as_str));
        let shared = [
            finding::DRUSEN,
            finding::MNV,
            finding::LAMELLAR_HOLE,
            finding::VITREOMACULAR_TRACTION,
            finding::FLUID,
            finding::INTRARETINAL_FLUID,
            finding::SUBRETINAL_FLUID,
            finding::SUBRETINAL_HYPERREFLECTIVE_MATERIAL,
            finding::POSTERIOR_VITREOUS_DETACHMENT,
        ];
        for phrase in words.chain(Lesion::ALL.map(Lesion::phrase)).chain(shared) {
            let name = korean.gloss(phrase).unwrap_or_else(|| panic!("{phrase} has no name"));
            assert!(name.chars().any(|c| ('가'..='힣').contains(&c)), "{phrase}: {name}");
        }
    }

    #[test]
    fn abbreviations_are_written_out() {
        let english = Language::from_tag("en");
        let shipped = words_of("seven.safetensors");
        for word in shipped.labels.iter().chain(&shipped.findings) {
            let is_abbreviated =
                word.split(' ').any(|part| part.len() > 1 && part.chars().all(|c| c.is_ascii_uppercase()));
            assert_eq!(is_abbreviated, english.gloss(word).is_some(), "{word}");
            assert_eq!(english.name_of(word), word);
        }
        let korean = Language::from_tag("ko");
        assert_eq!(["AMD", "DME"].map(|word| korean.full_name(word)), ["나이관련 황반변성", "당뇨황반부종"]);
    }

    #[test]
    fn a_name_stands_once() {
        for names in LANGUAGES.iter().flat_map(|language| [language.names, language.full_names]) {
            for (at, [phrase, name]) in names.iter().enumerate() {
                assert!(names[..at].iter().all(|[other, _]| !other.eq_ignore_ascii_case(phrase)), "{phrase}");
                assert_ne!(phrase, name);
            }
        }
    }

    #[test]
    fn a_browsers_tag_finds_its_language() {
        let found = ["ko-KR", "ko", "KO-kr", "en-GB", "kok-IN", "tlh", ""].map(|tag| Language::from_tag(tag).tag);
        assert_eq!(found, ["ko", "ko", "ko", "en", "en", "en", "en"]);
    }

    #[test]
    fn captions_are_translated_phrase_by_phrase() {
        let korean = Language::from_tag("ko");
        assert_eq!(korean.translated("AMD, soft drusen, glitter"), "황반변성, 연성 드루젠, glitter");
        assert_eq!(Language::from_tag("en").translated("AMD, soft drusen"), "AMD, soft drusen");
        for scan in demo_scans(include_str!("../../www/samples/index.json")) {
            assert!(scan.title.split(", ").all(|phrase| korean.gloss(phrase).is_some()), "{}", scan.title);
        }
    }

    #[test]
    fn every_warning_is_said_in_every_language_and_english_says_what_reports_say() {
        let (english, korean) = (english::TEXT.doubt, korean::TEXT.doubt);
        let mut said = Vec::new();
        for doubt in Doubt::ALL {
            assert_eq!((english.reason)(doubt), doubt.advice());
            assert_ne!((english.warning)(doubt.kind()), "");
            for line in [(korean.reason)(doubt), (korean.warning)(doubt.kind()), (korean.in_short)(doubt.kind())] {
                assert!(line.chars().any(|c| ('가'..='힣').contains(&c)), "{doubt:?}: {line}");
            }
            let line = (korean.reason)(doubt);
            assert!(line.ends_with("세요.") && !said.contains(&line), "it says what to do: {line}");
            said.push(line);
        }
        assert_eq!([english, korean].map(|text| (text.warning)(WarningKind::None)), ["", ""]);
    }

    #[test]
    fn every_suggestion_is_said_in_every_language() {
        let crops = [[500, 0, 500, 500], [0, 0, 500, 500], [0, 0, 1000, 200], [0, 300, 1000, 200], [100, 50, 800, 400]];
        let of_crop = crops.map(|crop| View { crop: Some(crop), ..View::default() });
        let turns = [Turn::Left, Turn::Half].map(|turn| View { turn, ..View::default() });
        let mut said = Vec::new();
        for view in of_crop.into_iter().chain(turns).chain([View { invert: true, ..View::default() }]) {
            let [english, korean] = [&english::TEXT, &korean::TEXT].map(|text| (text.suggestion)(&view, [1000, 500]));
            assert_eq!(english, view.suggestion([1000, 500]));
            assert!(korean.chars().any(|c| ('가'..='힣').contains(&c)) && !said.contains(&korean), "{korean}");
            said.push(korean);
        }
    }

    #[test]
    fn a_new_version_says_whether_it_closes_scans() {
        for text in [english::TEXT.offline, korean::TEXT.offline] {
            let [with, without] = [true, false].map(text.update);
            assert!(with.len() > without.len() && !text.switch.is_empty() && !text.works.is_empty(), "{with}");
        }
    }

    #[test]
    fn every_note_about_a_file_is_said_in_every_language() {
        let notes = [
            Note::Oriented,
            Note::CutShort { n_rows: 490, height: 500 },
            Note::FramesMissing { n_frames: 2, n_claimed: 5 },
            Note::MoreFrames,
            Note::WindowIgnored,
        ];
        let said = notes.each_ref().map(|note| [english::TEXT.note, korean::TEXT.note].map(|say| say(note)));
        for (at, [english, korean]) in said.iter().enumerate() {
            assert!(english.ends_with('.') && english.starts_with(char::is_uppercase), "{english}");
            assert!(korean.chars().any(|c| ('가'..='힣').contains(&c)), "{korean}");
            assert!(said[..at].iter().all(|other| other[1] != *korean), "{korean}");
        }
        assert!(said[1].iter().all(|line| line.contains("10") && line.contains("500")), "{:?}", said[1]);
    }

    #[test]
    fn a_known_failure_is_said_in_the_visitors_language_and_another_keeps_its_details() {
        let (english, korean) = (&english::TEXT, &korean::TEXT);
        let details = [
            Detail::EmptyFile,
            Detail::UnknownFormat,
            Detail::Unsupported { what: "HEIC".into(), instead: Instead::SaveAsPng },
            Detail::DamagedFile,
            Detail::LargeFile { n_bytes: 70 << 20, max_bytes: 64 << 20 },
            Detail::MissingFile,
            Detail::NoPixels,
            Detail::LargeScan { width: 40_000, height: 20 },
            Detail::NoSuchFrame { frame: 1 },
            Detail::EmptyCaption,
            Detail::UnknownPhrase { phrase: "elephant".into() },
            Detail::LongCaption { n_tokens: 85, max_tokens: 48 },
            Detail::TwoClasses,
            Detail::StoppedModel,
            Detail::NotStarted,
            Detail::OtherBuild,
            Detail::NotFetched { url: "weights/index.json".into() },
            Detail::DamagedWeights { file: "m.safetensors".into() },
            Detail::NotFinite,
            Detail::NoReport,
        ];
        let mut said = Vec::new();
        for detail in details {
            let failure = Failure::from(Error::scan("in English").with_detail(detail));
            assert_eq!((english.failure)(&failure), "in English");
            let line = (korean.failure)(&failure);
            assert!(!line.contains("in English") && !said.contains(&line), "{line}");
            assert!(line.chars().any(|c| ('가'..='힣').contains(&c)), "{line}");
            said.push(line);
        }
        let parts = [
            "70.0 MB로 한도인 64 MB",
            "40000 × 20",
            "2번째",
            "elephant",
            "85토큰",
            "weights/index.json",
            "m.safetensors",
        ];
        for part in parts {
            assert!(said.iter().any(|line| line.contains(part)), "{part}: {said:?}");
        }
        let leads = [Some(Detail::NotStarted), Some(Detail::OtherBuild), None].map(|detail| {
            let failure = Failure { detail, ..Failure::from(Error::weights("no room")) };
            [english, korean].map(|text| (text.lost)(&failure))
        });
        assert!(
            leads
                .iter()
                .all(|lead| leads.iter().filter(|other| lead[0] == other[0] || lead[1] == other[1]).count() == 1)
        );
        let line = (korean.failure)(&Error::weights("no room").into());
        assert!(line.contains("가중치") && line.contains("no room"), "{line}");
    }
}
