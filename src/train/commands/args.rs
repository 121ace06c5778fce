//! Options that several commands share.

use std::path::PathBuf;
use std::str::FromStr;

use candle_core::Device;
use clap::Args;

use crate::error::{Error, Result};
use crate::train::data::dataset::DataSpec;

/// `cpu`, `cuda`, `cuda:N` or `metal`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum DeviceName {
    #[default]
    Cpu,
    Cuda(usize),
    Metal,
}

impl FromStr for DeviceName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            None if text == "cpu" => Ok(Self::Cpu),
            None if text == "cuda" => Ok(Self::Cuda(0)),
            None if text == "metal" => Ok(Self::Metal),
            Some(("cuda", n)) => n.parse().map(Self::Cuda).map_err(|_| format!("{n} is not a GPU number")),
            _ => Err("use cpu, cuda, cuda:N or metal".to_owned()),
        }
    }
}

/// `--device` of a command that can run on a GPU.
#[derive(Args, Clone, Copy)]
pub(super) struct DeviceArgs {
    /// Where to compute: cpu, cuda, cuda:N or metal.
    #[arg(long, default_value = "cpu")]
    device: DeviceName,
}

impl DeviceArgs {
    /// Opens the device.
    ///
    /// # Errors
    /// The device does not exist, or this build cannot use it.
    pub(super) fn open(self) -> Result<Device> {
        let missing = |what: &str| {
            Error::config(format!(
                "--device {what} cannot be used: build with --features {what}, on a machine that has it"
            ))
        };
        match self.device {
            DeviceName::Cpu => Ok(Device::Cpu),
            DeviceName::Cuda(n) => Device::new_cuda(n).map_err(|e| missing("cuda").because(e)),
            DeviceName::Metal => Device::new_metal(0).map_err(|e| missing("metal").because(e)),
        }
    }
}

/// `--device` of a command that runs on the CPU only. Every command has the option, so that scripts can always give it.
#[derive(Args, Clone, Copy, Default)]
pub(super) struct CpuArgs {
    /// Where to compute: this command runs on the cpu only.
    #[arg(long, default_value = "cpu")]
    device: DeviceName,
}

impl CpuArgs {
    /// # Errors
    /// The device is not the CPU.
    pub(super) fn check(self) -> Result<()> {
        match self.device {
            DeviceName::Cpu => Ok(()),
            _ => Err(Error::config("this command runs on the CPU only: leave --device out")),
        }
    }
}

/// The help of `--data`.
pub(super) fn data_help() -> String {
    format!("Folder of scans: {}; may be given several times", DataSpec::form())
}

/// `--data` and `--strict`.
#[derive(Args, Clone)]
pub(super) struct DataArgs {
    #[arg(
        long = "data",
        required = true,
        value_name = "KIND:DIR",
        help = data_help(),
        long_help = format!("{}\n\n{}", data_help(), DataSpec::layouts())
    )]
    pub(super) specs: Vec<DataSpec>,
    #[command(flatten)]
    pub(super) strict: StrictArgs,
}

/// `--strict`.
#[derive(Args, Clone, Copy, Default)]
pub(super) struct StrictArgs {
    /// Stop if a row or a picture of --data cannot be used, instead of leaving it out.
    #[arg(long)]
    pub(super) strict: bool,
}

/// `--run` and `--data`: a run, and the data that it was trained with.
#[derive(Args, Clone)]
pub(super) struct RunArgs {
    /// The run's folder.
    #[arg(long)]
    pub(super) run: PathBuf,
    #[command(flatten)]
    pub(super) data: DataArgs,
}
