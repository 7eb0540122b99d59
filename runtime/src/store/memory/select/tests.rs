use std::sync::Arc;

use super::like::Pattern;
use super::{count, only_key, select};
use crate::read_model::{ColumnInfo, Row, Value};
use crate::schema::ColumnType;
use crate::store::{Comparison, Condition, OrderKey, Select, StoreError, TableDefinition};

const COLUMNS: &[ColumnInfo] = &[
    ColumnInfo { name: "id", column_type: ColumnType::BigInt, nullable: false },
    ColumnInfo { name: "name", column_type: ColumnType::Text, nullable: true },
    ColumnInfo { name: "weight", column_type: ColumnType::Double, nullable: true },
    ColumnInfo { name: "tags", column_type: ColumnType::Json, nullable: false },
];

fn table() -> TableDefinition {
    TableDefinition { name: Arc::from("things"), columns: COLUMNS, key: 0, indexes: &[] }
}

fn row(id: i64, name: Option<&str>, weight: Option<f64>) -> Row {
    Row::new(vec![
        Value::BigInt(id),
        name.map_or(Value::Null, |name| Value::Text(name.to_owned())),
        weight.map_or(Value::Null, Value::Double),
        Value::Json("[]".to_owned()),
    ])
}

fn ids(rows: &[Row], query: &Select) -> Vec<i64> {
    let found = select(&table(), rows, query).unwrap();
    let ids = found.iter().map(|row| match row.values()[0] {
        Value::BigInt(id) => id,
        _ => unreachable!("the key is a number"),
    });
    ids.collect()
}

fn matching(rows: &[Row], filter: Condition) -> Vec<i64> {
    let query = Select { filter: Some(filter), ..Select::default() };
    let ids = ids(rows, &query);
    assert_eq!(count(&table(), rows, &query).unwrap(), ids.len() as u64);
    ids
}

fn by(column: usize, descending: bool) -> OrderKey {
    OrderKey { column, descending }
}

fn some(order: Vec<OrderKey>) -> Select {
    Select { order, ..Select::default() }
}

fn not(condition: Condition) -> Condition {
    Condition::Not(Box::new(condition))
}

#[test]
fn what_is_neither_true_nor_false_stays_so() {
    let rows = [row(1, Some("a"), None), row(2, None, None), row(3, Some("b"), None)];
    let is_a = || Condition::Compare(1, Comparison::Eq, Value::Text("a".to_owned()));
    assert_eq!(matching(&rows, is_a()), [1]);
    assert_eq!(matching(&rows, not(is_a())), [3]);
    assert_eq!(matching(&rows, Condition::Compare(1, Comparison::Ne, Value::Text("a".to_owned()))), [3]);
    assert_eq!(matching(&rows, Condition::Any(vec![is_a(), Condition::IsNull(1)])), [1, 2]);
    assert_eq!(matching(&rows, Condition::All(vec![not(is_a()), not(Condition::IsNull(1))])), [3]);
    assert_eq!(matching(&rows, Condition::Any(vec![Condition::Unknown, is_a()])), [1]);
    assert_eq!(matching(&rows, not(Condition::All(vec![Condition::Unknown, is_a()]))), [3]);
    assert_eq!(matching(&rows, not(Condition::Like(1, "a%".to_owned()))), [3]);
    assert_eq!(matching(&rows, not(Condition::In(1, vec![Value::Text("a".to_owned())]))), [3]);
    assert_eq!(matching(&rows, not(Condition::In(1, vec![]))), [1, 2, 3]);
    assert_eq!(matching(&rows, Condition::All(vec![])), [1, 2, 3]);
    assert!(matching(&rows, Condition::Any(vec![])).is_empty());
}

#[test]
fn nothing_comes_last_and_what_is_no_number_before_it() {
    let rows = [
        row(1, None, None),
        row(2, None, Some(f64::NAN)),
        row(3, None, Some(-0.0)),
        row(4, None, Some(0.0)),
        row(5, None, Some(f64::INFINITY)),
        row(6, None, Some(-1.5)),
    ];
    assert_eq!(ids(&rows, &some(vec![by(2, false)])), [6, 3, 4, 5, 2, 1]);
    assert_eq!(ids(&rows, &some(vec![by(2, true)])), [1, 2, 5, 3, 4, 6]);
    let nan = Condition::Compare(2, Comparison::Eq, Value::Double(f64::NAN));
    assert_eq!(matching(&rows, nan), [2]);
    let above = Condition::Compare(2, Comparison::Gt, Value::Double(f64::INFINITY));
    assert_eq!(matching(&rows, above), [2]);
    let zero = Condition::In(2, vec![Value::Double(0.0)]);
    assert_eq!(matching(&rows, zero), [3, 4]);
}

#[test]
fn pages_go_on_after_a_row_that_need_not_be_there() {
    let rows =
        [row(1, Some("a"), None), row(2, Some("a"), None), row(3, None, None), row(4, Some("b"), None)];
    let mut query = some(vec![by(1, true)]);
    assert_eq!(ids(&rows, &query), [3, 4, 1, 2]);
    query.limit = Some(2);
    query.after = Some(vec![Value::Null, Value::BigInt(3)]);
    assert_eq!(ids(&rows, &query), [4, 1]);
    query.after = Some(vec![Value::Text("aa".to_owned()), Value::BigInt(9)]);
    assert_eq!(ids(&rows, &query), [1, 2]);
    query.offset = 1;
    assert_eq!(ids(&rows, &query), [2]);
    query.limit = Some(0);
    assert!(ids(&rows, &query).is_empty());
}

#[test]
fn the_key_in_the_order_decides_and_what_stands_after_it_does_not() {
    let rows = [row(1, Some("b"), None), row(2, Some("a"), None)];
    let query = some(vec![by(0, true), by(1, false)]);
    assert_eq!(ids(&rows, &query), [2, 1]);
    let after = vec![Value::BigInt(2), Value::Text("a".to_owned()), Value::BigInt(2)];
    assert_eq!(ids(&rows, &Select { after: Some(after), ..query }), [1]);
}

#[test]
fn patterns_are_those_of_sql() {
    let cases = [
        ("", "", true),
        ("", "a", false),
        ("%", "", true),
        ("%%", "anything", true),
        ("_", "", false),
        ("_", "ä", true),
        ("_", "ab", false),
        ("a%c", "abc", true),
        ("a%c", "abcb", false),
        ("a%b%c", "aXbYbZc", true),
        ("%ab", "aab", true),
        ("%a_b%", "xxaabab", true),
        ("A", "a", false),
        (r"\%", "%", true),
        (r"\%", "a", false),
        (r"\_\\", r"_\", true),
        (r"\a", "a", true),
        ("%_", "x", true),
        ("%_", "", false),
        ("%\u{1F600}_", "a\u{1F600}\u{1F600}b", true),
    ];
    for (pattern, text, matches) in cases {
        assert_eq!(Pattern::new(pattern).matches(text), matches, "{text:?} like {pattern:?}");
    }
}

/// With a retry for each `%`, instead of the last one alone, this takes longer than anybody waits.
#[test]
fn a_hostile_pattern_takes_no_more_time_than_its_length_times_the_text() {
    let pattern = Pattern::new(&"%a".repeat(200));
    assert!(!pattern.matches(&"a".repeat(199)));
    assert!(pattern.matches(&"ba".repeat(200)));
}

#[test]
fn what_does_not_fit_the_table_is_refused() {
    let text = |text: &str| Value::Text(text.to_owned());
    let wrong = [
        Condition::IsNull(9),
        Condition::Compare(0, Comparison::Eq, text("1")),
        Condition::Compare(0, Comparison::Eq, Value::Null),
        Condition::In(0, vec![Value::BigInt(1), Value::Integer(1)]),
        Condition::Compare(3, Comparison::Eq, Value::Json("[]".to_owned())),
        Condition::Like(0, "%".to_owned()),
        Condition::StartsWith(2, String::new()),
        Condition::Like(1, r"a\".to_owned()),
        Condition::Like(1, r"a\\\".to_owned()),
        Condition::StartsWith(1, "\0".to_owned()),
        Condition::Compare(1, Comparison::Lt, text("\0")),
        Condition::Any(vec![Condition::IsNull(0); 10_001]),
        (0..200).fold(Condition::IsNull(0), |condition, _| not(condition)),
    ];
    for filter in wrong {
        let query = Select { filter: Some(filter), ..Select::default() };
        let error = select(&table(), &[], &query).unwrap_err();
        assert!(matches!(error, StoreError::InvalidSelect(_)), "{error}");
        assert!(count(&table(), &[], &query).is_err());
    }
    let after = |order: Vec<OrderKey>, after| Select { after: Some(after), ..some(order) };
    for query in [
        some(vec![by(3, false)]),
        some(vec![by(4, false)]),
        after(vec![], vec![]),
        after(vec![], vec![Value::Null]),
        after(vec![by(1, false)], vec![Value::BigInt(1), Value::BigInt(1)]),
    ] {
        assert!(select(&table(), &[], &query).is_err(), "{query:?}");
    }
    let query = after(vec![by(1, false)], vec![Value::Null, Value::BigInt(1)]);
    assert!(select(&table(), &[], &query).is_ok());
}

#[test]
fn a_filter_on_the_key_names_the_row() {
    let key = Condition::Compare(0, Comparison::Eq, Value::BigInt(7));
    let only = |filter| {
        let query = Select { filter: Some(filter), ..Select::default() };
        only_key(&table(), &query).cloned()
    };
    assert_eq!(only(key.clone()), Some(Value::BigInt(7)));
    assert_eq!(only(Condition::All(vec![Condition::IsNull(1), key.clone()])), Some(Value::BigInt(7)));
    assert_eq!(only(Condition::Any(vec![key.clone()])), None);
    assert_eq!(only(not(key)), None);
}
