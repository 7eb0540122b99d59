//! How transactions begin.

use std::panic::resume_unwind;

use sqlx::postgres::PgTransaction;
use sqlx::{Error, PgPool, SqlStr, Transaction};

/// Begins a transaction on a connection of the pool; `None`: a plain BEGIN.
///
/// BEGIN runs on a task of its own. sqlx counts a transaction when BEGIN is answered: if the caller were cancelled before
/// that, nothing would roll back, and the connection would return to the pool within the transaction. What its next user
/// writes would be answered with success and not be committed.
pub(super) async fn begin(pool: &PgPool, statement: Option<SqlStr>) -> Result<PgTransaction<'static>, Error> {
    // If this is cancelled, the connection was not used.
    let connection = pool.acquire().await?;
    match tokio::spawn(Transaction::begin(connection, statement)).await {
        Ok(begun) => begun,
        Err(ended) => match ended.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            // The runtime is shutting down.
            Err(_) => Err(Error::PoolClosed),
        },
    }
}
