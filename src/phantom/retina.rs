//! The anatomy: where each layer of a retina lies in each column, and what lesions do to that.
//! Knows heights and thicknesses; knows neither brightness nor which lesion bends what.

use super::rng::{Noise, Rng, smoothstep, wave};

/// Columns and rows of a phantom, as of OCT5k's images.
pub(super) const SIDE: usize = 512;

/// Retina, choroid, tilt and curvature together stay within this many rows, so that half an image holds them.
const MOST_ROWS: f32 = 244.0;

/// One value in each column.
pub(super) type Line = [f32; SIDE];

/// An optic nerve head that the scan just touches.
#[derive(Clone, Copy)]
pub(super) struct NerveHead {
    /// Where it ends the layers, in columns from its flank.
    pub(super) reach: f32,
}

/// What all images of one eye share.
pub(super) struct Eye {
    tilt: f32,
    curve: f32,
    bend: f32,
    thickness: f32,
    fovea: f32,
    fovea_width: f32,
    /// 1 where the nerve lies to the right, -1 to the left.
    nasal: f32,
    nasal_swelling: f32,
    choroid: f32,
    /// The optic nerve head, on the nasal flank, if it is in the frame.
    pub(super) nerve_head: Option<NerveHead>,
    waves: Noise,
}

impl Eye {
    /// A random eye.
    pub(super) fn new(rng: &mut Rng) -> Self {
        Self {
            tilt: rng.between(-24.0, 24.0),
            curve: if rng.chance(0.15) { rng.between(-12.0, 5.0) } else { rng.between(4.0, 80.0) },
            bend: rng.between(-10.0, 10.0),
            thickness: rng.between(48.0, 70.0),
            fovea: rng.between(170.0, 342.0),
            fovea_width: rng.between(30.0, 66.0),
            nasal: rng.sign(),
            nasal_swelling: rng.between(0.03, 0.2),
            choroid: rng.between(28.0, 56.0),
            nerve_head: rng.chance(0.25).then_some(NerveHead { reach: rng.between(16.0, 58.0) }),
            waves: Noise::new(rng),
        }
    }

    /// Another tilt. Up to ten degrees an angle and its tangent hardly differ.
    pub(super) fn set_tilt(&mut self, degrees: f32) {
        self.tilt = degrees * std::f32::consts::PI / 180.0 * SIDE as f32 / 2.0;
    }

    /// How far column `x` lies inside the nerve head: 0 outside, 1 well inside.
    pub(super) fn in_nerve_head(&self, x: usize) -> f32 {
        let Some(head) = self.nerve_head else { return 0.0 };
        smoothstep((head.reach - self.columns_to_nasal_flank(x)) / 16.0)
    }

    /// Columns between `x` and the flank on the nerve's side.
    pub(super) fn columns_to_nasal_flank(&self, x: usize) -> f32 {
        if self.nasal > 0.0 { (SIDE - 1 - x) as f32 } else { x as f32 }
    }

    /// The columns that lesions may use: all but the nerve head's.
    pub(super) fn free_columns(&self) -> (f32, f32) {
        let taken = self.nerve_head.map_or(0.0, |head| head.reach + 14.0);
        let end = SIDE as f32 - 1.0;
        if self.nasal > 0.0 { (6.0, end - 6.0 - taken) } else { (6.0 + taken, end - 6.0) }
    }
}

/// Where and how an image cuts through its eye.
pub(super) struct Cut {
    pit: f32,
    slide: f32,
    tilt: f32,
    height: f32,
}

impl Cut {
    /// A random cut.
    pub(super) fn new(rng: &mut Rng) -> Self {
        Self {
            pit: if rng.chance(0.25) { rng.between(0.0, 0.5) } else { rng.between(0.6, 1.0) },
            slide: rng.between(-22.0, 22.0),
            tilt: rng.between(-5.0, 5.0),
            height: rng.between(-26.0, 26.0),
        }
    }
}

/// What lesions do to each column.
pub(super) struct Changes {
    /// Rows by which the RPE stands off Bruch's membrane.
    pub(super) lift: Line,
    /// Brightness of what lies under a lifted RPE.
    pub(super) filling: Line,
    /// Rows of fluid between photoreceptors and RPE.
    pub(super) pool: Line,
    /// Rows by which Bruch's membrane and all above is displaced downwards.
    pub(super) fold: Line,
    /// Rows of deposit on top of the RPE.
    pub(super) deposit: Line,
    /// Rows by which cysts swell the outer nuclear layer.
    pub(super) swelling: Line,
    /// What is left of the outer nuclear layer's thickness, 0 to 1.
    pub(super) onl: Line,
    /// What is left of the inner and outer segments' thickness, 0 to 1.
    pub(super) segments: Line,
    /// What is left of the ellipsoid zone and ELM, 0 to 1.
    pub(super) ez: Line,
    /// What is left of the RPE, 0 to 1.
    pub(super) rpe: Line,
    /// Light that passes into the choroid, 1 as usual.
    pub(super) light: Line,
}

impl Changes {
    /// A retina that nothing has changed.
    pub(super) fn none() -> Self {
        let (zero, one) = ([0.0; SIDE], [1.0; SIDE]);
        Self {
            lift: zero,
            filling: zero,
            pool: zero,
            fold: zero,
            deposit: zero,
            swelling: zero,
            onl: one,
            segments: one,
            ez: one,
            rpe: one,
            light: one,
        }
    }
}

/// The row of each border, from the vitreous down. Each field is the lower border of the layer it names,
/// but `ilm` and `rpe_top`.
pub(super) struct Outlines {
    pub(super) ilm: Line,
    pub(super) rnfl: Line,
    pub(super) gcl: Line,
    pub(super) ipl: Line,
    pub(super) inl: Line,
    pub(super) opl: Line,
    pub(super) elm: Line,
    pub(super) ez: Line,
    pub(super) outer_segments: Line,
    pub(super) rpe_top: Line,
    pub(super) rpe: Line,
    pub(super) bruch: Line,
    pub(super) choroid: Line,
}

impl Outlines {
    /// The layers of `eye`, cut by `cut` and bent by `changes`.
    pub(super) fn new(eye: &Eye, cut: &Cut, changes: &Changes) -> Self {
        let mut outlines = Self::with_relief(eye, cut, changes, 1.0);
        let (top, bottom) = outlines.extent();
        if bottom - top > MOST_ROWS {
            let spared = bottom - top - MOST_ROWS;
            let relief = (1.0 - spared / (eye.curve.abs() + 2.0 * eye.tilt.abs() + 8.0)).clamp(0.0, 0.9);
            outlines = Self::with_relief(eye, cut, changes, relief);
        }
        let (top, bottom) = outlines.extent();
        let spare = ((MOST_ROWS + 8.0 - (bottom - top)) / 2.0).max(0.0);
        let shift = SIDE as f32 / 2.0 + cut.height.clamp(-spare, spare) - (top + bottom) / 2.0;
        outlines.move_down(shift);
        outlines
    }

    fn with_relief(eye: &Eye, cut: &Cut, changes: &Changes, relief: f32) -> Self {
        let zero = [0.0; SIDE];
        let mut o = Self {
            ilm: zero,
            rnfl: zero,
            gcl: zero,
            ipl: zero,
            inl: zero,
            opl: zero,
            elm: zero,
            ez: zero,
            outer_segments: zero,
            rpe_top: zero,
            rpe: zero,
            bruch: zero,
            choroid: zero,
        };
        let bulge: Line = std::array::from_fn(|x| changes.lift[x] + changes.pool[x]);
        // The inner retina follows what bulges below it, but smoothly: it passes over small drusen and rides on large ones.
        let push = smoothed(&bulge, 19);
        let folded = smoothed(&changes.fold, 5);
        let swelling = smoothed(&changes.swelling, 9);
        let onl_kept = smoothed(&changes.onl, 11);
        let t = eye.thickness;
        for x in 0..SIDE {
            let column = x as f32;
            let u = (column - 256.0) / 256.0;
            let off = column - eye.fovea - cut.slide;
            let d = off / eye.fovea_width;
            let near = 1.0 / (1.0 + d * d);
            let pit = near * near * cut.pit;
            let rim = 4.0 * d * d * near * near;
            let away = (eye.nasal * off / 256.0).clamp(0.0, 1.4);
            let ripple = |k: f32, size: f32| 1.0 + size * eye.waves.at(column / 60.0, k);

            let base = (eye.tilt + cut.tilt) * u + eye.bend * (wave(column / 900.0 + 0.1) + u * u * u);
            let bruch = -relief * (base + eye.curve * u * u) + 1.2 * eye.waves.along(column / 46.0);
            o.bruch[x] = bruch + changes.fold[x];
            o.rpe[x] = o.bruch[x] - changes.lift[x];
            o.rpe_top[x] = o.rpe[x] - t * 0.066 * (0.35 + 0.65 * changes.rpe[x]);
            o.outer_segments[x] = o.rpe_top[x] - changes.pool[x];
            let segments = changes.segments[x];
            let bump = (0.55 * changes.deposit[x]).min(7.0);
            o.ez[x] = o.outer_segments[x] - t * 0.085 * (1.0 + 0.3 * pit) * segments - bump;
            o.elm[x] = o.ez[x] - t * 0.06 * segments;

            let onl = t * 0.23 * (1.0 + 0.45 * pit) * ripple(1.0, 0.06) * onl_kept[x];
            let rest = bruch - t * 0.205 * (0.3 + 0.7 * onl_kept[x]);
            let followed = rest - onl - 0.85 * push[x] + 0.45 * folded[x];
            let least = o.elm[x] - 0.22 * onl;
            o.opl[x] = followed.min(least) - swelling[x];
            o.inl[x] = o.opl[x] - t * 0.085 * (1.0 - 0.75 * pit) * ripple(2.0, 0.1);
            o.ipl[x] = o.inl[x] - t * 0.12 * (1.0 - 0.96 * pit) * (0.85 + 0.3 * rim) * ripple(3.0, 0.1);
            o.gcl[x] = o.ipl[x] - t * 0.12 * (1.0 - 0.97 * pit) * (0.85 + 0.35 * rim) * ripple(4.0, 0.08);
            o.rnfl[x] = o.gcl[x] - t * 0.13 * (1.0 - 0.98 * pit) * (0.75 + 0.35 * rim) * ripple(5.0, 0.08);
            let fibres = 0.045 + eye.nasal_swelling * away;
            o.ilm[x] = o.rnfl[x] - t * fibres * (1.0 - pit) * ripple(6.0, 0.12);

            let head = eye.in_nerve_head(x);
            if head > 0.0 {
                let reach = eye.nerve_head.map_or(0.0, |head| head.reach);
                let cup = 34.0 * smoothstep((0.55 * reach - eye.columns_to_nasal_flank(x)) / 22.0);
                o.ilm[x] += head * (cup - 11.0);
                o.rnfl[x] += head * 0.75 * (o.opl[x] - o.rnfl[x]);
            }
            o.choroid[x] =
                bruch + eye.choroid * (1.0 + 0.22 * eye.waves.at(column / 70.0, 9.0)) + 0.3 * changes.fold[x];
        }
        o
    }

    fn extent(&self) -> (f32, f32) {
        let top = self.ilm.iter().copied().fold(f32::MAX, f32::min);
        (top, self.choroid.iter().copied().fold(f32::MIN, f32::max))
    }

    fn move_down(&mut self, rows: f32) {
        for line in [
            &mut self.ilm,
            &mut self.rnfl,
            &mut self.gcl,
            &mut self.ipl,
            &mut self.inl,
            &mut self.opl,
            &mut self.elm,
            &mut self.ez,
            &mut self.outer_segments,
            &mut self.rpe_top,
            &mut self.rpe,
            &mut self.bruch,
            &mut self.choroid,
        ] {
            line.iter_mut().for_each(|row| *row += rows);
        }
    }
}

/// A line averaged twice over `reach` columns to each side.
fn smoothed(line: &Line, reach: usize) -> Line {
    let once = |line: &Line| {
        let mut out = [0.0; SIDE];
        for (x, value) in out.iter_mut().enumerate() {
            let part = &line[x.saturating_sub(reach)..(x + reach + 1).min(SIDE)];
            *value = part.iter().sum::<f32>() / part.len() as f32;
        }
        out
    };
    once(&once(line))
}
