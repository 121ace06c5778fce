//! Tables and plots of one source, as HTML text.

use std::collections::BTreeMap;

use super::plot::{self, Line};
use super::{escape, figure, plain};
use crate::bundle::card::Interval;
use crate::train::evaluate::captions::{CaptionFigures, Threshold};
use crate::train::evaluate::heads::HeadStudy;
use crate::train::evaluate::protocol::Protocol;
use crate::train::evaluate::study::SourceStudy;

type Heads = BTreeMap<Protocol, HeadStudy>;

/// The protocol's name in the style sheet.
fn class(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Image => "image",
        Protocol::TextRetrieved => "retrieved",
        Protocol::TextComposed => "composed",
        Protocol::TextGiven => "given",
        Protocol::TextLesionsOnly => "lesions-only",
    }
}

/// A protocol's name with its line's look, and a warning where the head is told.
pub fn name(protocol: Protocol) -> String {
    let told = if protocol.is_told() { " <em class=\"chip\">told</em>" } else { "" };
    format!(
        "<svg class=\"key\" viewBox=\"0 0 26 6\" aria-hidden=\"true\"><path class=\"line {}\" d=\"M0 3H26\"/></svg>{}{told}",
        class(protocol),
        escape(protocol.title())
    )
}

fn table(head: &[&str], rows: impl IntoIterator<Item = (bool, Vec<String>)>) -> String {
    let head: String = head.iter().map(|h| format!("<th scope=\"col\">{h}</th>")).collect();
    let body: String = rows
        .into_iter()
        .map(|(is_told, cells)| {
            let mut cells = cells.into_iter();
            let first = cells.next().unwrap_or_default();
            let rest: String = cells.map(|c| format!("<td>{c}</td>")).collect();
            let told = if is_told { " class=\"told\"" } else { "" };
            format!("<tr{told}><th scope=\"row\">{first}</th>{rest}</tr>")
        })
        .collect();
    format!("<div class=\"wide\"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>")
}

fn per_protocol(heads: &Heads, head: &[&str], cells: impl Fn(&HeadStudy) -> Vec<String>) -> String {
    let row = |(protocol, study): (&Protocol, &HeadStudy)| {
        (protocol.is_told(), [vec![name(*protocol)], cells(study)].concat())
    };
    table(head, heads.iter().map(row))
}

/// Figures of each head under each protocol.
pub fn answers(heads: &Heads) -> String {
    let n_classes = heads.values().next().map_or(0, |h| h.classes.len());
    let mut head = vec!["", "Accuracy", "Balanced accuracy", "Sensitivity", "Specificity", "AUROC", "AUPRC"];
    if n_classes > 2 {
        head.extend(["Macro AUROC", "Macro AUPRC"]);
    }
    per_protocol(heads, &head, |h| {
        let f = &h.figures;
        let mut cells = vec![f.accuracy, f.balanced_accuracy, f.sensitivity, f.specificity, f.auroc, h.auprc];
        if n_classes > 2 {
            cells.extend([h.figures.macro_auroc, h.macro_auprc]);
        }
        cells.into_iter().map(figure).collect()
    })
}

/// ROC curves, one plot per class; of two classes the first one's is the mirror of the second one's.
pub fn roc_curves(heads: &Heads) -> String {
    let n_classes = heads.values().next().map_or(0, |h| h.classes.len());
    let first = usize::from(n_classes == 2);
    let plots: String = (first..n_classes)
        .map(|c| {
            let lines: Vec<Line<'_>> = heads
                .iter()
                .rev()
                .map(|(protocol, study)| Line {
                    class: class(*protocol),
                    title: format!("{}: AUROC {}", protocol.title(), plain(study.classes[c].auroc)),
                    points: &study.classes[c].roc,
                })
                .collect();
            let label = heads.values().next().map_or("", |h| &h.classes[c].label);
            let caption = format!("{} against the rest", escape(label));
            format!(
                "<figure>{}<figcaption>{caption}</figcaption></figure>",
                plot::roc(&format!("ROC, {label}"), &lines)
            )
        })
        .collect();
    let keys: String = heads.keys().map(|p| format!("<li>{}</li>", name(*p))).collect();
    format!("<div class=\"plots roc\">{plots}<ul class=\"keys\">{keys}</ul></div>")
}

/// K × K counts of each head.
pub fn confusions(heads: &Heads) -> String {
    let one = |(protocol, study): (&Protocol, &HeadStudy)| {
        let labels: Vec<String> = study.classes.iter().map(|c| escape(&c.label)).collect();
        let head: String = labels.iter().map(|l| format!("<th scope=\"col\">{l}</th>")).collect();
        let rows: String = study
            .confusion
            .iter()
            .zip(&labels)
            .enumerate()
            .map(|(t, (row, label))| {
                let n: usize = row.iter().sum();
                let cell = |(p, count): (usize, &usize)| {
                    let share = 100. * *count as f64 / n.max(1) as f64;
                    let kind = if p == t { "right" } else { "wrong" };
                    format!("<td class=\"{kind}\" style=\"--share:{share:.0}%\">{count}</td>")
                };
                let cells: String = row.iter().enumerate().map(cell).collect();
                format!("<tr><th scope=\"row\">{label}</th>{cells}</tr>")
            })
            .collect();
        format!(
            "<figure><table class=\"confusion\"><thead><tr><td>is ↓ called →</td>{head}</tr></thead>\
             <tbody>{rows}</tbody></table><figcaption>{}</figcaption></figure>",
            name(*protocol)
        )
    };
    format!("<div class=\"matrices\">{}</div>", heads.iter().map(one).collect::<String>())
}

/// Each class against the rest, for each head.
pub fn classes(heads: &Heads) -> String {
    let head = ["", "Scans", "Sensitivity", "Specificity", "AUROC", "AUPRC", "AUPRC by chance"];
    let one = |(protocol, study): (&Protocol, &HeadStudy)| {
        let n_all: usize = study.classes.iter().map(|c| c.n_scans).sum();
        let rows = study.classes.iter().map(|c| {
            let chance = c.n_scans as f64 / n_all.max(1) as f64;
            let figures = [c.sensitivity, c.specificity, c.auroc, c.auprc].map(figure);
            let mut cells = vec![escape(&c.label), c.n_scans.to_string()];
            cells.extend(figures);
            cells.push(format!("{chance:.3}"));
            (protocol.is_told(), cells)
        });
        format!("<h4>{}</h4>{}", name(*protocol), table(&head, rows))
    };
    heads.iter().map(one).collect()
}

/// Calibration errors before and after, and the reliability diagrams.
pub fn calibration(heads: &Heads) -> String {
    let head = ["", "Temperature", "ECE as answered", "ECE calibrated", "Brier as answered", "Brier calibrated"];
    let errors = per_protocol(heads, &head, |h| {
        let (before, after) = (&h.calibration.before, h.calibration.after.as_ref());
        let temperature = h
            .calibration
            .temperature
            .map_or("<span class=\"none\">not fitted</span>".into(), |t| format!("<b>{t:.2}</b>"));
        vec![
            temperature,
            figure(before.ece),
            figure(after.and_then(|c| c.ece)),
            figure(before.brier),
            figure(after.and_then(|c| c.brier)),
        ]
    });
    let notes: String = heads
        .iter()
        .filter_map(|(p, h)| Some(format!("<li>{}: {}.</li>", escape(p.title()), escape(h.calibration.note.as_ref()?))))
        .collect();
    let plots: String = heads
        .iter()
        .map(|(protocol, h)| {
            let after = h.calibration.after.as_ref().map(|c| c.reliability.as_slice());
            let label = format!("Reliability, {}", protocol.title());
            let svg = plot::reliability(&label, class(*protocol), &h.calibration.before.reliability, after);
            format!("<figure>{svg}<figcaption>{}</figcaption></figure>", name(*protocol))
        })
        .collect();
    let notes = if notes.is_empty() { notes } else { format!("<ul class=\"notes\">{notes}</ul>") };
    format!("{errors}{notes}<div class=\"plots\">{plots}</div>")
}

/// Retrieved against composed captions.
pub fn captions(study: &SourceStudy, thresholds: &[Threshold]) -> String {
    let captions = &study.captions;
    let row = |title: &str, f: &CaptionFigures| {
        let cells = [f.micro_f1, f.macro_f1, f.exact, f.unmarked].map(figure);
        (false, [vec![title.to_owned()], cells.to_vec()].concat())
    };
    let mut rows =
        vec![row("retrieved", &captions.retrieved), row("composed, trained thresholds", &captions.composed_untuned)];
    rows.extend(captions.composed.as_ref().map(|f| row("composed, fitted thresholds", f)));
    let head =
        ["", "Micro-F1", "Macro-F1", "Scans without a mistake", "Scans given a finding that this data does not mark"];
    let composed = captions.composed.as_ref().unwrap_or(&captions.composed_untuned);
    let bar = |f1: Option<f64>, class: &str| match f1 {
        Some(f1) => format!("<span class=\"bar {class}\" style=\"--share:{:.1}%\"></span> <b>{f1:.3}</b>", 100. * f1),
        None => figure(None),
    };
    let findings = captions.findings.iter().enumerate().map(|(i, finding)| {
        let counts = captions.retrieved.counts[i];
        let threshold = thresholds.iter().find(|t| t.finding == *finding);
        let cells = vec![
            escape(finding),
            (counts.both + counts.only_there).to_string(),
            bar(captions.retrieved.f1[i], "retrieved"),
            bar(composed.f1[i], "composed"),
            threshold.map_or(String::new(), |t| format!("{:+.3}", t.threshold)),
            threshold.map_or(String::new(), |t| t.n_shown.to_string()),
        ];
        (false, cells)
    });
    let each = ["", "Scans with it", "F1, retrieved", "F1, composed", "Threshold", "Validation scans with it"];
    format!(
        "{}<p>Composed minus retrieved, on the same draws of patients: micro-F1 {}, macro-F1 {}. {}</p>{}",
        table(&head, rows),
        signed(captions.micro_f1_gain),
        signed(captions.macro_f1_gain),
        verdict(captions.micro_f1_gain),
        table(&each, findings),
    )
}

/// What the difference comes to, in words.
fn verdict(micro_f1_gain: Option<Interval>) -> &'static str {
    match micro_f1_gain {
        Some(gain) if gain.low > 0. => "Composed captions name findings better.",
        Some(gain) if gain.high < 0. => "Composed captions name findings less well.",
        Some(_) => "The interval holds 0: these scans cannot tell which is better.",
        None => "",
    }
}

fn signed(interval: Option<Interval>) -> String {
    interval.map_or("–".into(), |i| format!("<b>{:+.3}</b> ({:+.3} to {:+.3})", i.value, i.low, i.high))
}
