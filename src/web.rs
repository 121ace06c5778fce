//! The page and its worker, for wasm only. The worker owns the model; the page knows reports, never tensors.
//!
//! Data flows one way: a click → a component's callback → [`session`] → [`crate::page::state`] → [`client`] → worker →
//! `Response` → `session` → `page::state` → signals → components → canvas. Components take what they draw as props and compute nothing.
//! [`checks`] does the same for the panel that tests a map, which has workers of its own.

pub mod app;
mod canvas;
mod checks;
mod client;
mod clock;
#[allow(unreachable_pub, reason = "leptos makes parts of every component public")]
mod components;
mod fetch;
mod heat;
mod linked;
mod map_view;
mod offline;
mod preferences;
mod reload;
mod report_file;
mod session;
mod teach;
mod viewer;
mod wire;
pub mod worker;
