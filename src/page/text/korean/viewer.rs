//! How a scan is looked at, in Korean.

use crate::page::look::HeatForm;
use crate::page::text::english::ViewerText;
use crate::page::viewer::book::Tool;
use crate::page::viewer::compare::Layout;
use crate::page::viewer::keys::Row;

/// The strings of the viewer in Korean.
pub(super) static VIEWER: ViewerText = ViewerText {
    bar: "영상 보기 도구",
    surface: "영상. +와 −로 확대/축소, Shift+화살표로 이동, ?로 모든 단축키 보기.",
    tools: "영상에서 끌기",
    tool: |tool| match tool {
        Tool::Move => "이동",
        Tool::Window => "명암",
        Tool::Measure => "거리 측정",
        Tool::Loupe => "돋보기",
    },

    zoom: "확대/축소",
    zoom_in: "확대",
    zoom_out: "축소",
    fit: "맞춤",
    one_to_one: "1:1, 영상의 화소 하나를 화면의 화소 하나로",

    display: "표시",
    level: "레벨",
    width: "윈도",
    invert: "반전",
    reset: "초기화",
    threshold: "히트맵 하한",
    form: |form| match form {
        HeatForm::Filled => "채움",
        HeatForm::Outlines => "윤곽선",
    },
    forms: "히트맵 표시 방식",
    colours: "색상",
    standard_colours: "근거의 종류에 따라",
    colour_bar: "근거",
    shown_from: |from| format!("{from}부터"),

    compare: "비교",
    layouts: "배치",
    layout: |layout| match layout {
        Layout::Single => "한 장만",
        Layout::ScanBeside => "원본과 히트맵 나란히",
        Layout::ScanSwipe => "밀어서 비교: 원본과 히트맵",
        Layout::KeptBeside => "보관한 히트맵과 나란히",
        Layout::KeptSwipe => "밀어서 비교: 보관한 히트맵과 현재",
        Layout::Outlines => "두 히트맵을 윤곽선으로",
    },
    keep: "이 히트맵 보관",
    keep_detail: "이 히트맵을 보관한 뒤 다른 방법이나 분류, 소견을 고르면 둘을 함께 볼 수 있습니다.",
    kept: |name| format!("보관: {name}"),
    drop_kept: "보관 취소",
    scan_alone: "히트맵 없는 원본",
    shown_map: |name| format!("현재: {name}"),
    curtain: "두 그림 사이의 경계",

    no_scale: "파일에 축척이 없어 길이를 화소 단위로 표시합니다.",
    remove_lines: "측정선 지우기",
    saved_window: |level, width, is_inverted| {
        let negative = if is_inverted { ", 반전" } else { "" };
        format!("명암: 레벨 {level} %, 윈도 {width} %{negative}")
    },

    keys: "단축키",
    keys_title: "뷰어 단축키",
    key_row: |row| match row {
        Row::Zoom => "확대와 축소. 포인터 위치에서 휠을 돌리거나 두 손가락으로도 됩니다",
        Row::Fit => "영상 전체 보기, 화소 1:1로 보기",
        Row::Pan => "보이는 부분 이동. 스페이스 키나 가운데 버튼을 누른 채 끌거나, 한 손가락으로도 됩니다",
        Row::Move => "끌어서 영상 이동",
        Row::Window => "끌거나 영상에서 화살표를 눌러 윈도(좌우)와 레벨(상하) 조절",
        Row::Measure => {
            "끌어서 거리 측정. 영상에서 Enter로 선을 놓고 화살표로 이동, Shift+화살표로 끝점 이동, Delete로 삭제"
        }
        Row::Loupe => "포인터 위치의 돋보기. 영상에서 화살표로 이동",
        Row::Invert => "명암 반전, 처음의 크기와 명암으로",
        Row::Heat => "히트맵 보이기/숨기기",
        Row::Opacity => "히트맵을 옅게, 짙게",
        Row::Outlines => "히트맵을 채움 또는 윤곽선으로",
        Row::Keep => "비교할 히트맵 보관",
        Row::Compare => "다음 비교 방식",
        Row::Leave => "마지막에 시작한 동작이나 이 창 닫기",
    },
    about_tools: "도구 설명",
    about_heat: "‘원본’은 영상만, ‘히트맵’은 분류에 근거가 된 부위를 색 막대의 색으로 보여 줍니다.",
    close: "닫기",
};
