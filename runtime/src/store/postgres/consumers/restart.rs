//! Consumers that start again, and those that get another name.

use sqlx::{PgConnection, SqlSafeStr};

use super::error::error;
use super::{generation, open, start};
use crate::store::postgres::begin::begin;
use crate::store::postgres::core::Core;
use crate::store::postgres::losses;
use crate::store::{ConsumerSpec, Start, StoreError};

/// Has a consumer without a table start again, within a transaction.
pub(super) async fn restart(
    core: &Core,
    connection: &mut PgConnection,
    spec: &ConsumerSpec,
    to: Start,
) -> Result<(), StoreError> {
    let found = open::lock(core, &mut *connection, spec).await?;
    let to = start::position(core, &mut *connection, to).await.map_err(|found| error(core, found))?;
    if let Some(building) = &found.building {
        let gone = generation::throw_away(core, &mut *connection, &spec.name, building).await;
        gone.map_err(|found| error(core, found))?;
    }
    let Some(live) = &found.live else {
        return generation::make(core, connection, spec, None, to).await.map(drop);
    };
    // A batch that has moved its checkpoint is waited for here; one that has not finds its partition gone.
    let gone = generation::delete(core, &mut *connection, &spec.name, live.number).await;
    gone.map_err(|found| error(core, found))?;
    let number = generation::make(core, &mut *connection, spec, Some(live), to).await?;
    let made = sqlx::query(core.sql.make_live.clone())
        .bind(&*spec.name)
        .bind(number.cast_signed())
        .bind(number.cast_signed())
        .execute(connection)
        .await;
    made.map(drop).map_err(|found| error(core, found))
}

/// Gives a consumer another name.
pub(super) async fn rename(core: &Core, from: &str, spec: &ConsumerSpec) -> Result<bool, StoreError> {
    let patient = || begin(&core.pool, Some("begin; set local lock_timeout = '20s'".into_sql_str()));
    let mut transaction = losses::read(core, patient).await?;
    let mut names = [from, &*spec.name];
    // In one order, so that no two wait for each other.
    names.sort_unstable();
    for name in names {
        let locked = generation::lock(core, &mut transaction, name).await;
        locked.map_err(|found| error(core, found))?;
    }
    let old = generation::find(core, &mut transaction, from).await.map_err(|found| error(core, found))?;
    let new =
        generation::find(core, &mut transaction, &spec.name).await.map_err(|found| error(core, found))?;
    let (Some(old), None) = (&old.live, &new.live) else { return Ok(false) };
    if old.kind != spec.kind.as_str() {
        return Err(StoreError::Unsuitable(format!(
            "the consumer `{}` cannot be `{from}` under another name: that one is a {} in the store",
            spec.name, old.kind
        )));
    }
    let rename = sqlx::query(core.sql.rename_consumer.clone()).bind(from).bind(&*spec.name);
    rename.execute(&mut *transaction).await.map_err(|found| error(core, found))?;
    transaction.commit().await.map_err(|found| error(core, found))?;
    Ok(true)
}
