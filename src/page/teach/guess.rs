//! Guess first: an answer is hidden until a class has voted on the scan, and then shown beside the votes.

use crate::page::classes::ClassGroup;
use crate::report::{InputRef, Prediction};

/// What can be voted for, in the order of the buttons.
pub const CHOICES: [ClassGroup; 3] = [ClassGroup::Healthy, ClassGroup::Amd, ClassGroup::OtherDisease];

/// The value of `data-vote`.
pub fn vote_name(group: ClassGroup) -> &'static str {
    match group {
        ClassGroup::Healthy => "healthy",
        ClassGroup::Amd => "amd",
        ClassGroup::OtherDisease => "other",
    }
}

/// The votes on one picture.
#[derive(Clone, Debug, PartialEq)]
struct Ballot {
    /// The file's hash and the frame: what a redrawn case has anew.
    of: (String, usize),
    counts: [u32; CHOICES.len()],
    is_open: bool,
}

/// What came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Most voted as the image head answers.
    Same,
    /// Most voted otherwise.
    Other,
    /// No choice has most of the votes.
    Tied,
}

/// The mode, and the votes on each picture.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Guess {
    is_on: bool,
    ballots: Vec<Ballot>,
}

impl Guess {
    /// Whether answers are hidden until there are votes.
    pub fn is_on(&self) -> bool {
        self.is_on
    }

    /// Switches the mode on or off; votes are kept.
    pub fn set(&mut self, is_on: bool) {
        self.is_on = is_on;
    }

    /// Whether the answer about a picture is hidden.
    pub fn is_hiding(&self, input: &InputRef) -> bool {
        self.is_on && !self.ballot(input).is_some_and(|ballot| ballot.is_open)
    }

    /// The votes on a picture, in the order of [`CHOICES`].
    pub fn counts(&self, input: &InputRef) -> [u32; CHOICES.len()] {
        self.ballot(input).map(|ballot| ballot.counts).unwrap_or_default()
    }

    /// Adds a vote, until the answer is shown.
    pub fn vote(&mut self, input: &InputRef, group: ClassGroup) {
        let ballot = self.ballot_mut(input);
        if let Some(at) = CHOICES.iter().position(|choice| *choice == group).filter(|_| !ballot.is_open) {
            ballot.counts[at] += 1;
        }
    }

    /// Shows the answer, once there is a vote.
    pub fn show(&mut self, input: &InputRef) {
        let ballot = self.ballot_mut(input);
        ballot.is_open = ballot.counts.iter().any(|n| *n > 0);
    }

    /// Hides the answer again and takes all votes back.
    pub fn clear(&mut self, input: &InputRef) {
        self.ballots.retain(|ballot| ballot.of != key(input));
    }

    /// The votes beside the image head's answer.
    pub fn outcome(&self, input: &InputRef, answer: &Prediction) -> Option<Outcome> {
        let counts = self.ballot(input).filter(|ballot| ballot.is_open)?.counts;
        let most = counts.iter().max()?;
        let mut winners = CHOICES.iter().zip(counts).filter(|(_, n)| n == most).map(|(group, _)| *group);
        Some(match (winners.next(), winners.next()) {
            (Some(group), None) if group == ClassGroup::of(&answer.label) => Outcome::Same,
            (Some(_), None) => Outcome::Other,
            _ => Outcome::Tied,
        })
    }

    fn ballot(&self, input: &InputRef) -> Option<&Ballot> {
        self.ballots.iter().find(|ballot| ballot.of == key(input))
    }

    fn ballot_mut(&mut self, input: &InputRef) -> &mut Ballot {
        let at = self.ballots.iter().position(|ballot| ballot.of == key(input)).unwrap_or_else(|| {
            self.ballots.push(Ballot { of: key(input), counts: [0; CHOICES.len()], is_open: false });
            self.ballots.len() - 1
        });
        &mut self.ballots[at]
    }
}

fn key(input: &InputRef) -> (String, usize) {
    (input.sha256.clone(), input.frame)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::fixtures::report;

    #[test]
    fn an_answer_is_hidden_until_there_is_a_vote_and_somebody_asks_for_it() {
        let input = report("AMD").input;
        let mut guess = Guess::default();
        assert!(!guess.is_hiding(&input));
        guess.set(true);
        guess.show(&input);
        assert!(guess.is_hiding(&input), "there is no vote yet");
        guess.vote(&input, ClassGroup::Amd);
        assert!(guess.is_hiding(&input) && guess.counts(&input) == [0, 1, 0]);
        guess.show(&input);
        assert!(!guess.is_hiding(&input));
        guess.vote(&input, ClassGroup::Healthy);
        assert_eq!(guess.counts(&input), [0, 1, 0], "who has seen the answer votes no more");
        let other = InputRef { sha256: "1".into(), ..input.clone() };
        assert!(guess.is_hiding(&other), "another picture has votes of its own");
        guess.clear(&input);
        assert!(guess.is_hiding(&input) && guess.counts(&input) == [0; 3]);
        guess.set(false);
        assert!(!guess.is_hiding(&other));
    }

    #[test]
    fn votes_are_compared_with_the_answer() {
        let amd = report("AMD");
        let mut guess = Guess::default();
        guess.set(true);
        guess.vote(&amd.input, ClassGroup::Amd);
        assert_eq!(guess.outcome(&amd.input, &amd.image), None, "not before it is shown");
        guess.show(&amd.input);
        assert_eq!(guess.outcome(&amd.input, &amd.image), Some(Outcome::Same));
        let of = |votes: &[ClassGroup]| {
            let mut guess = Guess::default();
            votes.iter().for_each(|vote| guess.vote(&amd.input, *vote));
            guess.show(&amd.input);
            guess.outcome(&amd.input, &amd.image)
        };
        assert_eq!(of(&[ClassGroup::OtherDisease]), Some(Outcome::Other));
        assert_eq!(of(&[ClassGroup::Healthy, ClassGroup::Amd]), Some(Outcome::Tied));
        assert_eq!(of(&[ClassGroup::Healthy, ClassGroup::Amd, ClassGroup::Amd]), Some(Outcome::Same));
    }
}
