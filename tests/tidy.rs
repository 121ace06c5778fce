//! Checks the rules of the sources: allowed imports, no circles of imports, length and header of files, forbidden text.
//! Reads text only; knows no octlens API. The table of imports is read from the crate docs.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

#[path = "tidy/imports.rs"]
mod imports;

use std::fs;
use std::path::Path;

use imports::{Rules, Source, Tree, files_under, is_within};

/// The longest a source file may be.
const MAX_LINES: usize = 500;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Vec<Source> {
    imports::sources(root())
}

fn rules() -> Rules {
    Rules::read(&fs::read_to_string(root().join("src/lib.rs")).unwrap())
}

fn assert_none(problems: &[String]) {
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

#[test]
fn every_module_imports_only_what_it_may() {
    let (sources, rules) = (sources(), rules());
    let tree = Tree::new(&sources);
    let mut problems = Vec::new();
    for (module, imports) in tree.modules() {
        if rules.row(module).is_none() {
            problems.push(format!("{module}: say in the table of src/lib.rs what it may import"));
            continue;
        }
        let forbidden = imports.iter().filter(|import| !rules.allows(module, &import.path));
        problems.extend(forbidden.map(|import| format!("{module}:{}: may not import {}", import.line, import.path)));
    }
    for source in &sources {
        for (line, code) in &source.code {
            if code.contains("super::super::") {
                problems.push(format!("{}:{line}: write crate::… instead of super::super::", source.path.display()));
            }
        }
    }
    assert_none(&problems);
}

#[test]
fn the_table_of_imports_opens_nothing_that_is_not_used() {
    assert_none(&rules().idle(&Tree::new(&sources())));
}

#[test]
fn no_modules_import_each_other_in_a_circle() {
    assert_none(&Tree::new(&sources()).circles());
}

#[test]
fn tensors_stay_in_core_the_dom_in_web_and_the_disk_in_train() {
    // Names, and the only modules that may use them.
    let rules: &[(&[&str], &[&str])] = &[
        (
            &["candle_core", "candle_nn"],
            &["train", "bundle", "clip", "doubt", "engine", "explain", "head", "nn", "preprocess", "resnet"],
        ),
        (&["web_sys", "leptos", "js_sys", "wasm_bindgen"], &["web", "bin"]),
        (&["std::fs", "std::path", "std::process", "std::env"], &["train", "bin"]),
    ];
    let mut problems = Vec::new();
    for source in sources() {
        for (names, modules) in rules {
            if modules.iter().any(|module| is_within(&source.module, module)) {
                continue;
            }
            for (line, code) in &source.code {
                // An error may wrap another crate's by naming its type.
                let is_conversion = source.module == "error" && code.contains("impl From<");
                if let Some(name) = names.iter().find(|name| code.contains(**name) && !is_conversion) {
                    problems.push(format!("{}:{line}: {name} belongs in {modules:?}", source.path.display()));
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
    // In two halves, so that this file does not contain them.
    let places = [["/wo", "rk/"], ["/ro", "ot/"], ["/tm", "p/"], ["/ho", "me/"]].map(|halves| halves.concat());
    let mut paths = Vec::new();
    for dir in ["src", "tests", "docs", "examples", "www", "weights", ".ci", ".cargo", "clippy"] {
        if root().join(dir).is_dir() {
            files_under(&root().join(dir), &mut paths);
        }
    }
    for entry in fs::read_dir(root()).unwrap() {
        let path = entry.unwrap().path();
        // In a worktree of git, `.git` is a file that names its repository.
        if path.is_file() && !path.ends_with(".git") {
            paths.push(path);
        }
    }
    let mut problems = Vec::new();
    for path in paths.iter().filter(|path| !path.iter().any(|part| part == "node_modules")) {
        // Skips pictures and weights.
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
fn trunk_watches_no_path_that_a_clone_lacks() {
    let settings = fs::read_to_string(root().join("Trunk.toml")).unwrap();
    let lists = settings.lines().filter_map(|line| line.strip_prefix("watch = ").or(line.strip_prefix("ignore = ")));
    let paths: Vec<&str> = lists.flat_map(|list| list.split('"').skip(1).step_by(2)).collect();
    assert!(paths.contains(&"src"), "{paths:?}");
    // What .gitignore lists is missing from a clone, and trunk refuses to start if a path to watch is missing.
    let ignored = fs::read_to_string(root().join(".gitignore")).unwrap();
    for path in paths {
        let is_ignored = ignored.lines().any(|line| line.trim_matches('/') == path);
        assert!(!is_ignored && root().join(path).exists(), "{path}");
    }
}

/// Whether `line` holds an absolute path that begins with `place`; folders of that name inside a URL or archive do not count.
fn names_place(line: &str, place: &str) -> bool {
    line.match_indices(place).any(|(at, _)| !line[..at].ends_with(|c: char| c.is_alphanumeric() || "._-}~".contains(c)))
}

/// Sources of made-up files: path below `src` without extension, and text.
fn made_up(files: &[(&str, &str)]) -> Vec<Source> {
    let source = |(module, text): &(&str, &str)| Source::new(Path::new(module), module, (*text).to_owned());
    files.iter().map(source).collect()
}

fn imports_of(files: &[(&str, &str)], module: &str) -> Vec<(usize, String)> {
    let tree = Tree::new(&made_up(files));
    let (_, imports) = tree.modules().find(|(name, _)| *name == module).unwrap();
    imports.iter().map(|import| (import.line, import.path.clone())).collect()
}

#[test]
fn the_reader_of_imports_sees_groups_and_nested_paths() {
    let text = "use crate::error::Result;\nuse crate::{\n  nn::{self, conv, norm as n},\n  report::Report,\n};\n// crate::web\n\
                let x = (crate::scan::Scan, super::worker::x, self::y, fields::z, other_fields::z);\n#[cfg(test)]\n\
                mod tests {\n  use crate::train;\n}\nuse super::super::render;";
    let found = imports_of(&[("web::app", text), ("web::app::fields", "")], "web::app");
    let expected = [
        (1, "error::Result"),
        (2, "nn"),
        (2, "nn::conv"),
        (2, "nn::norm"),
        (2, "report::Report"),
        (7, "scan::Scan"),
        (7, "web::app::fields::z"),
        (7, "web::app::y"),
        (7, "web::worker::x"),
        (12, "render"),
    ];
    let expected: Vec<_> = expected.map(|(line, path)| (line, path.to_owned())).into();
    assert_eq!(found, expected);
}

#[test]
fn a_made_up_circle_is_seen() {
    let circles = |files: &[(&str, &str)]| Tree::new(&made_up(files)).circles();
    assert_eq!(
        circles(&[("a", "use crate::b::B;"), ("b", "use crate::c::C;"), ("c", "fn f(x: crate::a::A) {}"), ("d", "")]),
        ["a → b → c → a"]
    );
    // A parent that only declares and re-exports its child makes no circle; one that uses it does.
    assert!(circles(&[("a", "mod b;\npub use b::B;"), ("a::b", "use super::A;")]).is_empty());
    assert_eq!(circles(&[("a", "mod b;\nfn f() { b::g() }"), ("a::b", "use super::A;")]), ["a → a::b → a"]);
    // A re-export counts as an import of the defining module.
    let through = [("a", "pub use b::B;"), ("a::b", "use super::c::C;"), ("a::c", "use super::B;")];
    assert_eq!(circles(&through), ["a::b → a::c → a::b"]);
    let renamed = [("a", "pub use b::B as D;"), ("a::b", "use crate::c::C;"), ("c", "use crate::a::D;")];
    assert_eq!(circles(&renamed), ["a::b → c → a::b"]);
    // Test code may import anything.
    assert!(circles(&[("a", "use crate::b;"), ("b", "#[cfg(test)]\nmod tests { use crate::a; }")]).is_empty());
}

#[test]
fn a_forbidden_import_and_an_idle_entry_are_seen() {
    let rules = Rules::read(
        "//! | module | may import |\n//! |---|---|\n//! | [`kernels`], `report` | nothing |\n\
         //! | [`nn`] | `kernels` |\n//! | [`bundle`] | `nn::params` |\n//! | `bundle::card` | `report` |\n\
         //! | `web` | `report`, `bundle::card` |\n//! | `web::worker` | `bundle`, `web` |",
    );
    assert!(rules.allows("nn::conv", "kernels::Kernel") && rules.allows("nn::conv", "nn::Mode"));
    assert!(!rules.allows("nn::conv", "report::Report"));
    assert!(rules.allows("bundle", "nn::params::Params") && !rules.allows("bundle", "nn::conv"));
    assert!(rules.allows("web::app", "error::Error") && rules.allows("web::app", "bundle::card::ModelCard"));
    // A module with its own row must be listed by name.
    assert!(!rules.allows("web::app", "bundle::Bundle") && !rules.allows("web::app", "web::worker::x"));
    assert!(!rules.allows("web::worker", "bundle::card::ModelCard") && rules.allows("web::worker", "web::client"));
    assert!(rules.row("report_of_mine").is_none() && !rules.allows("report_of_mine", "error"));

    let files = [("kernels", ""), ("report", ""), ("nn", "use crate::kernels;"), ("bundle", "use crate::nn::params;")];
    let idle = rules.idle(&Tree::new(&made_up(&files)));
    assert!(idle.contains(&"web: there is no such module".to_owned()), "{idle:?}");
    assert!(idle.contains(&"bundle::card: nothing in it imports report".to_owned()), "{idle:?}");
    assert!(!idle.iter().any(|problem| problem.starts_with("bundle:") && !problem.starts_with("bundle::")), "{idle:?}");
}
