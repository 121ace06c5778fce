//! What the page knows, and how each answer of the worker changes it. Plain data: no DOM, no worker, no signal.

use std::sync::Arc;

use crate::bundle::card::ModelCard;
use crate::bundle::index::ModelChoice;
use crate::caption::{Caption, Vocabulary};
use crate::protocol::{BaselineNews, Progress, Request, RequestId, Response, ScanId};
use crate::report::{CaptionSource, Options, Report};
use crate::web::companion::{Companion, Presence};

/// How many scans of a session are kept; the oldest make room.
pub const MAX_SCANS: usize = 12;

/// Where the page stands: what `data-phase` tells.
#[derive(Clone, Debug, PartialEq)]
pub enum Phase {
    /// The model's weights are coming.
    Loading(Progress),
    /// A scan may come.
    Ready,
    /// An answer is awaited.
    Analyzing(RequestId),
    /// The answer shown is the newest.
    Done,
    /// What was last asked for failed; the last good answer is still shown.
    Failed,
}

impl Phase {
    /// The value of `data-phase`.
    pub fn name(&self) -> &'static str {
        match self {
            Phase::Loading(_) => "loading",
            Phase::Ready => "ready",
            Phase::Analyzing(_) => "analyzing",
            Phase::Done => "done",
            Phase::Failed => "failed",
        }
    }
}

/// The model's own state.
#[derive(Clone, Debug)]
pub enum Model {
    /// Its weights are coming.
    Loading(Progress),
    /// It answers.
    Ready(Arc<ModelCard>),
    /// It could not be loaded; trying again may help.
    Failed,
    /// The worker is gone; only a reload helps.
    Lost,
}

/// Something that went wrong, for people.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// The scan it is about.
    pub name: Option<String>,
    /// One clear line.
    pub message: String,
}

/// A scan that has been answered.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its number.
    pub id: ScanId,
    /// The newest answer.
    pub report: Arc<Report>,
    /// Grey, row by row.
    pub pixels: Arc<Vec<u8>>,
    /// The caption that was retrieved for it.
    pub retrieved: String,
    /// What was last asked of it; the answer may be under way.
    pub wanted: Options,
}

impl Entry {
    /// The caption last asked for.
    pub fn caption(&self) -> &str {
        self.wanted.caption.as_deref().unwrap_or(&self.retrieved)
    }
}

/// A request that is under way.
#[derive(Clone, Debug)]
struct Job {
    id: RequestId,
    scan: ScanId,
    name: String,
    kind: JobKind,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum JobKind {
    /// A new scan, to be shown when its answer is there.
    Show,
    /// A new scan that came together with others, to be listed after this one.
    ListAfter(ScanId),
    /// Another question about a scan.
    Revise,
}

/// All the page knows.
#[derive(Clone, Debug)]
pub struct AppState {
    /// The model's own state.
    pub model: Model,
    /// Scans with an answer, the newest group first.
    pub scans: Vec<Entry>,
    /// What went wrong since the visitor's last step.
    pub problems: Vec<Problem>,
    /// The models to choose from.
    pub models: Vec<ModelChoice>,
    /// The model that was asked for, or none for the default one.
    pub wanted_model: Option<String>,
    /// The baseline that the model may be compared with.
    pub companion: Option<Companion>,
    shown: Option<ScanId>,
    jobs: Vec<Job>,
    last_id: u32,
}

impl Default for AppState {
    fn default() -> Self {
        Self {
            model: Model::Loading(Progress { done_bytes: 0, total_bytes: 0 }),
            scans: Vec::new(),
            problems: Vec::new(),
            models: Vec::new(),
            wanted_model: None,
            companion: None,
            shown: None,
            jobs: Vec::new(),
            last_id: 0,
        }
    }
}

impl AppState {
    /// Where the page stands.
    pub fn phase(&self) -> Phase {
        match (&self.model, self.jobs.first()) {
            (Model::Failed | Model::Lost, _) => Phase::Failed,
            (Model::Loading(progress), _) => Phase::Loading(*progress),
            (Model::Ready(_), Some(job)) => Phase::Analyzing(job.id),
            (Model::Ready(_), None) if !self.problems.is_empty() => Phase::Failed,
            (Model::Ready(_), None) if self.shown.is_some() => Phase::Done,
            (Model::Ready(_), None) => Phase::Ready,
        }
    }

    /// The model's card, once it is loaded.
    pub fn card(&self) -> Option<&Arc<ModelCard>> {
        match &self.model {
            Model::Ready(card) => Some(card),
            Model::Loading(_) | Model::Failed | Model::Lost => None,
        }
    }

    /// The scan that is shown.
    pub fn shown(&self) -> Option<&Entry> {
        self.scans.iter().find(|entry| Some(entry.id) == self.shown)
    }

    /// The new scans whose answers are awaited: the first one's name and how many there are.
    pub fn awaited(&self) -> Option<(&str, usize)> {
        let mut new = self.jobs.iter().filter(|job| job.kind != JobKind::Revise);
        new.next().map(|first| (first.name.as_str(), 1 + new.count()))
    }

    /// A visitor brings scans: what to ask of the worker. The first one is shown when it is answered.
    pub fn analyze(&mut self, names: &[String]) -> Vec<Request> {
        self.problems.clear();
        let options = Options { baseline: self.is_comparing(), ..Options::default() };
        let mut kind = JobKind::Show;
        let ask = |name: &String| {
            let (scan, id) = (self.next_id(), self.next_id());
            self.jobs.push(Job { id, scan, name: name.clone(), kind });
            kind = JobKind::ListAfter(scan);
            Request::Analyze { id, scan, name: name.clone(), frame: 0, options: options.clone() }
        };
        names.iter().map(ask).collect()
    }

    /// The visitor looks at an earlier scan: what to ask of the worker.
    pub fn show(&mut self, scan: ScanId) -> Option<Request> {
        self.problems.clear();
        self.shown = Some(scan);
        self.compare_shown()
    }

    /// Whether the baseline is to answer beside the model, and can.
    pub fn is_comparing(&self) -> bool {
        self.companion.as_ref().is_some_and(Companion::is_on)
    }

    /// The visitor wants to compare, or no longer: what to ask of the worker.
    pub fn set_comparing(&mut self, is_wanted: bool) -> Option<Request> {
        self.problems.clear();
        let request = self.companion.as_mut()?.want(is_wanted);
        request.or_else(|| self.compare_shown())
    }

    /// Asks again about the shown scan, where its answer has a baseline too many or too few.
    fn compare_shown(&mut self) -> Option<Request> {
        let is_comparing = self.is_comparing();
        self.ask_again(|options| options.baseline = is_comparing)
    }

    /// The visitor asks for another caption or class: what to ask of the worker, if a scan is shown.
    pub fn revise(&mut self, change: impl FnOnce(&mut Options)) -> Option<Request> {
        let request = self.ask_again(change)?;
        self.problems.clear();
        Some(request)
    }

    fn ask_again(&mut self, change: impl FnOnce(&mut Options)) -> Option<Request> {
        let shown = self.shown;
        let entry = self.scans.iter_mut().find(|entry| Some(entry.id) == shown)?;
        let mut wanted = entry.wanted.clone();
        change(&mut wanted);
        if wanted == entry.wanted {
            return None;
        }
        entry.wanted = wanted.clone();
        let (scan, name) = (entry.id, entry.report.input.name.clone());
        let id = self.next_id();
        self.jobs.push(Job { id, scan, name, kind: JobKind::Revise });
        Some(Request::Revise { id, scan, options: wanted })
    }

    /// The worker answered. Returns what must be asked in turn: to forget the scans that made room, to compare
    /// what is shown.
    pub fn apply(&mut self, response: Response, pixels: Option<Vec<u8>>) -> Vec<Request> {
        match response {
            Response::Ready { .. } | Response::Crashed { .. } => Vec::new(),
            Response::Models(models) => {
                self.models = models;
                Vec::new()
            }
            Response::Progress(progress) => {
                self.model = Model::Loading(progress);
                Vec::new()
            }
            Response::Loaded { card, baseline } => {
                self.model = Model::Ready(Arc::new(*card));
                self.companion = baseline.map(Companion::new);
                Vec::new()
            }
            Response::Baseline { name, news } => self.hear_of_baseline(&name, news).into_iter().collect(),
            Response::Analyzed { id, report } => self.take_report(id, *report, pixels),
            Response::Failed { id: None, message } => {
                self.model = Model::Failed;
                self.jobs.clear();
                self.problems = vec![Problem { name: None, message }];
                Vec::new()
            }
            Response::Failed { id: Some(id), message } => {
                self.fail(id, message);
                Vec::new()
            }
        }
    }

    /// News of a baseline that another model had are none.
    fn hear_of_baseline(&mut self, name: &str, news: BaselineNews) -> Option<Request> {
        let companion = self.companion.as_mut().filter(|companion| companion.choice.name == name)?;
        match news {
            BaselineNews::Progress(progress) => companion.presence = Presence::Coming(progress),
            BaselineNews::Loaded => companion.presence = Presence::Here,
            BaselineNews::Failed(message) => {
                // Who no longer wants it need not hear why it did not come.
                if companion.is_wanted {
                    self.problems.push(Problem { name: Some(companion.choice.title.clone()), message });
                }
                companion.fail();
            }
        }
        self.compare_shown()
    }

    /// A request failed: what is shown stays.
    pub fn fail(&mut self, id: RequestId, message: String) {
        let Some(job) = self.finish(id) else { return };
        // What was wanted is again what the shown answer says.
        if let Some(entry) = self.scans.iter_mut().find(|entry| entry.id == job.scan) {
            entry.wanted.target = entry.wanted.target.take().map(|_| entry.report.heatmap.target.clone());
            entry.wanted.caption =
                (entry.report.caption.source == CaptionSource::Edited).then(|| entry.report.caption.text.clone());
            entry.wanted.words = entry.report.tokens.method;
            entry.wanted.baseline = entry.report.baseline.is_some();
        }
        self.problems.push(Problem { name: Some(job.name), message });
    }

    /// The worker is gone. What is heard of it first says why; a trap after a panic does not.
    pub fn lose(&mut self, message: String) {
        if matches!(self.model, Model::Lost) {
            return;
        }
        self.model = Model::Lost;
        self.jobs.clear();
        self.problems = vec![Problem { name: None, message }];
    }

    /// A model is loaded, another one or the same again: what to ask of the worker. Its engine knows nothing of the scans
    /// that another one has seen.
    pub fn load(&mut self, model: Option<String>) -> Request {
        let models = std::mem::take(&mut self.models);
        *self = Self { models, wanted_model: model.clone(), last_id: self.last_id, ..Self::default() };
        Request::Load { model }
    }

    fn take_report(&mut self, id: RequestId, report: Report, pixels: Option<Vec<u8>>) -> Vec<Request> {
        let Some(job) = self.finish(id) else { return Vec::new() };
        if let Some(entry) = self.scans.iter_mut().find(|entry| entry.id == job.scan) {
            // An older answer is dropped when a newer one is under way.
            if !self.jobs.iter().any(|later| later.scan == job.scan) {
                entry.report = Arc::new(report);
            }
            return Vec::new();
        }
        let retrieved = report.caption.text.clone();
        let pixels = Arc::new(pixels.unwrap_or_default());
        let wanted = Options { baseline: report.baseline.is_some(), ..Options::default() };
        let entry = Entry { id: job.scan, report: Arc::new(report), pixels, retrieved, wanted };
        let at = match job.kind {
            JobKind::ListAfter(before) => self.scans.iter().position(|entry| entry.id == before).map_or(0, |at| at + 1),
            JobKind::Show | JobKind::Revise => 0,
        };
        self.scans.insert(at, entry);
        if job.kind == JobKind::Show || self.shown.is_none() {
            self.shown = Some(job.scan);
        }
        let n_kept = self.scans.len().min(MAX_SCANS);
        let mut requests: Vec<_> = self.scans.drain(n_kept..).map(|entry| Request::Forget { scan: entry.id }).collect();
        requests.extend(self.compare_shown());
        requests
    }

    fn finish(&mut self, id: RequestId) -> Option<Job> {
        let at = self.jobs.iter().position(|job| job.id == id)?;
        Some(self.jobs.remove(at))
    }

    fn next_id(&mut self) -> u32 {
        self.last_id += 1;
        self.last_id
    }
}

/// The caption with one finding ticked or unticked.
///
/// A retrieved class word is left out of what a person edits, so that the findings decide ("no empty reasons");
/// one that the person wrote stays. Where no finding is left, the class word is all there is to read.
pub fn with_finding(vocabulary: &Vocabulary, entry: &Entry, finding: &str, is_ticked: bool) -> String {
    let mut caption = Caption::parse(vocabulary, entry.caption()).unwrap_or_default();
    let is_written = entry.wanted.caption.is_some() && !caption.findings.is_empty();
    caption.findings.retain(|named| named != finding);
    if is_ticked {
        caption.findings.push(finding.to_owned());
    }
    let label = if is_written { caption.label } else { None };
    let findings: Vec<_> = caption.findings.iter().map(String::as_str).collect();
    let edited = Caption::new(vocabulary, label.as_deref(), &findings).text();
    if edited.is_empty() { class_word(vocabulary, &entry.retrieved).unwrap_or_default() } else { edited }
}

/// The class word that a caption names.
pub fn class_word(vocabulary: &Vocabulary, caption: &str) -> Option<String> {
    Caption::parse(vocabulary, caption).ok()?.label
}
