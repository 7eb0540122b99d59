//! Runs the program and reads what it says.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::NamedTempFile;

pub(crate) const HEADER: &str = "order_id,customer_id,placed_at,product_id,quantity,amount";

/// The program, with its file and further arguments; nothing of the environment changes what it does.
pub(crate) fn orders(file: &NamedTempFile, args: &[&str]) -> Run {
    Run::of(command(args).arg("--file").arg(file.path()).output())
}

pub(crate) fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_orders"));
    command.args(args).stdin(Stdio::null());
    command
}

/// A file of these lines under a sound header.
pub(crate) fn file(lines: &[impl AsRef<str>]) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    writeln!(file, "{HEADER}").unwrap();
    for line in lines {
        writeln!(file, "{}", line.as_ref()).unwrap();
    }
    file
}

/// What a run has left behind.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    pub(crate) fn of(output: std::io::Result<Output>) -> Self {
        let Output { status, stdout, stderr } = output.unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: status.code(), stdout: text(stdout), stderr: text(stderr) }
    }

    /// The one object on stdout, of which the time is checked and taken out.
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.stdout.lines().count(), 1, "one object, nothing else: {self:?}");
        let mut object: Value = serde_json::from_str(&self.stdout).unwrap();
        let seconds = object.as_object_mut().unwrap().remove("seconds").unwrap();
        assert!(seconds.as_f64().is_some_and(|seconds| seconds >= 0.0), "{seconds} is a number of seconds");
        object
    }
}
