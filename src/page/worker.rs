//! The worker's life as the page sees it: whether it still shows signs of life, and when it is given up. Knows no clock and
//! no thread: `web` counts ticks, and starts another worker when [`WorkerLife::number`] grows.

use std::time::Duration;

use crate::protocol::BEAT_INTERVAL;

/// How often the page looks for signs of life.
pub const TICK: Duration = BEAT_INTERVAL;
/// Ticks without any sign after which a worker that only has to listen is dead. A page that sleeps does not tick, and a
/// worker that parses a weights file on a slow machine is silent for seconds.
const MAX_SILENT_TICKS: u32 = 15;
/// Ticks after which a worker that has not started never will: its script and its instructions are being fetched, 8 MB.
const MAX_START_TICKS: u32 = 150;
/// Ticks after which a worker that answers a question hangs. It cannot send signs while it computes.
const MAX_BUSY_TICKS: u32 = 30;
/// A worker that dies so often without having answered anything is not started again by itself.
const MAX_IDLE_DEATHS: u32 = 2;

/// The worker's life.
#[derive(Clone, Debug, Default)]
pub struct WorkerLife {
    number: u32,
    /// Whether it has said that it listens. Before that its script is fetched.
    is_listening: bool,
    n_silent_ticks: u32,
    n_idle_deaths: u32,
}

impl WorkerLife {
    /// Which worker it is, from 0.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// Whether it listens.
    pub(super) fn is_listening(&self) -> bool {
        self.is_listening
    }

    /// It listens.
    pub(super) fn starts_listening(&mut self) {
        self.is_listening = true;
        self.n_silent_ticks = 0;
    }

    /// It sent something, or was asked something else.
    pub(super) fn hears(&mut self) {
        self.n_silent_ticks = 0;
    }

    /// It answered a question: it works.
    pub(super) fn answers(&mut self) {
        self.n_silent_ticks = 0;
        self.n_idle_deaths = 0;
    }

    /// Time passes. Returns whether it must be dead; `is_busy`: whether it has a question to answer.
    pub(super) fn tick(&mut self, is_busy: bool) -> bool {
        self.n_silent_ticks += 1;
        self.n_silent_ticks
            > match (self.is_listening, is_busy) {
                (false, _) => MAX_START_TICKS,
                (true, true) => MAX_BUSY_TICKS,
                (true, false) => MAX_SILENT_TICKS,
            }
    }

    /// It died without a question that could be the cause. Returns whether another one is worth a try.
    pub(super) fn dies_idle(&mut self) -> bool {
        self.n_idle_deaths += 1;
        self.n_idle_deaths < MAX_IDLE_DEATHS
    }

    /// A visitor wants another try, whatever happened.
    pub(super) fn forgives(&mut self) {
        self.n_idle_deaths = 0;
    }

    /// Another worker takes its place.
    pub(super) fn ends(&mut self) {
        self.number += 1;
        self.is_listening = false;
        self.n_silent_ticks = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listening() -> WorkerLife {
        let mut life = WorkerLife::default();
        life.starts_listening();
        life
    }

    /// Ticks until it is dead.
    fn n_ticks(mut life: WorkerLife, is_busy: bool) -> Option<u32> {
        (1..1000).find(|_| life.tick(is_busy))
    }

    #[test]
    fn silence_is_death_sooner_for_one_that_only_listens() {
        assert_eq!(n_ticks(listening(), false), Some(MAX_SILENT_TICKS + 1));
        assert_eq!(n_ticks(listening(), true), Some(MAX_BUSY_TICKS + 1));
        assert_eq!(n_ticks(WorkerLife::default(), false), Some(MAX_START_TICKS + 1), "its script may be on its way");
    }

    #[test]
    fn any_sign_of_life_starts_the_count_again() {
        let mut life = listening();
        for _ in 0..1000 {
            assert!(!life.tick(false));
            life.hears();
        }
        life.ends();
        assert_eq!((life.number(), n_ticks(life, true)), (1, Some(MAX_START_TICKS + 1)));
    }

    #[test]
    fn a_worker_that_answers_nothing_is_not_started_for_ever() {
        let mut life = listening();
        let tries =
            std::iter::repeat_with(|| life.dies_idle()).take_while(|is_worth_it| *is_worth_it).take(100).count();
        assert_eq!(tries as u32, MAX_IDLE_DEATHS - 1);
        life.answers();
        assert!(life.dies_idle(), "an answer in between makes it worth a try again");
    }
}
