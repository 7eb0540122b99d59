//! What must not compile, and what the compiler says then: one mistake a file, named after the mistake.
//!
//! `TRYBUILD=overwrite cargo test -p kenning-ui-tests` writes the texts anew; read each as its victim would before it is committed. The texts are those of
//! the toolchain that `rust-toolchain.toml` pins.

#![allow(clippy::unwrap_used, reason = "a test says by panicking what was not as it had to be")]

use std::fs;
use std::path::{Path, PathBuf};

const TOPICS: [&str; 11] = [
    "event",
    "event_set",
    "aggregate",
    "command",
    "read_model",
    "projection",
    "query",
    "saga",
    "reactor",
    "attribute",
    "forgotten",
];

/// Promise P8: every mistake is a compile error under the user's tokens.
#[test]
fn p8_mistakes_are_compile_errors() {
    let cases = trybuild::TestCases::new();
    for topic in TOPICS {
        cases.compile_fail(format!("{topic}/*.rs"));
    }
}

/// No text shows a generated name or blames an attribute for what stands elsewhere.
#[test]
fn p8_messages_speak_of_the_users_code() {
    let texts: Vec<_> = TOPICS.iter().flat_map(|topic| texts(Path::new(topic))).collect();
    assert!(texts.len() >= 45, "only {} cases have a text", texts.len());
    for path in texts {
        let text = fs::read_to_string(&path).unwrap();
        for foreign in ["__private", "this error originates in", "__kenning"] {
            assert!(!text.contains(foreign), "{} says `{foreign}`:\n{text}", path.display());
        }
    }
}

/// Every case has its text, every text its case.
#[test]
fn p8_every_case_has_its_text() {
    for topic in TOPICS {
        for entry in fs::read_dir(topic).unwrap() {
            let path = entry.unwrap().path();
            for twin in ["rs", "stderr"] {
                assert!(path.with_extension(twin).exists(), "{} lacks its .{twin}", path.display());
            }
        }
    }
}

fn texts(folder: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.filter(|path| path.extension().is_some_and(|extension| extension == "stderr")).collect()
}
