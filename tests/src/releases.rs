//! Two releases of one program, which run as processes on one database.

pub mod new;
pub mod old;

use kenning::{StepContext, StepError};
use sqlx::PgPool;
use std::time::Duration;

/// What steps reach the outside with. It writes down each call, with its key.
#[derive(Clone)]
pub struct Calls {
    /// Connections of its own.
    pub pool: PgPool,
    /// How long a call takes after it was written down.
    pub pause: Duration,
}

impl Calls {
    /// Writes a call down.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn call(&self, cx: &StepContext<Self>, what: &str) -> Result<u64, StepError> {
        let sql = "insert into release_calls (what, id, key, process) values ($1, $2, $3, $4)";
        let (id, process) = (cx.saga_id().to_owned(), i64::from(std::process::id()));
        let call = sqlx::query(sql).bind(what.to_owned()).bind(id).bind(cx.key()).bind(process);
        call.execute(&self.pool).await.map_err(StepError::retry)?;
        tokio::time::sleep(self.pause).await;
        Ok(1)
    }
}

/// Makes the tables that the releases write to. Nothing in them keeps a row from being there twice.
///
/// # Panics
/// When the database does not answer.
pub async fn create_tables(pool: &PgPool) {
    sqlx::raw_sql(
        "create table release_calls (what text not null, id text not null, key uuid not null, process bigint not null); \
         create table release_revenue (position bigint not null, version int not null); \
         create table release_log (position bigint not null)",
    )
    .execute(pool)
    .await
    .expect("the tables can be made");
}
