//! Giving instances to a worker together with their starts and with events for them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use sqlx::postgres::{PgBindIterExt, PgRow, PgTransaction};
use sqlx::{PgConnection, PgExecutor, Row};
use time::OffsetDateTime;

use super::argument::{count, legible, place};
use super::deliver;
use super::history::{self, History};
use super::lost::Claiming;
use super::record::{self, number, unknown};
use super::write::{delay, output};
use crate::store::postgres::consumers::error::error;
use crate::store::postgres::core::Core;
use crate::store::postgres::encode::{Json, number as signed};
use crate::store::postgres::error::Failure;
use crate::store::{
    ClaimedSaga, EventOrigin, HeldSagas, NewDelivery, NewSagaEntry, SagaAdvance, SagaDeliveries, SagaHand,
    SagaRecord, SagaStart, SagaStarted, SagaStarts, SagaThen, SagaWrite, StoreError,
};

/// The most bytes of all histories that are read with held instances, as stored.
const HISTORIES: i64 = 4 * 1024 * 1024;

/// Starts instances in a transaction of their own.
pub(super) async fn start_alone(
    core: &Core,
    hand: SagaHand,
    starts: &[SagaStart],
) -> Result<SagaStarts, StoreError> {
    let timeline = core.timeline();
    let claiming = Claiming::of(core, hand.worker, hand.claim);
    let started = match start(core, &core.pool, hand, starts).await {
        Ok(started) => started,
        Err(found) => {
            // Nothing was written, and so nothing was given.
            if Failure::of(&found) == Failure::Refused {
                claiming.answered();
            }
            return Err(error(core, found));
        }
    };
    if started.each.contains(&SagaStarted::Existing) && !started.each.iter().any(is_new) {
        // Nothing was written: the rows that were found may not be on the standbys yet.
        if let Err(found) = core.confirm(timeline).await {
            return Err(StoreError::OutcomeUnknown { event_ids: Vec::new(), source: Box::new(found) });
        }
    }
    claiming.answered();
    Ok(started)
}

fn is_new(started: &SagaStarted) -> bool {
    *started != SagaStarted::Existing
}

/// Starts instances within a transaction.
pub(super) async fn start_in(
    core: &Core,
    transaction: &mut PgTransaction<'static>,
    hand: SagaHand,
    starts: &[SagaStart],
) -> Result<SagaStarts, StoreError> {
    start(core, &mut **transaction, hand, starts).await.map_err(|found| error(core, found))
}

async fn start(
    core: &Core,
    executor: impl PgExecutor<'_>,
    hand: SagaHand,
    starts: &[SagaStart],
) -> Result<SagaStarts, sqlx::Error> {
    let sagas = || starts.iter().map(|start| &start.saga);
    let first = || starts.iter().map(|start| start.first.as_ref());
    let writes: Vec<_> = (1_usize..).zip(first()).filter_map(|(at, first)| Some((at, first?))).collect();
    let entries = || entries(&writes);
    let each = || entries().map(|(.., entry)| entry);
    let texts: Vec<Option<Cow<'_, str>>> = each().map(|entry| entry.text.as_deref().map(legible)).collect();
    let then = |first: Option<&SagaWrite>| match first.map(|first| first.then) {
        None => 0_i16,
        Some(SagaThen::Keep) => 1,
        Some(SagaThen::Release(_) | SagaThen::Rest) => 2,
    };
    let row = sqlx::query(core.sql.start_sagas_for.clone())
        .bind(hand.worker)
        .bind(hand.claim)
        .bind(sagas().map(|saga| saga.instance).bind_iter())
        .bind(sagas().map(|saga| &*saga.saga).bind_iter())
        .bind(sagas().map(|saga| &*saga.id).bind_iter())
        .bind(sagas().map(|saga| i64::from(saga.version)).bind_iter())
        .bind(sagas().map(|saga| saga.definition.cast_signed()).bind_iter())
        .bind(sagas().map(|saga| Json::of(&saga.state)).bind_iter())
        .bind(sagas().map(|saga| saga.correlation_id).bind_iter())
        .bind(sagas().map(|saga| saga.causation_id).bind_iter())
        .bind(sagas().any(|saga| saga.early_events))
        .bind(first().map(then).bind_iter())
        .bind(first().map(|first| first.map_or("running", |first| first.status.as_str())).bind_iter())
        .bind(first().map(|first| first.and_then(|first| first.step.as_deref())).bind_iter())
        .bind(first().map(|first| first.and_then(|first| delay(first.then))).bind_iter())
        .bind(first().map(|first| first.map_or(0, |first| place(first.entries.len()))).bind_iter())
        .bind(entries().map(|(nth, ..)| place(nth)).bind_iter())
        .bind(entries().map(|(_, number, _)| place(number)).bind_iter())
        .bind(each().map(|entry| entry.kind.as_str()).bind_iter())
        .bind(each().map(|entry| entry.step.as_deref()).bind_iter())
        .bind(each().map(|entry| entry.attempt.cast_signed()).bind_iter())
        .bind(each().map(output).bind_iter())
        .bind(texts.iter().map(Option::as_deref).bind_iter())
        .fetch_one(executor)
        .await?;
    let (kept, owned): (Vec<Option<i32>>, bool) = (row.try_get(0)?, row.try_get(1)?);
    if kept.len() != starts.len() {
        return Err(unknown("start_sagas_for answers another question".to_owned()));
    }
    let each = starts.iter().zip(kept).map(|(start, kept)| {
        let Some(kept) = kept else { return Ok(SagaStarted::Existing) };
        let messages = number(i64::from(kept))?;
        Ok(match start.first.as_ref().map(|first| first.then) {
            Some(SagaThen::Keep) if owned => SagaStarted::Given { messages },
            Some(SagaThen::Release(_) | SagaThen::Rest) => SagaStarted::Resting { messages },
            _ => SagaStarted::Due,
        })
    });
    Ok(SagaStarts { now: row.try_get(2)?, each: each.collect::<Result<_, sqlx::Error>>()? })
}

/// The entries of writes, each with the place of its write and its number in that.
fn entries<'a>(
    writes: &'a [(usize, &'a SagaWrite)],
) -> impl Iterator<Item = (usize, usize, &'a NewSagaEntry)> {
    writes.iter().flat_map(|(at, write)| {
        (1_usize..).zip(&write.entries).map(move |(number, entry)| (*at, number, entry))
    })
}

/// Locks instances and reads them.
pub(super) async fn hold(
    core: &Core,
    connection: &mut PgConnection,
    instances: &[(Arc<str>, Arc<str>)],
) -> Result<HeldSagas, StoreError> {
    held(core, connection, instances).await.map_err(|found| error(core, found))
}

async fn held(
    core: &Core,
    connection: &mut PgConnection,
    instances: &[(Arc<str>, Arc<str>)],
) -> Result<HeldSagas, sqlx::Error> {
    let rows = sqlx::query(core.sql.hold_sagas.clone())
        .bind(instances.iter().map(|(saga, _)| &**saga).bind_iter())
        .bind(instances.iter().map(|(_, id)| &**id).bind_iter())
        .fetch_all(&mut *connection)
        .await?;
    let Some((rest, rows)) = rows.split_last() else {
        return Err(unknown("hold_sagas does not say what the time is".to_owned()));
    };
    let names = || instances.iter().map(|(saga, _)| saga);
    let records = rows.iter().map(|row| record::read(row, names())).collect::<Result<Vec<_>, _>>()?;
    let now: OffsetDateTime = rest.try_get(18)?;
    // What has an owner is read by that.
    let free: Vec<&SagaRecord> = records.iter().filter(|record| record.owner.is_none()).collect();
    let mut histories = match free.is_empty() {
        true => Vec::new(),
        false => history::read_within(core, connection, &free, HISTORIES).await?,
    }
    .into_iter();
    let held = records.into_iter().map(|record| {
        let unread = History { unread: true, ..History::default() };
        let own = record.owner.is_none().then(|| histories.next()).flatten();
        let History { log, messages, unread } = own.unwrap_or(unread);
        ClaimedSaga { record, log, messages, unread }
    });
    Ok(HeldSagas { now, held: held.collect() })
}

/// Leaves events, and writes to the instances.
pub(super) async fn deliver(
    core: &Core,
    connection: &mut PgConnection,
    hand: SagaHand,
    deliveries: &[NewDelivery],
    advances: &[SagaAdvance],
) -> Result<SagaDeliveries, StoreError> {
    advance(core, connection, hand, deliveries, advances).await.map_err(|found| error(core, found))
}

async fn advance(
    core: &Core,
    connection: &mut PgConnection,
    hand: SagaHand,
    deliveries: &[NewDelivery],
    advances: &[SagaAdvance],
) -> Result<SagaDeliveries, sqlx::Error> {
    let writes: Vec<_> = (1_usize..).zip(advances.iter().map(|advance| &advance.write)).collect();
    let all = || advances.iter().map(|advance| &advance.write);
    let entries = || entries(&writes);
    let each = || entries().map(|(.., entry)| entry);
    let texts: Vec<Option<Cow<'_, str>>> = each().map(|entry| entry.text.as_deref().map(legible)).collect();
    let places: HashMap<(&str, &str), i32> =
        (1_usize..).zip(advances).map(|(at, one)| ((&*one.saga, &*one.id), place(at))).collect();
    // The write to the instance that an event is for.
    let place_of = |delivery: &NewDelivery| places.get(&(&*delivery.saga, &*delivery.id)).copied();
    let reasons: Vec<_> = all().map(|write| write.reason.as_deref().map(legible)).collect();
    let row = sqlx::query(core.sql.leave_and_advance_sagas.clone())
        .bind(deliveries.iter().map(|delivery| &*delivery.saga).bind_iter())
        .bind(deliveries.iter().map(|delivery| &*delivery.id).bind_iter())
        .bind(deliveries.iter().map(|delivery| &*delivery.step).bind_iter())
        .bind(deliveries.iter().map(|delivery| delivery.event_id).bind_iter())
        .bind(deliveries.iter().map(|delivery| Json::of(&delivery.output)).bind_iter())
        .bind(deliveries.iter().map(|delivery| delivery.keep).bind_iter())
        .bind(deliveries.iter().map(|delivery| delivery.origin.map(EventOrigin::to_text)).bind_iter())
        .bind(hand.worker)
        .bind(hand.claim)
        .bind(deliveries.iter().map(place_of).bind_iter())
        .bind(all().map(|write| write.instance).bind_iter())
        .bind(all().map(|write| signed(write.epoch)).bind_iter())
        .bind(all().map(|write| count(write.sequence)).bind_iter())
        .bind(all().map(|write| count(write.messages_seen)).bind_iter())
        .bind(all().map(|write| i16::from(write.then != SagaThen::Keep)).bind_iter())
        .bind(all().map(|write| place(write.entries.len())).bind_iter())
        .bind(all().map(|write| write.status.as_str()).bind_iter())
        .bind(all().map(|write| write.step.as_deref()).bind_iter())
        .bind(reasons.iter().map(Option::as_deref).bind_iter())
        .bind(all().map(|write| delay(write.then)).bind_iter())
        .bind(entries().map(|(nth, ..)| place(nth)).bind_iter())
        .bind(entries().map(|(_, number, _)| place(number)).bind_iter())
        .bind(each().map(|entry| entry.kind.as_str()).bind_iter())
        .bind(each().map(|entry| entry.step.as_deref()).bind_iter())
        .bind(each().map(|entry| entry.attempt.cast_signed()).bind_iter())
        .bind(each().map(output).bind_iter())
        .bind(texts.iter().map(Option::as_deref).bind_iter())
        .fetch_one(connection)
        .await?;
    answer(&row, advances.len())
}

fn answer(row: &PgRow, advances: usize) -> Result<SagaDeliveries, sqlx::Error> {
    let (outcomes, places): (Vec<i16>, Vec<i32>) = (row.try_get(0)?, row.try_get(1)?);
    let mut advanced = vec![false; advances];
    for at in places {
        let done = usize::try_from(at - 1).ok().and_then(|at| advanced.get_mut(at));
        *done.ok_or_else(|| unknown(format!("there is no write {at}")))? = true;
    }
    let outcomes = outcomes.into_iter().map(deliver::delivery).collect::<Result<_, _>>()?;
    Ok(SagaDeliveries { outcomes, advanced, now: row.try_get(2)? })
}
