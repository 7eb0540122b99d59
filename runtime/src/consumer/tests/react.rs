//! Reactors, handler by handler: who is called when, how often, and what becomes of what fails.

use std::cell::RefCell;
use std::time::Duration;

use tokio::time::Instant;

use super::support::*;
use crate::app::tests::account::{Account, move_cents, open};
use crate::reactor::{Effects, React, Reactor, ReactorError, ReactorEvent};
use crate::recorded::Recorded;
use crate::store::{BoxFuture, StoreError};
use crate::{BuildError, Catalog, ConsumerOptions, Kenning, MemoryStore, Mistake};

thread_local! {
    /// The calls, by the things; all tasks of a test run in its thread.
    static CALLED: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Calls somebody about each thing, which takes a second, and misbehaves for things of certain names.
struct Porter;

impl Reactor for Porter {
    const NAME: &'static str = "porter";
    const VERSION: u32 = 1;
    const EVENTS: &'static [ReactorEvent<Self>] = &[ReactorEvent::of::<Placed>()];
}

impl React<Placed> for Porter {
    fn react<'a>(
        &'a self,
        event: &'a Recorded<Placed>,
        effects: &'a mut Effects,
    ) -> BoxFuture<'a, Result<(), ReactorError>> {
        Box::pin(async move {
            let thing = event.thing.as_str();
            let call = async |_| {
                CALLED.with_borrow_mut(|called| called.push(thing.to_owned()));
                tokio::time::sleep(Duration::from_secs(1)).await;
                match thing {
                    "cable" if CALLED.with_borrow(Vec::len) < 20 => {
                        Err(StoreError::Unavailable("cut".into()))
                    }
                    _ => Ok(()),
                }
            };
            effects.call("carry", call).await?;
            match thing {
                "glue" => Err(std::io::Error::other("it sticks").into()),
                "mud" => Err(ReactorError::park("it is dirty")),
                "rock" => std::future::pending().await,
                "bomb" => panic!("boom"),
                "debt" => {
                    effects.send(move_cents("nobody", -1));
                    Ok(())
                }
                _ => Ok(()),
            }
        })
    }
}

async fn app(store: &MemoryStore, options: ConsumerOptions) -> Kenning {
    let options = options.attempts(3).start(crate::Start::Beginning);
    builder(store).aggregate::<Account>().reactor_with(Porter, options).build().await.unwrap()
}

fn called(thing: &str) -> usize {
    CALLED.with_borrow(|called| called.iter().filter(|one| *one == thing).count())
}

async fn errors(app: &Kenning) -> Vec<Option<String>> {
    app.parked().list().await.unwrap().into_iter().map(|parked| parked.error).collect()
}

#[tokio::test(start_paused = true)]
async fn streams_are_handled_at_the_same_time_so_many_of_them() {
    for (concurrency, least) in [(50, 1), (8, 7), (1, 50)] {
        let (store, began) = (store(), Instant::now());
        for number in 0..50 {
            put(&store, number, &[placed("cup")]).await;
        }
        let app = app(&store, ConsumerOptions::new().concurrency(concurrency)).await;
        app.run_until_idle().await.unwrap();
        let took = began.elapsed().as_secs();
        assert!((least..least + 2).contains(&took), "{concurrency} at a time: {took} s");
    }
    assert_eq!(called("cup"), 150);
}

/// The later event of a stream is not handled before it is known what becomes of the earlier one.
#[tokio::test(start_paused = true)]
async fn p7_nobody_is_called_about_what_waits_behind_a_rejection() {
    let store = store();
    put(&store, "a", &[placed("cup"), placed("debt"), placed("jug")]).await;
    put(&store, "b", &[placed("pot"), placed("pan")]).await;
    let app = app(&store, ConsumerOptions::new()).await;
    app.run_until_idle().await.unwrap();
    let reason = "`Move` was rejected by `account`: 1 cents are missing";
    assert_eq!(errors(&app).await, [Some(reason.to_owned()), None]);
    assert_eq!(["cup", "debt", "jug", "pot", "pan"].map(called), [1, 1, 0, 1, 1]);
    // The cause is gone, and the handler is asked anew.
    app.execute(open("nobody")).await.unwrap();
    app.execute(move_cents("nobody", 5)).await.unwrap();
    let first = app.parked().list().await.unwrap().remove(0);
    app.parked().retry(&first).await.unwrap();
    app.run_until_idle().await.unwrap();
    assert_eq!((errors(&app).await, ["debt", "jug"].map(called)), (vec![], [2, 1]));
    assert_eq!(app.load::<Account>("nobody".to_owned()).await.unwrap().cents, 4);
}

#[tokio::test(start_paused = true)]
async fn p7_what_fails_is_tried_as_often_as_it_may_help() {
    let store = store();
    for (shelf, thing) in ["glue", "mud", "rock", "bomb", "cup"].into_iter().enumerate() {
        put(&store, shelf, &[placed(thing)]).await;
    }
    let app = app(&store, ConsumerOptions::new().timeout(Duration::from_secs(5))).await;
    app.run_until_idle().await.unwrap();
    let expected = [
        "it sticks",
        "it is dirty",
        "the handler did not come to an end within 5s",
        "the handler panicked: boom",
    ];
    assert_eq!(errors(&app).await, expected.map(|error| Some(error.to_owned())));
    assert_eq!(["glue", "mud", "rock", "bomb", "cup"].map(called), [3, 1, 3, 3, 1]);
    let attempts: Vec<_> = app.parked().list().await.unwrap().iter().map(|parked| parked.attempts).collect();
    assert_eq!(attempts, [3, 1, 3, 3]);
}

/// A store that is away is no fault of the event, however long that lasts.
#[tokio::test(start_paused = true)]
async fn a_store_that_is_away_parks_nothing() {
    let store = store();
    put(&store, "a", &[placed("cable"), placed("cup")]).await;
    let often = (Duration::from_millis(10), Duration::from_millis(100));
    let app = app(&store, ConsumerOptions::new().backoff(often.0, often.1)).await;
    let (stop, run) = running(&app);
    until(|| async { called("cup") == 1 }).await;
    assert_eq!((called("cable"), errors(&app).await), (20, vec![]));
    stop.cancel();
    run.await.unwrap().unwrap();
}

struct Nameless;

impl Reactor for Nameless {
    const NAME: &'static str = "";
    const VERSION: u32 = 0;
    const EVENTS: &'static [ReactorEvent<Self>] = &[];
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_with_a_reactor_is_told_before_anything_is_done() {
    let built = builder(&store()).reactor(Nameless).reactor(Porter).reactor(Porter).build().await;
    let Err(BuildError::Mistakes(mistakes)) = built else { panic!("it was built") };
    assert!(
        matches!(
            mistakes.as_slice(),
            [
                Mistake::ConsumerName { name: "", .. },
                Mistake::ConsumerVersion { version: 0, .. },
                Mistake::ConsumerTwice { name: "porter", .. },
            ]
        ),
        "{mistakes:?}"
    );
    let catalog = Catalog::new().reactor::<Porter>();
    let reactors: Vec<_> = catalog.reactors().map(|entry| (entry.name, entry.events.clone())).collect();
    assert_eq!(reactors, [("porter", vec!["shelf.placed"])]);
    assert!(catalog.event("shelf.placed").is_some());
}
