//! What a report says, and that nothing in it can be more than text.

use super::*;
use crate::page::faithfulness::Faithfulness;
use crate::page::fixtures::{card, finding_report, hidden, prediction, report, warning};
use crate::page::model_card::tests::full_card;
use crate::page::picture::labels;
use crate::page::stamp::{Moment, Stamp};
use crate::page::text::LANGUAGES;
use crate::report::{Doubt, Word};

const PIXEL: &str = "data:image/png;base64,iVBORw0KGgo=";

fn picture(shows: Shows) -> Picture {
    let colours = if shows == Shows::Scan { vec![] } else { vec![[0, 0, 4], [255, 255, 160]] };
    Picture { shows, labels: vec![], png: PIXEL.into(), colours }
}

fn signed(language: &Language, report: &Report, keeps_name: bool) -> Report {
    let at = Moment { date: [2026, 1, 2], time: [3, 4, 5], utc_offset_min: 60 };
    Stamp { at, keeps_name }.sign(language, report)
}

/// The page of a report whose map is drawn by its own maximum.
fn page(language: &Language, report: &Report, is_folded: bool) -> String {
    let mut class = picture(Shows::Class);
    class.labels = labels(&report.warning, &report.image, Some((&report.heatmap, Drawn::Relative)));
    let mut pictures = vec![picture(Shows::Scan)];
    if !is_folded {
        pictures.push(class);
    }
    let tests = Faithfulness::default();
    let contents = Contents {
        report: &signed(language, report, false),
        is_folded,
        card: &full_card(),
        pictures: &pictures,
        drawn: Drawn::Relative,
        tests: &tests,
    };
    report_html(language, &contents)
}

#[test]
fn a_report_holds_all_that_is_needed_to_read_and_to_repeat_it() {
    let mut report = report("AMD, fluid");
    report.model.sha256 = "a".repeat(64);
    report.input.sha256 = "b".repeat(64);
    for language in &LANGUAGES {
        let text = language.text;
        let html = page(language, &report, false);
        assert!(html.starts_with("<!DOCTYPE html>") && html.contains(&format!("lang=\"{}\"", language.tag)));
        let name = language.name_of("AMD");
        let prepared = (text.report.prepared)(&full_card().input.unwrap());
        let hashes = ["a", "b"].map(|digit| digit.repeat(64));
        let parts = [
            hashes[0].as_str(),
            hashes[1].as_str(),
            "2026-01-02 03:04:05 +01:00",
            env!("CARGO_PKG_VERSION"),
            text.research_only,
            text.not_a_device,
            text.doubt.same,
            (text.map_method)(report.heatmap.method),
            (text.word_method)(report.tokens.method),
            &prepared,
            name,
            language.name_of("fluid"),
            ".90",
            PIXEL,
            "linearGradient",
            "Optovue Avanti RTVue XR",
        ];
        for part in parts {
            assert!(html.contains(part), "{}: {part} is missing", language.tag);
        }
        assert!(!html.contains("scan.png"), "the file's name was not asked for");
    }
}

#[test]
fn it_asks_for_nothing_and_runs_nothing() {
    let html = page(&LANGUAGES[0], &report("AMD, fluid"), false);
    let addresses: Vec<&str> = html.split(" src=\"").skip(1).chain(html.split(" href=\"").skip(1)).collect();
    assert!(addresses.iter().all(|address| address.starts_with("data:image/png;base64,")));
    assert!(!html.contains("<script") && !html.contains("@import") && !html.contains("<link"), "{html}");
    assert!(!html.split("url(").skip(1).any(|at| !at.starts_with('#')));
    assert!(html.contains("default-src 'none'"));
}

#[test]
fn what_strangers_wrote_stays_text() {
    const BAD: &str = "\"><script>alert(1)</script><img src=x onerror=alert(2)>";
    let language = &LANGUAGES[0];
    let mut report = report("AMD, fluid");
    report.input.name = BAD.into();
    report.input.format = BAD.into();
    report.model.name = BAD.into();
    report.heatmap.target = BAD.into();
    report.heatmap.layer = BAD.into();
    report.caption.text = BAD.into();
    report.tokens.words = vec![Word { text: BAD.into(), start: 0, end: 1, score: 1., log_odds: None }];
    report.image = prediction(&[(BAD, 0.9), ("healthy", 0.1)]);
    report.findings = vec![finding_report(BAD)];
    report.hidden = Some(hidden());
    let bad = || Picture { png: "https://example.org/x.png".into(), ..picture(Shows::Scan) };
    let card = crate::bundle::card::ModelCard { title: BAD.into(), licence: BAD.into(), ..card(BAD) };
    let tests = Faithfulness::default();
    let contents = Contents {
        report: &signed(language, &report, true),
        is_folded: false,
        card: &card,
        pictures: &[bad(), picture(Shows::Class)],
        drawn: Drawn::Relative,
        tests: &tests,
    };
    let html = report_html(language, &contents);
    assert!(html.contains("&lt;script&gt;"));
    assert!(!html.contains("<script") && !html.contains("<img src=x"), "{html}");
    assert!(!html.contains("example.org"), "a picture from elsewhere would be a request");
}

#[test]
fn the_warning_stands_before_everything_and_a_folded_answer_is_left_out() {
    let mut report = report("AMD, fluid");
    report.warning = warning(&[Doubt::UnlikeTraining, Doubt::LowProbability]);
    for language in &LANGUAGES {
        for is_folded in [false, true] {
            let html = page(language, &report, is_folded);
            let at = |part: &str| html.find(part).unwrap_or_else(|| panic!("{part} is missing"));
            assert!(at("data-part=\"warning\"") < at("<h1"));
            assert!(html.contains("data-kind=\"unfamiliar\""));
            for doubt in &report.warning.reasons {
                assert!(html.contains((language.text.doubt.reason)(*doubt)));
            }
            assert_eq!(html.contains("data-part=\"answer\""), !is_folded);
            assert_eq!(html.contains(".90"), !is_folded);
            assert_eq!(html.contains(language.text.report.folded), is_folded);
        }
    }
}

#[test]
fn the_map_of_another_class_says_so() {
    let mut report = report("AMD, fluid");
    for language in &LANGUAGES {
        report.heatmap.target = "AMD".into();
        assert!(!page(language, &report, false).contains("data-other-class"));
        report.heatmap.target = "healthy".into();
        let html = page(language, &report, false);
        let said = (language.text.doubt.other_class)(language.name_of("healthy"), Some(language.name_of("AMD")));
        assert!(html.contains("data-other-class") && html.contains(&said), "{said}");
    }
}

#[test]
fn what_was_asked_beside_the_class_is_told() {
    let mut report = report("AMD, fluid");
    let language = &LANGUAGES[0];
    let parts = ["data-part=\"findings\"", "data-part=\"hidden\""];
    let html = page(language, &report, false);
    assert!(parts.iter().all(|part| !html.contains(part)));
    report.findings = vec![finding_report("fluid")];
    report.hidden = Some(hidden());
    let html = page(language, &report, false);
    assert!(parts.iter().all(|part| html.contains(part)));
    assert!(html.contains("resembles it more") && html.contains("changes: AMD .90 with it"), "{html}");
}
