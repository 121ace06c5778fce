//! Where findings speak, and what hiding a region changes, in Korean.

use crate::page::linked::Effect;
use crate::page::text::english::LinkedText;

/// The strings about findings and regions in Korean.
pub(super) static LINKED: LinkedText = LinkedText {
    show_finding: |finding| format!("영상에서 ‘{finding}’ 소견과 닮은 부위 보기"),
    on_map: |finding, is_like| {
        let whole = if is_like { "" } else { " (영상 전체는 정상에 더 가까움)" };
        format!("‘{finding}’ 소견과 닮은 부위{whole}")
    },
    coming: |finding| format!("‘{finding}’ 부위를 찾는 중"),
    empty_map: |finding| format!("빈 히트맵: 이 방법으로는 ‘{finding}’ 소견과 닮은 부위가 없습니다."),
    maps: "소견의 히트맵",
    likeness_map: |method| format!("유사도 ({method})"),
    likeness_detail: "영상 전체가 이 소견과 더 닮아 보이게 하는 부위",
    local_map: "부위별 비교",
    back_to: |class| format!("‘{class}’ 히트맵으로 돌아가기 (Esc)"),

    hide: "영역 가리기",
    hide_detail: "영상 위에 사각형을 그리고, 그 부분이 없을 때 모델이 무엇이라고 하는지 확인합니다",
    hide_help: "영상 위에서 끌어 사각형을 그리세요. 키보드: 화살표로 이동, Shift+화살표로 크기 조절, Enter로 가리기, Esc로 나가기.",
    hidden_region: "가린 영역",
    show_again: "다시 보이기",
    without_region: "가린 영역이 없을 때",
    effect: |effect, before, after, share| match effect {
        Effect::Unseen => "모델이 보지 않는 영역이라 달라지는 것이 없습니다.".to_owned(),
        Effect::SameClass => {
            format!("모델이 보는 부분의 {share}를 가려도 판단은 그대로입니다. 가리기 전: {before}, 가린 후: {after}.")
        }
        Effect::OtherClass => {
            format!("모델이 보는 부분의 {share}를 가리면 판단이 바뀝니다. 가리기 전: {before}, 가린 후: {after}.")
        }
    },
    hidden_note: "가린 영역은 주변 화소로 채웁니다. 모델을 시험하는 것이며, 눈에 대한 판단이 아닙니다.",
    before: "전",
    after: "후",
    class: "영상 판단",
    caption: "문장",
    finding: "소견",
    likeness_meaning: "영상이 정상보다 이 소견과 얼마나 더 닮았는지(두 코사인 값의 차이)를 나타냅니다. 0보다 크면 모델은 소견이 있다고 \
                       봅니다.",
};
