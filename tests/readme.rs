//! The table of `README.md` names tests that exist.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const README: &str = include_str!("README.md");

/// Adds the names of all functions in the Rust files of a folder.
fn functions(folder: &Path, names: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            functions(&path, names);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let after = text.split("fn ").skip(1);
            names.extend(after.map(|rest| {
                rest.chars()
                    .take_while(|letter| letter.is_alphanumeric() || *letter == '_')
                    .collect::<String>()
            }));
        }
    }
}

fn named() -> Vec<&'static str> {
    let quoted = README.split('`').skip(1).step_by(2);
    quoted
        .filter(|text| (text.starts_with("trap_") || text.starts_with('p')) && text.matches('_').count() > 2)
        .collect()
}

#[test]
fn every_test_that_the_table_names_exists() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut names = BTreeSet::new();
    functions(here, &mut names);
    functions(&here.join("../runtime/src"), &mut names);
    let missing: Vec<_> = named().into_iter().filter(|name| !names.contains(*name)).collect();
    assert_eq!(missing, Vec::<&str>::new(), "named in tests/README.md, found in no file");
}

#[test]
fn every_defect_has_a_row_with_a_test() {
    for number in 1..=41 {
        let row = README.lines().find(|line| line.starts_with(&format!("| {number} |"))).unwrap_or_default();
        assert!(named().iter().any(|name| row.contains(name)), "no test answers {number}");
    }
}
