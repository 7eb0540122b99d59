//! A projection that writes down everything that it sees, and who saw it.

use std::time::Duration;

use kenning::HandlerError;
use kenning::prelude::*;
use sqlx::PgPool;

use super::domain::{Installed, Measured, MeterEvent, Removed};

/// Writes a row for each event into `seen_events`, where nothing keeps one from being there twice.
pub struct Seen {
    /// How long each handler pauses in the middle of its transaction.
    pub pause: Duration,
}

impl Seen {
    async fn write<E>(&self, event: &Recorded<E>, tx: &mut PgTransaction<'_>) -> Result<(), HandlerError> {
        sqlx::query("insert into seen_events (position, stream, version, process) values ($1, $2, $3, $4)")
            .bind(i64::try_from(event.position().get())?)
            .bind(event.stream().as_str())
            .bind(i64::try_from(event.version().get())?)
            .bind(i64::from(std::process::id()))
            .execute(&mut **tx)
            .await?;
        if !self.pause.is_zero() {
            tokio::time::sleep(self.pause).await;
        }
        Ok(())
    }
}

#[projection(name = "seen", version = 1, events = MeterEvent)]
impl Seen {
    /// Seen.
    #[on]
    async fn installed(
        &self,
        event: &Recorded<Installed>,
        tx: &mut PgTransaction<'_>,
    ) -> Result<(), HandlerError> {
        self.write(event, tx).await
    }

    /// Seen.
    #[on]
    async fn measured(
        &self,
        event: &Recorded<Measured>,
        tx: &mut PgTransaction<'_>,
    ) -> Result<(), HandlerError> {
        self.write(event, tx).await
    }

    /// Seen.
    #[on]
    async fn removed(
        &self,
        event: &Recorded<Removed>,
        tx: &mut PgTransaction<'_>,
    ) -> Result<(), HandlerError> {
        self.write(event, tx).await
    }
}

/// Makes the table of [`Seen`]. It has a number of its own, so that the order of the commits' rows can be told.
///
/// # Panics
/// When the database does not answer.
pub async fn create_seen(pool: &PgPool) {
    sqlx::raw_sql(
        "create table seen_events (nth bigint generated always as identity primary key, position bigint not null, \
         stream text not null, version bigint not null, process bigint not null)",
    )
    .execute(pool)
    .await
    .expect("the table can be made");
}
