//! Group commit: one task writes whatever queued up while it was writing before, by one statement.

use sqlx::PgPool;
use tokio::sync::{mpsc, oneshot};

use super::event::Draft;
use super::plain::insert;
use crate::Result;

/// A command's events on their way to the committer. A stream is in a batch at most once: whoever appends holds the stream until the answer.
struct Request {
    stream: String,
    version: i64,
    drafts: Vec<Draft>,
    answer: oneshot::Sender<Result<()>>,
}

pub(crate) struct Committer {
    requests: mpsc::Sender<Request>,
}

impl Committer {
    pub(crate) fn spawn(pool: PgPool) -> Self {
        let (requests, mut queue) = mpsc::channel(4_096);
        tokio::spawn(async move {
            let mut batch = Vec::new();
            while queue.recv_many(&mut batch, 512).await > 0 {
                write(&pool, std::mem::take(&mut batch)).await;
            }
        });
        Self { requests }
    }

    pub(crate) async fn append(&self, stream: String, version: i64, drafts: Vec<Draft>) -> Result<()> {
        let (answer, answered) = oneshot::channel();
        self.requests
            .send(Request { stream, version, drafts, answer })
            .await
            .map_err(|_| "the committer is gone")?;
        answered.await?
    }
}

/// A receiver that is gone has given the command up: nobody is left to be told.
fn tell(answer: oneshot::Sender<Result<()>>, outcome: Result<()>) {
    drop(answer.send(outcome));
}

async fn write(pool: &PgPool, batch: Vec<Request>) {
    if let [_] = batch.as_slice() {
        for Request { stream, version, drafts, answer } in batch {
            tell(answer, insert(pool, &stream, version, &drafts).await);
        }
        return;
    }
    match write_group(pool, &batch).await {
        Ok(accepted) => {
            for (nth, request) in (0_i32..).zip(batch) {
                let written = accepted.binary_search(&nth).is_ok();
                tell(request.answer, if written { Ok(()) } else { Err("conflict".into()) });
            }
        }
        // Another process took one of the versions in between: each by itself then, so that only that one fails.
        Err(_) => {
            for Request { stream, version, drafts, answer } in batch {
                tell(answer, insert(pool, &stream, version, &drafts).await);
            }
        }
    }
}

/// Returns which of the batch were at the version that they expected, in ascending order; these are written.
async fn write_group(pool: &PgPool, batch: &[Request]) -> Result<Vec<i32>> {
    let (mut nths, mut versions, mut ids) = (Vec::new(), Vec::new(), Vec::new());
    let (mut names, mut payloads, mut causes) = (Vec::new(), Vec::new(), Vec::new());
    for (nth, request) in (1_i32..).zip(batch) {
        for (version, draft) in (request.version + 1..).zip(&request.drafts) {
            nths.push(nth);
            versions.push(version);
            ids.push(draft.id);
            names.push(draft.name);
            payloads.push(draft.payload.as_str());
            causes.push(draft.cause);
        }
    }
    let mut accepted: Vec<i32> = sqlx::query_scalar(include_str!("append_group.sql"))
        .bind(batch.iter().map(|request| request.stream.as_str()).collect::<Vec<_>>())
        .bind(batch.iter().map(|request| request.version).collect::<Vec<_>>())
        .bind(nths)
        .bind(versions)
        .bind(ids)
        .bind(names)
        .bind(payloads)
        .bind(causes)
        .fetch_all(pool)
        .await?;
    accepted.iter_mut().for_each(|nth| *nth -= 1);
    accepted.sort_unstable();
    Ok(accepted)
}
