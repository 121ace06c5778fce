//! Progress bars with an estimate of the time left, on standard error if that is a terminal.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar of `n` steps with the name `what`.
pub(super) fn bar(what: &str, n: usize) -> ProgressBar {
    let bar = ProgressBar::new(n as u64);
    if let Ok(style) = ProgressStyle::with_template("{prefix:>12} {bar:30} {pos}/{len}  {eta_precise} left  {msg}") {
        bar.set_style(style);
    }
    bar.set_prefix(what.to_owned());
    bar
}
