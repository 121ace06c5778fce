//! `train explain`: the report of each scan, and an overlay of its heatmap.

use std::collections::HashMap;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use image::{ColorType, ImageFormat};

use super::args::CpuArgs;
use super::output::{print, print_json};
use super::weights::{load, load_baseline};
use crate::engine::Input;
use crate::error::{Error, Kind, Result};
use crate::render;
use crate::report::{Heatmap, MapMethod, Options, Prediction, Report, WarningKind, WordMethod};
use crate::scan::{Scan, format};
use crate::train::files::{self, Action, failed, in_file};

/// How opaque the heatmap of a written overlay is, 0…1.
const OVERLAY_OPACITY: f32 = 0.6;
/// The extension of a report in `--out`.
const REPORT: &str = "json";
/// The extension of an overlay in `--out`.
const OVERLAY: &str = "png";
/// The extension of the overlay of a baseline's heatmap in `--out`.
const BASELINE_OVERLAY: &str = "baseline.png";

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
        if let Some(out) = &self.out {
            self.check_outputs(out)?;
        }
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
                // The caption is the same for all scans.
                .map_err(|e| if e.kind() == Kind::Caption { e } else { in_file(path, e) })?;
            let mut report = analysis.report;
            if let Some(baseline) = &baseline {
                baseline.add_answer(&mut report, &analysis.scan, &mut None)?;
            }
            if let Some(out) = &self.out {
                write(&report, &analysis.scan, &stem(out, path))?;
            }
            if !self.json {
                print(lines(&name, &report))?;
            }
            reports.push(report);
        }
        match (self.json, reports.as_slice()) {
            (true, [report]) => print_json(report),
            (true, reports) => print_json(&reports),
            (false, _) => Ok(()),
        }
    }

    /// Checks that nothing that is written to `out` replaces a file that is read, or what is written for another scan.
    fn check_outputs(&self, out: &Path) -> Result<()> {
        let read = self.images.iter().chain([&self.weights]).chain(&self.baseline);
        let inputs: HashMap<PathBuf, &PathBuf> =
            read.filter_map(|path| Some((path.canonicalize().ok()?, path))).collect();
        let extensions = match self.baseline {
            Some(_) => &[REPORT, OVERLAY, BASELINE_OVERLAY][..],
            None => &[REPORT, OVERLAY],
        };
        let mut scans: HashMap<PathBuf, &PathBuf> = HashMap::new();
        for scan in &self.images {
            for extension in extensions {
                let output = stem(out, scan).with_added_extension(extension);
                let replaced = output.canonicalize().ok().and_then(|output| inputs.get(&output));
                if let Some(input) = replaced {
                    return Err(Error::config(format!(
                        "--out {} would replace {}, which is read: name another folder",
                        out.display(),
                        input.display()
                    )));
                }
                // A scan that is named twice is written twice, with the same content.
                let other = *scans.entry(output.clone()).or_insert(scan);
                if other != scan {
                    return Err(Error::config(format!(
                        "{} and {} would both be written to {}: use different folders, with a call for each",
                        other.display(),
                        scan.display(),
                        output.display()
                    )));
                }
            }
        }
        Ok(())
    }
}

/// The path of what is written for `scan`, without an extension.
fn stem(out: &Path, scan: &Path) -> PathBuf {
    out.join(scan.file_stem().unwrap_or(scan.as_os_str()))
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
    use serde_json::json;

    use super::*;
    use crate::report::{Doubt, Warning};

    /// A report of a model that is sure of a healthy scan.
    fn report(reasons: &[Doubt]) -> Report {
        let head = json!({ "label": "healthy", "probabilities": { "healthy": 0.9, "AMD": 0.1 }, "logits": [2.2, 0.0] });
        let mut report: Report = serde_json::from_value(json!({
            "schema": "octlens.report/1",
            "model": { "name": "m", "sha256": "0" },
            "input": {
                "name": "a.png", "format": "png", "width": 2, "height": 1, "frame": 0, "sha256": "0", "um_per_pixel": null
            },
            "image": head,
            "caption": { "text": "healthy", "source": "retrieved", "similarity": 0.5, "candidates": [] },
            "text": head,
            "agreement": { "same_label": true, "divergence": 0.0 },
            "heatmap": {
                "method": "grad_cam", "target": "healthy", "layer": "layer4", "rows": 1, "cols": 1, "values": [1.0],
                "region": [0.0, 0.0, 2.0, 1.0]
            },
            "tokens": { "method": "shapley", "target": "healthy", "words": [] },
            "timings_ms": { "decode": 0.0, "preprocess": 0.0, "image_encoder": 0.0, "text_encoder": 0.0, "explain": 0.0 }
        }))
        .unwrap();
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
