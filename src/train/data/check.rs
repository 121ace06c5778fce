//! Reads every picture once before anything is computed from it, so that a broken one is known at the start, not after hours.

use std::borrow::Borrow;

use rayon::prelude::*;

use super::record::{Problem, Record};
use super::scan_file;
use super::twins::Fingerprint;
use crate::doubt::doubts_of_picture;
use crate::error::Error;
use crate::report::Doubt;

/// The fingerprint of each record's picture, in their order, or why it cannot be used. `on_read` is called once for each.
pub(crate) fn check<R: Borrow<Record> + Sync>(
    records: &[R],
    on_read: impl Fn() + Sync,
) -> Vec<Result<Fingerprint, Problem>> {
    let of = |record: &R| {
        let checked = check_one(record.borrow());
        on_read();
        checked
    };
    records.par_iter().map(of).collect()
}

fn check_one(record: &Record) -> Result<Fingerprint, Problem> {
    let problem = |what: String| Problem { file: record.path.clone(), line: None, what };
    let scan = scan_file::decode(&record.path).map_err(|e| problem(reason(&e)))?;
    let what = match doubts_of_picture(&scan).first() {
        Some(Doubt::TooSmall) => format!("the picture is too small, {} × {} pixels", scan.width, scan.height),
        Some(Doubt::OneColour) => "the picture is of one colour".to_owned(),
        _ => return Ok(Fingerprint::of(&scan)),
    };
    Err(problem(what))
}

/// An error's reason without the path that a problem names itself.
fn reason(error: &Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

#[cfg(test)]
mod tests {
    use image::{GrayImage, Luma};

    use super::*;
    use crate::caption::Caption;
    use crate::train::data::record::SourceKind;

    #[test]
    fn what_cannot_be_used_is_named_with_its_reason_and_the_rest_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let layers = GrayImage::from_fn(120, 80, |_, y| Luma([if (30..50).contains(&y) { 200 } else { 20 }]));
        let save = |picture: &GrayImage, name: &str| picture.save(dir.path().join(name)).unwrap();
        save(&layers, "good.png");
        save(&GrayImage::new(120, 80), "black.png");
        save(&GrayImage::new(1, 1), "pixel.png");
        let whole = std::fs::read(dir.path().join("good.png")).unwrap();
        for (name, bytes) in
            [("cut.png", &whole[..whole.len() / 3]), ("empty.png", b""), ("page.png", b"<html></html>")]
        {
            std::fs::write(dir.path().join(name), bytes).unwrap();
        }
        let record = |name: &str| Record {
            path: dir.path().join(name),
            name: name.to_owned(),
            source: SourceKind::Octdl,
            patient: String::new(),
            label: String::new(),
            caption: Caption::default(),
            annotated: vec![],
            boxes: vec![],
        };
        let expected = [
            ("good.png", None),
            ("black.png", Some("one colour")),
            ("pixel.png", Some("too small, 1 × 1")),
            ("cut.png", Some("cut short")),
            ("empty.png", Some("empty")),
            ("page.png", Some("web pages (HTML)")),
            ("gone.png", Some("No such file")),
        ];
        let records = expected.map(|(name, _)| record(name));
        let checked = check(&records, || {});
        for ((name, reason), checked) in expected.iter().zip(&checked) {
            match (reason, checked) {
                (None, Ok(_)) => {}
                (Some(reason), Err(problem)) => {
                    let text = problem.to_string();
                    assert!(text.contains(reason) && text.matches(name).count() == 1, "{text}");
                }
                other => panic!("{name}: {other:?}"),
            }
        }
    }
}
