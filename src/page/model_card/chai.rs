//! The model card for machines: JSON with the fields of the CHAI Applied Model Card (schema v0.2, <https://mc.chai.org>), whose
//! own form is XML; what it has no field for stands under `octlens`. What is not known is said to be so. English, as that schema's
//! readers expect.

use serde_json::{Value, json};

use super::patients_by_set;
use crate::bundle::card::{Figures, Interval, ModelCard, Training};
use crate::page::card::Source;

const SCHEMA: &str = "https://mc.chai.org/v0.2/schema.xsd";
const NOT_RECORDED: &str = "Not recorded in the weights file.";
const PROGRAM: &str = env!("CARGO_PKG_REPOSITORY");

/// The card as JSON text.
pub fn applied_model_card(card: &ModelCard) -> String {
    let card = json!({ "AppliedModelCard": fields(card), "octlens": facts(card) });
    // A map of texts and numbers always has a form as JSON.
    serde_json::to_string_pretty(&card).unwrap_or_default()
}

fn fields(card: &ModelCard) -> Value {
    let labels = card.vocabulary.labels.join(", ");
    let sets: Vec<String> = card.training.data.values().cloned().collect();
    let start = card
        .training
        .start
        .as_ref()
        .map(|start| format!("{} ({}), SHA-256 {}", start.file, start.format, start.sha256));
    json!({
        "schema": SCHEMA,
        "BasicInfo": {
            "ModelName": card.name,
            "ModelDeveloper": format!("{NOT_RECORDED} The program that trains and runs it: octlens, {PROGRAM}"),
            "DeveloperContact": PROGRAM,
        },
        "ReleaseInfo": {
            "ReleaseStage": "Research use only; not deployed in care.",
            "ReleaseDate": NOT_RECORDED,
            "ReleaseVersion": format!("SHA-256 {}", card.sha256),
            "GlobalAvailability": format!("Weights under {}.", card.licence),
            "RegulatoryApproval": "None. Not a medical device.",
        },
        "ModelSummary": {
            "Summary": format!("{} Answers about one macular OCT B-scan with one of: {labels}; explains the answer by a heatmap and by the phrases of a retrieved caption.", sentence(&card.title)),
            "Keywords": { "Keyword": ["optical coherence tomography", "retina", "age-related macular degeneration", "explainability"] },
        },
        "UsesAndDirections": {
            "IntendedUseAndWorkflow": "Research and teaching on explanations of image classifiers. It has no place in a clinical workflow.",
            "PrimaryIntendedUsers": "Researchers and students who can read OCT B-scans themselves.",
            "HowToUse": "Open a B-scan. Read the warning first, then the scan, then the answer with its heatmap and words.",
            "TargetedPatientPopulation": "None. The scans that it was measured on stand under KeyMetrics.",
            "CautionedOutOfScopeSettings": "Diagnosis, screening, triage and treatment; other pictures than macular B-scans; devices and diseases that it was not measured on.",
        },
        "Warnings": {
            "KnownRisksAndLimitations": "Wrong answers with high probability occur. The heatmap is coarse and shows what the answer rests on, not where disease is. The caption is retrieved from training captions; that image and words agree is no second opinion. The warning catches many unsuitable pictures, not all.",
            "KnownBiasesOrEthicalConsiderations": "Age, sex and origin of most patients of the public data sets are not known, so that bias between groups cannot be measured.",
            "ClinicalRiskLevel": "Not classified: not for clinical use.",
        },
        "TrustIngredients": {
            "AISystemFacts": {
                "OutcomesAndOutputs": format!("Probabilities of {labels}; heatmap; caption with a score for each phrase; a warning where the answer is doubtful."),
                "ModelType": "Contrastive image and text towers (CLIP) with a classification head on each; the weights are fixed.",
                "FoundationModels": start.unwrap_or_else(|| "None recorded.".to_owned()),
                "InputDataSource": "OCT B-scans: files that a person opens. They stay on the device.",
                "OutputAndInputDataTypes": format!("Input: a grey picture{}. Output: JSON (octlens.report/1).", input_size(card)),
                "DevelopmentDataCharacterization": development(&card.training, &sets),
                "BiasMitigationApproaches": "Classes are balanced and scanner differences reduced and varied in training, as the settings under octlens say. Groups of patients are not known.",
                "OngoingMaintenance": "None promised.",
                "Security": "Runs in the browser without uploading; the weights file has a checksum.",
                "Transparency": "Program, training code and settings are public.",
            },
            "TransparencyInformation": {
                "FundingSource": NOT_RECORDED,
                "ThirdPartyInformation": sets.join("; "),
                "StakeholdersConsulted": "None recorded.",
            },
        },
        "KeyMetrics": key_metrics(card),
        "Resources": {
            "EvaluationReferences": "train eval and train paper of octlens print and draw these figures again.",
            "PeerReviewedPublications": "Method: Cho, Park & Jeong, Study on the Application of Object Detection Labels for Multimodal Explanations in Retinal Disease. This model itself: none.",
            "PatientConsentOrDisclosure": "Public, anonymised data sets, under the licences that they were published with.",
        },
        "Bibliography": "",
    })
}

fn input_size(card: &ModelCard) -> String {
    card.input.map(|input| format!(", resized to {} × {} pixels", input.width, input.height)).unwrap_or_default()
}

fn development(training: &Training, sets: &[String]) -> String {
    let by_set = patients_by_set(training);
    let counts: Vec<String> = by_set
        .iter()
        .map(|(set, [train, val, test])| {
            format!("{set}: {train} patients to train, {val} to choose, {test} to measure")
        })
        .collect();
    format!("{}. {}", sets.join("; "), if counts.is_empty() { NOT_RECORDED.to_owned() } else { counts.join("; ") })
}

/// One metric for each of CHAI's three groups: those that were measured, or that nothing was.
fn key_metrics(card: &ModelCard) -> Value {
    let figures = card.metrics.as_ref().map(|metrics| metrics.at(card.precision));
    let results: Vec<Value> = figures.into_iter().flatten().flat_map(|(set, figures)| results(set, figures)).collect();
    let drift: Vec<Value> =
        card.metrics.iter().map(|metrics| result("8-bit integers against floats", &json!(metrics.drift))).collect();
    let described: Vec<String> = figures.into_iter().flatten().map(|(set, figures)| tested(set, figures)).collect();
    let described = if described.is_empty() { NOT_RECORDED.to_owned() } else { described.join("; ") };
    let metric = |goal: &str, results: Vec<Value>, interpretation: &str| {
        let none = || vec![result("none", &Value::Null)];
        json!({
            "MetricGoal": goal,
            "Results": { "MetricResult": if results.is_empty() { none() } else { results } },
            "Interpretation": interpretation,
            "TestType": "Retrospective, internal: held-out patients of the data sets of training.",
            "TestingDataDescription": described,
            "ValidationProcessAndJustification": "Patients are split before training; 95 % intervals are over draws of patients.",
        })
    };
    json!({
        "UsefulnessUsabilityEfficacy": metric(
            "How often an answer is right.",
            results,
            "Value and 95 % interval for each head, by data set and device. Other devices and other people may differ.",
        ),
        "FairnessEquity": metric(
            "Equal figures for groups of patients.",
            Vec::new(),
            "Not measured: the public data sets do not tell the groups.",
        ),
        "SafetyReliability": metric(
            "The 8-bit model answers as the float model does.",
            drift,
            "label_agreement: share of scans with the same answer; heatmap_pearson: median correlation of both heatmaps.",
        ),
    })
}

fn tested(set: &str, figures: &Figures) -> String {
    let source = Source::of(set, figures.device.as_deref());
    let device = figures.device.as_deref().unwrap_or("device not recorded");
    format!("{} ({device}): {} scans of {} patients", source.data_set, figures.n_scans, figures.n_patients)
}

fn results(set: &str, figures: &Figures) -> Vec<Value> {
    let heads = [("image head", &figures.image), ("text head", &figures.text)];
    let of_head = |(name, head): (&str, &crate::bundle::card::HeadFigures)| {
        let figures: [(&str, Option<Interval>); 6] = [
            ("AUROC, healthy or not", head.auroc),
            ("AUROC, mean over classes", head.macro_auroc),
            ("balanced accuracy", head.balanced_accuracy),
            ("sensitivity", head.sensitivity),
            ("specificity", head.specificity),
            ("accuracy", head.accuracy),
        ];
        let measured = figures.into_iter().filter_map(|(measure, figure)| Some((measure, figure?)));
        measured
            .map(|(measure, figure)| result(&format!("{set}, {name}: {measure}"), &json!(figure)))
            .collect::<Vec<_>>()
    };
    heads.into_iter().flat_map(of_head).collect()
}

/// A result as the schema has it: a label, and the value as JSON text.
fn result(label: &str, value: &Value) -> Value {
    json!({ "Label": label, "ValueJson": value.to_string() })
}

/// What the schema has no field for.
fn facts(card: &ModelCard) -> Value {
    let training = &card.training;
    let splits = training.splits.as_ref();
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "name": card.name,
        "title": card.title,
        "sha256": card.sha256,
        "bytes": card.bytes,
        "precision": card.precision,
        "licence": card.licence,
        "input": card.input,
        "labels": card.vocabulary.labels,
        "findings": card.vocabulary.findings,
        "training": {
            "data": training.data,
            "settings": training.settings,
            "start": training.start,
            "calibration": training.calibration,
            "split_seed": splits.map(|splits| splits.seed),
            "split_fractions": splits.map(|splits| splits.fractions),
            "patients": patients_by_set(training)
                .into_iter()
                .map(|(set, [train, val, test])| (set, json!({ "train": train, "val": val, "test": test })))
                .collect::<serde_json::Map<_, _>>(),
        },
        "metrics": card.metrics,
        "explanations": card.explanations,
    })
}

fn sentence(text: &str) -> String {
    let text = text.trim();
    if text.is_empty() || text.ends_with('.') { text.to_owned() } else { format!("{text}.") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::fixtures::card;
    use crate::page::model_card::tests::full_card;

    /// The fields that the schema requires.
    const REQUIRED: [&[&str]; 9] = [
        &["BasicInfo", "ModelName", "ModelDeveloper", "DeveloperContact"],
        &["ReleaseInfo", "ReleaseStage", "ReleaseDate", "ReleaseVersion", "GlobalAvailability"],
        &["ModelSummary", "Summary", "Keywords"],
        &[
            "UsesAndDirections",
            "IntendedUseAndWorkflow",
            "PrimaryIntendedUsers",
            "HowToUse",
            "TargetedPatientPopulation",
            "CautionedOutOfScopeSettings",
        ],
        &["Warnings", "KnownRisksAndLimitations", "KnownBiasesOrEthicalConsiderations", "ClinicalRiskLevel"],
        &["TrustIngredients", "AISystemFacts", "TransparencyInformation"],
        &["KeyMetrics", "UsefulnessUsabilityEfficacy", "FairnessEquity", "SafetyReliability"],
        &["Resources", "PeerReviewedPublications", "PatientConsentOrDisclosure"],
        &["Bibliography"],
    ];

    #[test]
    fn every_required_field_is_there_even_of_a_model_of_which_little_is_known() {
        for card in [card("m"), full_card()] {
            let card: Value = serde_json::from_str(&applied_model_card(&card)).unwrap();
            let card = &card["AppliedModelCard"];
            for fields in REQUIRED {
                let group = &card[fields[0]];
                assert!(!group.is_null(), "{}", fields[0]);
                assert!(fields[1..].iter().all(|field| !group[field].is_null()), "{fields:?}: {group}");
            }
            let facts = card["TrustIngredients"]["AISystemFacts"].as_object().unwrap();
            assert!(facts.values().all(|fact| fact.as_str().is_some_and(|fact| !fact.is_empty())), "{facts:?}");
            for metric in card["KeyMetrics"].as_object().unwrap().values() {
                assert!(!metric["Results"]["MetricResult"].as_array().unwrap().is_empty());
            }
        }
    }

    #[test]
    fn figures_keep_their_intervals_and_patients_are_counted_only() {
        let text = applied_model_card(&full_card());
        assert!(!text.contains("secret"), "no patient's number");
        let json: Value = serde_json::from_str(&text).unwrap();
        let results = &json["AppliedModelCard"]["KeyMetrics"]["UsefulnessUsabilityEfficacy"]["Results"]["MetricResult"];
        assert_eq!(results.as_array().unwrap().len(), 4);
        assert_eq!(results[0]["Label"], "octdl, image head: AUROC, healthy or not");
        let value: Value = serde_json::from_str(results[0]["ValueJson"].as_str().unwrap()).unwrap();
        assert_eq!(value, json!({ "value": 0.9, "low": 0.8, "high": 0.95 }));
        assert_eq!(json["octlens"]["training"]["patients"]["octdl"], json!({ "train": 2, "val": 0, "test": 1 }));
        assert_eq!(json["octlens"]["training"]["settings"]["epochs"], 12);
        assert_eq!(json["octlens"]["input"]["width"], 384);
    }
}
