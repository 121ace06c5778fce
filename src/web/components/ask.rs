//! A question that is answered before anything else is done.

use leptos::html;
use leptos::prelude::*;

/// The question, as a modal dialog; Escape keeps things as they are.
#[component]
pub fn Ask(
    /// The hook for tests.
    testid: &'static str,
    /// Whether it is asked now.
    is_asked: Signal<bool>,
    /// The question.
    #[prop(into)]
    question: Signal<&'static str>,
    /// What follows from a yes.
    #[prop(into)]
    detail: Signal<String>,
    /// On the buttons that keep things as they are, and that go on.
    #[prop(into)]
    buttons: Signal<[&'static str; 2]>,
    /// It is answered: whether to go on.
    on_answer: Callback<bool>,
) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    Effect::new(move || {
        let Some(dialog) = dialog.get() else { return };
        if is_asked.get() && !dialog.open() {
            // Fails only where it is open already, or is not on the page.
            let _ = dialog.show_modal();
        } else if !is_asked.get() && dialog.open() {
            dialog.close();
        }
    });
    view! {
        <dialog
            node_ref=dialog
            class="ask"
            aria-labelledby=testid
            data-testid=testid
            // Escape closes it without a button.
            on:close=move |_| {
                if is_asked.get_untracked() {
                    on_answer.run(false);
                }
            }
        >
            <h2 id=testid>{move || question.get()}</h2>
            <p>{move || detail.get()}</p>
            <div class="choices">
                <button type="button" data-testid="ask-no" on:click=move |_| on_answer.run(false)>
                    {move || buttons.get()[0]}
                </button>
                <button type="button" data-testid="ask-yes" on:click=move |_| on_answer.run(true)>
                    {move || buttons.get()[1]}
                </button>
            </div>
        </dialog>
    }
}
