//! The sheet of keys, and what the tools are for.

use leptos::html;
use leptos::prelude::*;

use crate::page::viewer::keys::SHEET;
use crate::report::MapMethod;
use crate::web::preferences::use_locale;
use crate::web::viewer::Viewer;

/// A dialog that lists the keys and explains the tools. The browser keeps the focus in it, and Escape closes it.
#[component]
pub fn KeysSheet(
    /// How the scan is looked at.
    viewer: Viewer,
) -> impl IntoView {
    let locale = use_locale();
    let dialog = NodeRef::<html::Dialog>::new();
    let is_open = viewer.is_sheet_open;
    Effect::new(move || {
        let Some(dialog) = dialog.get() else { return };
        if is_open.get() && !dialog.open() {
            // Fails only for a dialog that is open.
            let _ = dialog.show_modal();
        } else if !is_open.get() && dialog.open() {
            dialog.close();
        }
    });
    let rows = move || {
        let row = |(row, keys): (_, &'static [&'static str])| {
            let keys = keys.iter().map(|key| view! { <kbd>{*key}</kbd> " " }).collect_view();
            view! { <tr><th scope="row">{keys}</th><td>{(locale.text().looking.key_row)(row)}</td></tr> }
        };
        SHEET.map(row).collect_view()
    };
    let tools = move || {
        let text = locale.text();
        [
            (text.heat, text.looking.about_heat),
            (text.looking.colours, text.heat_scale),
            (text.doubt.scale, text.doubt.scale_detail),
            (text.target, text.target_detail),
            (text.linked.hide, text.linked.hide_detail),
            (text.linked.maps, text.linked.likeness_detail),
            (text.linked.local_map, (text.map_meaning)(MapMethod::Local)),
            (text.looking.compare, text.looking.keep_detail),
        ]
        .map(|(name, about)| view! { <div><dt>{name}</dt><dd>{about}</dd></div> })
        .collect_view()
    };
    view! {
        <dialog
            node_ref=dialog
            class="keys-sheet"
            data-testid="keys-sheet"
            aria-labelledby="keys-title"
            on:close=move |_| is_open.set(false)
        >
            <div class="title">
                <h2 id="keys-title">{move || locale.text().looking.keys_title}</h2>
                <button type="button" data-testid="keys-close" on:click=move |_| is_open.set(false)>
                    {move || locale.text().looking.close}
                </button>
            </div>
            <table>{rows}</table>
            <h3>{move || locale.text().looking.about_tools}</h3>
            <dl class="notes">{tools}</dl>
        </dialog>
    }
}
