//! The scans that a list names.

use std::io::{BufRead, Read};
use std::path::PathBuf;

use serde::Deserialize;

use crate::error::{Error, Result};

/// The longest line of a list, in bytes: what has no line breaks is no list.
const MAX_LINE: u64 = 1 << 16;

/// What an entry and its answer are known by: text and frame.
pub(super) type Key = (String, Option<u32>);

/// One entry of a list.
pub(super) struct Input {
    /// As it is named in answers: the path, or the whole line if it names none.
    pub(super) text: String,
    /// The frame, from 0, if the entry names one.
    pub(super) frame: Option<u32>,
    /// The file, or what is wrong with the entry.
    pub(super) path: Result<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonLine {
    path: String,
    frame: Option<u32>,
}

impl Input {
    pub(super) fn of_path(path: PathBuf) -> Self {
        Self { text: path.to_string_lossy().into_owned(), frame: None, path: Ok(path) }
    }

    /// The entry that a line without its line break names.
    fn of_line(line: &[u8]) -> Self {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let text = String::from_utf8_lossy(line).into_owned();
        let wrong = |text: String, message: &str| Self { text, frame: None, path: Err(Error::config(message)) };
        if text.trim().is_empty() {
            return wrong(text, "the line is empty: name a file");
        }
        if !text.starts_with('{') {
            return Self { text, frame: None, path: Ok(path_of(line)) };
        }
        match serde_json::from_str::<JsonLine>(&text) {
            Ok(JsonLine { path, frame }) => Self { path: Ok(PathBuf::from(&path)), text: path, frame },
            Err(e) => {
                let message = r#"a line that begins with { must be {"path": …} or {"path": …, "frame": …}"#;
                Self { text, frame: None, path: Err(Error::config(message).because(e)) }
            }
        }
    }

    pub(super) fn key(&self) -> Key {
        (self.text.clone(), self.frame)
    }
}

#[cfg(unix)]
fn path_of(line: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    PathBuf::from(std::ffi::OsStr::from_bytes(line))
}

#[cfg(not(unix))]
fn path_of(line: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(line).into_owned())
}

/// The entries of a list, read line by line.
pub(super) struct Inputs<R> {
    reader: R,
}

impl<R: BufRead> Inputs<R> {
    pub(super) fn of(reader: R) -> Self {
        Self { reader }
    }

    /// The next line without its break, of a long one the beginning; `None` after the last.
    fn line(&mut self) -> std::io::Result<Option<(Vec<u8>, bool)>> {
        let mut line = Vec::new();
        if self.reader.by_ref().take(MAX_LINE).read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        let is_whole = line.pop_if(|last| *last == b'\n').is_some() || (line.len() as u64) < MAX_LINE;
        let mut ends = is_whole;
        while !ends {
            let mut rest = Vec::new();
            let n = self.reader.by_ref().take(MAX_LINE).read_until(b'\n', &mut rest)?;
            ends = n == 0 || rest.ends_with(b"\n");
        }
        Ok(Some((line, is_whole)))
    }
}

impl<R: BufRead> Iterator for Inputs<R> {
    type Item = Result<Input>;

    fn next(&mut self) -> Option<Result<Input>> {
        match self.line() {
            Ok(None) => None,
            Ok(Some((line, true))) => Some(Ok(Input::of_line(&line))),
            Ok(Some((line, false))) => {
                let text: String = String::from_utf8_lossy(&line).chars().take(80).collect();
                let error = Error::config(format!("the line is longer than {MAX_LINE} bytes: name a file"));
                Some(Ok(Input { text, frame: None, path: Err(error) }))
            }
            Err(e) => Some(Err(Error::io("cannot read standard input").because(e))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(list: &[u8]) -> Vec<(String, Option<u32>, Result<PathBuf, String>)> {
        let inputs = Inputs::of(list).map(|input| input.unwrap());
        inputs.map(|Input { text, frame, path }| (text, frame, path.map_err(|e| e.to_string()))).collect()
    }

    #[test]
    fn a_line_is_a_path_or_an_object_with_one() {
        let named = all(b"a b.png\r\n{\"path\":\"c.vol\",\"frame\":7}\n{\"path\":\"d.png\"}\nlast.png");
        let expected = [("a b.png", None), ("c.vol", Some(7)), ("d.png", None), ("last.png", None)];
        assert_eq!(named.len(), 4);
        for ((text, frame, path), expected) in named.into_iter().zip(expected) {
            assert_eq!((text.as_str(), frame), expected);
            assert_eq!(path, Ok(PathBuf::from(expected.0)));
        }
    }

    #[test]
    fn every_line_that_names_nothing_is_an_entry_nevertheless() {
        let long = [b"x".repeat(3 * MAX_LINE as usize).as_slice(), b"\nafter.png\n"].concat();
        let list = [b"\n{\"path\":1}\n{\"path\":\"a\",\"frame\":-1}\n{\"file\":\"a\"}\n{\n".as_slice(), &long].concat();
        let named = all(&list);
        assert_eq!(named.len(), 7);
        assert!(named[..6].iter().all(|(_, _, path)| path.is_err()), "{named:?}");
        assert!(named[5].0.len() == 80 && named[5].2.as_ref().unwrap_err().contains("longer than"));
        assert_eq!(named[6].2, Ok(PathBuf::from("after.png")));
    }

    #[test]
    fn a_line_as_long_as_the_longest_is_whole() {
        let longest = MAX_LINE as usize - 1;
        for list in [[b"x".repeat(longest).as_slice(), b"\ny\n"].concat(), b"x".repeat(longest)] {
            let named = all(&list);
            assert_eq!(named[0].0.len(), longest);
            assert!(named[0].2.is_ok());
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_path_need_not_be_utf_8() {
        use std::os::unix::ffi::OsStrExt;
        let path = all(b"bad\xff.png\n").remove(0).2.unwrap();
        assert_eq!(path.as_os_str().as_bytes(), b"bad\xff.png");
    }
}
