//! Tests of an explanation, one request at a time.

use crate::engine::Engine;
use crate::engine::faithfulness::{ModelView, share_in_retina};
use crate::error::Result;
use crate::protocol::{Check, Checked};
use crate::scan::Scan;

/// Decides which random weights a part gets: the same on every worker and visit.
const WEIGHTS_SEED: u64 = 1;

/// Tests the explanation of a scan; `view` gives what the model sees of it.
///
/// # Errors
/// The class is not known, or the scores are of another caption.
pub(super) fn check<'v>(
    engine: &Engine,
    scan: &Scan,
    view: impl FnOnce() -> &'v ModelView,
    check: &Check,
) -> Result<Checked> {
    match check {
        Check::Masked { masks, target } => {
            let view = view();
            let scores = masks.iter().map(|mask| engine.masked_score(view, mask, target));
            Ok(Checked::Masked(scores.collect::<Result<_>>()?))
        }
        Check::Grounds { map, caption, tokens } => Ok(Checked::Grounds {
            in_retina: share_in_retina(scan, map),
            words: engine.word_faithfulness(caption, tokens)?,
        }),
        Check::Randomized { part, target, options } => {
            let random = engine.randomized(*part, WEIGHTS_SEED)?;
            Ok(Checked::Randomized(random.map_of_scan(scan, target, options)?))
        }
    }
}
