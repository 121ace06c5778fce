//! A folder of phantoms in OCT5k's own layout: images by part and eye, one file of boxes, one of classes.
//! Knows files; `crate::phantom` draws.

use std::io::Cursor;
use std::path::Path;

use image::ImageFormat;
use rayon::prelude::*;

use crate::caption::{Diagnosis, Lesion};
use crate::error::{Error, Result};
use crate::phantom::{IMAGES_PER_EYE, Phantom, draw};
use crate::train::data::oct5k;
use crate::train::files::{self, Action, failed};

/// Images drawn at once: enough for every core, few enough that progress is seen.
const BATCH: usize = 16;

/// How many phantoms to draw, from which seed.
pub(super) struct FolderOptions {
    /// Images of healthy retinas.
    pub healthy: usize,
    /// Images of retinas with AMD.
    pub amd: usize,
    /// Everything drawn depends on this number and on nothing else.
    pub seed: u64,
}

/// What was written.
pub(super) struct Summary {
    /// Images, healthy and AMD together.
    pub images: usize,
    /// Rows in the box file.
    pub boxes: usize,
}

/// Writes the images and tables of `options` below `dir`, which is made if it is missing.
/// `on_image` is called once after each image. The box file comes last: a folder without it is not whole.
///
/// # Errors
/// A folder that holds phantoms or scans already, or that cannot be written, is named.
pub(super) fn write_folder(dir: &Path, options: &FolderOptions, on_image: &mut dyn FnMut()) -> Result<Summary> {
    let (images, boxes) = (dir.join(oct5k::IMAGES), dir.join(oct5k::BOXES));
    if images.exists() {
        let message = format!("{} exists already: give an empty folder, or remove it first", images.display());
        return Err(Error::data(message));
    }
    write_classes(&dir.join(oct5k::CLASSES))?;

    let csv_error = |e: csv::Error| failed(Action::Write, &boxes, e);
    let mut rows = csv::Writer::from_writer(Vec::new());
    rows.write_record(oct5k::BOX_COLUMNS).map_err(csv_error)?;
    let mut n_boxes = 0;
    for (diagnosis, count) in [(Diagnosis::Amd, options.amd), (Diagnosis::Healthy, options.healthy)] {
        let indices: Vec<u64> = (0..count as u64).collect();
        for batch in indices.chunks(BATCH) {
            let drawn: Vec<Phantom> = batch
                .par_iter()
                .map(|&index| {
                    let phantom = draw(options.seed, index, diagnosis);
                    save(&images.join(image_name(diagnosis, index)), &phantom)?;
                    Ok(phantom)
                })
                .collect::<Result<_>>()?;
            for (&index, phantom) in batch.iter().zip(&drawn) {
                let name = image_name(diagnosis, index);
                for found in &phantom.lesions {
                    let [xmin, ymin, xmax, ymax] = found.edges.map(|edge| edge.to_string());
                    let class = Lesion::from_phrase(&found.finding)
                        .map_or(found.finding.as_str(), |lesion| lesion.oct5k_name());
                    let row = n_boxes.to_string();
                    rows.write_record([&row, &name, &xmin, &ymin, &xmax, &ymax, class]).map_err(csv_error)?;
                    n_boxes += 1;
                }
                on_image();
            }
        }
    }
    let rows = rows.into_inner().map_err(|e| failed(Action::Write, &boxes, e.into_error()))?;
    files::write(&boxes, rows)?;
    Ok(Summary { images: options.healthy + options.amd, boxes: n_boxes })
}

fn image_name(diagnosis: Diagnosis, index: u64) -> String {
    oct5k::image_name(diagnosis, index / IMAGES_PER_EYE + 1, index % IMAGES_PER_EYE + 1)
}

fn save(path: &Path, phantom: &Phantom) -> Result<()> {
    if let Some(folder) = path.parent() {
        files::make_dir(folder)?;
    }
    let mut png = Cursor::new(Vec::new());
    phantom.image.write_to(&mut png, ImageFormat::Png).map_err(|e| failed(Action::Write, path, e))?;
    files::write(path, png.into_inner())
}

fn write_classes(path: &Path) -> Result<()> {
    if let Some(folder) = path.parent() {
        files::make_dir(folder)?;
    }
    let lines: String =
        Lesion::ALL.iter().enumerate().map(|(index, lesion)| format!("{},{index}\n", lesion.oct5k_name())).collect();
    files::write(path, lines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::data::record::SourceKind;

    #[test]
    fn a_folder_reads_back_as_it_was_drawn() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        let options = FolderOptions { healthy: 2, amd: 5, seed: 3 };
        let mut calls = 0;
        let summary = write_folder(dir, &options, &mut || calls += 1).unwrap();
        assert_eq!((summary.images, calls), (7, 7));

        let text = std::fs::read_to_string(dir.join("Detection/all_bounding_boxes.csv")).unwrap();
        assert_eq!(text.lines().next(), Some(",image,xmin,ymin,xmax,ymax,class"));
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let rows: Vec<csv::StringRecord> = reader.records().map(|row| row.unwrap()).collect();
        let drawn: Vec<_> = (0..5).flat_map(|index| draw(3, index, Diagnosis::Amd).lesions).collect();
        assert_eq!(rows.len(), drawn.len());
        assert_eq!(summary.boxes, drawn.len());
        for (i, (row, found)) in rows.iter().zip(&drawn).enumerate() {
            assert_eq!(row[0], i.to_string());
            let image = image::open(dir.join("Images/Images_Original").join(&row[1])).unwrap();
            assert_eq!((image.width(), image.height()), (512, 512));
            assert_eq!(Lesion::from_oct5k_name(&row[6]).map(Lesion::phrase), Some(found.finding.as_str()));
            assert_eq!(row[5], found.edges[3].to_string());
        }
        assert!(dir.join("Images/Images_Original/Normal Part1/Normal (1)/Image (2).png").is_file());
        assert!(dir.join("Images/Images_Original/AMD Part1/AMD (2)/Image (1).png").is_file());
        let classes = std::fs::read_to_string(dir.join("Detection/all_classes.csv")).unwrap();
        assert!(classes.starts_with("Choroidalfolds,0\n") && classes.ends_with("SoftdrusenPED,8\n"), "{classes}");

        // The reader of OCT5k finds every image, and every box by its image.
        let dataset = oct5k::read(dir, SourceKind::Phantom).unwrap();
        assert_eq!((dataset.records.len(), dataset.problems), (7, vec![]));
        let of_amd = dataset.records.iter().filter(|r| r.label == Diagnosis::Amd.label());
        assert_eq!(of_amd.map(|r| r.boxes.len()).sum::<usize>(), drawn.len());

        assert!(write_folder(dir, &options, &mut || ()).is_err(), "a folder in use was written over");
    }
}
