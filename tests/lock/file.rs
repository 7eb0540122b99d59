//! The file itself: what `assert_lock` reads and writes.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::Command;
use std::{fs, io};

use kenning::Catalog;
use kenning::testing::{Lock, assert_lock};

use super::{Happened, Only, lock_of};

type Narrow = Only<Happened<u8>>;
type Wide = Only<Happened<u64>>;

/// Names the step of the child process.
const STEP: &str = "KENNING_TEST_LOCK_STEP";
/// The file of the child process.
const FILE: &str = "KENNING_TEST_LOCK_FILE";

/// Not a test of its own: `in_a_process` runs it with an environment that no other test sees.
#[test]
fn lock_step() {
    let (Ok(step), Ok(file)) = (std::env::var(STEP), std::env::var(FILE)) else { return };
    match step.as_str() {
        "narrow" => assert_lock(&file, &Catalog::new().events_of::<Narrow>()),
        "wide" => assert_lock(&file, &Catalog::new().events_of::<Wide>()),
        other => panic!("there is no step {other}"),
    }
}

/// What a test that calls `assert_lock` prints, and whether it passes.
fn in_a_process(step: &str, file: &Path, environment: &[(&str, &str)]) -> io::Result<(bool, String)> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["lock::file::lock_step", "--exact", "--nocapture"]);
    command.env_remove("CI").env_remove("KENNING_LOCK").env(STEP, step).env(FILE, file);
    command.envs(environment.iter().copied());
    let output = command.output()?;
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("running 1 test"), "{text}");
    Ok((output.status.success(), text))
}

#[test]
fn p9_the_lock_file_lives_as_documented() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kenning.lock");
    let read = || fs::read_to_string(&file).unwrap();
    let (narrow, wide) = (lock_of::<Happened<u8>>().render(), lock_of::<Happened<u64>>().render());

    let (passed, text) = in_a_process("narrow", &file, &[("CI", "true")]).unwrap();
    assert!(!passed && text.contains("is not there") && text.contains("KENNING_LOCK=accept"), "{text}");
    assert!(!file.exists());

    let (passed, text) = in_a_process("narrow", &file, &[]).unwrap();
    assert!(passed && text.contains("written for the first time; commit it"), "{text}");
    assert_eq!(read(), narrow);

    let (passed, text) = in_a_process("wide", &file, &[("CI", "1")]).unwrap();
    assert!(!passed && text.contains("the changes are compatible") && text.contains("u64"), "{text}");
    assert_eq!(read(), narrow);

    let (passed, text) = in_a_process("wide", &file, &[("CI", "false")]).unwrap();
    assert!(passed && text.contains("updated by compatible changes"), "{text}");
    assert_eq!(read(), wide);

    let (passed, text) = in_a_process("narrow", &file, &[]).unwrap();
    assert!(
        !passed && text.contains("breaking: event thing.happened v1: it was `u64` and is `u8`"),
        "{text}"
    );
    assert!(text.contains("help: make it `u64` again"), "{text}");
    assert_eq!(read(), wide);

    let (passed, text) = in_a_process("narrow", &file, &[("KENNING_LOCK", "write")]).unwrap();
    assert!(!passed && text.contains("it may be `accept`"), "{text}");

    let (passed, text) = in_a_process("narrow", &file, &[("KENNING_LOCK", "accept"), ("CI", "1")]).unwrap();
    assert!(passed && text.contains("written as the code is, unchecked"), "{text}");
    assert_eq!(read(), narrow);

    fs::write(&file, narrow.replace(": u8", ": u64")).unwrap();
    let (passed, text) = in_a_process("narrow", &file, &[]).unwrap();
    assert!(!passed && text.contains("line 5: the fingerprint"), "{text}");
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "nothing is left beside the file: {left:?}");
}

#[test]
fn a_catalog_that_contradicts_itself_is_refused() {
    let catalog = Catalog::new().events_of::<Narrow>().events_of::<Wide>();
    let refused = catch_unwind(AssertUnwindSafe(|| assert_lock("no such file", &catalog))).unwrap_err();
    let message = refused.downcast_ref::<String>().unwrap();
    assert!(message.contains("the catalog contradicts itself"), "{message}");
}

#[test]
fn line_endings_and_comments_change_nothing() {
    let lock = lock_of::<Happened<Vec<Option<u8>>>>();
    let text = lock.render();
    assert!(!text.contains('\r') && text.ends_with('\n'));
    let edited = format!("# reviewed\n{}\n\n", text.replace('\n', "\r\n"));
    assert_eq!(Lock::parse(&edited), Ok(lock));
}
