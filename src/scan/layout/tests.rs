//! Pictures as people have them, made from a drawn B-scan and a drawn infrared picture.

use super::*;
use crate::scan::view::Turn;

/// A grey value from a hash, so that neighbours differ.
fn noise(x: usize, y: usize) -> f32 {
    let mut mixed = (x as u64) << 32 | y as u64;
    for _ in 0..3 {
        mixed = (mixed ^ mixed >> 31).wrapping_mul(0xD6E8_FEB8_6659_FD93);
    }
    (mixed >> 56) as f32 / 255. - 0.5
}

fn picture(width: usize, height: usize, grey: impl Fn(usize, usize) -> f32) -> Scan {
    Scan::of_pixels(
        width,
        height,
        (0..width * height).map(|i| grey(i % width, i / width).clamp(0., 255.) as u8).collect(),
    )
}

/// A B-scan: a noisy vitreous, a retina with a pit, whose pigment epithelium is brightest, and a choroid that fades.
fn b_scan(width: usize, height: usize) -> Scan {
    b_scan_with(width, height, 0.15)
}

/// The same with a choroid that fades to a third over `reach` of the height.
fn b_scan_with(width: usize, height: usize, reach: f32) -> Scan {
    picture(width, height, |x, y| {
        let at = x as f32 / width as f32;
        let pit = 0.07 * (-((at - 0.5) / 0.1).powi(2)).exp();
        let bend = 0.1 * (at - 0.4).powi(2);
        let depth = y as f32 / height as f32 - 0.3 + bend;
        let tissue = match depth {
            d if d < pit => 0.,
            d if d < pit + 0.04 => 110.,
            d if d < 0.2 => 75.,
            d if d < 0.24 => 190.,
            d => 90. * (-(d - 0.24) / reach).exp(),
        };
        18. + tissue + noise(x, y) * (14. + 0.35 * tissue)
    })
}

/// An infrared picture of the fundus: darker towards the corners, a bright disc from which dark vessels run in arcs, a dark
/// fovea.
fn infrared(side: usize) -> Scan {
    picture(side, side, |x, y| {
        let (u, v) = (x as f32 / side as f32, y as f32 / side as f32);
        let from = |cx: f32, cy: f32| ((u - cx).powi(2) + (v - cy).powi(2)).sqrt();
        let vignette = 1. - 0.9 * from(0.5, 0.5).powi(2);
        let disc = 70. * (-(from(0.82, 0.5) / 0.08).powi(4)).exp();
        let fovea = -25. * (-(from(0.3, 0.52) / 0.07).powi(2)).exp();
        // Arcs around the fovea, and branches of them.
        let arc = |radius: f32, width: f32| {
            let off = ((u - 0.35).powi(2) / 1.6 + (v - 0.5).powi(2)).sqrt() - radius;
            -45. * (-(off / width).powi(2)).exp()
        };
        let branch = |slope: f32, start: f32| {
            let off = v - start - slope * (u - 0.5) - 0.04 * (9. * u).sin();
            -25. * (-(off / 0.006).powi(2)).exp()
        };
        let vessels = arc(0.3, 0.011) + arc(0.37, 0.008) + branch(0.5, 0.2) + branch(-0.6, 0.85) + branch(0.2, 0.93);
        (125. + disc + fovea + vessels + 8. * (40. * u).sin() * (31. * v).cos()) * vignette + 22. * noise(x, y)
    })
}

/// `pictures` on a ground of one grey value, each with its left upper corner.
fn screen(width: usize, height: usize, ground: u8, pictures: &[(&Scan, usize, usize)]) -> Scan {
    let mut screen = picture(width, height, |_, _| f32::from(ground));
    for (scan, left, top) in pictures {
        for y in 0..scan.height {
            let from = (top + y) * width + left;
            screen.pixels[from..from + scan.width].copy_from_slice(&scan.pixels[y * scan.width..][..scan.width]);
        }
    }
    screen
}

fn cropped(x: usize, y: usize, width: usize, height: usize) -> View {
    View { crop: Some([x, y, width, height]), ..View::default() }
}

fn turned(scan: &Scan, turn: Turn) -> Scan {
    scan.clone().viewed(&View { turn, ..View::default() }).unwrap()
}

fn inverted(scan: &Scan) -> Scan {
    scan.clone().viewed(&View { invert: true, ..View::default() }).unwrap()
}

#[test]
fn an_upright_b_scan_is_left_as_it_is() {
    for (width, height) in [(640, 240), (512, 496), (768, 496), (500, 750), (444, 120)] {
        assert_eq!(suggest(&b_scan(width, height)), None, "{width} × {height}");
    }
    // On black, with white wedges, with a ruler: as devices export them.
    let scan = b_scan(512, 400);
    assert_eq!(suggest(&screen(512, 512, 0, &[(&scan, 0, 56)])), None);
    let wedged = picture(512, 400, |x, y| if y < x / 12 { 255. } else { f32::from(scan.pixel(x, y)) });
    assert_eq!(suggest(&wedged), None);
    let is_ruler = |x: usize, y: usize| (380..384).contains(&y) && (10..90).contains(&x);
    let ruled = picture(512, 400, |x, y| if is_ruler(x, y) { 255. } else { f32::from(scan.pixel(x, y)) });
    assert_eq!(suggest(&ruled), None);
}

#[test]
fn what_shows_no_b_scan_is_left_as_it_is() {
    for other in [
        infrared(496),
        inverted(&infrared(496)),
        picture(640, 240, |x, y| 128. + 200. * noise(x, y)),
        picture(640, 240, |_, _| 0.),
        picture(640, 240, |x, y| if x > 560 && y < 60 { 255. } else { 0. }),
        picture(3, 900, |x, y| 99. * noise(x, y)),
        picture(1, 1, |_, _| 7.),
    ] {
        assert_eq!(suggest(&other), None, "{} × {}", other.width, other.height);
    }
}

#[test]
fn a_scan_beside_an_infrared_picture_is_found_to_the_pixel() {
    let (infrared, scan) = (infrared(496), b_scan(768, 496));
    // They touch, on either side, or a gutter lies between.
    assert_eq!(suggest(&screen(1264, 496, 0, &[(&infrared, 0, 0), (&scan, 496, 0)])), Some(cropped(496, 0, 768, 496)));
    assert_eq!(suggest(&screen(1264, 496, 0, &[(&scan, 0, 0), (&infrared, 768, 0)])), Some(cropped(0, 0, 768, 496)));
    for ground in [0, 60, 255] {
        let found = suggest(&screen(1330, 560, ground, &[(&infrared, 20, 30), (&scan, 540, 30)]));
        assert_eq!(found, Some(cropped(540, 30, 768, 496)), "{ground}");
    }
    let above = screen(900, 1060, 255, &[(&infrared, 200, 20), (&scan, 66, 540)]);
    assert_eq!(suggest(&above), Some(cropped(66, 540, 768, 496)));
}

#[test]
fn a_black_vitreous_stays_with_its_scan() {
    let infrared = infrared(300);
    let scan = b_scan(500, 300);
    let black = picture(500, 300, |x, y| (f32::from(scan.pixel(x, y)) - 60.).max(0.));
    let found = suggest(&screen(840, 300, 0, &[(&infrared, 0, 0), (&black, 340, 0)]));
    assert_eq!(found, Some(cropped(340, 0, 500, 300)));
}

#[test]
fn a_page_is_cut_off_with_its_lines_of_text() {
    let scan = b_scan(640, 300);
    assert_eq!(suggest(&screen(800, 1100, 255, &[(&scan, 80, 200)])), Some(cropped(80, 200, 640, 300)));
    let letters = picture(400, 14, |x, y| if (x / 5 + y / 4) % 2 == 0 { 0. } else { 255. });
    let page =
        screen(800, 1100, 250, &[(&letters, 80, 100), (&scan, 80, 200), (&letters, 80, 560), (&letters, 80, 590)]);
    assert_eq!(suggest(&page), Some(cropped(80, 200, 640, 300)));
}

#[test]
fn of_two_scans_the_first_is_suggested() {
    let scan = b_scan(640, 300);
    let two =
        |gap: usize, ground: u8| suggest(&screen(640, 600 + gap, ground, &[(&scan, 0, 0), (&scan, 0, 300 + gap)]));
    assert_eq!([two(0, 0), two(12, 255), two(12, 0)], [Some(cropped(0, 0, 640, 300)); 3]);
}

#[test]
fn a_turned_scan_is_put_upright_and_a_negative_one_is_inverted() {
    let scan = b_scan(640, 300);
    let opposite = [(Turn::Left, Turn::Right), (Turn::Right, Turn::Left)];
    for (turn, back) in opposite {
        let found = suggest(&turned(&scan, turn));
        assert_eq!(found, Some(View { turn: back, ..View::default() }), "{turn:?}");
        let found = suggest(&inverted(&turned(&scan, turn)));
        assert_eq!(found, Some(View { turn: back, invert: true, crop: None }), "{turn:?}");
    }
    assert_eq!(suggest(&inverted(&scan)), Some(View { invert: true, ..View::default() }));
    let page = screen(800, 600, 255, &[(&inverted(&scan), 80, 150)]);
    assert_eq!(suggest(&page), Some(View { invert: true, ..cropped(80, 150, 640, 300) }));
}

#[test]
fn a_scan_is_put_the_right_way_up_only_where_its_vitreous_is_clearly_below() {
    let upside_down = |reach: f32| suggest(&turned(&b_scan_with(640, 300, reach), Turn::Half));
    assert_eq!(upside_down(0.5), Some(View { turn: Turn::Half, ..View::default() }));
    assert_eq!(upside_down(0.05), None);
}
