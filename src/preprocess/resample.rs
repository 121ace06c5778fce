//! Resizes a rectangle of pixels with a triangle filter. Knows no scan.

/// One output sample: the first input sample and the weights of those that follow.
struct Tap {
    first: usize,
    weights: Vec<f32>,
}

/// Triangle filter, widened when shrinking so that nothing aliases (as Pillow's antialiased `BILINEAR`).
fn taps(n_in: usize, n_out: usize) -> Vec<Tap> {
    let scale = n_in as f32 / n_out as f32;
    let support = scale.max(1.);
    (0..n_out)
        .map(|i| {
            let centre = (i as f32 + 0.5) * scale;
            let first = (centre - support + 0.5).floor().max(0.) as usize;
            let last = ((centre + support + 0.5).floor() as usize).clamp(first + 1, n_in.max(first + 1));
            let mut weights: Vec<f32> =
                (first..last).map(|j| (1. - ((j as f32 + 0.5 - centre) / support).abs()).max(0.)).collect();
            let total: f32 = weights.iter().sum();
            weights.iter_mut().for_each(|w| *w /= total);
            Tap { first, weights }
        })
        .collect()
}

/// `values`, row by row, `n_cols` to a row, as `to` (rows, columns) values.
pub(super) fn resample(values: &[f32], n_cols: usize, to: [usize; 2]) -> Vec<f32> {
    let ([height, width], n_rows) = (to, values.len() / n_cols);
    let columns = taps(n_cols, width);
    let mut wide = Vec::with_capacity(n_rows * width);
    for row in values.chunks_exact(n_cols) {
        let sample = |tap: &Tap| tap.weights.iter().zip(&row[tap.first..]).map(|(w, v)| w * v).sum::<f32>();
        wide.extend(columns.iter().map(sample));
    }
    let mut resized = vec![0.; height * width];
    for (tap, resized) in taps(n_rows, height).iter().zip(resized.chunks_exact_mut(width)) {
        // Row by row and not pixel by pixel, so that the inner loop runs in vectors.
        for (weight, row) in tap.weights.iter().zip(wide[tap.first * width..].chunks_exact(width)) {
            resized.iter_mut().zip(row).for_each(|(sum, v)| *sum += weight * v);
        }
    }
    resized
}
