//! Why a head said what it said: cells of the feature map, words of the caption. Knows tensors; knows no file.
//!
//! A word's score has two methods: `shapley`, which leaves phrases out and asks the head again, and `token_importance`,
//! the paper's gradient × activation. `phrases` takes a caption apart for both.

pub mod grad_cam;
pub mod phrases;
pub mod shapley;
pub mod token_importance;
