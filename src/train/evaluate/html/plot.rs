//! Plots as SVG text, drawn in a square from 0 to 1. Colours are classes of the style sheet.

use super::escape;
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
pub struct Line<'a> {
    /// Class of the style sheet.
    pub class: &'a str,
    /// What a pointer on it says.
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

fn frame(label: &str, axes: [&str; 2], diagonal: &str, inside: &str) -> String {
    let (width, height) = (MARGINS[0] + SIDE + MARGINS[2], MARGINS[3] + SIDE + MARGINS[1]);
    let ticks: String = [0., 0.5, 1.]
        .map(|t| {
            let (left, bottom) = (x(0.), y(0.));
            format!(
                "<path class=\"grid\" d=\"M{:.1} {bottom:.1}V{:.1}M{left:.1} {:.1}H{:.1}\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{t}</text>\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{t}</text>",
                x(t),
                y(1.),
                y(t),
                x(1.),
                x(t),
                bottom + 13.,
                left - 5.,
                y(t) + 3.5,
            )
        })
        .concat();
    let (across, upright) = (escape(axes[0]), escape(axes[1]));
    format!(
        "<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{}\">{ticks}\
         <path class=\"diagonal\" d=\"M{:.1} {:.1}L{:.1} {:.1}\"><title>{}</title></path>{inside}\
         <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{across}</text>\
         <text transform=\"translate(9 {:.1}) rotate(-90)\" text-anchor=\"middle\">{upright}</text></svg>",
        escape(label),
        x(0.),
        y(0.),
        x(1.),
        y(1.),
        escape(diagonal),
        x(0.5),
        height - 4.,
        y(0.5),
    )
}

/// ROC curves: share of others called so, across; share found, upright.
pub fn roc(label: &str, lines: &[Line<'_>]) -> String {
    let drawn: String = lines
        .iter()
        .filter(|line| !line.points.is_empty())
        .map(|line| {
            let points: Vec<String> =
                line.points.iter().map(|[px, py]| format!("{:.2},{:.2}", x(*px), y(*py))).collect();
            format!(
                "<polyline class=\"line {}\" points=\"{}\"><title>{}</title></polyline>",
                line.class,
                points.join(" "),
                escape(&line.title)
            )
        })
        .collect();
    frame(label, ["1 − specificity", "sensitivity"], "an answer by chance", &drawn)
}

/// A reliability diagram: probability of the answer across, share of right answers upright. A dot's area tells how many
/// scans it stands for; `class` colours the dots of `after`, those of `before` are hollow.
pub fn reliability(label: &str, class: &str, before: &[Bin], after: Option<&[Bin]>) -> String {
    let dots = |bins: &[Bin], kind: &str, when: &str| -> String {
        let n_all: usize = bins.iter().map(|bin| bin.n_scans).sum();
        let dot = |bin: &Bin| {
            let share = bin.n_scans as f64 / n_all.max(1) as f64;
            format!(
                "<circle class=\"dot {kind}\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"{:.1}\"><title>{when}: {} scans, mean \
                 probability {:.2}, right {:.2}</title></circle>",
                x(bin.confidence),
                y(bin.accuracy),
                (LARGEST_DOT * share.sqrt()).max(SMALLEST_DOT),
                bin.n_scans,
                bin.confidence,
                bin.accuracy,
            )
        };
        bins.iter().filter(|bin| bin.n_scans > 0).map(dot).collect()
    };
    let mut inside = dots(before, "before", "as answered");
    if let Some(after) = after {
        inside += &dots(after, class, "calibrated");
    }
    frame(label, ["probability of the answer", "share right"], "probability as it should be", &inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_runs_from_the_lower_left_to_the_upper_right_corner() {
        let svg =
            roc("a < b", &[Line { class: "image", title: "0.9".into(), points: &[[0., 0.], [0., 1.], [1., 1.]] }]);
        assert!(svg.contains("points=\"34.00,228.00 34.00,8.00 254.00,8.00\""), "{svg}");
        assert!(svg.contains("a &lt; b"));
    }

    #[test]
    fn a_head_without_curve_leaves_the_frame_empty() {
        assert!(!roc("", &[Line { class: "image", title: String::new(), points: &[] }]).contains("polyline"));
        assert!(!reliability("", "image", &[Bin::default()], None).contains("circle"));
    }
}
