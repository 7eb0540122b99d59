//! Followers of tallies: a read model, a projection that writes down what it sees, a saga that
//! sends a command.

use kenning::HandlerError;
use kenning::prelude::*;
use kenning::saga::StepError;
use sqlx::PgPool;
use uuid::Uuid;

use crate::storm::{Add, Added, TallyEvent};

/// One row a tally.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ReadModel)]
#[kenning(table = "tally_rows", version = 1, events = TallyEvent)]
pub struct TallyRow {
    /// Which tally.
    #[kenning(key)]
    pub tally: u32,
    /// The number of its events.
    pub events: i64,
    /// See [`trail`].
    pub trail: i64,
}

/// The value that an event adds to a trail. Two rows have the same trail only if they saw the same
/// events in the same order.
#[must_use]
pub fn trail(before: i64, tag: Uuid, number: u64) -> i64 {
    before.wrapping_mul(31).wrapping_add((tag.as_u64_pair().1 ^ number).cast_signed())
}

#[read_model]
impl TallyRow {
    #[on]
    fn added(row: Option<Self>, tally: u32, event: &Added) -> Self {
        let row = row.unwrap_or(Self { tally, events: 0, trail: 1 });
        Self { tally, events: row.events + 1, trail: trail(row.trail, event.tag, event.number) }
    }
}

/// Writes a row for each event into `tally_seen`, which does not refuse a second one.
#[derive(Debug)]
pub struct TallySeen;

#[projection(name = "tally-seen", version = 1, events = TallyEvent)]
impl TallySeen {
    #[on]
    async fn added(&self, event: &Recorded<Added>, tx: &mut PgTransaction<'_>) -> Result<(), HandlerError> {
        sqlx::query("insert into tally_seen (position, event_id, stream, version) values ($1, $2, $3, $4)")
            .bind(i64::try_from(event.position().get())?)
            .bind(event.metadata().id)
            .bind(event.stream().as_str())
            .bind(i64::try_from(event.version().get())?)
            .execute(&mut **tx)
            .await?;
        Ok(())
    }
}

/// Writes a note, then sends a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Saga)]
#[kenning(name = "errand", version = 1, id = tag)]
pub struct Errand {
    /// The tag of its command.
    pub tag: Uuid,
    /// The tally that the command is for.
    pub tally: u32,
}

/// Where errands write their notes: a table in the same database, by its own connections.
#[derive(Debug)]
pub struct Errands {
    /// The connections.
    pub pool: PgPool,
}

#[saga(services = Errands, retry(attempts = 10_000, backoff = "5ms..100ms"), timeout = "20s")]
impl Errand {
    #[step(undo = strike_out)]
    async fn note(&self, cx: &StepContext<Errands>) -> Result<Uuid, StepError> {
        sqlx::query("insert into errand_notes (key, tag) values ($1, $2) on conflict (key) do nothing")
            .bind(cx.key())
            .bind(self.tag)
            .execute(&cx.services().pool)
            .await?;
        Ok(cx.key())
    }
    #[undo]
    async fn strike_out(&self, cx: &StepContext<Errands>, _: Option<&Uuid>) -> Result<(), StepError> {
        sqlx::query("update errand_notes set undone = true where tag = $1")
            .bind(self.tag)
            .execute(&cx.services().pool)
            .await?;
        Ok(())
    }

    #[send(pivot)]
    fn add(&self) -> Add {
        Add { tally: self.tally, tag: self.tag, events: 1, even_only: false }
    }
}

/// Makes the tables of [`TallySeen`] and [`Errands`].
///
/// # Panics
/// If the database does not answer.
pub async fn create_tables(pool: &PgPool) {
    sqlx::raw_sql(
        "create table tally_seen (nth bigint generated always as identity primary key, \
         position bigint not null, \
         event_id uuid not null, stream text not null, version bigint not null);
         create table errand_notes (key uuid primary key, tag uuid not null, \
         undone boolean not null default false)",
    )
    .execute(pool)
    .await
    .expect("the tables can be made");
}
