//! Reads the measured figures and the training notes of a weights file into rows for people. The JSON's depth and
//! keys are the file's own: what is known gets a row, the rest is listed as it stands. Knows no language.

use serde_json::{Map, Value};

/// A measured value, with its interval where there is one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figure {
    /// The value.
    pub value: f64,
    /// The ends of its 95 % interval.
    pub interval: Option<[f64; 2]>,
}

/// One measure of both heads.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The measure's key in the file: `auroc`, `sensitivity`, …
    pub measure: String,
    /// The image head's.
    pub image: Option<Figure>,
    /// The text head's.
    pub text: Option<Figure>,
}

/// The figures of one test.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Section {
    /// The keys that lead to it, joined by ` · `.
    pub name: String,
    /// Both heads' measures.
    pub rows: Vec<Row>,
    /// How many scans were judged.
    pub n_scans: Option<u64>,
    /// Of how many patients.
    pub n_patients: Option<u64>,
    /// Whatever else it tells: key and value.
    pub notes: Vec<(String, String)>,
}

/// The order in which known measures are shown; others follow as they come.
const MEASURES: [&str; 6] = ["auroc", "macro_auroc", "balanced_accuracy", "sensitivity", "specificity", "accuracy"];

/// Every test that the metrics hold, outermost first; figures that belong to no head become notes.
pub fn sections(metrics: &Value) -> Vec<Section> {
    let mut found = Vec::new();
    if let Value::Object(object) = metrics {
        collect_sections(object, &mut Vec::new(), &mut found);
    }
    found
}

fn collect_sections(object: &Map<String, Value>, path: &mut Vec<String>, found: &mut Vec<Section>) {
    let mut section = Section { name: path.join(" · "), ..Section::default() };
    let mut inner = Vec::new();
    for (key, value) in object {
        match (key.as_str(), value) {
            ("image" | "image_head", Value::Object(head)) => add_head(&mut section.rows, head, true),
            ("text" | "text_head", Value::Object(head)) => add_head(&mut section.rows, head, false),
            ("n_scans" | "scans", Value::Number(n)) => section.n_scans = n.as_u64(),
            ("n_patients" | "patients", Value::Number(n)) => section.n_patients = n.as_u64(),
            (_, Value::Object(child)) if figure(value).is_none() => inner.push((key, child)),
            _ => section.notes.extend(note(key, value)),
        }
    }
    section.rows.sort_by_key(|row| MEASURES.iter().position(|m| *m == row.measure).unwrap_or(MEASURES.len()));
    if !section.rows.is_empty() || !section.notes.is_empty() {
        found.push(section);
    }
    for (key, child) in inner {
        path.push(humanised(key));
        collect_sections(child, path, found);
        path.pop();
    }
}

fn add_head(rows: &mut Vec<Row>, head: &Map<String, Value>, is_image: bool) {
    for (measure, value) in head {
        let Some(figure) = figure(value) else { continue };
        let row = match rows.iter_mut().find(|row| row.measure == *measure) {
            Some(row) => row,
            None => {
                rows.push(Row { measure: measure.clone(), image: None, text: None });
                let last = rows.len() - 1;
                &mut rows[last]
            }
        };
        *(if is_image { &mut row.image } else { &mut row.text }) = Some(figure);
    }
}

/// Reads `0.98`, `{"value": 0.98, "low": 0.97, "high": 0.99}` or `{"value": 0.98, "interval": [0.97, 0.99]}`.
fn figure(value: &Value) -> Option<Figure> {
    match value {
        Value::Number(number) => number.as_f64().map(|value| Figure { value, interval: None }),
        Value::Object(object) => {
            let end = |key: &str| object.get(key).and_then(Value::as_f64);
            let pair = || match object.get("interval").or_else(|| object.get("ci")).and_then(Value::as_array) {
                Some(ends) => Some([ends.first()?.as_f64()?, ends.get(1)?.as_f64()?]),
                None => None,
            };
            let interval = end("low").zip(end("high")).map(|(low, high)| [low, high]).or_else(pair);
            end("value").map(|value| Figure { value, interval })
        }
        _ => None,
    }
}

fn note(key: &str, value: &Value) -> Option<(String, String)> {
    let text = match value {
        Value::Null => return None,
        Value::String(text) => text.clone(),
        Value::Bool(answer) => if *answer { "yes" } else { "no" }.to_owned(),
        Value::Number(number) if number.is_i64() || number.is_u64() => number.to_string(),
        Value::Number(number) => significant(number.as_f64()?),
        Value::Array(items) => {
            let texts: Vec<_> = items.iter().filter_map(|item| note("", item).map(|(_, text)| text)).collect();
            texts.join(", ")
        }
        Value::Object(object) => match figure(value) {
            Some(Figure { value, interval: Some([low, high]) }) => {
                format!("{} ({}–{})", significant(value), significant(low), significant(high))
            }
            Some(Figure { value, interval: None }) => significant(value),
            None => {
                let parts = object.iter().filter_map(|(key, value)| note(key, value));
                parts.map(|(key, text)| format!("{key} {text}")).collect::<Vec<_>>().join(", ")
            }
        },
    };
    (!text.is_empty()).then(|| (humanised(key), text))
}

/// Every note of a JSON object: key and value in words; lists of objects become one note per entry.
pub fn notes(value: &Value) -> Vec<(String, String)> {
    let Value::Object(object) = value else { return note("", value).into_iter().collect() };
    let mut found = Vec::new();
    for (key, value) in object {
        match value {
            Value::Array(items) if items.iter().any(Value::is_object) => {
                found.extend(items.iter().filter_map(|item| note(key, item)));
            }
            _ => found.extend(note(key, value)),
        }
    }
    found
}

fn humanised(key: &str) -> String {
    key.replace('_', " ")
}

/// Three digits behind the point, or in powers of ten when it is small or large.
fn significant(value: f64) -> String {
    if value == 0.0 || (0.01..1000.0).contains(&value.abs()) {
        return format!("{value:.3}");
    }
    let text = format!("{value:.2e}");
    match text.split_once('e') {
        Some((digits, power)) => format!("{}e{power}", digits.trim_end_matches('0').trim_end_matches('.')),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_heads_stand_in_one_row_with_their_intervals() {
        let metrics = json!({"test": {
            "image": {"sensitivity": 0.95, "auroc": {"value": 0.99, "low": 0.98, "high": 1.0}},
            "text": {"auroc": {"value": 0.9, "interval": [0.8, 0.95]}},
            "n_scans": 200, "n_patients": 90,
        }});
        let found = sections(&metrics);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].name.as_str(), found[0].n_scans, found[0].n_patients), ("test", Some(200), Some(90)));
        assert_eq!(found[0].rows[0].measure, "auroc", "the known order wins over the file's");
        assert_eq!(found[0].rows[0].image, Some(Figure { value: 0.99, interval: Some([0.98, 1.0]) }));
        assert_eq!(found[0].rows[0].text, Some(Figure { value: 0.9, interval: Some([0.8, 0.95]) }));
        assert_eq!(found[0].rows[1].text, None);
    }

    #[test]
    fn deeper_tests_are_named_by_their_path_and_other_figures_are_kept() {
        let metrics = json!({
            "int8": {"test": {"image": {"auroc": 0.9}}}, "max_drift": 0.0021, "phantoms": {"pointing_game": 0.83},
        });
        let found = sections(&metrics);
        let names: Vec<_> = found.iter().map(|s| s.name.as_str()).collect();
        assert_eq!(names, ["", "int8 · test", "phantoms"]);
        assert_eq!(found[0].notes, [("max drift".to_owned(), "2.1e-3".to_owned())]);
        assert_eq!(found[2].notes, [("pointing game".to_owned(), "0.830".to_owned())]);
    }

    #[test]
    fn metrics_of_an_unknown_shape_give_nothing_and_do_not_panic() {
        for odd in [json!(null), json!([1, 2]), json!("x"), json!({"image": 3}), json!({"image": {"auroc": "high"}})] {
            assert!(sections(&odd).iter().all(|section| section.rows.is_empty()), "{odd}");
        }
    }

    #[test]
    fn training_notes_are_flattened_into_words() {
        let notes = notes(&json!({"data": [{"name": "OCTDL", "licence": "CC BY 4.0"}], "epochs": 30, "lr": 5e-5}));
        let data = notes.iter().find(|(key, _)| key == "data").map(|(_, text)| text.as_str()).unwrap();
        assert!(data.contains("name OCTDL") && data.contains("licence CC BY 4.0"), "{data}");
        assert!(notes.contains(&("epochs".into(), "30".into())));
        assert!(notes.contains(&("lr".into(), "5e-5".into())));
    }
}
