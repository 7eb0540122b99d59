//! The test that guards the lock file.

use std::env::{self, VarError};
use std::fmt::{self, Write as _};
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use similar::TextDiff;

use super::{Change, InvalidLock, Lock};
use crate::catalog::{Catalog, Contradiction};

/// Compares what the catalog stores with a committed `kenning.lock`, so that an event once stored can be read for ever, and an instance of a saga that is in flight goes on.
///
/// A relative path starts at the package of the test, where cargo runs it.
///
/// ```no_run
/// # fn of<Order: kenning::Aggregate>() {
/// kenning::testing::assert_lock("kenning.lock", &kenning::Catalog::new().aggregate::<Order>());
/// # }
/// ```
///
/// | the code against the file | on a developer's machine | with `CI` set | with `KENNING_LOCK=accept` |
/// |--|--|--|--|
/// | nothing has changed | passes | passes | passes |
/// | compatible changes: all that is stored is still read, whole | passes and writes the file, to be committed | fails, shows them | passes and writes the file |
/// | a breaking change | fails, names each with its remedy | fails likewise | passes and writes the file |
/// | there is no file | passes and writes it, to be committed | fails | passes and writes it |
/// | the file is no lock file, or was changed by hand | fails with the line | fails likewise | passes and writes the file |
///
/// `CI` counts as set unless it is empty, `0` or `false`. `KENNING_LOCK=accept` takes what the code says as the truth: right after a structure
/// was changed that no event is stored in yet, and never to silence a change of one that is.
///
/// # Panics
/// As the table says; also when the catalog contradicts itself or the file cannot be read or written.
#[track_caller]
#[expect(clippy::panic, reason = "an assertion of a test fails by a panic")]
pub fn assert_lock(path: impl AsRef<Path>, catalog: &Catalog) {
    let outcome = Mode::from_env().and_then(|mode| check(path.as_ref(), catalog, mode));
    match outcome {
        Ok(Outcome::Unchanged) => {}
        Ok(written) => eprintln!("{}: {written}; commit it", path.as_ref().display()),
        Err(failure) => panic!("{failure}"),
    }
}

/// What the environment asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// Compatible changes are written.
    Update,
    /// Nothing is written.
    Ci,
    /// Everything is written.
    Accept,
}

/// How a check that passes ends.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Unchanged,
    Created,
    Updated(Vec<Change>),
    Accepted,
}

/// How a check fails. Its text is what a person reads in the output of a test.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("KENNING_LOCK is `{0}`; it may be `accept`, or not be set")]
    Environment(String),
    #[error("the catalog contradicts itself\n{}", list(.0))]
    Contradictions(Vec<Contradiction>),
    #[error("{} is not there\n  help: run `KENNING_LOCK=accept cargo test` and commit the file", .0.display())]
    Missing(PathBuf),
    #[error("{}, {reason}\n  help: take the file of the last release, or run `KENNING_LOCK=accept cargo test` and look at the difference", path.display())]
    Invalid { path: PathBuf, reason: InvalidLock },
    #[error("{}: what is stored does not fit the code any more\n{}", path.display(), report(changes))]
    Breaking { path: PathBuf, changes: Vec<Change> },
    #[error(
        "{} is out of date; the changes are compatible\n{}\n  help: run `KENNING_LOCK=accept cargo test` and commit the file\n\n{difference}",
        path.display(), report(changes)
    )]
    Outdated { path: PathBuf, changes: Vec<Change>, difference: String },
    #[error("{} cannot be {action}: {source}", path.display())]
    Io { path: PathBuf, action: &'static str, source: io::Error },
}

impl Mode {
    fn from_env() -> Result<Self, Failure> {
        match env::var("KENNING_LOCK") {
            Ok(value) if value == "accept" => Ok(Self::Accept),
            Ok(value) if !value.is_empty() => Err(Failure::Environment(value)),
            Err(VarError::NotUnicode(value)) => Err(Failure::Environment(value.display().to_string())),
            Ok(_) | Err(VarError::NotPresent) => {
                let ci = env::var_os("CI").is_some_and(|ci| !ci.is_empty() && ci != "0" && ci != "false");
                Ok(if ci { Self::Ci } else { Self::Update })
            }
        }
    }
}

fn check(path: &Path, catalog: &Catalog, mode: Mode) -> Result<Outcome, Failure> {
    if !catalog.contradictions().is_empty() {
        return Err(Failure::Contradictions(catalog.contradictions().to_vec()));
    }
    let now = Lock::of(catalog);
    let text = now.render();
    let committed = read(path)?;
    match (committed, mode) {
        (Some(committed), Mode::Accept) if committed == text => Ok(Outcome::Unchanged),
        (_, Mode::Accept) => write(path, &text).map(|()| Outcome::Accepted),
        (None, Mode::Update) => write(path, &text).map(|()| Outcome::Created),
        (None, Mode::Ci) => Err(Failure::Missing(path.to_owned())),
        (Some(committed), mode) => {
            let locked = Lock::parse(&committed)
                .map_err(|reason| Failure::Invalid { path: path.to_owned(), reason })?;
            let changes = locked.compare(&now);
            if changes.iter().any(Change::is_breaking) {
                Err(Failure::Breaking { path: path.to_owned(), changes })
            } else if changes.is_empty() {
                Ok(Outcome::Unchanged)
            } else if mode == Mode::Ci {
                let difference = difference(&committed, &text);
                Err(Failure::Outdated { path: path.to_owned(), changes, difference })
            } else {
                write(path, &text).map(|()| Outcome::Updated(changes))
            }
        }
    }
}

fn read(path: &Path) -> Result<Option<String>, Failure> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Failure::Io { path: path.to_owned(), action: "read", source }),
    }
}

/// Writes beside the file and puts it in its place, so that a test that runs at the same time never reads half of it.
fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}", uuid::Uuid::now_v7()));
    fs::write(&beside, text).and_then(|()| fs::rename(&beside, path)).map_err(|source| Failure::Io {
        path: path.to_owned(),
        action: "written",
        source,
    })
}

fn difference(committed: &str, text: &str) -> String {
    TextDiff::from_lines(committed, text).unified_diff().header("committed", "the code").to_string()
}

fn list(items: &[impl fmt::Display]) -> String {
    items.iter().map(|item| format!("  - {item}")).collect::<Vec<_>>().join("\n")
}

/// Each change, breaking ones with what to do.
fn report(changes: &[Change]) -> String {
    let mut text = String::new();
    for change in changes {
        let mark = if change.is_breaking() { "breaking" } else { "compatible" };
        // Writing to a `String` cannot fail.
        write!(text, "  - {mark}: {change}").unwrap_or_default();
        if let Some(remedy) = change.remedy() {
            write!(text, "\n    help: {remedy}").unwrap_or_default();
        }
        text.push('\n');
    }
    if changes.iter().any(Change::is_breaking) {
        text.push_str(
            "  Nothing of this is stored yet? Then `KENNING_LOCK=accept cargo test` writes the file anew.",
        );
    }
    text
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unchanged => f.write_str("unchanged"),
            Self::Created => f.write_str("written for the first time"),
            Self::Updated(changes) => write!(f, "updated by compatible changes\n{}", report(changes)),
            Self::Accepted => f.write_str("written as the code is, unchecked"),
        }
    }
}
