//! Lines as Parquet: what is usually asked of an answer in columns, and the whole report as text.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use indexmap::IndexMap;
use parquet::basic::Compression;
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::SerializedFileWriter;
use parquet::record::Field;
use parquet::schema::parser::parse_message_type;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::line::Line;
use crate::error::{Error, Result};
use crate::train::files::{self, Action, failed};

/// The columns, in the order of [`Rows::columns`]. Only `input` is always there.
const SCHEMA: &str = "message octlens {
    required binary input (STRING);
    optional int64 frame;
    optional binary error (STRING);
    optional binary sha256 (STRING);
    optional binary label (STRING);
    optional float probability;
    optional binary text_label (STRING);
    optional binary caption (STRING);
    optional float similarity;
    optional binary warning (STRING);
    optional binary report (STRING);
}";

/// Rows of a group: some 50 MB of reports, which are in memory while they are written.
const ROWS_PER_GROUP: usize = 10_000;

/// What a report has for the columns.
#[derive(Deserialize)]
struct Summary {
    input: InputSummary,
    image: AnswerSummary,
    text: AnswerSummary,
    caption: CaptionSummary,
    warning: WarningSummary,
}

#[derive(Deserialize)]
struct InputSummary {
    sha256: String,
}

#[derive(Deserialize)]
struct AnswerSummary {
    label: String,
    probabilities: IndexMap<String, f32>,
}

#[derive(Deserialize)]
struct CaptionSummary {
    text: String,
    similarity: f32,
}

#[derive(Deserialize)]
struct WarningSummary {
    kind: String,
}

/// The rows of one group.
#[derive(Default)]
struct Rows {
    lines: Vec<Line>,
    summaries: Vec<Option<Summary>>,
}

/// The values of one column, a row each.
enum Column {
    Texts(Vec<Option<String>>),
    Integers(Vec<Option<i64>>),
    Floats(Vec<Option<f32>>),
}

impl Rows {
    fn columns(&self) -> [Column; 11] {
        let of_line = |get: fn(&Line) -> Option<&str>| {
            Column::Texts(self.lines.iter().map(|line| get(line).map(str::to_owned)).collect())
        };
        let text = |get: fn(&Summary) -> &str| {
            Column::Texts(self.summaries.iter().map(|summary| summary.as_ref().map(|s| get(s).to_owned())).collect())
        };
        let number = |get: fn(&Summary) -> Option<f32>| {
            Column::Floats(self.summaries.iter().map(|summary| summary.as_ref().and_then(get)).collect())
        };
        [
            of_line(|line| Some(line.input.as_str())),
            Column::Integers(self.lines.iter().map(|line| line.frame.map(i64::from)).collect()),
            of_line(|line| line.error.as_deref()),
            text(|report| &report.input.sha256),
            text(|report| &report.image.label),
            number(|report| report.image.probabilities.get(&report.image.label).copied()),
            text(|report| &report.text.label),
            text(|report| &report.caption.text),
            number(|report| Some(report.caption.similarity)),
            text(|report| &report.warning.kind),
            of_line(|line| line.report.as_deref().map(RawValue::get)),
        ]
    }
}

impl Column {
    /// Writes the values. `is_required`: there is one in every row, and Parquet keeps no levels.
    fn write(self, writer: &mut ColumnWriter<'_>, is_required: bool) -> Result<(), ParquetError> {
        /// The values that are there, and for each row whether it has one.
        fn split<T, U>(rows: Vec<Option<T>>, convert: impl Fn(T) -> U) -> (Vec<U>, Vec<i16>) {
            let levels = rows.iter().map(|value| i16::from(value.is_some())).collect();
            (rows.into_iter().flatten().map(convert).collect(), levels)
        }
        let levels_of = |levels: Vec<i16>| (!is_required).then_some(levels);
        match (self, writer) {
            (Self::Texts(rows), ColumnWriter::ByteArrayColumnWriter(writer)) => {
                let (values, levels) = split(rows, |text| ByteArray::from(text.into_bytes()));
                writer.write_batch(&values, levels_of(levels).as_deref(), None)?;
            }
            (Self::Integers(rows), ColumnWriter::Int64ColumnWriter(writer)) => {
                let (values, levels) = split(rows, |value| value);
                writer.write_batch(&values, levels_of(levels).as_deref(), None)?;
            }
            (Self::Floats(rows), ColumnWriter::FloatColumnWriter(writer)) => {
                let (values, levels) = split(rows, |value| value);
                writer.write_batch(&values, levels_of(levels).as_deref(), None)?;
            }
            _ => return Err(ParquetError::General("a column is of another type than the schema says".to_owned())),
        }
        Ok(())
    }
}

/// Writes a file of lines.
pub(super) struct Writer<'a> {
    path: &'a Path,
    writer: SerializedFileWriter<File>,
    rows: Rows,
}

impl<'a> Writer<'a> {
    pub(super) fn create(path: &'a Path) -> Result<Self> {
        let unwritable = |e| failed(Action::Write, path, e);
        let schema = Arc::new(parse_message_type(SCHEMA).map_err(unwritable)?);
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
        let file = File::create(path).map_err(|e| failed(Action::Write, path, e))?;
        let writer = SerializedFileWriter::new(file, schema, Arc::new(properties)).map_err(unwritable)?;
        Ok(Self { path, writer, rows: Rows::default() })
    }

    pub(super) fn add(&mut self, line: Line) -> Result<()> {
        let summary = line.report.as_ref().map(|report| serde_json::from_str(report.get())).transpose();
        self.rows
            .summaries
            .push(summary.map_err(|e| Error::data(format!("the report on {} is damaged", line.input)).because(e))?);
        self.rows.lines.push(line);
        if self.rows.lines.len() < ROWS_PER_GROUP { Ok(()) } else { self.write_group() }
    }

    fn write_group(&mut self) -> Result<()> {
        let rows = std::mem::take(&mut self.rows);
        let write = |writer: &mut SerializedFileWriter<File>| -> Result<(), ParquetError> {
            let mut group = writer.next_row_group()?;
            for (i, column) in rows.columns().into_iter().enumerate() {
                if let Some(mut writer) = group.next_column()? {
                    column.write(writer.untyped(), i == 0)?;
                    writer.close()?;
                }
            }
            group.close().map(drop)
        };
        write(&mut self.writer).map_err(|e| failed(Action::Write, self.path, e))
    }

    pub(super) fn finish(mut self) -> Result<()> {
        if !self.rows.lines.is_empty() {
            self.write_group()?;
        }
        self.writer.close().map(drop).map_err(|e| failed(Action::Write, self.path, e))
    }
}

/// Gives `take` each line of a file that [`Writer`] wrote.
pub(super) fn read(path: &Path, mut take: impl FnMut(Line) -> Result<()>) -> Result<()> {
    let unreadable = |e| failed(Action::Read, path, e);
    let reader = SerializedFileReader::new(files::open(path)?).map_err(unreadable)?;
    for row in reader.get_row_iter(None).map_err(unreadable)? {
        let row = row.map_err(unreadable)?;
        let value = |name: &str| row.get_column_iter().find(|(column, _)| *column == name).map(|(_, value)| value);
        let text = |name: &str| match value(name) {
            Some(Field::Str(text)) => Some(text.clone()),
            _ => None,
        };
        let foreign =
            || Error::data(format!("{} is not an output of this command: choose another --output", path.display()));
        let frame = match value("frame") {
            Some(Field::Long(frame)) => u32::try_from(*frame).ok(),
            _ => None,
        };
        let report = text("report").map(RawValue::from_string).transpose().map_err(|e| foreign().because(e))?;
        take(Line { input: text("input").ok_or_else(foreign)?, frame, report, error: text("error") })?;
    }
    Ok(())
}
