//! The visitor's clock.

use js_sys::Date;

use crate::page::stamp::{Moment, Stamp};

/// A stamp of now.
pub(super) fn stamp(keeps_name: bool) -> Stamp {
    let now = Date::new_0();
    let at = Moment {
        date: [now.get_full_year(), now.get_month() + 1, now.get_date()],
        time: [now.get_hours(), now.get_minutes(), now.get_seconds()],
        // JavaScript counts from local time to UTC.
        utc_offset_min: -now.get_timezone_offset() as i32,
    };
    Stamp { at, keeps_name }
}
