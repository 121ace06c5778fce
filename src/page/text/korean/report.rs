//! A saved report and a report that is opened again, in Korean.

use crate::page::reproduce::Part;
use crate::page::text::english::ReportText;

/// The strings of saved reports in Korean.
pub(super) static REPORT: ReportText = ReportText {
    save: "↓ 보고서",
    save_detail: "이 프로그램 없이 읽고 인쇄할 수 있는 한 쪽짜리 보고서를 저장합니다",
    keep_name: "파일 이름 포함",
    keep_name_detail: "파일 이름에 환자 이름이 들어 있을 수 있습니다. 선택하지 않으면 저장 파일의 이름은 날짜와 영상의 해시로 정합니다",

    title: "OCT 단면 영상에 대한 모델의 판단과 그 이유",
    warning: "경고",
    folded: "저장할 때 판단이 접혀 있어 싣지 않았습니다. 경고를 읽으세요.",
    scan: "영상",
    map_for: |class| format!("‘{class}’ 판단을 뒷받침한 부위"),
    bar_none: "없음",
    bar_own: "이 영상의 최댓값",
    bar_strong: "강한 히트맵",
    phrase: "표현",
    side: "근거 방향",
    share: "비중",
    odds: |class| format!("{class} 오즈"),
    is_class_word: "답을 가리키는 말, 이유가 아님",
    findings: "물어본 소견",
    margin: |margin| format!("정상 영상보다 이 소견과 {} 닮음", if margin > 0. { "더" } else { "덜" }),
    made_by: "만든 방법",
    model: "모델",
    weights: "가중치 SHA-256",
    input: "영상 SHA-256",
    preprocessing: "전처리",
    prepared: |input| {
        let [black, white] = input.contrast_percentiles;
        let cleaned =
            if input.is_cleaned { "검은 띠·배경 잡음·스페클·표시 글자 줄이기, " } else { "" };
        format!(
            "{cleaned}망막 부분 잘라내기, {} × {} 화소로 크기 조절, 밝기 백분위수 {black}–{white} 범위 사용",
            input.width, input.height
        )
    },
    not_recorded: "기록 없음",
    map: "히트맵",
    words: "문장",
    saved: "저장 시각",
    limits: "한계",
    what_it_is: [
        "히트맵은 모델의 판단이 기댄 곳을 보여 줄 뿐 병변의 위치를 뜻하지 않습니다. 해상도가 낮아 작은 병변을 놓칠 수 있습니다.",
        "문장은 학습 자료에서 가장 가까운 것을 찾은 것이며, 이 영상을 직접 설명한 것이 아닙니다.",
        "진단이 아닙니다. 자격을 갖춘 사람이 영상을 직접 판독해야 합니다.",
    ],

    again: "저장된 보고서 다시 열기",
    same: "재현됨: 모든 값이 비트까지 같습니다.",
    differs: "재현되지 않았습니다.",
    comparing: "비교하기 위해 다시 묻는 중",
    other_model: |then, now| format!("다른 가중치가 답했습니다. SHA-256: 당시 {then}, 지금 {now}."),
    other_version: |then, now| format!("버전 {then}에서 만들었고, 지금은 {now}입니다."),
    other_values: |parts| format!("값이 다른 부분: {parts}."),
    not_compared: |parts| format!("다시 묻지 않은 부분: {parts}."),
    part: |part| match part {
        Part::Scan => "읽은 영상",
        Part::Image => "영상 판단",
        Part::Caption => "검색된 문장",
        Part::Words => "문장 판단",
        Part::Agreement => "두 판단의 일치",
        Part::Warning => "경고",
        Part::Heatmap => "히트맵",
        Part::WordScores => "표현별 점수",
        Part::Findings => "소견 히트맵",
        Part::Hidden => "가린 영역",
        Part::Baseline => "기준 모델",
        Part::Suggestion => "보기 제안",
    },
    add_scan: |name, format, hash| {
        format!("이 보고서의 영상은 {name} ({format})입니다. SHA-256이 {hash}로 시작하는 그 파일을 함께 여세요.")
    },
};
