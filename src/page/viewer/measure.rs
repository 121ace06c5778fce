//! Lines that are measured on a scan. Their ends are in scan pixels.

/// How far an arrow key moves a line or its end, as a share of the scan's sides.
const STEP: f64 = 0.01;
/// The shortest line that a drag makes, as a share of the scan's width: a click is no line.
const MIN_SHARE: f64 = 0.004;

/// A straight line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line {
    /// Where it begins.
    pub from: [f64; 2],
    /// Where it ends.
    pub to: [f64; 2],
}

/// How long a line is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Length {
    /// In micrometres, where the file states its scale.
    Um(f64),
    /// In pixels, where it does not.
    Pixels(f64),
}

impl Line {
    /// Between two places that are shares of a scan of `size` (columns, rows); they are kept on it.
    pub fn between(from: [f64; 2], to: [f64; 2], size: [usize; 2]) -> Self {
        let place = |at: [f64; 2]| [0, 1].map(|axis| at[axis].clamp(0., 1.) * size[axis] as f64);
        Self { from: place(from), to: place(to) }
    }

    /// Across the middle of a scan: where it begins for the keyboard.
    pub fn in_the_middle(size: [usize; 2]) -> Self {
        Self::between([0.4, 0.5], [0.6, 0.5], size)
    }

    /// Whether it is long enough to be meant.
    pub fn is_meant(self, size: [usize; 2]) -> bool {
        self.n_pixels([1., 1.]) > MIN_SHARE * size[0] as f64
    }

    /// Its length; `um_per_pixel` is across and down.
    pub fn length(self, um_per_pixel: Option<[f64; 2]>) -> Length {
        match um_per_pixel {
            Some(scale) => Length::Um(self.n_pixels(scale)),
            None => Length::Pixels(self.n_pixels([1., 1.])),
        }
    }

    /// After an arrow: moved, or with its end moved; it stays on the scan.
    pub fn nudged(self, direction: [i8; 2], is_end_only: bool, size: [usize; 2]) -> Self {
        let by = |axis: usize| f64::from(direction[axis]) * STEP * size[axis] as f64;
        let limits = |axis: usize| (0., size[axis] as f64);
        let end = |at: [f64; 2], by: [f64; 2]| {
            [0, 1].map(|axis| {
                let (low, high) = limits(axis);
                (at[axis] + by[axis]).clamp(low, high)
            })
        };
        if is_end_only {
            return Self { to: end(self.to, [by(0), by(1)]), ..self };
        }
        // Both ends move by the same, so that it keeps its length at the edge.
        let room = [0, 1].map(|axis| {
            let (low, high) = limits(axis);
            let (first, last) = (self.from[axis].min(self.to[axis]), self.from[axis].max(self.to[axis]));
            by(axis).clamp((low - first).min(0.), (high - last).max(0.))
        });
        Self { from: end(self.from, room), to: end(self.to, room) }
    }

    fn n_pixels(self, scale: [f64; 2]) -> f64 {
        let [x, y] = [0, 1].map(|axis| (self.to[axis] - self.from[axis]) * scale[axis]);
        x.hypot(y)
    }
}

impl Length {
    /// As the page writes it in every language.
    pub fn text(self) -> String {
        match self {
            Self::Um(um) => format!("{um:.0} µm"),
            Self::Pixels(pixels) => format!("{pixels:.0} px"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: [usize; 2] = [500, 400];

    #[test]
    fn a_line_is_as_long_as_its_scale_says_across_and_down() {
        let line = Line { from: [10., 10.], to: [40., 50.] };
        assert_eq!(line.length(None), Length::Pixels(50.));
        assert_eq!(line.length(Some([10., 10.])), Length::Um(500.));
        let down = Line { from: [10., 10.], to: [10., 50.] };
        assert_eq!([down.length(Some([11.6, 3.9])).text(), down.length(None).text()], ["156 µm", "40 px"]);
    }

    #[test]
    fn a_line_between_shares_stays_on_the_scan_and_a_click_is_none() {
        let line = Line::between([0.5, 0.5], [2., -1.], SIZE);
        assert_eq!(line, Line { from: [250., 200.], to: [500., 0.] });
        assert!(line.is_meant(SIZE) && !Line::between([0.5, 0.5], [0.5, 0.5], SIZE).is_meant(SIZE));
    }

    #[test]
    fn arrows_move_it_whole_or_by_its_end() {
        let line = Line::in_the_middle(SIZE);
        let moved = line.nudged([1, 0], false, SIZE);
        assert_eq!((moved.length(None), moved.from), (line.length(None), [line.from[0] + 5., line.from[1]]));
        let longer = line.nudged([1, 0], true, SIZE);
        assert_eq!((longer.from, longer.to), (line.from, [line.to[0] + 5., line.to[1]]));
        let at_edge = (0..300).fold(line, |line, _| line.nudged([-1, -1], false, SIZE));
        assert_eq!((at_edge.from, at_edge.length(None)), ([0., 0.], line.length(None)));
    }
}
