//! Deals tasks out to workers as they finish, and gives the task of a worker that dies to the others. Knows no thread: a
//! worker is a number.

use std::collections::VecDeque;

use crate::protocol::RequestId;

/// A worker's number; no two workers of a page have the same.
pub type Seat = u32;

/// What a worker does.
#[derive(Clone, Debug, PartialEq)]
enum State<T> {
    /// It gets ready.
    Preparing,
    Idle,
    Busy(RequestId, T),
}

/// Workers, and the tasks that wait for one.
#[derive(Clone, Debug)]
pub(super) struct Pool<T> {
    workers: Vec<(Seat, State<T>)>,
    waiting: VecDeque<T>,
}

impl<T: Clone> Pool<T> {
    /// Workers that get ready.
    pub(super) fn new(seats: impl IntoIterator<Item = Seat>) -> Self {
        Self { workers: seats.into_iter().map(|seat| (seat, State::Preparing)).collect(), waiting: VecDeque::new() }
    }

    /// The workers that live.
    pub(super) fn seats(&self) -> impl Iterator<Item = Seat> {
        self.workers.iter().map(|(seat, _)| *seat)
    }

    /// Whether a worker is ready, busy or not.
    pub(super) fn has_ready(&self) -> bool {
        self.workers.iter().any(|(_, state)| !matches!(state, State::Preparing))
    }

    /// Tasks to be dealt out after those that wait.
    pub(super) fn add(&mut self, tasks: impl IntoIterator<Item = T>) {
        self.waiting.extend(tasks);
    }

    /// A worker is ready.
    pub(super) fn prepared(&mut self, seat: Seat) {
        if let Some((_, state)) = self.worker(seat).filter(|(_, state)| matches!(state, State::Preparing)) {
            *state = State::Idle;
        }
    }

    /// Gives each worker that is free the next task; `id` numbers the requests.
    pub(super) fn deal(&mut self, mut id: impl FnMut() -> RequestId) -> Vec<(Seat, RequestId, T)> {
        let mut dealt = Vec::new();
        for (seat, state) in self.workers.iter_mut().filter(|(_, state)| matches!(state, State::Idle)) {
            let Some(task) = self.waiting.pop_front() else { break };
            let id = id();
            *state = State::Busy(id, task.clone());
            dealt.push((*seat, id, task));
        }
        dealt
    }

    /// A worker answers: the task that is done. None for an answer that nobody waits for.
    pub(super) fn take(&mut self, seat: Seat, id: RequestId) -> Option<T> {
        let (_, state) = self.worker(seat)?;
        match std::mem::replace(state, State::Idle) {
            State::Busy(asked, task) if asked == id => Some(task),
            other => {
                *state = other;
                None
            }
        }
    }

    /// Removes a worker that has died, and puts its task first in the queue. Returns whether the worker was in this pool.
    pub(super) fn lose(&mut self, seat: Seat) -> bool {
        let Some(at) = self.workers.iter().position(|(other, _)| *other == seat) else { return false };
        if let (_, State::Busy(_, task)) = self.workers.remove(at) {
            self.waiting.push_front(task);
        }
        true
    }

    /// Whether no worker is left.
    pub(super) fn is_lost(&self) -> bool {
        self.workers.is_empty()
    }

    /// Whether a task waits or is under way.
    pub(super) fn has_tasks(&self) -> bool {
        !self.waiting.is_empty() || self.workers.iter().any(|(_, state)| matches!(state, State::Busy(..)))
    }

    fn worker(&mut self, seat: Seat) -> Option<&mut (Seat, State<T>)> {
        self.workers.iter_mut().find(|(other, _)| *other == seat)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dealt(pool: &mut Pool<char>, next: &mut RequestId) -> Vec<(Seat, RequestId, char)> {
        pool.deal(|| {
            *next += 1;
            *next
        })
    }

    #[test]
    fn tasks_go_in_order_to_workers_as_they_get_ready_and_finish() {
        let (mut pool, mut id) = (Pool::new([7, 8]), 0);
        pool.add(['a', 'b', 'c']);
        assert_eq!((dealt(&mut pool, &mut id), pool.has_ready()), (vec![], false));
        pool.prepared(8);
        assert_eq!(dealt(&mut pool, &mut id), [(8, 1, 'a')]);
        // Being ready is said once; a worker that is busy gets nothing more.
        pool.prepared(8);
        pool.prepared(7);
        assert_eq!(dealt(&mut pool, &mut id), [(7, 2, 'b')]);
        assert_eq!(pool.take(8, 1), Some('a'));
        assert_eq!(dealt(&mut pool, &mut id), [(8, 3, 'c')]);
        assert_eq!((pool.take(7, 2), pool.has_tasks()), (Some('b'), true));
        assert_eq!((pool.take(8, 3), pool.has_tasks()), (Some('c'), false));
        assert_eq!(dealt(&mut pool, &mut id), []);
    }

    #[test]
    fn the_task_of_a_dead_worker_is_dealt_out_next_and_its_late_answer_counts_for_nothing() {
        let (mut pool, mut id) = (Pool::new([1, 2]), 0);
        pool.add(['a', 'b', 'c']);
        pool.prepared(1);
        pool.prepared(2);
        assert_eq!(dealt(&mut pool, &mut id), [(1, 1, 'a'), (2, 2, 'b')]);
        assert!(pool.lose(1) && !pool.lose(1));
        assert_eq!(pool.take(1, 1), None);
        assert_eq!(pool.take(2, 1), None, "it was not this worker's");
        assert_eq!(pool.take(2, 2), Some('b'));
        assert_eq!(dealt(&mut pool, &mut id), [(2, 3, 'a')]);
        assert_eq!(pool.take(2, 2), None, "answered already");
        assert!(pool.lose(2) && pool.is_lost() && pool.has_tasks());
    }
}
