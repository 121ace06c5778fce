//! What map methods need from an image tower and what reads its embedding.

use candle_core::Tensor;

use crate::error::Result;
use crate::report::MapLayer;

/// A tower that has seen one scan, asked how strongly the scan speaks for one target: a class, or a finding. Scores are of any
/// unit, and pass gradients.
pub trait ImageModel {
    /// The scan as the tower reads it: (1, 3, image_height, image_width), normalised.
    ///
    /// # Errors
    /// A tensor operation fails.
    fn pixel_values(&self) -> Result<Tensor>;

    /// The scan's map after a layer: (1, C, rows, cols), ≥ 0.
    ///
    /// # Errors
    /// A tensor operation fails.
    fn feature_map(&self, layer: MapLayer) -> Result<Tensor>;

    /// Maps after `layer` (n, C, rows, cols) → scores (n).
    ///
    /// # Errors
    /// A tensor operation fails.
    fn score_of_map(&self, layer: MapLayer, map: &Tensor) -> Result<Tensor>;

    /// `pixel_values` (n, 3, image_height, image_width) → scores (n).
    ///
    /// # Errors
    /// A tensor operation fails.
    fn score(&self, pixel_values: &Tensor) -> Result<Tensor>;

    /// The same scores, whose gradients pass ReLUs only where they are above 0.
    ///
    /// # Errors
    /// A tensor operation fails.
    fn guided_score(&self, pixel_values: &Tensor) -> Result<Tensor>;

    /// How much each cell of the last feature map resembles the target on its own: (rows, cols), signed.
    ///
    /// # Errors
    /// The target has no text that a cell could resemble.
    fn cell_scores(&self) -> Result<Tensor>;
}
