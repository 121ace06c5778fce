//! How a scan is looked at, in English, and the type of these strings, which every language fills.

use crate::page::look::HeatForm;
use crate::page::viewer::book::Tool;
use crate::page::viewer::compare::Layout;
use crate::page::viewer::keys::Row;

/// The strings of the viewer in one language.
#[derive(Debug)]
#[allow(missing_docs, reason = "each name says where its string is used")]
pub struct ViewerText {
    /// The row of the viewer's tools.
    pub bar: &'static str,
    /// The picture that keys and pointers work on.
    pub surface: &'static str,
    /// What a drag does.
    pub tools: &'static str,
    pub tool: fn(Tool) -> &'static str,

    pub zoom: &'static str,
    pub zoom_in: &'static str,
    pub zoom_out: &'static str,
    pub fit: &'static str,
    /// On the button by which a pixel of the scan is one of the screen; it begins with what is seen on it.
    pub one_to_one: &'static str,

    /// How the scan and its map are drawn.
    pub display: &'static str,
    pub level: &'static str,
    pub width: &'static str,
    pub invert: &'static str,
    pub reset: &'static str,
    pub threshold: &'static str,
    pub form: fn(HeatForm) -> &'static str,
    pub forms: &'static str,
    pub colours: &'static str,
    /// The palette that says whose evidence a map is.
    pub standard_colours: &'static str,
    /// Below the bar of colours.
    pub colour_bar: &'static str,
    /// Beside the mark of the threshold on the bar of colours.
    pub shown_from: fn(&str) -> String,

    pub compare: &'static str,
    pub layouts: &'static str,
    pub layout: fn(Layout) -> &'static str,
    pub keep: &'static str,
    pub keep_detail: &'static str,
    /// Which map is kept, by its method and class or finding.
    pub kept: fn(&str) -> String,
    pub drop_kept: &'static str,
    /// On the picture of the scan without a map.
    pub scan_alone: &'static str,
    /// On the picture: the map that is not the kept one.
    pub shown_map: fn(&str) -> String,
    pub curtain: &'static str,

    /// While there is no scale.
    pub no_scale: &'static str,
    pub remove_lines: &'static str,
    /// In a saved picture, how its greys differ from the scan's: level and window in percent, and whether it is in negative.
    pub saved_window: fn(u8, u8, bool) -> String,

    /// The button of the sheet, and its title.
    pub keys: &'static str,
    pub keys_title: &'static str,
    pub key_row: fn(Row) -> &'static str,
    /// The part of the sheet that says what the tools above the scan are for.
    pub about_tools: &'static str,
    pub about_heat: &'static str,
    pub close: &'static str,
}

/// The strings of the viewer in English.
pub(super) static VIEWER: ViewerText = ViewerText {
    bar: "Looking at the scan",
    surface: "Scan. + and − zoom, Shift and arrows move, ? lists all keys.",
    tools: "A drag on the scan",
    tool: |tool| match tool {
        Tool::Move => "Move",
        Tool::Window => "Contrast",
        Tool::Measure => "Measure",
        Tool::Loupe => "Loupe",
    },

    zoom: "Zoom",
    zoom_in: "Zoom in",
    zoom_out: "Zoom out",
    fit: "Fit",
    one_to_one: "1:1, one pixel of the scan for one of the screen",

    display: "Display",
    level: "Level",
    width: "Window",
    invert: "Invert",
    reset: "Reset",
    threshold: "Heat from",
    form: |form| match form {
        HeatForm::Filled => "Filled",
        HeatForm::Outlines => "Outlines",
    },
    forms: "Heat drawn",
    colours: "Colours",
    standard_colours: "By whose evidence it is",
    colour_bar: "evidence",
    shown_from: |from| format!("from {from}"),

    compare: "Compare",
    layouts: "Layout",
    layout: |layout| match layout {
        Layout::Single => "One picture",
        Layout::ScanBeside => "Scan beside the map",
        Layout::ScanSwipe => "Swipe: scan and map",
        Layout::KeptBeside => "Kept map beside this one",
        Layout::KeptSwipe => "Swipe: kept map and this one",
        Layout::Outlines => "Both maps as outlines",
    },
    keep: "Keep this map",
    keep_detail: "Keep this map, then choose another method, class or finding: both can be seen together.",
    kept: |name| format!("Kept: {name}"),
    drop_kept: "Forget it",
    scan_alone: "Scan without a map",
    shown_map: |name| format!("Shown: {name}"),
    curtain: "Curtain between the two pictures",

    no_scale: "The file states no scale: lengths are in pixels.",
    remove_lines: "Remove lines",
    saved_window: |level, width, is_inverted| {
        let negative = if is_inverted { ", in negative" } else { "" };
        format!("Greys: level {level} %, window {width} %{negative}")
    },

    keys: "Keys",
    keys_title: "Keys of the viewer",
    key_row: |row| match row {
        Row::Zoom => "Zoom in and out; also the wheel at the pointer, or two fingers",
        Row::Fit => "Show the whole scan; show its pixels 1:1",
        Row::Pan => "Move what is seen; also with the space key or the middle button and a drag, or one finger",
        Row::Move => "A drag moves the scan",
        Row::Window => "A drag, or arrows on the scan, changes window (across) and level (down) of the greys",
        Row::Measure => {
            "A drag measures. On the scan: Enter lays a line, arrows move it, Shift and arrows its end, Delete removes it"
        }
        Row::Loupe => "Loupe at the pointer; on the scan, arrows move it",
        Row::Invert => "Negative; the whole scan in its own greys again",
        Row::Heat => "Show and hide the heatmap",
        Row::Opacity => "Heatmap fainter and stronger",
        Row::Outlines => "Heatmap filled or as outlines",
        Row::Keep => "Keep this map to compare it",
        Row::Compare => "Next way to compare",
        Row::Leave => "Leave what was begun last, or this sheet",
    },
    about_tools: "What the tools are for",
    about_heat: "Scan shows the picture alone, heat the places that counted for the class, in the colours of the bar.",
    close: "Close",
};
