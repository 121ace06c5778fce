//! Resizes a rectangle of pixels with a triangle filter. Knows no scan.

/// One output sample: the first input sample and the weights of those that follow.
struct Tap {
    first: usize,
    weights: Vec<f32>,
}

impl Tap {
    fn apply(&self, sample: impl Fn(usize) -> f32) -> f32 {
        self.weights.iter().enumerate().map(|(i, w)| w * sample(self.first + i)).sum()
    }
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

/// `from` (rows, columns) of `value(row, column)` as `to` (rows, columns) values, row by row.
pub(super) fn resample(from: [usize; 2], to: [usize; 2], value: impl Fn(usize, usize) -> f32) -> Vec<f32> {
    let ([n_rows, n_cols], [height, width]) = (from, to);
    let columns = taps(n_cols, width);
    let mut wide = Vec::with_capacity(n_rows * width);
    for row in 0..n_rows {
        wide.extend(columns.iter().map(|tap| tap.apply(|column| value(row, column))));
    }
    let mut resized = Vec::with_capacity(height * width);
    for tap in &taps(n_rows, height) {
        resized.extend((0..width).map(|x| tap.apply(|row| wide[row * width + x])));
    }
    resized
}
