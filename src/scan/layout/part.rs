//! A rectangle of a picture.

/// A rectangle, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) x: usize,
    pub(super) y: usize,
    pub(super) width: usize,
    pub(super) height: usize,
}

/// A direction in which a picture is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Axis {
    /// Into parts one above the other.
    Rows,
    /// Into parts side by side.
    Columns,
}

impl Axis {
    /// Along the lines that this one goes across.
    pub(super) fn other(self) -> Self {
        match self {
            Self::Rows => Self::Columns,
            Self::Columns => Self::Rows,
        }
    }
}

impl Part {
    pub(super) fn area(self) -> usize {
        self.width * self.height
    }

    /// Its lines: how many rows, or columns.
    pub(super) fn n_lines(self, axis: Axis) -> usize {
        match axis {
            Axis::Rows => self.height,
            Axis::Columns => self.width,
        }
    }

    /// Only some of its lines, from one to another (exclusive).
    pub(super) fn lines(self, axis: Axis, from: usize, to: usize) -> Self {
        match axis {
            Axis::Rows => Self { y: self.y + from, height: to - from, ..self },
            Axis::Columns => Self { x: self.x + from, width: to - from, ..self },
        }
    }
}
