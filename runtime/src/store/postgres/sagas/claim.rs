//! Giving instances to workers.

use sqlx::Row;
use sqlx::postgres::{PgBindIterExt, PgRow};
use time::OffsetDateTime;
use uuid::Uuid;

use super::argument::{count, place};
use super::history::{self, History};
use super::lost::Claiming;
use super::record::{self, unknown};
use crate::app::with_sources;
use crate::store::postgres::consumers::error::error;
use crate::store::postgres::core::Core;
use crate::store::postgres::losses;
use crate::store::{ClaimedSaga, SagaClaim, SagaClaims, SagaRecord, StoreError};

/// The most bytes of all histories that are read with a claim, as stored.
const HISTORIES: i64 = 4 * 1024 * 1024;

/// An instance with more entries or messages than this is not read with others.
const LONG: u32 = 1_000;

pub(super) async fn claim(core: &Core, claim: &SagaClaim) -> Result<SagaClaims, StoreError> {
    let claiming = Claiming::new(core, claim.worker);
    let rows = call(core, claim, claiming.claim).await.map_err(|found| error(core, found))?;
    let (records, rest) = read(claim, &rows).map_err(|found| error(core, found))?;
    // After the claim, so that all that a record counts is there: what was left while it was claimed has
    // waited for it, or it for that. Most instances are claimed for the first time and have nothing to
    // read. A large history is read by its own instance, so that it holds up no other one.
    let has_history = |record: &&SagaRecord| record.sequence > 0 || record.messages > 0;
    let is_long = |record: &SagaRecord| record.sequence > LONG || record.messages > LONG;
    let old: Vec<_> = records.iter().filter(has_history).filter(|record| !is_long(record)).collect();
    let mut histories = Vec::new();
    if !old.is_empty() {
        let read = losses::read(core, || history::read_within(core, &core.pool, &old, HISTORIES)).await;
        histories = read.unwrap_or_else(|error| {
            tracing::warn!(
                error = with_sources(&error),
                instances = old.len(),
                "histories of claimed instances could not be read together"
            );
            old.iter().map(|_| History { unread: true, ..History::default() }).collect()
        });
    }
    claiming.answered();
    let mut histories = histories.into_iter();
    let claimed = records.into_iter().map(|record| {
        let history = match has_history(&&record) {
            true if is_long(&record) => History { unread: true, ..History::default() },
            true => histories.next().unwrap_or_default(),
            false => History::default(),
        };
        let History { log, messages, unread } = history;
        ClaimedSaga { record, log, messages, unread }
    });
    let next_due = rest.due_at.map(|due_at| (due_at - rest.now).try_into().unwrap_or_default());
    Ok(SagaClaims { now: rest.now, claimed: claimed.collect(), next_due })
}

async fn call(core: &Core, claim: &SagaClaim, this_claim: Uuid) -> Result<Vec<PgRow>, sqlx::Error> {
    let mut accepted: Vec<_> = (1..)
        .zip(&claim.wanted)
        .flat_map(|(nth, wanted)| {
            wanted.definitions.iter().map(move |definition| (place(nth), definition.cast_signed()))
        })
        .collect();
    accepted.sort_unstable();
    accepted.dedup();
    sqlx::query(core.sql.claim_sagas_by_share.clone())
        .bind(claim.worker)
        .bind(this_claim)
        .bind(core.lost_claims.of(claim.worker))
        .bind(count(claim.room))
        .bind(claim.wanted.iter().map(|wanted| &*wanted.saga).bind_iter())
        .bind(claim.wanted.iter().map(|wanted| count(wanted.share)).bind_iter())
        .bind(claim.wanted.iter().map(|wanted| count(wanted.room)).bind_iter())
        .bind(accepted.iter().map(|(place, _)| *place).bind_iter())
        .bind(accepted.iter().map(|(_, definition)| *definition).bind_iter())
        .fetch_all(&core.pool)
        .await
}

/// What the last row says.
struct Rest {
    now: OffsetDateTime,
    due_at: Option<OffsetDateTime>,
}

fn read(claim: &SagaClaim, rows: &[PgRow]) -> Result<(Vec<SagaRecord>, Rest), sqlx::Error> {
    let Some((rest, claimed)) = rows.split_last() else {
        return Err(unknown("claim_sagas_by_share does not say what the time is".to_owned()));
    };
    let names = || claim.wanted.iter().map(|wanted| &wanted.saga);
    let record = |row| record::read(row, names());
    let records = claimed.iter().map(record).collect::<Result<_, _>>()?;
    Ok((records, Rest { now: rest.try_get(18)?, due_at: rest.try_get(14)? }))
}
