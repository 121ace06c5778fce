//! Whether objects name the patient.

/// Whether the objects say who the patient is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Patient {
    /// Nothing of the patient: name, ID, birth date, sex and what the study is called are empty, dates are
    /// dummies, and the objects say that they are without identity. They are in a study of their own, since an archive must not file
    /// objects without a patient into the study of one. The source itself is named by its UIDs, which are the
    /// reference: they tell nothing to whoever has no access to the archive of the source.
    #[default]
    Unnamed,
    /// As the source says: patient, study and dates are copied, so that an archive files the objects where the source is.
    AsSource,
}
