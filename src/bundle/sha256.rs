//! SHA-256 as weights files, reports and the list of weights files write it: in hex.

use std::io::{Read, Result, copy};

use sha2::{Digest, Sha256};

/// SHA-256 of `bytes`, in hex.
pub fn of(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// SHA-256 of all that `reader` gives, in hex, without holding it in memory.
///
/// # Errors
/// It cannot be read.
pub fn of_reader(mut reader: impl Read) -> Result<String> {
    let mut hasher = Sha256::new();
    copy(&mut reader, &mut hasher)?;
    Ok(hex(&hasher.finalize()))
}

/// A digest in hex, in lower case.
pub fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_and_readers_have_the_digest_of_the_standard() {
        // FIPS 180-4's example of one block.
        let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(of(b"abc"), digest);
        assert_eq!(of_reader(&b"abc"[..]).unwrap(), digest);
    }
}
