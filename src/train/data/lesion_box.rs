//! A lesion, the rectangle around it and its outline, in pixels of its image.

/// The rectangle around one lesion. Edges are inclusive pixel coordinates.
#[derive(Clone, Debug, PartialEq)]
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
    /// The corners of the outline (column, row) in order; empty where only the rectangle is known.
    pub outline: Vec<[f32; 2]>,
}

impl LesionBox {
    /// Whether the rectangle holds the pixel in this column and row.
    pub(crate) fn holds(&self, x: usize, y: usize) -> bool {
        (self.xmin as usize..=self.xmax as usize).contains(&x) && (self.ymin as usize..=self.ymax as usize).contains(&y)
    }

    /// Whether the lesion covers the centre of a pixel: by its outline, or by the rectangle where there is none.
    pub(crate) fn covers(&self, x: usize, y: usize) -> bool {
        self.holds(x, y) && (self.outline.is_empty() || is_enclosed(&self.outline, x as f32 + 0.5, y as f32 + 0.5))
    }
}

/// Whether a ray from the point to the right crosses an odd number of edges.
fn is_enclosed(corners: &[[f32; 2]], x: f32, y: f32) -> bool {
    let before = corners.iter().cycle().skip(corners.len().saturating_sub(1));
    let crosses = |([ax, ay], [bx, by]): (&[f32; 2], &[f32; 2])| {
        (*ay > y) != (*by > y) && x < ax + (y - ay) / (by - ay) * (bx - ax)
    };
    corners.iter().zip(before).filter(|edge| crosses(*edge)).count() % 2 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outline_covers_what_it_encloses_and_a_box_without_one_all_of_itself() {
        let boxed = LesionBox { finding: "fluid", xmin: 2, ymin: 1, xmax: 9, ymax: 8, outline: vec![] };
        assert!(boxed.covers(2, 8) && boxed.covers(9, 1) && !boxed.covers(10, 1) && !boxed.covers(2, 0));
        // A triangle over the lower left half of the box.
        let outlined = LesionBox { outline: vec![[2., 1.], [10., 9.], [2., 9.]], ..boxed };
        assert!(outlined.covers(2, 8) && outlined.covers(3, 4) && !outlined.covers(8, 2));
        assert!(outlined.holds(8, 2) && !outlined.holds(1, 2));
        let n_covered =
            (0..12).flat_map(|x| (0..12).map(move |y| (x, y))).filter(|(x, y)| outlined.covers(*x, *y)).count();
        assert!((28..=36).contains(&n_covered), "{n_covered} of 32 pixels");
    }
}
