//! The page in Korean.

mod doubt;
mod faithfulness;
mod linked;
mod methods;
mod models;
mod offline;
mod report;
mod series;
mod teach;
mod viewer;

use crate::bundle::card::Measure;
use crate::error::{Detail, Instead, Kind};
use crate::page::card::{Device, NoteName};
use crate::page::look::Theme;
use crate::page::numbers::{megabytes, odds_text};
use crate::page::text::english::Text;
use crate::protocol::Failure;
use crate::scan::format;
use crate::scan::note::{Laterality, Note};
use crate::scan::view::{Place, Turn, View};

/// The page's strings in Korean.
pub(super) static TEXT: Text = Text {
    title: "octlens · 정상인가 황반변성인가, 그리고 그 이유",
    tagline: "망막 OCT가 무엇을 보여 주는지, 그리고 그 이유",
    private: "이 기기 밖으로 나가지 않음",
    private_detail: "모델은 이 브라우저 탭에서 실행됩니다. 영상은 업로드되거나 저장되지 않습니다.",
    language: "언어",
    model: "모델",
    model_detail: "다른 모델이 같은 영상에 답합니다",
    theme: |theme| match theme {
        Theme::Light => "테마: 밝게",
        Theme::Dark => "테마: 어둡게",
        Theme::System => "테마: 시스템 설정",
    },
    megabytes: |n_bytes| format!("{:.1} MB", megabytes(n_bytes)),

    scans: "영상",
    drop_here: "끌어 놓기, 붙여넣기, 또는 ",
    choose: "파일 선택",
    formats: || format!("{}\n최대 {} MB", format::names(), format::MAX_FILE_BYTES >> 20),
    samples: "예시",
    probability_of: |label, value| format!("영상 판단 {label}: {value}"),
    remove: "목록에서 제거 (Delete)",
    waiting: "대기 중",
    not_asked: "아직 묻지 않음",

    frames: "이 파일의 B-스캔",
    frames_detail: "방향키나 휠로 B-스캔을 넘깁니다",
    eye: |answer, frame, n_frames, is_healthy| {
        let role = if is_healthy { "가장 의심됨" } else { "판단 근거" };
        format!("안구: {answer}, {n_frames}개 중 {frame}번 프레임이 {role}")
    },
    eye_so_far: |n_answered, n_frames| format!("({n_frames}개 중 {n_answered}개 분석됨)"),
    laterality: |eye| match eye {
        Laterality::Right => "우안 (OD)",
        Laterality::Left => "좌안 (OS)",
    },
    one_eye: |n_files| format!("파일 {n_files}개가 모두 한쪽 눈의 영상"),
    one_eye_detail: "함께 연 파일 전체를 종합하여 하나의 답을 냅니다",
    same_eye: |n_files| format!("같은 검사, 같은 눈의 파일 {n_files}개"),
    joined_eye: |answer, name, is_healthy| {
        let role = if is_healthy { "가장 의심됨" } else { "판단 근거" };
        format!("안구: {answer}, {name} 영상이 {role}")
    },
    both_eyes: "우안과 좌안이 섞여 있어 하나의 답을 내지 않습니다.",

    viewer: "뷰어",
    scan_only: "원본",
    heat: "히트맵",
    heat_detail: "히트맵 보이기/숨기기 (H)",
    opacity: "불투명도",
    map: "방법",
    map_method: methods::map_method,
    map_meaning: methods::map_meaning,
    map_layer: methods::map_layer,
    target: "대상",
    target_detail: "이유를 볼 분류",
    compare: "기준 모델과 비교",
    compare_detail: |size| {
        format!("문장 없는 ResNet-50에도 묻고, 그 히트맵을 보여 줍니다. 처음 한 번 {size}를 받으며, 답이 느려집니다.")
    },
    baseline_loading: "기준 모델을 불러오는 중",
    baseline: "ResNet-50 기준 모델, 문장 없음",
    baseline_alt: "같은 영상과 기준 모델의 히트맵",
    on_the_right: |line| format!("오른쪽: {line}"),
    save_png: "그림 저장",
    save_json: "보고서 저장",
    save_dicom: "DICOM으로 저장 (히트맵과 구조화 보고서, 환자 이름 없음, ZIP 파일)",
    scan_alt: |name| format!("OCT 단면 영상: {name}. 영상 판단의 히트맵이 겹쳐 있습니다."),
    heat_scale: "해당 부위가 분류를 뒷받침한 정도 (0–1)",
    invite: "망막 OCT 단면 영상을 여기에 놓으세요",
    invite_detail: "붙여넣거나 파일을 선택하거나, 예시로 시작할 수 있습니다.",

    loading: "모델을 불러오는 중",
    loading_detail: "처음 한 번만 받고, 이후에는 브라우저 캐시에서 읽습니다.",
    ready: "영상을 기다리는 중",
    analyzing: |name, n_scans| match n_scans {
        0 | 1 => format!("{name} 분석 중"),
        n => format!("{name} 분석 중, {}개 남음", n - 1),
    },
    revising: "다시 묻는 중",
    done: "완료",
    failed: "처리하지 못했습니다.",
    still_stands: "이전 결과는 그대로 유효합니다.",
    model_failed: "모델을 불러오지 못했습니다.",
    failure: failure_text,
    lost: |failure| match failure.detail {
        Some(Detail::NotStarted) => "모델이 시작되지 않았습니다.",
        Some(Detail::OtherBuild) => "페이지를 연 뒤에 사이트가 바뀌었습니다.",
        _ => "모델이 거듭 멈춥니다.",
    },
    decode: "읽기",
    preprocess: "전처리",
    image_encoder: "영상",
    text_encoder: "문장",
    explain: "설명",
    restart: "다시 시작",
    cancel: "취소",
    cancel_detail: "분석을 멈춥니다. 영상은 목록에 남습니다.",
    pause: "일시 정지",
    pause_detail: "지금 분석 중인 영상까지 마친 뒤, 클릭해서 연 영상만 분석합니다.",
    resume: "계속",
    paused: |n_scans| match n_scans {
        0 => "일시 정지됨".to_owned(),
        n => format!("일시 정지됨, 영상 {n}개 대기 중"),
    },
    try_again: "다시 시도",
    dismiss: "닫기",

    answer: "판단",
    no_sign: |knows_others| {
        if knows_others {
            "황반변성이나 모델이 아는 다른 질환의 징후 없음"
        } else {
            "황반변성 징후 없음"
        }
    },
    likely: |disease| format!("{disease} 가능성 높음"),
    is_likely: "가능성 높음",
    some_is_likely: "가능성 높음, 어느 질환인지는 불분명",
    other_disease: "다른 질환",
    disease_by_disease: "질환별 확률",
    probabilities: "확률",
    doubt: &doubt::DOUBT,
    faithfulness: &faithfulness::FAITHFULNESS,
    report: &report::REPORT,
    models: &models::MODELS,
    linked: &linked::LINKED,
    offline: &offline::OFFLINE,
    series: &series::SERIES,
    teach: &teach::TEACH,
    looking: &viewer::VIEWER,
    note: note_text,
    suggestion: suggestion_text,
    use_view: |view| match (view.crop, view.turn) {
        (Some(_), _) => "이 부분만 사용",
        (None, Turn::None) => "흑백 뒤집기",
        (None, _) => "바로 세우기",
    },
    in_view: |view| match (view.crop, view.turn) {
        (Some(_), _) => "그림의 일부에 대한 판단입니다.",
        (None, Turn::None) => "흑백을 뒤집은 그림에 대한 판단입니다.",
        (None, _) => "돌려서 세운 그림에 대한 판단입니다.",
    },
    undo_view: "그림 전체 보기",
    image_says: "영상",
    words_say: "문장",
    how: [
        "영상 분류기가 단면을 읽습니다. 히트맵은 각 부위의 특징을, 분류 점수가 그 특징에 좌우되는 정도로 가중한 것입니다. 해상도가 \
         낮아 작은 병변을 놓칠 수 있습니다.",
        "영상과 가장 가까운 학습 문장을 찾아 두 번째 분류기가 읽습니다.",
        "각 소견은 기여한 만큼 밝아집니다. 소견을 체크해 결과가 어떻게 달라지는지 보세요.",
        "두 판단은 하나의 영상 판독에서 나옵니다. 서로 일치해도 뒷받침이 되지 않으니, 경고를 먼저 읽고 영상을 직접 보세요.",
    ],
    how_title: "읽는 법",

    in_words: "문장으로",
    retrieved: "모델이 고름",
    edited: "직접 고침",
    method: "방법",
    word_method: methods::word_method,
    class_word: "분류어",
    class_word_detail: "분류어는 따로 둡니다. 답을 말하는 것은 이유가 아닙니다.",
    no_findings: "이 문장에는 소견이 없어, 문장만으로는 이유가 되지 않습니다.",
    word_for: |label| format!("{label} 쪽 근거"),
    word_against: |label| format!("{label} 반대 근거"),
    word_detail: |phrase, score, label| {
        let way = if score < 0.0 { "반대" } else { "쪽" };
        format!("{phrase}: 전체의 {:.0} %, {label} {way}", score.abs() * 100.0)
    },
    word_odds: |factor, label| {
        let (way, factor) = if factor < 1.0 { ("1/", 1.0 / factor) } else { ("", factor) };
        let factor = odds_text(factor);
        format!("이 소견을 넣으면 문장 판단의 {label} 오즈가 {way}{factor}배가 됩니다")
    },
    score_meaning: methods::score_meaning,
    candidates: "가장 가까운 문장",
    similarity: "유사도",
    what_if: "이렇게 쓰여 있다면",
    what_if_detail: "체크하면 바로 다시 판단합니다. 모델이 고른 분류어는 빼고 소견만으로 판단합니다.",
    no_class_word: "없음",
    type_caption: "문장 직접 입력",
    apply: "확인",
    reset: "모델이 고른 문장으로 되돌리기",
    caption_unreadable: "읽을 수 없는 문장입니다:",

    trust: "믿을 수 있을까요?",
    trust_scan: "이 영상",
    class_word_share: "분류어의 비중 (이유로 치지 않음)",
    divergence: "두 판단의 차이 (0 같음, 1 반대)",
    heated: "뜨거운 영역의 너비 × 높이, µm (최댓값의 절반 이상)",
    caption_similarity: "영상과 문장의 유사도",
    measured: "학습에 쓰지 않은 환자에서 측정",
    measure: |measure| match measure {
        Measure::Auroc => "AUROC (정상 여부)",
        Measure::MacroAuroc => "AUROC (분류별 평균)",
        Measure::BalancedAccuracy => "균형 정확도",
        Measure::Sensitivity => "민감도",
        Measure::Specificity => "특이도",
        Measure::Accuracy => "정확도",
    },
    head_image: "영상",
    head_text: "문장",
    judged_on: |n_scans, n_patients| format!("영상 {n_scans}장, 환자 {n_patients}명"),
    interval: "작은 숫자: 95 % 신뢰구간",
    no_figures: "이 가중치 파일에는 측정값이 없습니다.",
    more_figures: "측정값 더 보기",
    maps_measured: "히트맵의 측정 방법과 결과",
    maps_measured_detail: methods::MEASURED_DETAIL,
    map_column: methods::map_column,
    map_row: methods::map_row,
    map_picked: "규칙에 따른 최선",
    note_name,
    device: |device| match device {
        Device::Scanner(name) => name,
        Device::Simulated => "시뮬레이션",
        Device::Unknown => "기기 미상",
    },
    limits: |scanners| match scanners {
        [] => "실제 기기의 영상에서 어떤지는 알려져 있지 않습니다.".to_owned(),
        _ => format!(
            "{} 영상에서 측정했습니다. 다른 제조사의 기기는 학습에 쓰지 않았으며, 다른 인구집단에서는 다를 수 있습니다.",
            scanners.join(", ")
        ),
    },

    research_only: "연구용입니다.",
    not_a_device: "의료기기가 아닙니다.",
    weights_licence: "가중치:",
};

fn note_name(name: NoteName) -> &'static str {
    match name {
        NoteName::FindingsKeepLabel => "분류어를 빼고 소견만 읽어도 같은 분류가 나온 비율",
        NoteName::ClassWordShare => "분류어의 비중",
        NoteName::ConditionAccuracy => "상태, 정확도",
        NoteName::ConditionBalancedAccuracy => "상태, 균형 정확도",
        NoteName::LesionMicroF1 => "병변, 마이크로 F1",
        NoteName::LesionMacroF1 => "병변, 매크로 F1",
        NoteName::DrusenFluidF1 => "드루젠과 액, 마이크로 F1",
        NoteName::PointingGame => "병변, 히트맵 최고점 적중",
        NoteName::PointingGameChance => "병변, 히트맵 최고점 적중, 우연",
        NoteName::PointingGameHalfCell => "병변, 히트맵 최고점 적중, 반 칸",
        NoteName::PointingGameHalfCellChance => "병변, 히트맵 최고점 적중, 반 칸, 우연",
        NoteName::AurocChange => "AUROC, 정수와 실수의 차이",
        NoteName::HeatmapPearson => "히트맵, 상관계수",
        NoteName::LabelAgreement => "분류, 일치 비율",
        NoteName::WordSpearman => "문장, 순위 상관계수",
    }
}

/// How a file was read.
fn suggestion_text(view: &View, size: [usize; 2]) -> String {
    let place = view.place(size).map(|place| match place {
        Place::Middle => "가운데에 단면 영상이 있는 문서나 화면 갈무리로 보입니다.",
        Place::Left => "왼쪽에 단면 영상이 있는 화면 갈무리로 보입니다.",
        Place::Right => "오른쪽에 단면 영상이 있는 화면 갈무리로 보입니다.",
        Place::Top => "위쪽에 단면 영상이 있는 화면 갈무리로 보입니다.",
        Place::Bottom => "아래쪽에 단면 영상이 있는 화면 갈무리로 보입니다.",
    });
    let turn = match view.turn {
        Turn::None => None,
        Turn::Left | Turn::Right => Some("영상이 90° 돌아가 있는 것으로 보입니다."),
        Turn::Half => Some("영상의 위아래가 뒤집힌 것으로 보입니다."),
    };
    let invert = view.invert.then_some("영상의 흑백이 뒤바뀐 것으로 보입니다.");
    [place, turn, invert].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn note_text(note: &Note) -> String {
    match note {
        Note::Oriented => "파일에 돌려 저장된 그림이라, 방향 정보대로 바로 세웠습니다.".to_owned(),
        Note::FramesMissing { n_frames, n_claimed } => {
            format!("파일이 잘려 있어 B-스캔 {n_claimed}장 가운데 {n_frames}장만 읽었습니다.")
        }
        Note::CutShort { n_rows, height } => {
            format!(
                "파일이 끝까지 저장되지 않아 아래쪽 {height}줄 중 {}줄이 없습니다. 없는 줄은 검게 두었습니다.",
                height - n_rows
            )
        }
        Note::WindowIgnored => "파일이 지정한 밝기 범위에는 보이는 값이 없어 그 범위를 쓰지 않았습니다.".to_owned(),
        Note::MoreFrames => "파일에 그림이 더 있지만 첫 번째 그림만 읽었습니다.".to_owned(),
    }
}

/// Why something failed: by its detail, or else by its kind and the English message.
fn failure_text(failure: &Failure) -> String {
    let what = match (&failure.detail, failure.kind) {
        (Some(detail), _) => return detail_text(detail),
        (None, Kind::Scan) => "영상을 읽지 못했습니다",
        (None, Kind::Caption) => "문장을 읽지 못했습니다",
        (None, Kind::Weights) => "가중치 파일을 사용할 수 없습니다",
        (None, Kind::Data | Kind::Config) => "설정이 맞지 않습니다",
        (None, Kind::Model) => "모델이 계산하지 못했습니다",
        (None, Kind::Io) => "파일을 가져오지 못했습니다",
    };
    format!("{what} ({})", failure.message)
}

fn detail_text(detail: &Detail) -> String {
    match detail {
        Detail::EmptyFile => "파일이 비어 있습니다. 다른 파일을 선택하세요.".to_owned(),
        Detail::UnknownFormat => {
            format!("지원하지 않는 파일입니다. {} 형식으로 저장한 영상을 선택하세요.", format::names())
        }
        Detail::Unsupported { what, instead } => {
            let advice = match instead {
                Instead::SaveAsPng => "PNG나 TIFF로 저장하세요.",
                Instead::SaveInGrey => "8비트 이상의 회색조로 저장하세요.",
                Instead::Export => "장비 소프트웨어에서 DICOM, TIFF, PNG로 내보내세요.",
                Instead::ExportFromHeyex => "HEYEX에서 VOL, DICOM, TIFF로 내보내세요.",
                Instead::Unpack => "압축을 풀고 그 안의 영상을 여세요.",
                Instead::OpenListed => "목록에 적힌 영상을 여세요.",
            };
            format!("octlens가 읽지 않는 형식입니다({what}). {advice}")
        }
        Detail::DamagedFile => {
            "파일이 손상되었거나 일부만 저장되었습니다. 영상을 다시 저장하거나 내보내세요.".to_owned()
        }
        Detail::LargeFile { n_bytes, max_bytes } => format!(
            "파일이 {:.1} MB로 한도인 {} MB보다 큽니다. 더 작게 저장하세요.",
            *n_bytes as f64 / f64::from(1 << 20),
            max_bytes >> 20
        ),
        Detail::MissingFile => "파일을 읽을 수 없습니다. 옮겨졌을 수 있으니 다시 선택하세요.".to_owned(),
        Detail::NoPixels => "영상에 화소가 없습니다. 다른 파일을 선택하세요.".to_owned(),
        Detail::LargeScan { width, height } => {
            format!("영상이 {width} × {height} 화소로 너무 큽니다. 잘라서 저장하세요.")
        }
        Detail::NoSuchFrame { frame } => format!("이 파일에는 {}번째 프레임이 없습니다.", frame + 1),
        Detail::EmptyCaption => "소견이나 분류어를 하나 이상 쓰세요.".to_owned(),
        Detail::UnknownPhrase { phrase } => {
            format!("모델이 모르는 표현이 있습니다: “{phrase}”. 위 목록의 소견이나 분류어를 쓰세요.")
        }
        Detail::LongCaption { n_tokens, max_tokens } => {
            format!("문장이 {n_tokens}토큰으로, 모델이 읽는 {max_tokens}토큰보다 깁니다. 더 짧게 쓰세요.")
        }
        Detail::TwoClasses => "분류어가 두 개입니다. 하나만 남기세요.".to_owned(),
        Detail::StoppedModel => {
            "이 영상에서 모델이 거듭 멈춰 분석을 그만두었습니다. 더 작게 저장하거나 다른 영상을 선택하세요.".to_owned()
        }
        Detail::NotStarted => {
            "브라우저나 호스트의 정책이 모델을 막거나, 모델 파일을 가져오지 못했습니다. 연결을 확인하고 페이지를 새로 고치세요.".to_owned()
        }
        Detail::OtherBuild => "페이지와 모델의 버전이 다릅니다. 페이지를 새로 고치세요.".to_owned(),
        Detail::NotFetched { url } => format!("파일을 가져오지 못했습니다: {url}. 연결을 확인하고 다시 시도하세요."),
        Detail::DamagedWeights { file } => {
            format!("가중치 파일이 손상되었거나 목록에 적힌 것과 다릅니다: {file}. 호스트가 올바른 파일을 보내면 다시 시도하세요.")
        }
        Detail::NoReport => "octlens 보고서가 아닌 JSON 파일입니다. 저장한 보고서의 JSON을 선택하세요.".to_owned(),
        Detail::NotFinite => {
            "모델의 계산 결과가 유한한 수가 아닙니다. 가중치 파일이 손상되었으니 다른 모델을 선택하세요.".to_owned()
        }
    }
}

/// Class words and findings as captions write them, and their clinical terms in Korean.
pub(super) static NAMES: [[&str; 2]; 30] = [
    ["healthy", "정상"],
    ["AMD", "황반변성"],
    ["drusen", "드루젠"],
    ["choroidal folds", "맥락막 주름"],
    ["fluid", "망막내액·망막하액"],
    ["geographic atrophy", "지도모양 위축"],
    ["hard drusen", "경성 드루젠"],
    ["hyperfluorescent spots", "고반사점"],
    ["PR layer disruption", "광수용체층 손상"],
    ["reticular drusen", "망상 드루젠"],
    ["soft drusen", "연성 드루젠"],
    ["soft drusen PED", "드루젠성 색소상피박리"],
    ["MNV", "황반 신생혈관"],
    ["suspected MNV", "황반 신생혈관 의심"],
    ["DME", "당뇨황반부종"],
    ["ERM", "망막앞막"],
    ["RAO", "망막동맥폐쇄"],
    ["RVO", "망막정맥폐쇄"],
    ["VID", "유리체황반경계면질환"],
    ["macular edema", "황반부종"],
    ["cystoid macular edema", "낭포황반부종"],
    ["DRIL", "망막내층 와해"],
    ["epiretinal membrane", "망막앞막"],
    ["macular hole", "황반원공"],
    ["lamellar hole", "층판황반원공"],
    ["vitreomacular traction", "유리체황반견인"],
    ["intraretinal fluid", "망막내액"],
    ["subretinal fluid", "망막하액"],
    ["subretinal hyperreflective material", "망막하 고반사물질"],
    ["posterior vitreous detachment", "뒤유리체박리"],
];

/// What is called by a shorter name.
pub(super) static FULL_NAMES: [[&str; 2]; 1] = [["AMD", "나이관련 황반변성"]];
