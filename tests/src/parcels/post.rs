//! The outside world of parcels: two tables that the store knows nothing of.

use std::time::Duration;

use kenning::StepContext;
use kenning::saga::StepError;
use sqlx::PgPool;

/// Takes calls, each with its key.
pub struct Post {
    /// Where it keeps its tables.
    pub pool: PgPool,
    /// How long each call takes, after its effect.
    pub pause: Duration,
    /// Of a hundred calls so many are answered with an error: half of them before their effect, half after it.
    pub flaky: u8,
}

impl Post {
    /// Notes that it was called, then does what is asked for, once per key, then takes its time.
    pub(super) async fn call(&self, cx: &StepContext<Self>, effect: &str) -> Result<i64, StepError> {
        let process = i64::from(std::process::id());
        sqlx::query(
            "insert into post_calls (parcel, effect, key, attempt, process) values ($1, $2, $3, $4, $5)",
        )
        .bind(cx.saga_id())
        .bind(effect)
        .bind(cx.key())
        .bind(i64::from(cx.attempt()))
        .bind(process)
        .execute(&self.pool)
        .await?;
        let weather = fastrand::u8(..100);
        if weather < self.flaky / 2 {
            return Err(StepError::retry("the line is busy"));
        }
        sqlx::query(
            "insert into post_effects (key, parcel, effect) values ($1, $2, $3) on conflict (key) do nothing",
        )
        .bind(cx.key())
        .bind(cx.saga_id())
        .bind(effect)
        .execute(&self.pool)
        .await?;
        if !self.pause.is_zero() {
            tokio::time::sleep(self.pause).await;
        }
        if weather < self.flaky {
            return Err(StepError::retry("the line went dead"));
        }
        Ok(process)
    }
}

/// Makes the tables of [`Post`].
///
/// # Panics
/// When the database does not answer.
pub async fn create_post(pool: &PgPool) {
    sqlx::raw_sql(
        "create table post_calls (nth bigint generated always as identity primary key, parcel text not null, effect text not null, \
         key uuid not null, attempt bigint not null, process bigint not null);
         create table post_effects (nth bigint generated always as identity, key uuid primary key, parcel text not null, effect text not null)",
    )
    .execute(pool)
    .await
    .expect("the tables can be made");
}
