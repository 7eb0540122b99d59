//! What a database can do to the transaction of a reactor: connections are cut at every message of it, and all of them again and again.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use kenning::sqlx::{Connection as _, Executor as _, PgConnection};
use kenning::{CancellationToken, Start};

use super::shop::{
    Fill, Place, Then, events, notes, open, options, parked, reserved, runs, stock, until_reserved,
};
use super::supplier::Supplier;
use crate::support::proxy::{Proxy, Strike};
use crate::support::{Home, Postgres};

/// The connection is cut at each message of a batch's transaction, before and after the server has it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p4_trap_6_effects_are_there_once_wherever_the_connection_is_cut() {
    let home = Postgres::new().await;
    let proxy = Proxy::before(&home.url).await;
    let through = Postgres { url: proxy.url_as_text(&home.url) };
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
            let struck = tokio::time::timeout(Duration::from_secs(60), proxy.struck(strikes + 1)).await;
            struck.unwrap_or_else(|_| panic!("{message} was not sent as text"));
            proxy.release();
        }
    }
    proxy.release();
    until_reserved(&app, "pen", placed.len()).await;
    stop.cancel();
    run.await.unwrap();
    let calm = open(&home, &supplier, options()).await;
    calm.run_until_idle().await.unwrap();
    assert_eq!(proxy.strikes(), 12);
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
            let calm = open(&home, &supplier, options()).await;
            calm.consumer("clerk").reset_with_effects(Start::Beginning).await.unwrap();
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
