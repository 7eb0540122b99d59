//! Exploration finds each of the faults that can be seeded into the engine, and says which rule it breaks.

use super::explore::fulfilment;
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
    assert_eq!(found.went_wrong(), ["`kit.settled` of `kit-7` comes never"]);
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
    assert_eq!(found.went_wrong().len(), 2);
}

#[test]
fn p5_an_early_event_that_is_lost_is_found() {
    let found = found(Faults { early_event_is_lost: true, ..Faults::default() });
    breaks(&found, "P5: the event of `settled` came in time, and is lost");
    assert_eq!(found.went_wrong(), ["`kit.settled` of `kit-7` comes before any step is begun"]);
}
