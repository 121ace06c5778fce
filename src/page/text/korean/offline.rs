//! Use without the host, and a new version, in Korean.

use crate::page::text::english::OfflineText;

/// The strings about use without the host in Korean.
pub(super) static OFFLINE: OfflineText = OfflineText {
    works: "오프라인에서도 작동합니다.",
    update: |has_scans| match has_scans {
        true => "octlens의 새 버전이 준비되었습니다. 새 버전을 불러오면 열려 있는 스캔이 닫힙니다.",
        false => "octlens의 새 버전이 준비되었습니다.",
    },
    switch: "새 버전 불러오기",
};
