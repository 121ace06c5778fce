//! What the shipped weights' word scores say, against what leaving phrases out of the caption does to the text head's answer.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::collections::HashMap;

use octlens::caption::Caption;
use octlens::engine::Engine;
use octlens::report::{TokenReport, WordMethod};

/// Captions run together in one tree of tokens or one by one, in 32-bit floats: log-odds near 10 keep five digits.
const TOLERANCE: f64 = 2e-3;

/// The shipped model, and the log-odds of AMD that its text head gave to each text so far.
struct Reader {
    engine: Engine,
    answers: HashMap<String, f64>,
}

impl Reader {
    fn new() -> Self {
        let bytes = include_bytes!("../weights/compact.safetensors");
        Self { engine: Engine::load("compact", bytes.to_vec()).unwrap(), answers: HashMap::new() }
    }

    /// The retrieval captions that name findings, as phrases.
    fn captions(&self) -> Vec<Vec<String>> {
        let captions = self.engine.metadata().captions.iter().filter(|c| !c.findings.is_empty());
        let captions: Vec<_> = captions.map(phrases).collect();
        assert!(captions.len() > 50);
        captions
    }

    fn log_odds(&mut self, phrases: &[String]) -> f64 {
        let text = phrases.join(", ");
        let engine = &self.engine;
        *self.answers.entry(text).or_insert_with_key(|text| {
            let logits = engine.text_prediction(text).unwrap().logits;
            f64::from(logits[1]) - f64::from(logits[0])
        })
    }

    /// The log-odds of each part of a caption: bit i of the index is phrase i.
    fn parts(&mut self, phrases: &[String]) -> Vec<f64> {
        let part = |kept: usize| (0..phrases.len()).filter(move |i| kept >> i & 1 == 1).map(|i| phrases[i].clone());
        (0..1 << phrases.len()).map(|kept| self.log_odds(&part(kept).collect::<Vec<_>>())).collect()
    }

    fn scores(&self, phrases: &[String], method: WordMethod) -> TokenReport {
        let report = self.engine.token_report(&phrases.join(", "), "AMD", method).unwrap();
        assert!(report.words.iter().map(|w| &w.text).eq(phrases));
        report
    }
}

fn phrases(caption: &Caption) -> Vec<String> {
    caption.label.iter().chain(&caption.findings).cloned().collect()
}

/// What phrase `i` changes in each combination with the others.
fn effects(parts: &[f64], i: usize) -> impl Iterator<Item = f64> {
    (0..parts.len()).filter(move |kept| kept >> i & 1 == 0).map(move |kept| parts[kept | 1 << i] - parts[kept])
}

#[test]
fn a_words_log_odds_are_what_it_changes_averaged_over_every_order_of_naming() {
    let mut reader = Reader::new();
    for caption in reader.captions() {
        let (n, parts) = (caption.len(), reader.parts(&caption));
        let report = reader.scores(&caption, WordMethod::Shapley);
        // Heap's algorithm: every order of the phrases.
        let (mut order, mut turns, mut at, mut orders) = ((0..n).collect::<Vec<_>>(), vec![0; n], 0, Vec::new());
        orders.push(order.clone());
        while at < n {
            if turns[at] < at {
                order.swap(if at % 2 == 0 { 0 } else { turns[at] }, at);
                orders.push(order.clone());
                (turns[at], at) = (turns[at] + 1, 0);
            } else {
                (turns[at], at) = (0, at + 1);
            }
        }
        let mut expected = vec![0.; n];
        for order in &orders {
            let mut kept = 0;
            for &i in order {
                expected[i] += (parts[kept | 1 << i] - parts[kept]) / orders.len() as f64;
                kept |= 1 << i;
            }
        }
        for (word, expected) in report.words.iter().zip(&expected) {
            let found = f64::from(word.log_odds.unwrap());
            assert!((found - expected).abs() < TOLERANCE, "{caption:?}: {} {found}, not {expected}", word.text);
            assert_eq!(word.score < 0., found < 0., "{caption:?}: {}", word.text);
        }
        let sum = report.sum.unwrap();
        assert!(sum.is_exact && sum.n_captions == parts.len());
        assert!((f64::from(sum.empty) - parts[0]).abs() < TOLERANCE);
        assert!((f64::from(sum.caption) - parts[parts.len() - 1]).abs() < TOLERANCE);
    }
}

#[test]
fn a_supporting_finding_is_never_said_to_speak_against() {
    let mut reader = Reader::new();
    let (mut n_alone, mut n_supporting, mut denied_left_out) = (0, 0, 0);
    let mut denied = WordMethod::ALL.map(|method| (method, 0));
    for caption in reader.captions() {
        let parts = reader.parts(&caption);
        let reports = WordMethod::ALL.map(|method| reader.scores(&caption, method));
        let report = reports.iter().find(|report| report.method == WordMethod::default()).unwrap();
        for (i, word) in report.words.iter().enumerate().skip(1) {
            let alone = parts[1 << i] - parts[0];
            let left_out = parts[parts.len() - 1] - parts[(parts.len() - 1) & !(1 << i)];
            if alone > 0. {
                n_alone += 1;
                denied_left_out += usize::from(left_out < 0.);
                for ((_, denied), report) in denied.iter_mut().zip(&reports) {
                    *denied += usize::from(report.words[i].score < 0.);
                }
            }
            if alone > 0. && left_out > 0. {
                n_supporting += 1;
                assert!(word.score > 0., "{caption:?}: {} {}", word.text, word.score);
            }
            // Whatever is said to speak against does so where it stands.
            assert!(word.score > 0. || left_out < 0., "{caption:?}: {} {} {left_out}", word.text, word.score);
            let (all_up, all_down) = (effects(&parts, i).all(|e| e > 0.), effects(&parts, i).all(|e| e < 0.));
            assert!(!all_up || word.score > 0., "{caption:?}: {} always raises the odds", word.text);
            assert!(!all_down || word.score < 0., "{caption:?}: {} always lowers the odds", word.text);
        }
    }
    println!("of {n_alone} findings that alone raise the odds, these score negative:");
    println!("  leaving one out: {denied_left_out}");
    for (method, denied) in denied {
        println!("  {}: {denied}", method.name());
    }
    assert!(n_supporting > 100, "{n_supporting}");
    let by = |method| denied.iter().find(|(of, _)| *of == method).unwrap().1;
    let (by_default, by_gradient) = (by(WordMethod::default()), by(WordMethod::GradientXActivation));
    assert!(by_default * 20 < by_gradient, "{by_default} and {by_gradient}: is this still the better method?");
}

#[test]
fn for_the_other_class_everything_speaks_the_other_way() {
    let reader = Reader::new();
    let caption = "AMD, hard drusen, soft drusen";
    let [amd, healthy] =
        ["AMD", "healthy"].map(|target| reader.engine.token_report(caption, target, WordMethod::Shapley).unwrap());
    for (ours, theirs) in amd.words.iter().zip(&healthy.words) {
        assert!((ours.score + theirs.score).abs() < 1e-4, "{}: {} and {}", ours.text, ours.score, theirs.score);
    }
}

/// Phrases of a long caption.
const N_LONG: usize = 12;

#[test]
fn a_long_caption_is_weighed_too() {
    let reader = Reader::new();
    let vocabulary = &reader.engine.metadata().vocabulary;
    // As many as the tokenizer's 48 tokens hold, more than are weighed exactly.
    let all: Vec<String> = vocabulary.labels[1..].iter().chain(&vocabulary.findings).take(N_LONG).cloned().collect();
    let report = reader.scores(&all, WordMethod::Shapley);
    let sum = report.sum.unwrap();
    assert!(!sum.is_exact && sum.n_captions < 200, "{sum:?}");
    let added: f64 = report.words.iter().map(|w| f64::from(w.log_odds.unwrap())).sum();
    assert!((added - f64::from(sum.caption - sum.empty)).abs() < TOLERANCE, "{added} {sum:?}");
}
