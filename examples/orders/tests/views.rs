//! What the read models answer after an import.

use serde_json::{Value, json};
use tempfile::NamedTempFile;

use crate::program::{Run, file, orders};

fn some_orders() -> NamedTempFile {
    file(&[
        "1,10,2026-03-02T08:00:00Z,7,1,1.00",
        "2,12,2026-03-02T09:00:00Z,7,1,3.00",
        "3,11,2026-03-02T10:00:00Z,7,1,2.00",
        "3,11,2026-03-02T10:00:00Z,8,1,1.00",
        "4,10,2026-03-04T08:00:00Z,7,1,1.50",
        "5,10,2026-03-03T08:00:00Z,7,0,9.00",
        "6,10,2026-03-03T08:00:00Z,7,2,0.25",
    ])
}

fn top(run: &Run) -> Value {
    run.json()["top"].clone()
}

#[test]
fn the_customers_who_spent_most_come_first_and_the_smaller_id_on_ties() {
    let run = orders(&some_orders(), &["--json", "--top", "2"]);
    assert_eq!(
        top(&run),
        json!([
            { "customer_id": 11, "orders": 1, "total_cents": 300 },
            { "customer_id": 12, "orders": 1, "total_cents": 300 },
        ])
    );
    let all = top(&orders(&some_orders(), &["--json", "--top", "50"]));
    assert_eq!(all[2], json!({ "customer_id": 10, "orders": 3, "total_cents": 275 }));
    assert_eq!(all.as_array().map(Vec::len), Some(3));
    assert_eq!(run.code, Some(0));
}

#[test]
fn without_being_asked_nothing_is_said_of_the_read_models() {
    let run = orders(&some_orders(), &["--json"]);
    assert_eq!((run.json().get("top"), run.json().get("newest")), (None, None));
}

#[test]
fn a_customers_orders_are_shown_newest_first() {
    let run = orders(&some_orders(), &["--customer", "10", "--top", "1"]);
    let tables: Vec<&str> = run.stdout.split_inclusive('┘').map(str::trim).collect();
    assert_eq!(tables[1], include_str!("top.out").trim());
    assert_eq!(tables[2], include_str!("customer.out").trim());
    assert_eq!(run.code, Some(0));
}

#[test]
fn a_rebuild_says_when_it_is_done_and_changes_nothing() {
    let asked = ["--json", "--top", "3", "--customer", "10"];
    let plain = orders(&some_orders(), &asked);
    let rebuilt = orders(&some_orders(), &[&asked[..], &["--rebuild"]].concat());
    assert_eq!(rebuilt.json(), plain.json());
    assert!(
        rebuilt.stderr.ends_with("order_summaries is built anew\ncustomer_totals is built anew\n"),
        "{rebuilt:?}"
    );
}

#[test]
fn what_cannot_be_a_number_of_customers_is_refused() {
    let run = orders(&some_orders(), &["--top", "0"]);
    assert_eq!((run.code, &*run.stdout), (Some(2), ""), "{run:?}");
}
