//! What a visitor chooses, drops or pastes: scans, saved reports, and weights files of their own.

use js_sys::Uint8Array;
use leptos::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Blob, File, FileList};

use super::Session;
use crate::error::{Detail, Error, Kind};
use crate::page::own_model::may_be_weights;
use crate::page::reproduce::{may_be_report, read_report};
use crate::page::state::PageState;
use crate::protocol::ScanId;
use crate::report::Report;
use crate::scan::format;
use crate::web::fetch;

impl Session {
    /// Opens files that a visitor chose, dropped or pasted.
    pub fn open_files(self, files: Option<FileList>) {
        let Some(files) = files else { return };
        let files: Vec<File> = (0..files.length()).filter_map(|i| files.get(i)).collect();
        // Pasted text brings an empty list.
        if files.is_empty() {
            return;
        }
        let (weights, files): (Vec<File>, Vec<File>) = files.into_iter().partition(|file| may_be_weights(&file.name()));
        for file in weights {
            self.open_own_model(file);
        }
        let (reports, scans): (Vec<File>, Vec<File>) = files.into_iter().partition(|file| may_be_report(&file.name()));
        let is_awaited = !scans.is_empty() && self.page.with_untracked(|page| !page.without_scan().is_empty());
        if reports.is_empty() && !is_awaited {
            self.act(|page| {
                let opened = self.list_scans(page, scans);
                page.take_files(&opened)
            });
        } else {
            spawn_local(self.open_with_reports(reports, scans));
        }
    }

    /// Opens scans, and asks about those of `reports` what was asked then.
    async fn open_with_reports(self, reports: Vec<File>, scans: Vec<File>) {
        let mut saved: Vec<Report> = self.page.with_untracked(|page| page.without_scan().to_vec());
        let mut foreign = Vec::new();
        for file in reports {
            match text_of(&file).await.and_then(|text| read_report(&text)) {
                Some(report) => saved.push(report),
                None => foreign.push(file.name()),
            }
        }
        let mut hashes = Vec::new();
        for file in &scans {
            hashes.push(sha256_of(file).await);
        }
        self.act(|page| {
            let opened = self.list_scans(page, scans);
            let mut found = Vec::new();
            for report in saved {
                let sha256 = report.input.sha256.as_str();
                let at = hashes.iter().position(|hash| hash.as_deref() == Some(sha256));
                match at.and_then(|at| opened.get(at).copied()).or_else(|| page.file_of(sha256)) {
                    Some(file) => found.push((file, report)),
                    None => page.miss_scan(report),
                }
            }
            for name in foreign {
                let error = Error::new(Kind::Data, "it is no report of octlens: choose the JSON of a saved report");
                page.refuse_file(name, error.with_detail(Detail::NoReport).into());
            }
            // Before the files are there, so that nothing else is asked first.
            let mut requests = page.reproduce(found);
            requests.extend(page.take_files(&opened));
            requests
        });
    }

    /// Lists scans, and keeps handles to their files. Returns their numbers.
    fn list_scans(self, page: &mut PageState, files: Vec<File>) -> Vec<ScanId> {
        if files.is_empty() {
            return Vec::new();
        }
        let names: Vec<_> = files.iter().map(File::name).collect();
        let ids = page.open(&names);
        self.files.update_value(|kept| kept.extend(ids.iter().copied().zip(files.into_iter().map(Blob::from))));
        ids
    }
}

async fn text_of(file: &Blob) -> Option<String> {
    JsFuture::from(file.text()).await.ok()?.as_string()
}

/// The hash of a file that may be a scan; none of one that cannot be read.
async fn sha256_of(file: &Blob) -> Option<String> {
    format::check_file_size(file.size() as u64).ok()?;
    let buffer = JsFuture::from(file.array_buffer()).await.ok()?;
    Some(fetch::sha256_of(&Uint8Array::new(&buffer).to_vec()).await)
}
