//! What an answer rests on: the words, the findings and the region that were asked about, and how the map did when it was tested.

use maud::{Markup, html};

use crate::page::faithfulness::Faithfulness;
use crate::page::faithfulness::reading::Kind;
use crate::page::lines::{effect_line, group_name};
use crate::page::linked::class_changes;
use crate::page::numbers::{odds_text, probability_text, share_text, two_digits};
use crate::page::reading::{is_exact, parted_words};
use crate::page::text::Language;
use crate::report::{FindingChange, Report, Word};

/// Findings of which a hidden region changed the likeness most; a page has no room for all.
const N_CHANGES: usize = 4;

/// The caption, phrase by phrase.
pub(super) fn words(language: &Language, report: &Report) -> Markup {
    let (text, target) = (language.text, language.name_of(&report.tokens.target));
    let (class_words, findings) = parted_words(report);
    let method = report.tokens.method;
    let row = |word: &Word, is_class_word: bool| {
        html! {
            tr {
                th scope="row" {
                    (language.name_of(&word.text))
                    @if is_class_word { " " small { "(" (text.report.is_class_word) ")" } }
                }
                td { (share_text(word.score)) }
                td { @if let Some(log_odds) = word.log_odds { "× " (odds_text(log_odds.exp())) } }
            }
        }
    };
    html! {
        section data-part="words" {
            h3 { (text.in_words) }
            p.caption { "“" (report.caption.text) "”" }
            @if findings.is_empty() { p { (text.no_findings) } }
            table {
                tr { th scope="col" { (text.report.phrase) } th scope="col" { (text.report.share) } th scope="col" { ((text.report.odds)(target)) } }
                @for word in &findings { (row(word, false)) }
                @for word in &class_words { (row(word, true)) }
            }
            p.small { ((text.word_method)(method)) ": " ((text.score_meaning)(method, is_exact(report))) }
        }
    }
}

/// The findings that were asked about.
pub(super) fn findings(language: &Language, report: &Report) -> Markup {
    let text = language.text;
    html! {
        @if !report.findings.is_empty() {
            section data-part="findings" {
                h3 { (text.report.findings) }
                @for finding in &report.findings {
                    @let margin = finding.likeness.margin;
                    p { b { (language.name_of(&finding.finding)) } ": " ((text.report.margin)(margin)) " (" (two_digits(margin)) ")" }
                }
                p.small { (text.linked.likeness_meaning) }
            }
        }
    }
}

/// What hiding a region changed.
pub(super) fn hidden(language: &Language, report: &Report) -> Markup {
    let text = language.text.linked;
    let change = |change: &FindingChange| (change.likeness.after.margin - change.likeness.before.margin).abs();
    let mut changes: Vec<&FindingChange> = report.hidden.iter().flat_map(|hidden| &hidden.findings).collect();
    changes.sort_by(|a, b| change(b).total_cmp(&change(a)));
    html! {
        @if let Some(hidden) = &report.hidden {
            section data-part="hidden" {
                h3 { (text.without_region) }
                p { (effect_line(language, hidden)) }
                table {
                    tr { td {} th scope="col" { (text.before) } th scope="col" { (text.after) } }
                    @for (group, p) in class_changes(hidden) {
                        tr {
                            th scope="row" { (group_name(language, group)) }
                            td { (probability_text(p.before)) }
                            td { (probability_text(p.after)) }
                        }
                    }
                    @for FindingChange { finding, likeness } in changes.into_iter().take(N_CHANGES) {
                        tr {
                            th scope="row" { (language.name_of(finding)) }
                            td { (two_digits(likeness.before.margin)) }
                            td { (two_digits(likeness.after.margin)) }
                        }
                    }
                }
                p.small { (text.hidden_note) }
            }
        }
    }
}

/// Whether the panel has found anything out.
pub(super) fn has_tests(tests: &Faithfulness) -> bool {
    tests.standing().is_some() || tests.grounds().is_some()
}

/// How the map and the words did when they were tested.
pub(super) fn tests(language: &Language, tests: &Faithfulness) -> Markup {
    let text = language.text.faithfulness;
    html! {
        @if has_tests(tests) {
            section data-part="tests" {
                h3 { (text.title) }
                @if let Some(standing) = tests.standing() {
                    p data-standing=(standing.name()) { b { ((text.standing)(standing)) } " " (text.limit) }
                }
                @if let Some(curves) = tests.curves() {
                    @for kind in Kind::ALL {
                        p.small { ((text.curve)(kind)) " · " b { ((text.area)(kind.curve(&curves).auc, curves.random_auc())) } }
                    }
                }
                @if let Some(grounds) = tests.grounds() {
                    @let words = &grounds.words;
                    p.small { ((text.in_retina)(grounds.in_retina)) }
                    p.small { ((text.sufficiency)(words.sufficiency, words.random_sufficiency)) }
                    p.small { ((text.comprehensiveness)(words.comprehensiveness, words.random_comprehensiveness)) }
                }
                @for changed in tests.changed() {
                    @if let Some(agreement) = changed.agreement {
                        p.small { ((text.part)(changed.part)) ": " ((text.agreement)(agreement)) }
                    }
                }
            }
        }
    }
}
