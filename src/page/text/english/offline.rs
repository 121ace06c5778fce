//! Use without the host, and a new version, in English, and the type of these strings, which every language fills.

/// The strings about use without the host, and about a new version, in one language.
#[derive(Debug)]
pub struct OfflineText {
    /// The page opens and answers without its host.
    pub works: &'static str,
    /// A new version is ready: whether scans are open, which loading it closes.
    pub update: fn(bool) -> &'static str,
    /// On the button that loads it.
    pub switch: &'static str,
}

/// The strings about use without the host in English.
pub(super) static OFFLINE: OfflineText = OfflineText {
    works: "Works offline.",
    update: |has_scans| match has_scans {
        true => "A new version of octlens is ready. Loading it closes the open scans.",
        false => "A new version of octlens is ready.",
    },
    switch: "Load the new version",
};
