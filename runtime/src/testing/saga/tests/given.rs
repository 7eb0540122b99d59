//! Given, when, then.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::order::{Fulfilment, GiveUp, MarkShipped, Order, Settled, Shipped};
use crate::testing::{SagaTest, given_saga};

fn fulfilment() -> SagaTest<Fulfilment> {
    given_saga(Fulfilment { id: 7 }).with(()).aggregate::<Order>()
}

fn settled() -> SagaTest<Fulfilment> {
    fulfilment().event("kit-7", &Settled {})
}

/// What the failing test would show.
fn failure(test: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(test)).expect_err("the test has to fail");
    panic.downcast_ref::<String>().cloned().unwrap()
}

const ALL: [&str; 6] = ["reserve", "charge", "pack", "settled", "ship", "mark_shipped"];

#[test]
fn by_itself_it_completes() {
    settled()
        .then_completed()
        .then_path(ALL)
        .then_undone([])
        .then_sent(MarkShipped { id: 7, label: "box from shelf".to_owned() })
        .then_not_sent::<GiveUp>();
}

#[test]
fn what_is_tried_again_is_tried_under_one_key() {
    let then = settled()
        .when_step("charge")
        .retries(2)
        .when_step("charge")
        .times_out()
        .when_step("pack")
        .panics()
        .when_step("reserve")
        .loses_the_answer()
        .then_completed()
        .then_path(["reserve", "pack", "charge", "settled", "ship", "mark_shipped"]);
    let charges: Vec<_> = then.attempts().iter().filter(|attempt| attempt.step() == "charge").collect();
    assert_eq!(charges.len(), 4);
    assert!(charges.iter().all(|charge| charge.key() == charges[0].key()));
    let reserves = then.attempts().iter().filter(|attempt| attempt.step() == "reserve" && attempt.was_done());
    assert_eq!(reserves.count(), 2);
}

#[test]
fn what_fails_is_undone_and_said() {
    settled()
        .when_step("ship")
        .fails("no courier")
        .then_compensated()
        .then_undone(["charge", "pack", "reserve"])
        .then_sent(GiveUp { id: 7, reason: "no courier".to_owned() });
}

#[test]
fn a_step_that_never_succeeds_is_undone() {
    settled()
        .when_step("charge")
        .never_succeeds()
        .then_compensated()
        .then_undone(["charge", "pack", "reserve"]);
}

#[test]
fn a_wait_without_its_event_is_over_after_a_day() {
    fulfilment().no_event("settled").then_compensated().then_undone(["charge", "pack", "reserve"]);
}

#[test]
fn an_event_that_comes_early_is_not_lost() {
    fulfilment().early_event("kit-7", &Settled {}).then_completed().then_path(ALL);
}

#[test]
fn cancelling_leads_into_compensation() {
    settled().cancel_at("charge").then_compensated().then_services(|()| {}).then_not_sent::<MarkShipped>();
    fulfilment().cancel_at("settled").then_compensated().then_undone(["charge", "pack", "reserve"]);
}

#[test]
fn an_undo_that_fails_parks() {
    settled()
        .when_step("ship")
        .fails("no courier")
        .when_undo("charge")
        .fails("the bank is gone")
        .then_parked("the bank is gone; left to undo: `reserve`, `charge`")
        .then_undone(["pack"]);
}

#[test]
fn a_command_is_rejected_after_the_pivot() {
    settled().history("kit-7", &Shipped {}).then_parked("it is shipped already").then_undone([]);
}

#[test]
fn another_end_is_shown_with_what_happened() {
    let shown = failure(|| drop(settled().when_step("charge").fails("no").then_completed()));
    assert!(
        shown.starts_with(
            "`7` of `kit-fulfilment` is compensated, and not completed: `charge` has failed: no"
        ),
        "{shown}"
    );
    assert!(shown.contains("process 1 finds that `charge` fails: no"), "{shown}");
    let shown = failure(|| drop(settled().then_completed().then_path(["reserve"])));
    assert!(shown.contains("+     \"charge\",\n"), "{shown}");
    let shown = failure(|| drop(settled().when_step("settled").fails("no")));
    assert!(shown.contains("help: `.no_event(\"settled\")`"), "{shown}");
    let shown = failure(|| drop(settled().when_step("charg").fails("no")));
    assert!(shown.contains("has no step `charg`"), "{shown}");
}
