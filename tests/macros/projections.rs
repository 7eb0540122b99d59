//! What `#[projection]` accepts: every form of a handler, in one block.

use std::sync::atomic::{AtomicU64, Ordering};

use kenning::prelude::*;
use kenning::sqlx::{self, PgConnection};
use kenning::store::{MemoryTransaction, TransactionalStore as _};
use kenning::{HandlerError, Lends, Metadata, Project, ProjectInto, StreamName};

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "coin.tossed")]
struct Tossed {
    heads: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "coin.lost")]
struct Lost {}

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "coin.found")]
struct Found {}

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "coin.polished")]
struct Polished {}

#[derive(Clone, Debug, EventSet)]
enum CoinEvent {
    Tossed(Tossed),
    Lost(Lost),
    Found(Found),
    Polished(Polished),
}

/// A fold in memory; every handler is of another form.
#[derive(Default)]
struct r#Coins {
    heads: AtomicU64,
    lost: AtomicU64,
    found: AtomicU64,
}

#[kenning::projection(name = "coins", version = 3, events = CoinEvent, ignore(Polished,))]
impl r#Coins {
    const HEADS: u64 = 1;

    #[kenning::on]
    async fn r#tossed(
        &self,
        event: &Recorded<Tossed>,
        _: &mut MemoryTransaction,
    ) -> Result<(), std::io::Error> {
        tokio::task::yield_now().await;
        self.heads.fetch_add(if event.heads { Self::HEADS } else { 0 }, Ordering::Relaxed);
        Ok(())
    }

    #[on]
    fn lost(&self, _: &Lost) {
        self.lost.fetch_add(1, Ordering::Relaxed);
    }

    #[on]
    #[cfg(test)]
    fn found(&self, _: &Found, transaction: &mut MemoryTransaction) -> Result<(), String> {
        self.found.fetch_add(1, Ordering::Relaxed);
        let _ = transaction;
        Err("finders keepers".to_owned())
    }

    #[on]
    #[cfg(not(test))]
    async fn found(&self, _: &Found) {}
}

/// All of a batch at once, in the transaction of every append.
struct Batches(AtomicU64);

#[projection(name = "batches", version = 1, events = CoinEvent, inline)]
impl Batches {
    #[on]
    async fn batch(&self, events: &[Recorded<CoinEvent>], _: &mut MemoryTransaction) {
        self.0.fetch_add(events.len() as u64, Ordering::Relaxed);
    }
}

/// Nothing in the database: it runs on every store.
struct Nowhere;

#[projection(name = "nowhere", version = 1, events = CoinEvent, ignore(Lost, Found, Polished))]
impl Nowhere {
    #[on]
    async fn tossed(&self, _: &Tossed) -> Result<(), HandlerError> {
        Ok(())
    }
}

/// The transactions of PostgreSQL, as they may be written.
struct InSql;

#[projection(name = "in-sql", version = 1, events = CoinEvent, ignore(Found, Polished))]
impl InSql {
    #[on]
    async fn tossed(&self, event: &Recorded<Tossed>, tx: &mut PgTransaction<'_>) -> Result<(), sqlx::Error> {
        sqlx::query("select $1").bind(event.heads).execute(&mut **tx).await?;
        Ok(())
    }

    #[on]
    async fn lost(&self, _: &Lost, tx: &mut PgTransaction<'static>) -> sqlx::Result<()> {
        sqlx::query("select 1").execute(&mut **tx).await.map(|_| ())
    }
}

struct OnAConnection;

#[projection(name = "on-a-connection", version = 1, events = CoinEvent)]
impl OnAConnection {
    #[on]
    async fn all(
        &self,
        events: &[Recorded<CoinEvent>],
        connection: &mut PgConnection,
    ) -> Result<(), sqlx::Error> {
        sqlx::query("select $1").bind(events.len() as i64).execute(connection).await?;
        Ok(())
    }
}

fn recorded(event: impl Into<CoinEvent>) -> Recorded<CoinEvent> {
    let stream = StreamName::new("coin", "1").unwrap();
    let version = Version::new(1);
    let metadata =
        Metadata::new(Uuid::now_v7(), stream, version, kenning::Position::new(1), OffsetDateTime::UNIX_EPOCH);
    Recorded::new(event.into(), metadata)
}

#[tokio::test]
async fn every_form_of_a_handler_is_called() {
    let mut transaction = MemoryStore::new().begin().await.unwrap();
    let coins = Coins::default();
    let events =
        vec![recorded(Tossed { heads: true }), recorded(Polished {}), recorded(Lost {}), recorded(Lost {})];
    coins.project(events, &mut transaction).await.unwrap();
    let events = vec![recorded(Tossed { heads: true }), recorded(Found {}), recorded(Lost {})];
    let error = coins.project(events, &mut transaction).await.unwrap_err();
    assert_eq!(error.to_string(), "finders keepers");
    let counted = [&coins.heads, &coins.lost, &coins.found].map(|count| count.load(Ordering::Relaxed));
    assert_eq!(counted, [2, 2, 1], "what comes after the first that fails is not handled");

    let batches = Batches(AtomicU64::new(0));
    let events = vec![recorded(Lost {}), recorded(Found {})];
    batches.project(events, &mut transaction).await.unwrap();
    assert_eq!(batches.0.into_inner(), 2);
    Nowhere.project(vec![recorded(Lost {})], transaction.lend()).await.unwrap();
}

#[test]
fn a_block_declares_its_projection() {
    assert_eq!(
        (Coins::NAME, Coins::VERSION, Coins::INLINE, Coins::IGNORED),
        ("coins", 3, false, &["coin.polished"][..])
    );
    assert_eq!((Batches::INLINE, Batches::IGNORED), (true, &[][..]));
    fn runs_on<S: kenning::store::TransactionalStore, P: Projection>()
    where
        S::Transaction: Lends<P::Transaction>,
    {
    }
    runs_on::<MemoryStore, Coins>();
    runs_on::<MemoryStore, Nowhere>();
    runs_on::<PostgresStore, Nowhere>();
    runs_on::<PostgresStore, InSql>();
    runs_on::<PostgresStore, OnAConnection>();
    fn handles<P: Project<Tossed> + Project<Polished>>()
    where
        CoinEvent: ProjectInto<P>,
    {
    }
    handles::<Coins>();
}
