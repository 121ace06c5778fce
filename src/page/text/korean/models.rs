//! The model card and a visitor's own models, in Korean.

use crate::page::text::english::ModelsText;

/// The strings about models in Korean.
pub(super) static MODELS: ModelsText = ModelsText {
    own: |name| format!("own: {name} (내 모델)"),
    own_title: "내 모델 사용하기",
    own_detail: "train export로 만든 가중치 파일(.safetensors)을 씁니다. 이 탭에서 읽고 검사하며, 업로드하지 않습니다. 페이지 아무 곳에나 끌어 \
                 놓아도 됩니다.",
    choose: "가중치 파일 선택",
    keep: "이 기기에 보관",
    keep_detail: "다음 방문 때 쓸 수 있도록 이 브라우저에 보관합니다. 선택하지 않으면 탭을 닫을 때 사라집니다.",
    forget: |name| format!("{name} 지우기"),
    in_use: "사용 중",

    card: "모델 카드",
    intended_use: "용도",
    intended: |n_classes| match n_classes {
        2 => "연구와 교육용: 황반 OCT 단면 영상 한 장이 정상인지 황반변성인지, 그 이유와 함께 답합니다.".to_owned(),
        n => format!("연구와 교육용: 황반 OCT 단면 영상 한 장을 {n}개 분류 중 하나로, 그 이유와 함께 답합니다."),
    },
    not_for: "쓰면 안 되는 곳",
    not_intended: "환자의 진단, 선별검사, 치료. 황반 단면이 아닌 영상. 분류에 없는 질환.",
    classes: "분류",
    input: "입력",
    licence: "가중치 라이선스",
    size: "파일",
    drift: "8비트와 실수의 차이",
    drift_line: |agreement, maps| {
        let maps = maps.map(|pearson| format!(", 히트맵 상관계수 {pearson}")).unwrap_or_default();
        format!("영상의 {agreement}에서 같은 답{maps}")
    },
    no_drift: "측정하지 않음",
    data: "학습 자료",
    patients_detail: |seed| {
        format!("환자 수(한 환자는 한 부분에만 속함, 시드 {seed}로 섞음)와 위 측정값에 쓴 영상 수:")
    },
    columns: ["자료", "학습", "검증", "시험", "측정한 영상"],
    started_from: "시작 가중치",
    limits: "한계",
    known_limits: [
        "공개된 후향적 자료이고 기기가 적습니다. 환자 대부분의 나이, 성별, 출신이 알려져 있지 않아 집단별 측정값이 없습니다.",
        "경고는 알맞지 않은 그림을 많이 걸러 내지만 모두 걸러 내지는 못합니다.",
        "진료 현장에서 시험한 적이 없습니다.",
    ],
    download: "↓ 모델 카드 (JSON)",
    download_detail: "모든 설정과 측정값을 CHAI Applied Model Card의 항목에 맞추어 저장합니다",
    samples_note: "합성 영상입니다. 사용법을 보여 줄 뿐 실제 영상을 얼마나 잘 읽는지는 보여 주지 않습니다.",
};
