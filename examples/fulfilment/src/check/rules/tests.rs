use super::*;

/// Lines `order action key`, each of the amount 500 unless another follows.
fn lines(text: &str) -> Vec<Line> {
    let line = |words: &str| {
        let mut words = words.split_whitespace();
        let order_id = words.next().unwrap().to_owned();
        let action = serde_json::from_value(words.next().unwrap().into()).unwrap();
        let key = Uuid::from_u128(words.next().unwrap().parse().unwrap());
        let amount = words.next().map_or(500, |amount| amount.parse().unwrap());
        Line { action, key, order_id, amount }
    };
    text.split(',').map(str::trim).filter(|line| !line.is_empty()).map(line).collect()
}

/// What is said of the only order, `a`.
fn faults(end: End, text: &str) -> Vec<String> {
    let report = check(&lines(text), &[("a".to_owned(), end)]);
    report.mistakes.iter().map(ToString::to_string).collect()
}

fn none(state: &str) -> End {
    End::None(state.to_owned())
}

const NOTHING: [&str; 0] = [];
const COMPLETED: &str = "a reserve 1, a charge 2, a ship 3";
const COMPENSATED: &str = "a reserve 1, a charge 2, a ship 3, a cancel_shipment 4, a refund 5, a release 6";

#[test]
fn what_is_in_order_is_counted() {
    let ledger = lines(
        "a reserve 1, b reserve 11, b charge 12, a charge 2, c reserve 21, b refund 13, a ship 3, c charge 22, b release 14, e reserve 41",
    );
    let orders = [
        ("a".to_owned(), End::Completed),
        ("b".to_owned(), End::Compensated),
        ("c".to_owned(), End::Parked),
        ("d".to_owned(), End::Compensated),
        ("e".to_owned(), End::Parked),
    ];
    let report = check(&ledger, &orders);
    let expected =
        Report { orders: 5, completed: 1, compensated: 2, parked: 2, effects: 8, undos: 2, mistakes: vec![] };
    assert_eq!(report, expected);
    assert_eq!(
        serde_json::to_string(&report).unwrap(),
        r#"{"orders":5,"completed":1,"compensated":2,"parked":2,"effects":8,"undos":2,"mistakes":0}"#
    );
    assert_eq!(check(&[], &[]), Report::default());
}

#[test]
fn each_end_with_its_effects() {
    assert_eq!(faults(End::Completed, COMPLETED), NOTHING);
    for end in [End::Compensated, End::Parked] {
        assert_eq!(faults(end.clone(), COMPENSATED), NOTHING);
        assert_eq!(faults(end.clone(), "a reserve 1, a charge 2, a refund 5, a release 6"), NOTHING);
        assert_eq!(faults(end.clone(), "a reserve 1, a release 6"), NOTHING);
        assert_eq!(faults(end, ""), NOTHING);
    }
    assert_eq!(faults(End::Parked, COMPLETED), NOTHING, "parked with what is left");
    assert_eq!(faults(End::Parked, "a reserve 1, a charge 2, a refund 5"), NOTHING);
}

#[test]
fn an_order_without_an_end() {
    assert_eq!(faults(none("running"), COMPLETED), ["a: it has no end, it is `running`"]);
    assert_eq!(faults(none("placed"), ""), ["a: it has no end, it is `placed`"]);
}

#[test]
fn a_completed_order_without_an_effect() {
    assert_eq!(faults(End::Completed, "a reserve 1, a charge 2"), ["a: it is completed without a `ship`"]);
    assert_eq!(
        faults(End::Completed, ""),
        [
            "a: it is completed without a `reserve`",
            "a: it is completed without a `charge`",
            "a: it is completed without a `ship`"
        ]
    );
}

#[test]
fn a_completed_order_with_an_undo() {
    let with = |undo: &str| faults(End::Completed, &format!("{COMPLETED}, a {undo} 4"));
    assert_eq!(with("cancel_shipment"), ["a: it is completed, but there is a `cancel_shipment`"]);
    assert_eq!(
        with("refund"),
        ["a: `refund` came while the `ship` was not undone", "a: it is completed, but there is a `refund`"]
    );
}

#[test]
fn a_compensated_order_with_an_effect_that_stands() {
    assert_eq!(
        faults(End::Compensated, "a reserve 1"),
        ["a: it is compensated, but its `reserve` is not undone"]
    );
    assert_eq!(
        faults(End::Compensated, "a reserve 1, a charge 2, a refund 5"),
        ["a: it is compensated, but its `reserve` is not undone"]
    );
    assert_eq!(
        faults(End::Compensated, COMPLETED),
        [
            "a: it is compensated, but its `reserve` is not undone",
            "a: it is compensated, but its `charge` is not undone",
            "a: it is compensated, but its `ship` is not undone"
        ]
    );
}

#[test]
fn undos_in_the_wrong_order() {
    for end in [End::Compensated, End::Parked] {
        assert_eq!(
            faults(end.clone(), "a reserve 1, a charge 2, a release 6, a refund 5"),
            ["a: `release` came while the `charge` was not undone"]
        );
        assert_eq!(
            faults(
                end.clone(),
                "a reserve 1, a charge 2, a ship 3, a refund 5, a cancel_shipment 4, a release 6"
            ),
            ["a: `refund` came while the `ship` was not undone"]
        );
        assert_eq!(
            faults(end, "a reserve 1, a charge 2, a ship 3, a release 6, a refund 5, a cancel_shipment 4"),
            [
                "a: `release` came while the `ship` was not undone",
                "a: `release` came while the `charge` was not undone",
                "a: `refund` came while the `ship` was not undone"
            ]
        );
    }
}

#[test]
fn an_undo_of_nothing_or_before_its_effect() {
    assert_eq!(
        faults(End::Compensated, "a reserve 1, a refund 5, a release 6"),
        ["a: `refund` came without a `charge` before it"]
    );
    assert_eq!(
        faults(End::Compensated, "a release 6, a reserve 1"),
        ["a: `release` came without a `reserve` before it", "a: `reserve` came after a `release`"]
    );
}

#[test]
fn an_effect_after_an_undo() {
    assert_eq!(
        faults(End::Compensated, "a reserve 1, a release 6, a charge 2, a refund 5"),
        ["a: `charge` came after a `release`"]
    );
}

#[test]
fn effects_in_the_wrong_order() {
    assert_eq!(
        faults(End::Completed, "a charge 2, a reserve 1, a ship 3"),
        ["a: `charge` came without a `reserve` before it"]
    );
    assert_eq!(
        faults(End::Completed, "a reserve 1, a ship 3, a charge 2"),
        ["a: `ship` came without a `charge` before it"]
    );
}

#[test]
fn a_second_effect_or_undo_under_another_key() {
    let key = |number| Uuid::from_u128(number);
    assert_eq!(
        faults(End::Completed, &format!("{COMPLETED}, a charge 9")),
        [format!("a: a second `charge` under the key {}, after the one under {}", key(9), key(2))]
    );
    for end in [End::Compensated, End::Parked] {
        assert_eq!(
            faults(end, &format!("{COMPENSATED}, a refund 9")),
            [format!("a: a second `refund` under the key {}, after the one under {}", key(9), key(5))]
        );
    }
}

#[test]
fn a_key_with_two_lines() {
    let key = Uuid::from_u128(2);
    assert_eq!(
        faults(End::Completed, &format!("{COMPLETED}, a charge 2")),
        [format!("a: a second line of the key {key}, a `charge`")]
    );
    assert_eq!(
        faults(End::Completed, "a reserve 1, a charge 2, a ship 2"),
        [format!("a: a second line of the key {key}, a `ship`")]
    );
    let orders = [("a".to_owned(), End::Completed), ("b".to_owned(), End::Parked)];
    let report = check(&lines(&format!("{COMPLETED}, b reserve 2")), &orders);
    let fault = Fault::KeyTwice { action: Action::Reserve, key };
    assert_eq!(report.mistakes, [Mistake { order_id: "b".to_owned(), fault }]);
}

#[test]
fn an_undo_of_another_amount() {
    assert_eq!(
        faults(End::Compensated, "a reserve 1, a charge 2, a refund 5 400, a release 6"),
        ["a: `refund` of 400, but the `charge` was of 500"]
    );
}

#[test]
fn an_order_that_the_store_does_not_know() {
    assert_eq!(
        faults(End::Parked, "b reserve 1, b charge 2, c charge 3"),
        [
            "b: the store does not know it, but there is a `reserve`",
            "c: the store does not know it, but there is a `charge`",
            "c: `charge` came without a `reserve` before it"
        ]
    );
}

#[test]
fn one_order_does_not_excuse_another() {
    let orders = [("a".to_owned(), End::Compensated), ("b".to_owned(), End::Completed)];
    let report = check(&lines("a reserve 1, b reserve 11, b charge 12, a release 2, b release 13"), &orders);
    let said: Vec<String> = report.mistakes.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "b: `release` came while the `charge` was not undone",
            "b: it is completed, but there is a `release`",
            "b: it is completed without a `ship`"
        ]
    );
}
