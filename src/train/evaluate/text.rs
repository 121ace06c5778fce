//! A study as lines for a terminal.

use super::format::{difference, figure as shown};
use super::head_input::HeadInput;
use super::predictions::HeadStudy;
use super::study::{SourceStudy, Study};
use crate::bundle::card::{HeadFigures, Interval};

/// A study, one source after the other.
pub(crate) fn summary(study: &Study) -> String {
    let mut lines = Vec::new();
    for (source, of_source) in &study.sources {
        let SourceStudy { figures, n_validation_scans, n_validation_patients, .. } = of_source;
        lines.push(format!("{source}: {} scans of {} patients", figures.n_scans, figures.n_patients));
        lines.push(match n_validation_scans {
            0 => "  no validation scan: probabilities stay as they are, composed captions use the trained thresholds"
                .into(),
            n if study.fitted_on_the_same_scans => {
                format!(
                    "  temperatures and thresholds are fitted on these same {n} scans, and look better than they are"
                )
            }
            n => format!(
                "  temperatures and thresholds are fitted on {n} validation scans of {n_validation_patients} patients"
            ),
        });
        heads(of_source, &mut lines);
        findings(of_source, &mut lines);
    }
    lines.join("\n")
}

fn heads(study: &SourceStudy, lines: &mut Vec<String>) {
    let row = |name: &str, of: &dyn Fn(&HeadStudy) -> String| {
        let cells: Vec<String> = study.heads.values().map(|h| format!("{:>20}", of(h))).collect();
        format!("  {name:18}{}", cells.join(" "))
    };
    let titles: Vec<String> = study.heads.keys().map(|input: &HeadInput| format!("{:>20}", input.title())).collect();
    lines.push(format!("  {:18}{}", "", titles.join(" ")));
    let figure = |name: &str, of: fn(&HeadFigures) -> Option<Interval>| row(name, &|h| shown(of(&h.figures)));
    lines.push(figure("accuracy", |h| h.accuracy));
    lines.push(figure("sensitivity", |h| h.sensitivity));
    lines.push(figure("specificity", |h| h.specificity));
    lines.push(figure("balanced accuracy", |h| h.balanced_accuracy));
    lines.push(figure("AUROC", |h| h.auroc));
    lines.push(row("AUPRC", &|h| shown(h.auprc)));
    if study.heads.values().any(|h| h.classes.len() > 2) {
        lines.push(row("macro AUROC", &|h| shown(h.figures.macro_auroc)));
        lines.push(row("macro AUPRC", &|h| shown(h.macro_auprc)));
    }
    lines.push(row("ECE", &|h| shown(h.calibration.before.ece)));
    lines.push(row("Brier", &|h| shown(h.calibration.before.brier)));
    if study.n_validation_scans > 0 {
        let after = |h: &HeadStudy| h.calibration.after.clone();
        lines.push(row("temperature", &|h| {
            h.calibration.temperature.map_or("not fitted".into(), |t| format!("{t:.3}"))
        }));
        lines.push(row("ECE, calibrated", &|h| shown(after(h).and_then(|c| c.ece))));
        lines.push(row("Brier, calibrated", &|h| shown(after(h).and_then(|c| c.brier))));
    }
    let annotated: Vec<&str> = study.heads.keys().filter(|i| i.is_annotated()).map(|i| i.title()).collect();
    lines
        .push(format!("  {}: the head reads what a person wrote of the scan; no measure of use", annotated.join("; ")));
}

fn findings(study: &SourceStudy, lines: &mut Vec<String>) {
    let (figures, captions) = (&study.figures, &study.captions);
    if !captions.findings.is_empty() {
        let ways = [
            ("retrieved", Some(&captions.retrieved)),
            ("composed, trained thresholds", Some(&captions.composed_untuned)),
        ];
        for (way, of_way) in ways.into_iter().chain([("composed, fitted thresholds", captions.composed.as_ref())]) {
            let Some(f) = of_way else { continue };
            let (micro, macro_mean, exact) = (shown(f.micro_f1), shown(f.macro_f1), shown(f.exact));
            lines
                .push(format!("  findings, {way}: micro-F1 {micro}, macro-F1 {macro_mean}, without a mistake {exact}"));
        }
        let (micro, macro_mean) = (difference(captions.micro_f1_gain), difference(captions.macro_f1_gain));
        lines.push(format!("  composed minus retrieved: micro-F1 {micro}, macro-F1 {macro_mean}"));
    }
    lines.push(format!("  findings alone give the same label: {:.3}", figures.findings_keep_label));
    if let Some(share) = figures.class_word_share {
        lines.push(format!("  class word's share of the attribution: {share:.3}"));
    }
    if let Some(condition) = &figures.condition {
        let (all, balanced) = (shown(condition.accuracy), shown(condition.balanced_accuracy));
        lines.push(format!("  condition, four ways: accuracy {all}, balanced {balanced}"));
    }
    if let Some(pointing) = figures.lesions.as_ref().and_then(|l| l.pointing_game) {
        lines.push(format!("  pointing game {pointing:.3}"));
    }
}
