//! What an export fits so that a model can doubt its answers (`fit`), and the odd pictures for it (`oddities`).

mod fit;
mod oddities;

pub(super) use self::fit::{detector, thresholds};
