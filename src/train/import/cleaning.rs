//! What CLIP does to a text before it splits it into words: `basic_clean` and `lower` (CLIP's `simple_tokenizer.py`),
//! as steps that the tokenizer stores in its file and that keep track of which byte came from which.
//!
//! `basic_clean` is ftfy's `fix_text` and `html.unescape`, twice. Here are ftfy's steps for single characters, in its
//! order (ftfy 6, `ftfy/fixes.py`, `ftfy/chardata.py`), and the entities of HTML's markup characters. What ftfy guesses beyond
//! (text that was decoded in a wrong encoding) and HTML's two thousand other entities are left as they are. White space
//! needs no step: it separates words, of whatever kind and however much.

use tokenizers::NormalizedString;
use tokenizers::normalizers::replace::ReplacePattern;
use tokenizers::normalizers::{Lowercase, NFC, NormalizerWrapper, Replace, Sequence};

/// HTML's markup characters. `&amp;` comes first, so that what was escaped twice is unescaped twice.
const ENTITIES: [(&str, &str); 7] = [
    ("&(amp;)+", "&"),
    ("&lt;", "<"),
    ("&gt;", ">"),
    ("&quot;", "\""),
    ("&apos;|&#0*39;|&#x0*27;", "'"),
    ("&nbsp;", " "),
    ("&hellip;", "…"),
];

/// What Windows-1252 shows for the codes 0x80 to 0x9f, which are controls in Unicode (ftfy's `fix_c1_controls`).
const WINDOWS_1252: &str = "€\u{81}‚ƒ„…†‡ˆ‰Š‹Œ\u{8d}Ž\u{8f}\u{90}‘’“”•–—˜™š›œ\u{9d}žŸ";

/// Single characters that print two letters (ftfy's `LIGATURES`).
const LIGATURES: [(&str, &str); 20] = [
    ("Ĳ", "IJ"),
    ("ĳ", "ij"),
    ("ŉ", "ʼn"),
    ("Ǳ", "DZ"),
    ("ǲ", "Dz"),
    ("ǳ", "dz"),
    ("Ǆ", "DŽ"),
    ("ǅ", "Dž"),
    ("ǆ", "dž"),
    ("Ǉ", "LJ"),
    ("ǈ", "Lj"),
    ("ǉ", "lj"),
    ("Ǌ", "NJ"),
    ("ǋ", "Nj"),
    ("ǌ", "nj"),
    ("ﬀ", "ff"),
    ("ﬁ", "fi"),
    ("ﬂ", "fl"),
    ("ﬃ", "ffi"),
    ("ﬄ", "ffl"),
];

/// Patterns, in ftfy's order: curly quotes (`uncurl_quotes`), terminals' colours, controls (`remove_control_chars`).
const PATTERNS: [(&str, &str); 6] = [
    ("ﬅ", "ſt"),
    ("ﬆ", "st"),
    ("[\u{2bc}\u{2018}-\u{201b}]", "'"),
    ("[\u{201c}-\u{201f}]", "\""),
    (r"\x1b\[[\d;]*[a-zA-Z]", ""),
    (r"[\x00-\x08\x0b\x0e-\x1f\x7f\x{206a}-\x{206f}\x{feff}\x{fff9}-\x{fffc}]", ""),
];

/// A capital sigma that ends a word becomes ς, as Python's `lower` does (Unicode's `Final_Sigma`).
const FINAL_SIGMA: &str = r"(?<=\p{L})Σ(?!\p{L})";

/// All steps, in order.
pub(super) fn normalizer() -> tokenizers::Result<Sequence> {
    let regex = |pattern: &str, to: &str| -> tokenizers::Result<NormalizerWrapper> {
        Ok(Replace::new(ReplacePattern::Regex(pattern.to_owned()), to)?.into())
    };
    let literal =
        |from: &str, to: &str| -> tokenizers::Result<NormalizerWrapper> { Ok(Replace::new(from, to)?.into()) };
    let mut steps = Vec::new();
    for (pattern, to) in ENTITIES {
        steps.push(regex(pattern, to)?);
    }
    for (from, to) in ('\u{80}'..='\u{9f}').zip(WINDOWS_1252.chars()).filter(|(from, to)| from != to) {
        steps.push(literal(&from.to_string(), &to.to_string())?);
    }
    for (from, to) in LIGATURES {
        steps.push(literal(from, to)?);
    }
    for (from, to) in widths() {
        steps.push(literal(&from, &to)?);
    }
    for (pattern, to) in PATTERNS {
        steps.push(regex(pattern, to)?);
    }
    steps.push(NFC.into());
    steps.push(regex(FINAL_SIGMA, "ς")?);
    steps.push(Lowercase.into());
    Ok(Sequence::new(steps))
}

/// Full-width and half-width letters and what they are otherwise (ftfy's `WIDTH_MAP`): the ideographic space, and all
/// of U+FF01 to U+FFEF that NFKC changes.
fn widths() -> impl Iterator<Item = (String, String)> {
    std::iter::once('\u{3000}').chain('\u{ff01}'..='\u{ffef}').filter_map(|c| {
        let mut normalized = NormalizedString::from(c.to_string());
        normalized.nfkc();
        (normalized.get() != normalized.get_original())
            .then(|| (normalized.get_original().to_owned(), normalized.get().to_owned()))
    })
}

#[cfg(test)]
mod tests {
    use tokenizers::Normalizer;

    use super::*;

    #[test]
    fn a_text_is_cleaned_as_clip_cleans_it() {
        let cleaned = |text: &str| {
            let mut text = NormalizedString::from(text);
            normalizer().unwrap().normalize(&mut text).unwrap();
            text.get().to_owned()
        };
        assert_eq!(widths().count(), 226);
        assert_eq!(cleaned("&amp;amp;lt; &quot;A&quot; &#39;"), "< \"a\" '");
        assert_eq!(cleaned("“ﬁne” ‘soﬅ’ ＡＭＤ ｱ ￦"), "\"fine\" 'soſt' amd ア ₩");
        assert_eq!(cleaned("a\u{0}b\u{feff}c\u{1b}[31mred\u{85}"), "abcred…");
        assert_eq!(cleaned("E\u{301}TE\u{301} ΟΔΟΣ ΣΑΣ 드루젠"), "été οδος σας 드루젠");
    }
}
