//! Events early, late, twice and behind: what only they show.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::prelude::*;
use crate::store::SagaEntryKind;
use crate::testing::{Arrival, Dimension, Explore, explore};

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "kit.paid")]
struct Paid {
    order: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "kit.ordered")]
struct Ordered {
    order: u64,
}

/// How often the warehouse was told to ship.
#[derive(Default)]
struct Warehouse {
    shipped: AtomicU32,
}

macro_rules! order {
    ($name:ident, $persisted:literal, $($missing:tt)*) => {
        #[derive(Serialize, Deserialize, Saga)]
        #[kenning(name = $persisted, version = 1, id = order)]
        struct $name {
            order: u64,
        }

        #[saga(services = Warehouse)]
        impl $name {
            #[start]
            fn ordered(event: &Recorded<Ordered>) -> Option<Self> {
                Some(Self { order: event.order })
            }
            #[step(read_only)]
            async fn look(&self, _: &StepContext<Warehouse>) -> Result<(), StepError> {
                Ok(())
            }
            #[wait(timeout = "1h", on_timeout = fail, after(look), $($missing)*)]
            fn paid(event: &Recorded<Paid>) -> Correlated<u64, ()> {
                Correlated::to(event.order, ())
            }
            #[step(pivot, after(paid))]
            async fn ship(&self, cx: &StepContext<Warehouse>) -> Result<(), StepError> {
                cx.services().shipped.fetch_add(1, Ordering::Relaxed);
                Ok(())
            }
        }
    };
}

order!(Keeping, "kit-keeping", missing = keep);
order!(Ignoring, "kit-ignoring", missing = ignore("no one pays before the order"));

macro_rules! explored {
    ($saga:ident) => {
        explore::<$saga>(Warehouse::default)
            .event("order-7", &Ordered { order: 7 })
            .event_at(
                "payment-7",
                &Paid { order: 7 },
                [
                    Arrival::BeforeStart,
                    Arrival::BeforeSteps,
                    Arrival::AtOnce,
                    Arrival::JustBefore,
                    Arrival::Behind,
                    Arrival::Redelivered,
                    Arrival::RecordedTwice,
                ],
            )
            .invariant("what is paid in time is shipped", |order| {
                let timed_out = |kind| kind == SagaEntryKind::TimedOut;
                let timed_out = order.instance().log.iter().any(|entry| timed_out(entry.entry.kind));
                order.times_recorded::<Paid>() == 0 || !timed_out
            })
    };
}

#[test]
fn p5_events_early_late_twice_and_behind_are_explored() {
    let explored = explored!(Keeping).at_most(700).run();
    println!("{explored}");
    for arrival in [Arrival::BeforeStart, Arrival::Behind, Arrival::Redelivered, Arrival::RecordedTwice] {
        assert!(explored.runs_with_event(arrival) > 0, "{arrival:?}: {explored}");
    }
}

/// Without `Arrival::BeforeStart` nothing is found.
#[test]
fn p5_a_wait_that_drops_an_early_event_is_found() {
    let found = explored!(Ignoring).find().expect_err("the wait has to be found out");
    println!("{found}");
    assert_eq!(found.broken(), ["the invariant of the test: what is paid in time is shipped"]);
    assert_eq!(found.went_wrong(), ["`kit.paid` of `payment-7` is recorded before the instance is started"]);
}

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "kit.instalment")]
pub(super) struct Instalment {
    pub(super) loan: u64,
}

/// Two waits for events of one type.
#[derive(Serialize, Deserialize, Saga)]
#[kenning(name = "kit-loan", version = 1, id = id)]
pub(super) struct Loan {
    pub(super) id: u64,
}

#[saga(services = ())]
impl Loan {
    #[step(read_only)]
    async fn look(&self, _: &StepContext<()>) -> Result<(), StepError> {
        Ok(())
    }
    #[wait(timeout = "1h", on_timeout = fail, after(look), missing = keep)]
    fn first(event: &Recorded<Instalment>) -> Correlated<u64, ()> {
        Correlated::to(event.loan, ())
    }
    #[step(undo = unbook, after(first))]
    async fn book(&self, _: &StepContext<()>) -> Result<(), StepError> {
        Ok(())
    }
    #[undo]
    async fn unbook(&self, _: &StepContext<()>, _: Option<&()>) -> Result<(), StepError> {
        Ok(())
    }
    #[wait(timeout = "1h", on_timeout = fail, after(book), missing = keep)]
    fn second(event: &Recorded<Instalment>) -> Correlated<u64, ()> {
        Correlated::to(event.loan, ())
    }
    #[step(pivot, after(second))]
    async fn close(&self, _: &StepContext<()>) -> Result<(), StepError> {
        Ok(())
    }
}

/// The second instalment does not come without help.
pub(super) fn loan() -> Explore<Loan> {
    explore::<Loan>(|| ()).start(Loan { id: 7 }).event("loan-7", &Instalment { loan: 7 })
}

#[test]
fn p5_nothing_is_found_in_a_saga_with_two_waits_for_one_event() {
    let explored = loan().at_most(500).run();
    println!("{explored}");
    assert!(explored.completed() > 0 && explored.compensated() > 0, "{explored}");
    assert!(explored.runs_with(Dimension::Event) > 10, "{explored}");
}
