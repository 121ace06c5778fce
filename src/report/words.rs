//! Which phrases of the caption counted: their scores, and the methods that score them.

use serde::{Deserialize, Serialize};

/// Which phrases counted for the text head.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TokenReport {
    /// How they are scored.
    pub method: WordMethod,
    /// The class that is explained.
    pub target: String,
    /// The caption's words and phrases in order.
    pub words: Vec<Word>,
    /// What the scores add up to; only for [`WordMethod::Shapley`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sum: Option<WordSum>,
}

/// How the words of a caption are scored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WordMethod {
    /// By how much adding the phrase changes the class's log-odds, averaged over the orders in which the caption's phrases can
    /// be added (Shapley values).
    #[default]
    Shapley,
    /// By how much leaving the phrase out of the caption lowers the class's log-odds.
    LeaveOneOut,
    /// What the phrase's tokens add to the class's log-odds on the way from a caption of blanks (integrated gradients,
    /// Sundararajan, Taly & Yan 2017).
    IntegratedGradients,
    /// The tokens' values in the last attention layer, weighted by the gradient at the end token and by how much its query
    /// resembles their keys (the text side of Grad-ECLIP, Zhao et al. 2024).
    GradEclip,
    /// Gradient × activation at the tokens (Cho, Park & Jeong).
    GradientXActivation,
}

impl WordMethod {
    /// All of them, the default first.
    pub const ALL: [Self; 5] =
        [Self::Shapley, Self::LeaveOneOut, Self::IntegratedGradients, Self::GradEclip, Self::GradientXActivation];

    /// As in a report.
    pub fn name(self) -> &'static str {
        match self {
            Self::Shapley => "shapley",
            Self::LeaveOneOut => "leave_one_out",
            Self::IntegratedGradients => "integrated_gradients",
            Self::GradEclip => "grad_eclip",
            Self::GradientXActivation => "gradient_x_activation",
        }
    }

    /// The method of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.name() == name)
    }
}

/// What Shapley values add up to: [`Word::log_odds`] of all words is `caption` minus `empty`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct WordSum {
    /// The class's log-odds, `ln p / (1 − p)`, for an empty caption.
    pub empty: f32,
    /// The same for this caption.
    pub caption: f32,
    /// Captions that were evaluated: this one with some of its phrases.
    pub n_captions: usize,
    /// Whether every order of the phrases was evaluated; of a long caption only some are.
    pub is_exact: bool,
}

/// One phrase of the caption.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Word {
    /// As in the caption.
    pub text: String,
    /// Where it starts in the caption, in bytes.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// Its share, signed: for the class when positive, against it when negative; absolute values sum to 1
    /// over the whole caption.
    pub score: f32,
    /// By how much it changes the class's log-odds, if the method measures that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_odds: Option<f32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_named_as_reports_write_them() {
        for method in WordMethod::ALL {
            assert_eq!(serde_json::to_value(method).unwrap(), method.name());
            assert_eq!(WordMethod::from_name(method.name()), Some(method));
        }
        assert_eq!(WordMethod::ALL[0], WordMethod::default());
    }
}
