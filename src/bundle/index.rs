//! `weights/index.json`: the list of the weights files in its folder. `train` writes it, the worker reads it. Knows neither disk
//! nor network.

use serde::{Deserialize, Serialize};

/// The list's file name.
pub const INDEX: &str = "index.json";

/// The kind of a weights file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ModelKind {
    /// A model that answers and explains itself: image and words.
    #[default]
    Octlens,
    /// A network without a text tower, to compare a model with; it cannot be chosen as the model.
    Baseline,
}

impl ModelKind {
    fn is_octlens(&self) -> bool {
        *self == Self::Octlens
    }
}

/// One weights file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IndexEntry {
    /// The model's name.
    pub name: String,
    /// Its kind. Omitted in the file for [`ModelKind::Octlens`], which is older than the field.
    #[serde(default, skip_serializing_if = "ModelKind::is_octlens")]
    pub kind: ModelKind,
    /// Its file, in the index's folder.
    pub file: String,
    /// SHA-256 of the file, in hex.
    pub sha256: String,
    /// Its size.
    pub bytes: u64,
    /// A one-line description.
    #[serde(default)]
    pub title: String,
    /// Whether the page loads it first.
    #[serde(default)]
    pub default: bool,
    /// A baseline's class words, in the order of its logits: it is offered with models that have the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
}

impl IndexEntry {
    /// Its entry in the page's list of models.
    pub fn choice(&self) -> ModelChoice {
        ModelChoice { name: self.name.clone(), title: self.title.clone(), bytes: self.bytes }
    }
}

/// A model of `weights/index.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelChoice {
    /// Its name.
    pub name: String,
    /// A one-line description.
    pub title: String,
    /// Size of its file.
    pub bytes: u64,
}

/// The list of weights files.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Index {
    /// Every file once, baselines included.
    pub models: Vec<IndexEntry>,
}

impl Index {
    /// The models that can be chosen: all except baselines.
    pub fn choosable(&self) -> impl Iterator<Item = &IndexEntry> {
        self.models.iter().filter(|entry| entry.kind == ModelKind::Octlens)
    }

    /// The model of a name; without a name the default one, or else the first.
    pub fn pick(&self, name: Option<&str>) -> Option<&IndexEntry> {
        match name {
            Some(name) => self.choosable().find(|entry| entry.name == name),
            None => self.choosable().find(|entry| entry.default).or_else(|| self.choosable().next()),
        }
    }

    /// The first baseline whose classes are `labels`.
    pub fn baseline_for(&self, labels: &[String]) -> Option<&IndexEntry> {
        self.baselines().find(|entry| entry.labels == labels)
    }

    /// The baseline of a name.
    pub fn baseline(&self, name: &str) -> Option<&IndexEntry> {
        self.baselines().find(|entry| entry.name == name)
    }

    fn baselines(&self) -> impl Iterator<Item = &IndexEntry> {
        self.models.iter().filter(|entry| entry.kind == ModelKind::Baseline)
    }

    /// Adds `entry`, or replaces the entry of the same name. The first model listed stays the default.
    pub fn add(&mut self, mut entry: IndexEntry) {
        let has_default = self.choosable().any(|other| other.default && other.name != entry.name);
        entry.default = entry.kind == ModelKind::Octlens && !has_default;
        self.models.retain(|other| other.name != entry.name);
        self.models.push(entry);
        self.models.sort_by(|a, b| a.name.cmp(&b.name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, kind: ModelKind, labels: &[&str]) -> IndexEntry {
        IndexEntry {
            name: name.into(),
            kind,
            file: format!("{name}.safetensors"),
            sha256: String::new(),
            bytes: 1,
            title: String::new(),
            default: false,
            labels: labels.iter().map(|&l| l.into()).collect(),
        }
    }

    fn index() -> Index {
        let mut index = Index::default();
        index.add(entry("a-seven", ModelKind::Baseline, &["healthy", "AMD", "DME"]));
        index.add(entry("b-two", ModelKind::Baseline, &["healthy", "AMD"]));
        index.add(entry("c-two", ModelKind::Baseline, &["healthy", "AMD"]));
        index.add(entry("model", ModelKind::Octlens, &[]));
        index
    }

    #[test]
    fn a_baseline_is_never_chosen() {
        let index = index();
        assert_eq!(index.choosable().map(|e| e.name.as_str()).collect::<Vec<_>>(), ["model"]);
        assert_eq!(index.pick(None).unwrap().name, "model");
        assert!(index.pick(None).unwrap().default && index.pick(Some("b-two")).is_none());
    }

    #[test]
    fn the_first_baseline_with_the_same_classes_fits() {
        let labels = |labels: &[&str]| labels.iter().map(|&l| l.to_owned()).collect::<Vec<_>>();
        let fits = |l: &[&str]| index().baseline_for(&labels(l)).map(|e| e.name.clone());
        assert_eq!(fits(&["healthy", "AMD"]).as_deref(), Some("b-two"));
        // The order is that of the logits: another one is another model.
        assert_eq!(fits(&["AMD", "healthy"]), None);
        assert_eq!(fits(&[]), None);
    }

    #[test]
    fn a_model_listed_twice_stands_once_and_the_first_stays_default() {
        let mut index = Index::default();
        for (name, bytes) in [("b", 1), ("a", 2), ("b", 3)] {
            index.add(IndexEntry { bytes, ..entry(name, ModelKind::Octlens, &[]) });
        }
        let seen: Vec<_> = index.models.iter().map(|m| (m.name.as_str(), m.bytes, m.default)).collect();
        assert_eq!(seen, [("a", 2, false), ("b", 3, true)]);
    }

    #[test]
    fn an_entry_without_a_kind_is_a_model_and_is_written_without_one() {
        let json = r#"{"name":"m","file":"m.safetensors","sha256":"","bytes":1,"title":"","default":true}"#;
        let entry: IndexEntry = serde_json::from_str(json).unwrap();
        assert_eq!(entry.kind, ModelKind::Octlens);
        assert_eq!(serde_json::to_string(&entry).unwrap(), json);
    }
}
