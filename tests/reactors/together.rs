//! Reactors beside others: processes of the same reactor, commands on the same streams, transactions in another order.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use kenning::store::BoxFuture;
use kenning::{
    CancellationToken, Effects, ExecuteError, Kenning, React, Reactor, ReactorError, ReactorEvent, Recorded,
    Start,
};

use super::shop::{
    Fill, Noted, Order, Place, Placed, Reserve, Stock, Then, notes, open, options, parked, place, reserved,
    runs, stock, until_reserved,
};
use super::supplier::Supplier;
use crate::support::{Home, on_both_stores};

on_both_stores! {
    p4_two_processes_cause_everything_once
    p4_trap_24_a_holder_that_lost_its_lease_causes_nothing
    p4_a_storm_of_commands_on_the_same_streams_loses_nothing_and_parks_nothing
    trap_2_more_is_never_reserved_than_there_is
    transactions_in_other_orders_come_to_their_end
}

/// Both run all the time, and one of them leaves without a word and comes back.
async fn p4_two_processes_cause_everything_once<H: Home>(home: H) {
    let supplier = Arc::<Supplier>::default();
    let options = || options().partitions(4).batch(5);
    let app = open(&home, &supplier, options()).await;
    app.execute(Fill::with("pen", 1_000)).await.unwrap();
    let stop = CancellationToken::new();
    let mut leaving = runs(&open(&home, &supplier, options()).await, &stop);
    let staying = runs(&open(&home, &supplier, options()).await, &stop);
    let mut placed = BTreeSet::new();
    for round in 0..4 {
        let orders = (0..15).map(|nth| format!("{round}-{nth}"));
        for order in orders {
            app.execute(Place::several(&order, &[("pen", Then::Reserve), ("ink", Then::Note)]))
                .await
                .unwrap();
            placed.insert(order);
        }
        leaving.abort();
        leaving = runs(&open(&home, &supplier, options()).await, &stop);
    }
    until_reserved(&app, "pen", placed.len()).await;
    stop.cancel();
    staying.await.unwrap();
    leaving.await.unwrap();
    app.run_until_idle().await.unwrap();
    for mut done in [reserved(&app, "pen").await, notes(&app, "ink").await] {
        done.sort_unstable();
        assert_eq!(done, placed.iter().cloned().collect::<Vec<_>>());
    }
    app.close().await;
}

/// The lease is lost while the supplier is called: what comes of that call is not written, and whoever has the lease then does it anew.
async fn p4_trap_24_a_holder_that_lost_its_lease_causes_nothing<H: Home>(home: H) {
    let supplier = Arc::<Supplier>::default();
    let app = open(&home, &supplier, options()).await;
    supplier.answers.send_replace(false);
    app.execute(Place::several("a", &[("ink", Then::Call), ("ink", Then::Note)])).await.unwrap();
    let stop = CancellationToken::new();
    let run = runs(&app, &stop);
    supplier.called("ink").await;
    // Whoever resets it takes all leases away.
    app.consumer("clerk").reset_with_effects(Start::Beginning).await.unwrap();
    supplier.answers.send_replace(true);
    while notes(&app, "ink").await.len() < 2 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    stop.cancel();
    run.await.unwrap();
    assert_eq!(notes(&app, "ink").await, ["ink is coming", "a"]);
    let mut keys = supplier.keys("ink");
    assert!(keys.len() > 1, "it was done anew");
    keys.dedup();
    assert_eq!(keys.len(), 1);
    app.close().await;
}

/// Fails without `reactors.collision`: see tests/guards.
async fn p4_a_storm_of_commands_on_the_same_streams_loses_nothing_and_parks_nothing<H: Home>(home: H) {
    let supplier = Arc::<Supplier>::default();
    let app = open(&home, &supplier, options().attempts(1)).await;
    let other = open(&home, &supplier, options().attempts(1)).await;
    let items = ["pen", "ink", "wax"];
    for item in items {
        app.execute(Fill::with(item, 10_000)).await.unwrap();
    }
    let orders = 25;
    for nth in 0..orders {
        let every = items.map(|item| (item, Then::Reserve));
        app.execute(Place::several(&format!("o{nth}"), &every)).await.unwrap();
    }
    let stop = CancellationToken::new();
    let storm = (0..6).map(|nth| {
        let (app, stop) = ([&app, &other][nth % 2].clone(), stop.clone());
        tokio::spawn(async move {
            let mut accepted = 0;
            while !stop.is_cancelled() {
                let own = Reserve { item: items[nth % 3].to_owned(), order: "own".to_owned(), quantity: 1 };
                match app.execute(own).await {
                    Ok(_) => accepted += 1,
                    Err(error) => assert!(error.is_retryable(), "{error}"),
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            accepted
        })
    });
    let storm: Vec<_> = storm.collect();
    let run = runs(&app, &stop);
    for item in items {
        loop {
            assert!(parked(&app).await.is_empty(), "{:?}", parked(&app).await);
            if reserved(&app, item).await.iter().filter(|order| *order != "own").count() >= orders {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    stop.cancel();
    run.await.unwrap();
    let accepted: usize = join_all(storm).await.into_iter().map(Result::unwrap).sum();
    app.run_until_idle().await.unwrap();
    let mut left = 0;
    let mut own = 0;
    for item in items {
        let reserved = reserved(&app, item).await;
        let (mine, theirs): (Vec<_>, Vec<_>) = reserved.into_iter().partition(|order| order == "own");
        assert_eq!(theirs, (0..orders).map(|nth| format!("o{nth}")).collect::<Vec<_>>());
        own += mine.len();
        left += app.load::<Stock>(item.to_owned()).await.unwrap().left;
    }
    assert_eq!(own, accepted);
    assert_eq!(left as usize, 3 * (10_000 - orders) - accepted);
    app.close().await;
    other.close().await;
}

/// There is one of each item. A buyer wants it when the reactor is about to reserve it. Fails
/// without `reactors.expect`: see tests/guards.
async fn trap_2_more_is_never_reserved_than_there_is<H: Home>(home: H) {
    let app = open(&home, &Arc::<Supplier>::default(), options().batch(1)).await;
    let items: Vec<_> = (0..80).map(|nth| format!("pen{nth}")).collect();
    for item in &items {
        app.execute(Fill::with(item, 1)).await.unwrap();
        app.execute(Place::one(item, item, Then::Try)).await.unwrap();
    }
    let run = tokio::spawn({
        let app = app.clone();
        async move { app.run_until_idle().await }
    });
    let buyers = (0..4).map(|_| {
        let (app, items) = (app.clone(), items.clone());
        tokio::spawn(async move {
            let mut accepted = 0;
            for pair in items.windows(2) {
                // The one before is gone: the reactor decides on this one.
                while reserved(&app, &pair[0]).await.is_empty() {
                    tokio::task::yield_now().await;
                }
                let own = Reserve { item: pair[1].clone(), order: "own".to_owned(), quantity: 1 };
                match app.execute(own).await {
                    Ok(_) => accepted += 1,
                    Err(ExecuteError::Rejected(_)) => {}
                    Err(error) => panic!("{error}"),
                }
            }
            accepted
        })
    });
    let bought = tokio::time::timeout(Duration::from_secs(60), join_all(buyers)).await;
    let bought = bought.expect("each item is reserved or bought");
    let accepted: usize = bought.into_iter().map(Result::unwrap).sum();
    run.await.unwrap().unwrap();
    let mut own = 0;
    for item in &items {
        let reserved = reserved(&app, item).await;
        assert_eq!(reserved.len(), 1, "{item}: {reserved:?}");
        own += usize::from(reserved[0] == "own");
    }
    assert_eq!(own, accepted);
    assert!(parked(&app).await.is_empty());
    app.close().await;
}

/// Writes to two streams for each order, in the one order or the other.
struct Pair<const FORTH: bool>;

impl<const FORTH: bool> Reactor for Pair<FORTH> {
    const NAME: &'static str = if FORTH { "forth" } else { "back" };
    const VERSION: u32 = 1;
    const EVENTS: &'static [ReactorEvent<Self>] = &[ReactorEvent::of::<Placed>()];
}

impl<const FORTH: bool> React<Placed> for Pair<FORTH> {
    fn react<'a>(
        &'a self,
        event: &'a Recorded<Placed>,
        effects: &'a mut Effects,
    ) -> BoxFuture<'a, Result<(), ReactorError>> {
        Box::pin(async move {
            let mut items = ["a", "b", "c", "d"];
            if !FORTH {
                items.reverse();
            }
            for item in items {
                let order = event.stream().id().to_owned();
                effects.append(stock(item), Noted { text: order.clone() });
                effects.send(Reserve { item: item.to_owned(), order, quantity: 1 });
            }
            Ok(())
        })
    }
}

async fn transactions_in_other_orders_come_to_their_end<H: Home>(home: H) {
    let app = Kenning::builder(home.store().await)
        .aggregate::<Order>()
        .aggregate::<Stock>()
        .consumers(options().batch(2).attempts(1))
        .reactor(Pair::<true>)
        .reactor(Pair::<false>)
        .build()
        .await
        .unwrap();
    for item in ["a", "b", "c", "d"] {
        app.execute(Fill::with(item, 1_000)).await.unwrap();
    }
    place(&app, (0..20).map(|nth| Place::one(&format!("o{nth}"), "any", Then::Note))).await;
    for item in ["a", "b", "c", "d"] {
        let stock = app.load::<Stock>(item.to_owned()).await.unwrap().into_state();
        assert_eq!(stock, Stock { left: 1_000 - 40, notes: 40 });
    }
    assert!(app.parked().list().await.unwrap().is_empty());
    app.close().await;
}
