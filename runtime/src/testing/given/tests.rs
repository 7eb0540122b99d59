use std::panic::catch_unwind;

use super::*;
use crate::app::tests::account::{Moved, Open, Opened, Refused, move_cents, open};

fn opened() -> Opened {
    Opened { owner: "ann".to_owned() }
}

/// What the failing test would show.
fn failure(test: impl FnOnce() + std::panic::UnwindSafe) -> String {
    let panic = catch_unwind(test).expect_err("the test has to fail");
    panic.downcast_ref::<String>().cloned().unwrap()
}

#[test]
fn nothing_one_an_array_a_vec_and_a_tuple_are_given() {
    given(()).when(open("ann")).then(opened());
    given(opened()).when(move_cents("ann", 5)).then([Moved { cents: 5 }]);
    given(vec![Moved { cents: 3 }, Moved { cents: 2 }]).when(move_cents("ann", -5)).then(Moved { cents: -5 });
    given((opened(), Moved { cents: 3 })).when(open("ann")).then_rejected(Refused::AlreadyOpen);
    given([Moved { cents: 3 }]).when(move_cents("ann", 0)).then_nothing();
}

#[test]
fn the_state_is_that_after_the_events_and_a_rejection_leaves_it() {
    given((opened(), Moved { cents: 3 }))
        .when(move_cents("ann", 4))
        .then_state(|account| assert_eq!(account.cents, 7))
        .when(move_cents("ann", -8))
        .then_rejected(Refused::Overdrawn { missing: 1 })
        .then_state(|account| assert_eq!(account.cents, 7))
        .when(move_cents("ann", -7))
        .then(Moved { cents: -7 });
}

#[test]
fn other_events_are_shown_line_by_line() {
    let shown = failure(|| {
        given(()).when(move_cents("ann", 5)).then([Moved { cents: 6 }]);
    });
    assert_eq!(
        shown,
        "`Move` did not cause the expected events\n\n- expected\n+ found\n\n  [\n      Moved(\n          Moved {\n\
         -             cents: 6,\n+             cents: 5,\n          },\n      ),\n  ]\n"
    );
}

#[test]
fn a_rejection_in_place_of_events_shows_both() {
    let shown = failure(|| {
        given(()).when(move_cents("ann", -1)).then([Moved { cents: -1 }]);
    });
    assert!(
        shown.starts_with("`Move` was rejected\n\nrejection:\nOverdrawn {\n    missing: 1,\n}"),
        "{shown}"
    );
    assert!(shown.contains("expected events:\n[\n    Moved("), "{shown}");
}

#[test]
fn another_rejection_or_none_fails() {
    let other = failure(|| {
        given(()).when(move_cents("ann", -1)).then_rejected(Refused::Overdrawn { missing: 2 });
    });
    assert!(other.contains("-     missing: 2,\n+     missing: 1,\n"), "{other}");
    let none = failure(|| {
        given(()).when::<Open>(open("ann")).then_rejected(Refused::AlreadyOpen);
    });
    assert!(none.starts_with("`Open` was not rejected"), "{none}");
    assert!(none.contains("decided events:\n[\n    Opened("), "{none}");
}

#[test]
fn an_event_that_is_not_expected_to_be_there_fails() {
    let shown = failure(|| {
        given(()).when(move_cents("ann", 5)).then_nothing();
    });
    assert!(shown.contains("+             cents: 5,\n"), "{shown}");
}
