//! The page as a whole: its frame, and what it listens to everywhere (drop, paste, keys).

use leptos::prelude::*;
use leptos::{ev, html};
use wasm_bindgen::JsCast;
use web_sys::{ClipboardEvent, DragEvent, KeyboardEvent};

use crate::web::components::answer::AnswerCard;
use crate::web::components::edit::EditCard;
use crate::web::components::header::Header;
use crate::web::components::strip::Strip;
use crate::web::components::trust::TrustCard;
use crate::web::components::viewer::Viewer;
use crate::web::components::words::WordsCard;
use crate::web::state::Phase;
use crate::web::ui::{Ui, use_ui};

/// Mounts the page.
pub fn run() {
    console_error_panic_hook::set_once();
    mount_to_body(App);
}

/// The page.
#[component]
pub fn App() -> impl IntoView {
    let ui = Ui::start();
    provide_context(ui);
    listen(ui);
    let has_model = Memo::new(move |_| ui.card().is_some());
    let has_answer = Memo::new(move |_| ui.shown.with(Option::is_some));
    let is_stale = move || ui.with(|state| state.awaited().is_some()) && matches!(ui.phase.get(), Phase::Analyzing(_));
    // A new scan's answer is read from its top.
    let aside = NodeRef::<html::Aside>::new();
    let shown_id = Memo::new(move |_| ui.shown.with(|shown| shown.as_ref().map(|entry| entry.id)));
    Effect::new(move || {
        // `track` alone would not wake a memo up: it is read.
        if let (Some(aside), Some(_)) = (aside.get(), shown_id.get()) {
            // After the new answer stands: its cards have other heights.
            request_animation_frame(move || aside.set_scroll_top(0));
        }
    });
    view! {
        <div class="app" class:dragging=move || ui.is_dragging.get()>
            <Header />
            <main>
                <Strip />
                <Viewer />
                <aside node_ref=aside class:stale=is_stale>
                    <Show when=move || has_answer.get() fallback=HowTo>
                        <AnswerCard />
                        <WordsCard />
                        <EditCard />
                    </Show>
                    <Show when=move || has_model.get()>
                        <TrustCard />
                    </Show>
                </aside>
            </main>
            <Footer />
        </div>
    }
}

/// What is read before there is an answer.
#[component]
fn HowTo() -> impl IntoView {
    let ui = use_ui();
    view! {
        <section class="card how">
            <h2>{move || ui.text().how_title}</h2>
            <ol>{move || ui.text().how.map(|step| view! { <li>{step}</li> }).into_iter().collect_view()}</ol>
        </section>
    }
}

#[component]
fn Footer() -> impl IntoView {
    let ui = use_ui();
    let licence = move || {
        let text = ui.text();
        ui.card().map(|card| view! { <span>{text.weights_licence} " " {card.licence.clone()}</span> })
    };
    view! {
        <footer>
            <span class="research">
                <b>{move || ui.text().research_only}</b>
                " "
                {move || ui.text().not_a_device}
            </span>
            {licence}
            <span class="grow"></span>
            <span>"octlens " {env!("CARGO_PKG_VERSION")}</span>
        </footer>
    }
}

/// Takes files dropped or pasted anywhere, and the H key.
fn listen(ui: Ui) {
    let has_files =
        |event: &DragEvent| event.data_transfer().is_some_and(|data| data.types().iter().any(|kind| kind == "Files"));
    window_event_listener(ev::dragover, move |event: DragEvent| {
        if has_files(&event) {
            event.prevent_default();
            ui.is_dragging.set(true);
        }
    });
    window_event_listener(ev::dragleave, move |event: DragEvent| {
        // Leaving one element for another is not leaving the page.
        if event.related_target().is_none() {
            ui.is_dragging.set(false);
        }
    });
    window_event_listener(ev::drop, move |event: DragEvent| {
        ui.is_dragging.set(false);
        if has_files(&event) {
            event.prevent_default();
        }
        ui.open_list(event.data_transfer().and_then(|data| data.files()));
    });
    window_event_listener(ev::paste, move |event| {
        let event: ClipboardEvent = event.unchecked_into();
        ui.open_list(event.clipboard_data().and_then(|data| data.files()));
    });
    window_event_listener(ev::keydown, move |event: KeyboardEvent| {
        let is_typing = event.target().is_some_and(|target| {
            target.dyn_ref::<web_sys::HtmlInputElement>().is_some_and(|input| input.type_() == "text")
        });
        let is_plain = !event.ctrl_key() && !event.meta_key() && !event.alt_key();
        if is_plain && !is_typing && event.key().eq_ignore_ascii_case("h") {
            ui.is_heat_on.update(|is_on| *is_on = !*is_on);
        }
    });
}
