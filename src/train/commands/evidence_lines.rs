//! What `train explain` prints below an answer: the baseline's answer beside it, single findings, and what hiding a region changes.

use crate::report::{BeforeAfter, FindingReport, Heatmap, Hidden, Likeness, MapMethod, Prediction, Report};

/// A region to hide, `X,Y,WIDTH,HEIGHT` in pixels.
pub(super) fn parse_region(text: &str) -> Result<[f32; 4], String> {
    let numbers: Option<Vec<f32>> = text.split(',').map(|part| part.trim().parse().ok()).collect();
    match numbers.as_deref() {
        Some(&[x, y, width, height])
            if width > 0. && height > 0. && [x, y, width, height].iter().all(|v| v.is_finite()) =>
        {
            Ok([x, y, width, height])
        }
        _ => Err("give X,Y,WIDTH,HEIGHT in pixels, with a width and height above 0".to_owned()),
    }
}

/// A line for each of them.
pub(super) fn evidence_lines(report: &Report) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(baseline) = &report.baseline {
        lines.push(format!(
            "baseline {} says {} ({:.3}); its map is {}, this model's {}",
            baseline.model.name,
            baseline.image.label,
            probability(&baseline.image, &baseline.image.label),
            place(&baseline.heatmap),
            place(&report.heatmap)
        ));
    }
    lines.extend(report.findings.iter().map(finding_line));
    lines.extend(report.hidden.iter().flat_map(hidden_lines));
    lines
}

fn probability(prediction: &Prediction, label: &str) -> f32 {
    prediction.probabilities.get(label).copied().unwrap_or_default()
}

/// Where a map is hottest.
fn place(map: &Heatmap) -> String {
    match map.hottest() {
        Some((x, y)) => format!("hottest at {x:.0}, {y:.0}"),
        None => "empty".to_owned(),
    }
}

fn finding_line(FindingReport { finding, likeness, maps }: &FindingReport) -> String {
    let Likeness { similarity, margin } = likeness;
    let of = |map: &Heatmap| match map.method {
        MapMethod::Local => format!("the local map {}", place(map)),
        method => format!("{} {}", method.name(), place(map)),
    };
    let maps: Vec<String> = maps.iter().map(of).collect();
    format!("{finding}: similarity {similarity:.3}, {margin:+.3} beside healthy; {}", maps.join(", "))
}

fn hidden_lines(Hidden { share, image, caption, findings, .. }: &Hidden) -> Vec<String> {
    let label = &image.before.label;
    let BeforeAfter { before, after } = image;
    let (before, after) = (probability(before, label), probability(after, label));
    let mut lines = vec![format!(
        "without {:.1} % of what the model sees: {label} {before:.3} → {after:.3}, \"{}\" → \"{}\"",
        share * 100.,
        caption.before,
        caption.after
    )];
    lines.extend(findings.iter().map(|change| {
        let BeforeAfter { before, after } = &change.likeness;
        format!("  {}: {:+.3} → {:+.3} beside healthy", change.finding, before.margin, after.margin)
    }));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{BaselineReport, FindingChange, made_up};

    #[test]
    fn a_region_is_four_numbers_and_has_a_size() {
        assert_eq!(parse_region("1, 2,30.5,4"), Ok([1., 2., 30.5, 4.]));
        for wrong in ["", "1,2,3", "1,2,3,0", "1,2,-3,4", "1,2,3,inf", "1,2,3,4,5", "a,b,c,d"] {
            assert!(parse_region(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn answers_stand_beside_each_other_with_the_places_of_their_maps() {
        let mut report = made_up::report("AMD", [4, 1], &[0., 1., 0., 0.]);
        assert!(evidence_lines(&report).is_empty());
        let other = made_up::report("healthy", [4, 1], &[0.; 4]);
        report.baseline =
            Some(BaselineReport { model: other.model.clone(), image: other.image.clone(), heatmap: other.heatmap });
        let likeness = |margin: f32| Likeness { similarity: 0.5, margin };
        let local = Heatmap { method: MapMethod::Local, ..report.heatmap.clone() };
        report.findings = vec![FindingReport {
            finding: "fluid".to_owned(),
            likeness: likeness(0.125),
            maps: vec![report.heatmap.clone(), local],
        }];
        report.hidden = Some(Hidden {
            regions: vec![[0., 0., 1., 1.]],
            share: 0.25,
            image: BeforeAfter { before: report.image.clone(), after: other.image },
            caption: BeforeAfter { before: "AMD, fluid".to_owned(), after: "healthy".to_owned() },
            findings: vec![FindingChange {
                finding: "fluid".to_owned(),
                likeness: BeforeAfter { before: likeness(0.125), after: likeness(-0.25) },
            }],
        });
        assert_eq!(
            evidence_lines(&report),
            [
                "baseline m says healthy (0.900); its map is empty, this model's hottest at 2, 0",
                "fluid: similarity 0.500, +0.125 beside healthy; grad_cam hottest at 2, 0, the local map hottest at 2, 0",
                "without 25.0 % of what the model sees: AMD 0.900 → 0.100, \"AMD, fluid\" → \"healthy\"",
                "  fluid: +0.125 → -0.250 beside healthy",
            ]
        );
        let written = serde_json::to_value(&report).unwrap();
        assert_eq!(written["hidden"]["findings"][0]["after"]["margin"], -0.25);
        assert_eq!(serde_json::from_value::<Report>(written).unwrap(), report);
    }
}
