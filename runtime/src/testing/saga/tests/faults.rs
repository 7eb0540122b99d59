//! Exploration finds each of the faults that can be seeded into the engine, and says which rule it breaks.

use super::event::loan;
use super::explore::fulfilment;
use super::order::{Fulfilment, Settled};
use super::upgrade::subscription;

use crate::saga::Faults;
use crate::testing::Counterexample;

/// What is found in an engine with faults.
fn found(faults: Faults) -> Counterexample {
    let found = fulfilment().faults(faults).at_most(1_500).find();
    let counterexample = *found.expect_err("the fault has to be found");
    println!("{counterexample}");
    counterexample
}

#[track_caller]
fn breaks(counterexample: &Counterexample, rule: &str) {
    let broken = counterexample.broken();
    assert!(broken.iter().any(|broken| broken.starts_with(rule)), "`{rule}` is not among {broken:#?}");
    assert!(counterexample.to_string().contains("what went wrong:"));
}

#[test]
fn p5_undo_in_forward_order_is_found() {
    let found = found(Faults { undo_in_forward_order: true, ..Faults::default() });
    breaks(&found, "P5: `reserve` is undone before `charge`, which came after it");
    assert_eq!(found.went_wrong().len(), 1);
}

#[test]
fn p5_a_lost_timer_is_found() {
    let found = found(Faults { timer_is_lost: true, ..Faults::default() });
    breaks(&found, "P5: the time of `settled` is over, and it waits still");
    assert_eq!(found.went_wrong(), ["`kit.settled` of `kit-7` is never recorded"]);
}

#[test]
fn p6_an_effect_before_its_intent_is_found() {
    let found = found(Faults { effect_before_intent: true, ..Faults::default() });
    breaks(&found, "P6: `reserve` was begun before its intent was recorded");
    assert!(found.went_wrong().is_empty());
}

#[test]
fn p5_trap_31_an_unknown_outcome_that_is_not_undone_is_found() {
    let found = found(Faults { unknown_is_not_undone: true, ..Faults::default() });
    breaks(
        &found,
        "P5: the command of the failed saga is sent, and `reserve`, which is of unknown outcome, was not undone",
    );
    assert_eq!(found.went_wrong().len(), 1);
}

#[test]
fn p6_a_lease_that_is_not_checked_is_found() {
    let found = found(Faults { lease_is_not_checked: true, ..Faults::default() });
    breaks(&found, "P6: `reserve` was begun without an intent");
    assert!(found.went_wrong()[0].starts_with("the process is stopped"));
}

#[test]
fn p6_an_outcome_that_is_recorded_twice_is_found() {
    let found = found(Faults { outcome_is_recorded_twice: true, ..Faults::default() });
    breaks(&found, "P6: the outcome of `reserve` is recorded twice");
    assert!(found.went_wrong().is_empty());
}

#[test]
fn p5_trap_32_cancelling_that_stops_compensation_is_found() {
    let found = found(Faults { cancel_stops_compensation: true, ..Faults::default() });
    breaks(&found, "P5: cancelling stops the compensation");
    assert!(found.went_wrong().len() <= 2, "{found}");
}

#[test]
fn p5_an_early_event_that_is_lost_is_found() {
    let found = found(Faults { early_event_is_lost: true, ..Faults::default() });
    breaks(&found, "P5: the event of `settled` was recorded in time, and is lost");
    assert_eq!(found.went_wrong(), ["`kit.settled` of `kit-7` is recorded before any step is begun"]);
}

#[test]
fn p5_an_event_before_the_start_that_is_dropped_is_found() {
    let faults = Faults { event_before_start_is_dropped: true, ..Faults::default() };
    let found = *loan().faults(faults).find().expect_err("the fault has to be found");
    println!("{found}");
    breaks(&found, "P5: the event of `first` was recorded in time, and is lost");
    assert_eq!(
        found.went_wrong(),
        ["`kit.instalment` of `loan-7` is recorded before the instance is started"]
    );
}

#[test]
fn p5_a_delivery_that_is_taken_twice_is_found() {
    let faults = Faults { delivery_has_no_identity: true, ..Faults::default() };
    let found = *loan().faults(faults).find().expect_err("the fault has to be found");
    println!("{found}");
    breaks(&found, "P5: `second` has ended with an event that was not recorded for it");
    assert_eq!(found.went_wrong(), ["`kit.instalment` of `loan-7` is recorded once, and delivered twice"]);
}

#[test]
fn p5_a_timeout_that_passes_a_recorded_event_is_found() {
    let found = found(Faults { timeout_passes_the_feed: true, ..Faults::default() });
    breaks(&found, "P5: the event of `settled` was recorded in time, and is lost");
    assert!(found.went_wrong()[0].ends_with("since the consumer is behind"), "{found}");
}

#[test]
fn p5_a_request_that_is_applied_twice_is_found() {
    let faults = Faults { request_is_applied_twice: true, ..Faults::default() };
    let explored = fulfilment().operator_skips("settled", &"by hand").faults(faults).find();
    let found = *explored.expect_err("the fault has to be found");
    println!("{found}");
    assert!(found.broken().iter().any(|rule| rule.ends_with("is answered 2 times")), "{found}");
    assert!(found.went_wrong()[0].starts_with("an operator"), "{found}");
}

#[test]
fn p5_a_skip_that_does_not_wait_for_an_attempt_is_found() {
    let faults = Faults { skip_ignores_attempts: true, ..Faults::default() };
    let explored = fulfilment().operator_skips("charge", &300_u64).faults(faults).find();
    let found = *explored.expect_err("the fault has to be found");
    println!("{found}");
    breaks(&found, "P6:");
    assert!(found.went_wrong()[0].starts_with("an operator skips"), "{found}");
}

#[test]
fn p6_an_upgrade_that_draws_new_keys_is_found() {
    let faults = Faults { renamed_step_draws_new_key: true, ..Faults::default() };
    let found = *subscription().faults(faults).find().expect_err("the fault has to be found");
    println!("{found}");
    breaks(&found, "P6: two attempts at `collect` have different keys");
    assert!(found.went_wrong()[0].contains("the new release is deployed"), "{found}");
}

#[test]
fn p6_an_upgrade_that_forgets_what_is_done_is_found() {
    let faults = Faults { upgrade_forgets_outcomes: true, ..Faults::default() };
    let found = *subscription().faults(faults).find().expect_err("the fault has to be found");
    println!("{found}");
    breaks(&found, "P6: `collect` is begun");
    assert!(found.went_wrong()[0].contains("the new release is deployed"), "{found}");
}

#[test]
fn p6_keys_without_the_instance_are_found_with_two_instances() {
    let faults = Faults { key_without_instance: true, ..Faults::default() };
    let two = fulfilment().start(Fulfilment { id: 8 }).event("kit-8", &Settled {});
    let found = *two.faults(faults).find().expect_err("the fault has to be found");
    println!("{found}");
    breaks(&found, "P6: `reserve` has the key of another effect");
    assert!(found.went_wrong().is_empty());
}
