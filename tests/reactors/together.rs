//! Reactors beside others: processes of the same reactor, commands on the same streams, transactions in another order, connections that are cut.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use kenning::sqlx::{Connection as _, Executor as _, PgConnection};
use kenning::store::BoxFuture;
use kenning::{
    CancellationToken, Effects, Kenning, PostgresStore, React, Reactor, ReactorError, ReactorEvent, Recorded,
    Start,
};

use super::shop::{
    Fill, Noted, Order, Place, Placed, Reserve, Stock, Supplier, Then, events, notes, open, options, parked,
    place, reserved, stock,
};
use crate::support::proxy::{Proxy, Strike};
use crate::support::{Home, Postgres, on_both_stores};

on_both_stores! {
    p4_two_processes_cause_everything_once
    p4_a_storm_of_commands_on_the_same_streams_loses_nothing_and_parks_nothing
    transactions_in_other_orders_come_to_their_end
}

fn runs(app: &Kenning, stop: &CancellationToken) -> tokio::task::JoinHandle<()> {
    let (app, stop) = (app.clone(), stop.clone());
    tokio::spawn(async move { app.run(stop).await.unwrap() })
}

/// Waits until so many are reserved.
async fn until_reserved(app: &Kenning, item: &str, count: usize) {
    while reserved(app, item).await.len() < count {
        assert!(parked(app).await.is_empty(), "{:?}", parked(app).await);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
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

/// Taken out (a collision is a failure of the event), events are parked; taken out (any version is written to), more is reserved than there was.
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

/// The connection is cut at each message of a batch's transaction, before and after the server has it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p4_trap_6_effects_are_there_once_wherever_the_connection_is_cut() {
    let home = Postgres::new().await;
    let proxy = Proxy::before(&home.url).await;
    let through = Postgres { url: proxy.url(&home.url) };
    let supplier = Arc::<Supplier>::default();
    let app = open(&through, &supplier, options()).await;
    app.execute(Fill::with("pen", 1_000)).await.unwrap();
    let stop = CancellationToken::new();
    let run = runs(&app, &stop);
    let mut placed = Vec::new();
    for message in ["append_events", "append_event", "COMMIT", "consumer_partitions"] {
        for strike in [Strike::LoseStatement, Strike::LoseAnswer, Strike::DeliverLate] {
            let strikes = proxy.strikes();
            proxy.arm(message, strike);
            // A statement goes over the wire as text once for each connection: what is armed may strike at once, or when another connection is used.
            for nth in 0..3 {
                let order = format!("{message} {strike:?} {nth}");
                let told =
                    app.execute(Place::several(&order, &[("pen", Then::Reserve), ("ink", Then::Note)])).await;
                // An order whose outcome is not known is looked for below as well.
                if let Err(error) = told {
                    panic!("{error}");
                }
                placed.push(order);
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            if proxy.strikes() > strikes {
                proxy.release();
            }
        }
    }
    proxy.release();
    until_reserved(&app, "pen", placed.len()).await;
    stop.cancel();
    run.await.unwrap();
    let calm = open(&home, &supplier, options()).await;
    calm.run_until_idle().await.unwrap();
    assert!(proxy.strikes() > 4, "{} strikes", proxy.strikes());
    assert_eq!((reserved(&calm, "pen").await, notes(&calm, "ink").await), (placed.clone(), placed));
    assert!(parked(&calm).await.is_empty());
}

/// Every connection is cut again and again while two processes react, and the reactor is put back to the beginning in between.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p4_trap_23_effects_are_there_once_in_a_storm_of_cuts() {
    let home = Postgres::new().await;
    let supplier = Arc::<Supplier>::default();
    let options = || options().partitions(3).batch(4);
    let apps = [open(&home, &supplier, options()).await, open(&home, &supplier, options()).await];
    let [app, _] = &apps;
    app.execute(Fill::with("pen", 1_000)).await.unwrap();
    let placed: BTreeSet<_> = (0..60).map(|nth| format!("o{nth:02}")).collect();
    for order in &placed {
        app.execute(Place::several(order, &[("pen", Then::Reserve), ("ink", Then::Note)])).await.unwrap();
    }
    let stop = CancellationToken::new();
    let runs: Vec<_> = apps.iter().map(|app| runs(app, &stop)).collect();
    let mut admin = PgConnection::connect(&home.url).await.unwrap();
    let cut = "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()";
    for round in 0..12 {
        admin.execute(cut).await.unwrap();
        tokio::time::sleep(Duration::from_millis(80)).await;
        if round % 4 == 3 {
            let admin = PostgresStore::connect(&home.url).await.unwrap();
            let calm = Kenning::builder(admin).consumers(options()).build().await.unwrap();
            calm.consumer("clerk").reset(Start::Beginning).await.unwrap();
            calm.close().await;
        }
    }
    until_reserved(app, "pen", placed.len()).await;
    stop.cancel();
    for run in runs {
        run.await.unwrap();
    }
    app.run_until_idle().await.unwrap();
    for mut done in [reserved(app, "pen").await, notes(app, "ink").await] {
        done.sort_unstable();
        assert_eq!(done, placed.iter().cloned().collect::<Vec<_>>());
    }
    assert_eq!(events(app, &stock("pen")).await.len(), placed.len() + 1);
    assert!(parked(app).await.is_empty());
}
