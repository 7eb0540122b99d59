//! Requests of operators, and two instances at once: what only they show.

use std::collections::BTreeSet;
use std::sync::Mutex;

use super::explore::fulfilment;
use super::order::{Fulfilment, Label, Settled};
use crate::prelude::*;
use crate::testing::{Dimension, explore};

#[test]
fn p5_nothing_is_found_when_an_operator_retries_parks_skips_and_terminates() {
    let explored = fulfilment()
        .operator_skips("settled", &"by hand")
        .operator_skips("charge", &300_u64)
        .at_most(500)
        .run();
    println!("{explored}");
    assert!(explored.runs_with(Dimension::Request) > 100, "{explored}");
}

/// What the outside has, by the id of the saga alone.
#[derive(Default)]
struct Seats(Mutex<BTreeSet<u64>>);

#[derive(Serialize, Deserialize, Saga)]
#[kenning(name = "kit-seat", version = 1, id = id)]
struct Seat {
    id: u64,
}

#[saga(services = Seats)]
impl Seat {
    #[step(undo = free)]
    async fn take(&self, cx: &StepContext<Seats>) -> Result<(), StepError> {
        cx.services().0.lock().unwrap().insert(self.id);
        Ok(())
    }
    #[undo]
    async fn free(&self, cx: &StepContext<Seats>, _: Option<&()>) -> Result<(), StepError> {
        cx.services().0.lock().unwrap().remove(&self.id);
        Ok(())
    }
    #[step(pivot)]
    async fn print(&self, _: &StepContext<Seats>) -> Result<(), StepError> {
        Ok(())
    }
}

/// Without `.operator()` nothing is found.
#[test]
fn p5_an_invariant_that_forgets_the_operator_is_found() {
    let seats = || {
        explore::<Seat>(Seats::default)
            .start(Seat { id: 7 })
            .invariant("what is not printed is free", |seat| {
                !seat.is_compensated() || seat.services().0.lock().unwrap().is_empty()
            })
    };
    seats().at_most_faults(1).run().assert_exhausted();
    let found = seats().operator().find().expect_err("an operator terminates it");
    println!("{found}");
    assert_eq!(found.went_wrong().len(), 1);
    assert!(found.went_wrong()[0].starts_with("an operator terminates the instance"), "{found}");
}

/// The number of the seat is drawn without the instance.
#[derive(Serialize, Deserialize, Saga)]
#[kenning(name = "kit-careless-seat", version = 1, id = id)]
struct CarelessSeat {
    id: u64,
}

#[saga(services = Seats)]
impl CarelessSeat {
    #[step(undo = free)]
    async fn take(&self, cx: &StepContext<Seats>) -> Result<(), StepError> {
        cx.services().0.lock().unwrap().insert(1);
        Ok(())
    }
    #[undo]
    async fn free(&self, cx: &StepContext<Seats>, _: Option<&()>) -> Result<(), StepError> {
        cx.services().0.lock().unwrap().remove(&1);
        Ok(())
    }
    #[step(pivot)]
    async fn print(&self, _: &StepContext<Seats>) -> Result<(), StepError> {
        Ok(())
    }
}

/// With one instance nothing is found.
#[test]
fn p6_two_instances_that_share_what_they_take_are_found() {
    let seats = || explore::<CarelessSeat>(Seats::default).start(CarelessSeat { id: 7 });
    let apart = |seats: &[crate::testing::Outcome<'_, CarelessSeat>]| {
        let sold = seats.iter().filter(|seat| seat.is_completed()).count();
        seats.first().is_none_or(|seat| seat.services().0.lock().unwrap().len() == sold)
    };
    seats().invariant_of_all("no seat is sold twice", apart).at_most_faults(1).run();
    let found = seats().start(CarelessSeat { id: 8 }).invariant_of_all("no seat is sold twice", apart).find();
    let found = found.expect_err("the seat is sold twice");
    println!("{found}");
    assert_eq!(found.broken(), ["the invariant of the test: no seat is sold twice"]);
    assert!(found.went_wrong().is_empty());
}

#[test]
fn p5_p6_nothing_is_found_in_two_instances_with_an_operator() {
    let explored = fulfilment()
        .start(Fulfilment { id: 8 })
        .event("kit-8", &Settled {})
        .operator_skips("ship", &Label::of_hand())
        .at_most(300)
        .run();
    println!("{explored}");
    assert!(explored.to_string().contains("2 instances at once"), "{explored}");
}
