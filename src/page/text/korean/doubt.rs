//! How far an answer can be relied on, in Korean.

use crate::page::picture::{Drawn, HeatScale};
use crate::page::text::english::DoubtText;
use crate::report::{Doubt, WarningKind};

/// The strings about doubt in Korean.
pub(super) static DOUBT: DoubtText = DoubtText {
    warning: |kind| match kind {
        WarningKind::None => "",
        WarningKind::Unsure => "확실하지 않은 판단",
        WarningKind::Unfamiliar => "낯선 영상: 이 판단을 믿지 마세요",
        WarningKind::NotAScan => "판단 없음: OCT 단면 영상이 아님",
    },
    in_short: |kind| match kind {
        WarningKind::None => "",
        WarningKind::Unsure => "불확실",
        WarningKind::Unfamiliar => "낯선 영상",
        WarningKind::NotAScan => "판단 없음",
    },
    reason: doubt_text,
    open: |kind| match kind {
        WarningKind::NotAScan => "모델이 계산한 값 보기",
        _ => "그래도 판단 보기",
    },
    fold: "판단 접기",
    folded: "판단, 히트맵, 문장은 접혀 있습니다. 경고를 먼저 읽으세요.",
    words_without_map: "문장은 히트맵과 함께만 표시됩니다. 히트맵을 켜세요.",
    n_warned: |n| format!("프레임 {n}개에 경고가 있습니다."),
    eye_folded: |doubt, frame| format!("안구: {doubt}. 비중이 가장 큰 {frame}번 프레임을 먼저 확인하세요."),
    joined_eye_folded: |doubt, name| format!("안구: {doubt}. 비중이 가장 큰 {name} 영상을 먼저 확인하세요."),

    unsure: "이쪽에 가깝지만 확실하지 않음",
    unreliable: "믿고 쓸 수 없음",
    no_answer: "판단 없음",
    no_clear_answer: "판단이 엇갈림",
    same: "영상과 문장의 분류가 같습니다. 하나의 판독을 두 번 본 것일 뿐 별개의 의견이 아닙니다. 문장은 영상이 고른 것이고, \
           문장의 수치는 같은 문장이 나온 모든 영상에서 똑같습니다.",
    split: |image, words| {
        format!(
            "판단이 다릅니다. 영상은 {image}, 영상이 고른 문장은 {words}입니다. 직접 확인하기 전에는 어느 쪽도 믿지 마세요."
        )
    },
    edited: |image, words| {
        format!(
            "사람이 쓴 문장입니다. 어느 영상에서든 {words}라는 답이 나오므로 아무것도 뒷받침하지 않습니다. 영상의 판단은 {image}입니다."
        )
    },

    track_record: "같은 종류의 판단은 얼마나 맞았나",
    answers_like: |answer, band, is_warned| {
        let warning = if is_warned { "있을" } else { "없을" };
        format!("학습에 쓰지 않은 환자에서 ‘{answer}’ 판단의 확률이 {band}이고 경고가 {warning} 때 맞은 비율입니다.")
    },
    right_of: |n_right, n_scans| format!("영상 {n_scans}장 중 {n_right}장"),
    too_few: |n_right, n_scans| format!("너무 적어 알 수 없음: {n_scans}장 중 {n_right}장"),
    other_diseases: |n| format!("모델이 모르는 질환의 영상 {n}장에도 이 판단이 잘못 내려짐"),

    other_class: |target, answer| match answer {
        Some(answer) => format!("‘{target}’에 대한 지도입니다. 판단은 ‘{answer}’입니다."),
        None => format!("‘{target}’에 대한 지도입니다."),
    },
    empty_map: |target| format!("빈 히트맵: 이 방법으로는 ‘{target}’의 근거가 되는 부위가 없습니다."),
    scale: "색 기준",
    scale_detail: "모든 영상에 같은 기준: 맨 끝 색은 같은 답을 받은 검증 영상 20장 중 1장만 넘는 최고점입니다. 상대 기준: 맨 끝 색은 \
                   아무리 약해도 이 영상의 최댓값입니다.",
    scale_name: |scale| match scale {
        HeatScale::Absolute => "모든 영상에 같은 기준",
        HeatScale::Relative => "이 영상 안에서 상대적",
    },
    drawn: |drawn| match drawn {
        Drawn::Empty => String::new(),
        Drawn::Relative => "색은 이 영상의 최댓값에 대해 상대적".to_owned(),
        Drawn::Absolute { share } => format!("세기: 강한 지도의 {:.0} %", share * 100.),
    },
};

/// Why an answer is doubtful, and what to do.
fn doubt_text(doubt: Doubt) -> &'static str {
    match doubt {
        Doubt::TooSmall => "그림이 너무 작아 망막층을 볼 수 없습니다. 단면 영상을 원래 크기로 내보내세요.",
        Doubt::OneColour => "그림이 거의 한 가지 색입니다. 단면이 보이는 영상을 선택하세요.",
        Doubt::Noise => "층 없이 잡음만 있습니다. 단면이 보이는 영상을 선택하세요.",
        Doubt::Colour => "OCT 단면 영상이 아니라 컬러 사진입니다. 같은 눈의 단면 영상을 선택하세요.",
        Doubt::NoRetina => "그림에서 망막을 찾지 못했습니다. 단면 영상을 선택하고, 옆에 있는 다른 그림은 잘라내세요.",
        Doubt::UnlikeTraining => {
            "이 모델이 학습한 어떤 영상과도 다릅니다. 온전한 단면 영상인지 확인하고, 이 판단은 믿지 마세요."
        }
        Doubt::MoreThanAScan => {
            "단면 영상 하나가 아니라 다른 그림도 함께 있습니다. 판단을 원하는 단면만 남기고 잘라내세요."
        }
        Doubt::Turned => "망막층이 세로로 놓여 있습니다. 유리체가 위로 오도록 영상을 돌리세요.",
        Doubt::Inverted => "흑백이 뒤바뀐 영상으로 보입니다. 검은 바탕에 조직이 밝게 보이도록 내보내세요.",
        Doubt::AnotherDisease => {
            "정상도 황반변성도 아닌 다른 질환일 수 있습니다. 이 판단을 믿지 말고, 다른 질환이 있는지 직접 판독하세요."
        }
        Doubt::LowProbability => "어느 분류도 확률이 충분히 높지 않습니다. 직접 판독하거나 그 눈을 다시 촬영하세요.",
        Doubt::HeadsDisagree => "영상과 문장의 판단이 다릅니다. 어느 쪽이든 믿기 전에 둘을 비교하세요.",
        Doubt::CaptionFar => "이 영상을 잘 설명하는 문장이 없습니다. 소견을 직접 확인하세요.",
    }
}
