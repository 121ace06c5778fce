//! Where the explanation of a control stands: beside it, within the window.

/// Pixels that a hint keeps from the window's edges.
const MARGIN: f64 = 8.;
/// Pixels below a control that are enough for a hint of a few lines.
const ENOUGH: f64 = 120.;

/// The place of a hint as CSS, for a control that reaches from left and top to right and bottom in a window of that width and
/// height. The hint touches the control, so that a pointer can go from one to the other.
pub fn hint_place([left, top, right, bottom]: [f64; 4], [width, height]: [f64; 2]) -> String {
    let [room_right, room_left] = [width - left.max(0.), right.min(width)];
    // It begins where the control begins, or ends where it ends: where there is more room.
    let (side, at, room) = if room_right >= room_left {
        ("left", left.max(MARGIN), room_right)
    } else {
        ("right", (width - right).max(MARGIN), room_left)
    };
    let [below, above] = [height - bottom, top];
    let (edge, away) = if below >= ENOUGH || below >= above { ("top", bottom) } else { ("bottom", height - top) };
    let room = (room - MARGIN).min(width - 2. * MARGIN).max(0.);
    format!("{side}:{at:.0}px;{edge}:{:.0}px;max-width:min(340px,{room:.0}px)", away.clamp(0., height.max(0.)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_touches_its_control_and_stays_in_the_window() {
        let window = [1000., 600.];
        assert_eq!(hint_place([100., 40., 180., 70.], window), "left:100px;top:70px;max-width:min(340px,892px)");
        // At the right edge it ends where the control ends.
        assert_eq!(hint_place([900., 40., 980., 70.], window), "right:20px;top:70px;max-width:min(340px,972px)");
        // At the lower edge it stands above.
        assert_eq!(hint_place([100., 560., 180., 590.], window), "left:100px;bottom:40px;max-width:min(340px,892px)");
        // A control that reaches over the edges of a narrow window.
        assert_eq!(hint_place([-20., 40., 340., 70.], [320., 480.]), "left:8px;top:70px;max-width:min(340px,304px)");
    }

    #[test]
    fn a_hint_has_the_side_with_more_room() {
        let narrow = [320., 480.];
        assert_eq!(hint_place([150., 40., 310., 70.], narrow), "right:10px;top:70px;max-width:min(340px,302px)");
        // Little room below, less above.
        assert_eq!(hint_place([8., 20., 90., 400.], narrow), "left:8px;top:400px;max-width:min(340px,304px)");
    }
}
