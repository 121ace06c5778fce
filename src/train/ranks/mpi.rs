//! Ranks that MPI connects: mpirun and srun start them, and the library of the cluster knows the fastest way between them.

use std::ops::Range;
use std::time::Duration;

use mpi::datatype::{Partition, PartitionMut};
use mpi::environment::Universe;
use mpi::topology::SimpleCommunicator;
use mpi::traits::{Communicator, CommunicatorCollectives};
use mpi::{Count, Threading};

use super::exchange::{Combine, Ranks, part};
use crate::error::{Error, Result};

/// How long other ranks leave the word to rank 0, which often fails of the same.
const PAUSE: Duration = Duration::from_secs(2);
/// Floats of each row that are combined at a time: MPI counts in 32 bits, and copies of this size are all that it needs.
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

    /// Each rank combines its part of the rows, so that as many bytes pass between ranks as for the sums of MPI, whose order is
    /// MPI's.
    fn combine(&self, rows: &[Vec<f32>], combine: &Combine<'_>) -> Result<Vec<f32>> {
        let n = rows.first().map_or(0, Vec::len);
        let mut n_rows: Vec<Count> = vec![0; self.n_ranks()];
        self.world.all_gather_into(&(rows.len() as Count), &mut n_rows[..]);
        let mut combined = Vec::with_capacity(n);
        for start in (0..n).step_by(CHUNK) {
            let n_floats = CHUNK.min(n - start);
            let parts: Vec<Range<usize>> =
                (0..self.n_ranks()).map(|rank| part(n_floats, rank, self.n_ranks())).collect();
            let n_own = parts[self.rank()].len();
            let of_rows = |part: &Range<usize>| {
                let range = start + part.start..start + part.end;
                rows.iter().flat_map(move |row| row[range.clone()].iter().copied())
            };
            let sent: Vec<f32> = parts.iter().flat_map(of_rows).collect();
            let sent_counts: Vec<Count> = parts.iter().map(|part| (part.len() * rows.len()) as Count).collect();
            let counts: Vec<Count> = n_rows.iter().map(|n_rows| n_rows * n_own as Count).collect();
            let mut received = vec![0f32; counts.iter().map(|count| *count as usize).sum()];
            self.world.all_to_all_varcount_into(
                &Partition::new(&sent[..], &sent_counts[..], starts(&sent_counts)),
                &mut PartitionMut::new(&mut received[..], &counts[..], starts(&counts)),
            );
            let made = match n_own {
                0 => vec![],
                _ => combine(&received.chunks_exact(n_own).collect::<Vec<_>>()),
            };
            let counts: Vec<Count> = parts.iter().map(|part| part.len() as Count).collect();
            let mut all = vec![0f32; n_floats];
            let mut parts = PartitionMut::new(&mut all[..], &counts[..], starts(&counts));
            self.world.all_gather_varcount_into(&made[..], &mut parts);
            combined.extend(all);
        }
        Ok(combined)
    }

    fn gather(&self, bytes: &[u8]) -> Result<Vec<Vec<u8>>> {
        let too_long = |_| Error::config("too many bytes for one message of MPI: use a smaller --batch");
        let own = Count::try_from(bytes.len()).map_err(too_long)?;
        let mut counts: Vec<Count> = vec![0; self.n_ranks()];
        self.world.all_gather_into(&own, &mut counts[..]);
        let n_bytes: usize = counts.iter().map(|count| *count as usize).sum();
        Count::try_from(n_bytes).map_err(too_long)?;
        let mut all = vec![0; n_bytes];
        let starts = starts(&counts);
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

/// Where each part of a buffer begins.
fn starts(counts: &[Count]) -> Vec<Count> {
    let next = |start: &mut Count, count: &Count| Some(std::mem::replace(start, *start + *count));
    counts.iter().scan(0, next).collect()
}
