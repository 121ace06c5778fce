//! A report for tests of what is made from reports. No model made it.

use serde_json::json;

use super::{Heatmap, MapMethod, Report};

/// A map of `values`, row by row, that covers `region` of a scan.
pub(crate) fn heatmap(values: &[f32], rows: usize, region: [f32; 4]) -> Heatmap {
    Heatmap {
        method: MapMethod::GradCam,
        target: String::new(),
        layer: String::new(),
        rows,
        cols: values.len() / rows,
        values: values.to_vec(),
        peak: 1.,
        region,
    }
}

/// A report on a scan of `size` pixels (columns, rows): image and words say `label` with probability 0.9,
/// and the map for that label is `cells`, one row over the whole scan.
pub(crate) fn report(label: &str, size: [u32; 2], cells: &[f32]) -> Report {
    let (p_healthy, p_amd) = if label == "healthy" { (0.9, 0.1) } else { (0.1, 0.9) };
    let head = json!({
        "label": label, "probabilities": { "healthy": p_healthy, "AMD": p_amd }, "logits": [2.2 * p_healthy, 2.2 * p_amd]
    });
    let [width, height] = size;
    let made_up = serde_json::from_value(json!({
        "schema": super::SCHEMA,
        "model": { "name": "m", "sha256": "0" },
        "input": {
            "name": "a.png", "format": "png", "width": width, "height": height, "frame": 0, "sha256": "0", "um_per_pixel": null
        },
        "image": head,
        "caption": { "text": label, "source": "retrieved", "similarity": 0.5, "candidates": [] },
        "text": head,
        "agreement": { "same_label": true, "divergence": 0.0 },
        "heatmap": {
            "method": "grad_cam", "target": label, "layer": "layer4", "rows": 1, "cols": cells.len(), "values": cells,
            "peak": cells.iter().copied().fold(0.0, f32::max),
            "region": [0.0, 0.0, f64::from(width), f64::from(height)]
        },
        "tokens": { "method": "shapley", "target": label, "words": [] },
        "timings_ms": { "decode": 0.0, "preprocess": 0.0, "image_encoder": 0.0, "text_encoder": 0.0, "explain": 0.0 }
    }));
    made_up.expect("the made-up report follows the schema")
}
