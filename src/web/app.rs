//! The page as a whole: its layout, the props of its parts, and the events that count anywhere on it (drop, paste).

use std::sync::Arc;

use leptos::prelude::*;
use leptos::{ev, html};
use wasm_bindgen::JsCast;
use web_sys::{ClipboardEvent, DragEvent};

use crate::bundle::card::ModelCard;
use crate::page::reading::is_not_a_scan;
use crate::page::state::{PageState, Phase};
use crate::page::teach::Teaching;
use crate::protocol::BUILD;
use crate::web::checks::Checks;
use crate::web::clock;
use crate::web::components::Cards;
use crate::web::components::finding::FindingBar;
use crate::web::components::header::Header;
use crate::web::components::hint::Hints;
use crate::web::components::keys_sheet::KeysSheet;
use crate::web::components::live::LiveAnswer;
use crate::web::components::offline::{UpdateNotice, WorksOffline};
use crate::web::components::series_table::SeriesTable;
use crate::web::components::stage::Stage;
use crate::web::components::status::{Problems, StatusLine};
use crate::web::components::strip::Strip;
use crate::web::components::tools::Tools;
use crate::web::components::tour::TourBar;
use crate::web::components::viewer_bar::ViewerBar;
use crate::web::components::warning::WarningNotice;
use crate::web::heat::Heat;
use crate::web::linked::Linked;
use crate::web::offline::Offline;
use crate::web::preferences::{Preferences, use_locale};
use crate::web::report_file;
use crate::web::session::Session;
use crate::web::teach::Teach;
use crate::web::viewer::Viewer;

/// Mounts the page.
pub fn run() {
    console_error_panic_hook::set_once();
    mount_to_body(App);
}

/// The page.
#[component]
fn App() -> impl IntoView {
    let preferences = Preferences::start();
    let session = Session::start();
    let is_dragging = RwSignal::new(false);
    let is_table_open = RwSignal::new(false);
    let Session { phase, card, shown, .. } = session;
    let not_a_scan = Memo::new(move |_| shown.with(|scan| scan.as_ref().is_some_and(is_not_a_scan)));
    let is_folded = Memo::new(move |_| session.with(PageState::is_shown_folded));
    let teaching = RwSignal::new(Teaching::default());
    let is_hiding = Memo::new(move |_| {
        let input = session.report.with(|report| report.as_ref().map(|report| report.input.clone()));
        input.is_some_and(|input| teaching.with(|teaching| teaching.guess.is_hiding(&input)))
    });
    // Folded behind a warning, or hidden until the class has voted.
    let is_covered = Memo::new(move |_| is_folded.get() || is_hiding.get());
    let heat = Heat::new(is_covered.into());
    let linked = Linked::of(session);
    let checks = Checks::new(session);
    let teach = Teach::start(teaching, session, heat, checks, is_hiding.into());
    let viewer = Viewer::start(session, heat, linked);
    listen(session, is_dragging);
    let is_stale = Memo::new(move |_| session.with(PageState::is_shown_stale));
    let shown_id = Memo::new(move |_| shown.with(|scan| scan.as_ref().map(|scan| scan.id)));
    let shown_ids = Memo::new(move |_| session.with(|page| page.shown().map(|scan| [scan.id, scan.file])));
    // A new scan's answer is read from its top.
    let aside = NodeRef::<html::Aside>::new();
    Effect::new(move || {
        // A memo only runs when it is read: `track` alone is not enough.
        if let (Some(aside), Some(_)) = (aside.get(), shown_id.get()) {
            // After the new answer is laid out: its cards have other heights.
            request_animation_frame(move || aside.set_scroll_top(0));
        }
    });
    view! {
        <div
            class="app"
            class:dragging=move || is_dragging.get()
            class:guessing=move || teaching.with(|teaching| teaching.guess.is_on())
            class:covered=move || is_hiding.get()
        >
            <Header
                card=card
                models=Signal::derive(move || session.with(PageState::model_choices))
                current_model=Signal::derive(move || session.with(|page| page.current_model().map(str::to_owned)))
                is_loading=Signal::derive(move || matches!(phase.get(), Phase::Loading(_)))
                n_unsaved=Memo::new(move |_| session.with(PageState::n_unsaved)).into()
                on_model=session.on(|page, name| vec![page.load(Some(name))])
                preferences=preferences
                teach=teach
            />
            <main>
                <LiveAnswer shown=shown is_hiding=is_hiding.into() />
                <TourBar teach=teach />
                <Strip
                    session=session
                    is_table_open=is_table_open
                    scans=Memo::new(move |_| session.with(PageState::series_files)).into()
                    scan_of=Callback::new(move |id| session.with(|page| page.scans().get(id).cloned()))
                    neighbour_of=Callback::new(move |id| session.with(|page| page.neighbour(id)))
                    frames_of=Callback::new(move |file| session.with(|page| page.series_frames(file)))
                    eye_of=Callback::new(move |file| session.with(|page| page.eye(file).map(|eye| (eye, page.is_eye_folded(file)))))
                    eye_group_of=Callback::new(move |file| session.with(|page| page.eye_group(file)))
                    shown=shown_ids.into()
                    is_guessing=Memo::new(move |_| teaching.with(|teaching| teaching.guess.is_on())).into()
                    demo_scans=session.demo_scans.into()
                    on_open=Callback::new(move |files| session.open_files(files))
                    on_demo=Callback::new(move |file| {
                        is_table_open.set(false);
                        session.open_demo(file);
                    })
                    on_show=Callback::new(move |id| {
                        is_table_open.set(false);
                        session.act(|page| page.show(id));
                    })
                    on_step=session.on(PageState::step_frame)
                    on_one_eye=session.on(|page, (file, is_one): (_, bool)| page.set_one_eye(file, is_one))
                    on_remove=session.on(PageState::remove)
                />
                <Show when=move || is_table_open.get()>
                    <SeriesTable session=session is_open=is_table_open />
                </Show>
                <WarningNotice
                    report=session.report
                    is_folded=is_folded.into()
                    on_fold=session.on(PageState::set_folded)
                />
                <ViewerPane
                    session=session
                    heat=heat
                    viewer=viewer
                    linked=linked
                    checks=checks
                    teach=teach
                    is_stale=is_stale.into()
                />
                <aside
                    node_ref=aside
                    class:no-answer=move || not_a_scan.get()
                    inert=move || is_stale.get()>
                    <Cards session=session heat=heat is_folded=is_covered.into() linked=linked checks=checks teach=teach />
                </aside>
            </main>
            <Footer card=card has_scans=Signal::derive(move || session.with(|page| page.scans().iter().next().is_some())) />
            <KeysSheet viewer=viewer />
            <Hints />
        </div>
    }
}

/// The scan on its stage, with the tools above and the status line below.
#[component]
fn ViewerPane(
    /// The page's state.
    session: Session,
    /// Visibility and opacity of the heatmap.
    heat: Heat,
    /// How the scan is looked at.
    viewer: Viewer,
    /// What is asked beside the class.
    linked: Linked,
    /// The panel that tests the map.
    checks: Checks,
    /// What a lecture shows.
    teach: Teach,
    /// Whether another scan is about to take the shown one's place.
    is_stale: Signal<bool>,
) -> impl IntoView {
    let locale = use_locale();
    let Session { phase, card, shown, report, .. } = session;
    let scan = NodeRef::<html::Canvas>::new();
    let overlays = [NodeRef::<html::Canvas>::new(), NodeRef::new()];
    let labels = move || card.with(|card| card.as_ref().map(|card| card.vocabulary.labels.clone()).unwrap_or_default());
    let awaited = move || session.with(PageState::awaited);
    // Not kept: the next visitor may not think of it.
    let keeps_name = RwSignal::new(false);
    let dismiss = |page: &mut PageState, ()| {
        page.dismiss_problems();
        Vec::new()
    };
    view! {
        <section class="view" aria-label=move || locale.text().viewer>
            <Tools
                report=report
                card=card
                heat=heat
                viewer=viewer
                linked=linked
                method=Signal::derive(move || shown.with(|scan| scan.as_ref().map(|scan| scan.wanted.map)))
                on_method=session.on(|page, method| page.revise(|options| options.map = method))
                labels=Signal::derive(labels)
                target=Signal::derive(move || shown.with(|scan| scan.as_ref()?.target().map(str::to_owned)))
                on_target=session.on(|page, label| page.revise(|options| options.target = Some(label)))
                comparison=Signal::derive(move || session.with(|page| page.comparison().cloned()))
                on_compare=session.on(PageState::set_comparing)
                scan=scan
                overlays=overlays
                can_save_dicom=Memo::new(move |_| session.with(PageState::can_save_dicom)).into()
                on_save_dicom=session.on(move |page, ()| page.save_dicom(&clock::stamp(keeps_name.get_untracked())))
                on_saved=session.on(|page, ()| {
                    page.save_shown();
                    Vec::new()
                })
                keeps_name=keeps_name
                on_save_report=Callback::new(move |()| {
                    report_file::save(session, heat, linked, checks, locale.language(), keeps_name.get_untracked());
                })
                is_stale=is_stale
            />
            <ViewerBar viewer=viewer heat=heat is_off=Signal::derive(move || is_stale.get() || report.with(Option::is_none)) />
            <Problems
                model=Signal::derive(move || session.with(|page| page.model().clone()))
                problems=Signal::derive(move || session.with(|page| page.problems().to_vec()))
                on_retry=session.on(|page, ()| page.retry())
                on_dismiss=session.on(dismiss)
            />
            <FindingBar
                linked=linked
                target=Signal::derive(move || shown.with(|scan| scan.as_ref()?.target().map(str::to_owned)))
            />
            <Stage
                shown=shown
                report=report
                phase=phase
                card=card
                can_answer=Memo::new(move |_| session.with(PageState::can_answer)).into()
                heat=heat
                viewer=viewer
                linked=linked
                teach=teach
                frames_done=Memo::new(move |_| session.with(PageState::frames_done)).into()
                scan=scan
                overlays=overlays
            />
            <StatusLine
                phase=phase
                awaited=Signal::derive(awaited)
                report=report
                card=card
                held_back=Memo::new(move |_| session.with(PageState::n_held_back)).into()
                on_pause=session.on(PageState::set_paused)
                on_cancel=session.on(|page, ()| page.cancel())
            />
        </section>
    }
}

/// The page's purpose, and the licence of the weights.
#[component]
fn Footer(
    /// The card of the model that answers.
    card: Signal<Option<Arc<ModelCard>>>,
    /// Whether scans are open.
    has_scans: Signal<bool>,
) -> impl IntoView {
    let locale = use_locale();
    let offline = Offline::start();
    let licence = move || {
        card.get().map(|card| view! { <span>{locale.text().weights_licence} " " {card.licence.clone()}</span> })
    };
    view! {
        <footer>
            <UpdateNotice
                has_update=offline.has_update()
                has_scans=has_scans
                on_switch=Callback::new(move |()| offline.switch())
            />
            <span class="research">
                <b>{move || locale.text().research_only}</b>
                " "
                {move || locale.text().not_a_device}
            </span>
            {licence}
            <span class="grow"></span>
            <WorksOffline is_kept=offline.is_kept() />
            <span data-testid="build" title=BUILD>"octlens " {env!("CARGO_PKG_VERSION")}</span>
        </footer>
    }
}

/// Takes files dropped or pasted anywhere; asks before answers are lost.
fn listen(session: Session, is_dragging: RwSignal<bool>) {
    let has_files =
        |event: &DragEvent| event.data_transfer().is_some_and(|data| data.types().iter().any(|kind| kind == "Files"));
    window_event_listener(ev::dragover, move |event: DragEvent| {
        if has_files(&event) {
            event.prevent_default();
            is_dragging.set(true);
        }
    });
    window_event_listener(ev::dragleave, move |event: DragEvent| {
        // Leaving one element for another is not leaving the page.
        if event.related_target().is_none() {
            is_dragging.set(false);
        }
    });
    window_event_listener(ev::drop, move |event: DragEvent| {
        is_dragging.set(false);
        if has_files(&event) {
            event.prevent_default();
        }
        session.open_files(event.data_transfer().and_then(|data| data.files()));
    });
    window_event_listener(ev::beforeunload, move |event| {
        if session.with_untracked(PageState::n_unsaved) > 0 {
            event.prevent_default();
            // Older browsers ask only then; none shows the text.
            event.set_return_value("octlens");
        }
    });
    window_event_listener(ev::paste, move |event| {
        let event: ClipboardEvent = event.unchecked_into();
        session.open_files(event.clipboard_data().and_then(|data| data.files()));
    });
}
