//! TIFF and BigTIFF. Pages are frames. Container and samples are read here, because the `tiff` crate reads no palettes, no
//! packed bits, no planes and no file that is cut short; the codecs are libraries'.

mod chunks;
mod codec;
mod compression;
mod directory;
mod page;
mod samples;
mod tag;

use self::directory::{Directory, File};
use self::page::Page;
use super::{canvas, cut, orientation, refusal};
use crate::error::{Detail, Error, Result};
use crate::scan::b_scan::Scan;
use crate::scan::format::Format;

/// The most pages that are counted.
const MAX_PAGES: usize = 4096;

/// A page is a thumbnail if the largest page has so many times its pixels.
const THUMBNAIL_RATIO: u64 = 16;

/// An opened file.
pub(in crate::scan) struct Pages<'a> {
    file: File<'a>,
    pages: Vec<Location>,
}

/// Where a page is described.
#[derive(Clone, Copy, Debug)]
struct Location {
    directory: u64,
    /// Bytes by which its pixels lie behind those that the directory names: ImageJ describes a stack once.
    shift: u64,
}

impl<'a> Pages<'a> {
    /// Reads which pages there are.
    ///
    /// # Errors
    /// None can be found.
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self> {
        let (file, mut at) = File::open(bytes).ok_or_else(refusal::no_pixels_came)?;
        let mut found: Vec<(Location, Directory)> = Vec::new();
        while at != 0 && found.len() < MAX_PAGES && found.iter().all(|(page, _)| page.directory != at) {
            let Some((directory, next)) = file.directory(at) else { break };
            found.push((Location { directory: at, shift: 0 }, directory));
            at = next;
        }
        if found.is_empty() {
            return Err(refusal::no_pixels_came());
        }
        let n_pixels = |directory: &Directory| {
            let side = |tag| file.number(directory, tag).unwrap_or_default();
            side(tag::WIDTH).saturating_mul(side(tag::HEIGHT))
        };
        let largest = found.iter().map(|(_, directory)| n_pixels(directory)).max().unwrap_or_default();
        let is_page = |directory: &Directory| {
            // Bit 0: a smaller copy of another page; bit 2: a mask.
            let kind = file.number(directory, tag::NEW_SUBFILE_TYPE).unwrap_or_default();
            let old_kind = file.number(directory, tag::SUBFILE_TYPE).unwrap_or_default();
            kind & 0b101 == 0 && old_kind != 2 && n_pixels(directory) >= largest / THUMBNAIL_RATIO
        };
        let mut pages: Vec<Location> =
            found.iter().filter(|(_, directory)| is_page(directory)).map(|(page, _)| *page).collect();
        if pages.is_empty() {
            pages = found.iter().map(|(page, _)| *page).take(1).collect();
        }
        if let [(only, directory)] = found.as_slice() {
            pages = stack(&file, *only, directory);
        }
        Ok(Self { file, pages })
    }

    /// Pages, without thumbnails.
    pub(super) fn n_frames(&self) -> usize {
        self.pages.len()
    }

    /// Decodes a page.
    ///
    /// # Errors
    /// There is no such page, or it is damaged, cut short, too large, or of a kind that is not read.
    pub(super) fn frame(&self, frame: usize) -> Result<Scan> {
        let location = self.pages.get(frame).ok_or_else(|| refusal::no_such_frame(frame, self.pages.len()))?;
        let (directory, _) = self.file.directory(location.directory).ok_or_else(refusal::damaged)?;
        let page = Page::read(&self.file, &directory, location.shift)?;
        let (canvas, n_rows) =
            canvas::draw([page.width, page.height], page.store(), |canvas| chunks::draw(&self.file, &page, canvas))?;
        if canvas.extent().is_empty() && page.is_float() {
            let message = "the picture holds no numbers, only NaN or infinity: export the scan again";
            return Err(Error::scan(message).with_detail(Detail::NoPixels));
        }
        let mut scan = canvas.into_scan(Format::Tiff, |extent| page.depth(extent));
        if page.is_white_zero() {
            scan.pixels.iter_mut().for_each(|pixel| *pixel = 255 - *pixel);
        }
        let scan = cut::checked(scan, n_rows)?;
        let scan = orientation::upright(scan, orientation::of_tag(page.orientation));
        Ok(Scan { frame, n_frames: self.pages.len(), ..scan })
    }
}

/// The pages of a file with one directory: more than one if ImageJ says so, and if they all lie in the file.
fn stack(file: &File, only: Location, directory: &Directory) -> Vec<Location> {
    let described = file.text(directory, tag::DESCRIPTION).filter(|text| text.starts_with("ImageJ="));
    let n = described.and_then(|text| page::value(&text, "images")).unwrap_or(1.) as u64;
    let Ok(page) = Page::read(file, directory, 0) else { return vec![only] };
    match page.contiguous_bytes(file) {
        Some(n_bytes) if n > 1 && n <= MAX_PAGES as u64 && page.is_in_file(file, (n - 1).saturating_mul(n_bytes)) => {
            (0..n).map(|i| Location { shift: i * n_bytes, ..only }).collect()
        }
        _ => vec![only],
    }
}
