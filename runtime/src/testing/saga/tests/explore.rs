//! Exploration, with nothing seeded.

use super::order::{Fulfilment, Order, Settled};
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
        .at_most(1_000)
        .run();
    println!("{explored:?}");
    assert_eq!(explored.runs(), 1_000);
    assert!(explored.completed() > 0 && explored.compensated() > 0 && explored.parked() > 0, "{explored:?}");
}
