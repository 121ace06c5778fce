//! `train explain`: the report of each scan, and an overlay of its heatmap.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use image::{ColorType, ImageFormat};
use serde::Serialize;

use super::answer_lines::{input_name, lines};
use super::args::CpuArgs;
use super::dicom::{DicomArgs, show_identifiers};
use super::evidence_lines::parse_region;
use super::eyes::{EyeChoice, Keyed, eye_line, joined};
use super::output::{Failures, note, print, print_json};
use super::result_files::{BASELINE_OVERLAY, OVERLAY, REPORT, ResultFiles};
use super::weights::{load, load_baseline};
use crate::bundle::sha256;
use crate::engine::baseline::Baseline;
use crate::engine::{Analysis, Engine};
use crate::error::{Error, Kind, Result};
use crate::eye::{EyeKey, EyeReport};
use crate::render::{self, Paint, Ramp};
use crate::report::{BaselineReport, Heatmap, MapLayer, MapMethod, Options, Prediction, Report, WordMethod};
use crate::scan::{Scan, ScanFile, format};
use crate::train::data::scan_file;
use crate::train::files::{self, Action, failed, in_file};

/// How pictures are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ViewChoice {
    /// As their report suggests.
    Suggested,
}

/// Which B-scans of a file are answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Frames {
    /// One, by its number from 0.
    One(usize),
    All,
}

impl Frames {
    /// A number from 1, or `all`.
    fn parse(text: &str) -> Result<Self, String> {
        match text.parse::<usize>() {
            Ok(number @ 1..) => Ok(Self::One(number - 1)),
            _ if text == "all" => Ok(Self::All),
            _ => Err("give a number from 1, or all".to_owned()),
        }
    }
}

/// How opaque the heatmap of a written overlay is, 0…1.
const OVERLAY_OPACITY: f32 = 0.6;

#[derive(Args)]
pub(crate) struct ExplainArgs {
    #[arg(required = true, help = format!("Scans: {}", format::any_name()))]
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
        if let Some(out) = &self.out {
            files::make_dir(out)?;
        }
        self.dicom.prepare()?;
        let inputs = || self.images.iter().chain([&self.weights]).chain(&self.baseline);
        let mut results = self.out.as_deref().map(|out| ResultFiles::new(out, inputs()));
        let mut printed: Vec<Printed> = Vec::new();
        let mut sources: Vec<(&PathBuf, Option<EyeKey>)> = Vec::new();
        let mut failures = Failures::of(self.images.len());
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

/// What is asked about every scan, and who answers.
struct Asked<'a> {
    engine: &'a Engine,
    baseline: Option<&'a Baseline>,
    options: &'a Options,
    findings: &'a [String],
    hidden: &'a [[f32; 4]],
    dicom: &'a DicomArgs,
    view: Option<ViewChoice>,
    /// Whether it matters which eye files say that they are of.
    wants_keys: bool,
}

/// Why a file has no answer, or not all of them.
struct Broken {
    error: Error,
    /// Whether the other scans may have answers nevertheless.
    is_of_scan: bool,
}

impl Broken {
    fn of_all(error: Error) -> Self {
        Self { error, is_of_scan: false }
    }

    fn of_scan(path: &Path, error: Error) -> Self {
        match error.kind() {
            Kind::Caption | Kind::Config => Self::of_all(error),
            _ => Self { error: in_file(path, error), is_of_scan: true },
        }
    }
}

impl Asked<'_> {
    /// Gives `take` the report on each of the wanted B-scans of a file, the B-scan, and which eye the file says it is of.
    fn answer(
        &self,
        path: &Path,
        frames: Option<Frames>,
        mut take: impl FnMut(Report, Scan, Option<EyeKey>) -> Result<()>,
    ) -> Result<(), Broken> {
        let of_scan = |error| Broken::of_scan(path, error);
        // It names the file itself.
        let bytes = scan_file::read(path).map_err(|error| Broken { error, is_of_scan: true })?;
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
        let file = ScanFile::open_named(&name, &bytes).map_err(of_scan)?;
        let identity = self.dicom.identity(&file).map_err(of_scan)?;
        let sha256 = sha256::of(&bytes);
        let study = self.wants_keys.then(|| file.study()).flatten();
        let n_frames = file.n_frames();
        if frames.is_none() && n_frames > 1 {
            note(format_args!("{name}: the first of {n_frames} B-scans; --frame all answers about all of them"));
        }
        let wanted = match frames {
            None => 0..1,
            Some(Frames::One(frame)) => frame..frame + 1,
            Some(Frames::All) => 0..n_frames,
        };
        for frame in wanted {
            let ask = |options| self.engine.analyze_frame(&name, &file, frame, &sha256, options).map_err(of_scan);
            let mut analysis = ask(self.options)?;
            if let (Some(ViewChoice::Suggested), Some(view)) = (self.view, analysis.report.suggestion) {
                analysis = ask(&Options { view: Some(view), ..self.options.clone() })?;
            }
            let mut report = analysis.report.clone();
            self.add_evidence(&analysis, &mut report).map_err(of_scan)?;
            if let Some(baseline) = self.baseline {
                baseline.add_answer(&mut report, &analysis.scan, self.options, &mut None).map_err(Broken::of_all)?;
            }
            let objects = self.dicom.objects(identity.as_ref(), &report).map_err(of_scan)?;
            for (path, bytes) in objects {
                files::write(&path, bytes).map_err(Broken::of_all)?;
            }
            let key = EyeKey::of(study.clone(), &report.input);
            take(report, analysis.scan, key).map_err(Broken::of_all)?;
        }
        Ok(())
    }

    fn add_evidence(&self, analysis: &Analysis, report: &mut Report) -> Result<()> {
        let Options { map, layer, .. } = *self.options;
        let of = |finding: &String| self.engine.finding_report(analysis, finding, map, layer);
        report.findings = self.findings.iter().map(of).collect::<Result<_>>()?;
        if !self.hidden.is_empty() {
            report.hidden = Some(self.engine.hide(analysis, self.hidden)?);
        }
        Ok(())
    }
}

fn note_other_name(path: &Path, suffix: &str, stem: &Path) {
    let mut usual = path.file_stem().unwrap_or(path.as_os_str()).to_owned();
    usual.push(suffix);
    if stem.file_name() != Some(&usual) {
        let (scan, report) = (path.display(), stem.with_added_extension(REPORT));
        note(format_args!("{scan}: its name is taken, the results are in {}", report.display()));
    }
}

/// Writes a report and its overlays to `stem` with their extensions.
fn write(report: &Report, scan: &Scan, stem: &Path) -> Result<()> {
    files::write_json(&stem.with_added_extension(REPORT), report)?;
    write_overlay(scan, &report.heatmap, &report.image, &stem.with_added_extension(OVERLAY))?;
    match &report.baseline {
        Some(BaselineReport { heatmap, image, .. }) => {
            write_overlay(scan, heatmap, image, &stem.with_added_extension(BASELINE_OVERLAY))
        }
        None => Ok(()),
    }
}

/// Colours are relative to the map's own maximum: the report beside it has its peak.
fn write_overlay(scan: &Scan, map: &Heatmap, answer: &Prediction, path: &Path) -> Result<()> {
    let paint = Paint::relative(Ramp::of(&map.target, &answer.label));
    let rgb = render::composite_rgb(&scan.pixels, [scan.width, scan.height], map, paint, OVERLAY_OPACITY);
    let (width, height) = (scan.width as u32, scan.height as u32);
    let mut png = Vec::new();
    image::write_buffer_with_format(&mut Cursor::new(&mut png), &rgb, width, height, ColorType::Rgb8, ImageFormat::Png)
        .map_err(|e| failed(Action::Write, path, e))?;
    files::write(path, png)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_numbered_from_1_for_people() {
        assert_eq!(Frames::parse("1"), Ok(Frames::One(0)));
        assert_eq!(Frames::parse("all"), Ok(Frames::All));
        for wrong in ["0", "-1", "", "every", "1.5"] {
            assert!(Frames::parse(wrong).is_err(), "{wrong}");
        }
    }
}
