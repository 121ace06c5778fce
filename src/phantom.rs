//! Phantoms: synthetic B-scans of healthy and AMD retinas with exact lesion boxes, for tests, demo scans, pre-training and
//! teaching. Draws them, on every target to the same pixel. Knows no model, no file and no real scan.

use image::GrayImage;

use crate::caption::{Diagnosis, Lesion};

pub mod case;
mod combinations;
mod lesions;
mod optics;
mod retina;
mod rng;
#[cfg(test)]
mod tests;

use case::{Case, DrawnLesion};
use lesions::Growth;
use optics::Look;
use retina::{Changes, Cut, Eye, Outlines};
use rng::Rng;

/// Images of one eye: they share its curvature, thickness, light and noise.
pub const IMAGES_PER_EYE: u64 = 4;

/// A drawn B-scan with what is in it.
pub struct Phantom {
    /// 512 by 512 pixels, 8-bit grey.
    pub image: GrayImage,
    /// A box around each lesion; none where the retina is healthy.
    pub lesions: Vec<DrawnLesion>,
}

impl Phantom {
    /// The image as a file, a binary PGM.
    pub fn pgm(&self) -> Vec<u8> {
        let (width, height) = self.image.dimensions();
        let mut file = format!("P5\n{width} {height}\n255\n").into_bytes();
        file.extend_from_slice(self.image.as_raw());
        file
    }
}

/// Draws the phantom of `seed`, `index` and `diagnosis`: the same pixels on every machine.
/// Four indices in a row, from a multiple of four, are images of one eye.
pub fn draw(seed: u64, index: u64, diagnosis: Diagnosis) -> Phantom {
    let kinds = match diagnosis {
        Diagnosis::Healthy => &[],
        Diagnosis::Amd => combinations::choose(&mut stream(seed, index, diagnosis, Purpose::Kinds)),
    };
    draw_kinds(seed, index, diagnosis, kinds, true)
}

/// Draws a case that a person made. The eye and its speckle depend on the seed alone, so that only what is changed changes;
/// lesions beside each other make room for another one.
pub fn draw_case(case: &Case) -> Phantom {
    let seed = u64::from(case.seed);
    let of = |purpose| stream(seed, 0, Diagnosis::Amd, purpose);
    let mut eye_rng = of(Purpose::Eye);
    let mut eye = Eye::new(&mut eye_rng);
    eye.set_tilt(case.tilt_degrees());
    let mut look = Look::new(&mut eye_rng);
    look.set(case.speckle_strength(), case.gain_factor());
    let growths = lesions::grow_case(case, &eye, |lesion| Rng::new(seed, lesion as u64, CASE_LESIONS));
    paint(&eye, &look, &Cut::new(&mut of(Purpose::Cut)), &growths, &mut of(Purpose::Optics))
}

/// What the random streams of a case's lesions are for: none of those of [`Purpose`] with any diagnosis.
const CASE_LESIONS: u64 = 64;

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
    let mut growths: Vec<Growth> = lesions::grow(kinds, &eye, &mut stream(seed, index, diagnosis, Purpose::Lesions));
    if !shown {
        growths.clear();
    }
    paint(&eye, &look, &cut, &growths, &mut stream(seed, index, diagnosis, Purpose::Optics))
}

/// Paints an eye with what has grown in it.
fn paint(eye: &Eye, look: &Look, cut: &Cut, growths: &[Growth], rng: &mut Rng) -> Phantom {
    let mut changes = Changes::none();
    growths.iter().for_each(|growth| growth.change(&mut changes));
    let outlines = Outlines::new(eye, cut, &changes);
    let discs: Vec<_> = growths.iter().filter_map(|growth| growth.disc(&outlines)).collect();
    let lesions = growths.iter().filter_map(|growth| growth.frame(&outlines, &changes)).collect();
    let image = optics::draw(eye, look, &outlines, &changes, &discs, rng);
    Phantom { image, lesions }
}
