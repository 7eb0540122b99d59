//! The saga through everything that can go wrong, in virtual time: the same rules as the checker's, before any process is started.

use std::collections::HashMap;
use std::sync::Arc;

use fulfilment::services::{Action, Faults, Ledger, Services, World};
use fulfilment::{FulfilledBy, Fulfilment, Order, OrderId, OrderPlaced, Payment, PaymentSettled};
use kenning::testing::{Dimension, Outcome, explore};

const AMOUNT: i64 = 500;

#[test]
fn p5_p6_every_way_through_the_saga_leaves_a_sound_ledger() {
    let explored = explore::<Fulfilment>(services)
        .aggregate::<Order>()
        .aggregate::<Payment>()
        .history("order-order-7", &OrderPlaced { amount: AMOUNT, fulfilled_by: FulfilledBy::Saga })
        .start(Fulfilment { order_id: OrderId::numbered(7), amount: AMOUNT })
        .event("payment-order-7", &PaymentSettled { amount: AMOUNT })
        .invariant("a completed order has each effect once and no undo", |order| {
            let count = counted(order);
            let effects = [Action::Reserve, Action::Charge, Action::Ship].map(|effect| (effect, 1));
            // An operator may have shipped by hand.
            !order.is_completed() || order.was_skipped("ship") || count == HashMap::from(effects)
        })
        .invariant("a compensated order has an undo of each effect", |order| {
            let count = counted(order);
            let undone =
                |undo: Action| undo.undoes().is_none_or(|effect| count.get(&undo) == count.get(&effect));
            !order.is_compensated() || order.was_terminated() || Action::ALL.into_iter().all(undone)
        })
        .invariant("nothing is done twice", |order| counted(order).values().all(|&times| times == 1))
        .operator()
        .at_most(700)
        .run();
    println!("{explored}");
    assert!(explored.completed() > 0 && explored.compensated() > 0, "{explored}");
    for dimension in [Dimension::Event, Dimension::Request, Dimension::Crash, Dimension::Attempt] {
        assert!(explored.runs_with(dimension) > 10, "{explored}");
    }
}

fn services() -> Services {
    Services::Here(Arc::new(World::new(Ledger::in_memory(), Faults::default())))
}

/// How often the services have done what.
fn counted(order: &Outcome<'_, Fulfilment>) -> HashMap<Action, usize> {
    let mut count = HashMap::new();
    if let Services::Here(world) = order.services() {
        for entry in world.entries() {
            *count.entry(entry.action).or_default() += 1;
        }
    }
    count
}
