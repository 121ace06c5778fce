//! A lesion and the rectangle around it, in pixels of its image.

/// The rectangle around one lesion. Edges are inclusive pixel coordinates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LesionBox {
    /// The phrase of what is in the box.
    pub finding: &'static str,
    /// Leftmost column.
    pub xmin: u32,
    /// Topmost row.
    pub ymin: u32,
    /// Rightmost column.
    pub xmax: u32,
    /// Lowest row.
    pub ymax: u32,
}
