//! Sagas share the slots of a process: a freed slot is used at once, and no saga starves.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use kenning::prelude::*;
use kenning::saga::SagaOptions;
use kenning::store::SagaStatus;
use tokio::sync::Semaphore;

use super::in_time;
use super::world::Running;
use crate::support::{Home, on_both_stores};

on_both_stores! {
    p7_two_sagas_use_a_freed_slot_at_once
    p7_twenty_sagas_on_eight_slots_use_a_freed_slot_at_once
    p7_a_saga_whose_steps_never_end_starves_no_other
    p7_twenty_busy_sagas_all_get_on
}

/// Where the steps of some sagas wait.
pub(super) struct Gate {
    open: Semaphore,
    waiting: AtomicUsize,
}

impl Gate {
    fn closed() -> Arc<Self> {
        Arc::new(Self { open: Semaphore::new(0), waiting: AtomicUsize::new(0) })
    }
}

macro_rules! sagas {
    ($($saga:ident $name:literal)*) => {
        $(
            #[derive(Clone, Debug, Serialize, Deserialize, Saga)]
            #[kenning(name = $name, version = 1, id = id)]
            pub(super) struct $saga {
                pub(super) id: u64,
                /// Whether its step waits at the gate.
                pub(super) waits: bool,
            }

            #[saga(services = Gate)]
            impl $saga {
                #[step(irreversible = "it changes nothing")]
                async fn only(&self, cx: &StepContext<Gate>) -> Result<(), StepError> {
                    if self.waits {
                        cx.services().waiting.fetch_add(1, Ordering::SeqCst);
                        cx.services().open.acquire().await.expect("it is never closed").forget();
                    }
                    Ok(())
                }
            }
        )*

        /// The names of all of them.
        const NAMES: &[&str] = &[$($name),*];

        fn all<S: kenning::store::SagaStore>(
            builder: kenning::Builder<S>,
            gate: &Arc<Gate>,
        ) -> kenning::Builder<S> {
            builder$(.saga::<$saga>(Arc::clone(gate)))*
        }

        /// Starts an instance of the nth saga.
        async fn start(app: &Kenning, nth: usize, id: u64, waits: bool) {
            let mut left = nth;
            $(
                if left == 0 {
                    app.start($saga { id, waits }).await.expect("it starts");
                    return;
                }
                left = left.wrapping_sub(1);
            )*
            assert_eq!(left, usize::MAX, "there is no such saga");
        }
    };
}

sagas! {
    S00 "fair-00" S01 "fair-01" S02 "fair-02" S03 "fair-03" S04 "fair-04" S05 "fair-05" S06 "fair-06"
    S07 "fair-07" S08 "fair-08" S09 "fair-09" S10 "fair-10" S11 "fair-11" S12 "fair-12" S13 "fair-13"
    S14 "fair-14" S15 "fair-15" S16 "fair-16" S17 "fair-17" S18 "fair-18" S19 "fair-19"
}

/// Nothing but a freed slot, or what this process itself makes due, wakes the claims.
fn without_polls() -> SagaOptions {
    SagaOptions::new().concurrency(8).poll(Duration::from_secs(3_600))
}

/// How many instances of the nth saga are completed.
async fn completed(app: &Kenning, nth: usize) -> u64 {
    let counts = app.sagas().count().await.expect("they can be counted");
    let of = |(saga, status, _): &&(String, SagaStatus, u64)| {
        saga == NAMES[nth] && *status == SagaStatus::Completed
    };
    counts.iter().find(of).map_or(0, |(.., count)| *count)
}

async fn until_completed(app: &Kenning, nth: usize, instances: u64) {
    let all = async {
        while completed(app, nth).await < instances {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    in_time("the instances to complete", all).await;
}

/// A backlog that is there before the process runs, so that nothing rings when it becomes due.
async fn backlog_of_one<H: Home>(home: H, sagas: usize) {
    let gate = Gate::closed();
    let builder = Kenning::builder(home.store().await).sagas(without_polls());
    let builder = match sagas {
        2 => builder.saga::<S00>(Arc::clone(&gate)).saga::<S01>(Arc::clone(&gate)),
        _ => all(builder, &gate),
    };
    let app = builder.build().await.expect("it fits together");
    for id in 0..100 {
        start(&app, sagas - 1, id, false).await;
    }
    let running = Running::new(app.clone());
    until_completed(&app, sagas - 1, 100).await;
    running.stop().await;
}

/// Fails without `sagas.freed`: see tests/guards.
async fn p7_two_sagas_use_a_freed_slot_at_once<H: Home>(home: H) {
    backlog_of_one(home, 2).await;
}

/// Fails without `sagas.no-share`: see tests/guards.
async fn p7_twenty_sagas_on_eight_slots_use_a_freed_slot_at_once<H: Home>(home: H) {
    backlog_of_one(home, 20).await;
}

/// Fails without `sagas.kept`: see tests/guards.
async fn p7_a_saga_whose_steps_never_end_starves_no_other<H: Home>(home: H) {
    let gate = Gate::closed();
    let app = all(Kenning::builder(home.store().await).sagas(without_polls()), &gate);
    let app = app.build().await.expect("it fits together");
    for id in 0..20 {
        start(&app, 0, id, true).await;
    }
    let running = Running::new(app.clone());
    let taken = async {
        while gate.waiting.load(Ordering::SeqCst) < 7 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    in_time("the first saga to take what it may", taken).await;
    for nth in 1..20 {
        for id in 0..5 {
            start(&app, nth, id, false).await;
        }
    }
    for nth in 1..20 {
        until_completed(&app, nth, 5).await;
    }
    assert_eq!(completed(&app, 0).await, 0);
    assert_eq!(gate.waiting.load(Ordering::SeqCst), 7, "one slot of eight is kept for the others");
    gate.open.add_permits(20);
    until_completed(&app, 0, 20).await;
    running.stop().await;
}

/// Each of twenty sagas has instances that wait at the gate, more than there are slots. For each
/// permit one instance ends, and its slot goes to the saga that was served longest ago.
async fn p7_twenty_busy_sagas_all_get_on<H: Home>(home: H) {
    let gate = Gate::closed();
    let app = all(Kenning::builder(home.store().await).sagas(without_polls()), &gate);
    let app = app.build().await.expect("it fits together");
    for id in 0..4 {
        for nth in 0..20 {
            start(&app, nth, id, true).await;
        }
    }
    let running = Running::new(app.clone());
    // Forty steps end: those of eight slots, five times. Every saga has had two slots by then, except
    // for those that still hold one of the eight.
    gate.open.add_permits(40);
    let ended = async {
        while gate.waiting.load(Ordering::SeqCst) < 47 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    in_time("forty steps to end", ended).await;
    for nth in 0..20 {
        until_completed(&app, nth, 1).await;
    }
    gate.open.add_permits(40);
    for nth in 0..20 {
        until_completed(&app, nth, 4).await;
    }
    running.stop().await;
}
