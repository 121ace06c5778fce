//! What a report was made from and by, and what it cannot tell.

use maud::{Markup, html};

use super::contents::Contents;
use crate::page::card::scanners;
use crate::page::lines::label_line;
use crate::page::picture::{Drawn, Label};
use crate::page::stamp::moment_text;
use crate::page::text::Language;

/// Model, weights, scan, preprocessing, methods, date and version.
pub(super) fn made_by(language: &Language, contents: &Contents<'_>) -> Markup {
    let (text, report, card) = (language.text, contents.report, contents.card);
    let words = text.report;
    let input = &report.input;
    let map = &report.heatmap;
    let method = format!("{}, {} → {}", (text.map_method)(map.method), map.layer, language.name_of(&map.target));
    let scale = label_line(language, &Label::Scale(contents.drawn));
    let read = format!("{} × {}, {}", input.width, input.height, input.format);
    let prepared = card.input.as_ref().map_or_else(|| words.not_recorded.to_owned(), words.prepared);
    let version = report.saved.as_ref().map_or(env!("CARGO_PKG_VERSION"), |note| &note.version);
    let mut rows = vec![
        (words.model, format!("{} ({}, {}; octlens {version})", report.model.name, card.title, card.precision.name())),
        (words.weights, report.model.sha256.clone()),
        (words.input, input.sha256.clone()),
        (words.scan, read),
        (words.preprocessing, prepared),
    ];
    if !contents.is_folded {
        let scaled = if contents.drawn == Drawn::Empty { String::new() } else { format!("; {scale}") };
        rows.push((words.map, method + &scaled));
        rows.push((words.words, (text.word_method)(report.tokens.method).to_owned()));
    }
    rows.extend(report.saved.as_ref().map(|note| (words.saved, moment_text(&note.at))));
    html! {
        section data-part="made-by" {
            h3 { (words.made_by) }
            dl { @for (name, value) in &rows { dt { (name) } dd { (value) } } }
        }
    }
}

/// What must be known to read it.
pub(super) fn limits(language: &Language, contents: &Contents<'_>) -> Markup {
    let (text, card) = (language.text, contents.card);
    let devices = card.metrics.as_ref().map(|metrics| scanners(metrics, card.precision)).unwrap_or_default();
    html! {
        section data-part="limits" {
            h3 { (text.report.limits) }
            ul {
                @for line in text.report.what_it_is { li { (line) } }
                li { ((text.limits)(&devices)) }
            }
            p { b { (text.research_only) " " (text.not_a_device) } }
        }
    }
}
