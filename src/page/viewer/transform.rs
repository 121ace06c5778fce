//! Which part of a picture is seen, and how large. The frame is where the whole picture fits; places on frame and picture are
//! shares of their width and height, 0…1 inside.

/// How often a picture can be larger than its frame.
pub const MAX_ZOOM: f64 = 40.;
/// What a key or a button multiplies the zoom by.
pub const ZOOM_STEP: f64 = 1.25;
/// How far a key moves what is seen, as a share of the frame.
pub const PAN_STEP: f64 = 0.1;
/// How far a wheel turns for a zoom of `e`, in pixels: wheels turn about a hundred at a time, touchpads a few.
const WHEEL_PIXELS: f64 = 450.;
/// The largest turn that counts at once.
const MAX_WHEEL_PIXELS: f64 = 240.;

/// A picture in its frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Transform {
    zoom: f64,
    /// Where the picture's upper left corner is, as shares of the frame.
    corner: [f64; 2],
}

impl Default for Transform {
    fn default() -> Self {
        Self::FIT
    }
}

impl Transform {
    /// The whole picture, as large as the frame.
    pub const FIT: Self = Self { zoom: 1., corner: [0., 0.] };

    /// How often the picture is larger than its frame.
    pub fn zoom(self) -> f64 {
        self.zoom
    }

    /// Whether the whole picture fits its frame.
    pub fn is_fit(self) -> bool {
        self == Self::FIT
    }

    /// The place on the picture at a place of the frame.
    pub fn to_picture(self, at: [f64; 2]) -> [f64; 2] {
        [0, 1].map(|axis| (at[axis] - self.corner[axis]) / self.zoom)
    }

    /// The place in the frame of a place on the picture.
    pub fn to_frame(self, at: [f64; 2]) -> [f64; 2] {
        [0, 1].map(|axis| self.corner[axis] + at[axis] * self.zoom)
    }

    /// Larger or smaller by `factor`; what is at `at` in the frame stays there, unless the picture would leave its frame.
    pub fn zoomed_by(self, factor: f64, at: [f64; 2], least: f64) -> Self {
        self.zoomed_to(self.zoom * factor, at, least)
    }

    /// `zoom` times as large as the frame, at least `least`; what is at `at` in the frame stays there.
    pub fn zoomed_to(self, zoom: f64, at: [f64; 2], least: f64) -> Self {
        if !zoom.is_finite() {
            return self;
        }
        let (zoom, fixed) = (zoom.clamp(least.min(1.), MAX_ZOOM), self.to_picture(at));
        Self { zoom, corner: [0, 1].map(|axis| at[axis] - fixed[axis] * zoom) }.kept_in_frame()
    }

    /// Moved by shares of the frame.
    pub fn panned(self, by: [f64; 2]) -> Self {
        Self { corner: [0, 1].map(|axis| self.corner[axis] + by[axis]), ..self }.kept_in_frame()
    }

    /// With a place on the picture in the middle of the frame, as far as that goes.
    pub fn centred_on(self, at: [f64; 2]) -> Self {
        let [x, y] = self.to_frame(at);
        self.panned([0.5 - x, 0.5 - y])
    }

    /// After two fingers have moved from `before` to `after` in a frame of `size_px`: what was between them stays between them.
    pub fn pinched(self, before: [[f64; 2]; 2], after: [[f64; 2]; 2], size_px: [f64; 2], least: f64) -> Self {
        let middle = |[a, b]: [[f64; 2]; 2]| [0, 1].map(|axis| (a[axis] + b[axis]) / 2.);
        let distance = |[a, b]: [[f64; 2]; 2]| {
            let [x, y] = [0, 1].map(|axis| (a[axis] - b[axis]) * size_px[axis]);
            x.hypot(y).max(1.)
        };
        let (from, to) = (middle(before), middle(after));
        let zoomed = self.zoomed_by(distance(after) / distance(before), from, least);
        zoomed.panned([0, 1].map(|axis| to[axis] - from[axis]))
    }

    /// A larger picture covers its frame, a smaller one is in its middle.
    fn kept_in_frame(self) -> Self {
        let room = 1. - self.zoom;
        let corner = self.corner.map(|start| if self.zoom > 1. { start.clamp(room, 0.) } else { room / 2. });
        Self { corner, ..self }
    }

    /// The value of CSS `transform` by which an element that fills the frame shows the picture; its origin is the upper left corner.
    pub fn css(self) -> String {
        if self.is_fit() {
            return "none".to_owned();
        }
        let [x, y] = self.corner.map(|share| share * 100.);
        format!("translate({x:.4}%, {y:.4}%) scale({:.6})", self.zoom)
    }
}

/// The zoom at which a pixel of a scan, `n_columns` wide, is one pixel of the screen; `n_pixels` are those of the frame's width.
pub fn one_to_one(n_columns: usize, n_pixels: f64) -> f64 {
    if n_pixels > 0. { (n_columns as f64 / n_pixels).clamp(1. / MAX_ZOOM, MAX_ZOOM) } else { 1. }
}

/// What a turn of a wheel, in pixels, multiplies the zoom by.
pub fn wheel_factor(pixels: f64) -> f64 {
    if pixels.is_nan() { 1. } else { (-pixels.clamp(-MAX_WHEEL_PIXELS, MAX_WHEEL_PIXELS) / WHEEL_PIXELS).exp() }
}

/// Whether a wheel over the picture zooms: always with Ctrl, as touchpads send it for a pinch; else not where it would scroll the
/// page, and not where the picture cannot get smaller.
pub fn wheel_zooms(pixels: f64, has_ctrl: bool, does_page_scroll: bool, is_smallest: bool) -> bool {
    has_ctrl || !(does_page_scroll || (pixels > 0. && is_smallest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_near(a: [f64; 2], b: [f64; 2]) -> bool {
        a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-9)
    }

    #[test]
    fn what_is_below_the_pointer_stays_there() {
        for at in [[0.5, 0.5], [0.1, 0.9], [0.73, 0.21]] {
            let mut transform = Transform::FIT;
            let place = transform.to_picture(at);
            for factor in [1.25, 2., 1.5, 0.8, 1.1] {
                transform = transform.zoomed_by(factor, at, 1.);
                assert!(is_near(transform.to_picture(at), place), "{transform:?}");
            }
        }
    }

    #[test]
    fn places_are_mapped_there_and_back() {
        let transform = Transform::FIT.zoomed_by(3.7, [0.2, 0.8], 1.).panned([0.1, -0.05]);
        for at in [[0., 0.], [0.3, 0.6], [1., 1.], [-2., 5.]] {
            assert!(is_near(transform.to_frame(transform.to_picture(at)), at));
        }
        assert!(is_near(Transform::FIT.to_picture([0.25, 0.75]), [0.25, 0.75]));
    }

    #[test]
    fn a_larger_picture_covers_its_frame_and_a_smaller_one_is_in_the_middle() {
        let large = Transform::FIT.zoomed_to(4., [0.5, 0.5], 1.);
        for by in [[9., 9.], [-9., -9.], [0.2, -9.]] {
            let [first, last] = [[0., 0.], [1., 1.]].map(|corner| large.panned(by).to_frame(corner));
            assert!((0..2).all(|axis| first[axis] <= 1e-9 && last[axis] >= 1. - 1e-9), "{first:?} {last:?}");
        }
        let small = Transform::FIT.zoomed_to(0.5, [0.1, 0.1], 0.5);
        assert_eq!((small.to_frame([0., 0.]), small.to_frame([1., 1.])), ([0.25, 0.25], [0.75, 0.75]));
        assert_eq!(small.panned([0.3, 0.3]), small);
        assert_eq!(Transform::FIT.panned([0.3, 0.3]), Transform::FIT);
    }

    #[test]
    fn zoom_has_limits_and_returns_to_the_whole() {
        assert_eq!(Transform::FIT.zoomed_by(1e9, [0.5, 0.5], 1.).zoom(), MAX_ZOOM);
        assert_eq!(Transform::FIT.zoomed_by(1e-9, [0.5, 0.5], 0.3).zoom(), 0.3);
        assert_eq!(Transform::FIT.zoomed_by(f64::NAN, [0.5, 0.5], 0.3), Transform::FIT);
        let there_and_back = Transform::FIT.zoomed_by(5., [0.9, 0.1], 1.).zoomed_to(1., [0.3, 0.3], 1.);
        assert!(there_and_back.is_fit(), "{there_and_back:?}");
        let centred = Transform::FIT.zoomed_to(4., [0.5, 0.5], 1.).centred_on([0.4, 0.6]);
        assert!(is_near(centred.to_frame([0.4, 0.6]), [0.5, 0.5]));
    }

    #[test]
    fn two_fingers_take_what_is_between_them_along() {
        let (before, after) = ([[0.4, 0.5], [0.6, 0.5]], [[0.3, 0.4], [0.7, 0.4]]);
        let pinched = Transform::FIT.pinched(before, after, [400., 200.], 1.);
        assert!((pinched.zoom() - 2.).abs() < 1e-9);
        assert!(is_near(pinched.to_frame([0.5, 0.5]), [0.5, 0.4]), "{pinched:?}");
    }

    #[test]
    fn one_to_one_is_a_pixel_for_a_pixel() {
        assert_eq!((one_to_one(512, 1024.), one_to_one(512, 256.), one_to_one(512, 0.)), (0.5, 2., 1.));
    }

    #[test]
    fn a_wheel_zooms_evenly_and_leaves_scrolling_to_the_page() {
        let there_and_back = wheel_factor(100.) * wheel_factor(-100.);
        assert!((there_and_back - 1.).abs() < 1e-9 && wheel_factor(-100.) > 1.1);
        assert_eq!((wheel_factor(1e9), wheel_factor(f64::NAN)), (wheel_factor(MAX_WHEEL_PIXELS), 1.));
        assert!(wheel_zooms(-100., false, false, true) && wheel_zooms(100., false, false, false));
        assert!(!wheel_zooms(100., false, false, true), "it is the whole already");
        assert!(!wheel_zooms(-100., false, true, false) && wheel_zooms(-100., true, true, false));
    }

    #[test]
    fn the_style_of_the_whole_is_none() {
        assert_eq!(Transform::FIT.css(), "none");
        let style = Transform::FIT.zoomed_to(2., [0.5, 0.5], 1.).css();
        assert_eq!(style, "translate(-50.0000%, -50.0000%) scale(2.000000)");
    }
}
