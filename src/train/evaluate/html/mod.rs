//! A study as one HTML page that needs nothing else: it opens without a network, in light and dark, and prints.
//! Written for a clinician: what was asked, what the head read, and what the figure is worth.

mod explanations;
mod numbers;
mod plot;
mod stress;
mod tables;
mod warnings;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use self::numbers::{figure, number};
use super::format;
use super::head_input::HeadInput;
use super::study::{DeviceStudy, SourceStudy, Study};
use crate::train::data::record::SourceKind;
use crate::train::metrics::BOOTSTRAP_DRAWS;
use crate::train::metrics::calibration::N_BINS;

/// The page's own style.
const STYLE: &str = include_str!("../../../../www/report.css");
/// Colours and fonts, shared with the page.
const TOKENS: &str = include_str!("../../../../www/tokens.css");

/// What was measured, for the head of the page.
pub(crate) struct About<'a> {
    /// The model's name.
    pub model: &'a str,
    /// A one-line description.
    pub title: &'a str,
    /// How its matrices are stored.
    pub precision: &'a str,
    /// SHA-256 of its file, in hex.
    pub sha256: &'a str,
    /// Whose scans: `train`, `val`, `test` or `all`.
    pub split: &'a str,
}

/// The whole page.
pub(crate) fn page(about: &About<'_>, study: &Study) -> String {
    let scans = match about.split {
        "all" => "all scans of a folder".to_owned(),
        split => format!("the {split} scans"),
    };
    let heading = format!("octlens · {} on {scans}", about.model);
    let end = if about.title.ends_with('.') { "" } else { "." };
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'";
                title { (heading) }
                style { (PreEscaped(TOKENS)) (PreEscaped(STYLE)) }
            }
            body {
                main {
                    header {
                        h1 { (heading) }
                        p {
                            (about.title) (end) " Stored as " (about.precision) "; SHA-256 " code { (about.sha256) }
                        }
                        p class="warning" {
                            "For research and teaching. Not a medical device: it must not be used to diagnose."
                        }
                    }
                    (inputs())
                    @if !study.devices.is_empty() { (devices(study)) }
                    @for (source, of_source) in &study.sources { (section(*source, of_source, study)) }
                    @if let Some(metrics) = &study.explanations { (explanations::section(metrics)) }
                    (definitions())
                }
            }
        }
    };
    page.into_string()
}

fn inputs() -> Markup {
    html! {
        section {
            h2 { "What each head reads" }
            p {
                "octlens answers twice: one head reads the scan, the other reads a caption, such as “AMD, soft drusen”. A \
                 caption names the class. A text head that reads a scan's own caption is given the answer, and its figure \
                 then looks better than anything that can happen in use. So every figure of the text head names the \
                 caption variant that the head read; those marked " (tables::chip()) " show that the head can read, and \
                 are no measure of use."
            }
            dl class="inputs" {
                @for input in HeadInput::ALL { dt { (tables::name(input)) } dd { (input.description()) } }
            }
        }
    }
}

/// Both heads on each device.
fn devices(study: &Study) -> Markup {
    let columns = [
        "",
        "Data",
        "Scans",
        "Patients",
        "AUROC, image",
        "Sensitivity",
        "Specificity",
        "AUROC, text",
        "Balanced, text",
    ];
    let row = |(device, of): (&&str, &DeviceStudy)| {
        let names: Vec<&str> = of.sources.iter().map(|s| s.name()).collect();
        let mut cells = vec![html! { (names.join(", ")) }, html! { (of.n_scans) }, html! { (of.n_patients) }];
        let (image, text) = (&of.image, &of.text);
        let figures = [image.auroc, image.sensitivity, image.specificity, text.auroc, text.balanced_accuracy];
        cells.extend(figures.map(figure));
        tables::Row::new(html! { (device) }, cells)
    };
    html! {
        section {
            h2 { "By device" }
            (tables::table(&columns, study.devices.iter().map(row)))
        }
    }
}

fn section(source: SourceKind, study: &SourceStudy, all: &Study) -> Markup {
    let heads = &study.heads;
    html! {
        section data-source=(source) {
            h2 { (source.citation()) }
            p class="note" { "Device: " (source.device()) "." }
            (summary(study))
            (validation(study, all))
            h3 { "Answers" }
            (tables::answers(heads))
            p class="note" {
                "Sensitivity: share of diseased scans called diseased. Specificity: share of healthy scans called healthy. \
                 AUROC and AUPRC: of disease against healthy. Small figures: 95 % intervals."
            }
            h3 { "ROC curves" }
            (tables::roc_curves(heads))
            h3 { "Which class is called which" }
            (tables::confusions(heads))
            details { summary { "Each class against the rest" } (tables::classes(heads)) }
            h3 { "Do the probabilities mean what they say?" }
            p {
                "Temperature scaling divides the logits by one number, fitted on validation scans. It moves no answer, \
                 only how sure it sounds: above 1 the head was too sure, below 1 not sure enough."
            }
            (tables::calibration(heads))
            p class="note" {
                "Hollow: as answered; filled: calibrated. The more scans a dot stands for, the larger is its area. On the \
                 diagonal, of the scans answered with a probability of 0.8 eight in ten are right."
            }
            h3 { "Do the words name what is there?" }
            p {
                b { "Retrieved" } ": the training caption nearest to the scan, as a whole; what octlens shows today. "
                b { "Composed" } ": each finding scored on its own and named above a threshold."
            }
            @if study.captions.findings.is_empty() {
                p { "No scan of this data has a finding in its caption." }
            } @else {
                (tables::captions(study, &all.thresholds))
            }
            (reasons(study))
            (warnings::section(&study.warnings, &study.figures.answers))
            @if let Some(of_source) = all.stress.get(&source) { (stress::section(of_source)) }
        }
    }
}

/// The main result in words.
fn summary(study: &SourceStudy) -> Markup {
    let figures = &study.figures;
    let Some(image) = study.heads.get(&HeadInput::Image) else { return Markup::default() };
    let counts = |row: &[usize]| row.iter().sum::<usize>();
    let (healthy, diseased) = image.confusion.split_at(1.min(image.confusion.len()));
    let n_healthy: usize = healthy.iter().map(|row| counts(row)).sum();
    let n_diseased: usize = diseased.iter().map(|row| counts(row)).sum();
    let n_missed: usize = diseased.iter().map(|row| row[0]).sum();
    let n_alarms: usize = healthy.iter().map(|row| counts(&row[1..])).sum();
    let balanced = |input: HeadInput| format::figure(study.heads.get(&input).and_then(|h| h.figures.balanced_accuracy));
    html! {
        p class="lead" {
            (figures.n_scans) " scans of " (figures.n_patients) " patients. Of " (n_diseased)
            " diseased scans the image head calls " (n_missed) " healthy; of " (n_healthy) " healthy ones it calls "
            (n_alarms) " diseased. Balanced accuracy: image head " b { (balanced(HeadInput::Image)) }
            "; text head on the caption it retrieves itself " b { (balanced(HeadInput::TextRetrieved)) }
            ". On the scan's own caption the text head gets " (balanced(HeadInput::TextGiven))
            ": it was given the answer."
        }
    }
}

fn validation(study: &SourceStudy, all: &Study) -> Markup {
    html! {
        p class="note" {
            @match study.n_validation_scans {
                0 => {
                    "No validation scan of this data is known to the model: its probabilities are shown uncalibrated, and \
                     no temperature is fitted."
                }
                n if all.fitted_on_the_same_scans => {
                    "Temperatures and thresholds are fitted on these same " (n) " scans: the calibrated and composed \
                     figures look better than they are."
                }
                n => {
                    "Temperatures and thresholds are fitted on " (n) " validation scans of "
                    (study.n_validation_patients) " other patients."
                }
            }
        }
    }
}

/// What the answers rest on.
fn reasons(study: &SourceStudy) -> Markup {
    let figures = &study.figures;
    let mut rows = vec![(
        "The retrieved caption without its class word gets the same label",
        number(figures.findings_keep_label, 3),
    )];
    if let Some(share) = figures.class_word_share {
        rows.push(("Class word's share of the attribution", number(share, 3)));
    }
    if let Some(condition) = &figures.condition {
        rows.push(("Condition in the retrieved caption is right", figure(condition.accuracy)));
        rows.push(("The same, mean over conditions", figure(condition.balanced_accuracy)));
    }
    if let Some(lesions) = &figures.lesions {
        let pointing = [
            ("Heatmap peaks in a lesion's box, half a cell wider", lesions.pointing_game_half_cell),
            ("The same with another patient's heatmap", lesions.pointing_game_half_cell_chance),
            ("Heatmap peaks in a lesion's box, one cell wider", lesions.pointing_game),
            ("The same with another patient's heatmap", lesions.pointing_game_chance),
        ];
        rows.extend(pointing.into_iter().filter_map(|(what, share)| Some((what, number(share?, 3)))));
    }
    html! {
        h3 { "What do the answers rest on?" }
        table { tbody { @for (what, value) in rows { tr { th scope="row" { (what) } td { (value) } } } } }
    }
}

fn definitions() -> Markup {
    let interval = format!(
        "Percentile bootstrap over patients, {BOOTSTRAP_DRAWS} draws: whole patients are drawn, because scans of one eye \
         are not independent (Efron & Tibshirani 1993)."
    );
    let ece = format!(
        "Expected calibration error: mean distance between probability and share of right answers, over {N_BINS} bins of \
         equal width (Guo et al. 2017). Few scans make it larger than it is."
    );
    let terms: [(&str, &str); 10] = [
        ("95 % interval", &interval),
        ("Balanced accuracy", "Mean over classes of the share of scans that get their label."),
        (
            "AUROC",
            "Probability that a scan of the class scores higher than another, ties counting half (Hanley & McNeil 1982). \
             0.5 by chance.",
        ),
        ("AUPRC", "Average precision, without interpolation. By chance it is the class's share of the scans."),
        ("Macro", "Mean over classes, each against the rest."),
        ("ECE", &ece),
        (
            "Brier",
            "Half of Brier's score (Brier 1950): for two classes the mean squared error of the second one's probability. \
             0 is best.",
        ),
        ("Temperature", "The one that makes the validation scans most likely (Guo et al. 2017)."),
        (
            "Share of the attribution",
            "A phrase's absolute Shapley value over the sum of them all. The value is the mean change of the class's \
             log-odds when the phrase is named, over all orders of naming the caption's phrases (Lundberg & Lee 2017).",
        ),
        ("F1", "2 · rightly named / (named + there). Micro: over all namings; macro: mean over findings."),
    ];
    html! {
        section {
            h2 { "Terms" }
            dl class="terms" { @for (term, definition) in terms { dt { (term) } dd { (definition) } } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::card::{AnswerBand, Figures};
    use crate::caption::Vocabulary;
    use crate::train::evaluate::captions;
    use crate::train::evaluate::predictions::Predictions;
    use crate::train::evaluate::stress::StressStudy;

    #[test]
    fn the_page_has_every_colour_that_the_report_uses() {
        let used = STYLE.match_indices("var(--").map(|(at, _)| STYLE[at + 4..].split(')').next().unwrap_or_default());
        // Set where they are used, per bar and per cell.
        let is_shared = |name: &&str| !["--bar", "--share", "--mark"].contains(name);
        assert!(used.clone().count() > 20);
        for name in used.filter(is_shared) {
            assert!(TOKENS.contains(&format!("{name}:")), "{name}");
        }
    }

    #[test]
    fn names_cannot_break_the_page() {
        let about = About { model: "<b>\"", title: "a & b", precision: "int8", sha256: "0", split: "test" };
        let study = Study {
            sources: [].into(),
            devices: [].into(),
            stress: [].into(),
            explanations: None,
            thresholds: vec![],
            fitted_on_the_same_scans: false,
        };
        let page = page(&about, &study);
        assert!(page.contains("&lt;b&gt;&quot;") && page.contains("a &amp; b."));
        assert!(!page.contains("http://") && !page.contains("https://"), "the page asks no network");
        assert!(HeadInput::ALL.iter().all(|input| page.contains(&html! { (input.description()) }.into_string())));
    }

    /// Three classes, the last without a scan.
    fn three_classes() -> Study {
        let labels: Vec<String> = ["healthy", "AMD", "DME"].map(str::to_owned).to_vec();
        let truth = vec![0, 0, 1, 1, 0, 1];
        let logits = [[2., 0., 1.], [0., 1., 0.], [0., 3., 0.], [0., 0., 1.], [4., 0., 1.], [0., 2., 1.]];
        let predictions = Predictions {
            patients: (0..truth.len()).map(|i| i.to_string()).collect(),
            truth,
            logits: logits.map(|z| z.to_vec()).to_vec(),
        };
        let heads = HeadInput::ALL.map(|input| (input, predictions.study(input, &labels, &predictions)));
        let captions = captions::study(&[], &Vocabulary::new(labels, vec![]), &[], false);
        let figures = Figures {
            n_scans: 6,
            n_patients: 6,
            device: None,
            image: predictions.figures(),
            text: predictions.figures(),
            answers: vec![AnswerBand {
                label: "AMD".to_owned(),
                probability: [0.75, 0.9],
                is_warned: true,
                n_scans: 4,
                n_right: 3,
                n_patients: 2,
                n_other_diseases: Some(5),
            }],
            findings_keep_label: 1.,
            class_word_share: None,
            condition: None,
            lesions: None,
        };
        let device = DeviceStudy {
            sources: vec![SourceKind::Octdl],
            n_scans: 6,
            n_patients: 6,
            image: predictions.figures(),
            text: predictions.figures(),
        };
        let source = SourceStudy {
            figures,
            n_validation_scans: 6,
            n_validation_patients: 6,
            heads: heads.into(),
            captions,
            warnings: crate::train::evaluate::warnings::study(&[], &[]),
        };
        let stress = StressStudy { n_scans: 6, clean_auroc: None, clean_warned: 0., rows: vec![] };
        Study {
            sources: [(SourceKind::Octdl, source)].into(),
            devices: [("a <device>", device)].into(),
            stress: [(SourceKind::Octdl, stress)].into(),
            explanations: None,
            thresholds: vec![],
            fitted_on_the_same_scans: true,
        }
    }

    #[test]
    fn every_number_of_classes_has_its_page() {
        let about = About { model: "m", title: "t", precision: "int8", sha256: "0", split: "val" };
        let page = page(&about, &three_classes());
        assert!(
            page.contains("Of 3 diseased scans the image head calls 0 healthy; of 3 healthy ones it calls 1 diseased")
        );
        assert!(page.contains("Macro AUROC") && page.contains("DME against the rest"));
        assert!(page.contains("fitted on these same 6 scans") && page.contains("a &lt;device&gt;"));
        assert!(page.contains("What did answers turn out to be?") && page.contains("AMD, 0.75 to 0.90"));
        assert!(page.contains("When does it warn?") && page.contains("as if from elsewhere"));
        assert!(page.contains("title=\"not defined on these scans\""), "a class without scans has no figures");
        assert!(!page.contains("NaN") && !page.contains("inf"), "every figure is a number");
        let opened = page.matches("<section").count();
        assert_eq!(opened, page.matches("</section>").count());
    }
}
