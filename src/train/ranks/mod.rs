//! The processes that train one model together: ranks, as MPI numbers them. What they exchange goes through [`Ranks`], so that
//! training reads the same for one process and for many. Knows no tensor and no model.
//!
//! `exchange` says what ranks can do, `micro_batches` what each does of a batch, `tree_sum` in which order they add up,
//! `timed` how long it takes, `environment` how this process was started. `one` is a process alone, `tcp` needs nothing but a port,
//! `mpi` needs a build with the feature of that name.

mod environment;
mod exchange;
mod micro_batches;
#[cfg(feature = "mpi")]
mod mpi;
mod one;
mod tcp;
mod timed;
mod tree_sum;

use self::environment::Launch;
pub(crate) use self::exchange::{Ranks, check_same, gather_floats, of_first};
pub(crate) use self::micro_batches::{MicroBatches, Shares};
pub(crate) use self::one::One;
#[cfg(test)]
pub(crate) use self::tcp::tests::together;
pub(crate) use self::timed::Timed;
pub(crate) use self::tree_sum::TreeSum;
use crate::error::Result;

/// The processes that this one was started with, once they have met.
///
/// # Errors
/// The environment contradicts itself, this build lacks MPI, or the others did not come.
pub(crate) fn start() -> Result<Box<dyn Ranks>> {
    match environment::launch(|name| std::env::var(name).ok())? {
        Launch::One => Ok(Box::new(One)),
        Launch::Tcp { rank, n_ranks, address } => Ok(Box::new(tcp::Tcp::meet(rank, n_ranks, &address)?)),
        Launch::Mpi => mpi_ranks(),
    }
}

#[cfg(feature = "mpi")]
fn mpi_ranks() -> Result<Box<dyn Ranks>> {
    Ok(Box::new(mpi::Mpi::start()?))
}

#[cfg(not(feature = "mpi"))]
fn mpi_ranks() -> Result<Box<dyn Ranks>> {
    Err(crate::error::Error::config(
        "started as one of several processes, but this build has no MPI: build with --features mpi, or set MASTER_ADDR to the \
         host of the first process",
    ))
}
