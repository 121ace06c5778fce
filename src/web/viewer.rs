//! How the shown scan is looked at, as signals, and the keys that change it anywhere on the page.

use std::sync::Arc;

use leptos::prelude::*;
use leptos::{ev, html};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, HtmlInputElement, HtmlSelectElement, KeyboardEvent, MouseEvent};

use crate::page::viewer::book::{Book, Look, PictureId, Tool};
use crate::page::viewer::compare::{Kept, Layout};
use crate::page::viewer::gesture::{self, Frame};
use crate::page::viewer::keys::{self, Command};
use crate::page::viewer::transform::{Transform, ZOOM_STEP, one_to_one};
use crate::page::viewer::window::GreyWindow;
use crate::report::Report;
use crate::web::heat::Heat;
use crate::web::linked::Linked;
use crate::web::session::Session;

/// The middle of a frame.
const MIDDLE: [f64; 2] = [0.5, 0.5];

/// How the shown scan is looked at.
#[derive(Clone, Copy)]
pub struct Viewer {
    book: RwSignal<Book>,
    picture: Memo<Option<PictureId>>,
    report: Signal<Option<Arc<Report>>>,
    heat: Heat,
    linked: Linked,
    /// All of it; what changes rarely is read from the signals below.
    pub look: Memo<Look>,
    /// Which part of the picture is seen.
    pub transform: Memo<Transform>,
    /// By which greys.
    pub window: Memo<GreyWindow>,
    /// What a drag does.
    pub tool: Memo<Tool>,
    /// The kept map, where it is of the model that answers, and maps may be seen.
    pub kept: Memo<Option<Arc<Kept>>>,
    /// How maps are compared.
    pub layout: Memo<Layout>,
    /// Whether space is held, so that any drag moves the picture.
    pub is_moving: RwSignal<bool>,
    /// Whether the sheet of keys is shown.
    pub is_sheet_open: RwSignal<bool>,
    /// The frame of the model's picture.
    pub frame: NodeRef<html::Div>,
}

impl Viewer {
    /// Of the scan that `session` shows; takes the keys of the page.
    pub fn start(session: Session, heat: Heat, linked: Linked) -> Self {
        let book = RwSignal::new(Book::default());
        let report = session.report;
        let picture = Memo::new(move |_| {
            session.shown.with(|shown| shown.as_ref().and_then(|scan| Some((scan.id, scan.report()?.input.view))))
        });
        let look = Memo::new(move |_| {
            let picture = picture.get();
            book.with(|book| picture.and_then(|picture| book.look(picture)).cloned().unwrap_or_default())
        });
        let kept = Memo::new(move |_| {
            let kept = look.with(|look| look.kept.clone()).filter(|_| !heat.is_folded())?;
            report.with(|report| report.as_ref().is_some_and(|report| kept.belongs_to(report))).then_some(kept)
        });
        // A scan that is taken off the list is forgotten.
        Effect::new(move || {
            session.with(|page| book.update_untracked(|book| book.retain(|id| page.scans().get(id).is_some())));
        });
        let viewer = Self {
            book,
            picture,
            report,
            heat,
            linked,
            look,
            transform: Memo::new(move |_| look.with(|look| look.transform)),
            window: Memo::new(move |_| look.with(|look| look.window)),
            tool: Memo::new(move |_| look.with(|look| look.tool)),
            kept,
            layout: Memo::new(move |_| look.with(|look| look.layout).possible(kept.with(Option::is_some))),
            is_moving: RwSignal::new(false),
            is_sheet_open: RwSignal::new(false),
            frame: NodeRef::new(),
        };
        viewer.listen();
        viewer
    }

    /// Changes how the shown picture is looked at.
    pub fn change(self, change: impl FnOnce(&mut Look)) {
        if let Some(picture) = self.picture.get_untracked() {
            self.book.update(|book| change(book.look_mut(picture)));
        }
    }

    /// The frame of a picture as it is on the page now; none while no scan is shown.
    pub fn frame_of(self, frame: &Element) -> Option<Frame> {
        let scan = self.report.with_untracked(|report| {
            report.as_ref().map(|report| [report.input.width.max(1), report.input.height.max(1)])
        })?;
        let place = frame.get_bounding_client_rect();
        let size_px = [place.width(), place.height()];
        let least_zoom = one_to_one(scan[0], size_px[0] * window().device_pixel_ratio()).min(1.);
        Some(Frame { size_px, least_zoom, scan })
    }

    /// Does what a key or a button says. Returns whether there was something to do.
    pub fn run(self, command: Command) -> bool {
        match command {
            Command::Help => self.is_sheet_open.set(true),
            Command::Heat => self.heat.toggle(),
            Command::Outlines => self.heat.form.update(|form| *form = form.other()),
            Command::Opacity(steps) => self.heat.step_opacity(steps),
            Command::Keep => self.keep(),
            Command::Compare => {
                let next = self.layout.get_untracked().next(self.kept.with_untracked(Option::is_some));
                self.change(|look| look.layout = next);
            }
            Command::Zoom(steps) => self.zoom(|transform, frame| {
                transform.zoomed_by(ZOOM_STEP.powi(i32::from(steps)), MIDDLE, frame.least_zoom)
            }),
            Command::Fit => self.change(|look| look.transform = Transform::FIT),
            Command::OneToOne => self.zoom(|transform, frame| {
                let zoom = one_to_one(frame.scan[0], frame.size_px[0] * window().device_pixel_ratio());
                transform.zoomed_to(zoom, MIDDLE, frame.least_zoom)
            }),
            Command::Pan(direction) => self.change(|look| {
                gesture::pan(direction, look);
            }),
            Command::Invert => self.change(|look| look.window.is_inverted = !look.window.is_inverted),
            Command::Reset => self.change(Look::reset),
            Command::Take(tool) => self.change(|look| look.take(tool)),
            Command::Leave => return self.leave(),
        }
        true
    }

    /// Does what a button says.
    pub fn act(self, command: Command) {
        self.run(command);
    }

    fn zoom(self, change: impl FnOnce(Transform, Frame) -> Transform) {
        let frame = self.frame.get_untracked().and_then(|frame| self.frame_of(&frame));
        if let Some(frame) = frame {
            self.change(|look| look.transform = change(look.transform, frame));
        }
    }

    /// Gives the focus to the picture, so that the arrow keys do what the tool does.
    fn focus_picture(self) {
        let surface = self.frame.get_untracked().and_then(|frame| frame.query_selector(".surface").ok().flatten());
        if let Some(surface) = surface.and_then(|surface| surface.dyn_into::<HtmlElement>().ok()) {
            // An element with a tab index takes the focus.
            let _ = surface.focus();
        }
    }

    /// Keeps the map that is shown, to compare others with; not while none may be seen.
    fn keep(self) {
        if let Some(report) = self.report.get_untracked().filter(|_| untrack(|| self.heat.is_on())) {
            let kept = self.linked.finding.with_untracked(|finding| Kept::of(&report, finding.as_ref()));
            self.change(|look| look.keep(kept));
        }
    }

    /// Leaves what was begun last: the choice of a region, a line or a tool, or the map of a finding.
    fn leave(self) -> bool {
        let mut was_left = false;
        if !self.linked.is_hiding.get_untracked() {
            // A write is seen by whoever reads the signal, so that there is none where nothing changes.
            if self.look.with_untracked(|look| look.draft.is_some() || look.tool != Tool::Move) {
                self.change(|look| was_left = look.leave());
            }
        }
        if !was_left {
            self.linked.on_leave.run(());
        }
        was_left
    }

    /// Takes the keys of the page, except where they are needed.
    fn listen(self) {
        window_event_listener(ev::keydown, move |event: KeyboardEvent| {
            let has_modifier = event.ctrl_key() || event.meta_key() || event.alt_key();
            if has_modifier || event.default_prevented() || self.is_sheet_open.get_untracked() {
                return;
            }
            let on = target_of(&event);
            if event.key() == " " && matches!(on, Target::Picture | Target::Nothing) {
                // The page would scroll.
                event.prevent_default();
                return self.is_moving.set(true);
            }
            let Some(command) = keys::command(&event.key(), event.shift_key()) else { return };
            let is_taken = match on {
                Target::Text => true,
                Target::Choice => matches!(command, Command::Pan(_) | Command::Leave),
                Target::Picture | Target::Nothing | Target::Other => false,
            };
            if !is_taken && self.run(command) {
                event.prevent_default();
                if matches!(command, Command::Take(_)) {
                    self.focus_picture();
                }
            }
        });
        window_event_listener(ev::keyup, move |event: KeyboardEvent| {
            if event.key() == " " {
                self.is_moving.set(false);
            }
        });
        // What is held when the window is left is not held when it is entered again.
        window_event_listener(ev::blur, move |_| self.is_moving.set(false));
    }
}

/// What has the focus.
enum Target {
    /// Text is typed, or a letter chooses among options: keys are its own.
    Text,
    /// A slider or a select of the viewer: arrows are its own. A letter would choose another map unseen, where a key of the viewer is
    /// meant.
    Choice,
    /// The picture.
    Picture,
    /// Nothing.
    Nothing,
    /// Anything else.
    Other,
}

fn target_of(event: &KeyboardEvent) -> Target {
    let Some(target) = event.target().and_then(|target| target.dyn_into::<Element>().ok()) else {
        return Target::Nothing;
    };
    if let Some(input) = target.dyn_ref::<HtmlInputElement>() {
        return match input.type_().as_str() {
            "range" | "checkbox" | "radio" => Target::Choice,
            "file" => Target::Other,
            _ => Target::Text,
        };
    }
    let is_within = |selector: &str| target.closest(selector).is_ok_and(|found| found.is_some());
    if target.has_type::<HtmlSelectElement>() {
        return if is_within(".view") { Target::Choice } else { Target::Text };
    }
    match target.tag_name().as_str() {
        "TEXTAREA" => Target::Text,
        "BODY" | "HTML" => Target::Nothing,
        _ if is_within(".surface") => Target::Picture,
        _ => Target::Other,
    }
}

/// Where on an element a pointer is, as shares of its width and height.
pub(super) fn share_of(event: &MouseEvent, area: &Element) -> [f64; 2] {
    let place = area.get_bounding_client_rect();
    let share = |at: i32, start: f64, length: f64| (f64::from(at) - start) / length.max(1.0);
    [share(event.client_x(), place.left(), place.width()), share(event.client_y(), place.top(), place.height())]
}
