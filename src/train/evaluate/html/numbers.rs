//! Figures with their intervals as HTML: the value bold, the interval small.

use maud::{Markup, html};

use crate::bundle::card::Interval;
use crate::train::evaluate::format::UNDEFINED;

/// A figure, its interval beside or below it as the style says.
pub(super) fn figure(interval: Option<Interval>) -> Markup {
    html! {
        @if let Some(i) = interval {
            b { (format!("{:.3}", i.value)) } " " small { (format!("{:.3}–{:.3}", i.low, i.high)) }
        } @else {
            span class="none" title="not defined on these scans" { (UNDEFINED) }
        }
    }
}

/// A difference within a sentence.
pub(super) fn difference(interval: Option<Interval>) -> Markup {
    html! {
        @if let Some(i) = interval {
            b { (format!("{:+.3}", i.value)) } (format!(" ({:+.3} to {:+.3})", i.low, i.high))
        } @else {
            (UNDEFINED)
        }
    }
}

/// A number without an interval, to so many decimals.
pub(super) fn number(value: f64, n_decimals: usize) -> Markup {
    html! { b { (format!("{value:.n_decimals$}")) } }
}
