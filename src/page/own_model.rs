//! A visitor's own weights file, as the page lists it. Its bytes stay with `web`; the worker checks them as it checks the site's.

use crate::bundle::index::ModelChoice;

/// How the keys of own models begin: no model of a site is named so.
const KEY: &str = "own:";

/// Whether a file of that name may be a weights file.
pub fn may_be_weights(file_name: &str) -> bool {
    file_name.rsplit_once('.').is_some_and(|(_, extension)| extension.eq_ignore_ascii_case("safetensors"))
}

/// A visitor's own model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnModel {
    /// Its name in the list of models.
    pub key: String,
    /// Its file's name.
    pub name: String,
    /// Its file's size.
    pub bytes: u64,
    /// Whether it is kept on the device.
    pub is_kept: bool,
    /// Whether it was loaded, and so is what it says it is.
    pub is_verified: bool,
}

impl OwnModel {
    /// A file that was not read yet.
    pub fn new(number: u32, name: &str, bytes: u64) -> Self {
        Self { key: format!("{KEY}{number}"), name: name.to_owned(), bytes, is_kept: false, is_verified: false }
    }

    /// Its entry in the list of models.
    pub fn choice(&self) -> ModelChoice {
        let stem = self.name.rsplit_once('.').map_or(self.name.as_str(), |(stem, _)| stem);
        ModelChoice { name: self.key.clone(), title: stem.to_owned(), bytes: self.bytes }
    }
}

/// Whether a choice is an own model.
pub fn is_own(choice: &ModelChoice) -> bool {
    choice.name.starts_with(KEY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_own_model_is_known_by_its_key_and_named_after_its_file() {
        let own = OwnModel::new(7, "my.model.safetensors", 9);
        assert_eq!(own.choice(), ModelChoice { name: "own:7".into(), title: "my.model".into(), bytes: 9 });
        assert!(is_own(&own.choice()));
        assert!(!is_own(&ModelChoice { name: "compact".into(), title: "own: no".into(), bytes: 1 }));
        assert!(may_be_weights("A.SafeTensors") && !may_be_weights("safetensors") && !may_be_weights("a.png"));
    }
}
