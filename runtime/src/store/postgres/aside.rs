//! Appends whose streams another transaction has locked. They wait beside the group commit, each stream in a line of
//! its own, so that a locked stream costs its own callers alone.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use metrics::counter;
use tokio::task::JoinSet;

use super::committer::write;
use super::core::Core;
use super::queue::Job;
use super::writer::Writer;
use crate::store::StoreError;
use crate::stream::StreamName;

/// The lines. As many appends and bytes may wait here as in the queue.
pub(super) struct Aside {
    core: Arc<Core>,
    lines: Arc<Mutex<Lines>>,
    tasks: JoinSet<()>,
}

#[derive(Default)]
struct Lines {
    of_streams: HashMap<StreamName, u64>,
    lines: HashMap<u64, VecDeque<Job>>,
    last: u64,
    jobs: usize,
    bytes: usize,
}

impl Aside {
    pub(super) fn new(core: Arc<Core>) -> Self {
        Self { core, lines: Arc::default(), tasks: JoinSet::new() }
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        lock(&self.lines)
    }

    /// Puts the jobs aside whose streams have a line, behind what waits there. Gives the others back.
    pub(super) fn take(&mut self, jobs: Vec<Job>) -> Vec<Job> {
        while self.tasks.try_join_next().is_some() {}
        if self.lines().lines.is_empty() {
            return jobs;
        }
        let (waits, free): (Vec<Job>, Vec<Job>) = {
            let lines = self.lines();
            jobs.into_iter().partition(|job| lines.line_of(job).is_some())
        };
        waits.into_iter().for_each(|job| self.add(job));
        free
    }

    /// Puts a job aside that is blocked.
    pub(super) fn add(&mut self, job: Job) {
        counter!("kenning_append_blocked_total").increment(1);
        let options = &self.core.options;
        let mut lines = self.lines();
        let bytes = job.append.bytes();
        if lines.jobs >= options.queue_appends || lines.jobs > 0 && lines.bytes + bytes > options.queue_bytes
        {
            drop(lines);
            job.answer(Err(StoreError::Overloaded.into()));
            return;
        }
        lines.jobs += 1;
        lines.bytes += bytes;
        let known = lines.line_of(&job);
        let line = known.unwrap_or_else(|| {
            lines.last += 1;
            lines.last
        });
        for target in &job.append.streams {
            lines.of_streams.entry(target.stream.clone()).or_insert(line);
        }
        lines.lines.entry(line).or_default().push_back(job);
        drop(lines);
        if known.is_none() {
            self.tasks.spawn(work(Arc::clone(&self.core), Arc::clone(&self.lines), line));
        }
    }

    /// Waits until every line is empty.
    pub(super) async fn drained(&mut self) {
        while self.tasks.join_next().await.is_some() {}
    }
}

impl Lines {
    fn line_of(&self, job: &Job) -> Option<u64> {
        job.append.streams.iter().find_map(|target| self.of_streams.get(&target.stream).copied())
    }

    /// The next job of a line, which ends when there is none.
    fn next(&mut self, line: u64) -> Option<Job> {
        if let Some(job) = self.lines.get_mut(&line).and_then(VecDeque::pop_front) {
            return Some(job);
        }
        self.lines.remove(&line);
        self.of_streams.retain(|_, of| *of != line);
        None
    }
}

fn lock(lines: &Mutex<Lines>) -> MutexGuard<'_, Lines> {
    lines.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn work(core: Arc<Core>, lines: Arc<Mutex<Lines>>, line: u64) {
    // The semaphore is never closed; were it, the appends would only go on sooner.
    let _permit = core.blocked.acquire().await;
    let mut writer = Writer::patient(Arc::clone(&core));
    loop {
        let next = lock(&lines).next(line);
        let Some(job) = next else { return };
        let bytes = job.append.bytes();
        for job in write(&core, &mut writer, vec![job]).await {
            job.answer(Err(
                StoreError::Contention("the stream is locked by another transaction".into()).into()
            ));
        }
        let mut lines = lock(&lines);
        lines.jobs -= 1;
        lines.bytes -= bytes;
    }
}
