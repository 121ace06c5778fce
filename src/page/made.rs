//! A scan that a visitor has drawn: what is wanted, what the worker was asked for, and what was answered.

use std::sync::Arc;

use crate::phantom::case::{Case, DrawnLesion};

/// A drawn scan. While sliders move, only the newest case is drawn next; the answer before stays in view until then.
#[derive(Clone, Debug, PartialEq)]
pub struct Made {
    /// What the visitor wants.
    pub wanted: Case,
    /// What the worker was asked for last.
    pub asked: Case,
    /// What was drawn where, of the last answer.
    pub lesions: Vec<DrawnLesion>,
    /// The pixels of the last answer: they stay in view while another case is drawn.
    pub pixels: Option<Arc<Vec<u8>>>,
    /// What was drawn where, of the answer on its way.
    pub(super) coming: Vec<DrawnLesion>,
}

impl Made {
    /// A case that is yet to be drawn.
    pub fn new(case: Case) -> Self {
        Self { wanted: case, asked: case, lesions: Vec::new(), pixels: None, coming: Vec::new() }
    }

    /// Whether the answer, or that on its way, is about another case than the one that is wanted.
    pub fn is_behind(&self) -> bool {
        self.wanted != self.asked
    }

    /// The worker is asked for what is wanted.
    pub(super) fn is_asked(&mut self) {
        self.asked = self.wanted;
    }

    /// It is drawn; the answer follows.
    pub(super) fn is_drawn(&mut self, lesions: Vec<DrawnLesion>) {
        self.coming = lesions;
    }

    /// It is answered.
    pub(super) fn is_answered(&mut self, pixels: &Arc<Vec<u8>>) {
        self.lesions = std::mem::take(&mut self.coming);
        self.pixels = Some(pixels.clone());
    }
}
