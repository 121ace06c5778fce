//! A study as lines for a terminal.

use super::explanations;
use super::format::{UNDEFINED, difference, figure as shown};
use super::head_input::HeadInput;
use super::predictions::HeadStudy;
use super::stress::StressStudy;
use super::study::{SourceStudy, Study};
use super::warnings::{CoverageAccuracy, SURE, WarningStudy};
use crate::bundle::card::{AnswerBand, HeadFigures, Interval};
use crate::report::WarningKind;

/// A study, one source after the other.
pub(crate) fn summary(study: &Study) -> String {
    let mut lines = Vec::new();
    for (source, of_source) in &study.sources {
        let SourceStudy { figures, n_validation_scans, n_validation_patients, .. } = of_source;
        let (n_scans, n_patients, device) = (figures.n_scans, figures.n_patients, source.device());
        lines.push(format!("{source}: {n_scans} scans of {n_patients} patients, device: {device}"));
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
        warnings(&of_source.warnings, &mut lines);
        answers(&figures.answers, &mut lines);
        if let Some(stress) = study.stress.get(source) {
            changed_scans(stress, &mut lines);
        }
    }
    devices(study, &mut lines);
    if let Some(metrics) = &study.explanations {
        lines.extend(explanations::lines(metrics));
    }
    lines.join("\n")
}

fn devices(study: &Study, lines: &mut Vec<String>) {
    lines.push("by device".to_owned());
    let columns = ["image AUROC", "sensitivity", "specificity", "text AUROC"].map(|name| format!("{name:>20}"));
    lines.push(format!("  {:26}{:>6} {}", "", "scans", columns.join(" ")));
    for (device, of) in &study.devices {
        let figures = [of.image.auroc, of.image.sensitivity, of.image.specificity, of.text.auroc];
        let cells = figures.map(|f| format!("{:>20}", shown(f)));
        lines.push(format!("  {device:26}{:>6} {}", of.n_scans, cells.join(" ")));
    }
}

fn warnings(study: &WarningStudy, lines: &mut Vec<String>) {
    let kinds = WarningKind::ALL.map(|kind| format!("{:>10}", kind.name()));
    lines.push(format!("  {:18}{:>6} {}", "warnings", "scans", kinds.join(" ")));
    for (group, of) in &study.groups {
        let share = |kind| of.kinds.get(&kind).copied().unwrap_or_default();
        let cells = WarningKind::ALL.map(|kind| format!("{:>10.3}", share(kind)));
        lines.push(format!("  {:18}{:>6} {}", group.title(), of.n_scans, cells.join(" ")));
    }
    lines.push(format!("  right answers to healthy and AMD scans with a warning: {}", shown(study.warned_of_right)));
    lines.push(format!("  wrong above {SURE} without a warning: {}", shown(study.wrong_and_sure)));
    lines.push(format!("  other diseases called AMD without a warning: {}", shown(study.others_called_amd)));
    lines.push(format!("  AUROC of the warning for another disease: {}", shown(study.others_auroc)));
    let at = |a: &CoverageAccuracy| format!("{} at {:.0} %", shown(a.accuracy), 100. * a.coverage);
    let accuracies: Vec<String> = study.coverage.accuracies.iter().map(at).collect();
    lines.push(format!("  accuracy by coverage: {}", accuracies.join(", ")));
    lines.push(format!("  area under the risk-coverage curve: {}", shown(study.coverage.aurc)));
}

fn answers(bands: &[AnswerBand], lines: &mut Vec<String>) {
    lines
        .push(format!("  {:28}{:>10}{:>8}{:>8}{:>16}", "image answers", "warning", "right", "scans", "other diseases"));
    for band in bands {
        let [from, to] = band.probability;
        let name = format!("{}, {from:.2} to {to:.2}", band.label);
        let warning = if band.is_warned { "yes" } else { "no" };
        let others = band.n_other_diseases.map_or(UNDEFINED.to_owned(), |n| n.to_string());
        lines.push(format!("  {name:28}{warning:>10}{:>8}{:>8}{others:>16}", band.n_right, band.n_scans));
    }
}

fn changed_scans(study: &StressStudy, lines: &mut Vec<String>) {
    let (auroc, warned) = (shown(study.clean_auroc), study.clean_warned);
    lines.push(format!("  changed copies of {} scans, which have AUROC {auroc}, warned {warned:.3}", study.n_scans));
    lines.push(format!(
        "  {:19}{:>6} {:>20} {:>26} {:>6} {:>8} {:>7}",
        "", "amount", "AUROC", "change", "label", "heatmap", "warned"
    ));
    for row in &study.rows {
        let name = format!("{}, {}", row.change.name(), row.strength.name());
        let heatmap = row.heatmap_pearson.map_or(UNDEFINED.to_owned(), |r| format!("{r:.3}"));
        lines.push(format!(
            "  {name:19}{:>6} {:>20} {:>26} {:>6.3} {heatmap:>8} {:>7.3}",
            row.amount,
            shown(row.auroc),
            difference(row.auroc_change),
            row.label_agreement,
            row.warned
        ));
    }
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
            let (drusen_fluid, absent) = (shown(f.drusen_fluid_f1), shown(f.absent_in_healthy));
            lines.push(format!(
                "    drusen and fluid on scans with boxes: micro-F1 {drusen_fluid}; absent findings on healthy scans {absent}"
            ));
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
    if let Some(lesions) = &figures.lesions {
        for (margin, hits, chance) in [
            ("one cell", lesions.pointing_game, lesions.pointing_game_chance),
            ("half a cell", lesions.pointing_game_half_cell, lesions.pointing_game_half_cell_chance),
        ] {
            let share = |share: Option<f64>| share.map_or(UNDEFINED.to_owned(), |s| format!("{s:.3}"));
            lines.push(format!("  pointing game, {margin} wider: {}, by chance {}", share(hits), share(chance)));
        }
    }
}
