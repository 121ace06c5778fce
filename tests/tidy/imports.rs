//! Reads the modules of `src`, what each imports, and the table of imports in the crate docs. Text only.
//!
//! A module is a file. It imports what its paths name: those that begin with `crate`, `super` or `self`, and those that
//! begin with the name of one of its child modules. `mod child;` alone is no import. A path that names a re-export
//! (`pub use`) counts as an import of the module that defines the item, and a module does not import what it re-exports
//! from within itself. So a parent that calls a child's function and a child that uses its parent's type are a circle.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs;
use std::path::{Path, PathBuf};

/// One file of the sources: its path, its module, and its lines outside of tests and comments.
pub struct Source {
    pub path: PathBuf,
    pub module: String,
    pub text: String,
    pub code: Vec<(usize, String)>,
}

impl Source {
    pub fn new(path: &Path, module: &str, text: String) -> Self {
        let code = code_of(&text);
        Self { path: path.to_owned(), module: module.to_owned(), text, code }
    }
}

/// The sources below `root`/src, sorted by path.
pub fn sources(root: &Path) -> Vec<Source> {
    let src = root.join("src");
    let mut paths = Vec::new();
    files_under(&src, &mut paths);
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "rs"));
    paths.sort();
    assert!(paths.len() > 20, "the sources are not where they are looked for: {}", src.display());
    let source = |path: PathBuf| {
        let relative = path.strip_prefix(&src).unwrap().with_extension("");
        let parts: Vec<_> = relative.iter().map(|part| part.to_string_lossy()).filter(|part| part != "mod").collect();
        Source::new(path.strip_prefix(root).unwrap(), &parts.join("::"), fs::read_to_string(&path).unwrap())
    };
    paths.into_iter().map(source).collect()
}

pub fn files_under(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_under(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// The code of a file by line number, without comments and without items under `#[cfg(test)]`: tests may use whatever
/// they need.
fn code_of(text: &str) -> Vec<(usize, String)> {
    let mut code = Vec::new();
    let mut lines = text.lines().zip(1..).map(|(line, at)| (at, line.split("//").next().unwrap_or_default()));
    while let Some((at, line)) = lines.next() {
        if !line.trim_start().starts_with("#[cfg(test)]") {
            code.push((at, line.to_owned()));
            continue;
        }
        let mut depth = 0;
        for (_, line) in lines.by_ref() {
            depth += line.matches('{').count() as i32 - line.matches('}').count() as i32;
            let is_attribute = line.trim_start().starts_with("#[");
            if depth == 0 && !is_attribute && line.trim_end().ends_with([';', '}']) {
                break;
            }
        }
    }
    code
}

/// Whether `module` is `of` or lies within it.
pub fn is_within(module: &str, of: &str) -> bool {
    module == of || module.strip_prefix(of).is_some_and(|rest| rest.starts_with("::"))
}

fn is_path(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == ':'
}

/// `a` and `b` joined by `::`; either may be empty.
fn join(a: &str, b: &str) -> String {
    if a.is_empty() || b.is_empty() { format!("{a}{b}") } else { format!("{a}::{b}") }
}

fn parent(module: &str) -> &str {
    module.rsplit_once("::").map_or("", |(parent, _)| parent)
}

/// A path that a module names.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Import {
    /// The line of the path.
    pub line: usize,
    /// The path from the crate's root: `nn::conv::ConvBn`.
    pub path: String,
    /// The name under which the module re-exports it, if it does.
    reexport: Option<String>,
}

/// What `module` imports; `children` are the names of its child modules.
pub fn imports(module: &str, code: &[(usize, String)], children: &BTreeSet<String>) -> Vec<Import> {
    // Groups may span lines: all code in one text, with the line of each place.
    let text: String = code.iter().flat_map(|(_, line)| [line.as_str(), "\n"]).collect();
    let line_at = |at: usize| code[text[..at].matches('\n').count()].0;
    let mut found = Vec::new();
    let mut add = |at: usize, base: &str, rest: &str| {
        let statement = text[..at].rsplit([';', '{', '}']).next().unwrap_or_default();
        let is_reexport = statement.trim_start().starts_with("pub") && statement.trim_end().ends_with("use");
        for path in paths_of(base, rest) {
            let (path, name) = path.split_once(" as ").unwrap_or((path.as_str(), ""));
            let name = if name.is_empty() { path.rsplit("::").next().unwrap_or_default() } else { name };
            let reexport = is_reexport.then(|| name.to_owned());
            found.push(Import { line: line_at(at), path: path.trim_end_matches("::self").to_owned(), reexport });
        }
    };
    let is_start = |at: usize| !text[..at].ends_with(is_path);
    for (at, _) in text.match_indices("crate::").filter(|(at, _)| is_start(*at)) {
        add(at, "", &text[at + "crate::".len()..]);
    }
    for (at, _) in text.match_indices("self::").filter(|(at, _)| is_start(*at)) {
        add(at, module, &text[at + "self::".len()..]);
    }
    for (at, _) in text.match_indices("super::").filter(|(at, _)| is_start(*at)) {
        let (mut base, mut rest) = (module, &text[at..]);
        while let Some(after) = rest.strip_prefix("super::") {
            (base, rest) = (parent(base), after);
        }
        add(at, base, rest);
    }
    for child in children {
        for (at, _) in text.match_indices(&format!("{child}::")).filter(|(at, _)| is_start(*at)) {
            add(at, module, &text[at..]);
        }
    }
    found.sort();
    found
}

/// The paths at the start of `text`, below `prefix`: one, or those of a group in braces, ` as name` kept.
fn paths_of(prefix: &str, text: &str) -> Vec<String> {
    let end = text.find(|c: char| !is_path(c)).unwrap_or(text.len());
    let (plain, rest) = (text[..end].trim_end_matches(':'), &text[end..]);
    let path = join(prefix, plain);
    if !rest.starts_with('{') || !(end == 0 || text[..end].ends_with("::")) {
        let alias = rest.trim_start().strip_prefix("as ").map(|name| name.split(|c: char| !is_path(c)).next());
        let alias = alias.flatten().map_or_else(String::new, |name| format!(" as {name}"));
        return vec![path + &alias];
    }
    let (mut depth, mut start, mut paths) = (0, 1, Vec::new());
    for (at, c) in rest.char_indices() {
        depth += match c {
            '{' => 1,
            '}' => -1,
            _ => 0,
        };
        if (c == ',' && depth == 1) || depth == 0 {
            let item = rest[start..at].trim();
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

/// Modules and what they import.
pub struct Tree {
    imports: BTreeMap<String, Vec<Import>>,
}

impl Tree {
    /// Of `sources`, without the crate's root and the binaries, which may import everything.
    pub fn new(sources: &[Source]) -> Self {
        let is_root = |source: &&Source| source.module == "lib" || is_within(&source.module, "bin");
        let modules: Vec<&Source> = sources.iter().filter(|source| !is_root(source)).collect();
        let children = |module: &str| {
            let inner = modules.iter().map(|source| source.module.as_str()).filter(|inner| parent(inner) == module);
            inner.filter_map(|inner| inner.rsplit("::").next()).map(str::to_owned).collect()
        };
        let imports_of = |source: &&Source| imports(&source.module, &source.code, &children(&source.module));
        Self { imports: modules.iter().map(|source| (source.module.clone(), imports_of(source))).collect() }
    }

    pub fn modules(&self) -> impl Iterator<Item = (&str, &[Import])> {
        self.imports.iter().map(|(module, imports)| (module.as_str(), imports.as_slice()))
    }

    /// The module that defines what `path` names.
    fn definer(&self, path: &str) -> Option<&str> {
        let mut module = path;
        while !self.imports.contains_key(module) {
            module = match parent(module) {
                "" => return None,
                parent => parent,
            };
        }
        let (module, imports) = self.imports.get_key_value(module)?;
        let name = path[module.len()..].trim_start_matches("::").split("::").next().unwrap_or_default();
        let reexport = imports.iter().find(|import| import.reexport.as_deref() == Some(name));
        reexport.and_then(|import| self.definer(&import.path)).or(Some(module))
    }

    /// The modules that `module` imports.
    fn neighbours(&self, module: &str) -> BTreeSet<&str> {
        let is_given_on = |import: &&Import| import.reexport.is_some() && is_within(&import.path, module);
        let imports = self.imports[module].iter().filter(|import| !is_given_on(import));
        imports.filter_map(|import| self.definer(&import.path)).filter(|to| *to != module).collect()
    }

    /// For each module that is on a circle, a shortest one, once: `a → b → a`.
    pub fn circles(&self) -> Vec<String> {
        let mut seen = BTreeSet::new();
        let mut found = Vec::new();
        for module in self.imports.keys() {
            let Some(circle) = self.circle(module).filter(|circle| circle.iter().all(|m| !seen.contains(m))) else {
                continue;
            };
            found.push(format!("{} → {module}", circle.join(" → ")));
            seen.extend(circle);
        }
        found
    }

    /// The modules of a shortest circle through `start`, which comes first.
    fn circle<'t>(&'t self, start: &'t str) -> Option<Vec<&'t str>> {
        let mut from: BTreeMap<&str, &str> = BTreeMap::new();
        let mut queue = VecDeque::from([start]);
        while let Some(module) = queue.pop_front() {
            for next in self.neighbours(module) {
                if next == start {
                    let mut circle = vec![module];
                    while let Some(before) = from.get(circle[circle.len() - 1]) {
                        circle.push(before);
                    }
                    circle.reverse();
                    return Some(circle);
                }
                if !from.contains_key(next) {
                    from.insert(next, module);
                    queue.push_back(next);
                }
            }
        }
        None
    }
}

/// The table of imports of the crate docs. A row applies to its module and to all modules within it that have no row of
/// their own, and so does an entry. A module may always import the modules of its own row, and `error`.
pub struct Rules {
    rows: BTreeMap<String, Vec<String>>,
}

impl Rules {
    /// Reads the docs of `src/lib.rs`.
    pub fn read(docs: &str) -> Self {
        let lines = docs.lines().skip_while(|line| *line != "//! | module | may import |").skip(2);
        let mut rows = BTreeMap::new();
        for line in lines.take_while(|line| line.starts_with("//! |")) {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            let names = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
            let may_import = names(cells[2]);
            assert!(may_import.is_empty() == (cells[2] == "nothing"), "names in backticks, or nothing: {line}");
            for module in names(cells[1]) {
                assert!(rows.insert(module, may_import.clone()).is_none(), "a second row: {line}");
            }
        }
        assert!(!rows.is_empty(), "the crate docs hold no table of imports");
        Self { rows }
    }

    /// The row that applies to a module or path.
    pub fn row(&self, path: &str) -> Option<&str> {
        self.rows.keys().filter(|row| is_within(path, row)).max_by_key(|row| row.len()).map(String::as_str)
    }

    fn opens(&self, entry: &str, path: &str) -> bool {
        is_within(path, entry) && self.row(path) == self.row(entry)
    }

    pub fn allows(&self, module: &str, path: &str) -> bool {
        let Some(row) = self.row(module) else { return false };
        is_within(path, "error") || self.row(path) == Some(row) || self.rows[row].iter().any(|e| self.opens(e, path))
    }

    /// Rows without a module, and entries that no module of their row uses.
    pub fn idle(&self, tree: &Tree) -> Vec<String> {
        let mut found = Vec::new();
        for (row, entries) in &self.rows {
            let imports: Vec<&str> = tree
                .modules()
                .filter(|(module, _)| self.row(module) == Some(row))
                .flat_map(|(_, imports)| imports.iter().map(|import| import.path.as_str()))
                .collect();
            if !tree.modules().any(|(module, _)| module == row) {
                found.push(format!("{row}: there is no such module"));
            }
            let idle = entries.iter().filter(|entry| !imports.iter().any(|path| self.opens(entry, path)));
            found.extend(idle.map(|entry| format!("{row}: nothing in it imports {entry}")));
        }
        found
    }
}
