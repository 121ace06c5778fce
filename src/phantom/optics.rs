//! The picture: outlines become brightness, then speckle, shadows and the camera's tone.
//! Knows how layers reflect; knows no lesion by name.

use image::{GrayImage, Luma};

use super::lesions::Disc;
use super::retina::{Changes, Eye, Outlines, SIDE};
use super::rng::{Noise, Rng, hill, smoothstep};

/// Rows of the choroid's texture, from Bruch's membrane down.
const CHOROID_ROWS: usize = 72;

/// How an eye's scans look: light, noise and tissue, shared by all its images.
pub(super) struct Look {
    gain: f32,
    tone: f32,
    floor: f32,
    haze: f32,
    speckle: f32,
    grain: f32,
    inner: f32,
    ez: f32,
    rpe: f32,
    choroid: f32,
    vessels: f32,
    depth: f32,
    streaks: f32,
    shading: f32,
    hyaloid: Option<f32>,
}

impl Look {
    /// A random look.
    pub(super) fn new(rng: &mut Rng) -> Self {
        let noisy = rng.chance(0.2);
        Self {
            gain: rng.between(0.72, 1.15),
            tone: rng.between(-0.25, 0.35),
            floor: if noisy { rng.between(0.05, 0.12) } else { rng.between(0.02, 0.06) },
            haze: if rng.chance(0.2) { rng.between(0.02, 0.07) } else { 0.0 },
            speckle: if noisy { rng.between(0.18, 0.3) } else { rng.between(0.06, 0.16) },
            grain: rng.between(0.0, 0.55),
            inner: rng.between(0.85, 1.2),
            ez: rng.between(0.42, 0.68),
            rpe: rng.between(0.66, 0.92),
            choroid: rng.between(0.32, 0.5),
            vessels: rng.between(0.3, 0.7),
            depth: rng.between(50.0, 140.0),
            streaks: rng.between(0.04, 0.2),
            shading: rng.between(0.05, 0.3),
            hyaloid: rng.chance(0.22).then(|| rng.between(10.0, 46.0)),
        }
    }
}

impl Look {
    /// Another strength of the speckle, whose share of the dark grows with it, and another brightness.
    pub(super) fn set(&mut self, speckle: f32, gain: f32) {
        self.speckle = speckle;
        self.floor = 0.02 + 0.25 * speckle;
        self.gain = gain;
    }
}

struct Vessel {
    middle: f32,
    reach: f32,
    shade: f32,
}

/// Draws the picture. `rng` decides vessels, texture and speckle, in the same order whatever the lesions are,
/// so that the same retina can be drawn with and without them.
pub(super) fn draw(
    eye: &Eye,
    look: &Look,
    outlines: &Outlines,
    changes: &Changes,
    discs: &[Disc],
    rng: &mut Rng,
) -> GrayImage {
    let choroid = choroid_texture(look, rng);
    let vessels: Vec<Vessel> = (0..rng.integer(3, 10))
        .map(|_| Vessel {
            middle: rng.between(0.0, SIDE as f32),
            reach: rng.between(2.5, 7.0),
            shade: rng.between(0.12, 0.55),
        })
        .collect();
    let (texture, streaks, light) = (Noise::new(rng), Noise::new(rng), Noise::new(rng));
    let (hyaloid_slope, hyaloid_sag) = (rng.between(-40.0, 40.0), rng.between(-50.0, 30.0));
    let mut image = GrayImage::new(SIDE as u32, SIDE as u32);
    let mut before = [0.0_f32; SIDE];
    for x in 0..SIDE {
        let across = x as f32;
        let mut rows = reflectivity(look, outlines, changes, light, x);
        paint_choroid(&mut rows, look, outlines, changes, &choroid, streaks, x);
        paint_nerve_head(&mut rows, eye, outlines, x);
        for vessel in &vessels {
            paint_vessel(&mut rows, vessel, outlines, x);
        }
        for disc in discs {
            paint_disc(&mut rows, disc, across);
        }
        if let Some(gap) = look.hyaloid {
            let u = across / SIDE as f32;
            let chord = outlines.ilm[0] + (outlines.ilm[SIDE - 1] - outlines.ilm[0]) * u;
            let row = chord - gap + hyaloid_slope * (u - 0.5) + 4.0 * hyaloid_sag * u * (1.0 - u);
            if row < outlines.ilm[x] - 3.0 {
                ridge(&mut rows, row, 1.9, 0.14 + 0.1 * light.along(across / 30.0));
            }
        }
        let u = across / 256.0 - 1.0;
        let lit = look.gain * (1.0 - look.shading * u * u * u * u) * (1.0 + 0.14 * light.at(across / 110.0, 7.0));
        let (tissue_from, tissue_to) = (outlines.ilm[x] - 4.0, outlines.choroid[x] + 30.0);
        for y in (0..SIDE).step_by(2) {
            let (first, second) = rng.normal_pair();
            for (y, fresh) in [(y, first), (y + 1, second)] {
                let down = y as f32;
                let mut value = rows[y];
                if down > tissue_from && down < tissue_to {
                    value *= 1.0 + 0.16 * texture.at(across / 11.0, (down - outlines.bruch[x]) / 3.2);
                }
                if look.haze > 0.0 && down < outlines.ilm[x] {
                    value += look.haze * (0.6 + 0.4 * texture.at(across / 90.0, down / 60.0));
                }
                let noise = (fresh + look.grain * before[y]) / (1.0 + look.grain * look.grain).sqrt();
                before[y] = fresh;
                let n = look.speckle * noise;
                let speckled = value * lit * (1.0 + n + 0.5 * n * n).max(0.1);
                let seen = speckled + look.floor * (1.0 + 0.55 * noise).max(0.0);
                image.put_pixel(x as u32, y as u32, Luma([toned(seen, look.tone)]));
            }
        }
    }
    image
}

/// The camera's tone: towards the square root (positive) or the square (negative), then eight bits.
fn toned(value: f32, tone: f32) -> u8 {
    let value = value.clamp(0.0, 1.0);
    let bent = if tone >= 0.0 { value.sqrt() } else { value * value };
    ((value + tone.abs() * (bent - value)) * 255.0 + 0.5) as u8
}

/// What each row of a column reflects, layer by layer.
fn reflectivity(look: &Look, o: &Outlines, changes: &Changes, beads: Noise, x: usize) -> [f32; SIDE] {
    const VITREOUS: f32 = 0.012;
    const FLUID: f32 = 0.03;
    let (ez, rpe) = (changes.ez[x], changes.rpe[x]);
    let beads = 1.0 + 0.13 * beads.along(x as f32 / 5.0);
    let inner = look.inner;
    let onl = 0.2 * inner;
    let myoid = onl * (0.75 + 0.25 * ez) + ez * 0.1;
    let outer_segments = onl * (0.62 + 0.28 * ez) + ez * 0.28;
    let pigment = 0.2 + (look.rpe * beads - 0.2) * rpe;
    let pool = if changes.pool[x] > 0.3 { FLUID } else { outer_segments };
    let deposit = if changes.deposit[x] > 0.3 { 0.42 + 0.5 * look.rpe } else { pool };
    let under = if changes.lift[x] > 0.3 { changes.filling[x] } else { pigment };
    let layers = [
        (o.ilm[x], 0.58 * inner, 1.3),
        (o.rnfl[x], 0.4 * inner, 2.0),
        (o.gcl[x], 0.45 * inner, 2.5),
        (o.ipl[x], 0.26 * inner, 2.2),
        (o.inl[x], 0.4 * inner, 2.2),
        (o.opl[x], onl, 2.6),
        (o.elm[x], myoid, 1.2),
        (o.ez[x], outer_segments, 1.2),
        (o.outer_segments[x], pool, 1.0),
        (o.rpe_top[x] - changes.deposit[x], deposit, 1.0),
        (o.rpe_top[x], pigment, 1.5),
        (o.rpe[x], under, 1.5),
        (o.bruch[x], look.choroid, 2.2),
        (o.choroid[x], 0.62 * look.choroid, 5.0),
    ];
    let mut rows = [0.0; SIDE];
    rows[0] = VITREOUS;
    let mut above = VITREOUS;
    for (at, below, soft) in layers {
        step(&mut rows, at, below - above, soft);
        above = below;
    }
    let mut sum = 0.0;
    for row in &mut rows {
        sum += *row;
        *row = sum;
    }
    ridge(&mut rows, o.ilm[x] + 1.0, 2.4, 0.14);
    ridge(&mut rows, o.elm[x], 1.6, 0.12 * ez);
    ridge(&mut rows, o.ez[x], 2.8, look.ez * ez * 0.85 * (2.0 - beads));
    // Bruch's membrane is seen as a thin line of its own where the RPE is gone or has lifted off.
    let bare = (1.0 - rpe).max(smoothstep((changes.lift[x] - 4.0) / 6.0));
    ridge(&mut rows, o.bruch[x], 1.6, 0.26 * bare);
    rows
}

/// Adds the differences of a smooth step at row `at`.
fn step(rows: &mut [f32; SIDE], at: f32, amount: f32, soft: f32) {
    let first = (at - soft).floor().max(0.0) as usize;
    let last = ((at + soft).ceil().max(0.0) as usize).min(SIDE - 1);
    let mut before = 0.0;
    for (y, row) in rows.iter_mut().enumerate().take(last + 1).skip(first) {
        let now = amount * smoothstep((y as f32 - at + soft) / (2.0 * soft));
        *row += now - before;
        before = now;
    }
}

/// Adds a bright line of half width `reach` around row `at`.
fn ridge(rows: &mut [f32; SIDE], at: f32, reach: f32, amount: f32) {
    let first = (at - reach).floor().max(0.0) as usize;
    let last = ((at + reach).ceil().max(0.0) as usize).min(SIDE - 1);
    for (y, row) in rows.iter_mut().enumerate().take(last + 1).skip(first) {
        *row += amount * hill((y as f32 - at) / reach);
    }
}

/// Dark vessels in the choroid, small ones above and large ones below, seen flat.
fn choroid_texture(look: &Look, rng: &mut Rng) -> Vec<[f32; SIDE]> {
    let mut texture = vec![[1.0; SIDE]; CHOROID_ROWS];
    for _ in 0..160 {
        let depth = rng.between(5.0, 46.0);
        let size = 3.0 + 0.24 * depth;
        let (across, down) = (size * rng.between(0.8, 1.6), size * rng.between(0.7, 1.2));
        let (x, dark) = (rng.between(-8.0, SIDE as f32 + 8.0), look.vessels * rng.between(0.3, 0.9));
        let top = (depth - down).max(0.0) as usize;
        let left = (x - across).max(0.0) as usize;
        for (y, row) in texture.iter_mut().enumerate().take((depth + down) as usize + 1).skip(top) {
            for (i, value) in row.iter_mut().enumerate().take((x + across).max(0.0) as usize + 1).skip(left) {
                let (dx, dy) = ((i as f32 - x) / across, (y as f32 - depth) / down);
                *value *= 1.0 - dark * smoothstep(1.0 - dx * dx - dy * dy);
            }
        }
    }
    texture
}

fn paint_choroid(
    rows: &mut [f32; SIDE],
    look: &Look,
    outlines: &Outlines,
    changes: &Changes,
    texture: &[[f32; SIDE]],
    streaks: Noise,
    x: usize,
) {
    let across = x as f32;
    let streak = 1.0 + look.streaks * (streaks.along(across / 2.5) + streaks.at(across / 12.0, 4.0));
    let bruch = outlines.bruch[x];
    let thickness = (outlines.choroid[x] - bruch).max(8.0);
    for (y, row) in rows.iter_mut().enumerate().skip((bruch + 1.0).max(0.0) as usize) {
        let depth = y as f32 - bruch;
        let at = (depth * 48.0 / thickness) as usize;
        let vessel = texture.get(at).map_or(1.0, |line| line[x]);
        let fade = 1.0 / (1.0 + (depth / look.depth) * (depth / look.depth));
        let rind = (1.0 + 0.45 * hill(depth / 8.0)) * (1.0 + 0.22 * streaks.at(across / 24.0, 20.0 + depth / 16.0));
        let light = 1.0 + (changes.light[x] - 1.0) * smoothstep(depth / 4.0);
        // Much light fills the vessels' shadows, and reaches deeper.
        let vessel = vessel + (1.0 - vessel) * (0.45 * (light - 1.0)).clamp(0.0, 0.6);
        let fade = fade + (1.0 - fade) * (0.2 * (light - 1.0)).clamp(0.0, 0.3);
        *row *= vessel * fade * rind * light * (1.0 + (streak - 1.0) * smoothstep(depth / 3.0));
    }
}

/// In the nerve head no layer goes on: tissue that fades downwards.
fn paint_nerve_head(rows: &mut [f32; SIDE], eye: &Eye, outlines: &Outlines, x: usize) {
    let inside = eye.in_nerve_head(x);
    if inside <= 0.0 {
        return;
    }
    let top = outlines.ilm[x];
    for (y, row) in rows.iter_mut().enumerate().skip((top + 2.0).max(0.0) as usize) {
        let depth = (y as f32 - top) / 95.0;
        let tissue = 0.62 / (1.0 + depth * depth);
        *row += inside * (tissue - *row);
    }
}

/// A vessel of the inner retina, bright itself, dark below.
fn paint_vessel(rows: &mut [f32; SIDE], vessel: &Vessel, outlines: &Outlines, x: usize) {
    let t = (x as f32 - vessel.middle) / vessel.reach;
    let shade = vessel.shade * hill(t);
    if shade <= 0.0 {
        return;
    }
    let middle = outlines.rnfl[x] + 2.0;
    let half = vessel.reach * 1.1;
    ridge(rows, middle, half, 0.2 * hill(t));
    for (y, row) in rows.iter_mut().enumerate().skip((middle + half).max(0.0) as usize) {
        let depth = y as f32 - middle - half;
        *row *= 1.0 - shade * smoothstep(depth / 10.0) / (1.0 + (depth / 130.0) * (depth / 130.0));
    }
}

/// A cyst or a bright dot; a dot throws a faint shadow.
fn paint_disc(rows: &mut [f32; SIDE], disc: &Disc, across: f32) {
    let dx = (across - disc.centre.0) / disc.reach.0;
    if dx.abs() >= 1.0 {
        return;
    }
    let (top, bottom) = (disc.centre.1 - disc.reach.1, disc.centre.1 + disc.reach.1);
    let value = if disc.bright { 1.0 } else { 0.02 };
    for (y, row) in rows.iter_mut().enumerate().skip(top.max(0.0) as usize) {
        let down = y as f32;
        if down <= bottom {
            let dy = (down - disc.centre.1) / disc.reach.1;
            *row += smoothstep(2.6 * (1.0 - dx * dx - dy * dy)) * (value - *row);
        } else if disc.bright {
            *row *= 1.0 - 0.3 * hill(dx);
        } else {
            break;
        }
    }
}
