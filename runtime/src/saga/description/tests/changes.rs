//! Every kind of change, and what becomes of instances in flight.

use super::purchase::purchase;
use crate::Shape;
use crate::saga::{SagaChange, SagaChangeKind as Kind, SagaChanges, SagaDescription, StepKind, WayBack};
use crate::schema::ShapeChange;

/// What is found when the saga is changed.
fn changed(change: impl FnOnce(&mut SagaDescription)) -> SagaChanges {
    purchase(|_| {}).compare(&purchase(change))
}

#[track_caller]
fn survives(change: impl FnOnce(&mut SagaDescription), expected: &[(&str, &str)]) {
    let changes = changed(change);
    assert!(changes.survives(), "{changes:#?}");
    assert_eq!(changes.first_fatal(), None);
    for found in &changes.list {
        assert_eq!(changes.remedy(found), None, "{found}");
    }
    assert_texts(&changes, expected);
}

#[track_caller]
fn dies(change: impl FnOnce(&mut SagaDescription), remedy: &str, expected: &[(&str, &str)]) {
    let changes = changed(change);
    assert!(!changes.survives(), "{changes:#?}");
    let first = changes.first_fatal().unwrap();
    assert_eq!(
        changes.remedy(first).unwrap(),
        format!(
            "{remedy}; or raise the version of `purchase` to 2 and write `migrate(from_v1)`, or register the former definition as well, by `finish_saga`"
        )
    );
    assert_texts(&changes, expected);
}

#[track_caller]
fn assert_texts(changes: &SagaChanges, expected: &[(&str, &str)]) {
    let found: Vec<_> = changes.list.iter().map(|change| (change.step.clone(), change.to_string())).collect();
    let expected: Vec<_> = expected
        .iter()
        .map(|(step, text)| ((!step.is_empty()).then(|| (*step).to_owned()), (*text).to_owned()))
        .collect();
    assert_eq!(found, expected);
}

/// A new step that is like another one.
fn add(saga: &mut SagaDescription, name: &str, like: usize, after: &[&str]) {
    let mut step = saga.steps[like].clone();
    step.name = name.to_owned();
    step.after = after.iter().map(|step| (*step).to_owned()).collect();
    saga.steps.push(step);
}

#[test]
fn trap_38_nothing_differs() {
    survives(|_| {}, &[]);
    survives(|saga| saga.steps.reverse(), &[]);
    survives(|saga| saga.steps[3].after.push("reserve".to_owned()), &[]);
    assert_eq!(changed(|_| {}).to_string(), "nothing differs");
}

#[test]
fn trap_38_a_step_added_after_or_beside_the_others_is_survived() {
    let text = "`rate` is new, and nothing that was there comes after it";
    survives(|saga| add(saga, "rate", 4, &["thank"]), &[("rate", text)]);
    survives(|saga| add(saga, "rate", 4, &[]), &[("rate", text)]);
}

#[test]
fn trap_38_a_step_added_before_others_is_not_survived() {
    dies(
        |saga| {
            add(saga, "weigh", 1, &["check"]);
            saga.steps[3].after.push("weigh".to_owned());
        },
        "put `weigh` after the steps that were there",
        &[("weigh", "`weigh` is new, and `ship` comes after it")],
    );
}

#[test]
fn trap_38_a_step_that_was_removed_is_not_survived() {
    dies(
        |saga| {
            saga.steps.remove(1);
            saga.steps[1].after.pop();
        },
        "put `check` back",
        &[("check", "`check` was removed")],
    );
}

#[test]
fn trap_38_a_step_that_was_renamed_is_not_survived() {
    let rename = |saga: &mut SagaDescription| {
        saga.steps[0].name = "hold".to_owned();
        saga.steps[2].after[0] = "hold".to_owned();
    };
    let text = "`reserve` was removed, and `hold` is in its place";
    dies(rename, "write `name = \"reserve\"` on the step `hold`", &[("reserve", text)]);
}

#[test]
fn trap_38_neighbours_that_were_both_renamed_are_paired() {
    let changes = purchase(|saga| add(saga, "pack", 3, &["ship"])).compare(&purchase(|saga| {
        add(saga, "wrap", 3, &["send"]);
        saga.steps[3].name = "send".to_owned();
        saga.steps[4].after[0] = "send".to_owned();
    }));
    let renamed = |step: &str, to: &str| SagaChange {
        step: Some(step.to_owned()),
        kind: Kind::StepRenamed { to: to.to_owned() },
    };
    assert_eq!(changes.list[0], renamed("ship", "send"));
    assert_eq!(
        changes.to_string(),
        "`ship` was removed, and `send` is in its place (and one more difference)"
    );
}

#[test]
fn trap_38_steps_in_another_order_are_not_survived() {
    dies(
        |saga| saga.steps[0].after.push("check".to_owned()),
        "write `after()` on `reserve`",
        &[("reserve", "`reserve` came after nothing, and comes after `check`")],
    );
    dies(
        |saga| saga.steps[4].after = vec!["reserve".to_owned(), "check".to_owned()],
        "write `after(ship)` on `thank`",
        &[("thank", "`thank` came after `ship`, and comes after `reserve` and `check`")],
    );
}

#[test]
fn trap_38_a_step_that_returns_something_else_is_survived_when_it_can_be_read() {
    survives(
        |saga| saga.steps[1].output = Shape::Nullable(Box::new(Shape::Bool)),
        &[("check", "what `check` returns: it was `bool` and is `nullable bool`, which reads both")],
    );
    dies(
        |saga| saga.steps[0].output = Shape::String,
        "make it `u64` again",
        &[("reserve", "what `reserve` returns: it was `u64` and is `string`; what is stored does not fit")],
    );
}

#[test]
fn trap_38_data_that_changed_is_survived_when_it_can_be_read() {
    let data = |fields: &[(&str, Shape)]| Shape::object(fields.iter().cloned());
    let (id, cents) = (("id", Shape::String), ("cents", crate::Shapes::shape_of::<i64>()));
    let note = ("note", Shape::Nullable(Box::new(Shape::String)));
    survives(
        |saga| saga.data = data(&[id.clone(), cents.clone(), note]),
        &[("", "the data: `note` is new, and may be absent")],
    );
    dies(
        |saga| saga.data = data(&[id.clone(), cents.clone(), ("note", Shape::String)]),
        "write `#[serde(default)]` on `note`, or make it an `Option`",
        &[("", "the data: `note` is new and required; what is stored is without it")],
    );
    let changes = changed(|saga| saga.data = data(&[id]));
    let kind = Kind::Structure { path: "cents".to_owned(), change: ShapeChange::FieldRemoved };
    assert_eq!(changes.first_fatal(), Some(&SagaChange { step: None, kind }));
}

#[test]
fn trap_38_a_step_that_does_something_else_is_not_survived() {
    dies(
        |saga| {
            saga.steps[4].kind = StepKind::Send { command: "Open".to_owned(), category: "account".to_owned() }
        },
        "give the new step another name, and put `thank` back",
        &[("thank", "`thank` sends `Move` to `account`, and now it sends `Open` to `account`")],
    );
    dies(
        |saga| saga.steps[2].kind = StepKind::Step,
        "give the new step another name, and put `settled` back",
        &[("settled", "`settled` waits for `account.moved`, and now it does something outside")],
    );
    survives(
        |saga| saga.steps[2].kind = StepKind::Wait { event: "account.moved".to_owned(), fails: false },
        &[("settled", "`settled` goes on when its time is over")],
    );
}

#[test]
fn trap_38_an_undo_may_come_and_may_not_go() {
    survives(
        |saga| saga.steps[1].way_back = WayBack::Undo("uncheck".to_owned()),
        &[("check", "`check` is undone now")],
    );
    survives(
        |saga| saga.steps[1].way_back = WayBack::Irreversible("why".to_owned()),
        &[("check", "`check` has no undo for another reason")],
    );
    dies(
        |saga| saga.steps[0].way_back = WayBack::ReadOnly,
        "give `reserve` its undo back",
        &[("reserve", "`reserve` is not undone any more")],
    );
}

#[test]
fn trap_38_a_pivot_that_moved_is_not_survived() {
    dies(
        |saga| {
            saga.steps[3].pivot = false;
            saga.steps[4].pivot = true;
        },
        "write `pivot` on `ship` again",
        &[("ship", "`ship` is the pivot no more"), ("thank", "`thank` has become the pivot")],
    );
    survives(
        |saga| add(saga, "close", 3, &["thank"]),
        &[("close", "`close` is new, and nothing that was there comes after it")],
    );
}

#[test]
fn trap_38_the_text_names_the_difference_that_decides() {
    let changes = changed(|saga| {
        add(saga, "rate", 4, &["thank"]);
        saga.steps[1].way_back = WayBack::Undo("uncheck".to_owned());
        saga.steps[3].pivot = false;
    });
    assert_eq!(changes.to_string(), "`ship` is the pivot no more (and 2 more differences)");
}
