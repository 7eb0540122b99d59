//! What is stored is a promise: it stands here letter by letter.

use super::purchase::{Purchase, purchase};
use crate::saga::{SagaDescription, StepKind, WayBack};

const JSON: &str = concat!(
    r#"{"name":"purchase","version":1,"data":"object\n  cents: i64\n  id: string\n","steps":["#,
    r#"{"name":"reserve","kind":"step","after":[],"way_back":{"undo":"release"},"pivot":false,"output":"u64\n"},"#,
    r#"{"name":"check","kind":"step","after":[],"way_back":"read_only","pivot":false,"output":"bool\n"},"#,
    r#"{"name":"settled","kind":{"wait":{"event":"account.moved","fails":true}},"after":["reserve","check"],"way_back":"not_needed","pivot":false,"output":"i64\n"},"#,
    r#"{"name":"ship","kind":"step","after":["settled"],"way_back":"not_needed","pivot":true,"output":"string\n"},"#,
    r#"{"name":"thank","kind":{"send":{"command":"Move","category":"account"}},"after":["ship"],"way_back":"not_needed","pivot":false,"output":"null\n"}]}"#,
);

#[test]
fn the_stored_form_is_as_promised() {
    let description = SagaDescription::of::<Purchase>();
    assert_eq!(description.to_json(), JSON);
    assert_eq!(SagaDescription::from_json(JSON).unwrap(), description);
    assert_eq!(description.fingerprint(), 0xf354_f161_8793_5384);
}

#[test]
fn what_is_no_description_is_refused() {
    let cut = &JSON[..JSON.len() - 1];
    let no_shape = JSON.replace(r#""bool\n""#, r#""boole\n""#);
    let two_shapes = JSON.replace(r#""bool\n""#, r#""bool\nbool\n""#);
    for text in ["", "{}", cut, &no_shape, &two_shapes] {
        assert!(SagaDescription::from_json(text).is_err(), "{text}");
    }
}

#[test]
fn the_fingerprint_is_that_of_what_an_instance_rests_on() {
    let fingerprint = purchase(|_| {}).fingerprint();
    let same = [
        purchase(|saga| saga.steps.reverse()),
        purchase(|saga| saga.steps[2].after.reverse()),
        purchase(|saga| saga.steps[0].way_back = WayBack::Undo("give_back".to_owned())),
    ];
    for other in same {
        assert_eq!(other.fingerprint(), fingerprint, "{other:?}");
    }
    let different = [
        purchase(|saga| saga.name = "buy".to_owned()),
        purchase(|saga| saga.version = 2),
        purchase(|saga| saga.data = crate::Shape::Any),
        purchase(|saga| saga.steps.truncate(4)),
        purchase(|saga| saga.steps[0].name = "hold".to_owned()),
        purchase(|saga| saga.steps[0].kind = StepKind::Wait { event: "e".to_owned(), fails: true }),
        purchase(|saga| saga.steps[0].after.push("check".to_owned())),
        purchase(|saga| saga.steps[0].way_back = WayBack::ReadOnly),
        purchase(|saga| saga.steps[3].pivot = false),
        purchase(|saga| saga.steps[3].output = crate::Shape::Bool),
    ];
    for other in different {
        assert_ne!(other.fingerprint(), fingerprint, "{other:?}");
    }
}
