//! The model, the baseline, and what is kept of each scan so that it can be explained again.

use std::cell::OnceCell;

use js_sys::Uint8Array;
use wasm_bindgen_futures::JsFuture;
use web_sys::Blob;

use crate::bundle::card::ModelCard;
use crate::bundle::index::{Index, IndexEntry};
use crate::bundle::sha256;
use crate::dicom_out::{self, Patient};
use crate::engine::baseline::{Baseline, BaselineAnalysis};
use crate::engine::faithfulness::ModelView;
use crate::engine::{Analysis, Engine, Input};
use crate::error::{Detail, Error, Result};
use crate::eye::EyeKey;
use crate::phantom;
use crate::phantom::case::Case;
use crate::protocol::{BaselineEvent, Check, Checked, Progress, Request, RequestId, Response, ScanId};
use crate::report::{InputRef, Options, Report};
use crate::scan::{ScanFile, format};
use crate::web::fetch::{self, Listed};
use crate::web::worker::{archive, checks};

const WASM_PAGE_BYTES: u64 = 1 << 16;

/// Posts a response to the page, with the pixels of a scan or the bytes of a file if it needs them.
type Post = fn(Response, Option<Uint8Array>);

/// The worker's state.
pub(super) struct Analyzer {
    engine: Option<Engine>,
    /// With its name in the index.
    baseline: Option<(String, Baseline)>,
    scans: Vec<AnalyzedScan>,
    /// The file that was read last, if it has several frames: they are asked for one after the other.
    last_file: Option<OpenedFile>,
    post: Post,
}

/// What is kept of a scan.
struct AnalyzedScan {
    id: ScanId,
    analysis: Analysis,
    baseline: Option<BaselineAnalysis>,
    /// Prepared when an explanation is tested.
    view: OnceCell<ModelView>,
}

/// A file's bytes.
struct OpenedFile {
    id: ScanId,
    bytes: Vec<u8>,
    sha256: String,
}

impl OpenedFile {
    fn input<'a>(&'a self, name: &'a str, frame: usize) -> Input<'a> {
        Input { name, bytes: &self.bytes, frame }
    }
}

/// Fetches a model's file: that of a name, or the default one. `on_event` gets the models to choose from, and the progress.
///
/// # Errors
/// It is not listed, or cannot be fetched whole.
pub(super) async fn fetch_model(model: Option<&str>, on_event: impl Fn(Response)) -> Result<Listed> {
    let no_model = || match model {
        Some(name) => not_listed("model", name),
        None => Error::weights(format!("{} lists no model: add one with train export", fetch::INDEX_URL)),
    };
    let on_index = |index: &Index| on_event(Response::Models(index.choosable().map(IndexEntry::choice).collect()));
    let on_progress = |progress| on_event(Response::Progress(progress));
    fetch::weights(|index| index.pick(model).ok_or_else(no_model), on_index, on_progress).await
}

/// Reads a visitor's own weights file, which is verified when it is loaded. `on_event` gets the models of the site.
///
/// # Errors
/// It is too large, or can no longer be read.
pub(super) async fn read_own_model(file: &Blob, on_event: impl Fn(Response)) -> Result<Listed> {
    let index = fetch::list().await;
    on_event(Response::Models(index.choosable().map(IndexEntry::choice).collect()));
    fetch::own::read(file, index).await
}

/// Fetches a baseline's file.
///
/// # Errors
/// It is not listed, or cannot be fetched whole.
pub(super) async fn fetch_baseline(name: &str, on_progress: impl Fn(Progress)) -> Result<Listed> {
    fetch::weights(|index| index.baseline(name).ok_or_else(|| not_listed("baseline", name)), |_| (), on_progress).await
}

impl Analyzer {
    /// An analyzer without a model.
    pub(super) fn new(post: Post) -> Self {
        Self { engine: None, baseline: None, scans: Vec::new(), last_file: None, post }
    }

    /// Answers any request except [`Request::Load`] and [`Request::LoadBaseline`], whose files are fetched concurrently.
    pub(super) async fn answer(&mut self, request: Request, file: Option<Blob>) {
        match request {
            Request::Analyze { id, scan, file: file_id, name, frame, options } => {
                let outcome = match self.open(file_id, file).await {
                    Ok(file) => {
                        self.analyze(id, scan, &file.input(&name, frame), &file.sha256, &options).map(|n_frames| {
                            self.last_file = (n_frames > 1).then_some(file);
                        })
                    }
                    Err(error) => Err(error),
                };
                self.reply_failure(id, outcome);
            }
            Request::Draw { id, scan, name, case, options } => {
                let outcome = self.draw(id, scan, &name, &case, &options);
                self.reply_failure(id, outcome);
            }
            Request::Revise { id, scan, options } => {
                let outcome = self.revise(id, scan, &options);
                self.reply_failure(id, outcome);
            }
            Request::AskFinding { id, scan, finding, method, layer } => {
                let outcome = self.ask_kept(scan, |engine, analysis| {
                    let report = engine.finding_report(analysis, &finding, method, layer)?;
                    Ok(Response::Finding { id, report: Box::new(report) })
                });
                self.reply_failure(id, outcome);
            }
            Request::Hide { id, scan, regions } => {
                let outcome = self.ask_kept(scan, |engine, analysis| {
                    Ok(Response::Hidden { id, hidden: Box::new(engine.hide(analysis, &regions)?) })
                });
                self.reply_failure(id, outcome);
            }
            Request::Check { id, scan, check } => {
                let outcome = self.check(scan, &check);
                let outcome = outcome.map(|outcome| self.reply(Response::Checked { id, outcome: Box::new(outcome) }));
                self.reply_failure(id, outcome);
            }
            Request::MakeDicom { id, file: file_id, report } => {
                let outcome = match self.open(file_id, file).await {
                    Ok(file) => {
                        let archive = dicom_archive(&file.bytes, &report);
                        // Other frames may be asked for next.
                        self.last_file = (report.input.n_frames > 1).then_some(file);
                        archive
                    }
                    Err(error) => Err(error),
                };
                let made = |bytes: Vec<u8>| {
                    (self.post)(Response::MadeDicom { id }, Some(Uint8Array::from(bytes.as_slice())));
                };
                self.reply_failure(id, outcome.map(made));
            }
            Request::Forget { scan } => self.scans.retain(|kept| kept.id != scan),
            Request::Load { .. } | Request::LoadBaseline { .. } => {}
        }
    }

    /// A model's file has been fetched, or has not. The model before answers until another one takes its place.
    pub(super) fn take_model(&mut self, fetched: Result<Listed>) {
        if let Err(error) = fetched.and_then(|listed| self.load_model(listed)) {
            self.reply(Response::Failed { id: None, failure: error.into() });
        }
    }

    /// Answers about a drawn scan and forgets it. What goes wrong is said when a visitor's scan meets it.
    pub(super) fn warm_up(&self) {
        let Some(engine) = &self.engine else { return };
        let bytes = phantom::draw_case(&Case::default()).pgm();
        let _ = engine.analyze(&Input { name: "", bytes: &bytes, frame: 0 }, &Options::default());
    }

    /// A baseline's file has been fetched, or has not.
    pub(super) fn take_baseline(&mut self, name: String, fetched: Result<Listed>) {
        let event = match fetched.and_then(|listed| self.load_baseline(&listed.entry, listed.bytes)) {
            Ok(()) => BaselineEvent::Loaded,
            Err(error) => BaselineEvent::Failed(error.into()),
        };
        self.reply(Response::Baseline { name, event });
    }

    fn load_model(&mut self, Listed { index, entry, bytes }: Listed) -> Result<()> {
        let engine = Engine::load_verified(&entry.name, bytes, entry.sha256.to_ascii_lowercase())?;
        self.scans.clear();
        self.baseline = None;
        // A wasm memory never shrinks: its size is its peak.
        let n_pages = core::arch::wasm32::memory_size(0) as u64;
        let card = ModelCard { peak_bytes: Some(n_pages * WASM_PAGE_BYTES), ..engine.card() };
        let baseline = index.baseline_for(&card.vocabulary.labels).map(IndexEntry::choice);
        self.engine = Some(engine);
        self.reply(Response::Loaded { card: Box::new(card), baseline });
        Ok(())
    }

    fn load_baseline(&mut self, entry: &IndexEntry, bytes: Vec<u8>) -> Result<()> {
        let baseline = Baseline::load_verified(&entry.file, bytes, entry.sha256.to_ascii_lowercase())?;
        // The list may be wrong, or another model may have been loaded meanwhile.
        let (theirs, ours) =
            (&baseline.metadata().labels, self.engine.as_ref().map(|e| &e.metadata().vocabulary.labels));
        if let Some(ours) = ours.filter(|ours| *ours != theirs) {
            return Err(Error::weights(format!(
                "{} knows the classes {}, the model {}: they cannot be compared",
                entry.file,
                theirs.join(", "),
                ours.join(", ")
            )));
        }
        self.scans.iter_mut().for_each(|kept| kept.baseline = None);
        self.baseline = Some((entry.name.clone(), baseline));
        Ok(())
    }

    /// A file that is kept, or else is read now.
    async fn open(&mut self, id: ScanId, file: Option<Blob>) -> Result<OpenedFile> {
        // They are taken out: two files of full size are never held at once.
        if let Some(kept) = self.last_file.take().filter(|kept| kept.id == id) {
            return Ok(kept);
        }
        let bytes = bytes_of(&file.ok_or_else(missing_file)?).await?;
        Ok(OpenedFile { id, sha256: sha256::of(&bytes), bytes })
    }

    /// Answers about a frame, and returns how many the file has.
    fn analyze(
        &mut self,
        id: RequestId,
        scan: ScanId,
        input: &Input<'_>,
        sha256: &str,
        options: &Options,
    ) -> Result<usize> {
        let engine = self.engine.as_ref().ok_or_else(no_model)?;
        let analysis = engine.analyze_hashed(input, sha256, options)?;
        let mut report = analysis.report.clone();
        let mut kept = AnalyzedScan { id: scan, analysis, baseline: None, view: OnceCell::new() };
        compare(&mut self.baseline, options, self.post, |baseline| {
            baseline.add_answer(&mut report, &kept.analysis.scan, options, &mut kept.baseline)
        });
        let (pixels, n_frames) = (Uint8Array::from(kept.analysis.scan.pixels.as_slice()), report.input.n_frames);
        self.scans.retain(|other| other.id != scan);
        self.scans.push(kept);
        let eye = eye_of(input.bytes, &report.input);
        (self.post)(Response::Analyzed { id, report: Box::new(report), eye }, Some(pixels));
        Ok(n_frames)
    }

    /// Draws a case and answers about it as about a file.
    fn draw(&mut self, id: RequestId, scan: ScanId, name: &str, case: &Case, options: &Options) -> Result<()> {
        let drawn = phantom::draw_case(case);
        let bytes = drawn.pgm();
        self.reply(Response::Drawn { id, lesions: drawn.lesions });
        self.analyze(id, scan, &Input { name, bytes: &bytes, frame: 0 }, &sha256::of(&bytes), options).map(drop)
    }

    fn revise(&mut self, id: RequestId, scan: ScanId, options: &Options) -> Result<()> {
        let engine = self.engine.as_ref().ok_or_else(no_model)?;
        let kept = self.scans.iter_mut().find(|kept| kept.id == scan).ok_or_else(not_kept)?;
        let mut report = engine.revise(&kept.analysis, options)?;
        compare(&mut self.baseline, options, self.post, |baseline| {
            baseline.add_answer(&mut report, &kept.analysis.scan, options, &mut kept.baseline)
        });
        self.reply(Response::Analyzed { id, report: Box::new(report), eye: None });
        Ok(())
    }

    /// Replies what `ask` finds out about a scan that is kept.
    fn ask_kept(&self, scan: ScanId, ask: impl FnOnce(&Engine, &Analysis) -> Result<Response>) -> Result<()> {
        let engine = self.engine.as_ref().ok_or_else(no_model)?;
        let kept = self.scans.iter().find(|kept| kept.id == scan).ok_or_else(not_kept)?;
        self.reply(ask(engine, &kept.analysis)?);
        Ok(())
    }

    fn check(&self, scan: ScanId, check: &Check) -> Result<Checked> {
        let engine = self.engine.as_ref().ok_or_else(no_model)?;
        let kept = self.scans.iter().find(|kept| kept.id == scan).ok_or_else(not_kept)?;
        let scan = &kept.analysis.scan;
        checks::check(engine, scan, || kept.view.get_or_init(|| engine.model_view(scan)), check)
    }

    fn reply(&self, response: Response) {
        (self.post)(response, None);
    }

    fn reply_failure(&self, id: RequestId, outcome: Result<()>) {
        if let Err(error) = outcome {
            self.reply(Response::Failed { id: Some(id), failure: error.into() });
        }
    }
}

/// Which eye a file says that its only frame is of. The file is opened again only where that may be known.
fn eye_of(bytes: &[u8], input: &InputRef) -> Option<EyeKey> {
    input.laterality?;
    let study = if input.n_frames == 1 { ScanFile::open(bytes).ok()?.study() } else { None };
    EyeKey::of(study, input)
}

/// The DICOM objects of a report, which name no patient.
fn dicom_archive(bytes: &[u8], report: &Report) -> Result<Vec<u8>> {
    let identity = ScanFile::open(bytes)?.identity()?;
    archive::zip(dicom_out::objects(&identity, report, Patient::Unnamed)?.named(&report.input))
}

/// Runs the baseline if it is wanted and loaded. If it fails it is dropped, and the report is sent without its answer.
fn compare(
    baseline: &mut Option<(String, Baseline)>,
    options: &Options,
    post: Post,
    ask: impl FnOnce(&Baseline) -> Result<()>,
) {
    if let Some((name, asked)) = baseline.as_ref().filter(|_| options.baseline)
        && let Err(error) = ask(asked)
    {
        post(Response::Baseline { name: name.clone(), event: BaselineEvent::Failed(error.into()) }, None);
        *baseline = None;
    }
}

async fn bytes_of(file: &Blob) -> Result<Vec<u8>> {
    format::check_file_size(file.size() as u64)?;
    let buffer = JsFuture::from(file.array_buffer()).await.map_err(|_| missing_file())?;
    Ok(Uint8Array::new(&buffer).to_vec())
}

fn missing_file() -> Error {
    Error::scan("the file cannot be read: it may have been moved, choose it again").with_detail(Detail::MissingFile)
}

fn no_model() -> Error {
    Error::weights("no model is loaded: reload the page")
}

fn not_kept() -> Error {
    Error::scan("this scan is no longer kept: choose it again")
}

fn not_listed(kind: &str, name: &str) -> Error {
    Error::weights(format!("{} lists no {kind} \"{name}\"", fetch::INDEX_URL))
}
