//! What the page knows, how each step of a visitor and each answer of the worker changes it, and what it says.
//! Plain data, the same on every target: no DOM, no signal, no tensor. `web` draws it.
//!
//! [`state::PageState`] is the whole: every change returns the requests that must go to the worker. It owns
//! [`scans::Scans`], the one list of what a visitor has opened. [`caption_edit`], [`reading`] and [`numbers`] compute what
//! components show; [`text`] holds every string, in every language.

pub mod caption_edit;
pub mod comparison;
pub mod demo;
#[cfg(test)]
mod fixtures;
pub mod lines;
pub mod look;
pub mod numbers;
pub mod reading;
pub mod scans;
pub mod state;
pub mod text;
