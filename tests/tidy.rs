//! Keeps the house in order: who may import whom, how long a file may be, what no file may hold.
//! Reads text only; knows no octlens API. The list of imports is the one of the crate docs: change both.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::fs;
use std::path::{Path, PathBuf};

/// The longest a source file may be.
const MAX_LINES: usize = 500;

/// Everything that is not the page, the worker or the training, in one word.
const CORE: &[&str] = &[
    "bundle",
    "caption",
    "clip",
    "engine",
    "explain",
    "head",
    "kernels",
    "nn",
    "preprocess",
    "protocol",
    "render",
    "report",
    "resnet",
    "scan",
    "tokenizer",
];

/// Who may import whom; the longest matching name decides. A module may always import itself and `error`.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("error", &[]),
    ("report", &[]),
    ("caption", &[]),
    ("scan", &[]),
    ("tokenizer", &[]),
    ("preprocess", &["scan"]),
    ("kernels", &[]),
    ("nn", &["kernels"]),
    ("clip", &["nn"]),
    ("head", &["nn"]),
    ("resnet", &["nn"]),
    ("explain", &["clip", "head", "nn", "report", "preprocess", "tokenizer"]),
    ("bundle", &["nn::params", "clip", "head", "preprocess", "tokenizer", "caption"]),
    ("protocol", &["report", "bundle::card", "bundle::index"]),
    ("render", &["report"]),
    ("engine", CORE),
    ("web::worker", &["engine", "protocol", "report", "bundle::card", "bundle::index", "web::fetch"]),
    ("web", &["protocol", "render", "report", "caption", "bundle::card", "bundle::index", "web"]),
    ("train", CORE),
];

/// One file of the sources: its path, its module, and its lines outside of test modules and comments.
struct Source {
    path: PathBuf,
    module: String,
    text: String,
    code: Vec<(usize, String)>,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files_under(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_under(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// The code of a file by line number: no comments, nothing after `#[cfg(test)]` (tests close a file and may use
/// whatever they need), nothing within quotes.
fn code_of(text: &str) -> Vec<(usize, String)> {
    text.lines()
        .enumerate()
        .take_while(|(_, line)| !line.trim_start().starts_with("#[cfg(test)]"))
        .map(|(i, line)| (i + 1, line.split("//").next().unwrap_or_default().to_owned()))
        .collect()
}

fn sources() -> Vec<Source> {
    let src = root().join("src");
    let mut paths = Vec::new();
    files_under(&src, &mut paths);
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "rs"));
    paths.sort();
    assert!(paths.len() > 20, "the sources are not where they are looked for: {}", src.display());
    paths
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            let relative = path.strip_prefix(&src).unwrap().with_extension("");
            let module = relative.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("::");
            let code = code_of(&text);
            Source { path: path.strip_prefix(root()).unwrap().to_owned(), module, text, code }
        })
        .collect()
}

/// Whether `module` is `of` or lies within it.
fn is_within(module: &str, of: &str) -> bool {
    module == of || module.strip_prefix(of).is_some_and(|rest| rest.starts_with("::"))
}

/// What `crate::…` and `super::…` paths of `module` name: `crate::a::{b, c}` gives `a::b` and `a::c`.
fn imports(module: &str, code: &[(usize, String)]) -> Vec<(usize, String)> {
    let parent = module.rsplit_once("::").map_or_else(String::new, |(parent, _)| format!("{parent}::"));
    // Groups may span lines: all code in one text, with the place of each line.
    let joined: String = code.iter().flat_map(|(_, line)| [line.as_str(), "\n"]).collect();
    let line_at = |at: usize| code[joined[..at].matches('\n').count()].0;
    let mut found = Vec::new();
    for (root, prefix) in [("crate::", ""), ("super::", parent.as_str())] {
        for (at, _) in joined.match_indices(root) {
            if !joined[..at].ends_with(|c: char| c.is_alphanumeric() || "_:".contains(c)) {
                found.extend(paths_of(prefix, &joined[at + root.len()..]).into_iter().map(|path| (line_at(at), path)));
            }
        }
    }
    found.sort();
    found
}

/// The paths at the start of `text`: one, or those of a group in braces.
fn paths_of(prefix: &str, text: &str) -> Vec<String> {
    let plain_end = text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).unwrap_or(text.len());
    let path = format!("{prefix}{}", &text[..plain_end]);
    let group = &text[plain_end..];
    if !group.starts_with('{') || !(path.is_empty() || path.ends_with("::")) {
        return vec![path.trim_end_matches(':').to_owned()];
    }
    let (mut depth, mut start, mut paths) = (0, 1, Vec::new());
    for (at, c) in group.char_indices() {
        depth += match c {
            '{' => 1,
            '}' => -1,
            _ => 0,
        };
        if (c == ',' && depth == 1) || depth == 0 {
            let item = group[start..at].trim();
            if !item.is_empty() {
                paths.extend(paths_of(&path, item));
            }
            start = at + 1;
        }
        if depth == 0 {
            break;
        }
    }
    paths
}

fn allowed(module: &str) -> Option<(&'static str, &'static [&'static str])> {
    MAY_IMPORT.iter().filter(|(name, _)| is_within(module, name)).max_by_key(|(name, _)| name.len()).copied()
}

fn may_import(module: &str, path: &str) -> bool {
    let Some((name, list)) = allowed(module) else { return false };
    // The worker lies in `web` and is a house of its own: the page speaks to it by messages alone.
    let is_other_thread = is_within(path, "web::worker") && !is_within(module, "web::worker");
    let is_open = |open: &&str| is_within(path, open) && !is_other_thread;
    is_within(path, "error") || is_open(&name) || list.iter().any(is_open)
}

fn assert_none(problems: &[String]) {
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

#[test]
fn every_module_imports_only_what_it_may() {
    let mut problems = Vec::new();
    for source in sources().iter().filter(|source| source.module != "lib" && !source.module.starts_with("bin::")) {
        if allowed(&source.module).is_none() {
            problems.push(format!("{}: say in tests/tidy.rs what this module may import", source.path.display()));
            continue;
        }
        for (line, path) in imports(&source.module, &source.code) {
            if !may_import(&source.module, &path) {
                problems.push(format!("{}:{line}: {} may not import {path}", source.path.display(), source.module));
            }
        }
        for (line, code) in &source.code {
            if code.contains("super::super::") {
                problems.push(format!("{}:{line}: write crate::… instead of super::super::", source.path.display()));
            }
        }
    }
    assert_none(&problems);
}

#[test]
fn tensors_stay_in_core_the_dom_in_web_and_the_disk_in_train() {
    // What must not be named, and where it may be named all the same.
    let rules: &[(&[&str], &[&str])] = &[
        (
            &["candle_core", "candle_nn"],
            &["train", "bundle", "clip", "engine", "explain", "head", "nn", "preprocess", "resnet"],
        ),
        (&["web_sys", "leptos", "js_sys", "wasm_bindgen"], &["web", "bin"]),
        (&["std::fs", "std::path", "std::process", "std::env"], &["train", "bin"]),
    ];
    let mut problems = Vec::new();
    for source in sources() {
        for (names, houses) in rules {
            if houses.iter().any(|house| is_within(&source.module, house)) {
                continue;
            }
            for (line, code) in &source.code {
                // An error may wrap another crate's by naming its type.
                let is_conversion = source.module == "error" && code.contains("impl From<");
                if let Some(name) = names.iter().find(|name| code.contains(**name) && !is_conversion) {
                    problems.push(format!("{}:{line}: {name} belongs in {houses:?}", source.path.display()));
                }
            }
        }
    }
    assert_none(&problems);
}

#[test]
fn every_source_file_is_short_and_says_its_duty_first() {
    let mut problems = Vec::new();
    for source in sources() {
        let n_lines = source.text.lines().count();
        if n_lines > MAX_LINES {
            problems.push(format!("{}: {n_lines} lines, more than {MAX_LINES}", source.path.display()));
        }
        if !source.text.starts_with("//!") {
            problems.push(format!("{}: begins with no //! header", source.path.display()));
        }
    }
    assert_none(&problems);
}

#[test]
fn no_source_is_left_unfinished() {
    let mut problems = Vec::new();
    for source in sources() {
        for (line, code) in &source.code {
            for unfinished in ["todo!(", "unimplemented!(", "dbg!("] {
                if code.contains(unfinished) {
                    problems.push(format!("{}:{line}: {unfinished}…)", source.path.display()));
                }
            }
        }
    }
    assert_none(&problems);
}

#[test]
fn no_committed_text_names_a_place_on_one_machine() {
    // Written apart, so that this file does not name them.
    let places = [["/wo", "rk/"], ["/ro", "ot/"], ["/tm", "p/"], ["/ho", "me/"]].map(|halves| halves.concat());
    let mut paths = Vec::new();
    for dir in ["src", "tests", "www", "weights", ".ci", ".cargo", "clippy"] {
        if root().join(dir).is_dir() {
            files_under(&root().join(dir), &mut paths);
        }
    }
    for entry in fs::read_dir(root()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            paths.push(path);
        }
    }
    let mut problems = Vec::new();
    for path in paths.iter().filter(|path| !path.iter().any(|part| part == "node_modules")) {
        // Pictures and weights are no text.
        let Ok(text) = fs::read_to_string(path) else { continue };
        for (i, line) in text.lines().enumerate() {
            if let Some(place) = places.iter().find(|place| names_place(line, place)) {
                problems.push(format!("{}:{}: names {place}", path.strip_prefix(root()).unwrap().display(), i + 1));
            }
        }
    }
    assert_none(&problems);
}

#[test]
fn trunk_is_told_of_no_path_that_a_clone_lacks() {
    let settings = fs::read_to_string(root().join("Trunk.toml")).unwrap();
    let lists = settings.lines().filter_map(|line| line.strip_prefix("watch = ").or(line.strip_prefix("ignore = ")));
    let paths: Vec<&str> = lists.flat_map(|list| list.split('"').skip(1).step_by(2)).collect();
    assert!(paths.contains(&"src"), "{paths:?}");
    // What .gitignore names is missing from a clone, and trunk refuses to start when a path it was told of is.
    let ignored = fs::read_to_string(root().join(".gitignore")).unwrap();
    for path in paths {
        let is_ignored = ignored.lines().any(|line| line.trim_matches('/') == path);
        assert!(!is_ignored && root().join(path).exists(), "{path}");
    }
}

/// Whether an absolute path begins with `place`: a URL's or an archive's inner folder of that name is none.
fn names_place(line: &str, place: &str) -> bool {
    line.match_indices(place).any(|(at, _)| !line[..at].ends_with(|c: char| c.is_alphanumeric() || "._-}~".contains(c)))
}

#[test]
fn the_reader_of_imports_sees_groups_and_nested_paths() {
    let code = code_of(
        "use crate::error::Result;\nuse crate::{\n  nn::{conv, norm},\n  report::Report,\n};\n// crate::web\n\
         let x = (crate::scan::Scan, super::worker::x);\n#[cfg(test)]\nuse crate::train;",
    );
    let found = imports("web::app", &code);
    let expected = [
        (1, "error::Result"),
        (2, "nn::conv"),
        (2, "nn::norm"),
        (2, "report::Report"),
        (7, "scan::Scan"),
        (7, "web::worker::x"),
    ];
    assert_eq!(found, expected.map(|(line, path)| (line, path.to_owned())));
}

#[test]
fn a_forbidden_import_is_seen() {
    assert!(may_import("web::worker", "engine::Engine"));
    assert!(!may_import("web::app", "engine::Engine"));
    assert!(!may_import("web::client", "web::worker"));
    assert!(!may_import("nn::conv", "clip"));
    assert!(!may_import("engine", "train::fit"));
    assert!(!may_import("bundle", "nn::conv"));
    assert!(may_import("bundle", "nn::params::Params"));
    assert!(!may_import("report_of_mine", "error"));
}
