//! A lesion and the rectangle around it, in pixels of its image, as in OCT5k's box file.

use crate::caption::Lesion;

/// One row of `Detection/all_bounding_boxes.csv`. Edges are inclusive pixel coordinates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LesionBox {
    /// What is in the box.
    pub lesion: Lesion,
    /// Leftmost column.
    pub xmin: u32,
    /// Topmost row.
    pub ymin: u32,
    /// Rightmost column.
    pub xmax: u32,
    /// Lowest row.
    pub ymax: u32,
}
