//! The one list of opened scans. A scan stays listed until it is removed or its file cannot be read. To save memory, only
//! pixels are released; they are read from the file again. Each frame of a file is a scan of its own, listed after the first
//! one. Knows ids and names; `web` holds the files, by the ids of their first frames.

use std::cmp::Reverse;
use std::sync::Arc;

use crate::eye::EyeKey;
use crate::page::made::Made;
use crate::page::thumbnail::Thumbnail;
use crate::protocol::{Request, RequestId, ScanId};
use crate::report::{CaptionSource, Doubt, Options, Report};

/// How many scans the page and the worker hold at most, ready to be drawn and explained again.
pub const MAX_HELD: usize = 12;
/// How many pixels of scans they hold at most. The shown scan is held whatever its size.
pub const MAX_HELD_PIXELS: usize = 64 << 20;

/// The state of an opened scan.
#[derive(Clone, Debug, PartialEq)]
pub enum ScanState {
    /// Its file is being fetched.
    Fetching,
    /// It waits for the worker.
    Queued,
    /// The worker is analysing it.
    Analyzing(RequestId),
    /// It can be drawn, and the worker can explain it again.
    Held {
        /// Grey, row by row.
        pixels: Arc<Vec<u8>>,
        /// When it was last shown, on the list's own clock.
        used: u64,
    },
    /// Its pixels were released; it is analysed again when it is shown.
    Released,
}

/// The newest answer about a scan.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// What was found.
    pub report: Arc<Report>,
    /// What was asked.
    pub answered: Options,
}

impl Answer {
    /// The caption that was retrieved for the scan, whatever was read instead.
    pub fn retrieved(&self) -> &str {
        let caption = &self.report.caption;
        match (caption.source, caption.candidates.first()) {
            // The candidates begin with the closest one, which is the one that is retrieved.
            (CaptionSource::Edited, Some(closest)) => &closest.text,
            _ => &caption.text,
        }
    }
}

/// Where a scan's file comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A visitor's device.
    Visitor,
    /// The demo scans of the site.
    Demo,
    /// No file: it is drawn as the visitor says.
    Made,
}

/// Where a scan is listed: by what was opened together, file and frame.
pub type Place = (Reverse<ScanId>, ScanId, usize);

/// A scan that a visitor has opened.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenScan {
    /// Its number.
    pub id: ScanId,
    /// Its file: the number of the file's first frame.
    pub file: ScanId,
    /// The files that were opened together: the number of the first of them.
    pub batch: ScanId,
    /// Which eye the file says it is of.
    pub eye: Option<EyeKey>,
    /// Its file's name.
    pub name: String,
    /// Which frame of the file, from 0.
    pub frame: usize,
    /// Frames in the file, as far as is known: one until the first is answered.
    pub n_frames: usize,
    /// Where its file comes from.
    pub origin: Origin,
    /// What is drawn, where there is no file.
    pub made: Option<Made>,
    /// Its state.
    pub state: ScanState,
    /// It as its thumbnail shows it, once it was read; it outlives the pixels.
    pub thumbnail: Option<Arc<Thumbnail>>,
    /// The model's newest answer about it, if there is one.
    pub answer: Option<Answer>,
    /// The reasons to doubt the answer that a visitor had read when they opened it; none while it is folded.
    pub opened_despite: Option<Vec<Doubt>>,
    /// What was last asked of it; the answer may be on its way.
    pub wanted: Options,
    /// How often in a row the worker died of it.
    pub n_deaths: u32,
    /// Whether its file has been read once; a file that cannot be read at all is taken off the list.
    pub was_read: bool,
}

impl OpenScan {
    /// Its name, with its number where the file has several frames.
    pub fn title(&self) -> String {
        if self.n_frames > 1 {
            format!("{}, {}/{}", self.name, self.frame + 1, self.n_frames)
        } else {
            self.name.clone()
        }
    }

    /// The newest report about it.
    pub fn report(&self) -> Option<&Arc<Report>> {
        self.answer.as_ref().map(|answer| &answer.report)
    }

    /// The caption last asked for: a person's, or the retrieved one.
    pub fn caption(&self) -> &str {
        let retrieved = || self.answer.as_ref().map_or("", Answer::retrieved);
        self.wanted.caption.as_deref().unwrap_or_else(retrieved)
    }

    /// The class whose reasons were last asked for.
    pub fn target(&self) -> Option<&str> {
        self.wanted.target.as_deref().or_else(|| Some(self.report()?.heatmap.target.as_str()))
    }

    /// Grey, row by row, where it is held; of a case that is drawn anew, those of before until it is answered.
    pub fn pixels(&self) -> Option<&Arc<Vec<u8>>> {
        match &self.state {
            ScanState::Held { pixels, .. } => Some(pixels),
            _ => self.made.as_ref()?.pixels.as_ref(),
        }
    }

    /// What makes a worker know the scan: its file is read, or it is drawn.
    pub fn analysis(&self, id: RequestId, options: Options) -> Request {
        let (scan, name) = (self.id, self.name.clone());
        match &self.made {
            Some(made) => Request::Draw { id, scan, name, case: made.asked, options },
            None => Request::Analyze { id, scan, file: self.file, name, frame: self.frame, options },
        }
    }

    /// Whether its answer is folded away: there is a warning, and nobody has opened the answer in spite of all of its reasons.
    pub fn is_folded(&self) -> bool {
        let Some(warning) = self.report().map(|report| &report.warning).filter(|warning| !warning.is_none()) else {
            return false;
        };
        let is_read = |read: &Vec<Doubt>| warning.reasons.iter().all(|doubt| read.contains(doubt));
        !self.opened_despite.as_ref().is_some_and(is_read)
    }

    /// Whether both look the same on the page: the same scan, the same answer, the same questions.
    pub fn looks_like(&self, other: &Self) -> bool {
        let is_same = |a: Option<&Arc<Report>>, b: Option<&Arc<Report>>| match (a, b) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (a, b) => a.is_none() && b.is_none(),
        };
        self.id == other.id
            && self.n_frames == other.n_frames
            && self.wanted == other.wanted
            && self.is_awaited() == other.is_awaited()
            && self.is_folded() == other.is_folded()
            && is_same(self.report(), other.report())
            && self.pixels().map(Arc::as_ptr) == other.pixels().map(Arc::as_ptr)
    }

    /// Where it is listed among all: what was opened last comes first.
    pub fn place(&self) -> Place {
        (Reverse(self.batch), self.file, self.frame)
    }

    /// Whether it waits for an answer.
    pub fn is_awaited(&self) -> bool {
        matches!(self.state, ScanState::Fetching | ScanState::Queued | ScanState::Analyzing(_))
    }
}

/// The scans that a visitor has opened, those opened last first.
#[derive(Clone, Debug, Default)]
pub struct Scans {
    list: Vec<OpenScan>,
    clock: u64,
}

impl Scans {
    /// All of them, in the order in which they are listed.
    pub fn iter(&self) -> impl Iterator<Item = &OpenScan> {
        self.list.iter()
    }

    /// The files, by their first frames.
    pub fn files(&self) -> impl Iterator<Item = &OpenScan> {
        self.list.iter().filter(|scan| scan.frame == 0)
    }

    /// The frames of a file, in order.
    pub fn frames(&self, file: ScanId) -> impl Iterator<Item = &OpenScan> {
        self.list.iter().filter(move |scan| scan.file == file)
    }

    /// The scan of a number.
    pub fn get(&self, id: ScanId) -> Option<&OpenScan> {
        self.list.iter().find(|scan| scan.id == id)
    }

    /// The demo scan of a file.
    pub fn demo(&self, file: &str) -> Option<&OpenScan> {
        self.list.iter().find(|scan| scan.origin == Origin::Demo && scan.name == file)
    }

    pub(super) fn get_mut(&mut self, id: ScanId) -> Option<&mut OpenScan> {
        self.list.iter_mut().find(|scan| scan.id == id)
    }

    /// The scan that request `id` analyses.
    pub(super) fn analyzing(&self, id: RequestId) -> Option<ScanId> {
        self.list.iter().find(|scan| scan.state == ScanState::Analyzing(id)).map(|scan| scan.id)
    }

    /// Lists scans that were opened together, before all others; their files are being fetched.
    pub(super) fn open(&mut self, origin: Origin, opened: impl IntoIterator<Item = (ScanId, String)>) {
        let mut opened = opened.into_iter().peekable();
        let Some(batch) = opened.peek().map(|(first, _)| *first) else { return };
        let scan = |(id, name)| OpenScan {
            id,
            file: id,
            batch,
            eye: None,
            name,
            frame: 0,
            n_frames: 1,
            origin,
            made: None,
            state: ScanState::Fetching,
            thumbnail: None,
            answer: None,
            opened_despite: None,
            wanted: Options::default(),
            n_deaths: 0,
            was_read: false,
        };
        self.list.splice(0..0, opened.map(scan));
    }

    /// Lists the other frames of a file, after its first one; they wait for the worker.
    pub(super) fn open_frames(&mut self, file: ScanId, others: &[ScanId]) {
        let Some(at) = self.list.iter().position(|scan| scan.id == file) else { return };
        self.list[at].n_frames = others.len() + 1;
        let first = &self.list[at];
        let other = |(id, frame): (&ScanId, usize)| OpenScan {
            id: *id,
            frame,
            state: ScanState::Queued,
            thumbnail: None,
            answer: None,
            opened_despite: None,
            wanted: Options::default(),
            // Its file was: it stays listed even if its own pixels cannot be read.
            was_read: true,
            ..first.clone()
        };
        let others: Vec<OpenScan> = others.iter().zip(1..).map(other).collect();
        self.list.splice(at + 1..at + 1, others);
    }

    /// Takes the scans for which `is_gone` holds off the list. Returns them in their order.
    pub(super) fn take(&mut self, is_gone: impl Fn(&OpenScan) -> bool) -> Vec<OpenScan> {
        let (gone, list) = std::mem::take(&mut self.list).into_iter().partition(is_gone);
        self.list = list;
        gone
    }

    /// Lists scans again that were taken off, each where it was.
    pub(super) fn put_back(&mut self, scans: impl IntoIterator<Item = OpenScan>) {
        self.list.extend(scans);
        self.list.sort_by_key(OpenScan::place);
    }

    /// A scan was analysed: it is held from now on.
    pub(super) fn hold(&mut self, id: ScanId, answer: Answer, eye: Option<EyeKey>, pixels: Vec<u8>) {
        self.clock += 1;
        let used = self.clock;
        if let Some(scan) = self.get_mut(id) {
            let (input, map) = (&answer.report.input, &answer.report.heatmap);
            scan.thumbnail = Thumbnail::of(&pixels, [input.width, input.height], map.region).map(Arc::new);
            let pixels = Arc::new(pixels);
            if let Some(made) = &mut scan.made {
                made.is_answered(&pixels);
            }
            scan.state = ScanState::Held { pixels, used };
            scan.answer = Some(answer);
            scan.eye = eye;
            scan.n_deaths = 0;
            scan.was_read = true;
        }
    }

    /// A scan is shown: it will be released last.
    pub(super) fn touch(&mut self, id: ScanId) {
        self.clock += 1;
        let now = self.clock;
        if let Some(OpenScan { state: ScanState::Held { used, .. }, .. }) = self.get_mut(id) {
            *used = now;
        }
    }

    /// The scan to analyse next: the first one in `order` that waits, or else any other if `or_others`; `None` while the worker
    /// is analysing one.
    pub(super) fn next(&self, mut order: impl Iterator<Item = ScanId>, or_others: bool) -> Option<ScanId> {
        if self.list.iter().any(|scan| matches!(scan.state, ScanState::Analyzing(_))) {
            return None;
        }
        let is_queued = |id: &ScanId| self.get(*id).is_some_and(|scan| scan.state == ScanState::Queued);
        let others = || self.list.iter().map(|scan| scan.id).find(is_queued).filter(|_| or_others);
        order.find(is_queued).or_else(others)
    }

    /// Releases the least recently shown scans until what is held fits, except `shown` and the newest one, which is yet to be
    /// drawn. Returns those that the worker must drop too.
    pub(super) fn release(&mut self, shown: Option<ScanId>) -> Vec<ScanId> {
        let mut held: Vec<(u64, usize, ScanId)> = self.list.iter().filter_map(held).collect();
        held.sort_unstable_by_key(|(used, ..)| *used);
        let mut n_held = held.len();
        let mut n_pixels: usize = held.iter().map(|(_, n, _)| n).sum();
        let newest = held.last().map(|(.., id)| *id);
        let mut released = Vec::new();
        for (_, n, id) in held.into_iter().filter(|(.., id)| Some(*id) != shown && Some(*id) != newest) {
            if n_held <= MAX_HELD && n_pixels <= MAX_HELD_PIXELS {
                break;
            }
            n_held -= 1;
            n_pixels -= n;
            released.push(id);
            if let Some(scan) = self.get_mut(id) {
                scan.state = ScanState::Released;
            }
        }
        released
    }

    /// The worker has stopped: the scan that it was analysing waits again.
    pub(super) fn requeue(&mut self) {
        for scan in &mut self.list {
            if matches!(scan.state, ScanState::Analyzing(_)) {
                scan.state = ScanState::Queued;
            }
        }
    }

    /// The worker that held scans is gone: those in `again` and the one that it was analysing wait for the next worker, the
    /// others are read again when they are shown.
    pub(super) fn outlive_worker(&mut self, again: &[ScanId]) {
        self.requeue();
        for scan in self.list.iter_mut().filter(|scan| matches!(scan.state, ScanState::Held { .. })) {
            scan.state = if again.contains(&scan.id) { ScanState::Queued } else { ScanState::Released };
        }
    }

    /// Nothing is awaited any more. Returns what was.
    pub(super) fn await_none(&mut self) -> Vec<ScanId> {
        let awaited = self.list.iter_mut().filter(|scan| scan.is_awaited());
        awaited
            .map(|scan| {
                scan.state = ScanState::Released;
                scan.id
            })
            .collect()
    }

    /// Another model is loaded: drops all answers, and queues what was held, and every frame of a volume that was answered.
    pub(super) fn start_over(&mut self) {
        for scan in &mut self.list {
            let is_answered_frame = scan.n_frames > 1 && scan.answer.is_some();
            if matches!(scan.state, ScanState::Held { .. } | ScanState::Analyzing(_)) || is_answered_frame {
                scan.state = ScanState::Queued;
            }
            scan.answer = None;
            scan.opened_despite = None;
            // Another model may know neither the class nor the phrases that were asked about. The part of the picture that is
            // the scan stays the same.
            scan.wanted = Options { view: scan.wanted.view, ..Options::default() };
        }
    }
}

/// When a held scan was last shown, its number of pixels, and its id.
fn held(scan: &OpenScan) -> Option<(u64, usize, ScanId)> {
    match &scan.state {
        ScanState::Held { pixels, used } => Some((*used, pixels.len(), scan.id)),
        _ => None,
    }
}
