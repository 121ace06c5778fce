//! A run becomes one weights file, with figures measured on its test patients, in float and in int8.

pub(crate) mod publish;
pub mod quantize;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use clap::Args;
use clap::builder::{NonEmptyStringValueParser, PossibleValuesParser, TypedValueParser};
use indicatif::ProgressBar;

use self::publish::{Listing, publish};
use self::quantize::{activation_ranges, prepare};
use crate::bundle::card::{ExplanationMetrics, Figures, Metrics, Split, Training, WeightPrecision, settings_record};
use crate::bundle::index::ModelKind;
use crate::bundle::{Bundle, CAPTION_EMBEDS, FORMAT, Metadata};
use crate::clip::Clip;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::preprocess::Preprocess;
use crate::report::MapMethod;
use crate::train::data::record::{Record, SourceKind};
use crate::train::data::samples::read_scan;
use crate::train::doubt;
use crate::train::evaluate::drift::drift;
use crate::train::evaluate::evaluation::{Evaluation, evaluate};
use crate::train::evaluate::explanations::peaks;
use crate::train::evaluate::reading::Reader;
use crate::train::fit::batches::text_batch;
use crate::train::import::start;
use crate::train::run::{Prepared, Run, names};

/// Scans on which activation ranges are measured; on seven classes, more brought the embeddings of validation scans no
/// closer to the float model's.
const N_RANGE_SCANS: usize = 384;

/// Settings of an export; each is an option of the command line.
#[derive(Args)]
pub(crate) struct ExportOptions {
    /// Name of the model and of its file.
    #[arg(long, default_value = "compact", value_parser = NonEmptyStringValueParser::new())]
    pub name: String,
    /// One line that describes the model.
    #[arg(long, default_value = "Healthy or AMD", value_parser = NonEmptyStringValueParser::new())]
    pub title: String,
    /// Licence of the weights.
    #[arg(long, default_value = "CC BY 4.0", value_parser = NonEmptyStringValueParser::new())]
    pub licence: String,
    /// How weights are stored: as 8-bit integers with a scale per output channel, or as 32-bit floats.
    #[arg(long, default_value = WeightPrecision::Int8.name(), value_parser = weight_precision())]
    pub precision: WeightPrecision,
}

fn weight_precision() -> impl TypedValueParser<Value = WeightPrecision> {
    let names = WeightPrecision::ALL.map(WeightPrecision::name);
    PossibleValuesParser::new(names).map(|name| WeightPrecision::from_name(&name).unwrap_or(WeightPrecision::Int8))
}

/// The scans that an export needs.
pub(crate) struct Scans<'a> {
    /// Of training patients: activation ranges, and the detector of doubt.
    pub train: Vec<&'a Record>,
    /// Of validation patients: the thresholds of doubt, and how large the evidence of a heatmap usually is.
    pub val: Vec<&'a Record>,
    /// Of test patients: the figures.
    pub test: Vec<&'a Record>,
    /// Of training patients with diseases that are no class of the model: the detector of doubt.
    pub others: Vec<&'a Record>,
    /// Of test patients with such diseases: how often they get which answer.
    pub test_others: Vec<&'a Record>,
}

/// Fits the doubt, measures the run's model on test patients in floats and, its activation ranges measured on scans of `train`, in 8-bit integers;
/// writes `<name>.safetensors` and the index to `dir`. Returns the figures.
pub(crate) fn export(
    run: &Run,
    prepared: &Prepared,
    options: &ExportOptions,
    scans: &Scans<'_>,
    dir: &Path,
    bar: &ProgressBar,
) -> Result<Metrics> {
    let Scans { train, val, test, others, test_others } = scans;
    let mut tensors = tensors(run, prepared)?;
    let clip = Clip::new(&prepared.spec.clip, VarBuilder::from_tensors(tensors.clone(), DType::F32, &Device::Cpu))?;
    let ranges = activation_ranges(&clip, &range_scans(train, &prepared.spec.preprocess)?)?;
    let mut ready = prepare(&clip, tensors.clone(), &ranges)?;
    let mut metadata = metadata(prepared, options)?;
    if run.path(names::CALIBRATION).exists() {
        metadata.training.calibration = Some(run.read_json(names::CALIBRATION)?);
    }
    metadata.training.start = start::source(run)?;
    let undoubted = Engine::load_draft(&options.name, Bundle::write(&metadata, &ready, true)?)?;
    let detector =
        doubt::detector(&undoubted, &prepared.spec, &prepared.settings, &[train.as_slice(), others].concat())?;
    metadata.doubt = doubt::thresholds(&undoubted, &prepared.spec, &detector, val)?;
    if metadata.doubt.is_some() {
        tensors.extend(detector.clone());
        ready.extend(detector);
    }
    let file = |metadata: &Metadata, quantize: bool| {
        Bundle::write(metadata, if quantize { &ready } else { &tensors }, quantize)
    };
    let float = Engine::load_draft(&options.name, file(&metadata, false)?)?;
    let int8 = Engine::load_draft(&options.name, file(&metadata, true)?)?;
    let measure = |engine: &Engine| {
        let mut reader = Reader::new(engine)?;
        let mut evaluation = evaluate(&mut reader, test, bar)?;
        evaluation.add_others(&reader, test_others, bar)?;
        Ok::<_, Error>(evaluation)
    };
    let (read_by_float, read_by_int8) = (measure(&float)?, measure(&int8)?);
    let metrics = Metrics {
        drift: drift((&float, &read_by_float), (&int8, &read_by_int8))?,
        float: of_sources(&read_by_float),
        int8: of_sources(&read_by_int8),
        split: Split::Test,
    };
    metadata.metrics = Some(metrics.clone());
    let published = if options.precision == WeightPrecision::Int8 { &int8 } else { &float };
    metadata.explanations = Some(ExplanationMetrics {
        methods: Vec::new(),
        peaks: peaks::references(published, &peaks::scans(val), bar)?,
        default: MapMethod::default().name().to_owned(),
        rule: String::new(),
    });
    let bytes = file(&metadata, options.precision == WeightPrecision::Int8)?;
    let listing = Listing { name: &options.name, title: &options.title, kind: ModelKind::Octlens, labels: &[] };
    publish(dir, &bytes, &listing)?;
    Ok(metrics)
}

fn of_sources(evaluation: &Evaluation<'_>) -> BTreeMap<String, Figures> {
    evaluation.figures().into_iter().map(|(source, figures)| (source.to_string(), figures)).collect()
}

/// `pixel_values` of scans that are evenly spaced in `train`.
fn range_scans(train: &[&Record], preprocess: &Preprocess) -> Result<Vec<Tensor>> {
    let stride = train.len().div_ceil(N_RANGE_SCANS);
    let pixel_values = |record: &&Record| preprocess.pixel_values(preprocess.grey(&read_scan(record)?), &Device::Cpu);
    train.iter().step_by(stride.max(1)).map(pixel_values).collect()
}

fn tensors(run: &Run, prepared: &Prepared) -> Result<HashMap<String, Tensor>> {
    let device = Device::Cpu;
    let (mut tensors, _) = run.read_tensors(names::TOWERS, &device)?;
    let clip = Clip::new(&prepared.spec.clip, VarBuilder::from_tensors(tensors.clone(), DType::F32, &device))?;
    let texts: Vec<String> = prepared.spec.captions.iter().map(|c| c.text()).collect();
    let (token_ids, end) = text_batch(&prepared.tokenizer, &texts, &device)?;
    let embeds = clip.text_embeds(&token_ids, &end)?.detach();
    tensors.extend(run.read_tensors(names::HEADS, &device)?.0);
    tensors.insert(CAPTION_EMBEDS.to_owned(), embeds);
    Ok(tensors)
}

fn metadata(prepared: &Prepared, options: &ExportOptions) -> Result<Metadata> {
    let Prepared { settings, spec, splits, tokenizer, .. } = prepared;
    let has = |source: &SourceKind| splits.patients.keys().any(|key| key.starts_with(&format!("{source}/")));
    let data = SourceKind::ALL.into_iter().filter(has).map(|source| (source.to_string(), source.citation().to_owned()));
    Ok(Metadata {
        format: FORMAT,
        name: options.name.clone(),
        title: options.title.clone(),
        precision: options.precision,
        clip: spec.clip.clone(),
        head: spec.head.clone(),
        preprocess: spec.preprocess.clone(),
        vocabulary: spec.vocabulary.clone(),
        captions: spec.captions.clone(),
        tokenizer: tokenizer.to_json()?,
        licence: options.licence.clone(),
        training: Training {
            data: data.collect(),
            settings: settings_record(settings)?,
            splits: Some(splits.clone()),
            ..Training::default()
        },
        doubt: None,
        metrics: None,
        explanations: None,
    })
}
