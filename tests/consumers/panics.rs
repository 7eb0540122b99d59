//! P7: a panic of the user's code on an event fails that event, and nothing else.

use std::collections::BTreeSet;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kenning::prelude::*;

use kenning::store::{Append, BoxFuture, EventStore, Expect, NewEvent, TransactionalStore};
use kenning::{ConsumerOptions, ExecuteError, HandlerError, Lends, Payload, Projection, Reactor, StreamName};

use crate::support::{Home, on_both_stores};

on_both_stores! {
    p7_a_panic_in_an_upcast_parks_the_event_of_a_projection
    p7_a_panic_in_an_apply_parks_the_event_of_the_reactor_that_commands_it
    p7_a_panic_in_an_apply_is_an_error_of_the_command
    p7_a_panic_while_an_inline_projection_reads_is_an_error_of_the_command
    p7_a_panic_while_a_row_is_written_parks_its_event
    p7_an_error_whose_source_panics_parks_its_event
    p7_a_consumer_whose_errors_have_a_nul_pauses_itself
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "person.renamed", version = 2, from(RenamedV1))]
pub struct Renamed {
    pub first: String,
    pub last: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Schema)]
pub struct RenamedV1 {
    pub name: String,
}

impl From<RenamedV1> for Renamed {
    fn from(old: RenamedV1) -> Self {
        let (first, last) = old.name.split_once(' ').unwrap();
        Self { first: first.to_owned(), last: last.to_owned() }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "person.touched")]
pub struct Touched {
    pub bad: bool,
}

/// The numbers of [`Counted`] that were read.
static READ: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());

/// Panics when it is read with a 13, and when a number from 1,000 on is read a second time.
#[derive(Clone, Debug, PartialEq, Serialize, Event)]
#[kenning(name = "person.counted")]
pub struct Counted {
    pub number: Number,
}

impl<'de> Deserialize<'de> for Counted {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Raw {
            number: Number,
        }
        let Raw { number } = Raw::deserialize(deserializer)?;
        assert!(number.0 != 13, "unlucky");
        let is_first = number.0 < 1_000 || READ.lock().unwrap().insert(number.0);
        assert!(is_first, "worn out");
        Ok(Self { number })
    }
}

/// Panics when it is written with a 17.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Schema)]
pub struct Number(u32);

impl Serialize for Number {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        assert!(self.0 != 17, "odd");
        serializer.serialize_u32(self.0)
    }
}

#[derive(Clone, Debug, PartialEq, EventSet)]
pub enum PersonEvent {
    Renamed(Renamed),
    Touched(Touched),
    Counted(Counted),
}

#[derive(Debug, Default, Aggregate)]
#[kenning(category = "person", id = u64, events = PersonEvent)]
pub struct Person {
    touched: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize, Command)]
#[kenning(aggregate = Person)]
pub struct Touch {
    #[kenning(id)]
    pub id: u64,
    pub bad: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize, Command)]
#[kenning(aggregate = Person)]
pub struct Count {
    #[kenning(id)]
    pub id: u64,
    pub number: u32,
}

#[aggregate]
impl Person {
    #[command]
    fn touch(&self, command: &Touch) -> Touched {
        Touched { bad: command.bad }
    }

    #[command]
    fn count(&self, command: &Count) -> Counted {
        Counted { number: Number(command.number) }
    }

    #[apply]
    fn renamed(&mut self, _: &Renamed) {}

    #[apply]
    fn touched(&mut self, event: &Touched) {
        assert!(!event.bad, "ouch");
        self.touched += 1;
    }

    #[apply]
    fn counted(&mut self, _: &Counted) {}
}

/// The streams that a projection has handled an event of.
pub type Seen = Arc<Mutex<BTreeSet<String>>>;

/// A projection on whatever store.
struct Listed<T, const INLINE: bool>(Seen, PhantomData<fn() -> T>);

impl<T: Send + 'static, const INLINE: bool> Projection for Listed<T, INLINE> {
    const NAME: &'static str = "listed";
    const VERSION: u32 = 1;
    const INLINE: bool = INLINE;
    type Events = PersonEvent;
    type Transaction = T;

    fn project<'a>(
        &'a self,
        events: Vec<Recorded<PersonEvent>>,
        _: &'a mut T,
    ) -> BoxFuture<'a, Result<(), HandlerError>> {
        let mut seen = self.0.lock().unwrap();
        seen.extend(events.iter().map(|event| event.stream().id().to_owned()));
        Box::pin(std::future::ready(Ok(())))
    }
}

/// Touches the person with the id of a door.
struct Toucher;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "door.opened")]
pub struct Opened {}

#[reactor(name = "toucher", version = 1)]
impl Toucher {
    #[on]
    async fn opened(
        &self,
        event: &Recorded<Opened>,
        effects: &mut kenning::Effects,
    ) -> Result<(), kenning::ReactorError> {
        effects.send(Touch { id: event.stream().id().parse()?, bad: false });
        Ok(())
    }
}

/// A row with a column whose writing panics for one number.
#[derive(Clone, Debug, PartialEq, ReadModel)]
#[kenning(table = "numbers", version = 1, events = PersonEvent)]
pub struct Numbers {
    #[kenning(key)]
    pub id: u64,
    #[kenning(json)]
    pub number: Number,
}

#[read_model(ignore(Renamed, Touched))]
impl Numbers {
    #[on]
    fn counted(id: u64, event: &Counted) -> Self {
        Self { id, number: event.number }
    }
}

fn options() -> ConsumerOptions {
    ConsumerOptions::new().attempts(2).backoff(Duration::from_millis(1), Duration::from_millis(5))
}

fn raw(name: &str, version: u32, payload: &str) -> NewEvent {
    NewEvent {
        id: Uuid::now_v7(),
        name: name.into(),
        schema_version: version,
        payload: Payload::from_stored(payload.to_owned()),
        correlation_id: None,
        causation_id: None,
        headers: kenning::Headers::new(),
    }
}

async fn append(store: &dyn EventStore, category: &str, id: u64, events: Vec<NewEvent>) {
    let stream = StreamName::new(category, &id.to_string()).unwrap();
    store.append(Append::to(stream, Expect::Any, events)).await.unwrap();
}

/// The streams with parked events, with the reason.
async fn parked(app: &Kenning) -> Vec<(String, String)> {
    let parked = app.parked().failed().list().await.unwrap();
    parked.into_iter().map(|one| (one.stream.id().to_owned(), one.error.unwrap())).collect()
}

type TransactionOf<H> = <<H as Home>::Store as TransactionalStore>::Transaction;

/// Fails without `consumers.decode`: see tests/guards.
async fn p7_a_panic_in_an_upcast_parks_the_event_of_a_projection<H: Home>(home: H)
where
    TransactionOf<H>: Lends<TransactionOf<H>> + 'static,
{
    let store = home.store().await;
    store.prepare().await.unwrap();
    let seen = Seen::default();
    let projection = Listed::<TransactionOf<H>, false>(Arc::clone(&seen), PhantomData);
    append(&store, "person", 1, vec![raw("person.renamed", 1, r#"{"name":"Cher"}"#)]).await;
    for id in 2..=11 {
        append(&store, "person", id, vec![raw("person.renamed", 1, r#"{"name":"Snorri Sturluson"}"#)]).await;
    }
    let app = Kenning::builder(store).consumers(options()).projection(projection).build().await.unwrap();
    app.run_until_idle().await.unwrap();
    assert_eq!(seen.lock().unwrap().len(), 10);
    let parked = parked(&app).await;
    let [(id, reason)] = parked.as_slice() else { panic!("{parked:?}") };
    assert!(id == "1" && reason.contains("reading `person.renamed` version 1 panicked"), "{reason}");
}

/// Fails without `panics.load`: see tests/guards.
async fn p7_a_panic_in_an_apply_parks_the_event_of_the_reactor_that_commands_it<H: Home>(home: H) {
    let store = home.store().await;
    store.prepare().await.unwrap();
    append(&store, "person", 1, vec![raw("person.touched", 1, r#"{"bad":true}"#)]).await;
    for id in 1..=11 {
        append(&store, "door", id, vec![raw("door.opened", 1, "{}")]).await;
    }
    let builder = Kenning::builder(store).consumers(options()).aggregate::<Person>();
    let app = builder
        .reactor_with(Toucher, kenning::ConsumerOptions::new().start(kenning::Start::Beginning))
        .build()
        .await
        .unwrap();
    app.run_until_idle().await.unwrap();
    for id in 2..=11 {
        assert_eq!(app.load::<Person>(id).await.unwrap().touched, 1);
    }
    let parked = parked(&app).await;
    let [(id, reason)] = parked.as_slice() else { panic!("{parked:?}") };
    assert!(id == "1" && reason.contains("ouch"), "{reason}");
    assert_eq!(Toucher::NAME, "toucher");
}

/// An event that is stored is answered with `Ok`; the next command is an error. Neither panics.
async fn p7_a_panic_in_an_apply_is_an_error_of_the_command<H: Home>(home: H) {
    let app = Kenning::builder(home.store().await).aggregate::<Person>().build().await.unwrap();
    assert_eq!(app.execute(Touch { id: 1, bad: true }).await.unwrap().version(), 1);
    let next = app.execute(Touch { id: 1, bad: false }).await.unwrap_err();
    assert!(matches!(next, ExecuteError::Rehydrate(_)), "{next:?}");
    assert!(app.load::<Person>(1).await.is_err());
    assert!(app.load::<Person>(1).at_version(1).await.is_err());
    assert_eq!(app.execute(Touch { id: 2, bad: false }).await.unwrap().version(), 1);
}

/// Fails without `consumers.decode`: see tests/guards.
async fn p7_a_panic_while_an_inline_projection_reads_is_an_error_of_the_command<H: Home>(home: H)
where
    TransactionOf<H>: Lends<TransactionOf<H>> + 'static,
{
    let seen = Seen::default();
    let projection = Listed::<TransactionOf<H>, true>(Arc::clone(&seen), PhantomData);
    let builder = Kenning::builder(home.store().await).aggregate::<Person>();
    let app = builder.projection(projection).build().await.unwrap();
    let refused = app.execute(Count { id: 1, number: 13 }).await.unwrap_err();
    assert!(matches!(refused, ExecuteError::Encode(_)), "{refused:?}");
    // The command itself reads the event first, then the projection.
    let failed = app.execute(Count { id: 1, number: fastrand::u32(1_000..) }).await.unwrap_err();
    assert!(matches!(failed, ExecuteError::Projection { .. }), "{failed:?}");
    assert_eq!(app.load::<Person>(1).await.unwrap().version(), 0);
    app.execute(Count { id: 1, number: 1 }).await.unwrap();
    assert_eq!(seen.lock().unwrap().len(), 1);
}

/// Another place of the user's code: `Serialize` of a column. Fails without `consumers.to-row`:
/// see tests/guards.
async fn p7_a_panic_while_a_row_is_written_parks_its_event<H: Home>(home: H) {
    let store = home.store().await;
    store.prepare().await.unwrap();
    for id in 1..=11 {
        let number = if id == 1 { 17 } else { id };
        append(&store, "person", id, vec![raw("person.counted", 1, &format!("{{\"number\":{number}}}"))])
            .await;
    }
    let app = Kenning::builder(store).consumers(options()).read_model::<Numbers>().build().await.unwrap();
    app.run_until_idle().await.unwrap();
    assert_eq!(app.query::<Numbers>().count().await.unwrap(), 10);
    let parked = parked(&app).await;
    let [(id, reason)] = parked.as_slice() else { panic!("{parked:?}") };
    assert!(id == "1" && reason.contains("odd"), "{reason}");
}

/// An error whose `source` panics.
#[derive(Debug)]
struct Sour;

impl std::fmt::Display for Sour {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("sour")
    }
}

impl std::error::Error for Sour {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        panic!("the source is sour")
    }
}

/// Fails on the door 1.
struct Guest(Seen);

#[reactor(name = "guest", version = 1)]
impl Guest {
    #[on]
    async fn opened(&self, event: &Recorded<Opened>) -> Result<(), kenning::ReactorError> {
        if event.stream().id() == "1" {
            return Err(kenning::ReactorError::retry(Sour));
        }
        self.0.lock().unwrap().insert(event.stream().id().to_owned());
        Ok(())
    }
}

/// Meant to fail without the guard of `any_source`: the partition panics, again and again.
async fn p7_an_error_whose_source_panics_parks_its_event<H: Home>(home: H) {
    let store = home.store().await;
    store.prepare().await.unwrap();
    for id in 1..=11 {
        append(&store, "door", id, vec![raw("door.opened", 1, "{}")]).await;
    }
    let seen = Seen::default();
    let app = Kenning::builder(store)
        .reactor_with(Guest(Arc::clone(&seen)), options().start(kenning::Start::Beginning))
        .build()
        .await
        .unwrap();
    app.run_until_idle().await.unwrap();
    assert_eq!(seen.lock().unwrap().len(), 10);
    let parked = parked(&app).await;
    let [(id, reason)] = parked.as_slice() else { panic!("{parked:?}") };
    assert!(id == "1" && reason.contains("the source is sour"), "{reason}");
}

/// Says no, with a text that PostgreSQL has no form for.
struct Nul;

#[reactor(name = "nul", version = 1)]
impl Nul {
    #[on]
    async fn opened(&self, event: &Recorded<Opened>) -> Result<(), kenning::ReactorError> {
        Err(kenning::ReactorError::park(format!("door \0 {}", event.stream().id())))
    }
}

/// Meant to fail on PostgreSQL with the reason as it is: all events are parked, one after the other.
async fn p7_a_consumer_whose_errors_have_a_nul_pauses_itself<H: Home>(home: H) {
    let store = home.store().await;
    store.prepare().await.unwrap();
    for id in 1..=20 {
        append(&store, "door", id, vec![raw("door.opened", 1, "{}")]).await;
    }
    let options = options().start(kenning::Start::Beginning).park_limit(3);
    let app = Kenning::builder(store).reactor_with(Nul, options).build().await.unwrap();
    app.run_until_idle().await.unwrap();
    let status = app.consumer("nul").status().await.unwrap();
    assert!(status.paused && status.failed == 3, "{status:?}");
    assert!(status.pause_reason.as_deref().unwrap().contains("door \u{fffd} 3"), "{status:?}");
}
