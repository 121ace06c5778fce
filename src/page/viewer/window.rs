//! Which greys of a scan are drawn from black to white: window and level, and the negative.

/// The smallest window, in percent of all greys: narrower ones only show noise.
pub const MIN_WIDTH: u8 = 4;
/// The largest one: at twice all greys the scan is half as contrasted as it is.
pub const MAX_WIDTH: u8 = 200;
/// What a key changes, in percent.
pub const STEP: i16 = 5;
/// What a drag over the whole frame changes, in percent: across, the window; down, its level.
const DRAG: [f64; 2] = [200., 100.];

/// A window of greys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GreyWindow {
    /// The grey in its middle, in percent of white.
    pub level: u8,
    /// How many greys it spans, in percent of all.
    pub width: u8,
    /// Whether bright is dark.
    pub is_inverted: bool,
}

impl Default for GreyWindow {
    fn default() -> Self {
        Self::ALL
    }
}

impl GreyWindow {
    /// All greys as they are.
    pub const ALL: Self = Self { level: 50, width: 100, is_inverted: false };

    /// With another level and width, within limits.
    pub fn with(self, level: i16, width: i16) -> Self {
        let level = level.clamp(0, 100) as u8;
        Self { level, width: width.clamp(MIN_WIDTH.into(), MAX_WIDTH.into()) as u8, ..self }
    }

    /// After a drag by shares of the frame since the window was this one: to the right it is wider, down darker.
    pub fn dragged(self, by: [f64; 2]) -> Self {
        let [width, level] = [0, 1].map(|axis| (by[axis] * DRAG[axis]).clamp(-300., 300.).round() as i16);
        self.with(i16::from(self.level) + level, i16::from(self.width) + width)
    }

    /// The grey that each grey is drawn as.
    pub fn table(self) -> [u8; 256] {
        let (level, width) = (f32::from(self.level), f32::from(self.width.max(1)));
        let low = level - width / 2.;
        std::array::from_fn(|grey| {
            let share = (grey as f32 / 255. * 100. - low) / width;
            let drawn = (share * 255.).round().clamp(0., 255.) as u8;
            if self.is_inverted { 255 - drawn } else { drawn }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_greys_stay_as_they_are() {
        let table = GreyWindow::ALL.table();
        assert!((0..=255).all(|grey: u8| table[usize::from(grey)] == grey));
    }

    #[test]
    fn a_negative_turns_each_grey_around() {
        let table = GreyWindow { is_inverted: true, ..GreyWindow::ALL }.table();
        assert!((0..=255).all(|grey: u8| table[usize::from(grey)] == 255 - grey));
    }

    #[test]
    fn a_window_spreads_its_greys_from_black_to_white_and_never_falls() {
        let table = GreyWindow::ALL.with(30, 20).table();
        assert_eq!((table[51], table[102]), (0, 255), "20 % and 40 %");
        assert!((120..=136).contains(&table[76]), "{}", table[76]);
        assert!(table.windows(2).all(|pair| pair[0] <= pair[1]));
        let flat = GreyWindow::ALL.with(50, 200).table();
        assert_eq!((flat[0], flat[255]), (64, 191));
    }

    #[test]
    fn a_drag_changes_width_across_and_level_down_within_limits() {
        assert_eq!(GreyWindow::ALL.dragged([0.1, 0.2]), GreyWindow { level: 70, width: 120, is_inverted: false });
        assert_eq!(GreyWindow::ALL.dragged([-9., -9.]), GreyWindow { level: 0, width: MIN_WIDTH, is_inverted: false });
        assert_eq!(GreyWindow::ALL.dragged([9., 9.]), GreyWindow { level: 100, width: MAX_WIDTH, is_inverted: false });
        assert_eq!(GreyWindow::ALL.dragged([f64::NAN, 0.]).level, 50);
    }
}
