//! What stands on a picture: the doubt, whose evidence the map is, and by which scale it is drawn.

use leptos::prelude::*;

use crate::page::lines::label_line;
use crate::page::picture::Label;
use crate::web::components::warning::WarningSign;
use crate::web::preferences::use_locale;

/// The labels of a picture, over it.
#[component]
pub fn Labels(
    /// What they say.
    labels: Signal<Vec<Label>>,
) -> impl IntoView {
    let locale = use_locale();
    let label = move |label: &Label| {
        let line = label_line(locale.language(), label);
        match label {
            Label::Doubt(kind) => view! {
                <p class=format!("of-doubt {}", kind.name()) data-testid="doubt-sign" data-kind=kind.name()>
                    <WarningSign kind=*kind />
                    {line}
                </p>
            }
            .into_any(),
            Label::OtherClass { target, .. } => {
                view! { <p class="of-other" data-testid="other-class" data-target=target.clone()>{line}</p> }.into_any()
            }
            Label::Finding { finding, .. } => {
                view! { <p class="of-finding" data-testid="finding-map" data-finding=finding.clone()>{line}</p> }
                    .into_any()
            }
            Label::Empty { .. } => view! { <p class="of-map" data-testid="empty-map">{line}</p> }.into_any(),
            Label::Scale(drawn) => {
                view! { <p class="of-map" data-testid="drawn-scale" data-scale=drawn.name()>{line}</p> }.into_any()
            }
        }
    };
    let labels = Memo::new(move |_| labels.get());
    view! { <div class="labels">{move || labels.with(|labels| labels.iter().map(label).collect_view())}</div> }
}
