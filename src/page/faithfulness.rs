//! The panel that tests the shown map and words: what was asked, how far it is, and what came out. The model is asked by
//! workers of their own, which live while the panel is open, so that the page's worker stays free. Plain data: each change
//! returns the requests to send; `web` starts the workers that [`Faithfulness::seats`] names, and ends all others.

mod pool;
pub mod reading;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::sync::Arc;

use crate::error::Error;
use crate::explain::faithfulness::agreement::agreement;
use crate::explain::faithfulness::curves::curves;
use crate::explain::faithfulness::masks::N_RANDOM_ORDERS;
use crate::page::scans::OpenScan;
use crate::protocol::{Check, Checked, Failure, Request, RequestId, Response, ScanId};
use crate::report::{Fill, Heatmap, MaskPlan, MaskingCurves, Options, RandomPart, Report, WordFaithfulness};
use pool::Pool;
use reading::Standing;

pub use pool::Seat;

/// Workers at most: each holds a copy of the model.
const MAX_WORKERS: usize = 4;
/// The smallest and the largest portion of masks that a worker gets at a time.
const PORTIONS: [usize; 2] = [2, 8];
/// A portion is this part of what is left: at first large, as the page has work with every answer, while the workers need all
/// cores; at the end small, so that no worker is left waiting for another.
const PART_OF_REST: usize = 8;
/// Decides the random orders: the same on every visit.
const ORDER_SEED: u64 = 1;

/// Requests, and the workers that get them.
pub type Sendings = Vec<(Seat, Request)>;

/// How far the tests are.
#[derive(Clone, Debug, PartialEq)]
pub enum Progress {
    /// The panel is closed.
    Closed,
    /// The workers get ready.
    Preparing,
    /// So many questions of all are answered.
    Running([usize; 2]),
    /// Stopped by the visitor before the end.
    Cancelled,
    /// No worker is left, or a question cannot be answered.
    Failed(Failure),
    /// Everything that was asked is answered.
    Done,
}

impl Progress {
    /// Answered questions, in percent of all.
    pub fn percent(&self) -> usize {
        match self {
            Self::Running([n_done, n_all]) => n_done * 100 / (*n_all).max(1),
            Self::Done => 100,
            Self::Closed | Self::Preparing | Self::Cancelled | Self::Failed(_) => 0,
        }
    }

    /// Whether questions are under way.
    pub fn is_busy(&self) -> bool {
        matches!(self, Self::Preparing | Self::Running(_))
    }

    /// The value of `data-phase`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Preparing => "preparing",
            Self::Running(_) => "running",
            Self::Cancelled => "cancelled",
            Self::Failed(_) => "failed",
            Self::Done => "done",
        }
    }
}

/// A question to the model.
#[derive(Clone, Debug, PartialEq)]
enum Task {
    /// Masks of the plan.
    Masks(Range<usize>),
    Grounds,
    Random(RandomPart),
}

impl Task {
    /// Answers that it brings.
    fn weight(&self) -> usize {
        match self {
            Self::Masks(range) => range.len(),
            Self::Grounds | Self::Random(_) => 1,
        }
    }
}

/// What the tests are about.
#[derive(Clone, Debug)]
struct Subject {
    scan: ScanId,
    report: Arc<Report>,
    options: Options,
    /// What makes a worker know the scan as it was looked at.
    analysis: Request,
}

impl Subject {
    fn new(scan: &OpenScan) -> Option<Self> {
        let answer = scan.answer.as_ref()?;
        let options = answer.answered.clone();
        // Which map the worker then makes does not matter. The number is set when it is asked.
        let analysis = scan.analysis(0, Options { view: options.view, ..Options::default() });
        Some(Self { scan: scan.id, report: answer.report.clone(), options, analysis })
    }

    /// Whether the same explanation is shown.
    fn is_of(&self, scan: &OpenScan) -> bool {
        let Some(report) = scan.report() else { return false };
        let of = |report: &Report| (report.model.clone(), report.input.clone(), report.caption.text.clone());
        scan.id == self.scan
            && (Arc::ptr_eq(report, &self.report)
                || of(report) == of(&self.report)
                    && report.heatmap == self.report.heatmap
                    && report.tokens == self.report.tokens)
    }
}

/// The words, and where the heat lies.
#[derive(Clone, Debug, PartialEq)]
pub struct Grounds {
    /// Share of the heat in the retina, 0…1; none where no retina was found, or the map is empty.
    pub in_retina: Option<f64>,
    /// How the text head answers with the top phrases alone, and without them.
    pub words: WordFaithfulness,
}

/// The map of the model with random weights in a part.
#[derive(Clone, Debug, PartialEq)]
pub struct Changed {
    /// The part.
    pub part: RandomPart,
    /// The map.
    pub map: Heatmap,
    /// Its rank correlation with the shown map, −1…1; none if that is even.
    pub agreement: Option<f64>,
}

/// The tests of one explanation.
#[derive(Clone, Debug)]
struct Run {
    subject: Subject,
    /// None of an empty map.
    plan: Option<MaskPlan>,
    scores: Vec<Option<f32>>,
    grounds: Option<Grounds>,
    is_random_wanted: bool,
    changed: Vec<Changed>,
    /// None once it has ended.
    pool: Option<Pool<Task>>,
    failure: Option<Failure>,
}

impl Run {
    fn new(subject: Subject) -> Self {
        let map = &subject.report.heatmap;
        let plan = map.hottest().map(|_| MaskPlan::new(map, Fill::default(), N_RANDOM_ORDERS, ORDER_SEED));
        let n_masks = plan.as_ref().map_or(0, MaskPlan::n_masks);
        Self {
            subject,
            plan,
            scores: vec![None; n_masks],
            grounds: None,
            is_random_wanted: false,
            changed: Vec::new(),
            pool: None,
            failure: None,
        }
    }

    /// What is asked and not answered.
    fn open_tasks(&self) -> Vec<Task> {
        // The words first: they are one question, which would keep a worker at the end.
        let mut tasks: Vec<Task> = self.grounds.is_none().then_some(Task::Grounds).into_iter().collect();
        let open: Vec<usize> = (0..self.scores.len()).filter(|i| self.scores[*i].is_none()).collect();
        let mut n_left = open.len();
        for run in open.chunk_by(|a, b| a + 1 == *b) {
            let mut masks = run[0]..run[0] + run.len();
            while !masks.is_empty() {
                let [least, most] = PORTIONS;
                let portion = (n_left / PART_OF_REST).clamp(least, most).min(masks.len());
                tasks.push(Task::Masks(masks.start..masks.start + portion));
                masks.start += portion;
                n_left -= portion;
            }
        }
        let parts = RandomPart::ALL.into_iter().filter(|_| self.is_random_wanted);
        tasks.extend(parts.filter(|part| self.changed.iter().all(|c| c.part != *part)).map(Task::Random));
        tasks
    }

    fn progress(&self) -> Progress {
        let n_open = self.open_tasks().iter().map(Task::weight).sum::<usize>();
        let n_random = if self.is_random_wanted { RandomPart::ALL.len() } else { 0 };
        let n_all = self.scores.len() + 1 + n_random;
        match (&self.failure, &self.pool) {
            (Some(failure), _) => Progress::Failed(failure.clone()),
            _ if n_open == 0 => Progress::Done,
            (None, None) => Progress::Cancelled,
            (None, Some(pool)) if !pool.has_ready() => Progress::Preparing,
            (None, Some(_)) => Progress::Running([n_all - n_open, n_all]),
        }
    }

    fn question(&self, task: &Task) -> Check {
        let Report { heatmap, caption, tokens, .. } = &*self.subject.report;
        let target = heatmap.target.clone();
        match task {
            Task::Masks(range) => {
                let masks = self.plan.iter().flat_map(|plan| range.clone().filter_map(|i| plan.mask(i))).collect();
                Check::Masked { masks, target }
            }
            Task::Grounds => {
                Check::Grounds { map: heatmap.clone(), caption: caption.text.clone(), tokens: tokens.clone() }
            }
            Task::Random(part) => Check::Randomized { part: *part, target, options: self.subject.options.clone() },
        }
    }

    /// Takes an answer in. Returns whether it is one to the question.
    fn take(&mut self, task: &Task, outcome: Checked) -> bool {
        match (task, outcome) {
            (Task::Masks(range), Checked::Masked(scores)) if scores.len() == range.len() => {
                for (at, score) in range.clone().zip(scores) {
                    self.scores[at] = Some(score);
                }
            }
            (Task::Grounds, Checked::Grounds { in_retina, words }) => {
                self.grounds = Some(Grounds { in_retina, words });
            }
            (Task::Random(part), Checked::Randomized(map)) => {
                let agreement = agreement(&self.subject.report.heatmap, &map);
                self.changed.push(Changed { part: *part, map, agreement });
                self.changed.sort_by_key(|changed| changed.part);
            }
            _ => return false,
        }
        true
    }

    fn fail(&mut self, failure: Failure) {
        self.failure = Some(failure);
        self.pool = None;
    }

    fn curves(&self) -> Option<MaskingCurves> {
        let scores: Option<Vec<f32>> = self.scores.iter().copied().collect();
        curves(self.plan.as_ref()?, &scores?)
    }
}

/// The panel.
#[derive(Clone, Debug, Default)]
pub struct Faithfulness {
    run: Option<Run>,
    last_id: u32,
}

/// Queries.
impl Faithfulness {
    /// How far the tests are.
    pub fn progress(&self) -> Progress {
        self.run.as_ref().map_or(Progress::Closed, Run::progress)
    }

    /// The workers that are needed now.
    pub fn seats(&self) -> Vec<Seat> {
        self.pool().map(|pool| pool.seats().collect()).unwrap_or_default()
    }

    /// Deletion and insertion curves, once they are whole.
    pub fn curves(&self) -> Option<MaskingCurves> {
        self.run.as_ref()?.curves()
    }

    /// How the map stands beside random orders, once that is known.
    pub fn standing(&self) -> Option<Standing> {
        let run = self.run.as_ref()?;
        if run.plan.is_none() {
            return Some(Standing::Empty);
        }
        Some(Standing::of(&run.curves()?))
    }

    /// The words, and where the heat lies.
    pub fn grounds(&self) -> Option<&Grounds> {
        self.run.as_ref()?.grounds.as_ref()
    }

    /// Maps of the model with random weights, from the output down.
    pub fn changed(&self) -> &[Changed] {
        self.run.as_ref().map_or(&[], |run| &run.changed)
    }

    /// Whether maps with random weights may be asked for: of a map that is not empty, once.
    pub fn can_randomize(&self) -> bool {
        self.run.as_ref().is_some_and(|run| run.plan.is_some() && !run.is_random_wanted && run.failure.is_none())
    }

    /// Whether the tests are about what is shown now, and its answer is open.
    pub fn fits(&self, shown: Option<&OpenScan>) -> bool {
        let Some(run) = &self.run else { return true };
        shown.is_some_and(|scan| !scan.is_folded() && run.subject.is_of(scan))
    }

    fn pool(&self) -> Option<&Pool<Task>> {
        self.run.as_ref()?.pool.as_ref()
    }
}

/// What visitors and workers do.
impl Faithfulness {
    /// Opens the panel for a scan whose answer is open, and begins; `n_cores` are the machine's.
    pub fn open(&mut self, scan: &OpenScan, n_cores: usize) -> Sendings {
        if scan.is_folded() {
            return Vec::new();
        }
        self.run = Subject::new(scan).map(Run::new);
        self.resume(n_cores)
    }

    /// Closes the panel: its workers end, and what they found is dropped.
    pub fn close(&mut self) {
        self.run = None;
    }

    /// Ends the workers; what they found stays.
    pub fn cancel(&mut self) {
        if let Some(run) = &mut self.run {
            run.pool = None;
            // What was asked last can be asked again by its own button.
            run.is_random_wanted &= run.changed.len() == RandomPart::ALL.len();
        }
    }

    /// Goes on with what is not answered.
    pub fn resume(&mut self, n_cores: usize) -> Sendings {
        let Some(run) = &mut self.run else { return Vec::new() };
        let tasks = run.open_tasks();
        run.failure = None;
        let model = Some(run.subject.report.model.name.clone());
        let mut sendings = Vec::new();
        let pool = run.pool.get_or_insert_with(|| {
            let first = self.last_id + 1;
            self.last_id += n_cores.clamp(1, MAX_WORKERS) as u32;
            let pool = Pool::new(first..=self.last_id);
            sendings.extend(pool.seats().map(|seat| (seat, Request::Load { model: model.clone() })));
            pool
        });
        if !pool.has_tasks() {
            pool.add(tasks);
        }
        sendings.extend(self.deal());
        sendings
    }

    /// Asks for the maps with random weights.
    pub fn randomize(&mut self, n_cores: usize) -> Sendings {
        if !self.can_randomize() {
            return Vec::new();
        }
        let Some(run) = &mut self.run else { return Vec::new() };
        run.is_random_wanted = true;
        if let Some(pool) = run.pool.as_mut().filter(|pool| pool.has_tasks()) {
            pool.add(RandomPart::ALL.map(Task::Random));
            return self.deal();
        }
        self.resume(n_cores)
    }

    /// A worker says something. What it says too late is ignored.
    pub fn hear(&mut self, seat: Seat, response: Response) -> Sendings {
        let Some(run) = self.run.as_mut() else { return Vec::new() };
        let Some(pool) = run.pool.as_mut().filter(|pool| pool.seats().any(|other| other == seat)) else {
            return Vec::new();
        };
        match response {
            Response::Loaded { card, .. } if card.sha256 != run.subject.report.model.sha256 => {
                let other = Error::weights("the site now has other weights of this model: reload the page");
                self.lose(seat, other.into())
            }
            Response::Loaded { .. } => {
                self.last_id += 1;
                vec![(seat, run.subject.analysis(self.last_id))]
            }
            Response::Analyzed { .. } => {
                pool.prepared(seat);
                self.deal()
            }
            Response::Checked { id, outcome } => {
                if let Some(task) = pool.take(seat, id)
                    && !run.take(&task, *outcome)
                {
                    run.fail(Error::config("a worker answered another question: reload the page").into());
                }
                self.deal()
            }
            Response::Failed { id: Some(id), failure } if pool.take(seat, id).is_some() => {
                run.fail(failure);
                Vec::new()
            }
            Response::Failed { failure, .. } | Response::Crashed { failure } => self.lose(seat, failure),
            _ => Vec::new(),
        }
    }

    /// A worker is dead. The others take its questions; without any the tests have failed.
    pub fn lose(&mut self, seat: Seat, failure: Failure) -> Sendings {
        let Some(run) = &mut self.run else { return Vec::new() };
        if run.pool.as_mut().is_some_and(|pool| pool.lose(seat) && pool.is_lost()) {
            run.fail(failure);
        }
        self.deal()
    }

    fn deal(&mut self) -> Sendings {
        let Some(run) = &mut self.run else { return Vec::new() };
        let Some(pool) = &mut run.pool else { return Vec::new() };
        let dealt = pool.deal(|| {
            self.last_id += 1;
            self.last_id
        });
        let scan = run.subject.scan;
        let request = |(seat, id, task): (Seat, RequestId, Task)| {
            (seat, Request::Check { id, scan, check: Box::new(run.question(&task)) })
        };
        dealt.into_iter().map(request).collect()
    }
}

impl Subject {
    /// What makes a worker know the scan, as request `id`.
    fn analysis(&self, id: RequestId) -> Request {
        let mut request = self.analysis.clone();
        if let Request::Analyze { id: number, .. } | Request::Draw { id: number, .. } = &mut request {
            *number = id;
        }
        request
    }
}
