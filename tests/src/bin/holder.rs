//! A process that appends within a transaction of its own, says so, and leaves it open until it is killed.
//!
//! `holder URL STREAM`

use kenning::store::{PostgresStore, TransactionalStore as _};
use kenning_tests::storm::numbered;
use uuid::Uuid;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1);
    let (url, stream) = words.next().zip(words.next()).ok_or("usage: holder URL STREAM")?;
    let store = PostgresStore::connect(&url).await?;
    let mut transaction = store.begin().await?;
    store.append_in(&mut transaction, numbered(Uuid::now_v7(), &[(stream, 0)], 1)).await?;
    println!("open");
    std::future::pending::<()>().await;
    drop(transaction);
    Ok(())
}
