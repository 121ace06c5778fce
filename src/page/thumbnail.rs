//! A scan as small as a thumbnail: the rows with the retina, not the middle of the picture. It stays when the pixels of the
//! scan are released.

/// A thumbnail has at most about this many pixels.
const MAX_PIXELS: usize = 16_000;
/// Columns for each row of the box in which thumbnails are shown.
const BOX_RATIO: f32 = 2.2;
/// Of a tall picture at least this share of the rows is shown: around the retina there is more to see.
const MIN_SHARE: f32 = 0.5;
/// Pixels of a row, and across and down a pixel of the thumbnail, that are looked at: a mean needs no more.
const MAX_SAMPLES: usize = 96;
const MAX_CELL_SAMPLES: usize = 4;

/// A small picture of a scan.
#[derive(Clone, Debug, PartialEq)]
pub struct Thumbnail {
    /// Grey, row by row.
    pub pixels: Vec<u8>,
    /// Columns and rows.
    pub size: [usize; 2],
}

impl Thumbnail {
    /// The thumbnail of a scan of `size` (columns, rows), of which the model reads `region` (x, y, width, height in scan
    /// pixels); none if there are fewer pixels than that.
    pub fn of(pixels: &[u8], size: [usize; 2], region: [f32; 4]) -> Option<Self> {
        let [width, height] = size;
        if width == 0 || height == 0 || pixels.len() < width.checked_mul(height)? {
            return None;
        }
        let [left, top, columns, rows] = window(pixels, size, region);
        let factor = (1..).find(|factor| columns.div_ceil(*factor) * rows.div_ceil(*factor) <= MAX_PIXELS)?;
        let [n_columns, n_rows] = [columns.div_ceil(factor), rows.div_ceil(factor)];
        let step = factor.div_ceil(MAX_CELL_SAMPLES).max(1);
        let mean = |column: usize, row: usize| {
            let ys = (top + row * factor..(top + (row + 1) * factor).min(top + rows)).step_by(step);
            let xs = left + column * factor..(left + (column + 1) * factor).min(left + columns);
            let samples = ys.flat_map(|y| pixels[y * width + xs.start..y * width + xs.end].iter().step_by(step));
            let (sum, n) = samples.fold((0, 0), |(sum, n), grey| (sum + u32::from(*grey), n + 1));
            (sum / n.max(1)) as u8
        };
        let small = (0..n_rows).flat_map(|row| (0..n_columns).map(move |column| (column, row)));
        Some(Self { pixels: small.map(|(column, row)| mean(column, row)).collect(), size: [n_columns, n_rows] })
    }

    /// Whether it is too tall to fill its box without losing rows.
    pub fn is_tall(&self) -> bool {
        (self.size[0] as f32) < BOX_RATIO * 0.8 * self.size[1] as f32
    }
}

/// What a thumbnail shows: left, top, columns, rows. Of a picture that is taller than the box these are the rows that are
/// brightest together, because the retina is the brightest band of a B-scan.
fn window(pixels: &[u8], [width, height]: [usize; 2], region: [f32; 4]) -> [usize; 4] {
    let within = |start: f32, length: f32, end: usize| {
        let start = (start.max(0.) as usize).min(end - 1);
        (start, (length.max(1.) as usize).clamp(1, end - start))
    };
    let (left, columns) = within(region[0], region[2], width);
    let (top, rows) = within(region[1], region[3], height);
    let fitting = (columns as f32 / BOX_RATIO).max(rows as f32 * MIN_SHARE).ceil() as usize;
    if fitting >= rows {
        return [left, top, columns, rows];
    }
    let step = columns.div_ceil(MAX_SAMPLES);
    let brightness = |y: usize| -> u64 {
        let row = &pixels[y * width + left..y * width + left + columns];
        row.iter().step_by(step).map(|grey| u64::from(*grey)).sum()
    };
    let mut sum: u64 = (top..top + fitting).map(brightness).sum();
    let middle = top + (rows - fitting) / 2;
    // Of windows that are equally bright, the one closest to the middle.
    let mut best = (sum, middle.abs_diff(top), top);
    for start in top + 1..=top + rows - fitting {
        sum = sum + brightness(start + fitting - 1) - brightness(start - 1);
        let distance = middle.abs_diff(start);
        if sum > best.0 || (sum == best.0 && distance < best.1) {
            best = (sum, distance, start);
        }
    }
    [left, best.2, columns, fitting]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tall dark picture with a bright band of rows.
    fn tall(band: std::ops::Range<usize>) -> Vec<u8> {
        (0..512 * 1024).map(|i| if band.contains(&(i / 512)) { 200 } else { 10 }).collect()
    }

    const WHOLE: [f32; 4] = [0., 0., 512., 1024.];

    #[test]
    fn a_tall_picture_is_shown_where_its_retina_is() {
        for band in [0..200, 300..500, 780..1020] {
            let [left, top, columns, rows] = window(&tall(band.clone()), [512, 1024], WHOLE);
            assert_eq!((left, columns, rows), (0, 512, 512));
            assert!(top <= band.start && top + rows >= band.end, "{band:?} in {top}…{}", top + rows);
        }
        let thumbnail = Thumbnail::of(&tall(780..1020), [512, 1024], WHOLE).unwrap();
        assert!(thumbnail.is_tall() && thumbnail.pixels.iter().any(|grey| *grey > 150));
        assert_eq!(thumbnail.pixels.len(), thumbnail.size[0] * thumbnail.size[1]);
        assert!(thumbnail.pixels.len() <= MAX_PIXELS);
    }

    #[test]
    fn where_nothing_is_brighter_the_middle_is_shown() {
        assert_eq!(window(&tall(0..0), [512, 1024], WHOLE), [0, 256, 512, 512]);
    }

    #[test]
    fn a_wide_scan_is_shown_whole_and_only_where_the_model_reads_it() {
        let scan = vec![7; 1536 * 496];
        assert_eq!(window(&scan, [1536, 496], [0., 0., 1536., 496.]), [0, 0, 1536, 496]);
        assert_eq!(window(&scan, [1536, 496], [500., 0., 1036., 400.]), [500, 0, 1036, 400]);
        // A region that is larger than the picture, as padding makes it, is cut.
        assert_eq!(window(&scan, [1536, 496], [-10., -200., 4000., 4000.]), [0, 0, 1536, 496]);
        assert!(!Thumbnail::of(&scan, [1536, 496], [0., 0., 1536., 496.]).unwrap().is_tall());
    }

    #[test]
    fn pixels_that_are_missing_make_no_thumbnail() {
        assert_eq!(Thumbnail::of(&[1, 2], [2, 2], [0., 0., 2., 2.]), None);
        assert_eq!(Thumbnail::of(&[], [0, 0], [0.; 4]), None);
        assert_eq!(Thumbnail::of(&[9, 8], [2, 1], [0., 0., 2., 1.]).unwrap().pixels, [9, 8]);
    }
}
