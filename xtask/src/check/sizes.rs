//! Sizes: production lines of rooms and folders, and the length of each file.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::house::{Budget, Sizes};
use super::source::{production, rust_files};

/// A file that says `@generated` in its first lines may be as long as it likes and counts nowhere.
const GENERATED: &str = "@generated";

/// Budgets and files that are over their limits.
pub(crate) fn breaches(root: &Path, sizes: &Sizes) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for budget in &sizes.budgets {
        for folder in folders(root, &budget.path) {
            let lines = production_lines(&folder)?;
            if lines > budget.lines {
                let name = folder.strip_prefix(root).unwrap_or(&folder).display();
                found.push(format!("{name} has {lines} production lines; its budget is {}", budget.lines));
            }
        }
    }
    for top in ["crates", "bins", "xtask", "xtask/bench", "xtask/fault", "tests"] {
        for package in [root.join(top)].into_iter().chain(folders(root, &format!("{top}/*"))) {
            found.extend(long_files(root, &package, sizes.file_lines)?);
        }
    }
    found.sort();
    found.dedup();
    Ok(found)
}

/// How much of each budget is used, for people who wonder.
pub(crate) fn uses(root: &Path, budgets: &[Budget]) -> Result<Vec<String>> {
    let mut notes = Vec::new();
    for budget in budgets {
        for folder in folders(root, &budget.path) {
            let name = folder.strip_prefix(root).unwrap_or(&folder).display().to_string();
            notes.push(format!("{:>5} of {:>5} lines  {name}", production_lines(&folder)?, budget.lines));
        }
    }
    Ok(notes)
}

/// The folder of that path, or for `some/*` every folder in it, sorted.
fn folders(root: &Path, path: &str) -> Vec<PathBuf> {
    let Some(parent) = path.strip_suffix("/*") else {
        return vec![root.join(path)];
    };
    let entries = fs::read_dir(root.join(parent)).into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

/// Lines of code below a folder that are neither tests nor generated.
fn production_lines(folder: &Path) -> Result<usize> {
    let mut counted = Vec::new();
    let mut tests = BTreeSet::new();
    for file in rust_files(folder) {
        let text = read(&file)?;
        if is_generated(&text) || is_test_file(folder, &file) {
            continue;
        }
        let production = production(&text);
        let home = module_folder(&file);
        for module in production.test_modules {
            tests.insert(home.join(format!("{module}.rs")));
            tests.insert(home.join(module));
        }
        counted.push((file, production.lines));
    }
    let in_tests = |file: &Path| file.ancestors().any(|path| tests.contains(path));
    Ok(counted.iter().filter(|(file, _)| !in_tests(file)).map(|(_, lines)| lines).sum())
}

/// Where the modules that a file declares live.
fn module_folder(file: &Path) -> PathBuf {
    let parent = file.parent().unwrap_or(file);
    match file.file_stem().and_then(|stem| stem.to_str()) {
        Some("mod" | "lib" | "main") | None => parent.to_owned(),
        Some(stem) => parent.join(stem),
    }
}

fn is_test_file(folder: &Path, file: &Path) -> bool {
    let inside = file.strip_prefix(folder).unwrap_or(file);
    inside
        .components()
        .any(|part| matches!(part.as_os_str().to_str(), Some("tests.rs" | "tests" | "benches" | "examples")))
}

fn long_files(root: &Path, folder: &Path, most: usize) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for file in rust_files(folder) {
        let text = read(&file)?;
        let lines = text.lines().count();
        if lines > most && !is_generated(&text) {
            let name = file.strip_prefix(root).unwrap_or(&file).display();
            found.push(format!("{name} has {lines} lines; a file has {most} at most: divide it by ideas"));
        }
    }
    Ok(found)
}

fn is_generated(text: &str) -> bool {
    text.lines().take(5).any(|line| line.contains(GENERATED))
}

fn read(file: &Path) -> Result<String> {
    fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Folder(PathBuf);

    impl Folder {
        fn with(name: &str, files: &[(&str, &str)]) -> Self {
            let root = std::env::temp_dir().join(format!("weighhouse-xtask-{name}-{}", std::process::id()));
            for (path, text) in files {
                let path = root.join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
            Self(root)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            drop(fs::remove_dir_all(&self.0));
        }
    }

    #[test]
    fn tests_and_generated_files_count_nowhere() {
        let folder = Folder::with(
            "count",
            &[
                ("src/lib.rs", "mod a;\n#[cfg(test)]\nmod sample;\n"),
                ("src/a.rs", "fn a() {}\n#[cfg(test)]\nmod tests;\n"),
                ("src/a/tests.rs", "fn t() {}\n"),
                ("src/sample.rs", "fn s() {}\n"),
                ("src/facts.rs", "// @generated\nfn f() {}\n"),
            ],
        );
        assert_eq!(production_lines(&folder.0.join("src")).unwrap(), 2);
    }

    #[test]
    fn a_budget_with_a_star_is_for_each_folder() {
        let folder = Folder::with(
            "star",
            &[("d/one/mod.rs", "fn a() {}\nfn b() {}\n"), ("d/two/mod.rs", "fn c() {}\n")],
        );
        let budgets = vec![Budget { path: "d/*".to_owned(), lines: 1 }];
        let found = breaches(&folder.0, &Sizes { file_lines: 800, budgets }).unwrap();
        assert_eq!(found, ["d/one has 2 production lines; its budget is 1"]);
    }

    #[test]
    fn long_files_are_named_unless_generated() {
        let long = "\n".repeat(12);
        let made = format!("// @generated\n{long}");
        let folder = Folder::with(
            "long",
            &[("crates/x/src/a.rs", long.as_str()), ("crates/x/src/b.rs", made.as_str())],
        );
        let found = breaches(&folder.0, &Sizes { file_lines: 10, budgets: vec![] }).unwrap();
        assert_eq!(found, ["crates/x/src/a.rs has 12 lines; a file has 10 at most: divide it by ideas"]);
    }
}
