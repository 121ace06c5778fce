//! Looks at a scan in another way: a part of it, turned, in negative.

use super::b_scan::{Layer, Scan};
use super::view::{Turn, View};
use crate::error::{Error, Result};

impl Scan {
    /// The scan as `view` says.
    ///
    /// # Errors
    /// The part that is to be kept is empty or reaches beyond the scan.
    pub fn viewed(self, view: &View) -> Result<Self> {
        let scan = match view.crop {
            Some(crop) => self.cropped(crop)?,
            None => self,
        };
        let mut scan = scan.turned(view.turn);
        if view.invert {
            scan.pixels.iter_mut().for_each(|pixel| *pixel = u8::MAX - *pixel);
        }
        Ok(scan)
    }

    fn cropped(self, [x, y, width, height]: [usize; 4]) -> Result<Self> {
        let fits = |from: usize, n: usize, side: usize| n > 0 && from.checked_add(n).is_some_and(|end| end <= side);
        if !fits(x, width, self.width) || !fits(y, height, self.height) {
            let (w, h) = (self.width, self.height);
            return Err(Error::scan(format!(
                "the part {width} × {height} at {x}, {y} does not lie within the picture of {w} × {h} pixels: choose another"
            )));
        }
        let row = |row: usize| &self.pixels[row * self.width + x..][..width];
        let pixels = (y..y + height).flat_map(row).copied().collect();
        let inside = |row: &Option<f32>| row.map(|row| row - y as f32).filter(|row| (0. ..height as f32).contains(row));
        let layer = |layer: &Layer| Layer {
            name: layer.name.clone(),
            rows: layer.rows.iter().skip(x).take(width).map(inside).collect(),
        };
        let layers = self.layers.iter().map(layer).collect();
        Ok(Self { pixels, width, height, layers, ..self })
    }

    fn turned(self, turn: Turn) -> Self {
        let (w, h) = (self.width, self.height);
        let (width, height) = if matches!(turn, Turn::Left | Turn::Right) { (h, w) } else { (w, h) };
        // Where the pixel of column x and row y comes from.
        let source = |x: usize, y: usize| match turn {
            Turn::None => (x, y),
            Turn::Left => (w - 1 - y, x),
            Turn::Right => (y, h - 1 - x),
            Turn::Half => (w - 1 - x, h - 1 - y),
        };
        if turn == Turn::None {
            return self;
        }
        let pixel = |i: usize| {
            let (x, y) = source(i % width, i / width);
            self.pixel(x, y)
        };
        let pixels = (0..width * height).map(pixel).collect();
        let um_per_pixel =
            self.um_per_pixel.map(|[across, down]| if width == w { [across, down] } else { [down, across] });
        // A boundary is a row at each column, which no longer holds.
        Self { pixels, width, height, um_per_pixel, layers: Vec::new(), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three columns, two rows: 0 1 2 and 3 4 5.
    fn scan() -> Scan {
        Scan {
            um_per_pixel: Some([6., 4.]),
            layers: vec![Layer { name: "ILM".into(), rows: vec![Some(0.5), Some(1.5), None] }],
            ..Scan::of_pixels(3, 2, vec![0, 1, 2, 3, 4, 5])
        }
    }

    #[test]
    fn turns_go_the_way_that_they_say() {
        for (turn, size, pixels) in [
            (Turn::None, [3, 2], [0, 1, 2, 3, 4, 5]),
            (Turn::Left, [2, 3], [2, 5, 1, 4, 0, 3]),
            (Turn::Right, [2, 3], [3, 0, 4, 1, 5, 2]),
            (Turn::Half, [3, 2], [5, 4, 3, 2, 1, 0]),
        ] {
            let found = scan().viewed(&View { turn, ..View::default() }).unwrap();
            assert_eq!(([found.width, found.height], found.pixels.as_slice()), (size, &pixels[..]), "{turn:?}");
            let is_upright = size == [3, 2];
            assert_eq!(found.um_per_pixel, Some(if is_upright { [6., 4.] } else { [4., 6.] }));
            assert_eq!(found.layers.is_empty(), turn != Turn::None);
        }
    }

    #[test]
    fn a_part_keeps_its_pixels_and_layers_and_is_cut_before_it_is_turned() {
        let view = View { crop: Some([1, 1, 2, 1]), ..View::default() };
        let found = scan().viewed(&view).unwrap();
        assert_eq!((found.width, found.height, found.pixels.as_slice()), (2, 1, &[4, 5][..]));
        assert_eq!(found.layers[0].rows, [Some(0.5), None]);
        let found = scan().viewed(&View { turn: Turn::Right, invert: true, ..view }).unwrap();
        assert_eq!((found.width, found.height, found.pixels.as_slice()), (1, 2, &[251, 250][..]));
    }

    #[test]
    fn a_part_that_is_not_within_the_picture_is_refused() {
        for crop in [[0, 0, 0, 1], [0, 0, 4, 1], [2, 0, 2, 1], [0, 1, 1, 2], [usize::MAX, 0, 2, 1]] {
            let error = scan().viewed(&View { crop: Some(crop), ..View::default() }).unwrap_err();
            assert!(error.to_string().contains("3 × 2"), "{error}");
        }
    }
}
