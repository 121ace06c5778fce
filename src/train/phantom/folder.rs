//! A folder of phantoms in OCT5k's own layout: images by part and eye, one file of boxes, one of classes.
//! Knows files; draws nothing itself.

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::{IMAGES_PER_EYE, Phantom, Settings, Summary, draw};
use crate::caption::{Diagnosis, Lesion};
use crate::error::{Error, Result};

/// Images drawn at once: enough for every core, few enough that progress is seen.
const BATCH: usize = 16;

/// Writes the images and tables of `settings` below `dir`, which is made if it is missing.
/// `on_image` is called once after each image.
///
/// # Errors
/// A folder that holds phantoms or scans already, or that cannot be written, is named.
pub fn write_folder(dir: &Path, settings: &Settings, on_image: &mut dyn FnMut()) -> Result<Summary> {
    let images = dir.join("Images").join("Images_Original");
    if images.exists() {
        let message = format!("{} exists already: give an empty folder, or remove it first", images.display());
        return Err(Error::data(message));
    }
    let tables = dir.join("Detection");
    make_folder(&tables)?;
    write_classes(&tables.join("all_classes.csv"))?;

    let boxes_path = tables.join("all_bounding_boxes.csv");
    let csv_error = |e: csv::Error| Error::io(format!("{} cannot be written", boxes_path.display())).because(e);
    let mut rows = csv::Writer::from_path(&boxes_path).map_err(csv_error)?;
    rows.write_record(["", "image", "xmin", "ymin", "xmax", "ymax", "class"]).map_err(csv_error)?;
    let mut n_boxes = 0;
    for (diagnosis, count) in [(Diagnosis::Amd, settings.amd), (Diagnosis::Healthy, settings.healthy)] {
        let indices: Vec<u64> = (0..count as u64).collect();
        for batch in indices.chunks(BATCH) {
            let drawn: Vec<Phantom> = batch
                .par_iter()
                .map(|&index| {
                    let phantom = draw(settings.seed, index, diagnosis);
                    save(&images.join(image_path(diagnosis, index)), &phantom)?;
                    Ok(phantom)
                })
                .collect::<Result<_>>()?;
            for (&index, phantom) in batch.iter().zip(&drawn) {
                let path = image_path(diagnosis, index);
                for found in &phantom.boxes {
                    let [xmin, ymin, xmax, ymax] =
                        [found.xmin, found.ymin, found.xmax, found.ymax].map(|edge| edge.to_string());
                    let (row, class) = (n_boxes.to_string(), found.lesion.oct5k_name());
                    rows.write_record([&row, &path, &xmin, &ymin, &xmax, &ymax, class]).map_err(csv_error)?;
                    n_boxes += 1;
                }
                on_image();
            }
        }
    }
    rows.flush().map_err(|e| Error::io(format!("{} cannot be written", boxes_path.display())).because(e))?;
    Ok(Summary { images: settings.healthy + settings.amd, boxes: n_boxes })
}

/// An image's path below `Images_Original`, as the box file has it: `AMD Part1/AMD (3)/Image (1).png`.
fn image_path(diagnosis: Diagnosis, index: u64) -> String {
    let name = match diagnosis {
        Diagnosis::Amd => "AMD",
        Diagnosis::Healthy => "Normal",
    };
    let (eye, image) = (index / IMAGES_PER_EYE + 1, index % IMAGES_PER_EYE + 1);
    format!("{name} Part1/{name} ({eye})/Image ({image}).png")
}

fn save(path: &PathBuf, phantom: &Phantom) -> Result<()> {
    if let Some(folder) = path.parent() {
        make_folder(folder)?;
    }
    phantom.image.save(path).map_err(|e| Error::io(format!("{} cannot be written", path.display())).because(e))
}

fn make_folder(path: &Path) -> Result<()> {
    std::fs::create_dir_all(path).map_err(|e| Error::io(format!("{} cannot be made", path.display())).because(e))
}

fn write_classes(path: &Path) -> Result<()> {
    let lines: String =
        Lesion::ALL.iter().enumerate().map(|(index, lesion)| format!("{},{index}\n", lesion.oct5k_name())).collect();
    std::fs::write(path, lines).map_err(|e| Error::io(format!("{} cannot be written", path.display())).because(e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_reads_back_as_it_was_drawn() {
        let dir = std::env::temp_dir().join(format!("octlens-phantoms-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        let settings = Settings { healthy: 2, amd: 5, seed: 3 };
        let mut calls = 0;
        let summary = write_folder(&dir, &settings, &mut || calls += 1).unwrap();
        assert_eq!((summary.images, calls), (7, 7));

        let text = std::fs::read_to_string(dir.join("Detection/all_bounding_boxes.csv")).unwrap();
        assert_eq!(text.lines().next(), Some(",image,xmin,ymin,xmax,ymax,class"));
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let rows: Vec<csv::StringRecord> = reader.records().map(|row| row.unwrap()).collect();
        let drawn: Vec<_> = (0..5).flat_map(|index| draw(3, index, Diagnosis::Amd).boxes).collect();
        assert_eq!(rows.len(), drawn.len());
        assert_eq!(summary.boxes, drawn.len());
        for (i, (row, found)) in rows.iter().zip(&drawn).enumerate() {
            assert_eq!(row[0], i.to_string());
            let image = image::open(dir.join("Images/Images_Original").join(&row[1])).unwrap();
            assert_eq!((image.width(), image.height()), (512, 512));
            assert_eq!(Lesion::from_oct5k_name(&row[6]), Some(found.lesion));
            assert_eq!(row[5], found.ymax.to_string());
        }
        assert!(dir.join("Images/Images_Original/Normal Part1/Normal (1)/Image (2).png").is_file());
        assert!(dir.join("Images/Images_Original/AMD Part1/AMD (2)/Image (1).png").is_file());
        let classes = std::fs::read_to_string(dir.join("Detection/all_classes.csv")).unwrap();
        assert!(classes.starts_with("Choroidalfolds,0\n") && classes.ends_with("SoftdrusenPED,8\n"), "{classes}");

        assert!(write_folder(&dir, &settings, &mut || ()).is_err(), "a folder in use is written over");
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
