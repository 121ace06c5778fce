//! How this process was started, by the variables that launchers set: torchrun's, Open MPI's, PMI's (MPICH, Intel MPI) and
//! Slurm's.

use crate::error::{Error, Result};

/// torchrun's default port.
const PORT: u16 = 29500;

/// What this process is a part of.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Launch {
    /// Nothing: it trains alone.
    One,
    /// Processes that meet at a port of the first one.
    Tcp { rank: usize, n_ranks: usize, address: String },
    /// Processes that an MPI launcher connects.
    Mpi,
}

/// Variables with the number of a process and of all, and whether a library of MPI can connect processes that have them.
const LAUNCHERS: [(&str, &str, bool); 4] = [
    ("RANK", "WORLD_SIZE", false),
    ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", true),
    ("PMI_RANK", "PMI_SIZE", true),
    // Of the step: SLURM_NTASKS is also set for a batch script, which runs once.
    ("SLURM_PROCID", "SLURM_STEP_NUM_TASKS", true),
];

/// Reads the environment through `get`. With MASTER_ADDR, processes of every launcher meet at that host's port MASTER_PORT;
/// without it, those of an MPI launcher use MPI.
///
/// # Errors
/// A variable is no number, or a host or a rank is missing.
pub(super) fn launch(get: impl Fn(&str) -> Option<String>) -> Result<Launch> {
    let Some((rank_name, size_name, is_mpi)) = LAUNCHERS.into_iter().find(|(_, size, _)| get(size).is_some()) else {
        return Ok(Launch::One);
    };
    let number = |name: &str| -> Result<usize> {
        let text = get(name)
            .ok_or_else(|| Error::config(format!("{size_name} is set, but {name} is not: set both or none")))?;
        text.parse().map_err(|_| Error::config(format!("the variable {name} is \"{text}\", which is no number")))
    };
    let n_ranks = number(size_name)?;
    if n_ranks == 1 {
        return Ok(Launch::One);
    }
    let rank = number(rank_name)?;
    if rank >= n_ranks {
        return Err(Error::config(format!(
            "{rank_name} is {rank}, but there are {n_ranks} ranks ({size_name}), from 0"
        )));
    }
    let Some(host) = get("MASTER_ADDR") else {
        let missing = "WORLD_SIZE and RANK are set, but not MASTER_ADDR: set it to the host of rank 0";
        return if is_mpi { Ok(Launch::Mpi) } else { Err(Error::config(missing)) };
    };
    let port = get("MASTER_PORT").map_or(Ok(PORT), |port| {
        port.parse::<u16>()
            .map_err(|_| Error::config(format!("the variable MASTER_PORT is \"{port}\", which is no port")))
    })?;
    // torchrun itself listens on the port that it names then.
    let is_taken = get("TORCHELASTIC_USE_AGENT_STORE").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let port = if is_taken { port.saturating_add(1) } else { port };
    let host = if host.contains(':') { format!("[{host}]") } else { host };
    Ok(Launch::Tcp { rank, n_ranks, address: format!("{host}:{port}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Result<Launch, String> {
        let get = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        launch(get).map_err(|error| error.to_string())
    }

    fn tcp(rank: usize, n_ranks: usize, address: &str) -> Result<Launch, String> {
        Ok(Launch::Tcp { rank, n_ranks, address: address.to_owned() })
    }

    #[test]
    fn launchers_are_known_by_their_variables() {
        assert_eq!(of(&[]), Ok(Launch::One));
        assert_eq!(of(&[("SLURM_PROCID", "0"), ("SLURM_NTASKS", "4")]), Ok(Launch::One), "a batch script");
        assert_eq!(of(&[("OMPI_COMM_WORLD_RANK", "0"), ("OMPI_COMM_WORLD_SIZE", "1")]), Ok(Launch::One));
        for (rank, size) in [
            ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),
            ("PMI_RANK", "PMI_SIZE"),
            ("SLURM_PROCID", "SLURM_STEP_NUM_TASKS"),
        ] {
            assert_eq!(of(&[(rank, "1"), (size, "4")]), Ok(Launch::Mpi));
            assert_eq!(of(&[(rank, "1"), (size, "4"), ("MASTER_ADDR", "node1")]), tcp(1, 4, "node1:29500"));
        }
        let torchrun = [("RANK", "2"), ("WORLD_SIZE", "3"), ("MASTER_ADDR", "::1"), ("MASTER_PORT", "4000")];
        assert_eq!(of(&torchrun), tcp(2, 3, "[::1]:4000"));
        let elastic = [&torchrun[..], &[("TORCHELASTIC_USE_AGENT_STORE", "True")]].concat();
        assert_eq!(of(&elastic), tcp(2, 3, "[::1]:4001"));
    }

    #[test]
    fn half_an_environment_is_refused_with_what_is_missing() {
        for (variables, expected) in [
            (&[("WORLD_SIZE", "2")][..], "RANK is not"),
            (&[("WORLD_SIZE", "2"), ("RANK", "0")], "MASTER_ADDR"),
            (&[("WORLD_SIZE", "2"), ("RANK", "2"), ("MASTER_ADDR", "a")], "there are 2 ranks"),
            (&[("WORLD_SIZE", "two"), ("RANK", "0")], "no number"),
            (&[("WORLD_SIZE", "2"), ("RANK", "0"), ("MASTER_ADDR", "a"), ("MASTER_PORT", "99999")], "no port"),
        ] {
            let refused = of(variables).unwrap_err();
            assert!(refused.contains(expected), "{refused}");
        }
    }
}
