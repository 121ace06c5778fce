//! Made-up cards, reports and scans for the tests of `page`.

use std::sync::Arc;

use crate::bundle::card::{ModelCard, Training, WeightPrecision};
use crate::caption::Vocabulary;
use crate::page::scans::{Answer, OpenScan, Origin, ScanState};
use crate::report::{
    Agreement, BeforeAfter, Candidate, CaptionReport, CaptionSource, Doubt, FindingChange, FindingReport, Heatmap,
    Hidden, InputRef, Likeness, MapMethod, ModelRef, Options, Prediction, Report, SCHEMA, TimingsMs, TokenReport,
    Warning, Word, WordMethod,
};

pub(crate) fn vocabulary() -> Vocabulary {
    Vocabulary::new(
        vec!["healthy".into(), "AMD".into()],
        vec!["fluid".into(), "soft drusen".into(), "soft drusen PED".into()],
    )
}

pub(crate) fn card(name: &str) -> ModelCard {
    ModelCard {
        name: name.into(),
        title: name.into(),
        sha256: "0".into(),
        bytes: 1,
        precision: WeightPrecision::Int8,
        kernels: "portable".into(),
        peak_bytes: None,
        vocabulary: vocabulary(),
        input: None,
        licence: String::new(),
        training: Training::default(),
        metrics: None,
        explanations: None,
    }
}

/// The most probable class is the one that is predicted.
pub(crate) fn prediction(probabilities: &[(&str, f32)]) -> Prediction {
    let best = probabilities.iter().max_by(|a, b| a.1.total_cmp(&b.1)).unwrap();
    Prediction {
        label: best.0.into(),
        probabilities: probabilities.iter().map(|(label, p)| ((*label).into(), *p)).collect(),
        logits: probabilities.iter().map(|(_, p)| p.ln()).collect(),
    }
}

/// Image and words say AMD; every phrase of the retrieved caption counts the same.
pub(crate) fn report(caption: &str) -> Report {
    let amd = prediction(&[("healthy", 0.1), ("AMD", 0.9)]);
    let n_phrases = caption.split(", ").count();
    let word = |text: &str| Word { text: text.into(), start: 0, end: 0, score: 1.0 / n_phrases as f32, log_odds: None };
    Report {
        schema: SCHEMA.into(),
        saved: None,
        model: ModelRef { name: "m".into(), sha256: "0".into() },
        input: InputRef {
            name: "scan.png".into(),
            format: "png".into(),
            width: 2,
            height: 1,
            view: None,
            frame: 0,
            sha256: "0".into(),
            um_per_pixel: None,
            n_frames: 1,
            laterality: None,
            notes: vec![],
        },
        image: amd.clone(),
        caption: CaptionReport {
            text: caption.into(),
            source: CaptionSource::Retrieved,
            similarity: 0.5,
            candidates: vec![Candidate { text: caption.into(), similarity: 0.5 }],
        },
        text: amd,
        agreement: Agreement { same_label: true, divergence: 0.0 },
        warning: Warning::default(),
        heatmap: Heatmap {
            method: MapMethod::GradCam,
            target: "AMD".into(),
            layer: "layer4".into(),
            rows: 1,
            cols: 1,
            values: vec![1.0],
            peak: 2.0,
            region: [0.0, 0.0, 2.0, 1.0],
        },
        tokens: TokenReport {
            method: WordMethod::Shapley,
            target: "AMD".into(),
            words: caption.split(", ").map(word).collect(),
            sum: None,
        },
        findings: vec![],
        hidden: None,
        baseline: None,
        suggestion: None,
        timings_ms: TimingsMs::default(),
    }
}

/// A finding that the scan resembles, with its two maps.
pub(crate) fn finding_report(finding: &str) -> FindingReport {
    let map = |method| Heatmap { method, target: finding.into(), ..report("AMD").heatmap };
    let maps = [MapMethod::GradCam, MapMethod::Local].map(map).to_vec();
    FindingReport { finding: finding.into(), likeness: Likeness { similarity: 0.5, margin: 0.25 }, maps }
}

/// AMD with fluid becomes healthy.
pub(crate) fn hidden() -> Hidden {
    let likeness = |margin| Likeness { similarity: 0.5, margin };
    Hidden {
        regions: vec![[0., 0., 1., 1.]],
        share: 0.5,
        image: BeforeAfter {
            before: prediction(&[("healthy", 0.1), ("AMD", 0.9)]),
            after: prediction(&[("healthy", 0.8), ("AMD", 0.2)]),
        },
        caption: BeforeAfter { before: "AMD, fluid".into(), after: "healthy".into() },
        findings: vec![FindingChange {
            finding: "fluid".into(),
            likeness: BeforeAfter { before: likeness(0.25), after: likeness(-0.125) },
        }],
    }
}

/// A warning for these reasons, the gravest first.
pub(crate) fn warning(reasons: &[Doubt]) -> Warning {
    Warning { kind: reasons[0].kind(), reasons: reasons.to_vec(), score: 0.5 }
}

/// A scan that is held, and for which `caption` was retrieved.
pub(crate) fn held(id: u32, caption: &str) -> OpenScan {
    OpenScan {
        id,
        file: id,
        batch: id,
        eye: None,
        name: format!("{id}.png"),
        frame: 0,
        n_frames: 1,
        origin: Origin::Visitor,
        made: None,
        state: ScanState::Held { pixels: Arc::new(vec![0, 255]), used: 0 },
        thumbnail: None,
        answer: Some(Answer { report: Arc::new(report(caption)), answered: Options::default() }),
        opened_despite: None,
        wanted: Options::default(),
        n_deaths: 0,
        was_read: true,
    }
}
