//! The page's state, how each action of a visitor and each answer of the worker changes it, and the texts of the page.
//! Plain data, the same on every target: no DOM, no signal, no tensor. `web` draws it.
//!
//! [`state::PageState`] holds all of it: every change returns the requests to send to the worker. It owns
//! [`scans::Scans`], the one list of opened scans. [`caption_edit`], [`card`], [`classes`], [`linked`], [`picture`],
//! [`hint`], [`reading`], [`region`], [`series`], [`thumbnail`], [`track_record`] and [`numbers`] compute what components show; [`text`]
//! holds every string, in every language. [`faithfulness`] tests the shown map and words, by workers of its own. [`made`] is a
//! scan that a visitor has drawn, and [`teach`] what a lecture shows and asks. [`viewer`] is how a picture is looked at.

pub mod caption_edit;
pub mod card;
pub mod classes;
pub mod comparison;
pub mod demo;
pub mod faithfulness;
#[cfg(test)]
pub(crate) mod fixtures;
pub mod hint;
pub mod lines;
pub mod linked;
pub mod look;
pub mod made;
pub mod map_figures;
pub mod model_card;
pub mod numbers;
pub mod own_model;
pub mod picture;
pub mod reading;
pub mod region;
pub mod report_html;
pub mod reproduce;
pub mod scans;
pub mod series;
pub mod stamp;
pub mod state;
pub mod teach;
pub mod text;
pub mod thumbnail;
pub mod track_record;
pub mod viewer;
pub mod worker;
