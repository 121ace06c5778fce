//! The façade: loads a weights file, then turns scans into reports. Knows no page, no disk and no network.

pub mod baseline;
mod encoded_scan;
mod explanations;
pub mod faithfulness;
mod findings;
mod finite;
#[cfg(test)]
mod fixture;
mod image_classifier;
mod text_classifier;

use candle_core::{D, Device, Tensor};
use web_time::Instant;

use crate::bundle::card::{ModelCard, ModelInput};
use crate::bundle::{Bundle, CAPTION_EMBEDS, DOUBT, Metadata, sha256};
use crate::caption::{Caption, Diagnosis};
use crate::clip::Clip;
use crate::doubt::detector::{Detected, Detector, features};
use crate::doubt::{Evidence, doubts_of_picture, doubts_of_suggestion};
use crate::error::{Error, Result};
use crate::head::{Head, probabilities};
use crate::kernels::Kernel;
use crate::nn::Mode;
use crate::nn::norm::l2_normalize;
use crate::preprocess::{PreparedScan, Region};
use crate::report::{
    Agreement, Candidate, CaptionReport, CaptionSource, Doubt, InputRef, ModelRef, Options, Prediction, Report, SCHEMA,
    TimingsMs, Warning,
};
use crate::scan::layout::suggest;
use crate::scan::view::View;
use crate::scan::{Scan, ScanFile};
use crate::tokenizer::Tokenizer;
use encoded_scan::EncodedScan;
use finite::{finite, finite_embeds};

/// Captions that a report lists as candidates.
const N_CANDIDATES: usize = 5;

/// A loaded model.
///
/// An analysis keeps what is needed to explain the same scan again, with another class, caption or method, without running
/// the image tower:
///
/// ```
/// use octlens::engine::{Engine, Input};
/// use octlens::report::{Options, WordMethod};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let engine = Engine::load("compact", std::fs::read("weights/compact.safetensors")?)?;
/// let bytes = std::fs::read("www/samples/healthy.png")?;
/// let input = Input { name: "healthy.png", bytes: &bytes, frame: 0 };
/// let analysis = engine.analyze(&input, &Options::default())?;
/// assert_eq!(analysis.report.heatmap.target, "healthy");
///
/// let options = Options {
///     target: Some("AMD".to_owned()),
///     caption: Some("AMD, soft drusen".to_owned()),
///     words: WordMethod::GradientXActivation,
///     ..Options::default()
/// };
/// let report = engine.revise(&analysis, &options)?;
/// assert_eq!((report.heatmap.target.as_str(), report.tokens.words[1].text.as_str()), ("AMD", "soft drusen"));
/// assert_eq!(report.image, analysis.report.image);
///
/// let options = Options { target: Some("glaucoma".to_owned()), ..Options::default() };
/// assert!(engine.revise(&analysis, &options).is_err());
/// # Ok(())
/// # }
/// ```
pub struct Engine {
    metadata: Metadata,
    sha256: String,
    n_bytes: u64,
    tokenizer: Tokenizer,
    clip: Clip,
    image_head: Head,
    text_head: Head,
    caption_embeds: Tensor,
    detector: Option<Detector>,
}

/// A file to analyse.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// Its name, without its folder.
    pub name: &'a str,
    /// Its bytes.
    pub bytes: &'a [u8],
    /// Which frame of it, from 0.
    pub frame: usize,
}

/// A report, and what is needed to explain the same scan again.
pub struct Analysis {
    /// The report.
    pub report: Report,
    /// The decoded scan, as it was looked at.
    pub scan: Scan,
    seen: Seen,
}

/// What the image tower and the tests of the picture make of a scan.
struct Seen {
    region: Region,
    feature_map: Tensor,
    image_embeds: Tensor,
    picture: Vec<Doubt>,
    detected: Option<Detected>,
    suggestion: Option<View>,
}

impl Analysis {
    /// The scan's L2-normalised embedding (1, D).
    pub fn image_embeds(&self) -> &Tensor {
        &self.seen.image_embeds
    }
}

fn ms_since(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e3
}

impl Engine {
    /// Reads, checks and builds a model; `name` is for messages.
    ///
    /// # Errors
    /// A file that is damaged, of another version, or whose tensors do not fit is refused by name.
    pub fn load(name: &str, bytes: Vec<u8>) -> Result<Self> {
        let sha256 = sha256::of(&bytes);
        Self::load_verified(name, bytes, sha256)
    }

    /// The same for a file whose hash is known: hashing a large file takes a second in a browser.
    ///
    /// # Errors
    /// As [`Engine::load`].
    pub fn load_verified(name: &str, bytes: Vec<u8>, sha256: String) -> Result<Self> {
        Self::new(name, Bundle::read(name, bytes, sha256)?)
    }

    /// The same for a model that is not published yet: it has no figures, and perhaps no title.
    ///
    /// # Errors
    /// As [`Engine::load`].
    pub fn load_draft(name: &str, bytes: Vec<u8>) -> Result<Self> {
        let sha256 = sha256::of(&bytes);
        Self::new(name, Bundle::read_draft(name, bytes, sha256)?)
    }

    fn new(name: &str, bundle: Bundle) -> Result<Self> {
        let Bundle { metadata, params, sha256, n_bytes } = bundle;
        let incomplete =
            |e: Error| Error::weights(format!("{name}: a weight is missing: re-export with train export")).because(e);
        let vb = params.into_builder();
        let n_captions = metadata.captions.len();
        let clip = Clip::new(&metadata.clip, vb.clone()).map_err(incomplete)?;
        let image_head = Head::new(&metadata.head, vb.pp("image_head")).map_err(incomplete)?;
        let text_head = Head::new(&metadata.head, vb.pp("text_head")).map_err(incomplete)?;
        let caption_embeds =
            vb.get((n_captions, metadata.clip.embed_dim), CAPTION_EMBEDS).map_err(|e| incomplete(e.into()))?;
        let detector = metadata.doubt.as_ref().map(|_| {
            let n_features = metadata.clip.vision.feature_dim() + metadata.clip.embed_dim;
            Detector::new(n_features, vb.pp(DOUBT)).map_err(incomplete)
        });
        let detector = detector.transpose()?;
        // Frees the file's bytes before the tokenizer, which is large as well, is built.
        drop(vb);
        let tokenizer = Tokenizer::from_json(&metadata.tokenizer)?;
        Ok(Self { tokenizer, clip, image_head, text_head, caption_embeds, detector, metadata, sha256, n_bytes })
    }

    /// The file's metadata.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The model card: what the page shows about the model.
    pub fn card(&self) -> ModelCard {
        let m = &self.metadata;
        ModelCard {
            name: m.name.clone(),
            title: m.title.clone(),
            sha256: self.sha256.clone(),
            bytes: self.n_bytes,
            precision: m.precision,
            kernels: Kernel::best().name().to_owned(),
            peak_bytes: None,
            vocabulary: m.vocabulary.clone(),
            input: Some(ModelInput {
                height: m.preprocess.image_height,
                width: m.preprocess.image_width,
                contrast_percentiles: m.preprocess.contrast_percentiles,
                is_cleaned: m.preprocess.cleaning.is_some(),
            }),
            licence: m.licence.clone(),
            training: m.training.clone(),
            metrics: m.metrics.clone(),
            explanations: m.explanations.clone(),
        }
    }

    /// Decodes, runs and explains one file.
    ///
    /// # Errors
    /// The file is not a scan, or the options name a class or phrase that the model does not know, or an empty caption.
    pub fn analyze(&self, input: &Input<'_>, options: &Options) -> Result<Analysis> {
        let start = Instant::now();
        let sha256 = sha256::of(input.bytes);
        let hash_ms = ms_since(start);
        let mut analysis = self.analyze_hashed(input, &sha256, options)?;
        analysis.report.timings_ms.decode += hash_ms;
        Ok(analysis)
    }

    /// The same for a file whose SHA-256 is known: a file of many frames is hashed once.
    ///
    /// # Errors
    /// As [`Engine::analyze`].
    pub fn analyze_hashed(&self, input: &Input<'_>, sha256: &str, options: &Options) -> Result<Analysis> {
        let start = Instant::now();
        let file = ScanFile::open_named(input.name, input.bytes)?;
        let open_ms = ms_since(start);
        let mut analysis = self.analyze_frame(input.name, &file, input.frame, sha256, options)?;
        analysis.report.timings_ms.decode += open_ms;
        Ok(analysis)
    }

    /// The same for a frame of an opened file, whose SHA-256 is known.
    ///
    /// # Errors
    /// As [`Engine::analyze`].
    pub fn analyze_frame(
        &self,
        name: &str,
        file: &ScanFile<'_>,
        frame: usize,
        sha256: &str,
        options: &Options,
    ) -> Result<Analysis> {
        let start = Instant::now();
        let scan = file.frame(frame)?;
        let decode = ms_since(start);
        let mut analysis = self.analyze_scan(name, scan, options)?;
        analysis.report.input.sha256 = sha256.to_owned();
        analysis.report.timings_ms.decode = decode;
        Ok(analysis)
    }

    /// Runs and explains a scan that has no file, such as a changed copy; the report's hash of the file is empty.
    ///
    /// # Errors
    /// The options name a class or phrase that the model does not know, an empty caption, or a part that is not in the scan.
    pub fn analyze_scan(&self, name: &str, scan: Scan, options: &Options) -> Result<Analysis> {
        let mut timings = TimingsMs::default();
        let start = Instant::now();
        let suggestion = if options.view.is_none() { suggest(&scan) } else { None };
        let scan = match &options.view {
            Some(view) => scan.viewed(view)?,
            None => scan,
        };
        let input_ref = InputRef {
            name: name.to_owned(),
            format: scan.format.id(),
            width: scan.width,
            height: scan.height,
            view: options.shown_view(),
            frame: scan.frame,
            sha256: String::new(),
            um_per_pixel: scan.um_per_pixel,
            n_frames: scan.n_frames,
            laterality: scan.laterality,
            notes: scan.notes.clone(),
        };
        let (pixel_values, region) = self.prepared(&scan)?;
        timings.preprocess = ms_since(start);
        let start = Instant::now();
        let (feature_map, image_embeds) = self.encode(&pixel_values)?;
        timings.image_encoder = ms_since(start);
        let detected = self.detector.as_ref().map(|d| d.detect(&features(&feature_map, &image_embeds)?)).transpose()?;
        finite("doubts", detected.iter().flat_map(|d| d.manners.iter().chain([&d.another_disease])))?;
        let mut picture = doubts_of_picture(&scan);
        picture.extend(suggestion.iter().flat_map(doubts_of_suggestion));
        let seen = Seen { region, feature_map, image_embeds, picture, detected, suggestion };
        let report = self.report(input_ref, &scan, &seen, options, timings)?;
        Ok(Analysis { report, scan, seen })
    }

    /// Explains the same scan again, with another caption or class. The image tower runs again only for methods that ask it about
    /// changed scans, or at an earlier layer.
    ///
    /// # Errors
    /// The options name a class or phrase that the model does not know, an empty caption, or another view, which would be
    /// another scan.
    pub fn revise(&self, analysis: &Analysis, options: &Options) -> Result<Report> {
        let Analysis { report, scan, seen } = analysis;
        if options.shown_view() != report.input.view {
            return Err(Error::config("the scan was analysed in another view: analyse it again"));
        }
        self.report(report.input.clone(), scan, seen, options, report.timings_ms)
    }

    fn report(
        &self,
        input: InputRef,
        scan: &Scan,
        seen: &Seen,
        options: &Options,
        mut timings: TimingsMs,
    ) -> Result<Report> {
        let Seen { region, feature_map, image_embeds, .. } = seen;
        let image = self.prediction(&self.image_head.forward(image_embeds)?)?;
        let start = Instant::now();
        let (caption, text_embeds) = self.caption(image_embeds, options)?;
        let text = self.prediction(&self.text_head.forward(&text_embeds)?)?;
        timings.text_encoder = ms_since(start);
        let start = Instant::now();
        let target = options.target.clone().unwrap_or_else(|| image.label.clone());
        let heatmap = self.class_map(&EncodedScan { scan, region: *region, feature_map }, &target, options)?;
        let tokens = self.token_report(&caption.text, &target, options.words)?;
        timings.explain = ms_since(start);
        Ok(Report {
            schema: SCHEMA.to_owned(),
            saved: None,
            model: ModelRef { name: self.metadata.name.clone(), sha256: self.sha256.clone() },
            input,
            agreement: agreement(&image, &text),
            warning: self.warning(seen, &image, &caption, &text),
            image,
            caption,
            text,
            heatmap,
            tokens,
            findings: Vec::new(),
            hidden: None,
            baseline: None,
            suggestion: seen.suggestion,
            timings_ms: timings,
        })
    }

    /// The scan as the image tower reads it, (1, 3, H, W), and the part of the scan that this shows.
    fn prepared(&self, scan: &Scan) -> Result<(Tensor, Region)> {
        let preprocess = &self.metadata.preprocess;
        let PreparedScan { grey, region } = preprocess.prepare(scan);
        Ok((preprocess.pixel_values(grey, &Device::Cpu)?, region))
    }

    /// The first of [`Engine::prepared`].
    fn pixel_values(&self, scan: &Scan) -> Result<Tensor> {
        Ok(self.prepared(scan)?.0)
    }

    /// Pixel values (1, 3, H, W) → the feature map (1, C, rows, cols) and the L2-normalised embedding (1, D).
    fn encode(&self, pixel_values: &Tensor) -> Result<(Tensor, Tensor)> {
        let feature_map = self.clip.visual.feature_map(pixel_values, Mode::Eval)?.detach();
        let image_embeds = l2_normalize(&self.clip.visual.pool(&feature_map)?)?.detach();
        Ok((feature_map, finite_embeds(image_embeds)?))
    }

    /// Of pixel values (1, 3, H, W): what the detector of doubt is given, (1, F), and the L2-normalised embedding (1, D).
    pub fn features(&self, pixel_values: &Tensor) -> Result<(Tensor, Tensor)> {
        let (feature_map, image_embeds) = self.encode(pixel_values)?;
        Ok((features(&feature_map, &image_embeds)?, image_embeds))
    }

    /// L2-normalised embedding (1, D) of a scan.
    pub fn embed_scan(&self, scan: &Scan) -> Result<Tensor> {
        let pixel_values = self.pixel_values(scan)?;
        finite_embeds(self.clip.image_embeds(&pixel_values)?)
    }

    /// Token ids of a text and its L2-normalised embedding (1, D).
    pub fn embed_text(&self, text: &str) -> Result<(Vec<u32>, Tensor)> {
        let tokens = self.tokenizer.encode(text)?;
        let ids = Tensor::new(tokens.ids.as_slice(), &Device::Cpu)?.unsqueeze(0)?;
        let embeds = self.clip.text_embeds(&ids, &[tokens.end()])?;
        Ok((tokens.ids, finite_embeds(embeds)?))
    }

    /// The image head's prediction for an embedding (1, D).
    pub fn image_prediction(&self, image_embeds: &Tensor) -> Result<Prediction> {
        self.prediction(&self.image_head.forward(image_embeds)?)
    }

    /// The text head's prediction for a caption.
    pub fn text_prediction(&self, text: &str) -> Result<Prediction> {
        self.prediction(&self.text_head.forward(&self.embed_text(text)?.1)?)
    }

    /// The training captions with their cosines to an image embedding (1, D), closest first.
    pub fn retrieve(&self, image_embeds: &Tensor) -> Result<Vec<(&Caption, f32)>> {
        let similarities = image_embeds.matmul(&self.caption_embeds.t()?)?.flatten_all()?.to_vec1::<f32>()?;
        let mut ranked: Vec<_> = self.metadata.captions.iter().zip(similarities).collect();
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
        Ok(ranked)
    }

    fn warning(&self, seen: &Seen, image: &Prediction, caption: &CaptionReport, text: &Prediction) -> Warning {
        let evidence = Evidence {
            picture: &seen.picture,
            detected: seen.detected.as_ref(),
            image,
            text: (caption.source == CaptionSource::Retrieved).then_some(text),
            similarity: caption.candidates.first().map_or(caption.similarity, |closest| closest.similarity),
            known: [Diagnosis::Healthy.label(), Diagnosis::Amd.label()],
        };
        evidence.warning(self.metadata.doubt.as_ref())
    }

    fn prediction(&self, logits: &Tensor) -> Result<Prediction> {
        prediction(&self.metadata.vocabulary.labels, logits)
    }

    /// The caption that the text head reads, and its embedding (1, D).
    fn caption(&self, image_embeds: &Tensor, options: &Options) -> Result<(CaptionReport, Tensor)> {
        let ranked = self.retrieve(image_embeds)?;
        let (text, source) = match &options.caption {
            Some(typed) => (Caption::parse_nonempty(&self.metadata.vocabulary, typed)?.text(), CaptionSource::Edited),
            None => (ranked[0].0.text(), CaptionSource::Retrieved),
        };
        let (_, text_embeds) = self.embed_text(&text)?;
        let similarity = (image_embeds * &text_embeds)?.sum_all()?.to_scalar::<f32>()?;
        let candidates = ranked.iter().take(N_CANDIDATES);
        let candidates = candidates.map(|(c, s)| Candidate { text: c.text(), similarity: *s }).collect();
        Ok((CaptionReport { text, source, similarity, candidates }, text_embeds.detach()))
    }
}

/// Logits (1, K) as a prediction.
fn prediction(labels: &[String], logits: &Tensor) -> Result<Prediction> {
    finite("logits", &logits.get(0)?.to_vec1::<f32>()?)?;
    let best = logits.argmax(D::Minus1)?.get(0)?.to_scalar::<u32>()? as usize;
    let probabilities = probabilities(logits)?.get(0)?.to_vec1::<f32>()?;
    Ok(Prediction {
        label: labels[best].clone(),
        probabilities: labels.iter().cloned().zip(probabilities).collect(),
        logits: logits.get(0)?.to_vec1()?,
    })
}

/// Labels compared, and the Jensen–Shannon divergence (Lin 1991) of both distributions in bits.
fn agreement(image: &Prediction, text: &Prediction) -> Agreement {
    let term = |p: f32, m: f32| if p > 0. { p * (p / m).log2() } else { 0. };
    let pairs = image.probabilities.values().zip(text.probabilities.values());
    let divergence = pairs
        .map(|(&p, &q)| {
            let m = (p + q) / 2.;
            (term(p, m) + term(q, m)) / 2.
        })
        .sum::<f32>();
    Agreement { same_label: image.label == text.label, divergence: divergence.clamp(0., 1.) }
}
