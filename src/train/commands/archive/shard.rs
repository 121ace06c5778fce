//! Which part of a list a process answers about.

use std::str::FromStr;

use crate::bundle::sha256;

/// The `index`-th of `n` parts, from 0.
///
/// A path belongs to a part by its hash: wherever it stands in the list, and whatever else is in it. All lines about one file
/// are in one part, so that its frames are read by one process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shard {
    index: u64,
    n: u64,
}

impl Shard {
    pub(super) fn has(self, path: &str) -> bool {
        let hash = sha256::of(path.as_bytes());
        // 64 bits of it, which are always hexadecimal digits.
        let bits = hash.get(..16).and_then(|digits| u64::from_str_radix(digits, 16).ok()).unwrap_or_default();
        bits % self.n == self.index
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers = text.split_once('/').and_then(|(i, n)| Some((i.parse::<u64>().ok()?, n.parse::<u64>().ok()?)));
        match numbers {
            Some((i, n)) if (1..=n).contains(&i) => Ok(Self { index: i - 1, n }),
            _ => Err("give I/N with I from 1 to N, as 3/8".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_path_is_in_one_part_and_parts_are_of_similar_size() {
        let shards: Vec<Shard> = (1..=8).map(|i| format!("{i}/8").parse().unwrap()).collect();
        let mut sizes = [0; 8];
        for i in 0..8000 {
            let path = format!("archive/{i}.dcm");
            let parts: Vec<usize> = (0..8).filter(|part| shards[*part].has(&path)).collect();
            assert_eq!(parts.len(), 1, "{path}");
            sizes[parts[0]] += 1;
        }
        // Binomial: 1000 with a standard deviation of 30.
        assert!(sizes.iter().all(|size| (850..1150).contains(size)), "{sizes:?}");
    }

    #[test]
    fn a_path_is_in_the_same_part_on_every_machine_and_in_every_version() {
        // From Python: int(hashlib.sha256(b"a.png").hexdigest()[:16], 16) % 8 is 0.
        let part = (1..=8u64).find(|i| Shard { index: i - 1, n: 8 }.has("a.png"));
        assert_eq!(part, Some(1));
    }

    #[test]
    fn parts_count_from_1() {
        assert_eq!("3/8".parse(), Ok(Shard { index: 2, n: 8 }));
        for wrong in ["0/8", "9/8", "8", "1/0", "a/b", "-1/8", "1/8/2", ""] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
    }
}
