//! The primary dies under a storm of requests with a history, the standby takes its place, and the
//! storm goes on.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use kenning_tests::failover::{Answer, Line, read_history};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use super::checker::settled;
use super::history::{Lost, check_answers, check_sagas};
use super::pair::{Pair, Replication};
use super::prepare;
use crate::adversary::postgres::{session, stored};
use crate::adversary::{in_time, until};

const TALLIES: u32 = 12;

/// Each half of the storm: 2 s, or a tenth of `KENNING_STORM_SECONDS`.
fn half() -> Duration {
    let seconds = std::env::var("KENNING_STORM_SECONDS").ok().and_then(|seconds| seconds.parse::<u64>().ok());
    Duration::from_millis(seconds.map_or(2_000, |seconds| (seconds * 100).max(2_000)))
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is right");
    u64::try_from(since.as_millis()).expect("the clock is right")
}

/// The processes of a storm.
struct Workers {
    folder: tempfile::TempDir,
    running: Vec<(Child, Lines<BufReader<ChildStdout>>)>,
}

impl Workers {
    fn history(&self, nth: usize) -> PathBuf {
        self.folder.path().join(format!("history-{nth}"))
    }

    async fn start(url: &str, processes: usize) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let mut workers = Self { folder, running: Vec::new() };
        for nth in 0..processes {
            let mut child = Command::new(env!("CARGO_BIN_EXE_failover_worker"))
                .arg(url)
                .arg(workers.history(nth))
                .args([nth.to_string(), "4".to_owned(), TALLIES.to_string()])
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .kill_on_drop(true)
                .spawn()
                .expect("the worker starts");
            let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
            let ready = in_time("a worker", lines.next_line()).await.expect("it can be read");
            assert_eq!(ready.as_deref(), Some("ready"));
            workers.running.push((child, lines));
        }
        workers
    }

    /// No further requests; the consumers go on.
    async fn calm(&mut self) {
        for (child, _) in &mut self.running {
            let input = child.stdin.as_mut().expect("it is piped");
            input.write_all(b"calm\n").await.expect("a worker runs");
        }
        for (_, lines) in &mut self.running {
            let calm = in_time("a worker to be calm", lines.next_line()).await.expect("it can be read");
            assert_eq!(calm.as_deref(), Some("calm"), "a worker failed");
        }
    }

    async fn stop(&mut self) {
        for (child, _) in &mut self.running {
            drop(child.stdin.take());
        }
        for (mut child, _) in self.running.drain(..) {
            let status = in_time("a worker to end", child.wait()).await.expect("it can be waited for");
            assert!(status.success(), "a worker failed: {status}");
        }
    }

    fn lines(&self, processes: usize) -> Vec<Line> {
        (0..processes).flat_map(|nth| read_history(&self.history(nth))).collect()
    }
}

async fn storm(replication: Replication) {
    const PROCESSES: usize = 2;
    let pair = Pair::new(replication).await;
    prepare(&pair.primary.url).await;
    let mut workers = Workers::start(&pair.url(), PROCESSES).await;
    tokio::time::sleep(half()).await;
    // On a busy machine it takes longer until it is a storm.
    until("the storm to rage", async || stored(&pair.primary.url).await.len() > 200).await;
    // The last commits before the end do not reach the standby: they are lost, or they wait.
    pair.part();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let before = stored(&pair.primary.url).await.len();
    pair.fail_over().await;
    let moved = now();
    let kept = stored(&pair.standby.url).await.len();
    tokio::time::sleep(half()).await;
    until("the storm to rage on", async || stored(&pair.standby.url).await.len() > kept + 60).await;
    workers.calm().await;

    let url = &pair.standby.url;
    let mut violations = settled(url).await;
    let mut open = session(url).await;
    let sql = "select not exists (select from kenning.sagas \
               where status not in ('completed', 'compensated', 'parked'))";
    until("the sagas to end", async || {
        sqlx::query_scalar(sql).fetch_one(&mut open).await.expect("an answer")
    })
    .await;
    violations.extend(settled(url).await);
    workers.stop().await;
    let (lines, events) = (workers.lines(PROCESSES), stored(url).await);
    let lost = match replication {
        Replication::Synchronous => Lost::NOTHING,
        Replication::Asynchronous => Lost { until: moved, slack: 10_000 },
    };
    violations.extend(check_answers(&lines, &events, lost));
    violations.extend(check_sagas(url, &lines, &events, lost).await);
    let answered = |wanted: fn(&Answer) -> bool| {
        lines.iter().filter(|line| matches!(line, Line::Answered { answer, .. } if wanted(answer))).count()
    };
    println!(
        "{replication:?}: {} events, {before} before the failover; accepted {}, nothing {}, unknown {}",
        events.len(),
        answered(|answer| matches!(answer, Answer::Accepted(_))),
        answered(|answer| matches!(answer, Answer::Nothing(_))),
        answered(|answer| matches!(answer, Answer::Unknown(_))),
    );
    violations.truncate(12);
    assert_eq!(violations, Vec::<String>::new());
    assert!(before > 100 && events.len() > kept + 50, "{before} and {} events are no storm", events.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p13_no_answer_is_lost_when_a_synchronous_standby_takes_over_in_a_storm() {
    storm(Replication::Synchronous).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p13_nothing_lost_is_used_when_an_asynchronous_standby_takes_over_in_a_storm() {
    storm(Replication::Asynchronous).await;
}
