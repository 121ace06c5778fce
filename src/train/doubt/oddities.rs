//! Pictures that are no B-scan as a model knows them, drawn or made from a scan: outliers for the detector of doubt, and
//! what it is measured on. Drawn ones have the size of the scan that they are made from.

use rand::Rng;
use rand::seq::SliceRandom;
use rand_distr::{Distribution, Exp1, StandardNormal};

use crate::report::Doubt;
use crate::scan::Scan;

/// A kind of odd picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Oddity {
    /// Independent pixels, normal or exponential (speckle).
    Noise,
    /// Clouds: noise of many scales.
    Clouds,
    /// Discs and rectangles that cover each other, after the dead leaves model of photographs (Matheron 1968; Lee, Mumford &
    /// Huang 2001).
    Shapes,
    /// Lines of short strokes, dark on light or light on dark.
    Writing,
    /// A disc with a bright spot and branching dark lines, like a fundus photograph.
    Fundus,
    /// A ramp of grey.
    Ramp,
    /// Stripes of any direction.
    Stripes,
    /// A few bright blocks on black.
    Blocks,
    /// The tiles of a scan in another order.
    Shuffled,
    /// A narrow strip of a scan.
    Strip,
    /// A scan beside a fundus picture, as some exports show both.
    SideBySide,
    /// A scan turned by a quarter.
    Turned,
    /// A scan upside down.
    UpsideDown,
    /// A scan in negative.
    Inverted,
}

impl Oddity {
    /// All of them.
    pub(crate) const ALL: [Self; 14] = [
        Self::Noise,
        Self::Clouds,
        Self::Shapes,
        Self::Writing,
        Self::Fundus,
        Self::Ramp,
        Self::Stripes,
        Self::Blocks,
        Self::Shuffled,
        Self::Strip,
        Self::SideBySide,
        Self::Turned,
        Self::UpsideDown,
        Self::Inverted,
    ];

    /// What a model should say of it.
    pub(crate) fn doubt(self) -> Doubt {
        match self {
            Self::Turned | Self::UpsideDown => Doubt::Turned,
            Self::Inverted => Doubt::Inverted,
            Self::Shuffled | Self::Strip | Self::SideBySide => Doubt::UnlikeTraining,
            _ => Doubt::NoRetina,
        }
    }

    /// One picture of this kind.
    pub(crate) fn make(self, scan: &Scan, rng: &mut impl Rng) -> Scan {
        let (w, h) = (scan.width, scan.height);
        let drawn = |pixels: Vec<f32>| picture(scan, w, pixels);
        let from = |width: usize, height: usize, source: &dyn Fn(usize, usize) -> u8| {
            let pixels = (0..width * height).map(|i| f32::from(source(i % width, i / width))).collect();
            picture(scan, width, pixels)
        };
        match self {
            Self::Noise => drawn(noise(w * h, rng)),
            Self::Clouds => drawn(clouds(w, h, rng)),
            Self::Shapes => drawn(shapes(w, h, rng)),
            Self::Writing => drawn(writing(w, h, rng)),
            Self::Fundus => drawn(fundus(w, h, rng)),
            Self::Ramp => {
                let [across, down] = [0; 2].map(|_| rng.random_range(-100f32..=100.));
                let share = |i: usize, n: usize| i as f32 / n as f32 * 2. - 1.;
                drawn((0..w * h).map(|i| 128. + across * share(i % w, w) + down * share(i / w, h)).collect())
            }
            Self::Stripes => {
                let (angle, period) = (rng.random_range(0f32..std::f32::consts::TAU), rng.random_range(8f32..120.));
                let (cos, sin) = (angle.cos() / period, angle.sin() / period);
                let place = |i: usize| (i % w) as f32 * cos + (i / w) as f32 * sin;
                drawn((0..w * h).map(|i| if place(i).rem_euclid(1.) < 0.5 { 20. } else { 230. }).collect())
            }
            Self::Blocks => {
                let mut pixels = vec![rng.random_range(0f32..60.); w * h];
                for _ in 0..rng.random_range(1..4) {
                    let half = [w as f32 * rng.random_range(0.03..0.15), h as f32 * rng.random_range(0.05..0.25)];
                    let centre = [w as f32 * rng.random::<f32>(), h as f32 * rng.random::<f32>()];
                    fill(&mut pixels, w, Shape::Rectangle, centre, half, rng.random_range(100f32..255.));
                }
                drawn(pixels)
            }
            Self::Shuffled => {
                const TILES: usize = 8;
                let (tile_w, tile_h) = ((w / TILES).max(1), (h / TILES).max(1));
                let mut order: Vec<usize> = (0..TILES * TILES).collect();
                order.shuffle(rng);
                from(tile_w * TILES, tile_h * TILES, &|x, y| {
                    let tile = order[y / tile_h * TILES + x / tile_w];
                    scan.pixel(
                        (tile % TILES * tile_w + x % tile_w).min(w - 1),
                        (tile / TILES * tile_h + y % tile_h).min(h - 1),
                    )
                })
            }
            Self::Strip => {
                let width = (w / 8).max(1);
                let left = rng.random_range(0..=w - width);
                from(width, h, &|x, y| scan.pixel(left + x, y))
            }
            Self::SideBySide => {
                let beside = fundus(h, h, rng);
                from(h + w, h, &|x, y| {
                    if x < h { beside[y * h + x].clamp(0., 255.) as u8 } else { scan.pixel(x - h, y) }
                })
            }
            Self::Turned if rng.random_bool(0.5) => from(h, w, &|x, y| scan.pixel(y, h - 1 - x)),
            Self::Turned => from(h, w, &|x, y| scan.pixel(w - 1 - y, x)),
            Self::UpsideDown => from(w, h, &|x, y| scan.pixel(x, h - 1 - y)),
            Self::Inverted => from(w, h, &|x, y| 255 - scan.pixel(x, y)),
        }
    }
}

/// Grey values in rows of `width`, as a scan that is otherwise like `like`.
fn picture(like: &Scan, width: usize, pixels: Vec<f32>) -> Scan {
    let height = pixels.len() / width;
    let pixels = pixels.into_iter().map(|v| v.round().clamp(0., 255.) as u8).collect();
    Scan {
        width,
        height,
        pixels,
        um_per_pixel: None,
        laterality: None,
        coloured: 0.,
        layers: vec![],
        notes: vec![],
        ..*like
    }
}

fn normal(rng: &mut impl Rng) -> f32 {
    StandardNormal.sample(rng)
}

fn noise(n: usize, rng: &mut impl Rng) -> Vec<f32> {
    let (level, deviation) = (rng.random_range(20f32..200.), rng.random_range(10f32..90.));
    if rng.random_bool(0.5) {
        return (0..n).map(|_| level + deviation * normal(rng)).collect();
    }
    (0..n).map(|_| deviation * <Exp1 as Distribution<f32>>::sample(&Exp1, rng)).collect()
}

/// A sum of grids of random values, each half as fine as the one before and interpolated linearly.
fn clouds(width: usize, height: usize, rng: &mut impl Rng) -> Vec<f32> {
    let roughness = rng.random_range(0.3f32..1.2);
    let mut pixels = vec![110f32; width * height];
    let mut cell = 256usize;
    while cell >= 1 {
        let amplitude = 45. * (cell as f32 / 256.).powf(roughness);
        let n_columns = width / cell + 2;
        let grid: Vec<f32> = (0..n_columns * (height / cell + 2)).map(|_| amplitude * normal(rng)).collect();
        for (i, pixel) in pixels.iter_mut().enumerate() {
            let (x, y) = (i % width, i / width);
            let (u, v) = ((x % cell) as f32 / cell as f32, (y % cell) as f32 / cell as f32);
            let at = |dx: usize, dy: usize| grid[(y / cell + dy) * n_columns + x / cell + dx];
            *pixel += (at(0, 0) * (1. - u) + at(1, 0) * u) * (1. - v) + (at(0, 1) * (1. - u) + at(1, 1) * u) * v;
        }
        cell /= 2;
    }
    pixels
}

#[derive(Clone, Copy)]
enum Shape {
    Disc,
    Rectangle,
}

/// Fills the pixels within `half` width and height of `centre` with `grey`.
fn fill(pixels: &mut [f32], width: usize, shape: Shape, centre: [f32; 2], half: [f32; 2], grey: f32) {
    let height = pixels.len() / width;
    let range = |c: f32, half: f32, n: usize| {
        let last = (c + half + 1.).clamp(0., n as f32) as usize;
        ((c - half).max(0.) as usize).min(last)..last
    };
    for y in range(centre[1], half[1], height) {
        for x in range(centre[0], half[0], width) {
            let (u, v) = ((x as f32 - centre[0]) / half[0], (y as f32 - centre[1]) / half[1]);
            let is_inside = match shape {
                Shape::Disc => u * u + v * v <= 1.,
                Shape::Rectangle => u.abs() <= 1. && v.abs() <= 1.,
            };
            if is_inside {
                pixels[y * width + x] = grey;
            }
        }
    }
}

fn shapes(width: usize, height: usize, rng: &mut impl Rng) -> Vec<f32> {
    let mut pixels = vec![128.; width * height];
    let side = width.min(height) as f32;
    for _ in 0..400 {
        let radius = 2. + 0.4 * side * rng.random::<f32>().powi(4);
        let centre = [width as f32 * rng.random::<f32>(), height as f32 * rng.random::<f32>()];
        let stretch = rng.random_range(0.4f32..2.5);
        let shape = if rng.random_bool(0.5) { Shape::Disc } else { Shape::Rectangle };
        fill(&mut pixels, width, shape, centre, [radius * stretch, radius / stretch], rng.random_range(0f32..255.));
    }
    let grain = rng.random_range(0f32..10.);
    pixels.iter_mut().for_each(|p| *p += grain * normal(rng));
    pixels
}

/// Draws a line of discs.
fn stroke(pixels: &mut [f32], width: usize, from: [f32; 2], to: [f32; 2], radius: f32, grey: f32) {
    let length = (to[0] - from[0]).hypot(to[1] - from[1]);
    let n = (length / radius.max(0.5)).ceil().max(1.) as usize;
    for i in 0..=n {
        let t = i as f32 / n as f32;
        let centre = [from[0] + t * (to[0] - from[0]), from[1] + t * (to[1] - from[1])];
        fill(pixels, width, Shape::Disc, centre, [radius; 2], grey);
    }
}

fn writing(width: usize, height: usize, rng: &mut impl Rng) -> Vec<f32> {
    let [paper, ink] = if rng.random_bool(0.6) { [250., 5.] } else { [5., 250.] };
    let mut pixels = vec![paper; width * height];
    let size = rng.random_range(6f32..24.);
    let mut y = rng.random_range(4f32..20.);
    while y + size < height as f32 {
        let mut x = rng.random_range(2f32..30.);
        while x + size < width as f32 && rng.random_bool(0.97) {
            if rng.random_bool(0.85) {
                for _ in 0..rng.random_range(2..5) {
                    let mut point = || [x + 0.6 * size * rng.random::<f32>(), y + size * rng.random::<f32>()];
                    let (from, to) = (point(), point());
                    stroke(&mut pixels, width, from, to, (size / 14.).max(0.6), ink);
                }
            }
            x += 0.75 * size;
        }
        y += size * rng.random_range(1.2f32..1.8);
    }
    pixels
}

fn fundus(width: usize, height: usize, rng: &mut impl Rng) -> Vec<f32> {
    let side = width.min(height) as f32;
    let (middle, radius) = ([width as f32 / 2., height as f32 / 2.], side * rng.random_range(0.4f32..0.6));
    let mut pixels: Vec<f32> = (0..width * height)
        .map(|i| {
            let r = ((i % width) as f32 - middle[0]).hypot((i / width) as f32 - middle[1]) / radius;
            if r < 1. { 150. * (1. - 0.5 * r) + 4. * normal(rng) } else { 0. }
        })
        .collect();
    let nerve = [middle[0] + 0.15 * side * if rng.random_bool(0.5) { 1. } else { -1. }, middle[1]];
    for _ in 0..14 {
        let (mut angle, mut at) = (rng.random_range(0f32..std::f32::consts::TAU), nerve);
        for i in 0..12 {
            angle += 0.25 * normal(rng);
            let next = [at[0] + 0.05 * side * angle.cos(), at[1] + 0.05 * side * angle.sin()];
            stroke(
                &mut pixels,
                width,
                at,
                next,
                (side / 150. * (1. - i as f32 / 14.)).max(0.6),
                rng.random_range(30f32..70.),
            );
            at = next;
        }
    }
    fill(&mut pixels, width, Shape::Disc, nerve, [0.06 * side, 0.07 * side], 230.);
    pixels
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn scan() -> Scan {
        let (width, height) = (200, 80);
        let pixels =
            (0..width * height).map(|i| if (20..40).contains(&(i / width)) { 200 } else { (i % 40) as u8 }).collect();
        Scan::of_pixels(width, height, pixels)
    }

    #[test]
    fn every_kind_is_a_picture_that_differs_from_the_scan_and_from_the_next_one() {
        let scan = scan();
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        for kind in Oddity::ALL {
            let (one, another) = (kind.make(&scan, &mut rng), kind.make(&scan, &mut rng));
            assert_eq!(one.pixels.len(), one.width * one.height, "{kind:?}");
            assert_ne!(one.pixels, scan.pixels, "{kind:?}");
            let is_drawn_by_chance = !matches!(kind, Oddity::Turned | Oddity::UpsideDown | Oddity::Inverted);
            assert!(!is_drawn_by_chance || one.pixels != another.pixels, "{kind:?}");
        }
    }

    #[test]
    fn a_turned_scan_has_its_columns_as_rows() {
        let scan = scan();
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        for _ in 0..8 {
            let turned = Oddity::Turned.make(&scan, &mut rng);
            assert_eq!((turned.width, turned.height), (80, 200));
            let (clockwise, back) =
                (turned.pixel(80 - 1 - 40, 3) == scan.pixel(3, 40), turned.pixel(40, 200 - 1 - 3) == scan.pixel(3, 40));
            assert!(clockwise || back);
        }
        let beside = Oddity::SideBySide.make(&scan, &mut rng);
        assert_eq!((beside.width, beside.pixel(80 + 7, 35)), (280, scan.pixel(7, 35)));
    }
}
