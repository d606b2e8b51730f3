//! The project's files as the rules see them: what git tracks or would track, read into memory.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

pub struct Tree {
    /// None for the small trees of unit tests.
    root: Option<PathBuf>,
    files: Vec<File>,
}

pub struct File {
    /// From the root, with `/`.
    pub path: String,
    /// Empty where the bytes are no UTF-8.
    pub text: String,
}

impl Tree {
    pub fn read(root: &Path) -> Result<Self> {
        let mut paths = match git(root, &["ls-files", "-z", "--cached", "--others", "--exclude-standard"]) {
            Some(listed) => listed.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect(),
            None => walk(root)?,
        };
        paths.sort();
        paths.dedup();
        let mut files = vec![];
        for path in paths {
            // Deleted in the work tree and still in the index: no file, nothing to check.
            let Ok(bytes) = std::fs::read(root.join(&path)) else { continue };
            files.push(File { text: String::from_utf8(bytes).unwrap_or_default(), path });
        }
        Ok(Self { root: Some(root.to_path_buf()), files })
    }

    #[cfg(test)]
    pub fn of(files: &[(&str, &str)]) -> Self {
        let file = |(path, text): &(&str, &str)| File { path: (*path).to_owned(), text: (*text).to_owned() };
        Self { root: None, files: files.iter().map(file).collect() }
    }

    pub fn files(&self) -> &[File] {
        &self.files
    }

    pub fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    /// Rust files; `under` is a folder with its `/`, or empty for all.
    pub fn rust<'a>(&'a self, under: &'a str) -> impl Iterator<Item = &'a File> {
        self.files.iter().filter(move |file| file.path.starts_with(under) && file.path.ends_with(".rs"))
    }

    /// Folders of the root that hold a crate, without the `/`.
    pub fn crates(&self) -> impl Iterator<Item = &str> {
        self.files
            .iter()
            .filter_map(|file| file.path.strip_suffix("/Cargo.toml"))
            .filter(|name| !name.contains('/'))
    }

    /// What git answers, or None where there is no git or no repository.
    pub fn git(&self, args: &[&str]) -> Option<String> {
        git(self.root.as_deref()?, args)
    }
}

impl File {
    /// The crate (or other folder of the root) that it lies in.
    pub fn folder(&self) -> &str {
        self.path.split('/').next().unwrap_or_default()
    }

    /// Lies in a folder of tests or benches, or is a module of unit tests.
    pub fn is_test(&self) -> bool {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        let in_folder =
            self.path.split('/').any(|part| matches!(part, "tests" | "benches")) && self.depth() > 1;
        in_folder && !self.path.starts_with("benches/src/")
            || name == "tests.rs"
            || name.ends_with("_tests.rs")
    }

    fn depth(&self) -> usize {
        self.path.matches('/').count()
    }

    /// Numbered lines of code that is no test, without comments.
    pub fn production(&self) -> Vec<(usize, &str)> {
        if self.is_test() { vec![] } else { self.code(|line, tests_from| line < tests_from) }
    }

    /// Numbered lines of test code, without comments.
    pub fn tests(&self) -> Vec<(usize, &str)> {
        if self.is_test() { self.code(|_, _| true) } else { self.code(|line, tests_from| line >= tests_from) }
    }

    /// By the project's habit unit tests come last, so a file is code, then tests.
    fn code(&self, wanted: impl Fn(usize, usize) -> bool) -> Vec<(usize, &str)> {
        let lines: Vec<&str> = self.text.lines().collect();
        let tests_from = lines
            .windows(2)
            .position(|pair| pair[0].trim() == "#[cfg(test)]" && pair[1].trim_start().starts_with("mod "))
            .unwrap_or(lines.len());
        let numbered = lines.iter().enumerate().filter(|(at, _)| wanted(*at, tests_from));
        numbered
            .map(|(at, line)| (at + 1, without_comment(line)))
            .filter(|(_, code)| !code.is_empty())
            .collect()
    }
}

/// A `//` behind a blank ends the code; inside a string such as `https://` it does not.
fn without_comment(line: &str) -> &str {
    let code = line.trim();
    if code.starts_with("//") { "" } else { code.split(" // ").next().unwrap_or_default() }
}

fn git(root: &Path, args: &[&str]) -> Option<String> {
    let output = Command::new("git").current_dir(root).args(args).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// For a tree without git, such as an unpacked archive.
fn walk(root: &Path) -> Result<Vec<String>> {
    let mut found = vec![];
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in
            std::fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))?
        {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if matches!(&*name, ".git" | "target" | ".nexus") {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(relative) = path.strip_prefix(root) {
                found.push(relative.to_string_lossy().replace('\\', "/"));
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str =
        "//! A file.\nfn rule() {} // why\n// a remark\n\n#[cfg(test)]\nmod tests {\n    check();\n}\n";

    #[test]
    fn code_and_tests_are_told_apart_and_comments_left_out() {
        let tree = Tree::of(&[("core/src/a.rs", SOURCE)]);
        let file = tree.file("core/src/a.rs").expect("it was given");
        assert_eq!(file.production(), [(2, "fn rule() {}")]);
        assert_eq!(file.tests(), [(5, "#[cfg(test)]"), (6, "mod tests {"), (7, "check();"), (8, "}")]);
    }

    #[test]
    fn files_in_test_folders_are_tests_and_the_benches_crate_is_code() {
        let is_test = |path: &str| Tree::of(&[(path, "")]).files()[0].is_test();
        assert!(is_test("core/tests/a.rs"));
        assert!(is_test("core/src/tests.rs"));
        assert!(!is_test("core/src/a.rs"));
        assert!(!is_test("benches/src/main.rs"));
    }
}
