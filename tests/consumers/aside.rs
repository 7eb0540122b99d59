//! P7: what fails or is slow in one stream does not hold up the others, and nothing is skipped.

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kenning::prelude::*;
use kenning::store::{Append, BoxFuture, EventStore, Expect, NewEvent, TransactionalStore};
use kenning::{
    CancellationToken, ConsumerOptions, Effects, HandlerError, Lends, Projection, ReactorError, StreamName,
};

use crate::support::{Home, on_both_stores};

on_both_stores! {
    p7_a_failing_stream_does_not_hold_up_others
    p7_a_slow_call_of_a_reactor_does_not_hold_up_others
    p7_a_consumer_that_parks_everything_pauses_itself
    an_event_that_an_aggregate_does_not_know_is_not_appended_to_it
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "thing.done")]
pub struct Done {
    pub number: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "thing.heard")]
pub struct Heard {}

#[derive(Clone, Debug, PartialEq, EventSet)]
pub enum ThingEvent {
    Done(Done),
}

#[derive(Debug, Default, Aggregate)]
#[kenning(category = "thing", id = String, events = ThingEvent)]
pub struct Thing {}

#[derive(Clone, Debug, Serialize, Deserialize, Command)]
#[kenning(aggregate = Thing)]
pub struct Do {
    #[kenning(id)]
    pub id: String,
    pub number: u32,
}

#[aggregate]
impl Thing {
    #[command]
    fn handle_do(&self, command: &Do) -> Done {
        Done { number: command.number }
    }

    #[apply]
    fn done(&mut self, _: &Done) {}
}

/// What was handled of each stream, in order.
type Seen = Arc<Mutex<BTreeMap<String, Vec<u32>>>>;

#[derive(Clone, Default)]
struct World {
    seen: Seen,
    broken: Arc<AtomicBool>,
}

impl World {
    fn of(&self, id: &str) -> Vec<u32> {
        self.seen.lock().unwrap().get(id).cloned().unwrap_or_default()
    }

    fn see(&self, event: &Recorded<ThingEvent>) {
        let ThingEvent::Done(done) = event.event();
        let id = event.stream().id().to_owned();
        self.seen.lock().unwrap().entry(id).or_default().push(done.number);
    }
}

/// Fails on the stream `bad` while the world is broken.
struct Teller<T>(World, PhantomData<fn() -> T>);

impl<T: Send + 'static> Projection for Teller<T> {
    const NAME: &'static str = "teller";
    const VERSION: u32 = 1;
    type Events = ThingEvent;
    type Transaction = T;

    fn project<'a>(
        &'a self,
        events: Vec<Recorded<ThingEvent>>,
        _: &'a mut T,
    ) -> BoxFuture<'a, Result<(), HandlerError>> {
        let broken = self.0.broken.load(Ordering::SeqCst);
        let bad = broken && events.iter().any(|event| event.stream().id().starts_with("bad"));
        if !bad {
            events.iter().for_each(|event| self.0.see(event));
        }
        Box::pin(std::future::ready(if bad { Err("it is broken".into()) } else { Ok(()) }))
    }
}

type TransactionOf<H> = <<H as Home>::Store as TransactionalStore>::Transaction;

fn run(app: &Kenning) -> tokio::task::JoinHandle<()> {
    let app = app.clone();
    tokio::spawn(async move { drop(app.run(CancellationToken::new()).await) })
}

async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    for _ in 0..3_000 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{what}");
}

async fn append(store: &dyn EventStore, id: &str, numbers: std::ops::Range<u32>) {
    let event = |number| NewEvent::new(ThingEvent::from(Done { number }).encode().unwrap());
    let stream = StreamName::new("thing", id).unwrap();
    store.append(Append::to(stream, Expect::Any, numbers.map(event).collect())).await.unwrap();
}

/// Fails without `consumers.aside`: see tests/guards.
async fn p7_a_failing_stream_does_not_hold_up_others<H: Home>(home: H)
where
    TransactionOf<H>: Lends<TransactionOf<H>> + 'static,
{
    let store = home.store().await;
    store.prepare().await.unwrap();
    append(&store, "bad", 0..50).await;
    append(&store, "good", 0..1).await;
    let world = World::default();
    world.broken.store(true, Ordering::SeqCst);
    let hour = Duration::from_secs(3_600);
    let options = ConsumerOptions::new().attempts(5).backoff(hour, hour);
    let teller = Teller::<TransactionOf<H>>(world.clone(), PhantomData);
    let app = Kenning::builder(store).projection_with(teller, options).build().await.unwrap();
    let running = run(&app);
    until("the good stream is handled", async || world.of("good") == [0]).await;
    until("the bad event is set aside", async || {
        let status = app.consumer("teller").status().await.unwrap();
        (status.retrying, status.waiting, status.failed) == (1, 49, 0)
    })
    .await;
    // What comes later flows, and what comes for the bad stream waits in its place.
    append(&**app.store(), "bad", 50..60).await;
    append(&**app.store(), "good", 1..2).await;
    until("the next good one is handled", async || world.of("good") == [0, 1]).await;
    // It is in the store: a process that dies now loses nothing, and the next one goes on.
    running.abort();
    drop(running.await);
    world.broken.store(false, Ordering::SeqCst);
    let parked = app.parked().list().await.unwrap();
    assert!(parked[0].retry_at.is_some() && parked[0].attempts == 1);
    app.parked().retry(&parked[0]).await.unwrap();
    app.run_until_idle().await.unwrap();
    assert_eq!(world.of("bad"), (0..60).collect::<Vec<_>>());
    assert_eq!(world.of("good"), [0, 1]);
    assert_eq!(app.parked().list().await.unwrap(), []);
}

/// A reactor whose call about `bad` hangs until it is let go.
struct Caller(World, Arc<tokio::sync::Notify>);

#[reactor(name = "caller", version = 1)]
impl Caller {
    #[on]
    async fn done(&self, event: &Recorded<Done>, effects: &mut Effects) -> Result<(), ReactorError> {
        if event.stream().id() == "bad" && event.number == 0 {
            let asked = async |_| {
                self.1.notified().await;
                Ok::<_, std::io::Error>(())
            };
            effects.call("slow", asked).await?;
        }
        let (done, metadata) = (event.event().clone(), event.metadata().clone());
        self.0.see(&Recorded::new(done.into(), metadata));
        effects.append(StreamName::new("heard", event.stream().id())?, Heard {});
        Ok(())
    }
}

/// Fails without `consumers.slow`: see tests/guards.
async fn p7_a_slow_call_of_a_reactor_does_not_hold_up_others<H: Home>(home: H) {
    let store = home.store().await;
    store.prepare().await.unwrap();
    append(&store, "bad", 0..3).await;
    append(&store, "good", 0..1).await;
    let (world, let_go) = (World::default(), Arc::new(tokio::sync::Notify::new()));
    let caller = Caller(world.clone(), Arc::clone(&let_go));
    let options = ConsumerOptions::new().timeout(Duration::from_secs(3_600));
    let app = Kenning::builder(store)
        .reactor_with(caller, options.start(kenning::Start::Beginning))
        .build()
        .await
        .unwrap();
    let running = run(&app);
    until("the good stream is handled", async || world.of("good") == [0]).await;
    append(&**app.store(), "good", 1..2).await;
    until("the next one too", async || world.of("good") == [0, 1]).await;
    assert_eq!(world.of("bad"), Vec::<u32>::new());
    let_go.notify_one();
    until("the slow stream is handled in order", async || world.of("bad") == [0, 1, 2]).await;
    until("nothing is left", async || app.parked().list().await.unwrap().is_empty()).await;
    running.abort();
}

/// Fails without `consumers.park-limit`: see tests/guards.
async fn p7_a_consumer_that_parks_everything_pauses_itself<H: Home>(home: H)
where
    TransactionOf<H>: Lends<TransactionOf<H>> + 'static,
{
    let store = home.store().await;
    store.prepare().await.unwrap();
    for stream in 0..50 {
        append(&store, &format!("bad{stream}"), 0..1).await;
    }
    let world = World::default();
    world.broken.store(true, Ordering::SeqCst);
    let options = ConsumerOptions::new().attempts(1).park_limit(10);
    let teller = Teller::<TransactionOf<H>>(world.clone(), PhantomData);
    let app = Kenning::builder(store).projection_with(teller, options).build().await.unwrap();
    let running = run(&app);
    until("it pauses itself", async || app.consumer("teller").status().await.unwrap().paused).await;
    let status = app.consumer("teller").status().await.unwrap();
    let reason = status.pause_reason.unwrap();
    assert!(reason.contains("10 events in a row") && reason.contains("it is broken"), "{reason}");
    assert_eq!((status.failed, status.problem.is_some()), (10, true));
    world.broken.store(false, Ordering::SeqCst);
    app.consumer("teller").resume().await.unwrap();
    until("the others are handled", async || world.seen.lock().unwrap().len() == 40).await;
    let status = app.consumer("teller").status().await.unwrap();
    assert_eq!((status.paused, status.pause_reason), (false, None));
    running.abort();
}

/// Appends what the aggregate does not know.
struct Intruder;

#[reactor(name = "intruder", version = 1)]
impl Intruder {
    #[on]
    async fn done(&self, event: &Recorded<Done>, effects: &mut Effects) -> Result<(), ReactorError> {
        effects.append(event.stream().clone(), Heard {});
        Ok(())
    }
}

/// Fails without `consumers.refuses`: see tests/guards.
async fn an_event_that_an_aggregate_does_not_know_is_not_appended_to_it<H: Home>(home: H) {
    let builder = Kenning::builder(home.store().await).aggregate::<Thing>();
    let app = builder
        .reactor_with(Intruder, kenning::ConsumerOptions::new().start(kenning::Start::Beginning))
        .build()
        .await
        .unwrap();
    app.execute(Do { id: "a".to_owned(), number: 1 }).await.unwrap();
    app.run_until_idle().await.unwrap();
    let parked = app.parked().failed().list().await.unwrap();
    let reason = parked[0].error.as_deref().unwrap();
    assert!(reason.contains("`thing.heard`") && reason.contains("aggregate `thing`"), "{reason}");
    app.execute(Do { id: "a".to_owned(), number: 2 }).await.unwrap();
    assert_eq!(app.load::<Thing>("a".to_owned()).await.unwrap().version(), 2);
}
