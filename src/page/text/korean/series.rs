//! All scans at a glance, in Korean.

use crate::page::series::{Filter, SeriesCount, SeriesKey};
use crate::page::state::Wait;
use crate::page::text::english::SeriesText;

/// The strings about all scans in Korean.
pub(super) static SERIES: SeriesText = SeriesText {
    count: |SeriesCount { n_answered, n_total, n_failed }| {
        let failed = if n_failed > 0 { format!(", 실패 {n_failed}장") } else { String::new() };
        format!("{n_total}장 중 {n_answered}장 분석됨{failed}")
    },
    taken: |n_files, wait| {
        let wait = match wait {
            Wait::ForModel => "모델을 불러오는 대로 분석합니다.",
            Wait::ForOthers => "지금 분석 중인 영상 다음에 분석합니다.",
            Wait::ForVisitor => "‘계속’을 누르면 분석합니다.",
        };
        format!("파일 {n_files}개를 추가했습니다. {wait}")
    },
    removed: |n_files| format!("파일 {n_files}개를 목록에서 제거했습니다."),
    undo: "되돌리기",
    none_open: "여기에 연 영상이 나열됩니다.",
    none_such: "해당하는 영상이 없습니다.",
    filter: "보기",
    filter_name: |filter| match filter {
        Filter::All => "모든 영상",
        Filter::Amd => "황반변성",
        Filter::Healthy => "정상",
        Filter::OtherDisease => "다른 질환",
        Filter::Warned => "경고 있음",
        Filter::Waiting => "대기 중",
        Filter::Failed => "실패",
    },
    sort: "정렬",
    key_name: |key| match key {
        SeriesKey::File => "파일 순",
        SeriesKey::Suspicion => "황반변성 의심 순",
        SeriesKey::Answer => "판단별",
        SeriesKey::Doubt => "불확실한 순",
    },
    open_table: "결과표",
    close_table: "영상으로 돌아가기",
    results: "결과",
    note: "불확실한 판단도 숨기지 않고 표시를 붙여 제 순서에 둡니다. 판단보다 경고를 먼저 읽으세요.",
    column_scan: "영상",
    column_answer: "영상 판단",
    column_probability: |label| format!("{label} 확률"),
    column_words: "문장 판단",
    column_caption: "문장",
    column_doubt: "경고",
    column_remove: "제거",
    folded: "접힘",
    failed: "실패",
    save_csv: "↓ CSV",
    save_csv_detail: "모든 결과를 스프레드시트용 표로 저장",
    save_json: "↓ JSON",
    save_json_detail: "모든 보고서를 한 파일로 저장",
    remove_file: |name, n_frames| match n_frames {
        0 | 1 => format!("{name} 제거"),
        n => format!("{name} 제거 (프레임 {n}장 포함)"),
    },
    remove_all: "모두 제거",
    ask_switch: "다른 모델로 바꿀까요?",
    ask_switch_detail: |n| {
        format!("저장하지 않은 판단 {n}건이 사라집니다. 영상은 열린 채로 남고, 다른 모델이 다시 판단합니다.")
    },
    switch_anyway: "바꾸기",
    keep_model: "지금 모델 유지",
    live: |name, answer| format!("{name}: {answer}"),
    caption_without_finding: "이제 문장에 소견이 없어, 문장만으로는 판단할 근거가 없습니다.",
};
