//! What a lecture needs, in Korean.

use crate::page::teach::findings::Bearing;
use crate::page::teach::guess::Outcome;
use crate::page::teach::levels::{Level, Setting};
use crate::page::text::english::TeachText;

/// The strings for lectures in Korean.
pub(super) static TEACH: TeachText = TeachText {
    teach: "강의",
    teach_detail: "증례 만들기, 실제 병변 보기, 먼저 맞혀 보기, 둘러보기",
    close: "닫기",

    make_case: "증례 만들기",
    make_case_detail: "눈을 그려 보고 답, 히트맵, 문장이 따라 바뀌는 것을 확인합니다",
    setting: |setting| match setting {
        // Findings have their names from the table of names.
        Setting::Lesion(lesion) => lesion.phrase(),
        Setting::Speckle => "반점 잡음",
        Setting::Tilt => "기울기",
        Setting::Gain => "밝기",
        Setting::Seed => "눈 번호",
    },
    level: |level| match level {
        Level::None => "없음".to_owned(),
        Level::Slight => "경도".to_owned(),
        Level::Moderate => "중등도".to_owned(),
        Level::Strong => "고도".to_owned(),
        Level::Number(n) => format!("{n}개"),
        Level::Degrees(degrees) => format!("{degrees}°"),
    },
    another_eye: "다른 눈",
    clear_case: "병변 모두 지우기",

    reveal: "실제 병변 보기",
    reveal_detail: "합성 영상에서 병변이 실제로 어디에 있는지 표시합니다",
    true_lesions: "실제 병변",
    hit: |finding| format!("적중: 히트맵에서 가장 뜨거운 곳이 병변({finding}) 안에 있습니다."),
    miss: "빗나감: 히트맵에서 가장 뜨거운 곳이 어느 병변 안에도 없습니다.",
    share: |heat, area| format!("열의 {heat}%가 병변 안에 있습니다. 병변은 영상의 {area}%를 차지합니다."),
    no_lesions: "병변 없이 그린 망막입니다. 히트맵이 무엇을 표시하든 병변은 아닙니다.",
    no_heat: "빈 히트맵이라 병변과 비교할 열이 없습니다.",
    unknown_lesions: "병변의 위치는 합성 영상에서만 알 수 있습니다. 이것은 직접 여신 영상입니다.",

    guess_first: "먼저 맞혀 보기",
    guess_detail: "투표하기 전까지 답을 가립니다",
    vote: "어떻게 보십니까?",
    votes: |name, n| format!("{name}: {n}"),
    other_disease: "다른 질환",
    show_answer: "답 보기",
    hidden_answer: "투표하기 전에는 답을 볼 수 없습니다.",
    outcome: |outcome, answer| match outcome {
        Outcome::Same => format!("영상 판단: {answer}. 다수의 의견과 같습니다."),
        Outcome::Other => format!("영상 판단: {answer}. 다수의 의견과 다릅니다."),
        Outcome::Tied => format!("영상 판단: {answer}. 의견이 갈렸습니다."),
    },
    vote_again: "다시 투표하기",

    tour: "둘러보기",
    tour_detail: "합성 영상으로 여덟 단계",
    step: |n, all| format!("{all}단계 중 {n}단계"),
    next: "다음",
    back: "이전",
    leave: "둘러보기 끝내기",
    steps: [
        [
            "한 영상, 두 판단",
            "영상 판단은 그림을 보고 내리며, 히트맵은 어느 부위가 그 답에 기여했는지 보여 줍니다. 문장 판단은 그림을 보지 않고 영상에 가장 가까운 \
             문장을 읽으며, 소견마다 기여한 만큼 색이 짙어집니다.",
        ],
        [
            "병변이 실제로 있는 곳",
            "직접 그린 영상이므로 모든 병변의 실제 위치를 상자로 알 수 있습니다. 상자와 열을 비교해 보면, 히트맵은 모델을 움직인 부위를 보여 줄 뿐 병변 \
             전체를 보여 주는 것은 아님을 알 수 있습니다.",
        ],
        [
            "단어 하나를 빼면",
            "문장에서 소견 하나를 뺐고, 문장 판단만 다시 계산됩니다. 영상 판단은 단어를 읽지 않으므로 그림, 히트맵, 영상 판단은 그대로입니다.",
        ],
        [
            "아무것도 모르는 판단",
            "검사 패널이 같은 모델에 무작위 가중치를 넣은 히트맵을 그리고 있으며, 시간이 조금 걸립니다. 그때도 히트맵이 거의 그대로라면, 모델이 배운 \
             것이 아니라 그림의 모양을 보여 주는 것입니다.",
        ],
        [
            "거꾸로 보면",
            "같은 영상을 병변까지 통째로 180° 돌렸습니다. 의사는 바로 알아보지만, 모델은 바로 선 영상만 배웠기 때문에 다르게 답하거나 경고할 수 \
             있습니다.",
        ],
        [
            "잡음",
            "같은 눈을 반점 잡음을 훨씬 강하게 넣어 그렸습니다. 병변은 하나도 움직이지 않았는데 답, 문장, 열이 어떻게 되는지 보십시오.",
        ],
        [
            "경고",
            "이 눈에서는 빛이 거의 돌아오지 않았고, 안내문은 믿을 만한 것이 없다고 알립니다. 경고를 먼저 읽도록 답은 그 뒤에 접혀 있습니다.",
        ],
        [
            "히트맵이 말해 주지 못하는 것",
            "정상 망막인데도 황반변성에 대한 히트맵은 그릴 수 있으며, 황반변성이 있다는 뜻이 아니라 무엇이 황반변성 쪽으로 작용할지 보여 줄 뿐입니다. \
             히트맵은 무엇이 보이는지, 답이 맞는지, 차가운 곳이 정상인지 말해 주지 않습니다.",
        ],
    ],

    copy_link: "링크 복사",
    copy_detail: "이 합성 영상과 문장, 클래스, 방법, 보기를 담은 링크",
    copied: "링크를 복사했습니다.",
    in_address_bar: "주소창에 링크가 있습니다.",
    no_link: "직접 여신 영상은 이 기기를 벗어나지 않으므로 링크를 만들지 않습니다.",

    bearing: |bearing| match bearing {
        Bearing::Amd => "황반변성을 시사합니다.",
        Bearing::Shared => "황반변성과 다른 질환에서 모두 보입니다.",
        Bearing::NotAmd => "황반변성을 시사하지 않으므로 다른 원인을 찾아야 합니다.",
        Bearing::Healthy => "나이가 들면 흔하며 질환이 아닙니다.",
    },
    drawn: |n| match n {
        0 => "이 영상에는 그리지 않은 소견입니다.".to_owned(),
        n => format!("이 영상에 {n}개를 그렸고, 상자로 표시했습니다."),
    },
    without_region: |before, after| format!("가린 영역이 없으면 유사도가 {before}에서 {after}(으)로 바뀝니다."),
    point_at_finding: "소견을 가리키거나 Tab 키로 이동하면 설명을 볼 수 있습니다.",
    definitions: &[
        ["drusen", "드루젠", "망막색소상피와 브루크막 사이의 침착물로, 색소상피선이 볼록하게 솟아 보입니다."],
        ["soft drusen", "연성 드루젠", "색소상피 아래에 경계가 흐린 넓은 돔 모양의 침착물로, 흔히 125 µm보다 큽니다."],
        [
            "hard drusen",
            "경성 드루젠",
            "색소상피 아래에 경계가 뚜렷한 63 µm 미만의 작은 침착물로, 나이가 들면 몇 개는 정상입니다.",
        ],
        [
            "reticular drusen",
            "망막하 드루젠모양 침착물",
            "색소상피 위의 침착물로, 광수용체 쪽으로 작은 봉우리가 줄지어 보입니다.",
        ],
        [
            "soft drusen PED",
            "드루젠성 색소상피박리",
            "합쳐진 드루젠이 커다란 돔을 이루어 색소상피를 브루크막에서 들어 올린 것입니다.",
        ],
        [
            "geographic atrophy",
            "지도모양 위축 (cRORA)",
            "색소상피와 광수용체가 없어져 빛이 통과하므로 아래의 맥락막이 밝게 보입니다.",
        ],
        [
            "choroidal folds",
            "맥락막 주름",
            "브루크막과 맥락막이 물결 모양을 이루며, 저안압, 안구 뒤 종괴, 원시 등에서 생깁니다.",
        ],
        ["fluid", "망막내액 또는 망막하액", "망막 안이나 망막과 색소상피 사이의 어두운 공간입니다."],
        ["intraretinal fluid", "망막내액", "망막층 안의 어둡고 둥근 공간입니다."],
        ["subretinal fluid", "망막하액", "광수용체와 색소상피 사이의 어두운 공간입니다."],
        ["hyperfluorescent spots", "고반사점", "망막 안의 작고 밝은 점으로, 대개 아래에서 올라온 색소나 지질입니다."],
        ["PR layer disruption", "타원체구역 손상", "광수용체의 밝은 선이 끊기거나 사라진 것입니다."],
        ["MNV", "황반 신생혈관", "망막 아래나 안으로 새 혈관이 자라 새거나 출혈하는 것으로, 습성 황반변성입니다."],
        [
            "suspected MNV",
            "황반 신생혈관 의심",
            "망막 아래에 새 혈관이 자라는 것으로 의심되는 소견으로, 혈관조영으로 확인해야 합니다.",
        ],
        [
            "subretinal hyperreflective material",
            "망막하 고반사물질",
            "망막과 색소상피 사이의 밝은 물질로, 혈액, 섬유소, 흉터 등입니다.",
        ],
        ["macular edema", "황반부종", "당뇨나 정맥폐쇄 등에서 액체로 황반이 두꺼워진 것입니다."],
        ["cystoid macular edema", "낭포황반부종", "낭포에 찬 액체로 황반이 두꺼워진 것입니다."],
        ["DRIL", "망막내층 와해", "망막내층 사이의 경계를 더 이상 구분할 수 없는 상태입니다."],
        ["epiretinal membrane", "망막앞막", "망막 표면의 밝은 막으로, 망막을 주름지게 하거나 당길 수 있습니다."],
        ["macular hole", "전층 황반원공", "중심오목에서 망막의 모든 층이 뚫린 것입니다."],
        ["lamellar hole", "층판황반원공", "광수용체는 남아 있고 중심오목의 내층만 결손된 것입니다."],
        ["vitreomacular traction", "유리체황반견인", "유리체가 황반에 붙어 있어 황반을 위로 당기는 것입니다."],
        [
            "posterior vitreous detachment",
            "뒤유리체박리",
            "유리체의 뒷면이 망막에서 떨어져 망막 위에 가는 선으로 보입니다.",
        ],
    ],
};
