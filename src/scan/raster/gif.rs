//! Counts the pictures in a GIF: the `image` crate decodes the first and does not say whether there are more.

/// Pictures in the file, as far as its blocks came.
pub(super) fn n_pictures(bytes: &[u8]) -> usize {
    let mut n = 0;
    let mut at = 13 + bytes.get(10).map_or(0, |packed| palette_bytes(*packed));
    loop {
        match bytes.get(at) {
            // An extension: its label, then blocks of data.
            Some(0x21) => at += 2,
            // A picture: its place, its palette, the size of its codes, then blocks of data.
            Some(0x2c) => {
                n += 1;
                at += 11 + bytes.get(at + 9).map_or(0, |packed| palette_bytes(*packed));
            }
            _ => return n,
        }
        while let Some(length) = bytes.get(at).filter(|length| **length > 0) {
            at += 1 + usize::from(*length);
        }
        at += 1;
    }
}

/// The size of the palette that a byte of flags announces.
fn palette_bytes(packed: u8) -> usize {
    if packed & 0x80 == 0 { 0 } else { 3 << ((packed & 7) + 1) }
}
