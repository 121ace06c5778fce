//! A saved report that is opened again with its scan: what to ask so that the same answer comes, and whether it did, to the bit.
//! Dates, timings and the file's name are not compared: they say nothing about the answer.

use serde::Serialize;

use crate::caption::{Caption, Vocabulary};
use crate::report::{CaptionSource, Heatmap, InputRef, MapLayer, Options, Report, SCHEMA};

/// A part of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Which scan, and how it was read.
    Scan,
    /// The image head's answer.
    Image,
    /// The caption and its candidates.
    Caption,
    /// The text head's answer.
    Words,
    /// How both agree.
    Agreement,
    /// The warning.
    Warning,
    /// The map of the class.
    Heatmap,
    /// The scores of the phrases.
    WordScores,
    /// The maps of findings.
    Findings,
    /// What a hidden region changes.
    Hidden,
    /// The baseline's answer.
    Baseline,
    /// How the picture should be looked at.
    Suggestion,
}

/// What became of a report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The hashes of the weights then and now, where they differ.
    pub other_model: Option<[String; 2]>,
    /// The versions then and now, where they differ. Another version may well give the same values.
    pub other_version: Option<[String; 2]>,
    /// Parts with other values.
    pub other_values: Vec<Part>,
    /// Parts that were not asked again.
    pub not_asked: Vec<Part>,
}

impl Outcome {
    /// Whether the same weights gave the same values, to the bit, in all that was asked.
    pub fn is_same(&self) -> bool {
        self.other_model.is_none() && self.other_values.is_empty()
    }
}

/// Whether a file of that name may be a saved report.
pub fn may_be_report(file_name: &str) -> bool {
    file_name.rsplit_once('.').is_some_and(|(_, extension)| extension.eq_ignore_ascii_case("json"))
}

/// The report that a file holds; none if it holds something else. `train explain` prints a list of one.
pub fn read_report(text: &str) -> Option<Report> {
    let text = text.trim_start_matches('\u{feff}');
    let one = serde_json::from_str::<Report>(text).ok();
    let report = one.or_else(|| match serde_json::from_str::<[Report; 1]>(text) {
        Ok([report]) => Some(report),
        Err(_) => None,
    })?;
    (report.schema == SCHEMA).then_some(report)
}

/// What was asked when a report was made. A class or a caption that a model of these words does not know is left out: it would
/// answer nothing at all.
pub fn options_of(report: &Report, words: &Vocabulary) -> Options {
    let Report { heatmap, tokens, image, caption, .. } = report;
    let target = (heatmap.target != image.label).then(|| heatmap.target.clone());
    let edited = (caption.source == CaptionSource::Edited).then(|| caption.text.clone());
    Options {
        target: target.filter(|target| words.labels.contains(target)),
        caption: edited.filter(|caption| Caption::parse_nonempty(words, caption).is_ok()),
        map: heatmap.method,
        layer: layer_of(heatmap),
        words: tokens.method,
        baseline: false,
        view: report.input.view,
    }
}

/// The layer of a map, by its name in the weights file (`visual.layer3`); the default one of a map of pixels.
fn layer_of(map: &Heatmap) -> MapLayer {
    MapLayer::ALL.into_iter().find(|layer| map.layer.ends_with(layer.name())).unwrap_or_default()
}

/// Compares a saved report with the answer of now.
pub fn compare(saved: &Report, now: &Report) -> Outcome {
    let mut outcome = Outcome::default();
    if saved.model.sha256 != now.model.sha256 {
        outcome.other_model = Some([saved.model.sha256.clone(), now.model.sha256.clone()]);
    }
    let version = saved.saved.as_ref().map(|note| note.version.as_str());
    if let Some(then) = version.filter(|then| *then != env!("CARGO_PKG_VERSION")) {
        outcome.other_version = Some([then.to_owned(), env!("CARGO_PKG_VERSION").to_owned()]);
    }
    let mut check = |part: Part, was_saved: bool, is_asked: bool, is_same: bool| match (was_saved, is_asked) {
        (false, _) => {}
        (true, false) => outcome.not_asked.push(part),
        (true, true) if !is_same => outcome.other_values.push(part),
        (true, true) => {}
    };
    let mut always = |part: Part, is_same: bool| check(part, true, true, is_same);
    always(Part::Scan, same(&comparable(&saved.input), &comparable(&now.input)));
    always(Part::Warning, same(&saved.warning, &now.warning));
    always(Part::Image, same(&saved.image, &now.image));
    always(Part::Caption, same(&saved.caption, &now.caption));
    always(Part::Words, same(&saved.text, &now.text));
    always(Part::Agreement, same(&saved.agreement, &now.agreement));
    always(Part::Heatmap, same(&saved.heatmap, &now.heatmap));
    always(Part::WordScores, same(&saved.tokens, &now.tokens));
    always(Part::Suggestion, same(&saved.suggestion, &now.suggestion));
    check(Part::Findings, !saved.findings.is_empty(), !now.findings.is_empty(), same(&saved.findings, &now.findings));
    check(Part::Hidden, saved.hidden.is_some(), now.hidden.is_some(), same(&saved.hidden, &now.hidden));
    check(Part::Baseline, saved.baseline.is_some(), now.baseline.is_some(), same(&saved.baseline, &now.baseline));
    outcome
}

/// What is compared of an input: the file is known by its hash, not by its name. The scale is of the file, and read from text:
/// its last bit is that of the reader.
fn comparable(input: &InputRef) -> (InputRef, Option<[f32; 2]>) {
    let um_per_pixel = input.um_per_pixel.map(|[x, y]| [x as f32, y as f32]);
    (InputRef { name: String::new(), um_per_pixel: None, ..input.clone() }, um_per_pixel)
}

/// Whether both are written the same, to the last digit: JSON holds each float in as many digits as it takes to read the same
/// bits again, and tells 0 from −0.
fn same<T: Serialize>(a: &T, b: &T) -> bool {
    match (serde_json::to_string(a), serde_json::to_string(b)) {
        (Ok(a), Ok(b)) => a == b,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::fixtures::{finding_report, hidden, report, vocabulary};
    use crate::page::stamp::{Moment, Stamp};
    use crate::page::text::Language;
    use crate::report::{MapMethod, WordMethod};
    use crate::scan::view::View;

    fn saved(report: &Report) -> String {
        let at = Moment { date: [2026, 1, 2], time: [3, 4, 5], utc_offset_min: 60 };
        let signed = Stamp { at, keeps_name: false }.sign(Language::from_tag("ko"), report);
        serde_json::to_string_pretty(&signed).unwrap()
    }

    #[test]
    fn a_saved_report_is_the_same_when_it_is_read_again() {
        let mut report = report("AMD, fluid");
        report.input.um_per_pixel = Some([3.871_612_345_678_9, 11.1 / 3.]);
        report.timings_ms.decode = 1.25;
        let read = read_report(&saved(&report)).unwrap();
        report.timings_ms.decode = 7.5;
        let outcome = compare(&read, &report);
        assert_eq!(outcome, Outcome::default());
        assert!(outcome.is_same());
        assert!(read_report(&format!("[{}]", saved(&report))).is_some(), "as train explain prints it");
    }

    #[test]
    fn every_float_comes_back_with_its_bits() {
        let mut bits = 1u32;
        for _ in 0..200_000 {
            // Xorshift (Marsaglia 2003).
            bits ^= bits << 13;
            bits ^= bits >> 17;
            bits ^= bits << 5;
            let value = f32::from_bits(bits);
            if value.is_finite() {
                let again: f32 = serde_json::from_str(&serde_json::to_string(&value).unwrap()).unwrap();
                assert_eq!(again.to_bits(), bits, "{value:e}");
            }
        }
    }

    #[test]
    fn one_bit_is_a_difference_and_is_named() {
        let now = report("AMD, fluid");
        let mut then = now.clone();
        then.heatmap.peak = f32::from_bits(now.heatmap.peak.to_bits() + 1);
        then.tokens.words[0].score = -now.tokens.words[0].score;
        let outcome = compare(&then, &now);
        assert_eq!(outcome.other_values, [Part::Heatmap, Part::WordScores]);
        assert!(!outcome.is_same());
        then = now.clone();
        then.model.sha256 = "other".into();
        let outcome = compare(&then, &now);
        assert_eq!(outcome.other_model, Some(["other".into(), "0".into()]));
        assert!(!outcome.is_same() && outcome.other_values.is_empty());
        then = read_report(&saved(&now)).unwrap();
        then.saved.as_mut().unwrap().version = "0.0.1".into();
        let outcome = compare(&then, &now);
        assert!(outcome.is_same() && outcome.other_version.is_some(), "another version may give the same");
    }

    #[test]
    fn what_was_not_asked_again_is_named_and_is_no_difference() {
        let now = report("AMD, fluid");
        let then = Report { findings: vec![finding_report("fluid")], hidden: Some(hidden()), ..now.clone() };
        let outcome = compare(&then, &now);
        assert_eq!(outcome.not_asked, [Part::Findings, Part::Hidden]);
        assert!(outcome.is_same());
        assert_eq!(compare(&then, &then.clone()), Outcome::default());
        assert_eq!(compare(&now, &then), Outcome::default(), "more may be asked now");
    }

    #[test]
    fn the_same_is_asked_again() {
        let mut then = report("AMD, fluid");
        assert_eq!(options_of(&then, &vocabulary()), Options::default());
        then.heatmap.target = "healthy".into();
        then.heatmap.method = MapMethod::LayerCam;
        then.heatmap.layer = "visual.layer2".into();
        then.tokens.method = WordMethod::LeaveOneOut;
        then.caption.source = CaptionSource::Edited;
        then.input.view = Some(View { invert: true, ..View::default() });
        let asked = options_of(&then, &vocabulary());
        let expected = Options {
            target: Some("healthy".into()),
            caption: Some("AMD, fluid".into()),
            map: MapMethod::LayerCam,
            layer: MapLayer::Layer2,
            words: WordMethod::LeaveOneOut,
            baseline: false,
            view: then.input.view,
        };
        assert_eq!(asked, expected);
        let others = Vocabulary::new(vec!["a".into(), "b".into()], vec![]);
        let asked = options_of(&then, &others);
        assert_eq!((asked.target, asked.caption), (None, None));
    }

    #[test]
    fn other_files_are_no_reports() {
        assert!(may_be_report("a.JSON") && !may_be_report("json") && !may_be_report("a.json.png"));
        let other = saved(&report("AMD")).replace(SCHEMA, "octlens.report/9");
        for text in ["", "{}", "[]", "[1, 2]", "{\"schema\": \"octlens.report/1\"}", &other] {
            assert_eq!(read_report(text), None, "{text}");
        }
    }
}
