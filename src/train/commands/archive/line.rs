//! One line of answers.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::input::{Input, Key};
use crate::error::{Error, Result};
use crate::report::{MapMethod, Report, WordMethod};

/// What is said about one entry of a list: a report or an error.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Line {
    /// As the list names it.
    pub(super) input: String,
    /// The frame, from 0, if the list names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) frame: Option<u32>,
    /// `octlens.report/1` without timings, as it was written: figures are not read and written again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) report: Option<Box<RawValue>>,
    /// Why there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<String>,
}

impl Line {
    pub(super) fn new(input: &Input, answer: Result<Report, String>) -> Result<Self> {
        let (report, error) = match answer {
            Ok(report) => (Some(serde_json::value::to_raw_value(&report).map_err(unwritable)?), None),
            Err(error) => (None, Some(error)),
        };
        Ok(Self { input: input.text.clone(), frame: input.frame, report, error })
    }

    /// The line, without its break.
    pub(super) fn text(&self) -> Result<String> {
        serde_json::to_string(self).map_err(unwritable)
    }

    pub(super) fn key(&self) -> Key {
        (self.input.clone(), self.frame)
    }

    /// What made the report, if there is one.
    pub(super) fn made_by(&self) -> Option<MadeBy> {
        self.report
            .as_ref()
            .and_then(|report| serde_json::from_str::<Report>(report.get()).ok())
            .map(|r| MadeBy::of(&r))
    }
}

fn unwritable(error: serde_json::Error) -> Error {
    Error::io("the result cannot be written as JSON").because(error)
}

/// What the answers of one file have in common.
#[derive(Debug, PartialEq)]
pub(super) struct MadeBy {
    model: String,
    map: MapMethod,
    layer: String,
    words: WordMethod,
}

impl MadeBy {
    pub(super) fn of(report: &Report) -> Self {
        Self {
            model: report.model.sha256.clone(),
            map: report.heatmap.method,
            layer: report.heatmap.layer.clone(),
            words: report.tokens.method,
        }
    }
}
