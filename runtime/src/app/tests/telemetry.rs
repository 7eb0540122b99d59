use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use metrics::{
    Counter, CounterFn, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, SharedString, Unit,
};

use super::account::{Account, move_cents, open};
use super::faulty::{Fault, Faulty};
use crate::Kenning;

/// Counts what each metric is told: of a counter the sum, of a histogram how many values.
#[derive(Clone, Default)]
struct Meters(Arc<Mutex<BTreeMap<String, Arc<Meter>>>>);

#[derive(Default)]
struct Meter(AtomicU64);

impl CounterFn for Meter {
    fn increment(&self, by: u64) {
        self.0.fetch_add(by, Ordering::SeqCst);
    }

    fn absolute(&self, value: u64) {
        self.0.store(value, Ordering::SeqCst);
    }
}

impl HistogramFn for Meter {
    fn record(&self, _: f64) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Meters {
    fn meter(&self, key: &Key) -> Arc<Meter> {
        let mut name = key.name().to_owned();
        for label in key.labels() {
            name = format!("{name} {}={}", label.key(), label.value());
        }
        Arc::clone(self.0.lock().unwrap().entry(name).or_default())
    }

    fn read(&self, name: &str) -> u64 {
        let meters = self.0.lock().unwrap();
        meters.get(name).unwrap_or_else(|| panic!("no metric {name}")).0.load(Ordering::SeqCst)
    }
}

impl metrics::Recorder for Meters {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.meter(key))
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.meter(key))
    }
}

#[tokio::test(start_paused = true)]
async fn the_metrics_tell_what_has_happened() {
    let (store, meters) = (Faulty::default(), Meters::default());
    // The memory store is ready at once, so that the whole of `build` is inside the recorder's scope.
    let builder = Kenning::builder(store.clone()).aggregate::<Account>().attempts(2);
    let app = metrics::with_local_recorder(&meters, || builder.build().now_or_never()).unwrap().unwrap();
    let feed = metrics::with_local_recorder(&meters, || app.feed());

    app.execute(open("ann")).await.unwrap();
    let id = uuid::Uuid::now_v7();
    app.execute(move_cents("ann", 5)).id(id).await.unwrap();
    app.execute(move_cents("ann", 5)).id(id).await.unwrap();
    app.execute(move_cents("ann", -6)).await.unwrap_err();
    app.execute(move_cents("ann", 6)).id(id).await.unwrap_err();
    store.next([Fault::Overtaken]);
    app.execute(move_cents("ann", 1)).await.unwrap();
    store.next([Fault::Overtaken, Fault::Overtaken]);
    app.execute(move_cents("ann", 1)).await.unwrap_err();
    app.load::<Account>("ann".to_owned()).await.unwrap();
    let (arrived, go) = store.hold();
    let held = tokio::spawn(app.execute(move_cents("bob", 1)).into_future());
    arrived.notified().await;
    let waiting = tokio::spawn(app.execute(move_cents("bob", 1)).into_future());
    tokio::task::yield_now().await;
    go.notify_one();
    held.await.unwrap().unwrap();
    waiting.await.unwrap().unwrap();
    let mut feed = feed;
    let delivered = feed.next().await.unwrap().events.len();

    let expected = [
        ("kenning_execute_total category=account outcome=accepted", 5),
        ("kenning_execute_total category=account outcome=replayed", 1),
        ("kenning_execute_total category=account outcome=duplicate", 1),
        ("kenning_execute_total category=account outcome=rejected", 1),
        ("kenning_execute_total category=account outcome=failed", 1),
        ("kenning_execute_seconds category=account", 9),
        ("kenning_execute_attempts category=account", 2),
        ("kenning_execute_conflicts_total category=account", 3),
        ("kenning_execute_queue_seconds category=account", 1),
        ("kenning_execute_overloaded_total category=account", 0),
        // What is created, and the first of another stream, miss.
        ("kenning_state_hits_total category=account", 7),
        ("kenning_state_misses_total category=account", 2),
        ("kenning_snapshots_saved_total category=account", 1),
        ("kenning_snapshots_failed_total category=account", 0),
        ("kenning_snapshots_unreadable_total category=account", 0),
        ("kenning_feed_events_total", delivered as u64),
    ];
    for (name, count) in expected {
        assert_eq!(meters.read(name), count, "{name}");
    }
    // Overtaken three times, an event was read after all but the last; the load began at the snapshot.
    assert!(meters.read("kenning_load_events_total category=account") >= 2);
    assert_eq!(delivered, 8);
}
