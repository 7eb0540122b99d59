//! A process that may be killed, or stopped and continued.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Instant;

use crate::server::command;

pub(super) struct Victim {
    pub(super) name: &'static str,
    /// Where it says what it cannot do.
    complaints: PathBuf,
    state: State,
}

enum State {
    Dead,
    Runs(Child),
    Stopped(Child, Instant),
}

impl Victim {
    pub(super) fn new(name: &'static str, folder: &Path) -> Self {
        Self { name, complaints: folder.join(name), state: State::Dead }
    }

    pub(super) fn start(&mut self, args: &[&str]) {
        let complaints = File::create(&self.complaints).unwrap();
        let child = command(args).stdout(Stdio::null()).stderr(complaints).spawn().unwrap();
        self.state = State::Runs(child);
    }

    pub(super) fn is_dead(&self) -> bool {
        matches!(self.state, State::Dead)
    }

    pub(super) fn runs(&self) -> bool {
        matches!(self.state, State::Runs(_))
    }

    /// How it has ended by itself, if it has, and what it has said.
    pub(super) fn ended(&mut self) -> Option<(ExitStatus, String)> {
        let State::Runs(child) = &mut self.state else { return None };
        let status = child.try_wait().unwrap()?;
        self.state = State::Dead;
        Some((status, std::fs::read_to_string(&self.complaints).unwrap()))
    }

    /// SIGKILL, in the middle of whatever it is doing.
    pub(super) fn kill(&mut self) {
        if let State::Runs(mut child) | State::Stopped(mut child, _) =
            std::mem::replace(&mut self.state, State::Dead)
        {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// SIGSTOP, until then.
    pub(super) fn stop(&mut self, until: Instant) {
        match std::mem::replace(&mut self.state, State::Dead) {
            State::Runs(child) => {
                signal("-STOP", &child);
                self.state = State::Stopped(child, until);
            }
            other => self.state = other,
        }
    }

    /// SIGCONT, when its time has come.
    pub(super) fn go_on(&mut self, now: Instant) {
        match std::mem::replace(&mut self.state, State::Dead) {
            State::Stopped(child, until) if until <= now => {
                signal("-CONT", &child);
                self.state = State::Runs(child);
            }
            other => self.state = other,
        }
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        self.kill();
    }
}

fn signal(signal: &str, child: &Child) {
    // One that has ended by itself a moment ago is still there to be signalled: nobody has waited for it.
    let sent = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}
