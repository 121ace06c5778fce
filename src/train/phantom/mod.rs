//! Phantoms: synthetic B-scans of healthy and AMD retinas with exact lesion boxes, for tests, demo scans and pre-training.
//! Draws and writes them. Knows no model and no real scan.

use image::GrayImage;

use crate::caption::{Diagnosis, Lesion};
use crate::train::data::lesion_box::LesionBox;

mod combinations;
mod folder;
mod lesions;
mod optics;
mod retina;
mod rng;

pub(super) use folder::write_folder;

use lesions::Growth;
use optics::Look;
use retina::{Changes, Cut, Eye, Outlines};
use rng::Rng;

/// Images of one eye: they share its curvature, thickness, light and noise.
const IMAGES_PER_EYE: u64 = 4;

/// A drawn B-scan with what is in it.
pub(super) struct Phantom {
    /// 512 by 512 pixels, 8-bit grey.
    pub image: GrayImage,
    /// A box around each lesion; none where the retina is healthy.
    pub boxes: Vec<LesionBox>,
}

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

/// Draws the phantom of `seed`, `index` and `diagnosis`: the same pixels on every machine.
/// Four indices in a row, from a multiple of four, are images of one eye.
pub(super) fn draw(seed: u64, index: u64, diagnosis: Diagnosis) -> Phantom {
    let kinds = match diagnosis {
        Diagnosis::Healthy => &[],
        Diagnosis::Amd => combinations::choose(&mut stream(seed, index, diagnosis, Purpose::Kinds)),
    };
    draw_kinds(seed, index, diagnosis, kinds, true)
}

/// What a random stream is for. Each purpose has its own, so that one choice never changes another.
#[derive(Clone, Copy)]
enum Purpose {
    Eye,
    Cut,
    Kinds,
    Lesions,
    Optics,
}

fn stream(seed: u64, index: u64, diagnosis: Diagnosis, purpose: Purpose) -> Rng {
    Rng::new(seed, index, diagnosis as u64 * 16 + purpose as u64)
}

/// Draws the given kinds of lesion; with `shown` false, the same retina without them.
fn draw_kinds(seed: u64, index: u64, diagnosis: Diagnosis, kinds: &[Lesion], shown: bool) -> Phantom {
    let mut eye_rng = stream(seed, index / IMAGES_PER_EYE, diagnosis, Purpose::Eye);
    let eye = Eye::new(&mut eye_rng);
    let look = Look::new(&mut eye_rng);
    let cut = Cut::new(&mut stream(seed, index, diagnosis, Purpose::Cut));
    let growths: Vec<Growth> = lesions::grow(kinds, &eye, &mut stream(seed, index, diagnosis, Purpose::Lesions));

    let mut changes = Changes::none();
    if shown {
        growths.iter().for_each(|growth| growth.change(&mut changes));
    }
    let outlines = Outlines::new(&eye, &cut, &changes);
    let discs: Vec<_> = growths.iter().filter(|_| shown).filter_map(|growth| growth.disc(&outlines)).collect();
    let boxes = growths.iter().filter(|_| shown).filter_map(|growth| growth.frame(&outlines, &changes)).collect();
    let mut rng = stream(seed, index, diagnosis, Purpose::Optics);
    let image = optics::draw(&eye, &look, &outlines, &changes, &discs, &mut rng);
    Phantom { image, boxes }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_and_index_draw_the_same_phantom() {
        let (once, again) = (draw(5, 11, Diagnosis::Amd), draw(5, 11, Diagnosis::Amd));
        assert_eq!(once.image, again.image);
        assert_eq!(once.boxes, again.boxes);
        assert_ne!(once.image, draw(6, 11, Diagnosis::Amd).image);
        assert_ne!(once.image, draw(5, 12, Diagnosis::Amd).image);
        assert_ne!(draw(5, 11, Diagnosis::Healthy).image, once.image);
    }

    #[test]
    fn a_healthy_phantom_has_no_boxes_and_an_amd_phantom_has_each_kind_it_was_given() {
        for index in 0..40 {
            assert!(draw(1, index, Diagnosis::Healthy).boxes.is_empty());
            let kinds = combinations::choose(&mut stream(1, index, Diagnosis::Amd, Purpose::Kinds));
            let boxes = draw(1, index, Diagnosis::Amd).boxes;
            for &kind in kinds {
                assert!(boxes.iter().any(|found| found.finding == kind.phrase()), "{kind:?} is missing from {index}");
            }
            assert!(boxes.iter().all(|found| kinds.iter().any(|kind| kind.phrase() == found.finding)));
        }
    }

    #[test]
    fn boxes_lie_within_the_image_and_hold_something() {
        for index in 0..60 {
            for found in draw(2, index, Diagnosis::Amd).boxes {
                assert!(found.xmin < found.xmax && found.xmax < 512, "{found:?}");
                assert!(found.ymin < found.ymax && found.ymax < 512, "{found:?}");
            }
        }
    }

    #[test]
    fn the_retina_fits_into_half_the_image_whatever_grows_in_it() {
        for index in 0..60 {
            let boxes = draw(3, index, Diagnosis::Amd).boxes;
            let top = boxes.iter().map(|found| found.ymin).min().unwrap();
            let bottom = boxes.iter().map(|found| found.ymax).max().unwrap();
            assert!(bottom - top < 256 && top > 90 && bottom < 422, "{index}: {top}..{bottom}");
        }
    }

    #[test]
    fn each_lesion_changes_the_pixels_inside_its_box() {
        // A changed pixel differs by more than this many grey levels; speckle is the same in both pictures.
        const VISIBLE: u8 = 14;
        for lesion in Lesion::ALL {
            for index in 0..8 {
                let with = draw_kinds(4, index, Diagnosis::Amd, &[lesion], true);
                let without = draw_kinds(4, index, Diagnosis::Amd, &[lesion], false);
                assert!(without.boxes.is_empty() && !with.boxes.is_empty());
                for found in &with.boxes {
                    let mut changed = 0;
                    for y in found.ymin..=found.ymax {
                        for x in found.xmin..=found.xmax {
                            let (a, b) = (with.image.get_pixel(x, y).0[0], without.image.get_pixel(x, y).0[0]);
                            changed += u32::from(a.abs_diff(b) > VISIBLE);
                        }
                    }
                    let area = (found.xmax - found.xmin + 1) * (found.ymax - found.ymin + 1);
                    // A box along a slope is mostly empty: a ninth of its pixels is much.
                    assert!(changed * 9 > area, "{found:?} of phantom {index}: {changed} of {area} pixels changed");
                }
            }
        }
    }
}
