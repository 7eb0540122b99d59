//! An aggregate, and projections that follow its events: for each store, behind the feed, inline, and by the batch.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt as _;
use kenning::prelude::*;
use kenning::sqlx::{self, Connection as _, PgConnection};
use kenning::store::{MemoryTransaction, StreamQuery};
use kenning::{ConsumerOptions, HandlerError, StreamName};

use crate::support::{Home, Memory, Postgres};

/// An entry in a book. What the projection is to do on it stands in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "book.entered")]
pub struct Entered {
    pub cents: i64,
    pub then: Then,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "book.noted")]
pub struct Noted {}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, Schema)]
pub enum Then {
    Go,
    Fail,
    Panic,
    Hang,
    /// On PostgreSQL: 40001, at the first call.
    Collide,
    /// On PostgreSQL: a statement fails, and nobody says so.
    Hide,
}

#[derive(Clone, Debug, PartialEq, EventSet)]
pub enum BookEvent {
    Entered(Entered),
    Noted(Noted),
}

#[derive(Debug, Default, Aggregate)]
#[kenning(category = "book", id = String, events = BookEvent)]
pub struct Book {
    pub balance: i64,
    pub notes: u64,
}

#[derive(Clone, Debug, Serialize, Command)]
#[kenning(aggregate = Book)]
pub struct Enter {
    #[kenning(id)]
    pub book: String,
    pub entries: Vec<(i64, Then)>,
}

impl Enter {
    pub fn one(book: &str, cents: i64) -> Self {
        Self::then(book, cents, Then::Go)
    }

    pub fn then(book: &str, cents: i64, then: Then) -> Self {
        Self { book: book.to_owned(), entries: vec![(cents, then)] }
    }
}

#[derive(Clone, Debug, Serialize, Command)]
#[kenning(aggregate = Book)]
pub struct Note {
    #[kenning(id)]
    pub book: String,
}

#[aggregate]
impl Book {
    #[command]
    fn enter(&self, command: Enter) -> Vec<Entered> {
        command.entries.into_iter().map(|(cents, then)| Entered { cents, then }).collect()
    }

    #[command]
    fn note(&self, _: &Note) -> Noted {
        Noted {}
    }

    #[apply]
    fn entered(&mut self, event: &Entered) {
        self.balance += event.cents;
    }

    #[apply]
    fn noted(&mut self, _: &Noted) {
        self.notes += 1;
    }
}

/// What a projection has written of an event, or what the store has of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Row {
    pub position: i64,
    pub book: String,
    pub version: i64,
    pub cents: i64,
}

impl Row {
    fn of(event: &Recorded<Entered>) -> Self {
        Self {
            position: event.position().get().cast_signed(),
            book: event.stream().id().to_owned(),
            version: event.version().get().cast_signed(),
            cents: event.cents,
        }
    }
}

#[derive(Debug)]
pub struct Refused {
    pub cents: i64,
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the clerk refuses {}", self.cents)
    }
}

impl std::error::Error for Refused {}

/// What both projections count and do.
#[derive(Default)]
pub struct Calls(AtomicU64);

impl Calls {
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    /// The number of this call.
    fn called(&self) -> u64 {
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }
}

async fn act(event: &Entered) -> Result<(), Refused> {
    match event.then {
        Then::Go | Then::Collide | Then::Hide => Ok(()),
        Then::Fail => Err(Refused { cents: event.cents }),
        Then::Panic => panic!("the clerk faints"),
        Then::Hang => std::future::pending().await,
    }
}

/// Rows in memory, in the order in which they were written: what is written twice is there twice.
pub type Shelf = Arc<Mutex<Vec<Row>>>;

struct InMemory {
    shelf: Shelf,
    calls: Arc<Calls>,
}

impl InMemory {
    async fn enter(&self, event: &Recorded<Entered>, tx: &mut MemoryTransaction) -> Result<(), HandlerError> {
        self.calls.called();
        let (shelf, row) = (Arc::clone(&self.shelf), Row::of(event));
        tx.on_commit(move || shelf.lock().unwrap().push(row));
        Ok(act(event).await?)
    }
}

struct InSql {
    calls: Arc<Calls>,
}

impl InSql {
    async fn enter(&self, event: &Recorded<Entered>, tx: &mut PgTransaction<'_>) -> Result<(), HandlerError> {
        let call = self.calls.called();
        let row = Row::of(event);
        sqlx::query("insert into public.clerk_rows (position, book, version, cents) values ($1, $2, $3, $4)")
            .bind(row.position)
            .bind(row.book)
            .bind(row.version)
            .bind(row.cents)
            .execute(&mut **tx)
            .await?;
        if event.then == Then::Collide && call == 1 {
            sqlx::query("do $$ begin raise exception 'a collision' using errcode = '40001'; end $$")
                .execute(&mut **tx)
                .await?;
        }
        if event.then == Then::Hide {
            let hidden = sqlx::query("select 1 / 0").execute(&mut **tx).await;
            assert!(hidden.is_err());
        }
        Ok(act(event).await?)
    }
}

macro_rules! clerks {
    ($($name:ident of $clerk:ident, $transaction:ty $(, $inline:ident)?;)*) => {
        $(struct $name($clerk);

        #[projection(name = "clerk", version = 1, events = BookEvent, ignore(Noted) $(, $inline)?)]
        impl $name {
            #[on]
            async fn entered(&self, event: &Recorded<Entered>, tx: &mut $transaction) -> Result<(), HandlerError> {
                self.0.enter(event, tx).await
            }
        })*
    };
}

clerks! {
    InlineInMemory of InMemory, MemoryTransaction, inline;
    BehindInMemory of InMemory, MemoryTransaction;
    InlineInSql of InSql, PgTransaction<'_>, inline;
    BehindInSql of InSql, PgTransaction<'_>;
}

macro_rules! batch_clerks {
    ($($name:ident of $clerk:ident, $transaction:ty;)*) => {
        $(struct $name($clerk);

        #[projection(name = "clerk", version = 1, events = BookEvent)]
        impl $name {
            #[on]
            async fn batch(&self, events: &[Recorded<BookEvent>], tx: &mut $transaction) -> Result<(), HandlerError> {
                for event in events {
                    if let BookEvent::Entered(entered) = event.event() {
                        self.0.enter(&Recorded::new(entered.clone(), event.metadata().clone()), tx).await?;
                    }
                }
                Ok(())
            }
        })*
    };
}

batch_clerks! {
    BatchesInMemory of InMemory, MemoryTransaction;
    BatchesInSql of InSql, PgTransaction<'_>;
}

/// How the projection follows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Way {
    Inline,
    Behind,
    Batches,
}

/// A home whose applications have a clerk.
pub trait Desk: Home {
    /// A place for the rows.
    async fn rows(&self) -> Rows;

    /// An application with a clerk, as each process has one.
    async fn open(&self, rows: &Rows, way: Way) -> (Kenning, Arc<Calls>);
}

/// Where the rows are.
pub enum Rows {
    Memory(Shelf),
    Postgres(String),
}

impl Desk for Memory {
    async fn rows(&self) -> Rows {
        Rows::Memory(Shelf::default())
    }

    async fn open(&self, rows: &Rows, way: Way) -> (Kenning, Arc<Calls>) {
        let Rows::Memory(shelf) = rows else { panic!("the rows of another store") };
        let calls = Arc::<Calls>::default();
        let clerk = InMemory { shelf: Arc::clone(shelf), calls: Arc::clone(&calls) };
        let builder = Kenning::builder(self.store().await).aggregate::<Book>().consumers(options());
        let builder = match way {
            Way::Inline => builder.projection(InlineInMemory(clerk)),
            Way::Behind => builder.projection(BehindInMemory(clerk)),
            Way::Batches => builder.projection(BatchesInMemory(clerk)),
        };
        (builder.build().await.expect("an application"), calls)
    }
}

impl Desk for Postgres {
    async fn rows(&self) -> Rows {
        Rows::new(&self.url).await
    }

    async fn open(&self, _: &Rows, way: Way) -> (Kenning, Arc<Calls>) {
        on_postgres(self.store().await, way).await
    }
}

/// Long enough for a handler, short enough for a test of one that never returns.
fn options() -> ConsumerOptions {
    let (first, longest) = (Duration::from_millis(1), Duration::from_millis(5));
    ConsumerOptions::new().timeout(Duration::from_secs(2)).attempts(2).backoff(first, longest)
}

pub async fn on_postgres(store: PostgresStore, way: Way) -> (Kenning, Arc<Calls>) {
    let calls = Arc::<Calls>::default();
    let clerk = InSql { calls: Arc::clone(&calls) };
    let builder = Kenning::builder(store).aggregate::<Book>().consumers(options());
    let builder = match way {
        Way::Inline => builder.projection(InlineInSql(clerk)),
        Way::Behind => builder.projection(BehindInSql(clerk)),
        Way::Batches => builder.projection(BatchesInSql(clerk)),
    };
    (builder.build().await.expect("an application"), calls)
}

impl Rows {
    /// The table, in a database of PostgreSQL.
    pub async fn new(url: &str) -> Self {
        let mut connection = PgConnection::connect(url).await.expect("the database answers");
        sqlx::query(
            "create table public.clerk_rows (position bigint primary key, book text, version bigint, cents bigint)",
        )
        .execute(&mut connection)
        .await
        .expect("a table");
        Self::Postgres(url.to_owned())
    }

    /// All rows, by position.
    pub async fn all(&self) -> Vec<Row> {
        match self {
            Self::Memory(shelf) => {
                let mut rows = shelf.lock().unwrap().clone();
                rows.sort();
                rows
            }
            Self::Postgres(url) => {
                let mut connection = PgConnection::connect(url).await.expect("the database answers");
                let rows: Vec<(i64, String, i64, i64)> = sqlx::query_as(
                    "select position, book, version, cents from public.clerk_rows order by position",
                )
                .fetch_all(&mut connection)
                .await
                .expect("the rows");
                rows.into_iter()
                    .map(|(position, book, version, cents)| Row { position, book, version, cents })
                    .collect()
            }
        }
    }
}

/// The entries that the store has in some books, by position.
pub async fn stored(app: &Kenning, books: &[&str]) -> Vec<Row> {
    let mut rows = Vec::new();
    for book in books {
        let stream = StreamName::new("book", book).expect("a legal id");
        let mut events = app.store().read_stream(StreamQuery::forwards(stream));
        while let Some(event) = events.next().await {
            let (event, metadata) =
                event.expect("an event").decode::<BookEvent>().expect("of the book").into_parts();
            if let BookEvent::Entered(event) = event {
                rows.push(Row::of(&Recorded::new(event, metadata)));
            }
        }
    }
    rows.sort();
    rows
}
