//! The panel's state as a signal, and its workers: starts those that the state names, ends all others, and passes what they
//! say on. Plain workers without shared memory, so that no host must send special headers.

use std::collections::HashMap;

use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use crate::page::faithfulness::{Faithfulness, Progress, Seat, Sendings};
use crate::protocol::Request;
use crate::web::client::{Client, Event};
use crate::web::session::Session;

/// Handles to the panel's state and to its workers.
#[derive(Clone, Copy)]
pub(super) struct Checks {
    state: RwSignal<Faithfulness>,
    clients: StoredValue<HashMap<Seat, Client>, LocalStorage>,
    session: Session,
    /// Whether somebody should look at the panel.
    pub(super) is_called: RwSignal<bool>,
}

impl Checks {
    /// A closed panel. It closes again when something else is shown than what it tests.
    pub(super) fn new(session: Session) -> Self {
        let checks = Self {
            state: RwSignal::default(),
            clients: StoredValue::new_local(HashMap::new()),
            session,
            is_called: RwSignal::new(false),
        };
        Effect::new(move || {
            let fits = session.shown.with(|shown| checks.state.with_untracked(|state| state.fits(shown.as_ref())));
            if !fits {
                checks.close();
            }
        });
        checks
    }

    /// Reads the panel's state.
    pub(super) fn with<T>(self, read: impl FnOnce(&Faithfulness) -> T) -> T {
        self.state.with(read)
    }

    /// Opens the panel for the scan that is shown, or closes it.
    pub(super) fn toggle(self) {
        if self.state.with_untracked(Faithfulness::progress) != Progress::Closed {
            return self.close();
        }
        if let Some(scan) = self.session.shown.get_untracked() {
            self.act(|state| state.open(&scan, n_cores()));
        }
    }

    /// Ends the workers; what they found stays.
    pub(super) fn cancel(self) {
        self.act(|state| {
            state.cancel();
            Vec::new()
        });
    }

    /// Goes on with what is not answered.
    pub(super) fn resume(self) {
        self.act(|state| state.resume(n_cores()));
    }

    /// Asks for the maps with random weights.
    pub(super) fn randomize(self) {
        self.act(|state| state.randomize(n_cores()));
    }

    /// Opens the panel for the scan that is shown, if it is closed, asks for the maps with random weights, and calls for a look.
    pub(super) fn show_random(self) {
        if self.state.with_untracked(Faithfulness::progress) == Progress::Closed {
            self.toggle();
        }
        self.randomize();
        self.is_called.set(true);
    }

    fn close(self) {
        self.act(|state| {
            state.close();
            Vec::new()
        });
    }

    fn act(self, change: impl FnOnce(&mut Faithfulness) -> Sendings) {
        let Some(sendings) = self.state.try_update(change) else { return };
        let seats = self.state.with_untracked(Faithfulness::seats);
        self.clients.update_value(|clients| {
            clients.retain(|seat, _| seats.contains(seat));
            for seat in seats.iter().filter(|seat| !clients.contains_key(seat)).collect::<Vec<_>>() {
                let seat = *seat;
                match Client::start(move |event| self.receive(seat, event)) {
                    Ok(client) => drop(clients.insert(seat, client)),
                    Err(error) => self.receive(seat, Event::Lost(error)),
                }
            }
            for (seat, request) in sendings {
                if let Some(client) = clients.get(&seat) {
                    let file = match &request {
                        Request::Analyze { file, .. } => self.session.file(*file),
                        // The worker reads the file in place of the site's model of that name.
                        Request::Load { .. } => self.session.own_file_in_use(),
                        _ => None,
                    };
                    client.send(request, file);
                }
            }
        });
    }

    /// Acts when the listener that calls this has returned: it may end with its worker.
    fn receive(self, seat: Seat, event: Event) {
        spawn_local(async move {
            self.act(|state| match event {
                Event::Answer(response, _) => state.hear(seat, response),
                Event::Lost(error) => state.lose(seat, error.into()),
            });
        });
    }
}

fn n_cores() -> usize {
    // A browser that does not tell gives NaN, which becomes 0.
    window().navigator().hardware_concurrency() as usize
}
