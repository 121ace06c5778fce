//! The visitor's language and theme, as signals; both are kept in the browser's local storage.

use leptos::prelude::*;
use wasm_bindgen::JsCast;

use crate::page::look::Theme;
use crate::page::text::{Language, Text};

/// The language of the page; every component finds it in its context.
#[derive(Clone, Copy)]
pub(super) struct Locale(RwSignal<&'static Language>);

impl Locale {
    /// The language now.
    pub(super) fn language(self) -> &'static Language {
        self.0.get()
    }

    /// Its strings.
    pub(super) fn text(self) -> &'static Text {
        self.language().text
    }
}

/// The language that the page's root has provided.
pub(super) fn use_locale() -> Locale {
    expect_context()
}

/// The visitor's language and theme.
#[derive(Clone, Copy)]
pub(super) struct Preferences {
    locale: Locale,
    theme: RwSignal<Theme>,
}

impl Preferences {
    /// The stored preferences, or those of browser and system. Sets both on the root element, and provides the [`Locale`].
    pub(super) fn start() -> Self {
        let of_browser = || window().navigator().language().unwrap_or_default();
        let locale = Locale(RwSignal::new(Language::from_tag(&remembered("language").unwrap_or_else(of_browser))));
        let theme = RwSignal::new(Theme::from_name(&remembered("theme").unwrap_or_default()));
        Effect::new(move || {
            show_on_root("lang", locale.language().tag);
            document().set_title(locale.text().title);
        });
        Effect::new(move || show_on_root("data-theme", theme.get().name()));
        provide_context(locale);
        Self { locale, theme }
    }

    /// Light or dark.
    pub(super) fn theme(self) -> Theme {
        self.theme.get()
    }

    /// Switches the language and stores it.
    pub(super) fn set_language(self, language: &'static Language) {
        remember("language", language.tag);
        self.locale.0.set(language);
    }

    /// Switches to the next theme and stores it.
    pub(super) fn next_theme(self) {
        let next = self.theme.get_untracked().next();
        remember("theme", next.name());
        self.theme.set(next);
    }
}

fn remembered(key: &str) -> Option<String> {
    window().local_storage().ok()??.get_item(&format!("octlens.{key}")).ok()?
}

fn remember(key: &str, value: &str) {
    // Where storage is forbidden, the choice lasts until the page is closed.
    if let Ok(Some(storage)) = window().local_storage() {
        let _ = storage.set_item(&format!("octlens.{key}"), value);
    }
}

fn show_on_root(attribute: &str, value: &str) {
    if let Some(root) = document().document_element() {
        let _ = root.unchecked_into::<web_sys::Element>().set_attribute(attribute, value);
    }
}
