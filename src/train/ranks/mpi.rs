//! Ranks that MPI connects: mpirun and srun start them, and the library of the cluster knows the fastest way between them.

use std::time::Duration;

use mpi::collective::SystemOperation;
use mpi::datatype::PartitionMut;
use mpi::environment::Universe;
use mpi::topology::SimpleCommunicator;
use mpi::traits::{Communicator, CommunicatorCollectives};
use mpi::{Count, Threading};

use super::exchange::Ranks;
use crate::error::{Error, Result};

/// How long other ranks leave the word to rank 0, which often fails of the same.
const PAUSE: Duration = Duration::from_secs(2);
/// Floats of one sum: MPI counts in 32 bits, and a copy of this size is all that a sum needs.
const CHUNK: usize = 1 << 22;

/// MPI's world. A rank that dies takes the others with it: that is what MPI's default handler of errors and its launchers do.
pub(super) struct Mpi {
    world: SimpleCommunicator,
    /// Ends MPI when it is dropped.
    _universe: Universe,
}

impl Mpi {
    /// # Errors
    /// MPI was started before in this process.
    pub(super) fn start() -> Result<Self> {
        // The thread that trains makes all calls.
        let (universe, _) = mpi::initialize_with_threading(Threading::Funneled)
            .ok_or_else(|| Error::config("MPI was started twice in one process"))?;
        Ok(Self { world: universe.world(), _universe: universe })
    }
}

impl Ranks for Mpi {
    fn rank(&self) -> usize {
        self.world.rank() as usize
    }

    fn n_ranks(&self) -> usize {
        self.world.size() as usize
    }

    fn sum(&self, values: &mut [f32]) -> Result<()> {
        for chunk in values.chunks_mut(CHUNK) {
            let own = chunk.to_vec();
            self.world.all_reduce_into(&own[..], chunk, SystemOperation::sum());
        }
        Ok(())
    }

    fn gather(&self, bytes: &[u8]) -> Result<Vec<Vec<u8>>> {
        let too_long = |_| Error::config("too many bytes for one message of MPI: use a smaller --batch");
        let own = Count::try_from(bytes.len()).map_err(too_long)?;
        let mut counts: Vec<Count> = vec![0; self.n_ranks()];
        self.world.all_gather_into(&own, &mut counts[..]);
        let starts: Vec<Count> = counts
            .iter()
            .scan(0, |next: &mut Count, count| {
                let start = *next;
                *next = next.checked_add(*count)?;
                Some(start)
            })
            .collect();
        let n_bytes: usize = counts.iter().map(|count| *count as usize).sum();
        Count::try_from(n_bytes).map_err(too_long)?;
        let mut all = vec![0; n_bytes];
        let mut parts = PartitionMut::new(&mut all[..], &counts[..], &starts[..]);
        self.world.all_gather_varcount_into(bytes, &mut parts);
        let part = |(start, count): (&Count, &Count)| all[*start as usize..(*start + *count) as usize].to_vec();
        Ok(starts.iter().zip(&counts).map(part).collect())
    }

    fn fail(&self, error: Error) -> Option<Error> {
        if self.rank() > 0 {
            std::thread::sleep(PAUSE);
        }
        // Not by returning: the end of MPI waits for ranks that wait for this one.
        eprintln!("error: {}{error}", if self.rank() > 0 { format!("rank {}: ", self.rank()) } else { String::new() });
        self.world.abort(1)
    }
}
