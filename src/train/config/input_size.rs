//! `--input HEIGHTxWIDTH`: the size of the image tower's input.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::clip::config::{VisionConfig, is_input_side};
use crate::error::{Error, Result};

/// Rows and columns of `pixel_values`, multiples of 32.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct InputSize {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
}

impl InputSize {
    /// Makes it the input size of `vision`.
    pub fn set(self, vision: &mut VisionConfig) {
        (vision.image_height, vision.image_width) = (self.height, self.width);
    }
}

impl FromStr for InputSize {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let sides = text.split_once('x').and_then(|(height, width)| Some((height.parse().ok()?, width.parse().ok()?)));
        let (height, width) = sides.filter(|(h, w)| is_input_side(*h) && is_input_side(*w)).ok_or_else(|| {
            Error::config(format!(
                "{text} is not an input size: give HEIGHTxWIDTH in pixels, multiples of 32, as in 128x256"
            ))
        })?;
        Ok(Self { height, width })
    }
}

impl TryFrom<String> for InputSize {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<InputSize> for String {
    fn from(size: InputSize) -> Self {
        size.to_string()
    }
}

impl fmt::Display for InputSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.height, self.width)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_read_as_it_is_written() {
        let size: InputSize = "192x384".parse().unwrap();
        assert_eq!((size.height, size.width), (192, 384));
        assert_eq!(size.to_string(), "192x384");
        assert_eq!(serde_json::from_str::<InputSize>("\"192x384\"").unwrap(), size);
    }

    #[test]
    fn what_is_no_size_is_refused_with_an_example() {
        for text in ["", "192", "192x", "x384", "-1x2", "1x2x3", "192 x 384", "0x32", "100x200", "128x4096"] {
            let refusal = text.parse::<InputSize>().unwrap_err().to_string();
            assert!(refusal.contains("HEIGHTxWIDTH"), "{refusal}");
        }
    }
}
