//! The nine lesions of OCT5k: where each lies, what it does to the layers, and the box around what was drawn.
//! Knows geometry; leaves brightness to `optics`.

use super::case::{Case, DrawnLesion, MOST};
use super::retina::{Changes, Eye, Outlines, SIDE};
use super::rng::{Noise, Rng, hill, smoothstep, wave, window};
use crate::caption::Lesion;

/// The form of one lesion, in columns and rows.
enum Form {
    /// The RPE lifted: a dome (`flatness` 0) or a plateau (towards 1).
    Dome { middle: f32, reach: f32, height: f32, flatness: f32, filling: f32, lump: Noise },
    /// A row of small peaks on the RPE.
    Peaks { from: f32, to: f32, peaks: Vec<(f32, f32, f32)> },
    /// A lens of fluid under the photoreceptors.
    Pool { middle: f32, reach: f32, height: f32 },
    /// A round pocket of fluid in the outer nuclear layer.
    Cyst { middle: f32, reach: f32, height: f32, depth: f32 },
    /// RPE and photoreceptors lost.
    Loss { from: f32, to: f32, light: f32, columns: Noise },
    /// Photoreceptors broken, RPE whole.
    Break { from: f32, to: f32, left: f32, crumbs: Noise },
    /// Bruch's membrane and choroid in waves.
    Waves { from: f32, to: f32, period: f32, height: f32, phase: f32 },
    /// A bright dot.
    Dot { middle: f32, reach: f32, height: f32, depth: f32 },
}

/// One lesion: it gets one box.
pub(super) struct Growth {
    lesion: Lesion,
    form: Form,
}

/// A disc to be painted: a dark cyst or a bright dot.
pub(super) struct Disc {
    /// Centre, in columns and rows.
    pub(super) centre: (f32, f32),
    /// Half its width and half its height.
    pub(super) reach: (f32, f32),
    /// Bright, or dark.
    pub(super) bright: bool,
}

/// The fewest columns that a lesion needs beside the others; 0 if it lies above them.
fn least_columns(lesion: Lesion) -> f32 {
    match lesion {
        Lesion::ChoroidalFolds => 150.0,
        Lesion::Fluid => 80.0,
        Lesion::GeographicAtrophy => 80.0,
        Lesion::HardDrusen => 72.0,
        Lesion::HyperfluorescentSpots => 0.0,
        Lesion::PrLayerDisruption => 78.0,
        Lesion::ReticularDrusen => 92.0,
        Lesion::SoftDrusen => 96.0,
        Lesion::SoftDrusenPed => 116.0,
    }
}

/// The lesions of one image: each kind in its own columns, so that each keeps its typical look.
pub(super) fn grow(kinds: &[Lesion], eye: &Eye, rng: &mut Rng) -> Vec<Growth> {
    const GAP: f32 = 6.0;
    let (start, end) = eye.free_columns();
    let mut in_row: Vec<Lesion> = kinds.iter().copied().filter(|&l| least_columns(l) > 0.0).collect();
    rng.shuffle(&mut in_row);
    let needed: f32 = in_row.iter().map(|&l| least_columns(l)).sum();
    let room = end - start - GAP * in_row.len() as f32;
    let squeeze = (room / needed.max(1.0)).min(1.0);
    let mut spare = (room - needed).max(0.0);
    let mut growths = Vec::new();
    let mut x = start;
    for (i, &lesion) in in_row.iter().enumerate() {
        let share = spare / (in_row.len() - i) as f32;
        let wider = (share * rng.between(0.0, 1.0)).min(1.3 * least_columns(lesion));
        let before = (spare - wider).min(rng.between(0.0, 1.6) * (share - wider).max(0.0));
        spare -= wider + before;
        x += before + GAP / 2.0;
        let width = least_columns(lesion) * squeeze + wider;
        form(lesion, x, x + width, rng, &mut growths);
        x += width + GAP / 2.0;
    }
    if kinds.contains(&Lesion::HyperfluorescentSpots) {
        sow_dots(start, end, None, rng, &mut growths);
    }
    growths
}

/// How many columns an amount takes and how high it grows, as factors on what is typical: at the least and at the most.
fn factors(lesion: Lesion) -> [[f32; 2]; 2] {
    match lesion {
        Lesion::ChoroidalFolds => [[0.8, 1.3], [0.35, 1.35]],
        Lesion::Fluid => [[0.6, 1.7], [0.45, 1.3]],
        Lesion::GeographicAtrophy => [[0.45, 2.1], [1.0, 1.0]],
        Lesion::HardDrusen => [[0.35, 2.1], [0.6, 1.2]],
        Lesion::HyperfluorescentSpots => [[1.0, 1.0], [1.0, 1.0]],
        Lesion::PrLayerDisruption => [[0.4, 2.0], [1.0, 1.0]],
        Lesion::ReticularDrusen => [[0.45, 2.0], [0.6, 1.15]],
        Lesion::SoftDrusen => [[0.45, 2.0], [0.6, 1.25]],
        Lesion::SoftDrusenPed => [[0.6, 1.4], [0.45, 1.15]],
    }
}

/// The lesions of a case. Each has a random stream of its own from `rng_of`, so that another amount of one changes its own
/// size and number only; those beside each other keep their order, and share the columns by how much there is of each.
pub(super) fn grow_case(case: &Case, eye: &Eye, rng_of: impl Fn(Lesion) -> Rng) -> Vec<Growth> {
    const GAP: f32 = 6.0;
    let (start, end) = eye.free_columns();
    let mut order = Lesion::ALL;
    // Any stream of the case will do that no lesion shares.
    rng_of(Lesion::HyperfluorescentSpots).shuffle(&mut order);
    let share = |lesion| f32::from(case.amount(lesion)) / f32::from(MOST);
    let scaled = |[least, most]: [f32; 2], lesion| least + (most - least) * share(lesion);
    let in_row: Vec<Lesion> =
        order.into_iter().filter(|&lesion| case.amount(lesion) > 0 && least_columns(lesion) > 0.0).collect();
    let width_of = |lesion| least_columns(lesion) * scaled(factors(lesion)[0], lesion);
    let needed: f32 = in_row.iter().map(|&lesion| width_of(lesion)).sum();
    let room = end - start - GAP * in_row.len() as f32;
    let squeeze = (room / needed.max(1.0)).min(1.0);
    let between = GAP + (room - needed).max(0.0) / (in_row.len() + 1) as f32;
    let mut growths = Vec::new();
    let mut x = start + between - GAP / 2.0;
    for lesion in in_row {
        let width = width_of(lesion) * squeeze;
        let n_before = growths.len();
        form(lesion, x, x + width, &mut rng_of(lesion), &mut growths);
        for growth in &mut growths[n_before..] {
            growth.stretch(scaled(factors(lesion)[1], lesion));
        }
        x += width + between;
    }
    let n_dots = usize::from(case.amount(Lesion::HyperfluorescentSpots));
    if n_dots > 0 {
        let mut rng = rng_of(Lesion::HyperfluorescentSpots);
        sow_dots(start, end, Some(n_dots), &mut rng, &mut growths);
    }
    growths
}

fn form(lesion: Lesion, from: f32, to: f32, rng: &mut Rng, growths: &mut Vec<Growth>) {
    let width = to - from;
    let mut add = |form| growths.push(Growth { lesion, form });
    match lesion {
        Lesion::SoftDrusen => {
            let filling = rng.between(0.4, 0.58);
            let mut x = from;
            while to - x >= 32.0 {
                let reach = rng.between(15.0, 31.0).min((to - x) / 2.0);
                let height = (reach * rng.between(0.6, 0.9)).clamp(11.0, 23.0);
                let flatness = rng.between(0.0, 0.35);
                add(Form::Dome { middle: x + reach, reach, height, flatness, filling, lump: Noise::new(rng) });
                x += 2.0 * reach + rng.between(-2.0, 14.0);
            }
        }
        Lesion::HardDrusen => {
            let filling = rng.between(0.55, 0.75);
            let mut x = from;
            while to - x >= 13.0 {
                let reach = rng.between(5.0, 8.0);
                let height = rng.between(9.0, 14.0);
                add(Form::Dome { middle: x + reach, reach, height, flatness: 0.0, filling, lump: Noise::new(rng) });
                x += 2.0 * reach + rng.between(6.0, 30.0);
            }
        }
        Lesion::SoftDrusenPed => {
            let reach = (width / 2.0).min(rng.between(60.0, 92.0));
            let height = (reach * rng.between(0.5, 0.72)).clamp(30.0, 54.0);
            let (flatness, filling) = (rng.between(0.25, 0.7), rng.between(0.16, 0.36));
            let lump = Noise::new(rng);
            add(Form::Dome { middle: from + width / 2.0, reach, height, flatness, filling, lump });
        }
        Lesion::ReticularDrusen => {
            let step = rng.between(10.5, 15.0);
            let mut peaks = Vec::new();
            let mut x = from + step / 2.0;
            while x + step / 2.0 <= to {
                peaks.push((x + rng.between(-1.0, 1.0), rng.between(0.4, 0.52) * step, rng.between(9.0, 14.0)));
                x += step * rng.between(0.92, 1.1);
            }
            add(Form::Peaks { from, to: x.min(to), peaks });
        }
        Lesion::Fluid => {
            if rng.chance(0.5) {
                let reach = (width / 2.0).min(rng.between(40.0, 85.0));
                let height = (reach * rng.between(0.22, 0.42)).clamp(11.0, 27.0);
                add(Form::Pool { middle: from + width / 2.0, reach, height });
                if rng.chance(0.6) {
                    return;
                }
            }
            let mut x = from;
            let mut left = rng.integer(3, 7);
            while to - x >= 20.0 && left > 0 {
                left -= 1;
                let reach = rng.between(6.0, 19.0).min((to - x) / 2.0);
                let height = (reach * rng.between(0.65, 1.2)).clamp(5.0, 15.0);
                add(Form::Cyst { middle: x + reach, reach, height, depth: rng.between(0.34, 0.62) });
                x += 2.0 * reach + rng.between(1.5, 9.0);
            }
        }
        Lesion::GeographicAtrophy => {
            add(Form::Loss { from, to, light: rng.between(0.65, 1.35), columns: Noise::new(rng) });
        }
        Lesion::PrLayerDisruption => {
            add(Form::Break { from, to, left: rng.between(0.0, 0.2), crumbs: Noise::new(rng) });
        }
        Lesion::ChoroidalFolds => {
            let (period, height) = (rng.between(32.0, 52.0), rng.between(4.5, 7.5));
            add(Form::Waves { from, to, period, height, phase: rng.between(0.0, 1.0) });
        }
        Lesion::HyperfluorescentSpots => {}
    }
}

/// Sows bright dots: `wanted`, or as many as chance says.
fn sow_dots(start: f32, end: f32, wanted: Option<usize>, rng: &mut Rng, growths: &mut Vec<Growth>) {
    let mut taken: Vec<f32> = Vec::new();
    let cluster = rng.between(start + 60.0, end - 60.0);
    let spread = rng.between(50.0, 200.0);
    let (from, to) = ((cluster - spread).max(start + 8.0), (cluster + spread).min(end - 8.0));
    let by_chance = rng.integer(4, 9);
    let wanted = wanted.unwrap_or(by_chance);
    for _ in 0..4 * wanted {
        let middle = rng.between(from, to);
        let (reach, depth) = (rng.between(2.6, 4.4), rng.between(0.3, 0.85));
        if taken.len() < wanted && taken.iter().all(|x| (x - middle).abs() > 11.0) {
            taken.push(middle);
            let lesion = Lesion::HyperfluorescentSpots;
            growths.push(Growth {
                lesion,
                form: Form::Dot { middle, reach, height: reach * rng.between(0.7, 1.15), depth },
            });
        }
    }
}

impl Growth {
    /// Makes it higher, or flatter.
    fn stretch(&mut self, factor: f32) {
        match &mut self.form {
            Form::Dome { height, .. }
            | Form::Pool { height, .. }
            | Form::Cyst { height, .. }
            | Form::Waves { height, .. }
            | Form::Dot { height, .. } => *height *= factor,
            Form::Peaks { peaks, .. } => peaks.iter_mut().for_each(|(_, _, height)| *height *= factor),
            Form::Loss { .. } | Form::Break { .. } => {}
        }
    }

    /// Bends the layers.
    pub(super) fn change(&self, changes: &mut Changes) {
        for i in 0..SIDE {
            let x = i as f32;
            match &self.form {
                Form::Dome { middle, reach, height, flatness, filling, lump } => {
                    let t = (x - middle) / reach;
                    let round = hill(t);
                    let flat = 1.0 - (1.0 - round) * (1.0 - round) * (1.0 - round);
                    let uneven = (4.5 / height).min(0.28);
                    let rise = height
                        * (round + flatness * (flat - round))
                        * (1.0 + uneven * lump.along(x / (6.0 + 0.35 * reach)));
                    if rise > changes.lift[i] {
                        changes.lift[i] = rise;
                        changes.filling[i] = filling * (1.0 + 0.15 * lump.at(x / 9.0, 3.0));
                    }
                    if rise > 0.6 {
                        let strain = (rise / 40.0).min(0.5);
                        changes.ez[i] *= 1.0 - strain;
                        changes.segments[i] *= 1.0 - 0.6 * strain;
                        changes.light[i] *= 1.0 - 0.45 * strain;
                    }
                }
                Form::Peaks { from, to, peaks } => {
                    for &(middle, reach, height) in peaks {
                        let rise = height * smoothstep(1.15 * (1.0 - (x - middle).abs() / reach));
                        changes.deposit[i] = changes.deposit[i].max(rise);
                    }
                    changes.ez[i] *=
                        1.0 - 0.5 * window(x, *from, *to, 8.0) - 0.4 * smoothstep(changes.deposit[i] / 6.0);
                }
                Form::Pool { middle, reach, height } => {
                    let t = (x - middle) / reach;
                    changes.pool[i] += height * (1.0 - t * t).max(0.0);
                    changes.ez[i] *= 1.0 - 0.3 * hill(t);
                }
                Form::Cyst { middle, reach, height, .. } => {
                    changes.swelling[i] = changes.swelling[i].max(1.3 * height * hill((x - middle) / (2.4 * reach)));
                }
                Form::Loss { from, to, light, columns } => {
                    let inside = window(x, *from, *to, 7.0);
                    let within = window(x, *from, *to, 22.0);
                    changes.rpe[i] *= 1.0 - 0.92 * inside * (0.9 + 0.2 * columns.at(x / 6.0, 9.0)).min(1.0);
                    changes.ez[i] *= 1.0 - inside;
                    changes.segments[i] *= 1.0 - 0.9 * inside;
                    changes.onl[i] *= 1.0 - 0.72 * within;
                    let streak = 0.8 + 0.45 * columns.along(x / 3.5) + 0.45 * columns.at(x / 13.0, 5.0);
                    changes.light[i] *= 1.0 + (0.35 * inside + 0.65 * within) * light * streak.max(0.2);
                }
                Form::Break { from, to, left, crumbs } => {
                    let inside = window(x, *from, *to, 5.0);
                    let crumb = smoothstep((crumbs.along(x / 7.0) - 0.35) * 3.0);
                    changes.ez[i] *= 1.0 - inside * (1.0 - left - 0.5 * crumb).max(0.0);
                    changes.onl[i] *= 1.0 - 0.12 * inside;
                }
                Form::Waves { from, to, period, height, phase } => {
                    let inside = window(x, *from, *to, 26.0);
                    changes.fold[i] += inside * height * wave(x / period + phase);
                }
                Form::Dot { .. } => {}
            }
        }
    }

    /// The disc to paint, where the lesion is one.
    pub(super) fn disc(&self, outlines: &Outlines) -> Option<Disc> {
        let (middle, depth, bright) = match self.form {
            Form::Cyst { middle, depth, .. } => (middle, depth, false),
            Form::Dot { middle, depth, .. } => (middle, depth, true),
            _ => return None,
        };
        let at = column(middle);
        let (top, bottom) =
            if bright { (outlines.opl[at], outlines.elm[at]) } else { (outlines.ipl[at], outlines.elm[at]) };
        let y = top + depth * (bottom - top);
        let reach = match self.form {
            Form::Cyst { reach, height, .. } => (reach, height.min(0.36 * (bottom - top))),
            Form::Dot { reach, height, .. } => (reach, height),
            _ => return None,
        };
        Some(Disc { centre: (middle, y), reach, bright })
    }

    /// The box around what was drawn.
    pub(super) fn frame(&self, outlines: &Outlines, changes: &Changes) -> Option<DrawnLesion> {
        if let Some(disc) = self.disc(outlines) {
            let ((x, y), (across, down)) = (disc.centre, disc.reach);
            return self.boxed(x - across, x + across, y - down, y + down);
        }
        let (from, to) = match &self.form {
            // The foot of a dome is too flat to be seen: the box starts where it has risen by a sixteenth of its reach.
            Form::Dome { middle, reach, .. } => (middle - 0.88 * reach, middle + 0.88 * reach),
            Form::Pool { middle, reach, .. } => (middle - reach, middle + reach),
            Form::Peaks { from, to, .. } | Form::Loss { from, to, .. } => (*from, *to),
            Form::Break { from, to, .. } => (*from, *to),
            Form::Waves { from, to, .. } => (from + 10.0, to - 10.0),
            Form::Cyst { .. } | Form::Dot { .. } => return None,
        };
        let columns = column(from)..=column(to);
        let highest = |line: &[f32]| line[columns.clone()].iter().copied().fold(f32::MAX, f32::min);
        let lowest = |line: &[f32]| line[columns.clone()].iter().copied().fold(f32::MIN, f32::max);
        let (top, bottom) = match &self.form {
            Form::Dome { .. } => (highest(&outlines.rpe_top) - 1.0, lowest(&outlines.bruch)),
            Form::Pool { .. } => (highest(&outlines.outer_segments) - 1.0, lowest(&outlines.rpe_top)),
            Form::Peaks { .. } => {
                let tips = columns.clone().map(|x| outlines.rpe_top[x] - changes.deposit[x]).fold(f32::MAX, f32::min);
                (tips.min(highest(&outlines.ez)) - 1.0, lowest(&outlines.rpe_top) + 1.0)
            }
            Form::Loss { .. } => {
                let deep = columns.clone().map(|x| 0.7 * outlines.choroid[x] + 0.3 * outlines.bruch[x]);
                (highest(&outlines.elm) - 2.0, deep.fold(f32::MIN, f32::max))
            }
            Form::Break { .. } => (highest(&outlines.elm) - 2.0, lowest(&outlines.rpe_top)),
            _ => (highest(&outlines.rpe_top) - 2.0, lowest(&outlines.bruch) + 4.0),
        };
        self.boxed(from, to, top, bottom)
    }

    /// Clips to the image; none if nothing is left.
    fn boxed(&self, left: f32, right: f32, top: f32, bottom: f32) -> Option<DrawnLesion> {
        let most = SIDE as f32 - 1.0;
        let clip = |value: f32| value.clamp(0.0, most) as u32;
        let edges = [clip(left.floor()), clip(top.floor()), clip(right.ceil()), clip(bottom.ceil())];
        let is_empty = edges[0] >= edges[2] || edges[1] >= edges[3];
        (!is_empty).then(|| DrawnLesion { finding: self.lesion.phrase().to_owned(), edges })
    }
}

fn column(x: f32) -> usize {
    x.round().clamp(0.0, SIDE as f32 - 1.0) as usize
}
