//! The loupe: which part of a drawn picture is seen through it.

/// How often larger than on the page the picture is seen through it.
pub const MAGNIFICATION: f64 = 3.;
/// The sides of the loupe on the page, in pixels.
pub const SIDE_PX: f64 = 190.;
/// How far an arrow key moves it, as a share of the frame.
pub const STEP: f64 = 0.02;

/// The part that is seen, x, y, width, height in pixels of a picture drawn at `drawn` (columns, rows): around `at` (shares of the
/// picture), which is shown `zoom` times as large as a frame of `frame_px`.
pub fn part(at: [f64; 2], zoom: f64, frame_px: [f64; 2], drawn: [f64; 2]) -> [f64; 4] {
    let sides = [0, 1].map(|axis| SIDE_PX / MAGNIFICATION * drawn[axis] / (frame_px[axis] * zoom).max(1.));
    [at[0] * drawn[0] - sides[0] / 2., at[1] * drawn[1] - sides[1] / 2., sides[0], sides[1]]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_below_the_pointer_is_in_the_middle_and_larger() {
        let [x, y, width, height] = part([0.25, 0.5], 1., [800., 400.], [400., 200.]);
        assert!((x + width / 2. - 100.).abs() < 1e-9 && (y + height / 2. - 100.).abs() < 1e-9);
        // On the page these pixels are twice as large.
        assert!((width * 2. * MAGNIFICATION - SIDE_PX).abs() < 1e-9 && (width - height).abs() < 1e-9);
        let zoomed = part([0.25, 0.5], 4., [800., 400.], [400., 200.]);
        assert!((zoomed[2] * 4. - width).abs() < 1e-9);
    }
}
