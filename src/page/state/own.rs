//! A visitor's own models: how they are listed, loaded, kept and forgotten.

use crate::bundle::index::ModelChoice;
use crate::page::own_model::OwnModel;
use crate::page::state::{PageState, Problem};
use crate::protocol::{Failure, Request};

/// Queries.
impl PageState {
    /// The visitor's own models.
    pub fn own_models(&self) -> &[OwnModel] {
        &self.own_models
    }

    /// All models to choose from: the site's, then the visitor's own.
    pub fn model_choices(&self) -> Vec<ModelChoice> {
        self.models.iter().cloned().chain(self.own_models.iter().map(OwnModel::choice)).collect()
    }

    /// The own model that was chosen.
    pub fn own_in_use(&self) -> Option<&OwnModel> {
        let wanted = self.wanted_model.as_deref()?;
        self.own_models.iter().find(|own| own.key == wanted)
    }
}

/// Changes.
impl PageState {
    /// Lists a weights file, in place of another of its name, and loads it. Returns its key and the request, with which the file
    /// must go.
    pub fn load_own(&mut self, name: &str, n_bytes: u64) -> (String, Request) {
        let key = self.list_own(name, n_bytes);
        let request = self.load(Some(key.clone()));
        (key, request)
    }

    /// Lists a file that was kept on an earlier visit. Returns its key.
    pub fn list_kept_own(&mut self, name: &str, n_bytes: u64) -> String {
        let key = self.list_own(name, n_bytes);
        self.set_own_kept(&key, true);
        key
    }

    /// A model is kept on the device, or no longer.
    pub fn set_own_kept(&mut self, key: &str, is_kept: bool) {
        if let Some(own) = self.own_models.iter_mut().find(|own| own.key == key) {
            own.is_kept = is_kept;
        }
    }

    /// Takes a model off the list; the site's default one takes its place if it was in use.
    pub fn forget_own(&mut self, key: &str) -> Vec<Request> {
        let is_in_use = self.wanted_model.as_deref() == Some(key);
        self.own_models.retain(|own| own.key != key);
        if is_in_use { vec![self.load(None)] } else { Vec::new() }
    }

    /// A file that was chosen cannot be used.
    pub fn refuse_file(&mut self, name: String, failure: Failure) {
        self.problems.push(Problem { name, failure });
    }

    /// The model that was wanted is loaded.
    pub(super) fn verify_own(&mut self) {
        let wanted = self.wanted_model.clone();
        self.answering_model.clone_from(&wanted);
        let Some(own) = self.own_models.iter_mut().find(|own| Some(&own.key) == wanted.as_ref()) else { return };
        own.is_verified = true;
        let (key, name) = (own.key.clone(), own.name.clone());
        self.own_models.retain(|other| other.name != name || other.key == key);
    }

    /// The model that was wanted does not come. An own one that never came is no model.
    pub(super) fn refuse_own(&mut self, key: &str) {
        self.own_models.retain(|own| own.key != key || own.is_verified || own.is_kept);
    }

    fn list_own(&mut self, name: &str, n_bytes: u64) -> String {
        let own = OwnModel::new(self.next_id(), name, n_bytes);
        // The one in use stays until the new one is there.
        let in_use = self.wanted_model.clone();
        self.own_models.retain(|other| other.name != name || in_use.as_ref() == Some(&other.key));
        let key = own.key.clone();
        self.own_models.push(own);
        key
    }
}
