//! `train explain`: the report of each scan, and an overlay of its heatmap.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use image::{ColorType, ImageFormat};

use super::args::CpuArgs;
use super::output::{Failures, note, print, print_json};
use super::result_files::{BASELINE_OVERLAY, OVERLAY, REPORT, ResultFiles};
use super::weights::{load, load_baseline};
use crate::engine::baseline::Baseline;
use crate::engine::{Engine, Input};
use crate::error::{Kind, Result};
use crate::render;
use crate::report::{Heatmap, MapMethod, Options, Prediction, Report, WarningKind, WordMethod};
use crate::scan::{Scan, format};
use crate::train::data::scan_file;
use crate::train::files::{self, Action, failed, in_file};

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
    /// How words are scored: shapley measures what each phrase changes, gradient_x_activation is the paper's method.
    #[arg(
        long,
        default_value = WordMethod::default().name(),
        value_parser = named(WordMethod::ALL.map(WordMethod::name), WordMethod::from_name)
    )]
    words: WordMethod,
    /// Print reports as JSON: one object, or an array of them for several scans.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    device: CpuArgs,
}

/// Parses one of `names`.
fn named<T, const N: usize>(
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
        self.device.check()?;
        let engine = load(&self.weights)?;
        let baseline = self.baseline.as_deref().map(load_baseline).transpose()?;
        let options = Options {
            target: self.target.clone(),
            caption: self.caption.clone(),
            map: self.map,
            words: self.words,
            baseline: baseline.is_some(),
        };
        if let Some(out) = &self.out {
            files::make_dir(out)?;
        }
        let inputs = || self.images.iter().chain([&self.weights]).chain(&self.baseline);
        let mut results = self.out.as_deref().map(|out| ResultFiles::new(out, inputs()));
        let mut reports: Vec<Report> = Vec::new();
        let mut failures = Failures::of(self.images.len());
        for path in &self.images {
            let answered = match answer(&engine, baseline.as_ref(), path, &options) {
                // Caption and class are the same for all scans.
                Err(e) if matches!(e.kind(), Kind::Caption | Kind::Config) => return Err(e),
                outcome => failures.keep(outcome)?,
            };
            let Some((report, scan)) = answered else { continue };
            if let Some(results) = &mut results {
                let stem = results.stem(path, &report.input.sha256);
                write(&report, &scan, &stem)?;
                if stem.file_name() != path.file_stem() {
                    let (scan, report) = (path.display(), stem.with_added_extension(REPORT));
                    note(format_args!("{scan}: its name is taken, the results are in {}", report.display()));
                }
            }
            if !self.json {
                print(lines(&report.input.name, &report))?;
            }
            reports.push(report);
        }
        if self.json {
            match (self.images.len(), reports.as_slice()) {
                (1, [report]) => print_json(report)?,
                (_, reports) => print_json(&reports)?,
            }
        }
        failures.finish()
    }
}

/// The report on the scan at `path`, and the scan.
fn answer(engine: &Engine, baseline: Option<&Baseline>, path: &Path, options: &Options) -> Result<(Report, Scan)> {
    let bytes = scan_file::read(path)?;
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    let analysis = engine
        .analyze(&Input { name: &name, bytes: &bytes, frame: 0 }, options)
        .map_err(|e| if matches!(e.kind(), Kind::Caption | Kind::Config) { e } else { in_file(path, e) })?;
    let mut report = analysis.report;
    if let Some(baseline) = baseline {
        baseline.add_answer(&mut report, &analysis.scan, &mut None)?;
    }
    Ok((report, analysis.scan))
}

/// Writes a report and its overlays to `stem` with their extensions.
fn write(report: &Report, scan: &Scan, stem: &Path) -> Result<()> {
    files::write_json(&stem.with_added_extension(REPORT), report)?;
    write_overlay(scan, &report.heatmap, &stem.with_added_extension(OVERLAY))?;
    match &report.baseline {
        Some(baseline) => write_overlay(scan, &baseline.heatmap, &stem.with_added_extension(BASELINE_OVERLAY)),
        None => Ok(()),
    }
}

fn write_overlay(scan: &Scan, map: &Heatmap, path: &Path) -> Result<()> {
    let rgb = render::composite_rgb(&scan.pixels, [scan.width, scan.height], map, OVERLAY_OPACITY);
    let (width, height) = (scan.width as u32, scan.height as u32);
    let mut png = Vec::new();
    image::write_buffer_with_format(&mut Cursor::new(&mut png), &rgb, width, height, ColorType::Rgb8, ImageFormat::Png)
        .map_err(|e| failed(Action::Write, path, e))?;
    files::write(path, png)
}

/// Both answers in a line, below it a line for each reason to doubt them.
fn lines(name: &str, report: &Report) -> String {
    let mut text = answer_line(name, report);
    for doubt in &report.warning.reasons {
        text.push_str(&format!("\n  warning, {}: {}", doubt.kind().name(), doubt.advice()));
    }
    text
}

fn answer_line(name: &str, report: &Report) -> String {
    let p = |prediction: &Prediction| prediction.probabilities[&prediction.label];
    let answer = format!(
        "image says {} ({:.3}), words say {} ({:.3}): {}",
        report.image.label,
        p(&report.image),
        report.text.label,
        p(&report.text),
        report.caption.text
    );
    match report.warning.kind {
        kind @ WarningKind::NotAScan => format!("{name}: {} ({answer})", kind.heading()),
        _ => format!("{name}: {answer}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Doubt, Warning, made_up};

    /// A report of a model that is sure of a healthy scan.
    fn report(reasons: &[Doubt]) -> Report {
        let mut report = made_up::report("healthy", [2, 1], &[1.]);
        let kind = reasons.first().map(|doubt| doubt.kind()).unwrap_or_default();
        report.warning = Warning { kind, reasons: reasons.to_vec(), score: 0.5 };
        report
    }

    #[test]
    fn doubts_are_printed_below_the_answer_and_what_is_not_a_scan_has_none() {
        let answer = "image says healthy (0.900), words say healthy (0.900): healthy";
        assert_eq!(lines("a.png", &report(&[])), format!("a.png: {answer}"));
        let unsure = lines("a.png", &report(&[Doubt::HeadsDisagree, Doubt::CaptionFar]));
        let printed: Vec<_> = unsure.lines().collect();
        assert_eq!(printed[0], format!("a.png: {answer}"));
        assert_eq!(printed[2], format!("  warning, unsure: {}", Doubt::CaptionFar.advice()));
        let noise = lines("a.png", &report(&[Doubt::Noise]));
        assert!(noise.starts_with("a.png: No answer: not an OCT B-scan (image says"), "{noise}");
    }
}
