//! Mean and variance of values that come one by one.

/// Count, sum and sum of squares.
#[derive(Default)]
pub(crate) struct Moments {
    n: f64,
    sum: f64,
    squares: f64,
}

impl Moments {
    /// Adds a value.
    pub(crate) fn add(&mut self, value: f64) {
        self.n += 1.;
        self.sum += value;
        self.squares += value * value;
    }

    /// Their mean; 0 of none.
    pub(crate) fn mean(&self) -> f64 {
        self.sum / self.n.max(1.)
    }

    /// Their variance; 0 of none.
    pub(crate) fn variance(&self) -> f64 {
        (self.squares / self.n.max(1.) - self.mean().powi(2)).max(0.)
    }
}
