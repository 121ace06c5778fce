//! How far an explanation can be relied on: measures of maps and of the scores of phrases. Plain numbers in, plain numbers out;
//! a model is a function that scores. Knows no tensor and no file.
//!
//! - [`masks`] plans what is hidden from the model, [`curves`] makes deletion and insertion curves of its scores (Petsiuk et
//!   al. 2018). Each mask is scored on its own, so that workers can share them;
//! - [`road`] replaces pixels by what their neighbours predict (Rong et al. 2022);
//! - [`localisation`] compares a map with an outline or the retina (Arras et al. 2022; Zhang et al. 2018);
//! - [`agreement`] compares two maps, of two methods or before and after weights were made random (Adebayo et al. 2018), and
//!   says by how much a map moved (Yeh et al. 2019);
//! - [`words`] keeps and leaves out the top phrases of a caption (DeYoung et al. 2020);
//! - [`correlation`] and [`random`] are what these need.

pub mod agreement;
pub mod correlation;
pub mod curves;
pub mod field;
pub mod localisation;
pub mod masks;
pub mod random;
#[cfg(test)]
mod reference;
pub mod road;
pub mod words;
