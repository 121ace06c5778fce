//! The tour: eight scenes on drawn scans, each with what is done once it is answered. What they say stands in `page::text`.

use crate::caption::{Diagnosis, Lesion};
use crate::page::scans::OpenScan;
use crate::page::teach::scene::{Scene, Source};
use crate::phantom::case::Case;
use crate::report::{CaptionSource, Options};
use crate::scan::view::{Turn, View};

/// How many steps there are.
pub const N_STEPS: usize = 8;

/// What is done once a step's scan is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// Nothing more.
    Look,
    /// The first finding of its caption is taken away.
    DropWord,
    /// The map is tested against a head with random weights.
    Randomize,
}

/// A step of the tour.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// What is shown.
    pub scene: Scene,
    /// What is done then.
    pub then: Then,
}

/// The case of the steps on lesions: drusen with fluid above them.
fn lesions() -> Case {
    Case { seed: 25, ..Case::default() }.with(Lesion::SoftDrusen, 7).with(Lesion::Fluid, 6)
}

/// A step, from 1; the last one for any larger number.
pub fn step(number: usize) -> Step {
    let case = |case: Case| Scene::of(Source::Case(case));
    let demo = |file: &str| Scene::of(Source::Demo(file.to_owned()));
    let look = |scene| Step { scene, then: Then::Look };
    match number {
        // What each head sees.
        0 | 1 => look(case(lesions())),
        // Where the lesions really are.
        2 => look(Scene { is_revealed: true, ..case(lesions()) }),
        // A word goes.
        3 => Step { scene: case(lesions()), then: Then::DropWord },
        // The head is randomised.
        4 => Step { scene: case(lesions()), then: Then::Randomize },
        // The scan is turned.
        5 => {
            let view = Some(View { turn: Turn::Half, ..View::default() });
            let scene = Scene { is_revealed: true, ..case(lesions()) };
            look(Scene { options: Options { view, ..Options::default() }, ..scene })
        }
        // The scan is noisy.
        6 => look(Scene { is_revealed: true, ..case(Case { speckle: 10, ..lesions() }) }),
        // A warning.
        7 => look(case(Case { gain: 0, speckle: 0, ..lesions() })),
        // What the map cannot tell.
        _ => {
            let target = Some(Diagnosis::Amd.label().to_owned());
            look(Scene { options: Options { target, ..Options::default() }, ..demo("healthy.png") })
        }
    }
}

/// Where a visitor is on the tour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tour {
    /// The step, from 1; none off the tour.
    at: Option<usize>,
    /// Whether what a step does after its answer is still to be done.
    is_due: bool,
}

impl Tour {
    /// The step, from 1; none off the tour.
    pub fn at(self) -> Option<usize> {
        self.at
    }

    /// Goes to a step, from 1, or the nearest that there is.
    pub fn go(&mut self, number: usize) -> Step {
        let number = number.clamp(1, N_STEPS);
        let step = step(number);
        *self = Self { at: Some(number), is_due: step.then != Then::Look };
        step
    }

    /// Ends it.
    pub fn leave(&mut self) {
        *self = Self::default();
    }

    /// What is to be done now that `shown` is answered; once for each step. None while the step's scan is not there as the
    /// step shows it.
    pub fn due(&mut self, shown: &OpenScan) -> Option<Then> {
        let step = step(self.at.filter(|_| self.is_due)?);
        let is_of_step = match (&step.scene.source, &shown.made) {
            (Source::Case(case), Some(made)) => made.wanted == *case && made.asked == *case,
            (Source::Demo(file), None) => shown.name == *file,
            _ => false,
        };
        let report = shown.report()?;
        let is_as_retrieved = shown.wanted.caption.is_none() && report.caption.source == CaptionSource::Retrieved;
        let is_there = is_of_step && is_as_retrieved && !shown.is_awaited() && shown.pixels().is_some();
        if !is_there {
            return None;
        }
        self.is_due = false;
        Some(step.then)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::page::demo::demo_scans;
    use crate::page::fixtures::held;
    use crate::page::made::Made;
    use crate::page::scans::Origin;
    use crate::page::text::LANGUAGES;

    #[test]
    fn every_step_shows_a_scan_of_the_site_and_says_two_sentences() {
        let demo = demo_scans(include_str!("../../../www/samples/index.json"));
        for number in 1..=N_STEPS {
            if let Source::Demo(file) = step(number).scene.source {
                assert!(demo.iter().any(|scan| scan.file == file), "{file}");
            }
            for language in &LANGUAGES {
                let [title, said] = language.text.teach.steps[number - 1];
                assert!(!title.is_empty() && !title.ends_with('.'), "{title}");
                assert_eq!(said.matches(['.', '?']).count(), 2, "{}: {said}", language.tag);
                assert!(said.ends_with('.'), "{said}");
            }
        }
        let is_other = |number| step(number) != step(number - 1);
        assert!((2..=N_STEPS).all(is_other), "each step changes something");
    }

    #[test]
    fn the_tour_goes_from_its_first_step_to_its_last() {
        let mut tour = Tour::default();
        assert_eq!(tour.at(), None);
        for (wanted, number) in [(0, 1), (3, 3), (99, N_STEPS)] {
            tour.go(wanted);
            assert_eq!(tour.at(), Some(number));
        }
        tour.leave();
        assert_eq!(tour, Tour::default());
    }

    #[test]
    fn what_follows_an_answer_is_done_once_and_only_to_the_steps_own_scan() {
        let mut tour = Tour::default();
        let mut scan = held(1, "AMD, fluid, soft drusen");
        scan.origin = Origin::Made;
        scan.made = Some(Made::new(lesions()));
        assert_eq!(tour.due(&scan), None);
        tour.go(3);
        let mut behind = scan.clone();
        behind.made = Some(Made { asked: Case::default(), ..Made::new(lesions()) });
        assert_eq!(tour.due(&behind), None, "it is not drawn yet");
        let mut edited = scan.clone();
        Arc::make_mut(&mut edited.answer.as_mut().unwrap().report).caption.source = CaptionSource::Edited;
        assert_eq!(tour.due(&edited), None, "an answer about words of before");
        assert_eq!(tour.due(&held(2, "AMD")), None);
        assert_eq!(tour.due(&scan), Some(Then::DropWord));
        assert_eq!(tour.due(&scan), None);
        tour.go(4);
        assert_eq!(tour.due(&scan), Some(Then::Randomize));
        tour.go(2);
        assert_eq!(tour.due(&scan), None);
    }
}
