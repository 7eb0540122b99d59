//! A SELECT of the stream's events and one INSERT a command: what is written first, and by most.

use sqlx::PgPool;
use uuid::Uuid;

use super::event::{Draft, account, decide, encode, replay};
use crate::Result;
use crate::domain::Account;
use crate::driver::{Bank, Wish};

pub(crate) struct Plain {
    pool: PgPool,
}

impl Plain {
    pub(crate) fn new(pool: PgPool) -> Self {
        Self { pool }
    }
}

impl Bank for Plain {
    async fn execute(&self, wish: Wish) -> Result<()> {
        let stream = stream(account(&wish));
        let (state, version) = load(&self.pool, &stream).await?;
        insert(&self.pool, &stream, version, &encode(&decide(&state, wish)?)?).await
    }
}

pub(crate) fn stream(account: Uuid) -> String {
    format!("account-{account}")
}

/// A short stream: all its rows at once.
pub(crate) async fn load(pool: &PgPool, stream: &str) -> Result<(Account, i64)> {
    let rows =
        sqlx::query("SELECT version, name, payload FROM floor.events WHERE stream = $1 ORDER BY version")
            .bind(stream)
            .fetch_all(pool)
            .await?;
    let (mut state, mut version) = (Account::default(), 0);
    for row in &rows {
        version = replay(&mut state, row)?;
    }
    Ok((state, version))
}

/// Writes the events of one command behind a version; the unique key refuses them when another was faster.
pub(crate) async fn insert(pool: &PgPool, stream: &str, version: i64, drafts: &[Draft]) -> Result<()> {
    let [draft] = drafts else { return insert_many(pool, stream, version, drafts).await };
    sqlx::query(
        "INSERT INTO floor.events (stream, version, id, name, schema_version, payload, correlation_id, causation_id) \
         VALUES ($1, $2, $3, $4, $5, $6::text::json, $7, $8)",
    )
    .bind(stream)
    .bind(version + 1)
    .bind(draft.id)
    .bind(draft.name)
    .bind(1)
    .bind(&draft.payload)
    .bind(draft.cause)
    .bind(draft.cause)
    .execute(pool)
    .await?;
    Ok(())
}

async fn insert_many(pool: &PgPool, stream: &str, version: i64, drafts: &[Draft]) -> Result<()> {
    sqlx::query(
        "INSERT INTO floor.events (stream, version, id, name, schema_version, payload, correlation_id, causation_id) \
         SELECT $1, version, id, name, 1, payload::json, cause, cause \
         FROM unnest($2::bigint[], $3::uuid[], $4::text[], $5::text[], $6::uuid[]) AS e (version, id, name, payload, cause)",
    )
    .bind(stream)
    .bind((version + 1..).take(drafts.len()).collect::<Vec<_>>())
    .bind(drafts.iter().map(|draft| draft.id).collect::<Vec<_>>())
    .bind(drafts.iter().map(|draft| draft.name).collect::<Vec<_>>())
    .bind(drafts.iter().map(|draft| draft.payload.as_str()).collect::<Vec<_>>())
    .bind(drafts.iter().map(|draft| draft.cause).collect::<Vec<_>>())
    .execute(pool)
    .await?;
    Ok(())
}
