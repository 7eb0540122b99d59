//! Exploration, with nothing seeded.

use super::order::{Fulfilment, Order, Settled};
use super::trip::{Granted, Guest, Trip};
use crate::testing::{Explore, explore};

pub(super) fn fulfilment() -> Explore<Fulfilment> {
    explore::<Fulfilment>(|| ()).aggregate::<Order>().start(Fulfilment { id: 7 }).event("kit-7", &Settled {})
}

#[test]
fn p5_p6_nothing_is_found_in_a_saga_with_everything() {
    let explored = fulfilment()
        .invariant("what is completed was shipped", |order| {
            !order.is_completed() || order.times_done("ship") > 0
        })
        .at_most(600)
        .run();
    assert_eq!(explored.runs(), 600);
    assert!(explored.completed() > 0 && explored.compensated() > 0 && explored.parked() > 0, "{explored:?}");
}

fn trip() -> Explore<Trip> {
    explore::<Trip>(|| ()).aggregate::<Guest>().start(Trip { id: 7 }).event("guest-7", &Granted { trip: 7 })
}

#[test]
fn p5_p6_nothing_is_found_in_a_saga_whose_steps_take_their_time() {
    let explored = trip().at_most(400).run();
    assert!(explored.completed() > 0 && explored.compensated() > 0 && explored.parked() > 0, "{explored:?}");
}

#[test]
fn several_instances_are_explored_together() {
    let explored = fulfilment().start(Fulfilment { id: 8 }).event("kit-8", &Settled {}).at_most(300).run();
    assert!(explored.completed() > explored.runs(), "{explored:?}");
}

/// `KENNING_RUNS=20000` makes it look at far more than a test has time for, `KENNING_SEED` elsewhere.
#[test]
fn hunt() {
    let runs = std::env::var("KENNING_RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(200);
    let seed = std::env::var("KENNING_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let mut broken = Vec::new();
    for found in [trip().at_most(runs).seed(seed).find(), fulfilment().at_most(runs).seed(seed).find()] {
        match found {
            Ok(explored) => println!("{explored:?}"),
            Err(counterexample) => {
                println!("{counterexample}");
                broken.extend(counterexample.broken().to_vec());
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}
