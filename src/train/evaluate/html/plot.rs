//! Plots as SVG, drawn in a square from 0 to 1, or upright to less. Colours are classes of the style sheet.

use maud::{Markup, html};

use crate::train::metrics::calibration::Bin;

/// Side of the plotted square, in SVG units.
const SIDE: f64 = 220.;
/// Room for figures left and below, and for half a dot elsewhere.
const MARGINS: [f64; 4] = [34., 30., 8., 8.];
/// Radius of a dot that stands for all scans.
const LARGEST_DOT: f64 = 11.;
/// Radius of a dot that stands for one scan, at least.
const SMALLEST_DOT: f64 = 2.;

/// A line of a plot.
pub(super) struct Line<'a> {
    /// Class of the style sheet.
    pub class: &'a str,
    /// What a pointer on it shows.
    pub title: String,
    /// Its corners, each within 0 to 1.
    pub points: &'a [[f64; 2]],
}

fn x(value: f64) -> f64 {
    MARGINS[0] + value * SIDE
}

fn y(value: f64) -> f64 {
    MARGINS[3] + (1. - value) * SIDE
}

/// A coordinate, to a tenth of a unit.
fn at(coordinate: f64) -> String {
    format!("{coordinate:.1}")
}

/// `highest` is the value at the upper border.
fn frame(label: &str, [across, upright]: [&str; 2], highest: f64, diagonal: Option<&str>, inside: &Markup) -> Markup {
    let (width, height) = (MARGINS[0] + SIDE + MARGINS[2], MARGINS[3] + SIDE + MARGINS[1]);
    let (left, right, top, bottom) = (x(0.), x(1.), y(1.), y(0.));
    html! {
        svg viewBox=(format!("0 0 {width} {height}")) role="img" aria-label=(label) {
            @for tick in [0., 0.5, 1.] {
                path class="grid"
                    d=(format!("M{:.1} {bottom:.1}V{top:.1}M{left:.1} {:.1}H{right:.1}", x(tick), y(tick))) {}
                text x=(at(x(tick))) y=(at(bottom + 13.)) text-anchor="middle" { (tick) }
                text x=(at(left - 5.)) y=(at(y(tick) + 3.5)) text-anchor="end" { (tick * highest) }
            }
            @if let Some(diagonal) = diagonal {
                path class="diagonal" d=(format!("M{left:.1} {bottom:.1}L{right:.1} {top:.1}")) { title { (diagonal) } }
            }
            (inside)
            text x=(at(x(0.5))) y=(at(height - 4.)) text-anchor="middle" { (across) }
            text transform=(format!("translate(9 {:.1}) rotate(-90)", y(0.5))) text-anchor="middle" { (upright) }
        }
    }
}

/// ROC curves: share of others called so, across; share found, upright.
pub(super) fn roc(label: &str, lines: &[Line<'_>]) -> Markup {
    let drawn = html! {
        @for line in lines.iter().filter(|line| !line.points.is_empty()) {
            polyline class={ "line " (line.class) } points=(points(line.points)) { title { (line.title) } }
        }
    };
    frame(label, ["1 − specificity", "sensitivity"], 1., Some("an answer by chance"), &drawn)
}

fn points(corners: &[[f64; 2]]) -> String {
    let points: Vec<String> = corners.iter().map(|[px, py]| format!("{:.2},{:.2}", x(*px), y(*py))).collect();
    points.join(" ")
}

/// A risk–coverage curve: share of scans that are answered, across; share of wrong answers among them, upright, as far as
/// the curve reaches.
pub(super) fn risk_coverage(label: &str, line: Line<'_>) -> Markup {
    let largest = line.points.iter().map(|[_, risk]| *risk).fold(0., f64::max);
    let highest = [0.02, 0.05, 0.1, 0.2, 0.5].into_iter().find(|h| largest <= *h).unwrap_or(1.);
    let scaled: Vec<[f64; 2]> = line.points.iter().map(|[coverage, risk]| [*coverage, risk / highest]).collect();
    let drawn = html! {
        @if !scaled.is_empty() {
            polyline class={ "line " (line.class) } points=(points(&scaled)) { title { (line.title) } }
        }
    };
    frame(label, ["share of scans answered", "share wrong"], highest, None, &drawn)
}

/// A reliability diagram: probability of the answer across, share of right answers upright. A dot's area is in proportion
/// to its number of scans; `class` colours the dots of `after`, those of `before` are hollow.
pub(super) fn reliability(label: &str, class: &str, before: &[Bin], after: Option<&[Bin]>) -> Markup {
    let inside = html! {
        (dots(before, "before", "as answered"))
        @if let Some(after) = after { (dots(after, class, "calibrated")) }
    };
    frame(label, ["probability of the answer", "share right"], 1., Some("probability as it should be"), &inside)
}

fn dots(bins: &[Bin], class: &str, when: &str) -> Markup {
    let n_all: usize = bins.iter().map(|bin| bin.n_scans).sum();
    let radius = |bin: &Bin| (LARGEST_DOT * (bin.n_scans as f64 / n_all.max(1) as f64).sqrt()).max(SMALLEST_DOT);
    html! {
        @for bin in bins.iter().filter(|bin| bin.n_scans > 0) {
            circle class={ "dot " (class) } cx=(at(x(bin.confidence))) cy=(at(y(bin.accuracy))) r=(at(radius(bin))) {
                title {
                    (when) ": " (bin.n_scans) " scans, mean probability " (format!("{:.2}", bin.confidence)) ", right "
                    (format!("{:.2}", bin.accuracy))
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_runs_from_the_lower_left_to_the_upper_right_corner() {
        let line = Line { class: "image", title: "0.9".into(), points: &[[0., 0.], [0., 1.], [1., 1.]] };
        let svg = roc("a < b", &[line]).into_string();
        assert!(svg.contains("points=\"34.00,228.00 34.00,8.00 254.00,8.00\""), "{svg}");
        assert!(svg.contains("a &lt; b"));
    }

    #[test]
    fn a_risk_fills_the_frame_whose_upper_border_is_a_round_number() {
        let line = Line { class: "image", title: String::new(), points: &[[0.5, 0.], [1., 0.025]] };
        let svg = risk_coverage("", line).into_string();
        assert!(svg.contains("points=\"144.00,228.00 254.00,118.00\""), "{svg}");
        assert!(svg.contains(">0.05</text>") && !svg.contains("diagonal"), "{svg}");
    }

    #[test]
    fn a_head_without_curve_leaves_the_frame_empty() {
        let line = Line { class: "image", title: String::new(), points: &[] };
        assert!(!roc("", &[line]).into_string().contains("polyline"));
        assert!(!reliability("", "image", &[Bin::default()], None).into_string().contains("circle"));
    }
}
