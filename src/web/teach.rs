//! A lecture's state as signals: what is revealed, the tour, votes, and links to and from the address bar.

use leptos::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};

use crate::page::state::{PageState, Phase};
use crate::page::teach::Teaching;
use crate::page::teach::link::{self, Link};
use crate::page::teach::reveal::{Region, lesions_of};
use crate::page::teach::scene::{Scene, Source};
use crate::page::teach::tour::Then;
use crate::phantom::case::Case;
use crate::report::InputRef;
use crate::web::checks::Checks;
use crate::web::heat::Heat;
use crate::web::session::Session;

/// What became of a link that was to be copied.
#[derive(Clone, Copy, PartialEq)]
pub enum Copied {
    /// It is on the clipboard.
    Yes,
    /// The browser gives no clipboard; it is in the address bar.
    InAddressBar,
}

/// What a lecture shows.
#[derive(Clone, Copy)]
pub struct Teach {
    state: RwSignal<Teaching>,
    session: Session,
    heat: Heat,
    is_hiding: Signal<bool>,
    /// The true lesions of the shown scan, if they are known.
    pub lesions: Signal<Option<Vec<Region>>>,
    /// The finding that was pointed at last.
    pub pointed: RwSignal<Option<String>>,
    /// What became of the link that was asked for last.
    pub copied: RwSignal<Option<Copied>>,
    /// A scene that waits for the model or for the list of demo scans.
    waiting: RwSignal<Option<(Scene, Option<String>)>>,
}

impl Teach {
    /// Follows the link in the address bar, now and whenever it changes; `is_hiding`: whether the answer waits for votes.
    pub(super) fn start(
        state: RwSignal<Teaching>,
        session: Session,
        heat: Heat,
        checks: Checks,
        is_hiding: Signal<bool>,
    ) -> Self {
        let lesions = Memo::new(move |_| {
            session.demo_scans.with(|demo| session.shown.with(|scan| lesions_of(scan.as_ref()?, demo)))
        });
        let teach = Self {
            state,
            session,
            heat,
            is_hiding,
            lesions: lesions.into(),
            pointed: RwSignal::new(None),
            copied: RwSignal::new(None),
            waiting: RwSignal::new(None),
        };
        Effect::new(move || {
            state.track();
            let due = session.shown.with(|scan| state.try_update_untracked(|state| state.tour.due(scan.as_ref()?))?);
            match due {
                Some(Then::DropWord) => session.act(PageState::drop_finding),
                Some(Then::Randomize) => checks.show_random(),
                Some(Then::Look) | None => {}
            }
        });
        Effect::new(move || teach.show_waiting());
        // What is shown is another thing than the link that was copied.
        Effect::new(move || {
            session.shown.track();
            teach.copied.set(None);
            teach.pointed.set(None);
        });
        teach.follow();
        drop(window_event_listener_untyped("hashchange", move |_| teach.follow()));
        teach
    }

    /// Reads the state.
    pub fn with<T>(self, read: impl FnOnce(&Teaching) -> T) -> T {
        self.state.with(read)
    }

    /// Changes the state.
    pub fn update(self, change: impl FnOnce(&mut Teaching)) {
        self.state.update(change);
    }

    /// Whether the answer waits for votes.
    pub fn is_hiding(self) -> bool {
        self.is_hiding.get()
    }

    /// Changes the votes on the shown picture.
    pub fn vote(self, change: impl FnOnce(&mut Teaching, &InputRef)) {
        let input = self.session.report.with_untracked(|report| report.as_ref().map(|report| report.input.clone()));
        if let Some(input) = input {
            self.state.update(|state| change(state, &input));
        }
    }

    /// The case that is wanted, and whether it is still to be drawn; none before the first.
    pub fn case(self) -> Option<(Case, bool)> {
        self.session.with(|page| {
            let scan = page.case()?;
            Some((scan.made.as_ref()?.wanted, scan.is_awaited()))
        })
    }

    /// Draws a case.
    pub fn make(self, case: Case) {
        self.session.act(|page| page.make_case(case));
    }

    /// A finding is pointed at: what it is can be read, and where it is, seen.
    pub fn point_at(self, finding: String) {
        self.pointed.set(Some(finding));
    }

    /// The lesions to be marked on the picture: all of them, or those that are pointed at.
    pub fn marked(self) -> Vec<Region> {
        if self.is_hiding.get() {
            return Vec::new();
        }
        let is_revealed = self.with(|state| state.is_revealed);
        let pointed = self.pointed.get();
        let is_marked = |region: &Region| is_revealed || pointed.as_ref() == Some(&region.finding);
        self.lesions.with(|lesions| lesions.iter().flatten().filter(|region| is_marked(region)).cloned().collect())
    }

    /// Goes to a step of the tour, from 1.
    pub fn go(self, number: usize) {
        if let Some(step) = self.state.try_update(|state| state.tour.go(number)) {
            self.show(step.scene);
        }
    }

    /// Puts a link to what is shown on the clipboard and into the address bar; nothing of a visitor's own scan.
    pub fn copy_link(self) {
        let Some(scene) = self.scene() else { return };
        let model = self.session.with(|page| page.current_model().map(str::to_owned));
        let location = window().location();
        let fragment = format!("#{}", link::fragment(&scene, model.as_deref()));
        // A fragment can always be set.
        let _ = location.set_hash(&fragment);
        let clipboard = js_sys::Reflect::get(&window().navigator(), &"clipboard".into()).ok();
        let has_clipboard = clipboard.is_some_and(|clipboard| !clipboard.is_undefined());
        let url = location.href().ok().filter(|_| has_clipboard);
        spawn_local(async move {
            let is_copied = match url {
                Some(url) => JsFuture::from(window().navigator().clipboard().write_text(&url)).await.is_ok(),
                None => false,
            };
            self.copied.set(Some(if is_copied { Copied::Yes } else { Copied::InAddressBar }));
        });
    }

    /// Whether there is a link to what is shown.
    pub fn has_link(self) -> bool {
        self.session.shown.track();
        self.scene().is_some()
    }

    fn scene(self) -> Option<Scene> {
        let is_revealed = self.state.with(|state| state.is_revealed);
        let is_on = self.heat.is_wanted();
        self.session.shown.with(|scan| Scene::shown(scan.as_ref()?, is_on, is_revealed))
    }

    /// Goes where the fragment of the page's URL says, unless that is shown.
    fn follow(self) {
        let Some(link) = window().location().hash().ok().and_then(|hash| link::read(&hash)) else { return };
        match link {
            Link::Tour(number) => self.go(number),
            Link::Scene { scene, .. } if untrack(|| self.scene()).as_ref() == Some(&scene) => {}
            Link::Scene { scene, model } => self.waiting.set(Some((scene, model))),
        }
    }

    /// Shows the scene that waits, once the model answers that it was made with, if the site has it, and once it is known
    /// which demo scans there are.
    fn show_waiting(self) {
        let Some((scene, model)) = self.waiting.get() else { return };
        let Some(card) = self.session.card.get() else { return };
        let listed = |name: &String| self.session.with(|page| page.models().iter().any(|model| model.name == *name));
        if let Some(name) = model.filter(|name| card.name != *name && listed(name)) {
            self.waiting.set(Some((scene, None)));
            self.session.act(|page| vec![page.load(Some(name))]);
            return;
        }
        let is_switching = self.session.with(|page| matches!(page.phase(), Phase::Loading(_)));
        let is_unknown = match &scene.source {
            Source::Case(_) => false,
            Source::Demo(file) => !self.session.demo_scans.with(|demo| demo.iter().any(|scan| scan.file == *file)),
        };
        if is_switching || is_unknown {
            return;
        }
        self.waiting.set(None);
        self.show(scene.known_to(&card.vocabulary));
    }

    fn show(self, scene: Scene) {
        self.state.update(|state| state.is_revealed = scene.is_revealed);
        self.heat.want(scene.has_heat);
        match scene.source {
            Source::Demo(file) => self.session.open_demo_with(file, scene.options),
            Source::Case(case) => self.session.act(|page| page.make_case_with(case, scene.options)),
        }
    }
}
