//! Leaving events for instances.

use sqlx::PgConnection;
use sqlx::postgres::PgBindIterExt;

use super::record::unknown;
use crate::store::postgres::consumers::error::error;
use crate::store::postgres::core::Core;
use crate::store::postgres::encode::Json;
use crate::store::{Delivery, EventOrigin, NewDelivery, StoreError};

pub(super) async fn deliver(
    core: &Core,
    connection: &mut PgConnection,
    deliveries: &[NewDelivery],
) -> Result<Vec<Delivery>, StoreError> {
    if deliveries.is_empty() {
        return Ok(Vec::new());
    }
    call(core, connection, deliveries).await.map_err(|found| error(core, found))
}

async fn call(
    core: &Core,
    connection: &mut PgConnection,
    deliveries: &[NewDelivery],
) -> Result<Vec<Delivery>, sqlx::Error> {
    let outcomes: Vec<i16> = sqlx::query_scalar(core.sql.leave_for_sagas.clone())
        .bind(deliveries.iter().map(|delivery| &*delivery.saga).bind_iter())
        .bind(deliveries.iter().map(|delivery| &*delivery.id).bind_iter())
        .bind(deliveries.iter().map(|delivery| &*delivery.step).bind_iter())
        .bind(deliveries.iter().map(|delivery| delivery.event_id).bind_iter())
        .bind(deliveries.iter().map(|delivery| Json::of(&delivery.output)).bind_iter())
        .bind(deliveries.iter().map(|delivery| delivery.keep).bind_iter())
        .bind(deliveries.iter().map(|delivery| delivery.origin.map(EventOrigin::to_text)).bind_iter())
        .fetch_one(connection)
        .await?;
    outcomes.into_iter().map(delivery).collect()
}

pub(super) fn delivery(outcome: i16) -> Result<Delivery, sqlx::Error> {
    match outcome {
        0 => Ok(Delivery::Left),
        1 => Ok(Delivery::Ended),
        2 => Ok(Delivery::Kept),
        3 => Ok(Delivery::Missing),
        4 => Ok(Delivery::Late),
        other => Err(unknown(format!("leave_for_sagas answers {other}"))),
    }
}
