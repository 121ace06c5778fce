//! What is asked of the shown scan beside its class, as signals: a finding on the map, and a hidden region.

use std::sync::Arc;

use leptos::prelude::*;

use crate::page::linked::{FindingMap, FindingOnMap};
use crate::page::state::PageState;
use crate::protocol::Request;
use crate::report::Hidden;
use crate::web::session::Session;

/// What is asked of the shown scan beside its class.
#[derive(Clone, Copy)]
pub struct Linked {
    /// Whether anything can be asked: the answer is open and the scan is held.
    pub is_possible: Signal<bool>,
    /// The finding whose map is shown, or will be.
    pub finding: Signal<Option<FindingOnMap>>,
    /// Whether a region to hide is being chosen.
    pub is_hiding: Signal<bool>,
    /// What changes without the region that is hidden.
    pub hidden: Signal<Option<Arc<Hidden>>>,
    /// A finding is chosen: it is shown, or the class again if it was.
    pub on_finding: Callback<String>,
    /// The other map of the finding is chosen.
    pub on_map: Callback<FindingMap>,
    /// A region is to be chosen, or no longer.
    pub on_hiding: Callback<bool>,
    /// A region is to be hidden: x, y, width, height in scan pixels.
    pub on_hide: Callback<[f32; 4]>,
    /// Nothing is to be hidden any more.
    pub on_show_again: Callback<()>,
    /// What was begun last is left: the choice of a region, or else the map of a finding.
    pub on_leave: Callback<()>,
}

impl Linked {
    /// Of the scan that `session` shows.
    pub fn of(session: Session) -> Self {
        let hidden = move |_: Option<&_>| session.with(|page| page.hidden().cloned());
        Self {
            is_possible: Memo::new(move |_| session.with(PageState::can_link)).into(),
            finding: Memo::new(move |_| session.with(|page| page.finding_on_map().cloned())).into(),
            is_hiding: Memo::new(move |_| session.with(PageState::is_hiding)).into(),
            hidden: Memo::new(hidden).into(),
            on_finding: session.on(|page, finding: String| page.map_finding(&finding)),
            on_map: session.on(|page, choice| silent(page, |page| page.choose_finding_map(choice))),
            on_hiding: session.on(|page, is_hiding| silent(page, |page| page.set_hiding(is_hiding))),
            on_hide: session.on(PageState::hide),
            on_show_again: session.on(|page, ()| silent(page, PageState::show_again)),
            on_leave: session.on(|page, ()| silent(page, PageState::leave_linked)),
        }
    }

    /// Whether the map of `finding` is shown, or will be.
    pub fn is_on_map(self, finding: &str) -> bool {
        self.finding.with(|shown| shown.as_ref().is_some_and(|shown| shown.finding.eq_ignore_ascii_case(finding)))
    }
}

/// A change after which the worker is asked nothing.
fn silent(page: &mut PageState, change: impl FnOnce(&mut PageState)) -> Vec<Request> {
    change(page);
    Vec::new()
}
