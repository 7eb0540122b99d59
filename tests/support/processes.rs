//! Processes of our own programs, which say `ready` and stop when their standard input ends.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// A guard against hanging, never a measure.
const HANG: Duration = Duration::from_secs(180);

/// Processes of one program.
pub(crate) struct Processes {
    program: &'static str,
    arguments: Vec<String>,
    pub(crate) running: Vec<Child>,
}

impl Processes {
    /// None yet.
    pub(crate) fn new(program: &'static str, arguments: Vec<String>) -> Self {
        Self { program, arguments, running: Vec::new() }
    }

    /// Starts one more, and waits until it runs.
    pub(crate) async fn start(&mut self) {
        let mut child = Command::new(self.program)
            .args(&self.arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the program starts");
        let output = child.stdout.take().expect("it is piped");
        let mut lines = BufReader::new(output).lines();
        let ready =
            tokio::time::timeout(HANG, lines.next_line()).await.expect("it gets ready").expect("it says so");
        assert_eq!(ready.as_deref(), Some("ready"));
        self.running.push(child);
    }

    /// SIGKILL, in the middle of whatever it is doing.
    pub(crate) async fn kill(&mut self, nth: usize) {
        let mut victim = self.running.remove(nth);
        assert_eq!(victim.try_wait().expect("a child can be asked"), None, "a process ended by itself");
        victim.kill().await.expect("a child can be killed");
    }

    /// `-STOP` or `-CONT`.
    pub(crate) async fn signal(&self, nth: usize, signal: &str) {
        let pid = self.running[nth].id().expect("it is running").to_string();
        let sent = Command::new("kill").args([signal, &pid]).status().await.expect("kill can be run");
        assert!(sent.success(), "{pid} could not be sent {signal}");
    }

    /// Lets all finish what they are doing.
    pub(crate) async fn stop(&mut self) {
        for child in &mut self.running {
            drop(child.stdin.take());
        }
        for mut child in self.running.drain(..) {
            let status = tokio::time::timeout(HANG, child.wait()).await.expect("it ends");
            let status = status.expect("a child can be waited for");
            assert!(status.success(), "a process failed: {status}");
        }
    }
}
