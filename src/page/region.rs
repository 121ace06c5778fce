//! A rectangle on a scan that is drawn with a pointer or moved by keys: x, y, width, height in scan pixels.

use crate::page::viewer::transform::Transform;

/// How far an arrow key moves or sizes it, as a share of the scan's sides.
const STEP: f32 = 0.02;
/// Its smallest sides, as a share of the scan's: a click is no rectangle.
const MIN_SHARE: f32 = 0.01;

/// Where it begins for the keyboard: in the middle of a scan of `size` (columns, rows), a quarter of each side.
pub fn in_the_middle(size: [usize; 2]) -> [f32; 4] {
    let [width, height] = size.map(|n| n as f32);
    [0.375 * width, 0.375 * height, 0.25 * width, 0.25 * height]
}

/// Between two corners, given as shares of the picture (0…1 inside of it); none if it would be too small.
pub fn between(from: [f64; 2], to: [f64; 2], size: [usize; 2]) -> Option<[f32; 4]> {
    let side = |axis: usize| {
        let n = size[axis] as f64;
        let [a, b] = [from[axis], to[axis]].map(|share| share.clamp(0., 1.) * n);
        let length = (b - a).abs();
        (length >= f64::from(MIN_SHARE) * n && length > 0.).then_some([a.min(b) as f32, length as f32])
    };
    let ([x, width], [y, height]) = (side(0)?, side(1)?);
    Some([x, y, width, height])
}

/// After an arrow key: moved, or sized at its lower right corner; it stays on the scan. None for any other key.
pub fn after_key(region: [f32; 4], key: &str, is_sizing: bool, size: [usize; 2]) -> Option<[f32; 4]> {
    let (axis, sign) = match key {
        "ArrowLeft" => (0, -1.),
        "ArrowRight" => (0, 1.),
        "ArrowUp" => (1, -1.),
        "ArrowDown" => (1, 1.),
        _ => return None,
    };
    let n = size[axis] as f32;
    let (step, smallest) = (sign * STEP * n, MIN_SHARE * n);
    let mut changed = region;
    let [start, length] = [region[axis], region[axis + 2]];
    if is_sizing {
        changed[axis + 2] = (length + step).clamp(smallest, (n - start).max(smallest));
    } else {
        changed[axis] = (start + step).clamp(0., (n - length).max(0.));
    }
    Some(changed)
}

/// Left, top, width and height in the frame of a picture that is looked at through `transform`, in percent.
pub fn percents(region: [f32; 4], size: [usize; 2], transform: Transform) -> [f64; 4] {
    let share = |axis: usize, at: f32| f64::from(at) / size[axis].max(1) as f64;
    let [x, y, width, height] = region;
    let [left, top] = transform.to_frame([share(0, x), share(1, y)]);
    let [right, bottom] = transform.to_frame([share(0, x + width), share(1, y + height)]);
    [left, top, right - left, bottom - top].map(|share| share * 100.)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: [usize; 2] = [512, 496];

    #[test]
    fn two_corners_make_the_same_rectangle_in_any_order_and_are_cut_at_the_edges() {
        let size = [200, 100];
        let region = Some([50., 25., 100., 50.]);
        assert_eq!(between([0.25, 0.25], [0.75, 0.75], size), region);
        assert_eq!(between([0.75, 0.25], [0.25, 0.75], size), region);
        assert_eq!(between([0.5, -3.], [7., 0.5], size), Some([100., 0., 100., 50.]));
        assert_eq!(between([0.5, 0.5], [0.5, 0.9], size), None, "a click or a line is no rectangle");
    }

    #[test]
    fn arrows_move_and_size_it_and_it_stays_on_the_scan() {
        let start = in_the_middle(SIZE);
        let moved = after_key(start, "ArrowRight", false, SIZE).unwrap();
        assert!(moved[0] > start[0] && moved[1..] == start[1..]);
        let sized = after_key(start, "ArrowUp", true, SIZE).unwrap();
        assert!(sized[3] < start[3] && sized[..3] == start[..3]);
        assert_eq!(after_key(start, "a", false, SIZE), None);
        for key in ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"] {
            for is_sizing in [false, true] {
                let end = (0..200).fold(start, |region, _| after_key(region, key, is_sizing, SIZE).unwrap());
                let [x, y, width, height] = end;
                assert!(x >= 0. && y >= 0. && width > 0. && height > 0., "{end:?}");
                assert!(x + width <= 512.01 && y + height <= 496.01, "{end:?}");
            }
        }
    }

    #[test]
    fn percents_are_of_the_picture() {
        assert_eq!(percents([50., 25., 100., 50.], [200, 100], Transform::FIT), [25., 25., 50., 50.]);
    }

    #[test]
    fn a_rectangle_that_is_drawn_on_an_enlarged_picture_is_where_it_was_drawn() {
        let transform = Transform::FIT.zoomed_to(4., [0.7, 0.3], 1.).panned([0.05, -0.1]);
        let corners = [[0.2, 0.1], [0.6, 0.9]];
        let region = between(transform.to_picture(corners[0]), transform.to_picture(corners[1]), SIZE).unwrap();
        let drawn = percents(region, SIZE, transform);
        for (drawn, expected) in drawn.iter().zip([20., 10., 40., 80.]) {
            assert!((drawn - expected).abs() < 1e-3, "{drawn} is not {expected}");
        }
    }
}
