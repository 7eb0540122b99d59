//! Coalesced loads: one task reads whatever streams were asked for while it was reading before, by one statement.

use std::collections::HashMap;

use sqlx::{PgPool, Row};
use tokio::sync::{mpsc, oneshot};

use super::event::replay;
use crate::Result;
use crate::domain::Account;

type Loaded = (Account, i64);

struct Request {
    stream: String,
    answer: oneshot::Sender<Result<Loaded>>,
}

pub(crate) struct Loader {
    requests: mpsc::Sender<Request>,
}

impl Loader {
    pub(crate) fn spawn(pool: PgPool) -> Self {
        let (requests, mut queue) = mpsc::channel(4_096);
        tokio::spawn(async move {
            let mut batch: Vec<Request> = Vec::new();
            while queue.recv_many(&mut batch, 512).await > 0 {
                let streams: Vec<&str> = batch.iter().map(|request| request.stream.as_str()).collect();
                // A receiver that is gone has given the command up.
                match read(&pool, &streams).await {
                    Ok(mut loaded) => {
                        for Request { stream, answer } in batch.drain(..) {
                            drop(answer.send(Ok(loaded.remove(&stream).unwrap_or_default())));
                        }
                    }
                    Err(error) => {
                        for request in batch.drain(..) {
                            drop(request.answer.send(Err(error.to_string().into())));
                        }
                    }
                }
            }
        });
        Self { requests }
    }

    pub(crate) async fn load(&self, stream: String) -> Result<Loaded> {
        let (answer, answered) = oneshot::channel();
        self.requests.send(Request { stream, answer }).await.map_err(|_| "the loader is gone")?;
        answered.await?
    }
}

async fn read(pool: &PgPool, streams: &[&str]) -> Result<HashMap<String, Loaded>> {
    let rows = sqlx::query(
        "SELECT version, name, payload, stream FROM floor.events WHERE stream = ANY ($1) ORDER BY stream, version",
    )
    .bind(streams)
    .fetch_all(pool)
    .await?;
    let mut loaded: HashMap<String, Loaded> = HashMap::new();
    for row in &rows {
        let stream: &str = row.try_get(3)?;
        if !loaded.contains_key(stream) {
            loaded.insert(stream.to_owned(), Loaded::default());
        }
        if let Some((state, version)) = loaded.get_mut(stream) {
            *version = replay(state, row)?;
        }
    }
    Ok(loaded)
}
