//! Group commit: what arrived while the last transaction was committing is written by the next one.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt as _;
use metrics::{counter, histogram};
use tracing::Instrument as _;

use super::aside::Aside;
use super::core::{Core, pause};
use super::queue::{Job, Queue};
use super::writer::{Answer, Write, Writer};
use crate::store::Append;

/// Commits until the queue is closed and empty. A panic is logged and the work goes on; whoever waited for what was lost with it is told that it is not known.
pub(super) async fn supervise(core: Arc<Core>, queue: Arc<Queue>) {
    let mut attempt = 0;
    while let Err(panic) = tokio::spawn(run(Arc::clone(&core), Arc::clone(&queue))).await {
        failed();
        tracing::error!(task = "appender", attempt, error = %panic, "panicked, begins again");
        tokio::time::sleep(pause(attempt)).await;
        attempt = attempt.saturating_add(1);
    }
    queue.finish();
}

fn failed() {
    counter!("kenning_task_failures_total", "task" => "appender").increment(1);
}

/// One transaction is in flight at a time. Appends that wait for another transaction's lock are put aside.
async fn run(core: Arc<Core>, queue: Arc<Queue>) {
    let mut writer = Writer::impatient(Arc::clone(&core));
    let mut aside = Aside::new(Arc::clone(&core));
    while let Some(jobs) = queue.next().await {
        let jobs = aside.take(jobs);
        if jobs.is_empty() {
            continue;
        }
        if let Some(first) = jobs.first() {
            histogram!("kenning_append_queue_seconds").record(first.queued.elapsed().as_secs_f64());
        }
        histogram!("kenning_append_batch_size").record(jobs.len() as f64);
        let span = tracing::debug_span!("kenning.append", appends = jobs.len());
        for job in write(&core, &mut writer, jobs).instrument(span).await {
            aside.add(job);
        }
    }
    aside.drained().await;
}

/// Answers the jobs, and gives back those that are blocked. A panic ends neither the task nor the callers' waiting.
pub(super) async fn write(core: &Core, writer: &mut Writer, jobs: Vec<Job>) -> Vec<Job> {
    let writes: Vec<Write<'_>> =
        jobs.iter().map(|job| Write { append: &job.append, timeline: job.timeline }).collect();
    let answers = match AssertUnwindSafe(writer.append(&writes)).catch_unwind().await {
        Ok(answers) => answers,
        Err(_) => {
            failed();
            tracing::error!(task = "appender", "panicked: finding out what became of its appends");
            let appends: Vec<&Append> = jobs.iter().map(|job| &job.append).collect();
            writer.recover(&appends).await.into_iter().map(Some).collect()
        }
    };
    if answers.iter().any(wrote) {
        core.wake();
    }
    let mut blocked = Vec::new();
    for (job, answer) in jobs.into_iter().zip(answers) {
        match answer {
            Some(answer) => job.answer(answer),
            None => blocked.push(job),
        }
    }
    blocked
}

fn wrote(answer: &Option<Answer>) -> bool {
    matches!(answer, Some(Ok(appended)) if appended.streams.iter().any(|stream| !stream.positions.is_empty()))
}
