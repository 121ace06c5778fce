//! The comparison with a baseline: whether the visitor wants it, and how far the baseline's weights have come.

use crate::bundle::index::ModelChoice;
use crate::protocol::{Progress, Request};

/// How far the baseline's weights have come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Presence {
    /// They were not asked for, or could not be loaded.
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

/// A baseline that the model may be compared with.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// Its name, and how much there is to download.
    pub baseline: ModelChoice,
    /// Whether the visitor wants it; it is fetched only then.
    pub is_wanted: bool,
    /// How far it has come. A download goes on when the visitor no longer wants it.
    pub presence: Presence,
}

impl Comparison {
    /// One that is offered and not yet wanted.
    pub fn new(baseline: ModelChoice) -> Self {
        Self { baseline, is_wanted: false, presence: Presence::Away }
    }

    /// Whether the baseline is wanted and can answer.
    pub fn is_on(&self) -> bool {
        self.is_wanted && self.presence == Presence::Here
    }

    /// What to say while the weights come: how many bytes of how many, as long as they are wanted.
    pub fn loading(&self) -> Option<Progress> {
        match self.presence {
            Presence::Coming(progress) if self.is_wanted => Some(progress),
            _ => None,
        }
    }

    /// The visitor wants it, or no longer: what to ask of the worker, if it must be fetched.
    pub(super) fn want(&mut self, is_wanted: bool) -> Option<Request> {
        self.is_wanted = is_wanted;
        if !is_wanted || self.presence != Presence::Away {
            return None;
        }
        self.presence = Presence::Coming(Progress { done_bytes: 0, total_bytes: self.baseline.bytes });
        Some(Request::LoadBaseline { name: self.baseline.name.clone() })
    }

    /// It could not be loaded, or stopped answering: wanting it again tries again.
    pub(super) fn fail(&mut self) {
        *self = Self::new(self.baseline.clone());
    }
}
