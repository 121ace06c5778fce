//! Why a head said what it said: cells of the feature map, words of the caption. Knows tensors; knows no file.

pub mod grad_cam;
pub mod token_importance;
