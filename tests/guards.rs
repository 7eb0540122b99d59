//! The table of guards fits the code: each old text is found once, each test exists.
//!
//! `tests/guards/run` removes the guards and sees their tests fail. That takes too long for each
//! run of the tests.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// An entry of the table. `tests/guards/run` reads the same format.
#[derive(Debug, Default)]
struct Guard {
    name: String,
    /// File, old text, new text.
    changes: Vec<(String, String, String)>,
    /// The guards that are removed together with this one.
    others: Vec<String>,
    tests: Vec<String>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The entries of one file of the table.
fn parse(table: &str) -> Vec<Guard> {
    let (mut guards, mut file) = (Vec::<Guard>::new(), String::new());
    let (mut old, mut new) = (Vec::new(), Vec::new());
    for line in table.lines().chain([""]) {
        // A change ends where the next one begins.
        if !new.is_empty() && !line.starts_with('+') || !old.is_empty() && !line.starts_with(['-', '+']) {
            let change = (file.clone(), old.join("\n"), new.join("\n"));
            guards.last_mut().expect("a guard comes first").changes.push(change);
            (old, new) = (Vec::new(), Vec::new());
        }
        if let Some(text) = line.strip_prefix('-') {
            old.push(text);
            continue;
        }
        if let Some(text) = line.strip_prefix('+') {
            new.push(text);
            continue;
        }
        match line.split_once(' ').unwrap_or((line, "")) {
            ("guard", rest) => {
                let (name, about) = rest.split_once(": ").unwrap_or_else(|| panic!("`{line}` says nothing"));
                assert!(!about.is_empty(), "`{line}` says nothing");
                guards.push(Guard { name: name.to_owned(), ..Guard::default() });
            }
            ("file", rest) => rest.clone_into(&mut file),
            (word @ ("with" | "test"), rest) => {
                let guard = guards.last_mut().expect("a guard comes first");
                match (word, rest.contains(STORES)) {
                    ("with", _) => guard.others.push(rest.to_owned()),
                    (_, true) => {
                        guard.tests.extend(["memory", "postgres"].map(|store| rest.replace(STORES, store)));
                    }
                    (_, false) => guard.tests.push(rest.to_owned()),
                }
            }
            _ => assert!(line.is_empty() || line.starts_with('#'), "`{line}` is nothing of a table"),
        }
    }
    guards
}

/// Stands for a test on each store.
const STORES: &str = "{memory,postgres}";

fn table() -> Vec<Guard> {
    let files = fs::read_dir(root().join("tests/guards")).unwrap().map(|entry| entry.unwrap().path());
    let tables = files.filter(|path| path.extension().is_some_and(|extension| extension == "txt"));
    tables.flat_map(|path| parse(&fs::read_to_string(path).unwrap())).collect()
}

/// The tests of this program.
fn own_tests() -> BTreeSet<String> {
    let listed = Command::new(std::env::current_exe().unwrap()).args(["--list", "--format=terse"]).output();
    let listed = String::from_utf8(listed.unwrap().stdout).unwrap();
    listed.lines().filter_map(|line| Some(line.strip_suffix(": test")?.to_owned())).collect()
}

/// Whether a test of the library exists. Its source has to show it: its file, or the one around it,
/// has the name.
fn is_in_library(test: &str) -> bool {
    let mut path: Vec<&str> = test.split("::").collect();
    let name = path.pop().unwrap();
    while !path.is_empty() {
        let file = root().join("runtime/src").join(path.join("/")).with_extension("rs");
        if let Ok(text) = fs::read_to_string(file) {
            return text.contains(&format!("fn {name}("));
        }
        path.pop();
    }
    false
}

#[test]
fn every_guard_is_found_once_and_its_tests_exist() {
    let (guards, own) = (table(), own_tests());
    let mut problems = Vec::new();
    let mut names = BTreeSet::new();
    for guard in &guards {
        let mut problem = |what: String| problems.push(format!("{}: {what}", guard.name));
        if !names.insert(&guard.name) {
            problem("another guard has this name".to_owned());
        }
        if guard.changes.is_empty() && guard.others.is_empty() || guard.tests.is_empty() {
            problem("it needs a change and a test".to_owned());
        }
        for (file, old, new) in &guard.changes {
            let text = fs::read_to_string(root().join(file)).unwrap_or_default();
            match text.matches(old.as_str()).count() {
                1 => {}
                count => problem(format!("its old text is found {count} times in {file}:\n{old}")),
            }
            if old == new || new.is_empty() {
                problem(format!("its new text changes nothing in {file}"));
            }
        }
        for other in guard.others.iter().filter(|other| !guards.iter().any(|one| one.name == **other)) {
            problem(format!("there is no guard `{other}`"));
        }
        for test in &guard.tests {
            let exists = match test.strip_prefix("kenning::") {
                Some(test) => is_in_library(test),
                None => own.contains(test),
            };
            if !exists {
                problem(format!("there is no test `{test}`"));
            }
        }
    }
    assert!(guards.len() >= 80, "the table is not read whole: {} guards", guards.len());
    assert!(
        problems.is_empty(),
        "correct tests/guards/*.txt, then run `tests/guards/run NAME`:\n{}",
        problems.join("\n")
    );
}

#[test]
fn a_table_is_read_as_it_is_written() {
    let guards = parse(
        "# a comment\n\nguard a.b: what it holds\nfile x.rs\n-one\n-two\n+new\n-three\n+\nwith c\n\
         test it::{memory,postgres}::works\ntest kenning::other\n",
    );
    let [guard] = guards.as_slice() else { panic!("{guards:?}") };
    let change = |old: &str, new: &str| ("x.rs".to_owned(), old.to_owned(), new.to_owned());
    assert_eq!((guard.name.as_str(), &guard.others), ("a.b", &vec!["c".to_owned()]));
    assert_eq!(guard.changes, [change("one\ntwo", "new"), change("three", "")]);
    assert_eq!(guard.tests, ["it::memory::works", "it::postgres::works", "kenning::other"]);
}

/// Calls `each` with every Rust file of the tests and of the library.
fn sources(mut each: impl FnMut(&Path, &str)) {
    let mut folders = vec![root().join("tests"), root().join("runtime/src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                each(&path, &fs::read_to_string(&path).unwrap());
            }
        }
    }
}

/// What the comment at a test says before the names of its guards.
const COMMENT: &str = concat!("Fails ", "without `");

/// As in "Fails without one, two or three: see tests/guards."
#[test]
fn every_comment_names_the_guards_of_its_test() {
    let guards = table();
    let (mut comments, mut problems) = (0, Vec::new());
    sources(|path, text| {
        // Comments are wrapped.
        let lines = text.lines().map(|line| line.trim().trim_start_matches("///").trim_start());
        let text = lines.collect::<Vec<_>>().join(" ");
        for rest in text.split(COMMENT).skip(1) {
            let (comment, after) = rest.split_once("fn ").unwrap_or_default();
            let test = after.split(['(', '<']).next().unwrap_or_default();
            // The quotes around the first name and the last are part of what was split at.
            let Some((names, _)) = comment.split_once("`: see tests/guards") else { continue };
            for name in names.split('`').step_by(2) {
                let is_of_test = |guard: &Guard| {
                    guard.name == name && guard.tests.iter().any(|one| one.rsplit("::").next() == Some(test))
                };
                if !guards.iter().any(is_of_test) {
                    problems.push(format!("{}: `{name}` does not list `{test}`", path.display()));
                }
            }
            comments += 1;
        }
    });
    assert!(comments >= 50, "the comments are not found: {comments}");
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
