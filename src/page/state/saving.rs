//! Files that the worker makes to be saved.

use crate::page::scans::OpenScan;
use crate::page::stamp::Stamp;
use crate::page::state::{PageState, Problem, Saving};
use crate::protocol::{Failure, Request, RequestId};
use crate::scan::format::Format;

/// How the name of an archive of DICOM objects ends.
const DICOM_ARCHIVE: &str = "dicom.zip";

/// Queries.
impl PageState {
    /// Whether the shown answer can be saved as DICOM: it is about the whole picture of a DICOM file.
    pub fn can_save_dicom(&self) -> bool {
        let input = self.shown().and_then(OpenScan::report).map(|report| &report.input);
        self.card().is_some() && input.is_some_and(|input| input.format == Format::Dicom.id() && input.view.is_none())
    }

    /// The name of the file that was made for a request; none if nobody waits for it.
    pub fn name_to_save(&self, id: RequestId) -> Option<&str> {
        self.savings.iter().find(|saving| saving.id == id).map(|saving| saving.name.as_str())
    }
}

/// Changes.
impl PageState {
    /// Asks for the shown answer as DICOM, in a file named after `stamp`.
    pub fn save_dicom(&mut self, stamp: &Stamp) -> Vec<Request> {
        if !self.can_save_dicom() {
            return Vec::new();
        }
        let Some((report, file, title)) =
            self.shown().and_then(|scan| Some((scan.report()?.clone(), scan.file, scan.title())))
        else {
            return Vec::new();
        };
        let id = self.next_id();
        self.problems.clear();
        self.savings.push(Saving { id, title, name: stamp.file_name(&report, DICOM_ARCHIVE) });
        vec![Request::MakeDicom { id, file, report: Box::new(stamp.masked(&report)) }]
    }

    /// A file was made, or was not.
    pub(super) fn end_saving(&mut self, id: RequestId, failure: Option<Failure>) {
        let Some(at) = self.savings.iter().position(|saving| saving.id == id) else { return };
        let Saving { title: name, .. } = self.savings.remove(at);
        self.problems.extend(failure.map(|failure| Problem { name, failure }));
    }

    /// The worker that made files is gone.
    pub(super) fn lose_savings(&mut self, failure: &Failure) {
        let lost = std::mem::take(&mut self.savings);
        self.problems
            .extend(lost.into_iter().map(|Saving { title: name, .. }| Problem { name, failure: failure.clone() }));
    }
}
