//! Writing to instances, many at a time.

use std::borrow::Cow;

use sqlx::postgres::{PgBindIterExt, PgConnection, PgRow};
use sqlx::{Row, types::Uuid};
use time::OffsetDateTime;

use super::argument::{count, legible, place, seconds};
use super::record::number;
use crate::store::postgres::consumers::error::error;
use crate::store::postgres::core::Core;
use crate::store::postgres::encode::{Json, number as signed};
use crate::store::postgres::error::{Failure, SharedError};
use crate::store::{NewSagaEntry, SagaMigration, SagaThen, SagaWrite, SagaWritten, StoreError};

/// One transaction, unless an instance is written to twice: the second write finds what the first has done.
pub(super) async fn write(core: &Core, writes: &[SagaWrite]) -> Result<Vec<SagaWritten>, StoreError> {
    let mut order: Vec<usize> = (0..writes.len()).collect();
    order.sort_by_key(|place| writes[*place].instance);
    let mut written = vec![SagaWritten::Lost; writes.len()];
    let mut trouble = None;
    while !order.is_empty() {
        let mut later = Vec::new();
        let mut last: Option<Uuid> = None;
        order.retain(|place| {
            let instance = writes[*place].instance;
            let first = last.replace(instance) != Some(instance);
            if !first {
                later.push(*place);
            }
            first
        });
        let mut connection = core.pool.acquire().await.map_err(SharedError::unavailable)?;
        match batch(core, &mut connection, writes, &order, &mut written).await {
            Ok(()) => {}
            // One of them is at fault, the others shall not suffer from it.
            Err(refused) if Failure::of(&refused) == Failure::Refused && order.len() > 1 => {
                for alone in &order {
                    let one = std::slice::from_ref(alone);
                    if let Err(found) = batch(core, &mut connection, writes, one, &mut written).await {
                        trouble = Some(failed(core, found));
                    }
                }
            }
            Err(found) => return Err(failed(core, found)),
        }
        order = later;
    }
    trouble.map_or(Ok(written), Err)
}

/// A write that was lost on its way may have been done.
fn failed(core: &Core, found: sqlx::Error) -> StoreError {
    if Failure::of(&found) != Failure::Lost || matches!(found, sqlx::Error::Encode(_)) {
        return error(core, found);
    }
    core.losses.note();
    StoreError::OutcomeUnknown { event_ids: Vec::new(), source: Box::new(found) }
}

/// Does some of the writes, which are sorted by their instances, each of which is named once.
async fn batch(
    core: &Core,
    connection: &mut PgConnection,
    writes: &[SagaWrite],
    places: &[usize],
    written: &mut [SagaWritten],
) -> Result<(), sqlx::Error> {
    let some = || places.iter().map(|place| &writes[*place]);
    let entries = || {
        (1_usize..).zip(some()).flat_map(|(nth, write)| {
            (1_usize..).zip(&write.entries).map(move |(number, entry)| (nth, number, entry))
        })
    };
    let each = || entries().map(|(.., entry)| entry);
    // What no write has is not sent.
    let migrating = some().any(|write| write.migration.is_some());
    let migrations = || some().take(if migrating { usize::MAX } else { 0 }).map(|write| &write.migration);
    let reasons: Vec<_> = some().map(|write| write.reason.as_deref().map(legible)).collect();
    let texts: Vec<Option<Cow<'_, str>>> = each().map(|entry| entry.text.as_deref().map(legible)).collect();
    let row = sqlx::query(core.sql.write_sagas.clone())
        .bind(some().map(|write| write.instance).bind_iter())
        .bind(some().map(|write| signed(write.epoch)).bind_iter())
        .bind(some().map(|write| count(write.sequence)).bind_iter())
        .bind(some().map(|write| place(write.entries.len())).bind_iter())
        .bind(some().map(|write| write.status.as_str()).bind_iter())
        .bind(some().map(|write| write.step.as_deref()).bind_iter())
        .bind(reasons.iter().map(Option::as_deref).bind_iter())
        .bind(some().map(|write| count(write.messages_seen)).bind_iter())
        .bind(some().map(|write| i16::from(write.then != SagaThen::Keep)).bind_iter())
        .bind(some().map(|write| delay(write.then)).bind_iter())
        .bind(migrations().map(version).bind_iter())
        .bind(migrations().map(definition).bind_iter())
        .bind(migrations().map(state).bind_iter())
        .bind(entries().map(|(nth, ..)| place(nth)).bind_iter())
        .bind(entries().map(|(_, number, _)| place(number)).bind_iter())
        .bind(each().map(|entry| entry.kind.as_str()).bind_iter())
        .bind(each().map(|entry| entry.step.as_deref()).bind_iter())
        .bind(each().map(|entry| entry.attempt.cast_signed()).bind_iter())
        .bind(each().map(output).bind_iter())
        .bind(texts.iter().map(Option::as_deref).bind_iter())
        .fetch_one(connection)
        .await?;
    let outcomes = outcomes(&row)?;
    if outcomes.len() != places.len() {
        return Err(sqlx::Error::Protocol("write_sagas answers another question".to_owned()));
    }
    for (place, outcome) in places.iter().zip(outcomes) {
        written[*place] = outcome;
    }
    Ok(())
}

pub(super) fn delay(then: SagaThen) -> Option<f64> {
    match then {
        SagaThen::Release(after) => Some(seconds(after)),
        SagaThen::Keep | SagaThen::Rest => None,
    }
}

fn version(migration: &Option<SagaMigration>) -> Option<i64> {
    migration.as_ref().map(|migration| i64::from(migration.version))
}

fn definition(migration: &Option<SagaMigration>) -> Option<i64> {
    migration.as_ref().map(|migration| migration.definition.cast_signed())
}

fn state(migration: &Option<SagaMigration>) -> Option<Json<'_>> {
    migration.as_ref().map(|migration| Json::of(&migration.state))
}

pub(super) fn output(entry: &NewSagaEntry) -> Option<Json<'_>> {
    entry.output.as_ref().map(Json::of)
}

fn outcomes(row: &PgRow) -> Result<Vec<SagaWritten>, sqlx::Error> {
    let (messages, released): (Vec<Option<i32>>, Vec<bool>) = (row.try_get(0)?, row.try_get(1)?);
    let now: OffsetDateTime = row.try_get(2)?;
    let outcome = |(messages, released): (Option<i32>, bool)| match messages {
        Some(messages) => Ok(SagaWritten::Done { messages: number(i64::from(messages))?, released, now }),
        None => Ok(SagaWritten::Lost),
    };
    messages.into_iter().zip(released).map(outcome).collect()
}
