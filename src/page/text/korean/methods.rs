//! What the methods of explanation are called in Korean, and what each says.

use crate::page::map_figures::{Column, RowName};
use crate::report::{MapLayer, MapMethod, WordMethod};

/// What the select calls a map method.
pub(super) fn map_method(method: MapMethod) -> &'static str {
    match method {
        MapMethod::GradCam => "GradCAM",
        MapMethod::GradCamPlusPlus => "GradCAM++",
        MapMethod::HiResCam => "HiResCAM",
        MapMethod::LayerCam => "LayerCAM",
        MapMethod::GScoreCam => "gScoreCAM",
        MapMethod::EigenCam => "EigenCAM",
        MapMethod::IntegratedGradients => "적분 기울기",
        MapMethod::GuidedBackpropagation => "유도 역전파",
        MapMethod::Occlusion => "가리기",
        MapMethod::Local => "국소 일치",
    }
}

/// What a map says, in one sentence.
pub(super) fn map_meaning(method: MapMethod) -> &'static str {
    match method {
        MapMethod::GradCam => {
            "스캔 전체에서 평균적으로 점수를 높이는 특징이 활성화된 곳을 보여 줍니다. 논문의 방법입니다."
        }
        MapMethod::GradCamPlusPlus => "GradCAM과 같지만, 작은 부위 여러 곳이 큰 부위 한 곳만큼 반영될 수 있습니다.",
        MapMethod::HiResCam => "각 부위가 그 자체로 점수에 얼마나 더하는지를 1차 근사로 보여 줍니다.",
        MapMethod::LayerCam => {
            "각 부위가 그 자체로 점수에 얼마나 더하는지를, 반대 근거는 빼고 보여 줍니다. 더 세밀한 층에 적합합니다."
        }
        MapMethod::GScoreCam => {
            "나머지를 흐리게 해도 점수를 높게 유지하는 특징을 보여 줍니다. 흐리게 한 스캔을 모델이 여러 번 읽으므로 느립니다."
        }
        MapMethod::EigenCam => "모델의 특징이 스캔의 다른 곳과 가장 다른 곳을 보여 줍니다. 어느 분류에서나 같습니다.",
        MapMethod::IntegratedGradients => {
            "검은 화면에서 이 스캔으로 바뀌는 동안 각 부위가 점수에 더한 몫을 보여 줍니다."
        }
        MapMethod::GuidedBackpropagation => {
            "점수를 높이는 경로를 따라, 밝아지거나 어두워질 때 점수가 가장 크게 변하는 픽셀을 보여 줍니다."
        }
        MapMethod::Occlusion => "각 부위를 가렸을 때 점수가 얼마나 떨어지는지를 보여 줍니다.",
        MapMethod::Local => "모델이 학습한 대로, 그 자체로 해당 소견과 닮은 부위를 보여 줍니다.",
    }
}

/// What the select calls a layer.
pub(super) fn map_layer(layer: MapLayer) -> &'static str {
    match layer {
        MapLayer::Layer4 => "마지막 층",
        MapLayer::Layer3 => "3층",
        MapLayer::Layer2 => "2층 (더 세밀함)",
        MapLayer::Layer1 => "1층 (가장 세밀함)",
    }
}

/// What the select calls a word method.
pub(super) fn word_method(method: WordMethod) -> &'static str {
    match method {
        WordMethod::Shapley => "섀플리 값",
        WordMethod::LeaveOneOut => "하나씩 빼기",
        WordMethod::IntegratedGradients => "적분 기울기",
        WordMethod::GradEclip => "Grad-ECLIP",
        WordMethod::GradientXActivation => "기울기 × 활성값",
    }
}

/// What a score of words says, and whether it took every order of the phrases into account.
pub(super) fn score_meaning(method: WordMethod, is_exact: bool) -> &'static str {
    match (method, is_exact) {
        (WordMethod::Shapley, true) => {
            "숫자는 빈 문장에 대한 판단에서 이 문장에 대한 판단까지의 변화 가운데 그 소견이 차지하는 몫입니다. 나머지 소견의 \
             모든 조합에서 그 소견을 빼고 넣어 보았을 때 오즈 변화의 평균입니다."
        }
        (WordMethod::Shapley, false) => {
            "숫자는 빈 문장에 대한 판단에서 이 문장에 대한 판단까지의 변화 가운데 그 소견이 차지하는 몫입니다. 문장이 길어 일부 \
             조합에서만 빼고 넣어 보았으므로 근삿값입니다."
        }
        (WordMethod::LeaveOneOut, _) => {
            "그 소견만 뺐을 때 오즈가 얼마나 떨어지는지를 나타냅니다. 같은 뜻의 소견이 둘이면 어느 쪽도 중요하지 않은 것처럼 보입니다."
        }
        (WordMethod::IntegratedGradients, _) => {
            "빈칸으로 된 문장에서 이 문장으로 바뀌는 동안 각 소견이 오즈에 더한 몫입니다."
        }
        (WordMethod::GradEclip, _) => {
            "마지막 어텐션 층이 각 소견에서 가져온 값에, 그 값이 점수를 바꾸는 정도를 곱한 것입니다. 문장을 바꿔 보지 않고 \
             신경망 안에서 잽니다."
        }
        (WordMethod::GradientXActivation, _) => {
            "논문과 비교하기 위한 방법입니다. 이 숫자로는 소견이 어느 쪽 근거인지 알 수 없습니다. 뒷받침하는 소견이 반대 근거로 \
             표시되는 일이 많습니다."
        }
    }
}

/// What the columns of the tables of heatmaps mean.
pub(super) const MEASURED_DETAIL: &str = "병변이 표시된 시험 환자의 영상에서, 영상의 분류에 대한 히트맵을 측정했습니다. 병변 위 정점: 가장 뜨거운 \
    곳이 병변 위 또는 반 칸 이내에 있는 히트맵의 비율. 병변 안의 열: 병변에 놓인 열의 비율. 무작위 대비: 판단이 무작위 부분보다 가장 뜨거운 \
    부분에 얼마나 더 의존하는지, 0은 우연과 같음. 무작위 가중치와의 유사도: 마지막 층의 가중치가 무작위인 모델의 히트맵과 얼마나 비슷한지, 0에 \
    가까울수록 좋음. 마지막 두 줄은 영상을 전혀 모르는 히트맵입니다.";

/// What a column of those tables is called.
pub(super) fn map_column(column: Column) -> &'static str {
    match column {
        Column::PeakOnLesion => "병변 위 정점",
        Column::HeatInLesions => "병변 안의 열",
        Column::OverRandomOrder => "무작위 대비",
        Column::LikeRandomWeights => "무작위 가중치와의 유사도",
    }
}

/// What a row of those tables is about.
pub(super) fn map_row(row: RowName) -> &'static str {
    match row {
        RowName::Method(method) => map_method(method),
        RowName::Random => "무작위 히트맵",
        RowName::Centre => "가운데 히트맵",
    }
}
