//! Which rows are seen, and in which order.

use std::cmp::Ordering;

use crate::page::classes::{ClassGroup, class_answer};
use crate::page::series::{Outcome, SeriesRow};

/// Which rows are seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Filter {
    /// All.
    #[default]
    All,
    /// Those whose answer is AMD.
    Amd,
    /// Those whose answer is healthy.
    Healthy,
    /// Those whose answer is another disease.
    OtherDisease,
    /// Those whose answer is doubtful.
    Warned,
    /// Those without an answer yet.
    Waiting,
    /// Those that could not be read or answered.
    Failed,
}

impl Filter {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 7] =
        [Self::All, Self::Amd, Self::Healthy, Self::OtherDisease, Self::Warned, Self::Waiting, Self::Failed];

    /// Its value in the select.
    pub fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Amd => "amd",
            Self::Healthy => "healthy",
            Self::OtherDisease => "other",
            Self::Warned => "warned",
            Self::Waiting => "waiting",
            Self::Failed => "failed",
        }
    }

    /// The filter of a value.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|filter| filter.name() == name)
    }

    fn lets_pass(self, row: &SeriesRow) -> bool {
        match self {
            Self::All => true,
            Self::Amd => row.class() == Some(ClassGroup::Amd),
            Self::Healthy => row.class() == Some(ClassGroup::Healthy),
            Self::OtherDisease => row.class() == Some(ClassGroup::OtherDisease),
            Self::Warned => !row.warning().is_none(),
            Self::Waiting => matches!(row.outcome, Outcome::Waiting | Outcome::NotAsked),
            Self::Failed => matches!(row.outcome, Outcome::Failed(_)),
        }
    }
}

/// What rows are sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SeriesKey {
    /// The order of files and frames.
    #[default]
    File,
    /// How probable AMD is, the highest first.
    Suspicion,
    /// The answer: AMD, another disease, healthy, each by its probability.
    Answer,
    /// How doubtful the answer is, the most doubtful first.
    Doubt,
}

impl SeriesKey {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 4] = [Self::File, Self::Suspicion, Self::Answer, Self::Doubt];

    /// Its value in the select.
    pub fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Suspicion => "suspicion",
            Self::Answer => "answer",
            Self::Doubt => "doubt",
        }
    }

    /// The key of a value.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|key| key.name() == name)
    }

    /// What comes first is largest; rows without an answer have none. A doubtful row has its place like any other.
    fn value(self, row: &SeriesRow) -> Option<f32> {
        match self {
            Self::File => None,
            Self::Suspicion => row.suspicion(),
            Self::Doubt => row.report().map(|report| report.warning.score),
            Self::Answer => {
                let answer = class_answer(&row.report()?.image);
                let rank = match row.class() {
                    Some(ClassGroup::Amd) => 6.,
                    Some(ClassGroup::OtherDisease) => 4.,
                    Some(ClassGroup::Healthy) => 2.,
                    // What is not a scan.
                    None => 0.,
                };
                Some(rank + answer.probability)
            }
        }
    }
}

/// The order of the rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SeriesOrder {
    /// What they are sorted by.
    pub key: SeriesKey,
    /// Whether what would come first comes last.
    pub is_reversed: bool,
}

impl SeriesOrder {
    /// The order after a click on the heading of `key`: by it, or the other way round.
    pub fn turned(self, key: SeriesKey) -> Self {
        Self { key, is_reversed: self.key == key && !self.is_reversed }
    }
}

/// Which rows are seen, and in which order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SeriesView {
    /// Which.
    pub filter: Filter,
    /// In which order.
    pub order: SeriesOrder,
}

impl SeriesView {
    /// Whether all rows are seen in the order of files and frames.
    pub fn is_plain(self) -> bool {
        self == Self::default()
    }

    /// The rows that are seen, of rows in the order of files and frames. Those without an answer come last.
    pub fn apply(self, mut rows: Vec<SeriesRow>) -> Vec<SeriesRow> {
        rows.retain(|row| self.filter.lets_pass(row));
        let SeriesOrder { key, is_reversed } = self.order;
        if key == SeriesKey::File {
            if is_reversed {
                rows.reverse();
            }
            return rows;
        }
        rows.sort_by(|a, b| match (key.value(a), key.value(b)) {
            (Some(a), Some(b)) if is_reversed => a.total_cmp(&b),
            (Some(a), Some(b)) => b.total_cmp(&a),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => Ordering::Equal,
        });
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;
    use crate::page::fixtures::{held, prediction, report, warning};
    use crate::page::scans::{Answer, OpenScan, ScanState};
    use crate::page::series::{FailedScan, series_rows};
    use crate::report::{Doubt, Options, Report};
    use std::sync::Arc;

    fn answered(id: u32, probabilities: &[(&str, f32)], doubt: Option<Doubt>) -> OpenScan {
        let mut report = Report { image: prediction(probabilities), ..report("AMD, fluid") };
        if let Some(doubt) = doubt {
            report.warning = warning(&[doubt]);
        }
        let mut scan = held(id, "AMD");
        scan.batch = 1;
        scan.answer = Some(Answer { report: Arc::new(report), answered: Options::default() });
        scan
    }

    /// 1 healthy, 2 AMD, 3 waits, 4 AMD with a warning, 5 another disease, 6 not a scan, 7 failed.
    fn rows() -> Vec<SeriesRow> {
        let mut waits = answered(3, &[("AMD", 1.)], None);
        (waits.answer, waits.state) = (None, ScanState::Queued);
        let scans = [
            answered(1, &[("healthy", 0.9), ("AMD", 0.1), ("DME", 0.0)], None),
            answered(2, &[("healthy", 0.2), ("AMD", 0.8), ("DME", 0.0)], None),
            waits,
            answered(4, &[("healthy", 0.05), ("AMD", 0.95), ("DME", 0.0)], Some(Doubt::LowProbability)),
            answered(5, &[("healthy", 0.1), ("AMD", 0.2), ("DME", 0.7)], None),
            answered(6, &[("healthy", 0.4), ("AMD", 0.6), ("DME", 0.0)], Some(Doubt::Noise)),
        ];
        let failed = FailedScan::of(&answered(7, &[("AMD", 1.)], None), Error::scan("no scan").into());
        series_rows(scans.iter(), &[failed])
    }

    fn seen(filter: Filter, key: SeriesKey, is_reversed: bool) -> Vec<u32> {
        let view = SeriesView { filter, order: SeriesOrder { key, is_reversed } };
        view.apply(rows()).iter().map(|row| row.id).collect()
    }

    #[test]
    fn the_most_suspicious_comes_first_and_a_warning_hides_no_row() {
        assert_eq!(seen(Filter::All, SeriesKey::File, false), [1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(seen(Filter::All, SeriesKey::Suspicion, false), [4, 2, 6, 5, 1, 3, 7]);
        assert_eq!(seen(Filter::All, SeriesKey::Answer, false), [4, 2, 5, 1, 6, 3, 7]);
        let by_doubt = seen(Filter::All, SeriesKey::Doubt, false);
        assert_eq!((by_doubt[..2].to_vec(), by_doubt[5..].to_vec()), (vec![4, 6], vec![3, 7]));
    }

    #[test]
    fn a_reversed_order_keeps_what_has_no_answer_last() {
        assert_eq!(seen(Filter::All, SeriesKey::File, true), [7, 6, 5, 4, 3, 2, 1]);
        assert_eq!(seen(Filter::All, SeriesKey::Suspicion, true), [1, 5, 6, 2, 4, 3, 7]);
    }

    #[test]
    fn a_filter_shows_its_kind_and_what_is_no_scan_has_no_class() {
        let seen: Vec<_> = Filter::ALL.map(|filter| seen(filter, SeriesKey::File, false)).into();
        let expected: [&[u32]; 7] = [&[1, 2, 3, 4, 5, 6, 7], &[2, 4], &[1], &[5], &[4, 6], &[3], &[7]];
        assert_eq!(seen, expected);
    }

    #[test]
    fn a_second_click_on_a_heading_turns_the_order() {
        let by_doubt = SeriesOrder::default().turned(SeriesKey::Doubt);
        assert_eq!(by_doubt, SeriesOrder { key: SeriesKey::Doubt, is_reversed: false });
        assert!(by_doubt.turned(SeriesKey::Doubt).is_reversed);
        assert_eq!(by_doubt.turned(SeriesKey::File), SeriesOrder::default());
    }

    #[test]
    fn names_are_read_back() {
        assert!(Filter::ALL.into_iter().all(|filter| Filter::from_name(filter.name()) == Some(filter)));
        assert!(SeriesKey::ALL.into_iter().all(|key| SeriesKey::from_name(key.name()) == Some(key)));
        assert_eq!((Filter::from_name("x"), SeriesKey::from_name("x")), (None, None));
    }
}
