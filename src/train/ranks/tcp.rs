//! Ranks that are connected to the first one by TCP, for clusters without MPI, and for tests. Rows are combined on rank 0.
//! Nothing is encrypted and nobody is asked who he is: for the network within a cluster only.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use super::exchange::{Combine, Ranks, bytes_of, floats};
use crate::error::{Error, Result};

/// How long ranks wait for each other at the start: as long as nodes of one job may start apart.
const PATIENCE: Duration = Duration::from_secs(300);
/// How often they look.
const PAUSE: Duration = Duration::from_millis(50);
/// Floats of each row in a message, so that a sum is on its way back while the next part comes.
const CHUNK: usize = 1 << 18;
/// The longest message, in bytes: what is longer comes from no rank.
const MAX_MESSAGE: u64 = 1 << 32;
/// What a rank says first, before its number and that of all: other programs do not say it, nor do other versions.
const GREETING: &str = concat!("octlens ", env!("CARGO_PKG_VERSION"), " rank ");

/// What a message is.
const DATA: u8 = 0;
/// The sender ends; its text says why.
const FAREWELL: u8 = 1;

/// Connected ranks.
pub(crate) struct Tcp {
    rank: usize,
    n_ranks: usize,
    /// On rank 0: the others, from rank 1. On the others: rank 0.
    streams: Vec<TcpStream>,
}

/// Why no message came.
enum Lost {
    /// The rank ended and said why.
    Farewell(String),
    /// The connection broke.
    Broken(io::Error),
}

impl Tcp {
    /// Connects `n_ranks` processes, of which rank 0 listens at `address`.
    ///
    /// # Errors
    /// Not all came in time, or one came twice.
    pub(crate) fn meet(rank: usize, n_ranks: usize, address: &str) -> Result<Self> {
        let streams = if rank == 0 { listen(n_ranks, address)? } else { vec![connect(rank, n_ranks, address)?] };
        Ok(Self { rank, n_ranks, streams })
    }

    /// The error of losing the rank at the other end of the `i`-th stream.
    fn lost(&self, i: usize, lost: Lost) -> Error {
        let rank = if self.rank == 0 { i + 1 } else { 0 };
        match lost {
            Lost::Farewell(text) if self.rank == 0 => Error::config(format!("rank {rank}: {text}")),
            Lost::Farewell(_) => Error::config(SAID_BY_FIRST),
            Lost::Broken(e) => {
                let message = "ended, and with it the run: the same command continues from the last checkpoint";
                Error::io(format!("rank {rank} {message}")).because(hung_up(e))
            }
        }
    }

    fn send(&self, i: usize, bytes: &[u8]) -> Result<()> {
        send(&self.streams[i], DATA, bytes).map_err(|e| {
            // What it said before it ended is more telling.
            match receive(&self.streams[i]) {
                Err(lost @ Lost::Farewell(_)) => self.lost(i, lost),
                _ => self.lost(i, Lost::Broken(e)),
            }
        })
    }

    fn receive(&self, i: usize) -> Result<Vec<u8>> {
        receive(&self.streams[i]).map_err(|lost| self.lost(i, lost))
    }
}

/// What broke a connection, as text: of a broken pipe the program would think that the reader of its output is gone, and end as
/// if all were well.
fn hung_up(error: io::Error) -> io::Error {
    io::Error::other(error.to_string())
}

/// The error of a rank that rank 0 has ended: rank 0 prints why.
const SAID_BY_FIRST: &str = "rank 0 ended";

impl Ranks for Tcp {
    fn rank(&self) -> usize {
        self.rank
    }

    fn n_ranks(&self) -> usize {
        self.n_ranks
    }

    fn combine(&self, rows: &[Vec<f32>], combine: &Combine<'_>) -> Result<Vec<f32>> {
        let n = rows.first().map_or(0, Vec::len);
        let mut combined = Vec::with_capacity(n);
        for start in (0..n).step_by(CHUNK) {
            let range = start..(start + CHUNK).min(n);
            let own: Vec<&[f32]> = rows.iter().map(|row| &row[range.clone()]).collect();
            if self.rank > 0 {
                self.send(0, &bytes_of(&own.concat()))?;
                combined.extend(floats(&self.receive(0)?));
                continue;
            }
            let received = (0..self.streams.len()).map(|i| Ok(floats(&self.receive(i)?).collect()));
            let theirs: Vec<Vec<f32>> = received.collect::<Result<_>>()?;
            let theirs = theirs.iter().flat_map(|rows| rows.chunks_exact(range.len()));
            let made = combine(&own.into_iter().chain(theirs).collect::<Vec<_>>());
            let bytes = bytes_of(&made);
            for i in 0..self.streams.len() {
                self.send(i, &bytes)?;
            }
            combined.extend(made);
        }
        Ok(combined)
    }

    fn gather(&self, bytes: &[u8]) -> Result<Vec<Vec<u8>>> {
        if self.rank > 0 {
            self.send(0, bytes)?;
            return (0..self.n_ranks).map(|_| self.receive(0)).collect();
        }
        let mut all = vec![bytes.to_vec()];
        for i in 0..self.streams.len() {
            all.push(self.receive(i)?);
        }
        for i in 0..self.streams.len() {
            all.iter().try_for_each(|bytes| self.send(i, bytes))?;
        }
        Ok(all)
    }

    fn fail(&self, error: Error) -> Option<Error> {
        let text = error.to_string();
        for stream in &self.streams {
            // Whoever is gone already needs no farewell.
            let _ = send(stream, FAREWELL, text.as_bytes());
        }
        // If rank 0 was killed, the next one speaks for all.
        let first_was_killed = self.rank == 1 && text.starts_with("rank 0 ended, and with it");
        (self.rank == 0 || first_was_killed).then_some(error)
    }
}

fn send(mut stream: &TcpStream, kind: u8, bytes: &[u8]) -> io::Result<()> {
    let header = [&[kind][..], &(bytes.len() as u64).to_le_bytes()].concat();
    stream.write_all(&header)?;
    stream.write_all(bytes)
}

fn receive(mut stream: &TcpStream) -> Result<Vec<u8>, Lost> {
    let mut header = [0; 9];
    stream.read_exact(&mut header).map_err(Lost::Broken)?;
    let [kind, length @ ..] = header;
    let n_bytes = u64::from_le_bytes(length);
    if n_bytes > MAX_MESSAGE {
        return Err(Lost::Broken(io::Error::new(io::ErrorKind::InvalidData, "this is no message of a rank")));
    }
    let mut bytes = vec![0; n_bytes as usize];
    stream.read_exact(&mut bytes).map_err(Lost::Broken)?;
    match kind {
        DATA => Ok(bytes),
        _ => Err(Lost::Farewell(String::from_utf8_lossy(&bytes).into_owned())),
    }
}

/// Waits until ranks 1 to `n_ranks` - 1 have come.
fn listen(n_ranks: usize, address: &str) -> Result<Vec<TcpStream>> {
    let failed = |e| Error::io(format!("cannot listen at {address}: set MASTER_ADDR and MASTER_PORT")).because(e);
    let listener = TcpListener::bind(address).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    let mut streams: Vec<Option<TcpStream>> = (1..n_ranks).map(|_| None).collect();
    let start = Instant::now();
    while streams.iter().any(Option::is_none) {
        match listener.accept() {
            Ok((stream, _)) => {
                stream.set_nonblocking(false).and_then(|()| stream.set_nodelay(true)).map_err(failed)?;
                // Whoever is no rank of this run does not count.
                let place = greeted(&stream, n_ranks).and_then(|rank| streams.get_mut(rank.checked_sub(1)?));
                if let Some(place) = place
                    && place.is_none()
                {
                    *place = Some(stream);
                }
            }
            Err(_) if start.elapsed() > PATIENCE => {
                let n_here = 1 + streams.iter().flatten().count();
                return Err(Error::io(format!(
                    "only {n_here} of {n_ranks} ranks came to {address}: start all of them"
                )));
            }
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => std::thread::sleep(PAUSE),
            Err(e) => return Err(failed(e)),
        }
    }
    Ok(streams.into_iter().flatten().collect())
}

/// The number of the rank that has connected.
fn greeted(stream: &TcpStream, n_ranks: usize) -> Option<usize> {
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    let text = String::from_utf8(receive(stream).ok()?).ok()?;
    stream.set_read_timeout(None).ok()?;
    let (rank, n) = text.strip_prefix(GREETING)?.split_once(" of ")?;
    (n.parse() == Ok(n_ranks)).then_some(rank.parse().ok()?)
}

/// Connects to rank 0 as soon as it listens.
fn connect(rank: usize, n_ranks: usize, address: &str) -> Result<TcpStream> {
    let start = Instant::now();
    loop {
        match TcpStream::connect(address) {
            Ok(stream) => {
                let greeting = format!("{GREETING}{rank} of {n_ranks}");
                let greeted = stream.set_nodelay(true).and_then(|()| send(&stream, DATA, greeting.as_bytes()));
                return greeted.map(|()| stream).map_err(|e| Error::io("rank 0 hung up").because(hung_up(e)));
            }
            Err(e) if start.elapsed() > PATIENCE => {
                return Err(Error::io(format!("rank {rank} cannot reach rank 0 at {address}")).because(e));
            }
            Err(_) => std::thread::sleep(PAUSE),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::train::ranks::One;

    /// What `run` returns on each of `n_ranks` ranks, which are threads of this process.
    pub(crate) fn together<T: Send>(n_ranks: usize, run: impl Fn(&dyn Ranks) -> T + Sync) -> Vec<T> {
        if n_ranks == 1 {
            return vec![run(&One)];
        }
        // A port that is free, and which nobody else is given for a while.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let address = format!("127.0.0.1:{port}");
        std::thread::scope(|scope| {
            let rank = |rank| {
                let (address, run) = (&address, &run);
                scope.spawn(move || run(&Tcp::meet(rank, n_ranks, address).unwrap()))
            };
            let threads: Vec<_> = (0..n_ranks).map(rank).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        })
    }

    #[test]
    fn sums_are_the_same_bits_on_every_rank() {
        let n = 2 * CHUNK + 7;
        let sums = together(3, |ranks| {
            let mut values: Vec<f32> = (0..n).map(|i| (i as f32 + 0.1) * (ranks.rank() as f32 + 0.7)).collect();
            ranks.sum(&mut values).unwrap();
            values
        });
        let by_hand = |i: usize| (0..3).map(|rank| (i as f32 + 0.1) * (rank as f32 + 0.7)).fold(0., |sum, v| sum + v);
        assert!((0..n).all(|i| sums[0][i] == by_hand(i)));
        assert!(sums[1] == sums[0] && sums[2] == sums[0]);
    }

    #[test]
    fn ranks_may_give_different_numbers_of_bytes() {
        let gathered = together(3, |ranks| ranks.gather(&vec![7; ranks.rank()]).unwrap());
        assert_eq!(gathered, vec![vec![vec![], vec![7], vec![7, 7]]; 3]);
    }

    #[test]
    fn rank_0_says_why_another_one_ended_and_the_others_are_silent() {
        let said = together(3, |ranks| {
            let outcome = match ranks.rank() {
                2 => Err(Error::data("scans/a.png is missing")),
                _ => ranks.gather(&[]).map(drop),
            };
            ranks.fail(outcome.unwrap_err()).map(|error| error.to_string())
        });
        assert_eq!(said, [Some("rank 2: scans/a.png is missing".to_owned()), None, None]);
    }

    #[test]
    fn one_rank_says_that_another_one_was_killed() {
        for killed in [0, 1, 2] {
            let said = together(3, |ranks| {
                // Its connections close as those of a process that is killed.
                if ranks.rank() == killed {
                    return None;
                }
                let error = (0..2).try_for_each(|_| ranks.sum(&mut [0.; 3])).unwrap_err();
                ranks.fail(error).map(|error| error.to_string())
            });
            let said: Vec<String> = said.into_iter().flatten().collect();
            assert_eq!(said.len(), 1, "{said:?}");
            let expected = format!("rank {killed} ended, and with it the run: the same command continues");
            assert!(said[0].starts_with(&expected) && !said[0].contains('\n'), "{said:?}");
        }
    }

    #[test]
    fn who_is_no_rank_does_not_count() {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let address = format!("127.0.0.1:{port}");
        std::thread::scope(|scope| {
            let first = scope.spawn(|| Tcp::meet(0, 2, &address).unwrap());
            for greeting in ["GET / HTTP/1.1\r\n\r\n", "octlens 0.0.0 rank 1 of 2"] {
                let stranger = loop {
                    match TcpStream::connect(&address) {
                        Ok(stream) => break stream,
                        Err(_) => std::thread::sleep(PAUSE),
                    }
                };
                send(&stranger, DATA, greeting.as_bytes()).unwrap();
            }
            let second = Tcp::meet(1, 2, &address).unwrap();
            send(&second.streams[0], DATA, b"here").unwrap();
            assert_eq!(first.join().unwrap().receive(0).unwrap(), b"here");
        });
    }
}
