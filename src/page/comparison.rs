//! The comparison with a baseline: whether the visitor wants it, and whether the baseline's weights are loaded.

use crate::bundle::index::ModelChoice;
use crate::protocol::{Progress, Request};

/// Whether the baseline's weights are loaded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Presence {
    /// They were not requested, or could not be loaded.
    Away,
    /// They are being fetched.
    Coming(Progress),
    /// The baseline can be asked.
    Here,
}

impl Presence {
    /// The value of `data-presence`.
    pub fn name(self) -> &'static str {
        match self {
            Presence::Away => "away",
            Presence::Coming(_) => "coming",
            Presence::Here => "here",
        }
    }
}

/// A baseline that the model can be compared with.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// Its name, and the size of the download.
    pub baseline: ModelChoice,
    /// Whether the visitor wants it; it is fetched only then.
    pub is_wanted: bool,
    /// Whether its weights are loaded. A download continues when the visitor no longer wants it.
    pub presence: Presence,
}

impl Comparison {
    /// A baseline that is offered and not yet wanted.
    pub fn new(baseline: ModelChoice) -> Self {
        Self { baseline, is_wanted: false, presence: Presence::Away }
    }

    /// Whether the baseline is wanted and can answer.
    pub fn is_on(&self) -> bool {
        self.is_wanted && self.presence == Presence::Here
    }

    /// The progress to show while the weights are fetched, if they are still wanted.
    pub fn loading(&self) -> Option<Progress> {
        match self.presence {
            Presence::Coming(progress) if self.is_wanted => Some(progress),
            _ => None,
        }
    }

    /// Switches the comparison on or off; returns the request that fetches the baseline, if needed.
    pub(super) fn want(&mut self, is_wanted: bool) -> Option<Request> {
        self.is_wanted = is_wanted;
        if !is_wanted || self.presence != Presence::Away {
            return None;
        }
        self.presence = Presence::Coming(Progress { done_bytes: 0, total_bytes: self.baseline.bytes });
        Some(Request::LoadBaseline { name: self.baseline.name.clone() })
    }

    /// The baseline could not be loaded, or failed: switching it on again tries again.
    pub(super) fn fail(&mut self) {
        *self = Self::new(self.baseline.clone());
    }
}
