//! Which parts of the scan counted: the map, and the methods that make one.

use serde::{Deserialize, Serialize};

/// Which parts of the scan counted for a head.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Heatmap {
    /// How it was made.
    pub method: MapMethod,
    /// The class that is explained.
    pub target: String,
    /// The layer whose feature map is weighted, by its name in the weights file; `pixel_values` where the method reads pixels.
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

impl Heatmap {
    /// The centre of the hottest cell, in scan pixels; none for an empty map.
    pub fn hottest(&self) -> Option<(f32, f32)> {
        let (best, value) = self.values.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1))?;
        let [x, y, width, height] = self.region;
        let (row, col) = (best / self.cols, best % self.cols);
        let centre = |i: usize, n: usize, size: f32| (i as f32 + 0.5) / n as f32 * size;
        (*value > 0.).then(|| (x + centre(col, self.cols, width), y + centre(row, self.rows, height)))
    }
}

/// How a heatmap is made. Each says its unit: that of [`Heatmap::peak`], where "logits" are the class's, or of a finding the
/// cosine's with the scan times CLIP's temperature.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MapMethod {
    /// The feature map's channels, weighted by their mean gradients (GradCAM, Selvaraju et al. 2017). Unit: logits per cell, as if
    /// every cell had the mean of all cells' gradients.
    #[default]
    GradCam,
    /// The same, with weights by which several small places count like one large one (GradCAM++, Chattopadhay et al. 2018).
    /// Unit: logits, weighted.
    GradCamPlusPlus,
    /// Each cell by its own gradients (HiResCAM, Draelos & Carin 2020). Unit: logits that the cell adds, to first order.
    HiResCam,
    /// Each cell by those of its gradients that are above 0 (LayerCAM, Jiang et al. 2021), which is made for the finer maps of
    /// earlier layers. Unit: logits that the cell adds, to first order, without what it takes away.
    LayerCam,
    /// Channels, weighted by the score of the scan when only what they mark is left (gScoreCAM, Chen et al. 2022). Unit: mean
    /// activation.
    GScoreCam,
    /// The pattern in which the feature map's cells differ most, the same for every target (EigenCAM, Muhammad & Yeasin 2020).
    /// Unit: activation, from the mean of all cells.
    EigenCam,
    /// What pixels add on the way from a black scan to this one (integrated gradients, Sundararajan, Taly & Yan 2017). Unit:
    /// logits that the cell adds.
    IntegratedGradients,
    /// How strongly the score answers to each pixel, along the paths in the network that raise it (guided backpropagation,
    /// Springenberg et al. 2015). Unit: logits per `pixel_values`, the mean over the cell.
    GuidedBackpropagation,
    /// By how much the score falls when a window of the scan is hidden (occlusion, Zeiler & Fergus 2014). Unit: logits that are
    /// lost, the mean over the windows that cover the cell.
    Occlusion,
    /// How much more each cell, on its own, resembles the finding than the healthy text: what the towers were trained on where
    /// lesions have boxes. Only of findings. Unit: logits.
    Local,
}

impl MapMethod {
    /// Those that explain a class, the default first.
    pub const ALL: [Self; 9] = [
        Self::GradCam,
        Self::GradCamPlusPlus,
        Self::HiResCam,
        Self::LayerCam,
        Self::GScoreCam,
        Self::EigenCam,
        Self::IntegratedGradients,
        Self::GuidedBackpropagation,
        Self::Occlusion,
    ];

    /// As in a report.
    pub fn name(self) -> &'static str {
        match self {
            Self::GradCam => "grad_cam",
            Self::GradCamPlusPlus => "grad_cam_plus_plus",
            Self::HiResCam => "hi_res_cam",
            Self::LayerCam => "layer_cam",
            Self::GScoreCam => "g_score_cam",
            Self::EigenCam => "eigen_cam",
            Self::IntegratedGradients => "integrated_gradients",
            Self::GuidedBackpropagation => "guided_backpropagation",
            Self::Occlusion => "occlusion",
            Self::Local => "local",
        }
    }

    /// The method of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().chain([Self::Local]).find(|method| method.name() == name)
    }

    /// Whether it begins at a layer's feature map, so that [`MapLayer`] makes a difference; the others begin at the pixels, and
    /// [`Self::Local`] always at the last map.
    pub fn uses_layer(self) -> bool {
        !matches!(self, Self::IntegratedGradients | Self::GuidedBackpropagation | Self::Occlusion | Self::Local)
    }

    /// Whether it asks the tower about dozens of changed scans.
    pub fn asks_often(self) -> bool {
        matches!(self, Self::GScoreCam | Self::IntegratedGradients | Self::Occlusion)
    }

    /// Whether it is the same for every target.
    pub fn ignores_target(self) -> bool {
        self == Self::EigenCam
    }
}

/// The layer whose feature map is weighted: a stage of the image tower. Earlier maps are finer, and say less about the target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MapLayer {
    /// The last one, which the answer is made from.
    #[default]
    Layer4,
    /// The one before it.
    Layer3,
    /// Two before it.
    Layer2,
    /// The first: cells of 4 × 4 pixels of the model's input.
    Layer1,
}

impl MapLayer {
    /// All of them, the default first.
    pub const ALL: [Self; 4] = [Self::Layer4, Self::Layer3, Self::Layer2, Self::Layer1];

    /// As in options.
    pub fn name(self) -> &'static str {
        match self {
            Self::Layer4 => "layer4",
            Self::Layer3 => "layer3",
            Self::Layer2 => "layer2",
            Self::Layer1 => "layer1",
        }
    }

    /// The layer of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|layer| layer.name() == name)
    }

    /// The stage of the tower, from 1.
    pub fn stage(self) -> usize {
        match self {
            Self::Layer4 => 4,
            Self::Layer3 => 3,
            Self::Layer2 => 2,
            Self::Layer1 => 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_named_as_reports_write_them() {
        for method in MapMethod::ALL.into_iter().chain([MapMethod::Local]) {
            assert_eq!(serde_json::to_value(method).unwrap(), method.name());
            assert_eq!(MapMethod::from_name(method.name()), Some(method));
        }
        for layer in MapLayer::ALL {
            assert_eq!(serde_json::to_value(layer).unwrap(), layer.name());
            assert_eq!(MapLayer::from_name(layer.name()), Some(layer));
            assert!(layer.name().ends_with(&layer.stage().to_string()));
        }
        assert_eq!((MapMethod::ALL[0], MapLayer::ALL[0]), Default::default());
    }
}
