//! The frames of a file that holds several B-scans: how they are listed, chosen and summed up.

use crate::eye::EyeAnswer;
use crate::page::scans::OpenScan;
use crate::page::series::step;
use crate::page::state::PageState;
use crate::protocol::{Request, ScanId};

/// How far a wheel turns for one frame, in pixels; touchpads turn a few at a time, wheels about a hundred.
const PIXELS_PER_FRAME: f64 = 40.;

/// Queries.
impl PageState {
    /// The numbers of a file's frames, in order; none of a file with one.
    pub fn frames(&self, file: ScanId) -> Vec<ScanId> {
        let frames: Vec<ScanId> = self.scans.frames(file).map(|scan| scan.id).collect();
        if frames.len() > 1 { frames } else { Vec::new() }
    }

    /// The file of the scan that is shown.
    pub fn shown_file(&self) -> Option<ScanId> {
        self.shown().map(|scan| scan.file)
    }

    /// What the answered frames of a file say together; none of a file with one.
    pub fn eye(&self, file: ScanId) -> Option<EyeAnswer> {
        self.scans.get(file).filter(|first| first.n_frames > 1)?;
        EyeAnswer::of(self.scans.frames(file).filter_map(|scan| scan.report().map(AsRef::as_ref)))
    }

    /// Of the file whose frames are being answered: those that are, and all of them.
    pub fn frames_done(&self) -> Option<[usize; 2]> {
        let is_being_answered = |scan: &&OpenScan| scan.n_frames > 1 && scan.is_awaited() && self.may_begin(scan);
        let awaited = self.scans.iter().find(is_being_answered)?;
        let n_done = self.scans.frames(awaited.file).filter(|scan| !scan.is_awaited()).count();
        Some([n_done, awaited.n_frames])
    }
}

/// Changes.
impl PageState {
    /// A first frame was answered: the other frames of its file are listed.
    pub(super) fn list_frames(&mut self, first: ScanId) {
        let n_frames = |scan: &OpenScan| scan.report().map_or(1, |report| report.input.n_frames);
        let is_new = |scan: &&OpenScan| scan.frame == 0 && scan.n_frames == 1;
        let n_others = self.scans.get(first).filter(is_new).map_or(0, n_frames).saturating_sub(1);
        if n_others > 0 {
            let others: Vec<ScanId> = (0..n_others).map(|_| self.next_id()).collect();
            self.scans.open_frames(first, &others);
        }
    }

    /// Shows the frame of the same file that is `by` frames further as they are listed, or the last one there.
    pub fn step_frame(&mut self, by: isize) -> Vec<Request> {
        // From where the visitor is going, so that keys pressed in a row count.
        let Some(from) = self.next_shown.or(self.shown).and_then(|id| self.scans.get(id)) else { return Vec::new() };
        let (from, file) = (from.id, from.file);
        let frames: Vec<ScanId> = self.series_frames(file).into_iter().map(|(_, id)| id).collect();
        match step(&frames, from, by) {
            Some(id) if id != from => self.show(id),
            _ => Vec::new(),
        }
    }
}

/// Turns of a wheel as frames; what is left of a turn counts for the next.
#[derive(Clone, Copy, Debug, Default)]
pub struct FrameWheel {
    pixels: f64,
}

impl FrameWheel {
    /// How many frames further a turn of so many pixels goes.
    pub fn turn(&mut self, pixels: f64) -> isize {
        self.pixels += if pixels.is_finite() { pixels } else { 0. };
        let frames = (self.pixels / PIXELS_PER_FRAME).trunc();
        self.pixels -= frames * PIXELS_PER_FRAME;
        // One step for one notch, however far the system lets it scroll.
        (frames as isize).clamp(-1, 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_turns_add_up_to_a_frame_and_a_notch_is_one() {
        let mut wheel = FrameWheel::default();
        assert_eq!([15., 15., 15., -30., -30.].map(|pixels| wheel.turn(pixels)), [0, 0, 1, 0, -1]);
        assert_eq!([120., -120., f64::NAN].map(|pixels| FrameWheel::default().turn(pixels)), [1, -1, 0]);
    }
}
