//! UIDs from content: the same content has the same UID, anywhere and at any time.

use sha2::{Digest, Sha256};

/// A UID for what `parts` name: `2.25.` and a UUID in decimal (PS3.5, B.2), of version 8 (RFC 9562), from their SHA-256.
pub(super) fn of(parts: &[&[u8]]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        // With lengths, so that no two lists of parts are the same text.
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    let digest = hasher.finalize();
    let first = digest.iter().take(16).fold(0, |number: u128, byte| number << 8 | u128::from(*byte));
    let version = first & !(0xF << 76) | 8 << 76;
    let uuid = version & !(0b11 << 62) | 0b10 << 62;
    format!("2.25.{uuid}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uid_is_a_uuid_of_version_8_and_depends_on_every_part() {
        let uid = of(&[b"ab", b"c"]);
        assert!(uid == of(&[b"ab", b"c"]) && uid != of(&[b"a", b"bc"]) && uid.len() <= 64);
        let uuid: u128 = uid.strip_prefix("2.25.").unwrap().parse().unwrap();
        let hex = format!("{uuid:032x}");
        assert!(&hex[12..13] == "8" && "89ab".contains(&hex[16..17]), "{hex}");
    }
}
