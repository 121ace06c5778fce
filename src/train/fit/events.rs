//! TensorBoard's event file: TFRecords (length, data, masked CRC-32C of each) of protobuf events, as TensorFlow's
//! `record_writer.cc`, `event.proto` and `summary.proto` define them. Scalars only.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use prost::Message;

use crate::error::Result;
use crate::train::files::{Action, failed};
use crate::train::run::Run;

/// Version of the format, the first event of a file.
const FILE_VERSION: &str = "brain.Event:2";
/// `SessionLog.START`: readers drop what earlier files hold for this step and later ones.
const SESSION_START: i32 = 1;

#[derive(Clone, PartialEq, Message)]
struct Event {
    #[prost(double, tag = "1")]
    wall_time: f64,
    #[prost(int64, tag = "2")]
    step: i64,
    #[prost(string, optional, tag = "3")]
    file_version: Option<String>,
    #[prost(message, optional, tag = "5")]
    summary: Option<Summary>,
    #[prost(message, optional, tag = "7")]
    session_log: Option<SessionLog>,
}

#[derive(Clone, PartialEq, Message)]
struct Summary {
    #[prost(message, repeated, tag = "1")]
    value: Vec<Value>,
}

#[derive(Clone, PartialEq, Message)]
struct Value {
    #[prost(string, tag = "1")]
    tag: String,
    #[prost(float, optional, tag = "2")]
    simple_value: Option<f32>,
}

#[derive(Clone, PartialEq, Message)]
struct SessionLog {
    #[prost(int32, tag = "1")]
    status: i32,
}

/// The events of one session of a run.
pub(super) struct Events {
    file: File,
    path: PathBuf,
}

impl Events {
    /// A new file in the run's folder, for steps after `n_steps`.
    pub(super) fn create(run: &Run, n_steps: usize) -> Result<Self> {
        let now = wall_time();
        let name = format!("events.out.tfevents.{}.{}.octlens", now as u64, std::process::id());
        let path = run.path(&name);
        let file = File::create(&path).map_err(|e| failed(Action::Write, &path, e))?;
        let mut events = Self { file, path };
        events.write(&Event { wall_time: now, file_version: Some(FILE_VERSION.to_owned()), ..Event::default() })?;
        let session_log = Some(SessionLog { status: SESSION_START });
        events.write(&Event { wall_time: now, step: n_steps as i64 + 1, session_log, ..Event::default() })?;
        Ok(events)
    }

    /// Adds values by tag at one step.
    pub(super) fn scalars(&mut self, step: usize, values: &[(&str, f64)]) -> Result<()> {
        let value = |(tag, value): &(&str, f64)| Value { tag: (*tag).to_owned(), simple_value: Some(*value as f32) };
        let summary = Some(Summary { value: values.iter().map(value).collect() });
        self.write(&Event { wall_time: wall_time(), step: step as i64, summary, ..Event::default() })
    }

    fn write(&mut self, event: &Event) -> Result<()> {
        let record = record(&event.encode_to_vec());
        self.file.write_all(&record).map_err(|e| failed(Action::Write, &self.path, e))
    }
}

fn wall_time() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0., |d| d.as_secs_f64())
}

/// One TFRecord.
fn record(data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u64).to_le_bytes();
    [&length[..], &masked_crc(&length), data, &masked_crc(data)].concat()
}

/// TensorFlow's `crc32c::Mask`.
fn masked_crc(data: &[u8]) -> [u8; 4] {
    crc32c::crc32c(data).rotate_right(15).wrapping_add(0xa282_ead8).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scalar_is_written_as_tensorboard_writes_it() {
        // tests/fixtures/event_record.py
        let expected = "1e00000000000000d9dc123209000000000000f83f10072a110a0f0a0876616c2f6c6f7373150000803ed44517df";
        let value = Value { tag: "val/loss".to_owned(), simple_value: Some(0.25) };
        let summary = Some(Summary { value: vec![value] });
        let event = Event { wall_time: 1.5, step: 7, summary, ..Event::default() };
        let hex: String = record(&event.encode_to_vec()).iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(hex, expected);
    }
}
