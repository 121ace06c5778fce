//! The names of what `train explain --out` writes: those of the scans, made distinct where another file has them.

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::train::files;

/// The extension of a report.
pub(super) const REPORT: &str = "json";
/// The extension of an overlay.
pub(super) const OVERLAY: &str = "png";
/// The extension of the overlay of a baseline's heatmap.
pub(super) const BASELINE_OVERLAY: &str = "baseline.png";

/// The results in a folder.
pub(super) struct ResultFiles<'a> {
    dir: &'a Path,
    /// Files that are read, which no result may replace.
    inputs: HashSet<PathBuf>,
    /// By scan and suffix, where the results are, without extensions.
    stems: HashMap<(PathBuf, String), PathBuf>,
}

impl<'a> ResultFiles<'a> {
    /// Results in `dir` of a command that reads `inputs`.
    pub(super) fn new(dir: &'a Path, inputs: impl IntoIterator<Item = &'a PathBuf>) -> Self {
        let inputs = inputs.into_iter().filter_map(|path| path.canonicalize().ok()).collect();
        Self { dir, inputs, stems: HashMap::new() }
    }

    /// The path of the results of `scan`, whose content has the hash `sha256`, without an extension: its name and `suffix`,
    /// which tells several results of one file apart. Only earlier results of the same content are there, if anything is; of
    /// two scans with one name, the second gets `name-2`.
    pub(super) fn stem(&mut self, scan: &Path, suffix: &str, sha256: &str) -> PathBuf {
        // A scan that is named twice has one result.
        let key = (scan.canonicalize().unwrap_or_else(|_| scan.to_owned()), suffix.to_owned());
        if let Some(stem) = self.stems.get(&key) {
            return stem.clone();
        }
        let mut name = scan.file_stem().unwrap_or(scan.as_os_str()).to_owned();
        name.push(suffix);
        let mut stem = self.dir.join(&name);
        let mut n = 1;
        while !self.is_free(&stem, sha256) {
            n += 1;
            let mut numbered = OsString::from(&name);
            numbered.push(format!("-{n}"));
            stem = self.dir.join(numbered);
        }
        self.stems.insert(key, stem.clone());
        stem
    }

    fn is_free(&self, stem: &Path, sha256: &str) -> bool {
        let outputs = [REPORT, OVERLAY, BASELINE_OVERLAY].map(|extension| stem.with_added_extension(extension));
        let is_input = |output: &PathBuf| output.canonicalize().is_ok_and(|output| self.inputs.contains(&output));
        if self.stems.values().any(|taken| taken == stem) || outputs.iter().any(is_input) {
            return false;
        }
        let is_same = || files::read_json::<Value>(&outputs[0]).is_ok_and(|report| report["input"]["sha256"] == sha256);
        // A link to nowhere is a file as well.
        outputs.iter().all(|output| output.symlink_metadata().is_err()) || is_same()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Writes results as the command does.
    fn result(stem: &Path, sha256: &str) {
        fs::write(stem.with_added_extension(REPORT), format!("{{\"input\":{{\"sha256\":\"{sha256}\"}}}}")).unwrap();
        fs::write(stem.with_added_extension(OVERLAY), "picture").unwrap();
    }

    #[test]
    fn no_result_replaces_an_input_or_the_result_of_another_scan() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        for folder in ["a", "b", "out"] {
            fs::create_dir(path(folder)).unwrap();
        }
        let [first, second, third] = ["a/x.png", "b/x.png", "b/x.jpg"].map(path);
        [&first, &second, &third].iter().for_each(|scan| fs::write(scan, "scan").unwrap());
        let inputs = [first.clone(), second.clone(), third.clone()];

        // Twice, as by two calls: the second finds the results of the first.
        for _ in 0..2 {
            let out = path("out");
            let mut results = ResultFiles::new(&out, &inputs);
            for (scan, sha256, name) in
                [(&first, "1", "x"), (&second, "2", "x-2"), (&third, "1", "x-3"), (&first, "1", "x")]
            {
                let stem = results.stem(scan, "", sha256);
                assert_eq!(stem, out.join(name));
                result(&stem, sha256);
            }
        }
        // Results of another call's scan, and a picture that is no result.
        let out = path("out");
        assert_eq!(ResultFiles::new(&out, std::slice::from_ref(&second)).stem(&second, "", "4"), out.join("x-4"));
        fs::write(out.join("y.baseline.png"), "mine").unwrap();
        assert_eq!(ResultFiles::new(&out, []).stem(Path::new("y.png"), "", "5"), out.join("y-2"));
        // In the folder of the scans: the overlay would be the scan.
        let beside = path("a");
        assert_eq!(ResultFiles::new(&beside, &inputs).stem(&first, "", "1"), beside.join("x-2"));
    }
}
