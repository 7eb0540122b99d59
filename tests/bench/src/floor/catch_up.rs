//! A read model by hand: a batch of events is folded into one change for each row, and all changes are written by one UNNEST upsert, in the transaction that
//! moves the checkpoint. No row is read.

use std::collections::HashMap;

use sqlx::postgres::{PgRow, Postgres};
use sqlx::{PgPool, Row, Transaction};
use time::OffsetDateTime;
use uuid::Uuid;

use super::event::decode;
use crate::Result;
use crate::domain::AccountEvent;

/// The batch with which it is fastest.
pub(crate) const BATCH: i64 = 1_000;

#[derive(Default)]
struct Changes {
    index: HashMap<Uuid, usize>,
    accounts: Vec<Uuid>,
    owners: Vec<String>,
    currencies: Vec<String>,
    balances: Vec<i64>,
    entries: Vec<i64>,
    references: Vec<Option<Uuid>>,
    times: Vec<OffsetDateTime>,
}

impl Changes {
    fn add(&mut self, row: &PgRow) -> Result<i64> {
        let (account, event, at) = read(row)?;
        let next = self.accounts.len();
        let place = *self.index.entry(account).or_insert(next);
        if place == next {
            self.accounts.push(account);
            self.owners.push(String::new());
            self.currencies.push(String::new());
            self.balances.push(0);
            self.entries.push(0);
            self.references.push(None);
            self.times.push(at);
        }
        self.times[place] = at;
        match event {
            AccountEvent::Opened(opened) => {
                self.owners[place] = opened.owner;
                self.currencies[place] = opened.currency;
            }
            AccountEvent::Deposited(deposited) => {
                self.balances[place] += deposited.amount;
                self.entries[place] += 1;
                self.references[place] = Some(deposited.reference);
            }
        }
        Ok(row.try_get(0)?)
    }

    async fn write(self, transaction: &mut Transaction<'_, Postgres>) -> Result<()> {
        sqlx::query(include_str!("upsert_summaries.sql"))
            .bind(self.accounts)
            .bind(self.owners)
            .bind(self.currencies)
            .bind(self.balances)
            .bind(self.entries)
            .bind(self.references)
            .bind(self.times)
            .execute(&mut **transaction)
            .await?;
        Ok(())
    }
}

fn read(row: &PgRow) -> Result<(Uuid, AccountEvent, OffsetDateTime)> {
    let stream: &str = row.try_get(1)?;
    let account = stream.strip_prefix("account-").ok_or("a stream of something else")?.parse()?;
    Ok((account, decode(row.try_get(2)?, row.try_get_raw(3)?.as_bytes()?)?, row.try_get(4)?))
}

async fn page(pool: &PgPool, after: i64, limit: i64) -> Result<Vec<PgRow>> {
    let sql = "SELECT position, stream, name, payload, recorded_at FROM floor.events WHERE position > $1 ORDER BY position LIMIT $2";
    Ok(sqlx::query(sql).bind(after).bind(limit).fetch_all(pool).await?)
}

async fn advance(transaction: &mut Transaction<'_, Postgres>, name: &str, from: i64, to: i64) -> Result<()> {
    let moved = sqlx::query("UPDATE floor.checkpoints SET position = $3 WHERE name = $1 AND position = $2")
        .bind(name)
        .bind(from)
        .bind(to)
        .execute(&mut **transaction)
        .await?;
    if moved.rows_affected() == 1 { Ok(()) } else { Err("the checkpoint is somewhere else".into()) }
}

/// Begins anew: an empty table, a checkpoint at the beginning.
pub(crate) async fn reset(pool: &PgPool) -> Result<()> {
    sqlx::raw_sql(
        "TRUNCATE floor.account_summaries, floor.turnover; TRUNCATE floor.checkpoints; \
         INSERT INTO floor.checkpoints VALUES ('account_summaries', 0), ('turnover', 0)",
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Folds every event that is there into the table.
pub(crate) async fn catch_up(pool: &PgPool) -> Result<()> {
    let mut from = 0;
    loop {
        let rows = page(pool, from, BATCH).await?;
        let mut changes = Changes::default();
        let mut to = from;
        for row in &rows {
            to = changes.add(row)?;
        }
        if to == from {
            return Ok(());
        }
        let mut transaction = pool.begin().await?;
        changes.write(&mut transaction).await?;
        advance(&mut transaction, "account_summaries", from, to).await?;
        transaction.commit().await?;
        from = to;
    }
}

/// A statement of the user's for each event, in batches of one transaction.
pub(crate) async fn project(pool: &PgPool, batch: i64) -> Result<()> {
    let mut from = 0;
    loop {
        let rows = page(pool, from, batch).await?;
        let mut to = from;
        let mut transaction = pool.begin().await?;
        for row in &rows {
            let (account, event, _) = read(row)?;
            if let AccountEvent::Deposited(deposited) = event {
                sqlx::query(crate::domain::ADD_TURNOVER_FLOOR)
                    .bind(account)
                    .bind(deposited.amount)
                    .execute(&mut *transaction)
                    .await?;
            }
            to = row.try_get(0)?;
        }
        if to == from {
            return Ok(());
        }
        advance(&mut transaction, "turnover", from, to).await?;
        transaction.commit().await?;
        from = to;
    }
}

/// What the read model's table sums up to: rows, entries, balances.
pub(crate) async fn totals(pool: &PgPool, table: &'static str) -> Result<(i64, i64, i64)> {
    let sql = format!("SELECT count(*), sum(entries)::bigint, sum(balance)::bigint FROM {table}");
    Ok(sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_one(pool).await?)
}
