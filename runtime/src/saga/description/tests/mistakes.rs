//! Everything that a table by hand may get wrong.

use super::purchase::{Purchase, purchase};
use crate::saga::{SagaDescription, StepKind, WayBack, mistakes_of_table};

#[track_caller]
fn wrong(change: impl FnOnce(&mut SagaDescription), expected: &[&str]) {
    assert_eq!(purchase(change).mistakes(), expected);
}

#[test]
fn a_table_without_a_mistake_is_taken() {
    assert_eq!(mistakes_of_table::<Purchase>(), Vec::<String>::new());
}

#[test]
fn names_and_order() {
    wrong(|saga| saga.steps.clear(), &["it has no step"]);
    wrong(|saga| saga.steps[4].name = "ship".to_owned(), &["two of its steps are named `ship`"]);
    wrong(
        |saga| saga.steps[4].name = "a\nb".to_owned(),
        &["`a\nb` cannot be the name of a step: it has 1 to 128 bytes and no control character"],
    );
    wrong(
        |saga| saga.steps[0].after.push("ship".to_owned()),
        &["its steps come after each other in a circle: reserve -> ship -> settled -> reserve"],
    );
    wrong(
        |saga| saga.steps[0].after.push("reserve".to_owned()),
        &["its steps come after each other in a circle: reserve -> reserve"],
    );
}

#[test]
fn the_way_back() {
    wrong(
        |saga| saga.steps[1].way_back = WayBack::NotNeeded,
        &["`check` has neither an undo nor a reason to have none, and no pivot comes before it"],
    );
    wrong(
        |saga| saga.steps[4].after.clear(),
        &["`thank` has neither an undo nor a reason to have none, and no pivot comes before it"],
    );
    wrong(
        |saga| saga.steps[2].way_back = WayBack::Undo("unsettle".to_owned()),
        &["`settled` waits and has an undo, but a wait changes nothing"],
    );
    wrong(
        |saga| saga.steps[3].way_back = WayBack::Undo("return".to_owned()),
        &["`ship` is the pivot and has an undo, but there is no way back after a pivot"],
    );
    wrong(
        |saga| saga.steps[4].way_back = WayBack::Undo("forget".to_owned()),
        &["`thank` has an undo and does not come before the pivot `ship`, after which there is no way back"],
    );
}

#[test]
fn the_pivot() {
    wrong(
        |saga| saga.steps[4].kind = StepKind::Wait { event: "e".to_owned(), fails: true },
        &[
            "`thank` fails when its time is over and does not come before the pivot `ship`, after which there is no way back",
        ],
    );
    wrong(
        |saga| saga.steps[0].pivot = true,
        &[
            "`reserve` is the pivot and has an undo, but there is no way back after a pivot",
            "`settled` fails when its time is over and does not come before the pivot `reserve`, after which there is no way back",
        ],
    );
    wrong(
        |saga| {
            saga.steps[4].after = vec!["settled".to_owned()];
            saga.steps[4].pivot = true;
        },
        &["`ship` and `thank` are both the pivot, and neither comes before the other"],
    );
}
