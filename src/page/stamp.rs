//! How saved files are named and stamped: by date, version and notice. The name of a scan's file may be a patient's, so it
//! stands in no saved file unless a visitor asks for it.

use crate::page::text::Language;
use crate::report::{Report, SavedNote};

/// How many digits of a scan's hash tell saved files apart.
const N_HASH_DIGITS: usize = 8;

/// A moment on the visitor's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Year, month (from 1) and day.
    pub date: [u32; 3],
    /// Hours, minutes and seconds.
    pub time: [u32; 3],
    /// Minutes that the clock is before UTC.
    pub utc_offset_min: i32,
}

impl Moment {
    /// `2026-11-27`.
    pub fn date_text(&self) -> String {
        let [year, month, day] = self.date;
        format!("{year:04}-{month:02}-{day:02}")
    }

    /// `2026-11-27T20:15:03+09:00`.
    pub fn iso_8601(&self) -> String {
        let ([h, m, s], offset) = (self.time, self.utc_offset_min.unsigned_abs());
        let sign = if self.utc_offset_min < 0 { '-' } else { '+' };
        format!("{}T{h:02}:{m:02}:{s:02}{sign}{:02}:{:02}", self.date_text(), offset / 60, offset % 60)
    }
}

/// `2026-11-27 20:15:03 +09:00`: a moment as [`Moment::iso_8601`] writes it, for people.
pub fn moment_text(iso_8601: &str) -> String {
    let (date, rest) = iso_8601.split_once('T').unwrap_or((iso_8601, ""));
    let at = rest.find(['+', '-', 'Z']).unwrap_or(rest.len());
    let (time, zone) = rest.split_at(at);
    [date, time, zone].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// When something is saved, and whether it may name the scan's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// When.
    pub at: Moment,
    /// Whether the visitor wants the file's name in what is saved.
    pub keeps_name: bool,
}

impl Stamp {
    /// A report as it is saved: with date, version and notice, and without its file's name unless that is wanted.
    pub fn sign(&self, language: &Language, report: &Report) -> Report {
        let text = language.text;
        let mut signed = self.masked(report);
        signed.saved = Some(SavedNote {
            at: self.at.iso_8601(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            notice: format!("{} {}", text.research_only, text.not_a_device),
        });
        signed
    }

    /// A report without its file's name, unless that is wanted.
    pub fn masked(&self, report: &Report) -> Report {
        let mut masked = report.clone();
        if !self.keeps_name {
            masked.input.name = nameless(report);
        }
        masked
    }

    /// The name of a file that is saved of a report: date and hash of the scan, or else the scan's own name; with the frame's
    /// number where the file has several.
    pub fn file_name(&self, report: &Report, extension: &str) -> String {
        let stem = if self.keeps_name {
            let name = report.input.name.as_str();
            format!("{}{}.octlens", name.rsplit_once('.').map_or(name, |(stem, _)| stem), report.input.frame_suffix())
        } else {
            let (date, hash) = (self.at.date_text(), short_hash(&report.input.sha256));
            format!("octlens-{date}-{hash}{}", report.input.frame_suffix())
        };
        format!("{stem}.{extension}")
    }
}

/// What a scan is called where its file's name is not wanted.
fn nameless(report: &Report) -> String {
    format!("scan-{}.{}", short_hash(&report.input.sha256), report.input.format)
}

/// The first digits of a hash.
pub fn short_hash(sha256: &str) -> &str {
    sha256.get(..N_HASH_DIGITS).unwrap_or(sha256)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::fixtures::report;
    use crate::page::text::LANGUAGES;

    const AT: Moment = Moment { date: [2026, 11, 7], time: [9, 5, 3], utc_offset_min: -210 };

    fn of(name: &str) -> Report {
        let mut report = report("AMD, fluid");
        report.input.name = name.into();
        report.input.sha256 = "0123456789abcdef".into();
        report
    }

    #[test]
    fn a_moment_is_written_as_machines_and_as_people_read_it() {
        assert_eq!(AT.iso_8601(), "2026-11-07T09:05:03-03:30");
        assert_eq!(moment_text(&AT.iso_8601()), "2026-11-07 09:05:03 -03:30");
        assert_eq!(Moment { utc_offset_min: 540, ..AT }.iso_8601(), "2026-11-07T09:05:03+09:00");
        assert_eq!(["", "2026-01-01"].map(moment_text), ["", "2026-01-01"]);
    }

    #[test]
    fn nothing_that_is_saved_holds_the_files_name_unless_it_is_wanted() {
        let mut report = of("Kim Minji 1961-02-03 OD.png");
        let stamp = Stamp { at: AT, keeps_name: false };
        assert_eq!(stamp.file_name(&report, "json"), "octlens-2026-11-07-01234567.json");
        for language in &LANGUAGES {
            let text = serde_json::to_string(&stamp.sign(language, &report)).unwrap();
            assert!(!text.contains("Kim") && !text.contains("1961"), "{text}");
            assert!(text.contains("scan-01234567.png") && text.contains(language.text.not_a_device), "{text}");
            assert!(text.contains("2026-11-07T09:05:03-03:30") && text.contains(env!("CARGO_PKG_VERSION")), "{text}");
        }
        (report.input.frame, report.input.n_frames) = (2, 49);
        assert_eq!(stamp.file_name(&report, "png"), "octlens-2026-11-07-01234567-frame-03.png");
        let named = Stamp { keeps_name: true, ..stamp };
        assert_eq!(named.file_name(&report, "png"), "Kim Minji 1961-02-03 OD-frame-03.octlens.png");
        assert_eq!(named.sign(&LANGUAGES[0], &report).input.name, report.input.name);
        report.input.n_frames = 1;
        report.input.name = "scan".into();
        assert_eq!(named.file_name(&report, "json"), "scan.octlens.json");
    }
}
