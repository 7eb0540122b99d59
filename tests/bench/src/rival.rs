//! Other crates, in a process of their own: `tests/bench/rivals`.

use std::process::Stdio;
use std::sync::Arc;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::Mutex;

use crate::Result;
use crate::cpu::Cpu;
use crate::measure::{Sample, Side, Unit};

/// A process that runs workflows of another crate.
pub(crate) struct Rival {
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl Rival {
    /// Starts the process. `tests/bench/run` builds it and says where it is.
    pub(crate) fn start(name: &'static str, url: &str) -> Result<Arc<Mutex<Self>>> {
        let program = std::env::var_os("KENNING_BENCH_RIVALS")
            .ok_or("KENNING_BENCH_RIVALS does not name the program: run tests/bench/run")?;
        let mut child = Command::new(program)
            .arg(name)
            .env("DATABASE_URL", url)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let input = child.stdin.take().ok_or("the input of a rival is missing")?;
        let output = child.stdout.take().ok_or("the output of a rival is missing")?;
        Ok(Arc::new(Mutex::new(Self { child, input, output: BufReader::new(output).lines() })))
    }

    /// A round: `alone COUNT` or `closed CALLERS SECONDS`. See `rivals/src/main.rs`.
    async fn round(&mut self, round: &str) -> Result<(f64, u64)> {
        self.input.write_all(format!("{round}\n").as_bytes()).await?;
        self.input.flush().await?;
        let Some(answer) = self.output.next_line().await? else {
            return Err(format!("a rival has exited: {}", self.child.wait().await?).into());
        };
        let (value, count) = answer.split_once(' ').ok_or("a rival gives another answer")?;
        Ok((value.parse()?, count.parse()?))
    }
}

/// A side that a rival runs; `round` says what for a duration.
pub(crate) fn side(
    name: &'static str,
    rival: Arc<Mutex<Rival>>,
    unit: Unit,
    round: impl Fn(std::time::Duration) -> String + 'static,
) -> Side {
    Side::new(name, move |duration| {
        let (rival, round) = (Arc::clone(&rival), round(duration));
        async move {
            let mut rival = rival.lock().await;
            let pid = rival.child.id().ok_or("a rival has exited")?;
            let (before, of_rival) = (Cpu::now(), crate::cpu::of(pid));
            let (value, count) = rival.round(&round).await?;
            // The client is the rival.
            let used = crate::cpu::of(pid).zip(of_rival).map(|(now, then)| now.saturating_sub(then));
            let sample = match unit {
                Unit::PerSecond => Sample { value, operations: count, client: None, server: None },
                Unit::Milliseconds | Unit::Mebibytes | Unit::Count => Sample::time(value, count),
            };
            Ok(Sample { client: used, ..sample.cpu(&before, &Cpu::now()) })
        }
    })
}
