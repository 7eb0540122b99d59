//! CPU time of this process and of the database's. Unlike throughput it hardly changes when others use the machine too.

use std::time::Duration;

/// CPU time used so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cpu {
    pub(crate) client: Option<Duration>,
    pub(crate) server: Option<Duration>,
}

impl Cpu {
    /// What this process, and the processes of the server that `tests/bench/run` has started, have used. `None` where `/proc` does not tell.
    pub(crate) fn now() -> Self {
        Self { client: ticks(11..13), server: server() }
    }

    /// What has been used since then.
    pub(crate) fn since(&self, before: &Self) -> Self {
        let minus = |now: Option<Duration>, then: Option<Duration>| Some(now?.saturating_sub(then?));
        Self { client: minus(self.client, before.client), server: minus(self.server, before.server) }
    }
}

/// CPU time of the processes that this one has started and seen end, with whatever these have started.
pub(crate) fn children() -> Option<Duration> {
    ticks(13..15)
}

/// CPU time of the whole machine, idle time left out.
pub(crate) fn of_machine() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/stat").ok()?;
    let times: Vec<u64> =
        text.lines().next()?.split_whitespace().skip(1).filter_map(|ticks| ticks.parse().ok()).collect();
    // user, nice, system, idle, iowait, irq, softirq
    let busy =
        times.iter().take(7).enumerate().filter(|(at, _)| *at != 3 && *at != 4).map(|(_, ticks)| ticks);
    Some(Duration::from_millis(busy.sum::<u64>() * 10))
}

/// CPU time of another process.
pub(crate) fn of(pid: u32) -> Option<Duration> {
    ticks_in(&format!("/proc/{pid}/stat"), 11..13)
}

/// Adds up some of the times that `/proc` has of this process, which are in hundredths of a second.
fn ticks(fields: std::ops::Range<usize>) -> Option<Duration> {
    ticks_in("/proc/self/stat", fields)
}

fn ticks_in(path: &str, fields: std::ops::Range<usize>) -> Option<Duration> {
    let text = std::fs::read_to_string(path).ok()?;
    // The name of the program stands in parentheses and may have blanks: counting starts behind it.
    let times: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: u64 =
        times.get(fields)?.iter().map(|ticks| ticks.parse::<u64>()).sum::<Result<_, _>>().ok()?;
    Some(Duration::from_millis(ticks * 10))
}

/// The server's processes have one thread each, whose time the scheduler keeps in nanoseconds. Of a connection that was closed meanwhile nothing
/// is left, so sides keep theirs open.
fn server() -> Option<Duration> {
    let postmaster = std::env::var("KENNING_BENCH_POSTMASTER").ok()?;
    let children = format!("/proc/{postmaster}/task/{postmaster}/children");
    let nanos = std::fs::read_to_string(children)
        .ok()?
        .split_whitespace()
        .filter_map(|pid| std::fs::read_to_string(format!("/proc/{pid}/schedstat")).ok())
        .filter_map(|text| text.split_whitespace().next()?.parse::<u64>().ok())
        .sum();
    Some(Duration::from_nanos(nanos))
}
