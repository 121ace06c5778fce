//! A report as one HTML page that needs nothing else: no network, no script, one sheet of A4. Written for people; the JSON is for
//! machines. Every text goes through maud, which escapes it: a file's name and a weights file's words are a stranger's.

mod contents;
mod evidence;
mod origin;
#[cfg(test)]
mod tests;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::page::classes::{disease_rows, group_rows};
use crate::page::lines::{
    agreement_line, disease_name, group_name, input_title, label_line, prediction_line, verdict_lines, warning_lines,
};
use crate::page::linked::FindingMap;
use crate::page::numbers::probability_text;
use crate::page::picture::{Drawn, Label};
use crate::page::stamp::moment_text;
use crate::page::text::Language;
use crate::report::{CaptionSource, Report, WarningKind};

pub use contents::{Contents, Picture, Shows};

/// The page's style; its colours are for paper.
const STYLE: &str = include_str!("../../www/saved.css");
/// How a picture that is taken in begins; another address would be a request.
const PNG: &str = "data:image/png;base64,";

/// The whole page, in a language.
pub fn report_html(language: &Language, contents: &Contents<'_>) -> String {
    let Contents { report, is_folded, .. } = contents;
    let text = language.text;
    let is_open = !is_folded;
    let page = html! {
        (DOCTYPE)
        html lang=(language.tag) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'";
                title { "octlens · " (input_title(&report.input)) }
                style { (PreEscaped(STYLE)) }
            }
            body.dense[is_dense(contents)] {
                main {
                    (warning(language, report))
                    header {
                        h1 { (text.report.title) }
                        p { (input_title(&report.input)) @if let Some(note) = &report.saved { " · " (moment_text(&note.at)) } }
                        p.notice data-part="notice" { b { (text.research_only) " " (text.not_a_device) } }
                    }
                    @if *is_folded { section.answer { h2 { (text.answer) } p.folded { (text.report.folded) } } }
                    @if is_open { (answer(language, report)) }
                    (pictures(language, contents))
                    div.columns {
                        @if is_open {
                            (probabilities(language, report))
                            (evidence::words(language, report))
                            (evidence::findings(language, report))
                            (evidence::hidden(language, report))
                            (evidence::tests(language, contents.tests))
                        }
                        (origin::made_by(language, contents))
                        (origin::limits(language, contents))
                    }
                }
            }
        }
    };
    page.into_string()
}

/// Whether there is so much to say that smaller letters and pictures are needed for one sheet.
fn is_dense(contents: &Contents<'_>) -> bool {
    let report = contents.report;
    contents.pictures.len() > 2
        || report.hidden.is_some()
        || report.warning.reasons.len() > 2
        || report.image.probabilities.len() > 3
        || report.tokens.words.len() > 6
        || evidence::has_tests(contents.tests)
}

/// The warning, before everything else.
fn warning(language: &Language, report: &Report) -> Markup {
    let lines = warning_lines(language, &report.warning);
    html! {
        @if let Some((heading, reasons)) = lines.split_first() {
            section class={ "warning " (report.warning.kind.name()) } data-part="warning" data-kind=(report.warning.kind.name()) {
                h2 { "⚠ " (language.text.report.warning) ": " (heading) }
                ul { @for reason in reasons { li { (reason) } } }
            }
        }
    }
}

/// What both heads say, and what they are to each other.
fn answer(language: &Language, report: &Report) -> Markup {
    let text = language.text;
    let [verdict, meaning] = verdict_lines(language, report);
    let written = if report.caption.source == CaptionSource::Edited { text.edited } else { text.retrieved };
    let is_scan = report.warning.kind != WarningKind::NotAScan;
    html! {
        section.answer data-part="answer" {
            @if !verdict.is_empty() { h2 { (verdict) " " small { (meaning) } } }
            @if !is_scan { h2 { (text.doubt.no_answer) } }
            p {
                (text.image_says) ": " b.image { (prediction_line(language, &report.image)) } " · "
                (text.words_say) ": " b.words { (prediction_line(language, &report.text)) }
                " (“" (language.translated(&report.caption.text)) "”, " (written) ")"
            }
            p data-part="agreement" { (agreement_line(language, report)) }
        }
    }
}

fn pictures(language: &Language, contents: &Contents<'_>) -> Markup {
    let (text, report) = (language.text, contents.report);
    let caption = |shows: &Shows| match shows {
        Shows::Scan => text.report.scan.to_owned(),
        Shows::Class => (text.report.map_for)(language.name_of(&report.heatmap.target)),
        Shows::Finding(FindingMap::Likeness) => {
            let method = report.findings.first().and_then(|finding| finding.maps.first()).map(|map| map.method);
            (text.linked.likeness_map)(method.map(text.map_method).unwrap_or_default())
        }
        Shows::Finding(FindingMap::Local) => text.linked.local_map.to_owned(),
        Shows::Hidden => text.linked.hidden_region.to_owned(),
    };
    let strongest = |shows: &Shows| match (shows, contents.drawn) {
        (Shows::Class, Drawn::Absolute { .. }) => text.report.bar_strong,
        _ => text.report.bar_own,
    };
    let is_own = |picture: &Picture| picture.png.starts_with(PNG);
    html! {
        section.pictures data-part="pictures" {
            @for (i, picture) in contents.pictures.iter().enumerate().filter(|(_, picture)| is_own(picture)) {
                figure data-shows=(picture.shows.name()) {
                    @let caption = caption(&picture.shows);
                    img alt=(caption) src=(picture.png);
                    figcaption {
                        b { (caption) }
                        @for label in &picture.labels {
                            @let is_plain = matches!(label, Label::Scale(_));
                            span.label.strong[!is_plain] data-other-class[matches!(label, Label::OtherClass { .. })] {
                                (label_line(language, label))
                            }
                        }
                        @if !picture.colours.is_empty() {
                            span.bar {
                                span { "0 (" (text.report.bar_none) ")" }
                                (bar(i, &picture.colours))
                                span { "1 (" (strongest(&picture.shows)) ")" }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The colours from nothing to the last one.
fn bar(at: usize, colours: &[[u8; 3]]) -> Markup {
    let n = colours.len().saturating_sub(1).max(1);
    html! {
        svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true" {
            defs {
                linearGradient id={ "colours-" (at) } {
                    @for (i, [r, g, b]) in colours.iter().enumerate() {
                        stop offset={ (i * 100 / n) "%" } stop-color={ "rgb(" (r) "," (g) "," (b) ")" } {}
                    }
                }
            }
            rect width="100" height="8" fill={ "url(#colours-" (at) ")" } {}
        }
    }
}

/// Every class with the probability of either head.
fn probabilities(language: &Language, report: &Report) -> Markup {
    let text = language.text;
    let groups =
        group_rows(report).into_iter().map(|row| (group_name(language, row.class).to_owned(), row.image, row.text));
    let diseases = disease_rows(report);
    let diseases = diseases.iter().map(|row| (disease_name(language, &row.class), row.image, row.text));
    html! {
        section data-part="probabilities" {
            h3 { (text.probabilities) }
            table {
                tr { td {} th.image scope="col" { (text.head_image) } th.words scope="col" { (text.head_text) } }
                @for (name, image, words) in groups.chain(diseases) {
                    tr { th scope="row" { (name) } td { (probability_text(image)) } td { (probability_text(words)) } }
                }
            }
        }
    }
}
