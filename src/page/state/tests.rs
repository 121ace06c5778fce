//! Every way in which the page's state changes, as the browser and the worker would drive it.

mod eyes;
mod fold;
mod frames;
mod life;
mod linked;
mod list;
mod made;
mod own;
mod questions;
mod queue;
mod reproduce;
mod saving;
mod scenes;
mod series;
mod views;

use std::ops::Range;

use crate::bundle::index::ModelChoice;
use crate::caption::Lesion;
use crate::error::Error;
use crate::eye::EyeKey;
use crate::page::fixtures::{card, finding_report, hidden, report, warning};
use crate::page::state::PageState;
use crate::phantom::case::{Case, DrawnLesion};
use crate::protocol::{BaselineEvent, Failure, Request, RequestId, Response, ScanId};
use crate::report::{CaptionSource, Doubt, Hidden, Options, Report};
use crate::scan::note::Laterality;
use crate::scan::view::{Turn, View};

fn failure(message: &str) -> Failure {
    Error::scan(message).into()
}

fn names(range: Range<usize>) -> Vec<String> {
    range.map(|i| format!("{i}.png")).collect()
}

/// Frames of files named `….vol`.
const N_FRAMES: usize = 49;

/// What is suggested for `screenshot.png`.
const SUGGESTED: View = View { crop: Some([1, 0, 1, 1]), turn: Turn::None, invert: false };

/// A page and its worker, which answers when a test says so.
struct Visit {
    page: PageState,
    /// What the worker was sent and has not yet answered.
    inbox: Vec<Request>,
    /// The scans that the worker holds, as the real one does.
    held: Vec<ScanId>,
    n_pixels: usize,
    /// The reasons to doubt whatever is answered.
    doubts: Vec<Doubt>,
}

impl Visit {
    fn before_loading() -> Self {
        Self { page: PageState::default(), inbox: Vec::new(), held: Vec::new(), n_pixels: 2, doubts: Vec::new() }
    }

    fn start() -> Self {
        let mut visit = Self::before_loading();
        visit.load_ends("m");
        visit
    }

    fn send(&mut self, requests: impl IntoIterator<Item = Request>) {
        self.inbox.extend(requests);
    }

    fn load_ends(&mut self, name: &str) {
        self.held.clear();
        self.hear(Response::Loaded { card: Box::new(card(name)), baseline: Some(baseline()) }, None);
    }

    fn hear(&mut self, response: Response, pixels: Option<Vec<u8>>) {
        let requests = self.page.apply(response, pixels);
        self.send(requests);
    }

    fn open(&mut self, names: &[String]) -> Vec<ScanId> {
        let ids = self.page.open(names);
        let requests = self.page.take_files(&ids);
        self.send(requests);
        ids
    }

    fn show(&mut self, id: ScanId) {
        let requests = self.page.show(id);
        self.send(requests);
    }

    fn choose_model(&mut self, name: &str) {
        let request = self.page.load(Some(name.into()));
        self.send([request]);
    }

    /// The worker answers the first request that it has. Returns it.
    fn answer(&mut self) -> Request {
        let request = self.inbox.remove(0);
        self.answer_to(&request);
        request
    }

    fn answer_to(&mut self, request: &Request) {
        match request {
            Request::Analyze { id, scan, name, frame, options, .. } => {
                self.held.retain(|held| held != scan);
                self.held.push(*scan);
                let mut report = self.doubtful_report();
                report.input.name = name.clone();
                report.input.frame = *frame;
                report.input.n_frames = if name.ends_with(".vol") { N_FRAMES } else { 1 };
                report.input.sha256 = name.clone();
                report.input.laterality = side_of(name);
                if name.ends_with(".dcm") {
                    report.input.format = "dicom".into();
                }
                let eye = EyeKey::of(study_of(name), &report.input);
                let (id, report, pixels) = (*id, Box::new(asked(report, options)), vec![0; self.n_pixels]);
                self.hear(Response::Analyzed { id, report, eye }, Some(pixels));
            }
            Request::Draw { id, scan, name, case, options } => {
                self.held.retain(|held| held != scan);
                self.held.push(*scan);
                let mut report = self.doubtful_report();
                report.input.name = name.clone();
                let pixels = vec![case.speckle; self.n_pixels];
                self.hear(Response::Drawn { id: *id, lesions: lesions_of(case) }, None);
                let (id, report) = (*id, Box::new(asked(report, options)));
                self.hear(Response::Analyzed { id, report, eye: None }, Some(pixels));
            }
            Request::Revise { id, scan, options } => {
                assert!(self.held.contains(scan), "the worker does not hold {scan}");
                let mut report = self.doubtful_report();
                if let Some(scan) = self.page.scans().get(*scan) {
                    report.input.name = scan.name.clone();
                }
                let report = asked(report, options);
                self.hear(Response::Analyzed { id: *id, report: Box::new(report), eye: None }, None);
            }
            Request::AskFinding { id, scan, finding, .. } => {
                assert!(self.held.contains(scan), "the worker does not hold {scan}");
                self.hear(Response::Finding { id: *id, report: Box::new(finding_report(finding)) }, None);
            }
            Request::Hide { id, scan, regions } => {
                assert!(self.held.contains(scan), "the worker does not hold {scan}");
                let hidden = Hidden { regions: regions.clone(), ..hidden() };
                self.hear(Response::Hidden { id: *id, hidden: Box::new(hidden) }, None);
            }
            Request::MakeDicom { id, .. } => self.hear(Response::MadeDicom { id: *id }, None),
            Request::Forget { scan } => self.held.retain(|held| held != scan),
            Request::Load { model } => self.load_ends(&model.clone().unwrap_or_default()),
            Request::LoadBaseline { name } => self.baseline_event(&name.clone(), BaselineEvent::Loaded),
            Request::Check { .. } => panic!("only the workers of the panel are asked for tests"),
        }
    }

    fn doubtful_report(&self) -> Report {
        let mut report = report("AMD, fluid");
        if !self.doubts.is_empty() {
            report.warning = warning(&self.doubts);
        }
        report
    }

    fn baseline_event(&mut self, name: &str, event: BaselineEvent) {
        self.hear(Response::Baseline { name: name.into(), event }, None);
    }

    fn answer_all(&mut self) {
        while !self.inbox.is_empty() {
            self.answer();
        }
    }

    fn fail_next(&mut self) {
        let id = id_of(&self.inbox.remove(0)).unwrap();
        self.hear(Response::Failed { id: Some(id), failure: failure("no scan") }, None);
    }

    fn listed(&self) -> Vec<&str> {
        self.page.scans().iter().map(|scan| scan.name.as_str()).collect()
    }

    fn shown(&self) -> &str {
        self.page.shown().map_or("", |scan| scan.name.as_str())
    }

    fn n_answered(&self) -> usize {
        self.page.scans().iter().filter(|scan| scan.answer.is_some()).count()
    }

    fn held_by_page(&self) -> Vec<ScanId> {
        self.page.scans().iter().filter(|scan| scan.pixels().is_some()).map(|scan| scan.id).collect()
    }
}

fn baseline() -> ModelChoice {
    ModelChoice { name: "resnet50".into(), title: "ResNet-50".into(), bytes: 100 }
}

/// The report as the engine would write it for these options.
fn asked(mut report: Report, options: &Options) -> Report {
    if let Some(caption) = &options.caption {
        report.caption.text = caption.clone();
        report.caption.source = CaptionSource::Edited;
    }
    report.input.view = options.view;
    // Every file named so is taken for a screenshot.
    report.suggestion = (report.input.name == "screenshot.png" && options.view.is_none()).then_some(SUGGESTED);
    report.heatmap.target = options.target.clone().unwrap_or_else(|| report.image.label.clone());
    report.tokens.method = options.words;
    report
}

/// As many lesions as the case has kinds.
fn lesions_of(case: &Case) -> Vec<DrawnLesion> {
    let kinds = Lesion::ALL.into_iter().filter(|lesion| case.amount(*lesion) > 0);
    kinds.map(|kind| DrawnLesion { finding: kind.phrase().into(), edges: [0, 0, 1, 0] }).collect()
}

/// The study of a DICOM file, which begins its name: `s1-OD-a.dcm`.
fn study_of(name: &str) -> Option<String> {
    name.split_once('-').filter(|_| name.ends_with(".dcm")).map(|(study, _)| study.to_owned())
}

fn side_of(name: &str) -> Option<Laterality> {
    match name.split('-').nth(1) {
        Some("OD") => Some(Laterality::Right),
        Some("OS") => Some(Laterality::Left),
        _ => None,
    }
}

fn id_of(request: &Request) -> Option<RequestId> {
    match request {
        Request::Analyze { id, .. }
        | Request::Draw { id, .. }
        | Request::Revise { id, .. }
        | Request::AskFinding { id, .. }
        | Request::Hide { id, .. } => Some(*id),
        _ => None,
    }
}

fn analyzed(requests: &[Request]) -> Vec<ScanId> {
    let scan = |request: &Request| match request {
        Request::Analyze { scan, .. } => Some(*scan),
        _ => None,
    };
    requests.iter().filter_map(scan).collect()
}
