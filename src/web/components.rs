//! The components of the page. They draw their props and compute nothing. [`Cards`] places the cards.

mod answer;
mod ask;
mod badge;
mod baseline;
mod case;
mod colour_bar;
mod curtain;
mod display;
mod edit;
mod eye;
mod faithfulness;
pub(super) mod finding;
mod frames;
mod guess;
pub(super) mod header;
mod hidden;
pub(super) mod hint;
pub(super) mod keys_sheet;
mod labels;
mod lines;
pub(super) mod live;
mod loupe;
mod model_card;
pub(super) mod offline;
mod own_model;
mod picture;
mod pop;
mod region;
mod reproduced;
mod select;
mod series;
pub(super) mod series_table;
pub(super) mod stage;
pub(super) mod status;
pub(super) mod strip;
mod surface;
mod teach;
mod thumbnail;
pub(super) mod tools;
pub(super) mod tour;
mod track_record;
mod trust;
mod view;
pub(super) mod viewer_bar;
pub(super) mod warning;
mod words;

use leptos::prelude::*;

use crate::error::Result;
use crate::page::state::PageState;
use crate::web::checks::Checks;
use crate::web::heat::Heat;
use crate::web::linked::Linked;
use crate::web::preferences::use_locale;
use crate::web::session::Session;
use crate::web::teach::Teach;
use answer::{AnswerCard, FileCard};
use edit::EditCard;
use faithfulness::FaithfulnessCard;
use guess::GuessCard;
use hidden::HiddenCard;
use model_card::ModelCardView;
use own_model::OwnModels;
use reproduced::ReproducedNotice;
use teach::{RevealCard, TeachCard};
use trust::TrustCard;
use warning::ANSWER;
use words::WordsCard;

/// The answer and its reasons, card by card.
#[component]
pub fn Cards(
    /// The page's state.
    session: Session,
    /// Whether the heatmap is shown: words never are without it.
    heat: Heat,
    /// Whether the answer is folded.
    is_folded: Signal<bool>,
    /// What is asked beside the class.
    linked: Linked,
    /// The panel that tests a map.
    checks: Checks,
    /// What a lecture shows.
    teach: Teach,
) -> impl IntoView {
    let Session { report, card, shown, .. } = session;
    let locale = use_locale();
    let has_answer = Memo::new(move |_| report.with(Option::is_some));
    let has_model = Memo::new(move |_| card.with(Option::is_some));
    let vocabulary = Signal::derive(move || card.with(|card| card.as_ref().map(|card| card.vocabulary.clone())));
    let wanted = Signal::derive(move || shown.with(|scan| scan.as_ref().map(|scan| scan.wanted.clone())));
    let caption = Signal::derive(move || shown.with(|scan| scan.as_ref().map(|scan| scan.caption().to_owned())));
    let on_typed = Callback::new(move |typed: String| -> Result<()> {
        let mut outcome = Ok(());
        session.act(|page| match page.type_caption(&typed) {
            Ok(requests) => requests,
            Err(error) => {
                outcome = Err(error);
                Vec::new()
            }
        });
        outcome
    });
    view! {
        <ReproducedNotice session=session />
        <TeachCard teach=teach />
        <GuessCard teach=teach report=report />
        <RevealCard teach=teach report=report linked=linked />
        <Show when=move || has_answer.get() fallback=HowTo>
            <FileCard
                report=report
                on_use_view=session.on(|page, ()| page.use_suggestion())
                on_undo_view=session.on(|page, ()| page.undo_view())
            />
            <Show when=move || is_folded.get() && !teach.is_hiding()>
                <section class="card folded">
                    <h2>{move || locale.text().answer}</h2>
                    <p>{move || locale.text().doubt.folded}</p>
                </section>
            </Show>
            // Hidden rather than left out: what tests and scripts read of an answer stays.
            <div id=ANSWER class="fold" hidden=move || is_folded.get()>
                <AnswerCard report=report card=card />
                <HiddenCard report=report linked=linked has_map=Signal::derive(move || heat.is_on()) />
                <WordsCard
                    report=report
                    has_map=Signal::derive(move || heat.is_on())
                    method=Signal::derive(move || wanted.with(|wanted| wanted.as_ref().map(|wanted| wanted.words)))
                    on_method=session.on(|page, method| page.revise(|options| options.words = method))
                    linked=linked
                    teach=teach
                />
                <EditCard
                    vocabulary=vocabulary
                    caption=caption
                    is_edited=Signal::derive(move || {
                        wanted.with(|wanted| wanted.as_ref().is_some_and(|wanted| wanted.caption.is_some()))
                    })
                    on_tick=session.on(|page, (finding, is_ticked): (String, bool)| page.tick_finding(&finding, is_ticked))
                    on_class_word=session.on(PageState::set_class_word)
                    on_typed=on_typed
                    on_reset=session.on(|page, ()| page.reset_caption())
                />
                <FaithfulnessCard checks=checks shown=shown />
            </div>
        </Show>
        <Show when=move || has_model.get()>
            <TrustCard card=card report=Signal::derive(move || report.get().filter(|_| !is_folded.get())) />
            <ModelCardView card=card />
        </Show>
        <OwnModels session=session />
    }
}

/// The explanation that is shown before there is an answer.
#[component]
fn HowTo() -> impl IntoView {
    let locale = use_locale();
    view! {
        <section class="card how">
            <h2>{move || locale.text().how_title}</h2>
            <ol>{move || locale.text().how.map(|step| view! { <li>{step}</li> }).into_iter().collect_view()}</ol>
        </section>
    }
}
