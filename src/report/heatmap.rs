//! Which parts of the scan counted: the map, and the methods that make one.

use serde::{Deserialize, Serialize};

/// Which parts of the scan counted for a head.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Heatmap {
    /// How it was made.
    pub method: MapMethod,
    /// The class that is explained.
    pub target: String,
    /// The layer whose feature map is weighted.
    pub layer: String,
    /// Rows of the map.
    pub rows: usize,
    /// Columns of the map.
    pub cols: usize,
    /// Row by row, 0…1; the largest is 1 unless nothing counts for the class.
    pub values: Vec<f32>,
    /// The largest value before all were divided by it, in the unit of the method ([`MapMethod`]): 0 for an empty map, on which
    /// nothing counts for the class, and in reports from before this field.
    #[serde(default)]
    pub peak: f32,
    /// The rectangle of the scan that the map covers: x, y, width, height in scan pixels.
    pub region: [f32; 4],
}

/// How a heatmap is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MapMethod {
    /// The feature map's channels, weighted by their gradients (GradCAM, Selvaraju et al. 2017). Unit: logits
    /// per cell, with the mean of all cells' gradients for the gradient of each.
    #[default]
    GradCam,
}

impl MapMethod {
    /// All of them, the default first.
    pub const ALL: [Self; 1] = [Self::GradCam];

    /// As in a report.
    pub fn name(self) -> &'static str {
        match self {
            Self::GradCam => "grad_cam",
        }
    }

    /// The method of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_named_as_reports_write_them() {
        for method in MapMethod::ALL {
            assert_eq!(serde_json::to_value(method).unwrap(), method.name());
            assert_eq!(MapMethod::from_name(method.name()), Some(method));
        }
        assert_eq!(MapMethod::ALL[0], MapMethod::default());
    }
}
