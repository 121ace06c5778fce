//! The panel that tests a map, in Korean.

use crate::page::faithfulness::reading::{Kind, Standing};
use crate::page::numbers::two_digits;
use crate::page::text::english::FaithfulnessText;
use crate::report::RandomPart;

/// The strings of the panel in Korean.
pub(super) static FAITHFULNESS: FaithfulnessText = FaithfulnessText {
    title: "이 히트맵을 믿을 수 있나요?",
    detail: "영상의 일부를 가린 채 모델에 약 120번 다시 물어, 히트맵이 표시한 곳이 실제로 판단에 쓰였는지 확인합니다.",
    open: "검사하기",
    close: "닫기",
    preparing: "프로세서 코어마다 모델을 한 번 더 불러오는 중",
    running: |n_done, n_all| format!("질문 {n_all}개 중 {n_done}개 답함"),
    cancelled: "중지했습니다.",
    resume: "이어서 하기",
    failed: "검사가 중단되었습니다:",
    curve: |kind| match kind {
        Kind::Deletion => "뜨거운 곳부터 가리기 (삭제): 좋은 히트맵은 일찍 떨어집니다",
        Kind::Insertion => "뜨거운 곳부터 보이기 (삽입): 좋은 히트맵은 일찍 올라갑니다",
    },
    area: |area, random| match random {
        Some(random) => format!("면적 {area:.2}, 무작위 {random:.2}"),
        None => format!("면적 {area:.2}"),
    },
    legend: ["이 히트맵", "무작위 순서"],
    standing: |standing| match standing {
        Standing::Empty => "히트맵이 비어 있어 검사할 것이 없습니다.",
        Standing::Unmoved => "무엇을 가려도 답이 거의 바뀌지 않아, 이 검사로는 히트맵에 대해 말할 수 없습니다.",
        Standing::Better => "히트맵이 표시한 곳은 무작위로 고른 곳보다 판단에 더 중요합니다.",
        Standing::Partly => "두 곡선 중 하나에서만 무작위로 고른 곳보다 낫습니다. 히트맵을 조심해서 보세요.",
        Standing::NoBetter => "히트맵이 표시한 곳은 무작위로 고른 곳보다 중요하지 않습니다. 이 히트맵에 기대지 마세요.",
    },
    limit: "검사를 통과한 히트맵도 틀린 답의 것일 수 있습니다.",
    in_retina: |share| match share {
        Some(share) => format!("열의 {:.0} %가 망막 안에 있습니다.", share * 100.),
        None => "열이 없거나 망막을 찾지 못해, 열이 어디에 있는지 말할 수 없습니다.".to_owned(),
    },
    words: "문장",
    sufficiency: |value, random| {
        let [value, random] = [value, random].map(two_digits);
        format!("상위 표현만 남기면 확률이 {value} 낮아집니다 (무작위 표현 {random}). 0에 가까울수록 좋습니다.")
    },
    comprehensiveness: |value, random| {
        let [value, random] = [value, random].map(two_digits);
        format!("상위 표현을 빼면 확률이 {value} 낮아집니다 (무작위 표현 {random}). 클수록 좋습니다.")
    },
    randomize: "배운 것 지워 보기",
    randomize_detail: "모델의 일부를 무작위 수로 바꾼 뒤 히트맵을 다시 그립니다. 다른 히트맵이 되어야 합니다.",
    shown_map: "지금 히트맵",
    part: |part| match part {
        RandomPart::Head => "판단층 무작위",
        RandomPart::LastStage => "판단층과 마지막 단계 무작위",
    },
    agreement: |value| format!("순위 상관 {value:.2}"),
    is_other: |is_other| {
        if is_other {
            "다른 히트맵: 바람직함"
        } else {
            "거의 같은 히트맵: 여기서 배운 것을 별로 보여 주지 않음"
        }
    },
};
