//! The baseline beside the model: whether it is wanted, and how far it has come. Plain data, as `state`.

use crate::bundle::index::ModelChoice;
use crate::protocol::{Progress, Request};

/// How far the baseline has come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Presence {
    /// It was not asked for, or could not be had.
    Away,
    /// Its weights are coming.
    Coming(Progress),
    /// It answers when it is asked.
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
pub struct Companion {
    /// Its name, and how much there is to download.
    pub choice: ModelChoice,
    /// Whether the visitor wants it; it is only fetched when they do.
    pub is_wanted: bool,
    /// How far it has come. What is coming goes on coming when it is no longer wanted.
    pub presence: Presence,
}

impl Companion {
    /// One that is offered.
    pub fn new(choice: ModelChoice) -> Self {
        Self { choice, is_wanted: false, presence: Presence::Away }
    }

    /// Whether it is wanted and can answer.
    pub fn is_on(&self) -> bool {
        self.is_wanted && self.presence == Presence::Here
    }

    /// The visitor wants it, or no longer: what to ask of the worker, if it must be fetched.
    pub fn want(&mut self, is_wanted: bool) -> Option<Request> {
        self.is_wanted = is_wanted;
        if !is_wanted || self.presence != Presence::Away {
            return None;
        }
        self.presence = Presence::Coming(Progress { done_bytes: 0, total_bytes: self.choice.bytes });
        Some(Request::LoadBaseline { name: self.choice.name.clone() })
    }

    /// It could not be had, or fell silent: wanting it again tries again.
    pub fn fail(&mut self) {
        *self = Self::new(self.choice.clone());
    }
}
