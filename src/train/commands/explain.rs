//! `train explain`: the report of each scan, and an overlay of its heatmap.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use image::{ColorType, ImageFormat};

use super::args::CpuArgs;
use super::output::{print, print_json};
use super::weights::{load, load_baseline};
use crate::engine::Input;
use crate::error::Result;
use crate::render;
use crate::report::{Heatmap, MapMethod, Options, Prediction, Report, WordMethod};
use crate::scan::{Scan, format};
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
    /// Folder for a report and an overlay of each scan.
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
            target: self.target,
            caption: self.caption,
            map: self.map,
            words: self.words,
            baseline: baseline.is_some(),
        };
        if let Some(out) = &self.out {
            files::make_dir(out)?;
        }
        let mut reports: Vec<Report> = Vec::new();
        for path in &self.images {
            let bytes = files::read(path)?;
            let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
            let analysis = engine
                .analyze(&Input { name: &name, bytes: &bytes, frame: 0 }, &options)
                .map_err(|e| in_file(path, e))?;
            let mut report = analysis.report;
            if let Some(baseline) = &baseline {
                baseline.add_answer(&mut report, &analysis.scan, &mut None)?;
            }
            if let Some(out) = &self.out {
                let stem = out.join(path.file_stem().unwrap_or(path.as_os_str()));
                write(&report, &analysis.scan, &stem)?;
            }
            if !self.json {
                print(line(&name, &report))?;
            }
            reports.push(report);
        }
        match (self.json, reports.as_slice()) {
            (true, [report]) => print_json(report),
            (true, reports) => print_json(&reports),
            (false, _) => Ok(()),
        }
    }
}

/// Writes a report and its overlays to `stem` with their extensions.
fn write(report: &Report, scan: &Scan, stem: &Path) -> Result<()> {
    files::write_json(&stem.with_added_extension("json"), report)?;
    write_overlay(scan, &report.heatmap, &stem.with_added_extension("png"))?;
    match &report.baseline {
        Some(baseline) => write_overlay(scan, &baseline.heatmap, &stem.with_added_extension("baseline.png")),
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

fn line(name: &str, report: &Report) -> String {
    let p = |prediction: &Prediction| prediction.probabilities[&prediction.label];
    format!(
        "{name}: image says {} ({:.3}), words say {} ({:.3}): {}",
        report.image.label,
        p(&report.image),
        report.text.label,
        p(&report.text),
        report.caption.text
    )
}
