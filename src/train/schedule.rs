//! The learning rate over a run: a linear warm-up, then half a cosine down to nothing.

/// The factor on the base learning rate at `step` of `n_steps`, 0…1.
pub fn warmup_cosine(step: usize, n_warmup: usize, n_steps: usize) -> f64 {
    if step < n_warmup {
        return (step + 1) as f64 / n_warmup as f64;
    }
    let done = (step - n_warmup) as f64 / n_steps.saturating_sub(n_warmup).max(1) as f64;
    0.5 * (1. + (std::f64::consts::PI * done.min(1.)).cos())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_climbs_to_one_and_falls_to_nothing() {
        assert!((warmup_cosine(0, 10, 100) - 0.1).abs() < 1e-12);
        assert!((warmup_cosine(9, 10, 100) - 1.).abs() < 1e-12);
        assert!((warmup_cosine(55, 10, 100) - 0.5).abs() < 1e-12);
        assert!(warmup_cosine(100, 10, 100) < 1e-12);
    }
}
