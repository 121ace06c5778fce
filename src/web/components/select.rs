//! A select with its name: one of several methods, or classes in groups.

use leptos::prelude::*;

/// An option.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// Its value.
    pub value: String,
    /// What it is called.
    pub name: String,
}

/// Options that are listed together.
#[derive(Clone, Debug, PartialEq)]
pub struct Choices {
    /// What they are called together; none for options that stand for themselves.
    pub name: Option<&'static str>,
    /// The options.
    pub choices: Vec<Choice>,
}

impl Choices {
    /// Options without a name of their own.
    pub fn plain(choices: impl IntoIterator<Item = (String, String)>) -> Self {
        Self { name: None, choices: choices.into_iter().map(|(value, name)| Choice { value, name }).collect() }
    }
}

/// A select; off while nothing is wanted, and not seen while there is only one thing to choose.
#[component]
pub fn Select(
    /// The hook for tests.
    testid: &'static str,
    /// Its name.
    #[prop(into)]
    name: Signal<&'static str>,
    /// What it is for, where its name does not say it.
    #[prop(into, optional)]
    detail: Signal<Option<&'static str>>,
    /// Whether its name is heard only, not seen.
    #[prop(optional)]
    is_bare: bool,
    /// The options, in the visitor's language.
    #[prop(into)]
    choices: Signal<Vec<Choices>>,
    /// The value of the last request.
    #[prop(into)]
    wanted: Signal<Option<String>>,
    /// The value that the shown answer has, where that may be another.
    #[prop(into, optional)]
    shown: Signal<Option<&'static str>>,
    /// Another value is chosen.
    on_choose: Callback<String>,
) -> impl IntoView {
    let choices = Memo::new(move |_| choices.get());
    let wanted = Memo::new(move |_| wanted.get());
    let option = move |Choice { value, name }: Choice| {
        let is_wanted = {
            let value = value.clone();
            move || wanted.with(|wanted| wanted.as_ref() == Some(&value))
        };
        view! { <option value=value prop:selected=is_wanted>{name}</option> }
    };
    let group = move |Choices { name, choices }: Choices| {
        let options = choices.into_iter().map(option).collect_view();
        match name {
            Some(name) => view! { <optgroup label=name>{options}</optgroup> }.into_any(),
            None => options.into_any(),
        }
    };
    // What is the only one needs no choosing.
    let has_no_choice = move || {
        let n_choices = choices.with(|groups| groups.iter().map(|group| group.choices.len()).sum::<usize>());
        n_choices < 2 && wanted.with(Option::is_some)
    };
    view! {
        <label class:bare=is_bare hidden=has_no_choice>
            <span>{move || name.get()}</span>
            <select
                data-testid=testid
                aria-description=move || detail.get()
                data-method=move || shown.get()
                disabled=move || wanted.with(Option::is_none)
                on:change=move |event| on_choose.run(event_target_value(&event))
            >
                {move || choices.get().into_iter().map(group).collect_view()}
            </select>
        </label>
    }
}
