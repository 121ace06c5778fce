//! Records become grey images in memory, at the model's input size. Reads files; knows no network.

use indicatif::ProgressBar;
use rayon::prelude::*;

use super::annotation::{Annotation, annotations, is_true_of};
use super::lesion_box::LesionBox;
use super::record::Record;
use super::scan_file;
use crate::error::Result;
use crate::scan::Scan;
use crate::train::config::ModelSpec;

/// One scan, ready for views.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Its index among the records that were read.
    pub record: usize,
    /// `image_height · image_width` grey values, contrast-stretched.
    pub grey: Vec<u8>,
    /// Class index.
    pub class: usize,
    /// Index into the model's captions; none if no training scan has this caption.
    pub caption: Option<usize>,
    /// Indices of the model's other captions that are as true of it.
    pub also_true: Vec<usize>,
    /// What is known of each finding, in vocabulary order.
    pub annotations: Vec<Annotation>,
    /// Where its findings lie, if its source marks them.
    pub places: Vec<Place>,
}

/// A finding's rectangle, in pixels of the model's input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// Index into the vocabulary's findings.
    pub finding: usize,
    /// Left and right edge.
    pub x: [f32; 2],
    /// Upper and lower edge.
    pub y: [f32; 2],
}

/// Reads and resizes every record, in their order.
///
/// # Errors
/// Names the first file that cannot be read.
pub(crate) fn read(records: &[&Record], spec: &ModelSpec, bar: &ProgressBar) -> Result<Vec<Sample>> {
    records
        .par_iter()
        .enumerate()
        .map(|(i, record)| {
            let scan = read_scan(record)?;
            let grey = spec.preprocess.grey(&scan).into_iter().map(|v| (v * 255.).round() as u8).collect();
            let caption = spec.captions.iter().position(|c| *c == record.caption);
            let is_also_true =
                |c: &usize| Some(*c) != caption && is_true_of(&spec.captions[*c], &spec.vocabulary, record);
            let sample = Sample {
                record: i,
                grey,
                class: spec.class_of(&record.label)?,
                caption,
                also_true: (0..spec.captions.len()).filter(is_also_true).collect(),
                annotations: annotations(&spec.vocabulary, record),
                places: places(record, &scan, spec),
            };
            bar.inc(1);
            Ok(sample)
        })
        .collect()
}

/// A record's boxes, in pixels of the model's input.
fn places(record: &Record, scan: &Scan, spec: &ModelSpec) -> Vec<Place> {
    let region = spec.preprocess.region(scan);
    let (width, height) = (spec.preprocess.image_width as f32, spec.preprocess.image_height as f32);
    let place = |b: &LesionBox, finding: &str| {
        let finding = spec.vocabulary.findings.iter().position(|f| f == finding)?;
        let (left, top) = region.input_from_scan(b.xmin as f32, b.ymin as f32);
        let (right, bottom) = region.input_from_scan(b.xmax as f32 + 1., b.ymax as f32 + 1.);
        Some(Place { finding, x: [left * width, right * width], y: [top * height, bottom * height] })
    };
    // A box of a finding is also one of its wider finding.
    let of = |b: &LesionBox| [Some(b.finding), spec.vocabulary.parent(b.finding)].map(|f| place(b, f?));
    record.boxes.iter().flat_map(of).flatten().collect()
}

/// Decodes a record's file.
pub(crate) fn read_scan(record: &Record) -> Result<Scan> {
    scan_file::decode(&record.path)
}
