//! `train explain`: the report of each scan, and an overlay of its heatmap.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{ArgGroup, Args};
use serde::Serialize;

use super::answer_lines::{input_name, lines};
use super::archive::ArchiveArgs;
use super::args::CpuArgs;
use super::asked::{Asked, Broken, Frames, ViewChoice};
use super::dicom::{DicomArgs, show_identifiers};
use super::evidence_lines::parse_region;
use super::eyes::{EyeChoice, Keyed, eye_line, joined};
use super::output::{Failures, print, print_json};
use super::overlay::{note_other_name, write};
use super::result_files::{REPORT, ResultFiles};
use super::weights::{load, load_baseline};
use crate::error::Result;
use crate::eye::{EyeKey, EyeReport};
use crate::report::{MapLayer, MapMethod, Options, Report, WordMethod};
use crate::scan::format;
use crate::train::files;

#[derive(Args)]
#[command(group = ArgGroup::new("lines").args(["stdin", "output"]).multiple(true))]
pub(crate) struct ExplainArgs {
    #[arg(required_unless_present = "stdin", help = format!("Scans: {}", format::any_name()))]
    images: Vec<PathBuf>,
    /// The weights file.
    #[arg(long, default_value = "weights/compact.safetensors")]
    weights: PathBuf,
    /// Weights file of a baseline, whose answer is added to each report.
    #[arg(long)]
    baseline: Option<PathBuf>,
    /// Which B-scan of a file that holds several: its number, from 1, or all of them; the first if this is not given.
    ///
    /// With all, an answer for the eye follows those of a file's B-scans. Reports count frames from 0.
    #[arg(long, value_name = "N|all", value_parser = Frames::parse)]
    frame: Option<Frames>,
    /// Also answer about the eye that several files are of, after the answers about them: all takes all files for those of one
    /// eye, study joins DICOM files of one B-scan that are of one study and one side. A right and a left eye are never joined.
    #[arg(long, value_enum)]
    eye: Option<EyeChoice>,
    /// Folder for a report and an overlay of each scan, which have its name, or that name and a number where it is taken.
    #[arg(long)]
    out: Option<PathBuf>,
    /// The class to explain, if not the most probable one.
    #[arg(long)]
    target: Option<String>,
    /// A caption to read instead of the retrieved one.
    #[arg(long)]
    caption: Option<String>,
    /// How the heatmap is made.
    #[arg(
        long,
        default_value = MapMethod::default().name(),
        value_parser = named(MapMethod::ALL.map(MapMethod::name), MapMethod::from_name)
    )]
    map: MapMethod,
    /// The layer whose map is weighted: layer4, the last one, or an earlier and finer one. Integrated gradients, guided
    /// backpropagation and occlusion begin at the pixels instead.
    #[arg(
        long,
        default_value = MapLayer::default().name(),
        value_parser = named(MapLayer::ALL.map(MapLayer::name), MapLayer::from_name)
    )]
    layer: MapLayer,
    /// A finding of the model, such as fluid: how much each scan resembles it, and where, is added to its report. May be given
    /// several times.
    #[arg(long, value_name = "NAME")]
    finding: Vec<String>,
    /// A region of the scan, in pixels as it is looked at: what the model says without it is added to each report. May be given
    /// several times; the regions are hidden together.
    #[arg(long, value_name = "X,Y,WIDTH,HEIGHT", value_parser = parse_region)]
    hide: Vec<[f32; 4]>,
    /// How pictures are looked at that are no single upright B-scan: suggested crops, turns or inverts them as their report
    /// suggests.
    #[arg(long, value_enum)]
    view: Option<ViewChoice>,
    /// How words are scored: shapley and leave_one_out measure what each phrase changes; gradient_x_activation is the paper's
    /// method.
    #[arg(
        long,
        default_value = WordMethod::default().name(),
        value_parser = named(WordMethod::ALL.map(WordMethod::name), WordMethod::from_name)
    )]
    words: WordMethod,
    /// Print reports as JSON: one object, or an array of them for several scans. With --frame all, an object with the answer
    /// for the eye follows the reports of each file of several B-scans; with --eye, those of several files come last.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    archive: ArchiveArgs,
    #[command(flatten)]
    dicom: DicomArgs,
    #[command(flatten)]
    device: CpuArgs,
}

/// Parses one of `names`.
pub(super) fn named<T, const N: usize>(
    names: [&'static str; N],
    from_name: fn(&str) -> Option<T>,
) -> impl TypedValueParser<Value = T>
where
    T: Clone + Default + Send + Sync + 'static,
{
    PossibleValuesParser::new(names).map(move |name| from_name(&name).unwrap_or_default())
}

impl ExplainArgs {
    pub(crate) fn run(self) -> Result<()> {
        if self.dicom.show_identifiers {
            return show_identifiers(&self.images);
        }
        self.device.check()?;
        let engine = load(&self.weights)?;
        let baseline = self.baseline.as_deref().map(load_baseline).transpose()?;
        let options = Options {
            target: self.target.clone(),
            caption: self.caption.clone(),
            map: self.map,
            layer: self.layer,
            words: self.words,
            baseline: baseline.is_some(),
            view: None,
        };
        self.dicom.prepare()?;
        let asked = Asked {
            engine: &engine,
            baseline: baseline.as_ref(),
            options: &options,
            findings: &self.finding,
            hidden: &self.hide,
            dicom: &self.dicom,
            view: self.view,
            wants_keys: self.eye == Some(EyeChoice::Study),
        };
        if self.archive.is_asked() {
            return self.archive.run(&asked, &self.images, self.frame);
        }
        if let Some(out) = &self.out {
            files::make_dir(out)?;
        }
        let inputs = || self.images.iter().chain([&self.weights]).chain(&self.baseline);
        let mut results = self.out.as_deref().map(|out| ResultFiles::new(out, inputs()));
        let mut printed: Vec<Printed> = Vec::new();
        let mut sources: Vec<(&PathBuf, Option<EyeKey>)> = Vec::new();
        let mut failures = Failures::of(self.images.len());
        let write_eye = |results: &mut Option<ResultFiles<'_>>, path: &PathBuf, eye: &EyeReport| {
            if let Some(results) = results {
                let stem = results.stem(path, "-eye", &eye.input.sha256);
                files::write_json(&stem.with_added_extension(REPORT), eye)?;
            }
            if self.json { Ok(()) } else { print(eye_line(eye)) }
        };
        for path in &self.images {
            let mut reports: Vec<Report> = Vec::new();
            let outcome = asked.answer(path, self.frame, |report, scan, key| {
                if let Some(results) = &mut results {
                    let stem = results.stem(path, &report.input.frame_suffix(), &report.input.sha256);
                    write(&report, &scan, &stem)?;
                    note_other_name(path, &report.input.frame_suffix(), &stem);
                }
                if !self.json {
                    print(lines(&input_name(&report), &report))?;
                }
                reports.push(report);
                sources.push((path, key));
                Ok(())
            });
            match outcome {
                // Caption and class are the same for all scans, and so is what is written to.
                Err(Broken { error, is_of_scan: false }) => return Err(error),
                Err(Broken { error, .. }) => drop(failures.keep::<()>(Err(error))?),
                Ok(()) => {}
            }
            let is_volume = reports.first().is_some_and(|report| report.input.n_frames > 1);
            let has_own_eye = is_volume && self.frame == Some(Frames::All) && self.eye != Some(EyeChoice::All);
            let eye = EyeReport::of(&reports).filter(|_| has_own_eye);
            printed.extend(reports.into_iter().map(|report| Printed::Report(Box::new(report))));
            if let Some(eye) = eye {
                write_eye(&mut results, path, &eye)?;
                printed.push(Printed::Eye(eye));
            }
        }
        let answered: Vec<Keyed> =
            printed.iter().filter_map(Printed::report).zip(sources.iter().map(|(_, key)| key.as_ref())).collect();
        let eyes = self.eye.map_or(Ok(vec![]), |choice| joined(choice, &answered));
        for eye in eyes.iter().flatten() {
            // Named after its first file.
            let first = eye.inputs.first().unwrap_or(&eye.input);
            let at = answered.iter().position(|(report, _)| report.input.sha256 == first.sha256);
            if let Some((path, _)) = at.and_then(|at| sources.get(at)) {
                write_eye(&mut results, path, eye)?;
            }
        }
        printed.extend(eyes.iter().flatten().cloned().map(Printed::Eye));
        if self.json {
            match (self.images.len(), printed.as_slice()) {
                (1, [report]) => print_json(report)?,
                (_, all) => print_json(&all)?,
            }
        }
        // What was answered before is worth having even if the eyes have no answer.
        eyes?;
        failures.finish()
    }
}

/// What is printed as JSON.
#[derive(Serialize)]
#[serde(untagged)]
enum Printed {
    Report(Box<Report>),
    Eye(EyeReport),
}

impl Printed {
    fn report(&self) -> Option<&Report> {
        match self {
            Self::Report(report) => Some(report),
            Self::Eye(_) => None,
        }
    }
}
