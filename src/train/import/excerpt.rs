//! Text out of a file that is not trusted, made fit for a message.

/// The beginning of `text`, escaped so that it cannot break the line it stands in.
pub(super) fn excerpt(text: &str) -> String {
    const MAX_CHARS: usize = 120;
    let start: String = text.chars().take(MAX_CHARS).flat_map(char::escape_debug).collect();
    if text.chars().nth(MAX_CHARS).is_some() { format!("{start}…") } else { start }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_name_stays_short_and_on_its_line() {
        assert_eq!(excerpt("a\nb\u{1b}[31m"), "a\\nb\\u{1b}[31m");
        assert_eq!(excerpt(&"é".repeat(500)).chars().count(), 121);
    }
}
