//! Choreography: reactors pass events to each other until nothing is left to be done, and inline projections follow what they append.

use std::sync::{Arc, Mutex};

use kenning::prelude::*;
use kenning::store::{BoxFuture, MemoryTransaction};
use kenning::{Catalog, Effects, HandlerError, React, Reactor, ReactorError, ReactorEvent, StreamName};

use super::shop::{Clerk, Fill, Noted, Order, Place, Stock, StockEvent, Then, events, notes, options, place};
use super::supplier::Supplier;
use crate::support::{Home, Memory, on_both_stores};

on_both_stores! {
    reactors_pass_events_to_each_other_to_an_end
    a_reactor_of_a_higher_version_goes_on_where_the_lower_one_stood
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "ball.hit")]
struct Hit {
    by: String,
    left: u32,
}

/// Hits a ball back that another one has hit, as long as it goes.
struct Player(&'static str);

/// Each player is a reactor of its own.
macro_rules! players {
    ($($player:ident $name:literal)*) => {
        $(struct $player(Player);

        impl Reactor for $player {
            const NAME: &'static str = $name;
            const VERSION: u32 = 1;
            const EVENTS: &'static [ReactorEvent<Self>] = &[ReactorEvent::of::<Hit>()];
        }

        impl React<Hit> for $player {
            fn react<'a>(&'a self, event: &'a Recorded<Hit>, effects: &'a mut Effects) -> BoxFuture<'a, Result<(), ReactorError>> {
                Box::pin(async move {
                    self.0.hit(event, effects);
                    Ok(())
                })
            }
        })*
    };
}

players! { Ping "ping" Pong "pong" }

impl Player {
    fn hit(&self, event: &Recorded<Hit>, effects: &mut Effects) {
        let Hit { by, left } = event.event();
        if by != self.0 && *left > 0 {
            effects.append(event.stream().clone(), Hit { by: self.0.to_owned(), left: left - 1 });
        }
    }
}

async fn reactors_pass_events_to_each_other_to_an_end<H: Home>(home: H) {
    let app = Kenning::builder(home.store().await)
        .consumers(options())
        .reactor(Ping(Player("ping")))
        .reactor(Pong(Player("pong")))
        .build()
        .await
        .unwrap();
    let balls: Vec<_> = (0..5).map(|nth| StreamName::new("ball", &nth.to_string()).unwrap()).collect();
    let first = uuid::Uuid::now_v7();
    for ball in &balls {
        let hit = Hit { by: "referee".to_owned(), left: 0 };
        append(&app, ball, Hit { left: 20, by: "pong".to_owned() }, first).await;
        append(&app, ball, hit, first).await;
    }
    app.run_until_idle().await.unwrap();
    for ball in &balls {
        let hits = events(&app, ball).await;
        assert_eq!(hits.len(), 22);
        assert!(hits.iter().all(|hit| hit.metadata.correlation_id == Some(first)));
        // Each is caused by the one that was hit before it.
        let by_pong: Vec<_> = hits.iter().filter(|hit| hit.payload.as_str().contains("pong")).collect();
        assert_eq!(by_pong.len(), 11);
        assert!(
            by_pong[1..]
                .iter()
                .all(|hit| hits.iter().any(|cause| Some(cause.metadata.id) == hit.metadata.causation_id))
        );
    }
    assert!(app.parked().list().await.unwrap().is_empty());
    app.close().await;
}

async fn append(app: &Kenning, stream: &StreamName, hit: Hit, correlation: Uuid) {
    use kenning::store::{Append, Expect, NewEvent};
    let mut event = NewEvent::new(hit.encode().unwrap());
    event.correlation_id = Some(correlation);
    app.store().append(Append::to(stream.clone(), Expect::Any, vec![event])).await.unwrap();
}

/// The clerk, as a later release has it: it writes something else.
struct NewClerk;

impl Reactor for NewClerk {
    const NAME: &'static str = "clerk";
    const VERSION: u32 = 2;
    const EVENTS: &'static [ReactorEvent<Self>] = &[ReactorEvent::of::<super::shop::Placed>()];
}

impl React<super::shop::Placed> for NewClerk {
    fn react<'a>(
        &'a self,
        event: &'a Recorded<super::shop::Placed>,
        effects: &'a mut Effects,
    ) -> BoxFuture<'a, Result<(), ReactorError>> {
        Box::pin(async move {
            effects.append(super::shop::journal(&event.item), Noted { text: "new".to_owned() });
            Ok(())
        })
    }
}

async fn a_reactor_of_a_higher_version_goes_on_where_the_lower_one_stood<H: Home>(home: H) {
    let old = super::shop::open(&home, &Arc::<Supplier>::default(), options()).await;
    place(&old, [Place::one("a", "pen", Then::Note)]).await;
    old.execute(Place::one("b", "pen", Then::Note)).await.unwrap();
    drop(old);
    let new = Kenning::builder(home.store().await)
        .aggregate::<Order>()
        .reactor_with(NewClerk, options())
        .build()
        .await
        .unwrap();
    new.run_until_idle().await.unwrap();
    assert_eq!(notes(&new, "pen").await, ["a", "new"]);
    // Put back, it finds what the old one has done under the ids that it would give to something else: that is for somebody to look at.
    new.consumer("clerk").reset_with_effects(kenning::Start::Beginning).await.unwrap();
    new.run_until_idle().await.unwrap();
    let parked = new.parked().list().await.unwrap();
    assert_eq!((parked.len(), notes(&new, "pen").await.len()), (1, 2));
    let error = parked[0].error.as_deref().unwrap();
    assert!(
        error.starts_with("`stock.noted` has the id ")
            && error.contains("under which something else was done to journal-pen"),
        "{error}"
    );
    new.close().await;
}

/// Everything that happens to the stock, in the transaction in which it happens.
struct Ledger(Arc<Mutex<Vec<String>>>);

#[projection(name = "ledger", version = 1, events = StockEvent, inline)]
impl Ledger {
    #[on]
    async fn batch(
        &self,
        events: &[Recorded<StockEvent>],
        tx: &mut MemoryTransaction,
    ) -> Result<(), HandlerError> {
        for event in events {
            let line = match event.event() {
                StockEvent::Filled(filled) => format!("filled {}", filled.quantity),
                StockEvent::Reserved(reserved) if reserved.order == "thief" => {
                    return Err("stop, thief".into());
                }
                StockEvent::Reserved(reserved) => format!("reserved for {}", reserved.order),
                StockEvent::Noted(noted) => format!("noted {}", noted.text),
            };
            let (lines, line) = (Arc::clone(&self.0), format!("{} {line}", event.version()));
            tx.on_commit(move || lines.lock().unwrap().push(line));
        }
        Ok(())
    }
}

/// On one store: how an inline projection joins a transaction is not the store's business.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inline_projections_follow_what_reactors_append() {
    let home = Memory::new().await;
    let lines = Arc::<Mutex<Vec<String>>>::default();
    let supplier = Arc::<Supplier>::default();
    let app = Kenning::builder(home.store().await)
        .aggregate::<Order>()
        .aggregate::<Stock>()
        .consumers(options())
        .projection(Ledger(Arc::clone(&lines)))
        .reactor(Clerk { supplier })
        .build()
        .await
        .unwrap();
    app.execute(Fill::with("pen", 5)).await.unwrap();
    let thief = Place::several("thief", &[("pen", Then::Reserve), ("pen", Then::Reserve)]);
    place(&app, [Place::one("a", "pen", Then::All), thief, Place::one("b", "pen", Then::Reserve)]).await;
    assert_eq!(
        *lines.lock().unwrap(),
        ["1 filled 5", "2 reserved for a", "3 noted a", "4 reserved for a", "5 reserved for b"]
    );
    let parked = app.parked().list().await.unwrap();
    assert_eq!(parked[0].error.as_deref(), Some("the inline projection `ledger` failed: stop, thief"));
    assert_eq!((parked.len(), parked[0].attempts), (2, 3));
    let entry = app.catalog().reactors().next().unwrap().clone();
    assert_eq!((entry.name, entry.version, entry.events), ("clerk", 1, vec!["order.placed"]));
    assert_eq!(Catalog::new().reactor::<Clerk>().reactors().len(), 1);
    app.close().await;
}
