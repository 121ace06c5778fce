//! Tables and plots of one source.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::numbers::{difference, figure, number};
use super::plot::{self, Line};
use crate::bundle::card::Interval;
use crate::train::evaluate::captions::{CaptionFigures, Threshold};
use crate::train::evaluate::format;
use crate::train::evaluate::head_input::HeadInput;
use crate::train::evaluate::predictions::{ClassFigures, HeadStudy};
use crate::train::evaluate::study::SourceStudy;

type Heads = BTreeMap<HeadInput, HeadStudy>;

/// The input's class in the style sheet.
fn class(input: HeadInput) -> &'static str {
    match input {
        HeadInput::Image => "image",
        HeadInput::TextRetrieved => "retrieved",
        HeadInput::TextComposed => "composed",
        HeadInput::TextGiven => "given",
        HeadInput::TextLesionsOnly => "lesions-only",
    }
}

/// The mark of figures that are no measure of use.
pub(super) fn chip() -> Markup {
    html! { em class="chip" { "answer given" } }
}

/// An input's name with its line's look, and a mark where the head is given the answer.
pub(super) fn name(input: HeadInput) -> Markup {
    html! {
        svg class="key" viewBox="0 0 26 6" aria-hidden="true" {
            path class={ "line " (class(input)) } d="M0 3H26" {}
        }
        (input.title())
        @if input.is_annotated() { " " (chip()) }
    }
}

/// A row of a table: its heading, and the other cells.
pub(super) struct Row {
    is_annotated: bool,
    heading: Markup,
    cells: Vec<Markup>,
}

impl Row {
    /// A row of figures that are measures of use.
    pub(super) fn new(heading: Markup, cells: impl IntoIterator<Item = Markup>) -> Self {
        Self { is_annotated: false, heading, cells: cells.into_iter().collect() }
    }
}

/// A table that scrolls on its own where it is too wide.
pub(super) fn table(columns: &[&str], rows: impl IntoIterator<Item = Row>) -> Markup {
    html! {
        div class="wide" {
            table {
                thead { tr { @for column in columns { th scope="col" { (column) } } } }
                tbody {
                    @for row in rows {
                        tr class=[row.is_annotated.then_some("annotated")] {
                            th scope="row" { (row.heading) }
                            @for cell in row.cells { td { (cell) } }
                        }
                    }
                }
            }
        }
    }
}

fn per_input(heads: &Heads, columns: &[&str], cells: impl Fn(&HeadStudy) -> Vec<Markup>) -> Markup {
    let row = |(input, study): (&HeadInput, &HeadStudy)| Row {
        is_annotated: input.is_annotated(),
        heading: name(*input),
        cells: cells(study),
    };
    table(columns, heads.iter().map(row))
}

/// The classes of any head: all heads have the same.
fn classes_of(heads: &Heads) -> &[ClassFigures] {
    heads.values().next().map_or(&[], |head| &head.classes)
}

/// Figures of each head on each input.
pub(super) fn answers(heads: &Heads) -> Markup {
    let n_classes = classes_of(heads).len();
    let mut columns = vec!["", "Accuracy", "Balanced accuracy", "Sensitivity", "Specificity", "AUROC", "AUPRC"];
    if n_classes > 2 {
        columns.extend(["Macro AUROC", "Macro AUPRC"]);
    }
    per_input(heads, &columns, |head| {
        let f = &head.figures;
        let mut cells = vec![f.accuracy, f.balanced_accuracy, f.sensitivity, f.specificity, f.auroc, head.auprc];
        if n_classes > 2 {
            cells.extend([f.macro_auroc, head.macro_auprc]);
        }
        cells.into_iter().map(figure).collect()
    })
}

/// ROC curves, one plot per class; of two classes the first one's is the mirror of the second one's.
pub(super) fn roc_curves<'a>(heads: &'a Heads) -> Markup {
    let classes = classes_of(heads);
    let first = usize::from(classes.len() == 2);
    let lines = |c: usize| -> Vec<Line<'a>> {
        let line = |(input, study): (&HeadInput, &'a HeadStudy)| Line {
            class: class(*input),
            title: format!("{}: AUROC {}", input.title(), format::figure(study.classes[c].auroc)),
            points: &study.classes[c].roc,
        };
        // The last drawn lies on top: the heads as they are used.
        heads.iter().rev().map(line).collect()
    };
    html! {
        div class="plots roc" {
            @for (c, of_class) in classes.iter().enumerate().skip(first) {
                figure {
                    (plot::roc(&format!("ROC, {}", of_class.label), &lines(c)))
                    figcaption { (of_class.label) " against the rest" }
                }
            }
            ul class="keys" { @for input in heads.keys() { li { (name(*input)) } } }
        }
    }
}

/// K × K counts of each head.
pub(super) fn confusions(heads: &Heads) -> Markup {
    let share = |count: usize, row: &[usize]| 100. * count as f64 / row.iter().sum::<usize>().max(1) as f64;
    html! {
        div class="matrices" {
            @for (input, study) in heads {
                figure {
                    table class="confusion" {
                        thead {
                            tr {
                                td { "is ↓ called →" }
                                @for class in &study.classes { th scope="col" { (class.label) } }
                            }
                        }
                        tbody {
                            @for (truth, (row, class)) in study.confusion.iter().zip(&study.classes).enumerate() {
                                tr {
                                    th scope="row" { (class.label) }
                                    @for (predicted, count) in row.iter().enumerate() {
                                        td class=(if predicted == truth { "right" } else { "wrong" })
                                            style=(format!("--share:{:.0}%", share(*count, row))) { (count) }
                                    }
                                }
                            }
                        }
                    }
                    figcaption { (name(*input)) }
                }
            }
        }
    }
}

/// Each class against the rest, for each head.
pub(super) fn classes(heads: &Heads) -> Markup {
    let columns = ["", "Scans", "Sensitivity", "Specificity", "AUROC", "AUPRC", "AUPRC by chance"];
    let rows = |input: HeadInput, classes: &[ClassFigures]| -> Vec<Row> {
        let n_all: usize = classes.iter().map(|c| c.n_scans).sum();
        let row = |c: &ClassFigures| {
            let chance = c.n_scans as f64 / n_all.max(1) as f64;
            let mut cells = vec![html! { (c.n_scans) }];
            cells.extend([c.sensitivity, c.specificity, c.auroc, c.auprc].map(figure));
            cells.push(html! { (format!("{chance:.3}")) });
            Row { is_annotated: input.is_annotated(), heading: html! { (c.label) }, cells }
        };
        classes.iter().map(row).collect()
    };
    html! {
        @for (input, study) in heads {
            h4 { (name(*input)) }
            (table(&columns, rows(*input, &study.classes)))
        }
    }
}

/// Calibration errors before and after, and the reliability diagrams.
pub(super) fn calibration(heads: &Heads) -> Markup {
    let columns = ["", "Temperature", "ECE as answered", "ECE calibrated", "Brier as answered", "Brier calibrated"];
    let errors = per_input(heads, &columns, |head| {
        let (before, after) = (&head.calibration.before, head.calibration.after.as_ref());
        let temperature = match head.calibration.temperature {
            Some(temperature) => number(temperature, 2),
            None => html! { span class="none" { "not fitted" } },
        };
        vec![
            temperature,
            figure(before.ece),
            figure(after.and_then(|c| c.ece)),
            figure(before.brier),
            figure(after.and_then(|c| c.brier)),
        ]
    });
    let notes: Vec<(HeadInput, &str)> =
        heads.iter().filter_map(|(input, head)| Some((*input, head.calibration.note.as_deref()?))).collect();
    html! {
        (errors)
        @if !notes.is_empty() {
            ul class="notes" { @for (input, note) in notes { li { (input.title()) ": " (note) "." } } }
        }
        div class="plots" {
            @for (input, head) in heads {
                @let after = head.calibration.after.as_ref().map(|c| c.reliability.as_slice());
                @let label = format!("Reliability, {}", input.title());
                figure {
                    (plot::reliability(&label, class(*input), &head.calibration.before.reliability, after))
                    figcaption { (name(*input)) }
                }
            }
        }
    }
}

/// Retrieved against composed captions.
pub(super) fn captions(study: &SourceStudy, thresholds: &[Threshold]) -> Markup {
    let captions = &study.captions;
    let row = |title: &str, f: &CaptionFigures| {
        Row::new(
            html! { (title) },
            [f.micro_f1, f.macro_f1, f.exact, f.unmarked, f.drusen_fluid_f1, f.absent_in_healthy].map(figure),
        )
    };
    let mut rows =
        vec![row("retrieved", &captions.retrieved), row("composed, trained thresholds", &captions.composed_untuned)];
    rows.extend(captions.composed.as_ref().map(|f| row("composed, fitted thresholds", f)));
    let columns = [
        "",
        "Micro-F1",
        "Macro-F1",
        "Scans without a mistake",
        "Scans given a finding that this data does not annotate",
        "Micro-F1 of drusen and fluid, scans with boxes",
        "Healthy scans given an absent finding",
    ];
    html! {
        (table(&columns, rows))
        p {
            "Composed minus retrieved, on the same draws of patients: micro-F1 " (difference(captions.micro_f1_gain))
            ", macro-F1 " (difference(captions.macro_f1_gain)) ". " (verdict(captions.micro_f1_gain))
        }
        (findings(study, thresholds))
    }
}

/// Each finding in retrieved and composed captions.
fn findings(study: &SourceStudy, thresholds: &[Threshold]) -> Markup {
    let captions = &study.captions;
    let composed = captions.composed.as_ref().unwrap_or(&captions.composed_untuned);
    let columns = ["", "Scans with it", "F1, retrieved", "F1, composed", "Threshold", "Validation scans with it"];
    let row = |(i, finding): (usize, &String)| {
        let counts = captions.retrieved.counts[i];
        let threshold = thresholds.iter().find(|t| t.finding == *finding);
        let cells = vec![
            html! { (counts.both + counts.only_there) },
            bar(captions.retrieved.f1[i], "retrieved"),
            bar(composed.f1[i], "composed"),
            html! { @if let Some(t) = threshold { (format!("{:+.3}", t.threshold)) } },
            html! { @if let Some(t) = threshold { (t.n_shown) } },
        ];
        Row::new(html! { (finding) }, cells)
    };
    table(&columns, captions.findings.iter().enumerate().map(row))
}

fn bar(f1: Option<f64>, class: &str) -> Markup {
    let Some(f1) = f1 else { return figure(None) };
    html! {
        span class={ "bar " (class) } style=(format!("--share:{:.1}%", 100. * f1)) {} " " (number(f1, 3))
    }
}

/// What the difference means, in words.
fn verdict(micro_f1_gain: Option<Interval>) -> &'static str {
    match micro_f1_gain {
        Some(gain) if gain.low > 0. => "Composed captions name findings better.",
        Some(gain) if gain.high < 0. => "Composed captions name findings less well.",
        Some(_) => "The interval holds 0: these scans cannot show which is better.",
        None => "",
    }
}
