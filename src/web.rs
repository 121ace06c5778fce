//! The page and its worker, for wasm only. The worker owns the model; the page knows reports, never tensors.
//!
//! One way: a click → [`ui::Ui`] → [`client`] → worker → `Response` → [`state::AppState`] → components → canvas.

pub mod app;
pub mod canvas;
pub mod client;
pub mod companion;
pub mod components;
pub mod fetch;
pub mod state;
pub mod text;
pub mod ui;
pub mod worker;
