//! A study as one HTML page that needs nothing else: it opens without a network, in light and dark, and prints.
//! Written for a clinician: what was asked, under which protocol, and what the figure is worth.

mod plot;
mod tables;

use super::protocol::Protocol;
use super::study::{SourceStudy, Study};
use crate::train::data::record::SourceKind;
use crate::train::metrics::{BOOTSTRAP_DRAWS, Interval};

/// The page's own style.
const STYLE: &str = include_str!("../../../../www/report.css");
/// Colours and fonts, shared with the page.
const TOKENS: &str = include_str!("../../../../www/tokens.css");

/// What was measured, for the head of the page.
pub struct About<'a> {
    /// The model's name.
    pub model: &'a str,
    /// A line for people.
    pub title: &'a str,
    /// How its matrices are stored.
    pub precision: &'a str,
    /// SHA-256 of its file, in hex.
    pub sha256: &'a str,
    /// Whose scans: `train`, `val`, `test` or `all`.
    pub split: &'a str,
}

/// Text that HTML takes as it stands.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn plain(interval: Option<Interval>) -> String {
    interval.map_or("–".to_owned(), |i| format!("{:.3} ({:.3}–{:.3})", i.value, i.low, i.high))
}

fn figure(interval: Option<Interval>) -> String {
    interval.map_or("<span class=\"none\" title=\"not defined on these scans\">–</span>".to_owned(), |i| {
        format!("<b>{:.3}</b> <small>{:.3}–{:.3}</small>", i.value, i.low, i.high)
    })
}

/// The whole page.
pub fn page(about: &About<'_>, study: &Study) -> String {
    let sources: String = study.sources.iter().map(|(kind, of_source)| section(*kind, of_source, study)).collect();
    let heading = format!("octlens · {} on the {} scans", escape(about.model), escape(about.split));
    let heading =
        if about.split == "all" { heading.replace("the all scans", "all scans of a folder") } else { heading };
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>{heading}</title>\n<style>\n{TOKENS}{STYLE}</style>\n</head>\n<body>\n<main>\n\
         <header><h1>{heading}</h1>\n<p>{} Stored as {}; SHA-256 <code>{}</code></p>\n\
         <p class=\"warning\">For research and teaching. Not a medical device: it must not be used to diagnose.</p></header>\n\
         {}{sources}{}</main>\n</body>\n</html>\n",
        sentence(about.title),
        escape(about.precision),
        escape(about.sha256),
        protocols(),
        definitions(),
    )
}

fn sentence(text: &str) -> String {
    let end = if text.ends_with('.') { "" } else { "." };
    format!("{}{end}", escape(text))
}

fn protocols() -> String {
    let rows: String =
        Protocol::ALL.map(|p| format!("<dt>{}</dt><dd>{}</dd>", tables::name(p), escape(p.told()))).concat();
    format!(
        "<section><h2>What each head is told</h2>\n<p>octlens answers twice: one head reads the scan, the other reads a \
         caption, such as “AMD, soft drusen”. A caption names the class. Whoever hands the text head a scan's own caption \
         hands it the answer, and the figure then looks better than anything that can happen in use. So every figure of \
         the text head stands under the protocol by which it was measured; those marked <em class=\"chip\">told</em> \
         show that the head can read, and are no measure of use.</p>\n<dl class=\"protocols\">{rows}</dl></section>\n"
    )
}

fn section(kind: SourceKind, study: &SourceStudy, all: &Study) -> String {
    let heads = &study.heads;
    let captions = if study.captions.findings.is_empty() {
        "<p>No scan of this data has a finding in its caption.</p>".to_owned()
    } else {
        tables::captions(study, &all.thresholds)
    };
    format!(
        "<section data-source=\"{kind}\"><h2>{}</h2>\n{}{}\
         <h3>Answers</h3>\n{}\n<p class=\"note\">Sensitivity: share of diseased scans called diseased. Specificity: share of \
         healthy scans called healthy. AUROC and AUPRC: of disease against healthy. Small figures: 95 % intervals.</p>\n\
         <h3>ROC curves</h3>\n{}\n<h3>Which class is called which</h3>\n{}\n\
         <details><summary>Each class against the rest</summary>{}</details>\n\
         <h3>Do the probabilities mean what they say?</h3>\n<p>{}</p>\n{}\n\
         <p class=\"note\">Hollow: as answered; filled: calibrated. A dot's area tells how many scans it stands for. On the \
         diagonal, of the scans answered with a probability of 0.8 eight in ten are right.</p>\n\
         <h3>Do the words name what is there?</h3>\n<p><b>Retrieved</b>: the training caption nearest to the scan, as a \
         whole; what octlens shows today. <b>Composed</b>: each finding scored on its own and named above a threshold.</p>\n\
         {captions}\n{}</section>\n",
        escape(kind.citation()),
        summary(study),
        validation(study, all),
        tables::answers(heads),
        tables::roc_curves(heads),
        tables::confusions(heads),
        tables::classes(heads),
        "Temperature scaling divides the logits by one number, fitted on validation scans. It moves no answer, only how \
         sure it sounds: above 1 the head was too sure, below 1 not sure enough.",
        tables::calibration(heads),
        reasons(study),
    )
}

/// The main result in words.
fn summary(study: &SourceStudy) -> String {
    let figures = &study.figures;
    let Some(image) = study.heads.get(&Protocol::Image) else { return String::new() };
    let counts = |row: &[usize]| row.iter().sum::<usize>();
    let (healthy, diseased) = image.confusion.split_at(1.min(image.confusion.len()));
    let n_healthy: usize = healthy.iter().map(|row| counts(row)).sum();
    let n_diseased: usize = diseased.iter().map(|row| counts(row)).sum();
    let n_missed: usize = diseased.iter().map(|row| row[0]).sum();
    let n_alarms: usize = healthy.iter().map(|row| counts(&row[1..])).sum();
    let balanced = |p: Protocol| study.heads.get(&p).map_or("–".into(), |h| plain(h.figures.balanced_accuracy));
    format!(
        "<p class=\"lead\">{} scans of {} patients. Of {n_diseased} diseased scans the image head calls {n_missed} healthy; of \
         {n_healthy} healthy ones it calls {n_alarms} diseased. Balanced accuracy: image head <b>{}</b>; text head on the \
         caption it retrieves itself <b>{}</b>. Handed the scan's own caption, the text head gets {}: that is the answer \
         read back.</p>\n",
        figures.n_scans,
        figures.n_patients,
        balanced(Protocol::Image),
        balanced(Protocol::TextRetrieved),
        balanced(Protocol::TextGiven),
    )
}

fn validation(study: &SourceStudy, all: &Study) -> String {
    let text = match study.n_validation_scans {
        0 => "No validation scan of this data is known to the model: its probabilities are shown uncalibrated, and no \
              temperature is fitted."
            .to_owned(),
        n if all.fitted_on_the_same_scans => {
            format!(
                "Temperatures and thresholds are fitted on these same {n} scans: the calibrated and composed figures flatter."
            )
        }
        n => format!(
            "Temperatures and thresholds are fitted on {n} validation scans of {} other patients.",
            study.n_validation_patients
        ),
    };
    format!("<p class=\"note\">{text}</p>\n")
}

/// What the answers rest on.
fn reasons(study: &SourceStudy) -> String {
    let figures = &study.figures;
    let mut rows = vec![(
        "The retrieved caption without its class word gets the same label",
        format!("<b>{:.3}</b>", figures.findings_keep_label),
    )];
    if let Some(share) = figures.class_word_share {
        rows.push(("Class word's share of the attribution", format!("<b>{share:.3}</b>")));
    }
    if let Some(condition) = &figures.condition {
        rows.push(("Condition in the retrieved caption is right", figure(condition.accuracy)));
        rows.push(("The same, mean over conditions", figure(condition.balanced_accuracy)));
    }
    if let Some(pointing) = figures.lesions.as_ref().and_then(|l| l.pointing_game) {
        rows.push(("Heatmap peaks in a lesion's box, one cell wider", format!("<b>{pointing:.3}</b>")));
    }
    let rows: String =
        rows.iter().map(|(what, value)| format!("<tr><th scope=\"row\">{what}</th><td>{value}</td></tr>")).collect();
    format!("<h3>What do the answers rest on?</h3>\n<table><tbody>{rows}</tbody></table>\n")
}

fn definitions() -> String {
    let rows = [
        ("95 % interval", format!(
            "Percentile bootstrap over patients, {BOOTSTRAP_DRAWS} draws: whole patients are drawn, because scans of one \
             eye are not independent (Efron & Tibshirani 1993)."
        )),
        ("Balanced accuracy", "Mean over classes of the share of scans that get their label.".to_owned()),
        ("AUROC", "Probability that a scan of the class scores higher than another, ties counting half (Hanley & McNeil \
                   1982). 0.5 by chance.".to_owned()),
        ("AUPRC", "Average precision, without interpolation. By chance it is the class's share of the scans.".to_owned()),
        ("Macro", "Mean over classes, each against the rest.".to_owned()),
        ("ECE", "Expected calibration error: mean distance between probability and share of right answers, over 15 bins of \
                 equal width (Guo et al. 2017). Few scans make it larger than it is.".to_owned()),
        ("Brier", "Half of Brier's score (Brier 1950): for two classes the mean squared error of the second one's \
                   probability. 0 is best.".to_owned()),
        ("Temperature", "The one that makes the validation scans most likely (Guo et al. 2017).".to_owned()),
        ("Share of the attribution", "A phrase's absolute Shapley value over the sum of them all. The value is the mean \
                                      change of the class's log-odds when the phrase is named, over all orders of naming \
                                      the caption's phrases (Lundberg & Lee 2017).".to_owned()),
        ("F1", "2 · rightly named / (named + there). Micro: over all namings; macro: mean over findings.".to_owned()),
    ]
    .map(|(term, text)| format!("<dt>{term}</dt><dd>{}</dd>", escape(&text)))
    .concat();
    format!("<section><h2>Terms</h2><dl class=\"terms\">{rows}</dl></section>\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::evaluate::captions::{self, Marked};
    use crate::train::evaluate::figures::Figures;
    use crate::train::evaluate::heads::Answers;

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
    fn the_apps_colours_are_found_where_they_are_looked_for() {
        let colours = TOKENS;
        for colour in ["--image:", "--words:", "--ink:", "data-theme=\"dark\""] {
            assert!(colours.contains(colour), "{colour}");
        }
        assert!(!colours.contains("header"));
    }

    #[test]
    fn names_cannot_break_the_page() {
        let about = About { model: "<b>\"", title: "a & b", precision: "int8", sha256: "0", split: "test" };
        let study = Study { sources: [].into(), thresholds: vec![], fitted_on_the_same_scans: false };
        let page = page(&about, &study);
        assert!(page.contains("&lt;b&gt;&quot;") && page.contains("a &amp; b."));
        assert!(!page.contains("http://") && !page.contains("https://"), "the page asks no network");
        assert!(Protocol::ALL.iter().all(|p| page.contains(&escape(p.told()))));
    }

    /// Three classes, the last without a scan.
    fn three_classes() -> Study {
        let labels: Vec<String> = ["healthy", "AMD", "DME"].map(str::to_owned).to_vec();
        let truth = vec![0, 0, 1, 1, 0, 1];
        let logits = [[2., 0., 1.], [0., 1., 0.], [0., 3., 0.], [0., 0., 1.], [4., 0., 1.], [0., 2., 1.]];
        let answers = Answers {
            patients: (0..truth.len()).map(|i| i.to_string()).collect(),
            truth,
            logits: logits.map(|z| z.to_vec()).to_vec(),
        };
        let heads = Protocol::ALL.map(|p| (p, answers.study(p.told(), &labels, &answers)));
        let captions = captions::study(&[], &Marked::new([]), &[], false);
        let figures = Figures {
            n_scans: 6,
            n_patients: 6,
            image: answers.figures(),
            text: answers.figures(),
            findings_keep_label: 1.,
            class_word_share: None,
            condition: None,
            lesions: None,
        };
        let source =
            SourceStudy { figures, n_validation_scans: 6, n_validation_patients: 6, heads: heads.into(), captions };
        Study { sources: [(SourceKind::Octdl, source)].into(), thresholds: vec![], fitted_on_the_same_scans: true }
    }

    #[test]
    fn every_number_of_classes_has_its_page() {
        let about = About { model: "m", title: "t", precision: "int8", sha256: "0", split: "val" };
        let page = page(&about, &three_classes());
        assert!(
            page.contains("Of 3 diseased scans the image head calls 0 healthy; of 3 healthy ones it calls 1 diseased")
        );
        assert!(page.contains("Macro AUROC") && page.contains("DME against the rest"));
        assert!(page.contains("fitted on these same 6 scans"));
        assert!(page.contains("title=\"not defined on these scans\""), "a class without scans has no figures");
        assert!(!page.contains("NaN") && !page.contains("inf"), "every figure is a number");
        let opened = page.matches("<section").count();
        assert_eq!(opened, page.matches("</section>").count());
    }
}
