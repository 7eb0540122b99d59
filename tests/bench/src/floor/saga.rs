//! A saga by hand: claimed in batches, an intent and an outcome of each step written for all instances together, by one statement.

use std::sync::Arc;

use sqlx::PgPool;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::Result;

/// How many instances are worked on at once, and claimed at once.
const IN_FLIGHT: usize = 64;
const CLAIM: i64 = 50;

const STEPS: [&str; 3] = ["reserve", "charge", "ship"];

/// A record on its way to the log.
struct Write {
    instance: Uuid,
    epoch: i64,
    sequence: i32,
    entry: &'static str,
    step: &'static str,
    output: Option<String>,
    ends: bool,
    written: oneshot::Sender<bool>,
}

/// Puts instances there that are due.
pub(crate) async fn fill(pool: &PgPool, instances: i64, state: &str) -> Result<()> {
    sqlx::raw_sql("TRUNCATE floor.sagas, floor.saga_log").execute(pool).await?;
    let sql = "INSERT INTO floor.sagas (instance, state, status, due_at) \
               SELECT gen_random_uuid(), $2::json, 'running', clock_timestamp() FROM generate_series(1, $1)";
    sqlx::query(sql).bind(instances).bind(state).execute(pool).await?;
    Ok(())
}

/// Runs everything that is due to its end.
pub(crate) async fn run(pool: &PgPool) -> Result<()> {
    let (log, writes) = mpsc::channel(4_096);
    let committer = tokio::spawn(commit(pool.clone(), writes));
    let worker = Uuid::now_v7();
    let room = Arc::new(Semaphore::new(IN_FLIGHT));
    let mut tasks: JoinSet<Result<()>> = JoinSet::new();
    loop {
        // Room for one is not worth a claim.
        let enough = room.acquire_many(16).await?;
        drop(enough);
        let limit = CLAIM.min(i64::try_from(room.available_permits())?);
        let claimed: Vec<(Uuid, i64, String)> =
            sqlx::query_as(include_str!("claim_sagas.sql")).bind(worker).bind(limit).fetch_all(pool).await?;
        if claimed.is_empty() {
            break;
        }
        for (instance, epoch, state) in claimed {
            let permit = Arc::clone(&room).acquire_owned().await?;
            let log = log.clone();
            tasks.spawn(async move {
                let _permit = permit;
                instance_to_its_end(&log, instance, epoch, &state).await
            });
        }
        while let Some(ended) = tasks.try_join_next() {
            ended??;
        }
    }
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    drop(log);
    committer.await?
}

async fn instance_to_its_end(
    log: &mpsc::Sender<Write>,
    instance: Uuid,
    epoch: i64,
    state: &str,
) -> Result<()> {
    let _: serde_json::Value = serde_json::from_str(state)?;
    let mut sequence = 0;
    for (nth, step) in STEPS.into_iter().enumerate() {
        let last = nth + 1 == STEPS.len();
        for (entry, output) in [("intent", None), ("done", Some("\"none\"".to_owned()))] {
            let (written, answer) = oneshot::channel();
            let ends = last && output.is_some();
            let write = Write { instance, epoch, sequence, entry, step, output, ends, written };
            log.send(write).await.map_err(|_| "the committer is gone")?;
            if !answer.await? {
                return Err("somebody else has the instance".into());
            }
            sequence += 1;
        }
    }
    Ok(())
}

async fn commit(pool: PgPool, mut writes: mpsc::Receiver<Write>) -> Result<()> {
    let mut batch = Vec::new();
    while writes.recv_many(&mut batch, 256).await > 0 {
        let column = || batch.iter();
        let written: Vec<Uuid> = sqlx::query_scalar(include_str!("write_sagas.sql"))
            .bind(column().map(|write| write.instance).collect::<Vec<_>>())
            .bind(column().map(|write| write.epoch).collect::<Vec<_>>())
            .bind(column().map(|write| write.sequence).collect::<Vec<_>>())
            .bind(column().map(|write| write.entry).collect::<Vec<_>>())
            .bind(column().map(|write| write.step).collect::<Vec<_>>())
            .bind(column().map(|write| write.output.as_deref()).collect::<Vec<_>>())
            .bind(column().map(|write| write.ends).collect::<Vec<_>>())
            .fetch_all(&pool)
            .await?;
        let written: std::collections::HashSet<_> = written.into_iter().collect();
        for write in batch.drain(..) {
            // Whoever waits for it may be gone.
            write.written.send(written.contains(&write.instance)).ok();
        }
    }
    Ok(())
}

/// How many have come to their end.
pub(crate) async fn completed(pool: &PgPool, table: &'static str) -> Result<i64> {
    let sql = format!("SELECT count(*) FROM {table} WHERE status = 'completed'");
    Ok(sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(pool).await?)
}
