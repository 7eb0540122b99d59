//! What an application tells about itself: metrics through the `metrics` facade, spans through `tracing`.
//!
//! Install the recorder before [`build`](crate::Builder::build): the handles are drawn there, once. Every metric below has the label `category`; names and
//! units are a promise as those of events are.
//!
//! | metric | kind | unit | what |
//! |--|--|--|--|
//! | `kenning_execute_total` | counter | commands | finished commands, with `outcome`: `accepted`, `replayed` (a resend), `duplicate` (its id was used by another command), `rejected`, `failed` |
//! | `kenning_execute_seconds` | histogram | seconds | from the first poll of a command to its answer |
//! | `kenning_execute_attempts` | histogram | appends | how many appends a command took, where it took more than one |
//! | `kenning_execute_conflicts_total` | counter | appends | appends that met a newer version, written by another process |
//! | `kenning_execute_queue_seconds` | histogram | seconds | how long a command waited for others on its stream, where it waited |
//! | `kenning_execute_overloaded_total` | counter | commands | commands turned away because too many waited for their stream |
//! | `kenning_state_hits_total` | counter | commands | commands that found their aggregate's state at hand |
//! | `kenning_state_misses_total` | counter | commands | commands that did not, those that create a stream included |
//! | `kenning_load_events_total` | counter | events | events replayed |
//! | `kenning_snapshots_saved_total` | counter | snapshots | snapshots written |
//! | `kenning_snapshots_failed_total` | counter | snapshots | snapshots that could not be written; the next one is tried in its turn |
//! | `kenning_snapshots_unreadable_total` | counter | snapshots | snapshots that could not be read, so that the stream was replayed from its beginning |
//!
//! Without that label:
//!
//! | metric | kind | unit | what |
//! |--|--|--|--|
//! | `kenning_feed_events_total` | counter | events | events delivered by [`Feed`](crate::Feed)s |
//! | `kenning_ledger_forgotten_total` | counter | commands | commands that outlived the retention and were forgotten |
//! | `kenning_task_failures_total` | counter | failures | failures of background tasks, with `task`; each is also logged |
//!
//! With the label `consumer`, its name:
//!
//! | metric | kind | unit | what |
//! |--|--|--|--|
//! | `kenning_consumer_events_total` | counter | events | events handed to handlers, those that are tried again included |
//! | `kenning_consumer_batches_total` | counter | transactions | transactions begun for them |
//! | `kenning_consumer_batch_seconds` | histogram | seconds | from a batch to its commit, with whatever had to be tried again |
//! | `kenning_consumer_retries_total` | counter | attempts | further attempts on single events |
//! | `kenning_consumer_collisions_total` | counter | transactions | transactions that were begun anew because others had written to the same streams |
//! | `kenning_consumer_parked_total` | counter | events | events parked: those that failed, and those that wait behind them |
//! | `kenning_consumer_failures_total` | counter | failures | times that a partition had to begin again at its checkpoint; each is also logged |
//! | `kenning_consumer_leases_lost_total` | counter | leases | partitions found to be somebody else's |
//! | `kenning_consumer_lag_positions` | gauge | positions | how far the checkpoint is behind the feed, with `partition` |
//! | `kenning_consumer_lag_seconds` | gauge | seconds | the age of the last event handled, 0 at the head of the feed, with `partition` |
//!
//! With the label `reactor`, its name:
//!
//! | metric | kind | unit | what |
//! |--|--|--|--|
//! | `kenning_reactor_effects_total` | counter | effects | commands and events that are stored, with `kind`: `command`, `event` |
//! | `kenning_reactor_repeated_total` | counter | effects | commands and events that were not done because they had been done before |
//! | `kenning_reactor_skipped_total` | counter | commands | commands turned down, where that is in order |
//! | `kenning_reactor_calls_total` | counter | calls | calls to the outside, with `call`, the name, and `outcome`: `ok`, `failed` |
//! | `kenning_reactor_call_seconds` | histogram | seconds | how long they took, with `call` |
//!
//! With the label `saga`, its name:
//!
//! | metric | kind | unit | what |
//! |--|--|--|--|
//! | `kenning_saga_running` | gauge | instances | instances that this process works on; those that wait or rest are not among them |
//! | `kenning_saga_started_total` | counter | instances | instances started by this process |
//! | `kenning_consumer_partitions_left_total` | counter | partitions | partitions left to a release that can read their next event, with `consumer` |
//! | `kenning_consumer_partitions_blocked` | gauge | partitions | partitions that wait for such a release, with `consumer` |
//! | `kenning_saga_completed_total` | counter | instances | instances that came to their end with everything done |
//! | `kenning_saga_compensations_total` | counter | instances | instances whose compensation began |
//! | `kenning_saga_compensated_total` | counter | instances | instances that came to their end with everything undone |
//! | `kenning_saga_parked_total` | counter | instances | instances that cannot go on by themselves; each is also logged |
//! | `kenning_saga_lost_total` | counter | instances | instances found to be somebody else's |
//! | `kenning_saga_step_seconds` | histogram | seconds | how long an attempt took, with `step` and `direction`: `do` or `undo` |
//! | `kenning_saga_step_retries_total` | counter | attempts | attempts that did not succeed and are made again, with `step` |
//! | `kenning_saga_step_failures_total` | counter | steps | steps, waits and undos that were given up, with `step` |
//!
//! | span | level | fields |
//! |--|--|--|
//! | `kenning.execute` | info | `stream`, `command`, `command_id`, `correlation_id`, `attempts`, `outcome` |
//! | `kenning.load` | debug | `stream`, `version` |
//! | `kenning.feed` | debug | `after` |
//! | `kenning.batch` | debug | `consumer`, `partition`, `events`, `to` |
//! | `kenning.react` | debug | `reactor`, `event`, `stream`, `position` |
//! | `kenning.call` | debug | `reactor`, `call`, `key` |
//!
//! Stores add theirs; their documentation names them.

use std::time::Duration;

use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};

use crate::store::Lease;

/// The handles of one aggregate's metrics: drawn once, as looking a metric up by name costs more than a hot state does.
pub(crate) struct AggregateMetrics {
    pub(crate) accepted: Counter,
    pub(crate) replayed: Counter,
    pub(crate) duplicate: Counter,
    pub(crate) rejected: Counter,
    pub(crate) failed: Counter,
    pub(crate) seconds: Histogram,
    pub(crate) attempts: Histogram,
    pub(crate) conflicts: Counter,
    pub(crate) queue: Histogram,
    pub(crate) overloaded: Counter,
    pub(crate) hits: Counter,
    pub(crate) misses: Counter,
    pub(crate) events: Counter,
    pub(crate) saved: Counter,
    pub(crate) unsaved: Counter,
    pub(crate) unreadable: Counter,
}

impl AggregateMetrics {
    pub(crate) fn of(category: &'static str) -> Self {
        let outcome = |outcome: &'static str| counter!("kenning_execute_total", "category" => category, "outcome" => outcome);
        Self {
            accepted: outcome("accepted"),
            replayed: outcome("replayed"),
            duplicate: outcome("duplicate"),
            rejected: outcome("rejected"),
            failed: outcome("failed"),
            seconds: histogram!("kenning_execute_seconds", "category" => category),
            attempts: histogram!("kenning_execute_attempts", "category" => category),
            conflicts: counter!("kenning_execute_conflicts_total", "category" => category),
            queue: histogram!("kenning_execute_queue_seconds", "category" => category),
            overloaded: counter!("kenning_execute_overloaded_total", "category" => category),
            hits: counter!("kenning_state_hits_total", "category" => category),
            misses: counter!("kenning_state_misses_total", "category" => category),
            events: counter!("kenning_load_events_total", "category" => category),
            saved: counter!("kenning_snapshots_saved_total", "category" => category),
            unsaved: counter!("kenning_snapshots_failed_total", "category" => category),
            unreadable: counter!("kenning_snapshots_unreadable_total", "category" => category),
        }
    }
}

/// The handles of one consumer's metrics.
pub(crate) struct ConsumerMetrics {
    pub(crate) events: Counter,
    pub(crate) batches: Counter,
    pub(crate) seconds: Histogram,
    pub(crate) retries: Counter,
    pub(crate) collisions: Counter,
    pub(crate) parked: Counter,
    pub(crate) failures: Counter,
    pub(crate) losses: Counter,
    pub(crate) halts: Counter,
    pub(crate) left: Counter,
    pub(crate) blocked: Gauge,
}

impl ConsumerMetrics {
    pub(crate) fn of(consumer: &str) -> Self {
        let name = || consumer.to_owned();
        Self {
            events: counter!("kenning_consumer_events_total", "consumer" => name()),
            batches: counter!("kenning_consumer_batches_total", "consumer" => name()),
            seconds: histogram!("kenning_consumer_batch_seconds", "consumer" => name()),
            retries: counter!("kenning_consumer_retries_total", "consumer" => name()),
            collisions: counter!("kenning_consumer_collisions_total", "consumer" => name()),
            parked: counter!("kenning_consumer_parked_total", "consumer" => name()),
            failures: counter!("kenning_consumer_failures_total", "consumer" => name()),
            losses: counter!("kenning_consumer_leases_lost_total", "consumer" => name()),
            halts: counter!("kenning_consumer_halts_total", "consumer" => name()),
            left: counter!("kenning_consumer_partitions_left_total", "consumer" => name()),
            blocked: gauge!("kenning_consumer_partitions_blocked", "consumer" => name()),
        }
    }
}

/// The handles of one partition's metrics.
pub(crate) struct PartitionMetrics {
    pub(crate) lag: Gauge,
    pub(crate) lag_seconds: Gauge,
}

impl PartitionMetrics {
    pub(crate) fn of(lease: &Lease) -> Self {
        let (consumer, partition) = (|| lease.consumer.to_string(), || lease.partition.to_string());
        Self {
            lag: gauge!("kenning_consumer_lag_positions", "consumer" => consumer(), "partition" => partition()),
            lag_seconds: gauge!("kenning_consumer_lag_seconds", "consumer" => consumer(), "partition" => partition()),
        }
    }
}

impl Drop for PartitionMetrics {
    /// Whoever runs the partition next tells how far behind it is.
    fn drop(&mut self) {
        self.lag.set(0.0);
        self.lag_seconds.set(0.0);
    }
}

/// Counts the events that feeds deliver.
pub(crate) fn feed_events() -> Counter {
    counter!("kenning_feed_events_total")
}

/// Counts the commands that the ledger has forgotten.
pub(crate) fn ledger_forgotten() -> Counter {
    counter!("kenning_ledger_forgotten_total")
}

/// Counts the failures of a background task.
pub(crate) fn task_failures(task: &'static str) -> Counter {
    counter!("kenning_task_failures_total", "task" => task)
}

/// The handles of one reactor's metrics.
pub(crate) struct ReactorMetrics {
    pub(crate) commands: Counter,
    pub(crate) events: Counter,
    pub(crate) repeated: Counter,
    pub(crate) skipped: Counter,
}

impl ReactorMetrics {
    pub(crate) fn of(reactor: &'static str) -> Self {
        let effects = |kind: &'static str| counter!("kenning_reactor_effects_total", "reactor" => reactor, "kind" => kind);
        Self {
            commands: effects("command"),
            events: effects("event"),
            repeated: counter!("kenning_reactor_repeated_total", "reactor" => reactor),
            skipped: counter!("kenning_reactor_skipped_total", "reactor" => reactor),
        }
    }
}

/// Counts a call to the outside.
pub(crate) fn called(reactor: &'static str, call: &'static str, ok: bool, took: Duration) {
    let outcome = if ok { "ok" } else { "failed" };
    counter!("kenning_reactor_calls_total", "reactor" => reactor, "call" => call, "outcome" => outcome)
        .increment(1);
    histogram!("kenning_reactor_call_seconds", "reactor" => reactor, "call" => call).record(took);
}
