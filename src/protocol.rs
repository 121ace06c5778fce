//! What crosses the thread between the page and the worker, as plain data. Knows no DOM and no model.
//!
//! `web::wire` packs these enums as JSON text. With [`Request::Analyze`] goes the visitor's file (a handle: its bytes are
//! read in the worker), with its answer come the scan's pixels (grey, row by row), which the page needs because browsers
//! show no TIFF. Files to be saved come as bytes in the same way. The worker sends [`Response::Ready`] first: messages sent before it are lost.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::bundle::card::ModelCard;
use crate::bundle::index::ModelChoice;
use crate::error::{Detail, Error, Kind};
use crate::eye::EyeKey;
use crate::phantom::case::{Case, DrawnLesion};
use crate::report::{
    FindingReport, Heatmap, Hidden, MapLayer, MapMethod, Mask, Options, RandomPart, Report, TokenReport,
    WordFaithfulness,
};

/// The number of a request; its answer has the same.
pub type RequestId = u32;

/// The number of a scan that a visitor has opened, by which it can be explained again.
pub type ScanId = u32;

/// How often the worker sends [`Response::Alive`].
pub const BEAT_INTERVAL: Duration = Duration::from_secs(2);

/// What the page asks of the worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Request {
    /// Load a model of `weights/index.json`: by name, or the default one; or else the weights file that comes with this
    /// message.
    Load {
        /// The model's name. Of a file that comes with it, only the page's key.
        model: Option<String>,
    },
    /// Decode, run and explain the file that comes with this message.
    Analyze {
        /// Which request this is.
        id: RequestId,
        /// The number this scan gets.
        scan: ScanId,
        /// The number of its file: the worker keeps the bytes of the last file of several frames.
        file: ScanId,
        /// The file's name.
        name: String,
        /// Which frame of the file, from 0.
        frame: usize,
        /// What to explain.
        options: Options,
    },
    /// Draw a case, run and explain it: it is answered as a file is, after [`Response::Drawn`].
    Draw {
        /// Which request this is.
        id: RequestId,
        /// The number this scan gets.
        scan: ScanId,
        /// The name that it gets.
        name: String,
        /// What to draw.
        case: Case,
        /// What to explain.
        options: Options,
    },
    /// Explain an analysed scan again: another caption or another class.
    Revise {
        /// Which request this is.
        id: RequestId,
        /// Which scan.
        scan: ScanId,
        /// What to explain.
        options: Options,
    },
    /// Say where on an analysed scan a finding speaks.
    AskFinding {
        /// Which request this is.
        id: RequestId,
        /// Which scan.
        scan: ScanId,
        /// The finding, as in the model's vocabulary.
        finding: String,
        /// How the first of its maps is made.
        method: MapMethod,
        /// At which layer.
        layer: MapLayer,
    },
    /// Say what changes when regions of an analysed scan are hidden.
    Hide {
        /// Which request this is.
        id: RequestId,
        /// Which scan.
        scan: ScanId,
        /// x, y, width, height in scan pixels.
        regions: Vec<[f32; 4]>,
    },
    /// Fetch a baseline of `weights/index.json` while other requests are answered; [`BaselineEvent`]s report it.
    LoadBaseline {
        /// Its name.
        name: String,
    },
    /// Make DICOM objects of a report on the DICOM file that comes with this message.
    MakeDicom {
        /// Which request this is.
        id: RequestId,
        /// The number of the file.
        file: ScanId,
        /// The report.
        report: Box<Report>,
    },
    /// Test the explanation of an analysed scan. Any worker that has analysed it with the same model gives the same answer.
    Check {
        /// Which request this is.
        id: RequestId,
        /// Which scan.
        scan: ScanId,
        /// What to test.
        check: Box<Check>,
    },
    /// Drop what is kept of a scan; there is no answer.
    Forget {
        /// Which scan.
        scan: ScanId,
    },
}

/// What the worker answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Response {
    /// The worker listens.
    Ready {
        /// The build both sides must share ([`BUILD`]).
        build: String,
    },
    /// The worker still runs: every [`BEAT_INTERVAL`] while it does not compute.
    Alive,
    /// The models that can be loaded.
    Models(Vec<ModelChoice>),
    /// Part of the weights file has arrived.
    Progress(Progress),
    /// A model is ready.
    Loaded {
        /// Its model card.
        card: Box<ModelCard>,
        /// A baseline that it can be compared with.
        baseline: Option<ModelChoice>,
    },
    /// How a baseline's loading goes.
    Baseline {
        /// Its name.
        name: String,
        /// What happened.
        event: BaselineEvent,
    },
    /// A case is drawn; its analysis follows.
    Drawn {
        /// The request.
        id: RequestId,
        /// What was drawn where.
        lesions: Vec<DrawnLesion>,
    },
    /// An analysis is done; `pixels` comes with the answer to `Analyze`.
    Analyzed {
        /// The request answered.
        id: RequestId,
        /// What was found.
        report: Box<Report>,
        /// Which eye the file says it is of, with the answer to `Analyze`.
        eye: Option<EyeKey>,
    },
    /// Where a finding speaks.
    Finding {
        /// The request answered.
        id: RequestId,
        /// Its maps.
        report: Box<FindingReport>,
    },
    /// What changes without some regions.
    Hidden {
        /// The request answered.
        id: RequestId,
        /// Before and after.
        hidden: Box<Hidden>,
    },
    /// DICOM objects are made; they come with this message, in a ZIP archive.
    MadeDicom {
        /// The request answered.
        id: RequestId,
    },
    /// An explanation was tested.
    Checked {
        /// The request answered.
        id: RequestId,
        /// What was measured.
        outcome: Box<Checked>,
    },
    /// A request failed; the worker keeps running. Without an id: loading failed.
    Failed {
        /// The request that failed.
        id: Option<RequestId>,
        /// Why.
        failure: Failure,
    },
    /// The worker panicked and answers nothing more.
    Crashed {
        /// What the panic said.
        failure: Failure,
    },
}

/// What an explanation is tested by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Check {
    /// The image head is asked about the scan with parts hidden, once for each mask.
    Masked {
        /// What is hidden.
        masks: Vec<Mask>,
        /// Whose probability is wanted.
        target: String,
    },
    /// How much of a map's heat lies in the retina, and whether the text head's answer rests on the top phrases.
    Grounds {
        /// The map.
        map: Heatmap,
        /// The caption.
        caption: String,
        /// The scores of its phrases.
        tokens: TokenReport,
    },
    /// The map of the same model with random weights in a part.
    Randomized {
        /// Which part.
        part: RandomPart,
        /// The class that is explained.
        target: String,
        /// Method and layer of the map.
        options: Options,
    },
}

/// What a [`Check`] measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Checked {
    /// The class's probability under each mask, in their order.
    Masked(Vec<f32>),
    /// The answer to [`Check::Grounds`].
    Grounds {
        /// Share of the heat in the retina, 0…1; none where no retina was found, or the map is empty.
        in_retina: Option<f64>,
        /// How the text head answers with the top phrases alone, and without them.
        words: WordFaithfulness,
    },
    /// The map with random weights.
    Randomized(Heatmap),
}

/// How a baseline's loading goes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum BaselineEvent {
    /// Part of its file has arrived.
    Progress(Progress),
    /// It is ready.
    Loaded,
    /// It could not be loaded, or it failed; the model still answers.
    Failed(Failure),
}

/// Why something failed: an [`Error`] as it crosses the thread, so that the page can say it in the visitor's language.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// What sort of thing went wrong.
    pub kind: Kind,
    /// What exactly, where it is known.
    pub detail: Option<Detail>,
    /// One clear line in English.
    pub message: String,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { kind: error.kind(), detail: error.detail().cloned(), message: error.to_string() }
    }
}

/// How much of a weights file has arrived.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Bytes that have arrived.
    pub done_bytes: u64,
    /// Bytes of the file.
    pub total_bytes: u64,
}

/// Identifies this build: page and worker of different builds cannot talk to each other.
/// `build.rs` hashes the sources.
pub const BUILD: &str = env!("OCTLENS_BUILD");
