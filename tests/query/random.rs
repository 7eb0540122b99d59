//! Random tables, and random queries on them. Values are few, so that they meet, and ugly.

use std::collections::BTreeMap;

use kenning::read_model::{ColumnInfo, Row, Value};
use kenning::schema::ColumnType;
use kenning::store::{Comparison, Condition, OrderKey, Select};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use time::OffsetDateTime;
use time::macros::datetime;
use uuid::Uuid;

macro_rules! columns {
    ($name:ident: $key:ty) => {
        /// One column of each type, and one of each that may hold nothing.
        pub(super) const $name: &[ColumnInfo] = &[
            ColumnInfo::of::<bool>("flag"),
            ColumnInfo::of::<Option<bool>>("flag_null"),
            ColumnInfo::of::<i16>("small"),
            ColumnInfo::of::<Option<i16>>("small_null"),
            ColumnInfo::of::<i32>("from"),
            ColumnInfo::of::<Option<i32>>("Order By"),
            ColumnInfo::of::<i64>("big"),
            ColumnInfo::of::<$key>("key"),
            ColumnInfo::of::<Option<i64>>("big_null"),
            ColumnInfo::of::<u64>("number"),
            ColumnInfo::of::<Option<i128>>("number_null"),
            ColumnInfo::of::<f32>("real"),
            ColumnInfo::of::<Option<f32>>("real_null"),
            ColumnInfo::of::<f64>("double"),
            ColumnInfo::of::<Option<f64>>("double_null"),
            ColumnInfo::of::<String>("te\"xt"),
            ColumnInfo::of::<Option<String>>("text_null"),
            ColumnInfo::of::<Uuid>("uuid"),
            ColumnInfo::of::<Option<Uuid>>("uuid_null"),
            ColumnInfo::of::<OffsetDateTime>("time"),
            ColumnInfo::of::<Option<OffsetDateTime>>("time_null"),
            ColumnInfo::json("json"),
            ColumnInfo::json("json_null").nullable(),
        ];
    };
}

columns!(KEYED_BY_NUMBER: i64);
columns!(KEYED_BY_TEXT: String);
columns!(KEYED_BY_NUMERIC: u64);

/// The place of the key in each of them.
pub(super) const KEY: usize = 7;

/// A table's rows, and what is asked of it.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) rows: Vec<Row>,
    pub(super) queries: Vec<Select>,
    /// How many rows a page has when the queries are walked through page by page.
    pub(super) page: u64,
}

pub(super) fn case(columns: &'static [ColumnInfo]) -> impl Strategy<Value = Case> {
    (vec(row(columns), 0..25), 1_u64..8).prop_flat_map(move |(rows, page)| {
        let rows: BTreeMap<Value, Row> =
            rows.into_iter().map(|row| (row.values()[KEY].clone(), row)).collect();
        let rows: Vec<Row> = rows.into_values().collect();
        let queries = vec(query(columns, rows.clone()), 8);
        (Just(rows), queries, Just(page)).prop_map(|(rows, queries, page)| Case { rows, queries, page })
    })
}

fn row(columns: &'static [ColumnInfo]) -> impl Strategy<Value = Row> {
    let values: Vec<_> = columns
        .iter()
        .map(|column| match column.nullable {
            true => {
                option::of(value(column.column_type)).prop_map(|value| value.unwrap_or(Value::Null)).boxed()
            }
            false => value(column.column_type),
        })
        .collect();
    values.prop_map(Row::new)
}

fn query(columns: &'static [ColumnInfo], rows: Vec<Row>) -> impl Strategy<Value = Select> {
    let order = vec((compared(columns), any::<bool>()), 0..4).prop_map(|keys| {
        keys.into_iter().map(|(column, descending)| OrderKey { column, descending }).collect::<Vec<_>>()
    });
    // A place of the order is that of a row, of another table's row, or none.
    let after = match rows.is_empty() {
        true => row(columns).boxed(),
        false => prop_oneof![2 => select(rows), 1 => row(columns)].boxed(),
    };
    let bounds = (option::of(0_u64..12), prop_oneof![3 => Just(0_u64), 1 => 0_u64..6]);
    (option::weighted(0.8, condition(columns)), order, option::weighted(0.3, after), bounds).prop_map(
        |(filter, order, after, (limit, offset))| {
            let after = after.map(|row: Row| {
                let places = order.iter().map(|key| key.column).chain([KEY]);
                places.map(|place| row.values()[place].clone()).collect()
            });
            Select { filter, order, after, limit, offset }
        },
    )
}

fn condition(columns: &'static [ColumnInfo]) -> impl Strategy<Value = Condition> {
    leaf(columns).prop_recursive(4, 16, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Condition::All),
            vec(inner.clone(), 0..4).prop_map(Condition::Any),
            inner.prop_map(|condition| Condition::Not(Box::new(condition))),
        ]
    })
}

fn leaf(columns: &'static [ColumnInfo]) -> BoxedStrategy<Condition> {
    let comparison = select(&[
        Comparison::Eq,
        Comparison::Ne,
        Comparison::Lt,
        Comparison::Le,
        Comparison::Gt,
        Comparison::Ge,
    ]);
    let compare = compared(columns).prop_flat_map(move |column| {
        let of = columns[column].column_type;
        prop_oneof![
            (comparison.clone(), value(of))
                .prop_map(move |(with, value)| Condition::Compare(column, with, value)),
            vec(value(of), 0..12).prop_map(move |values| Condition::In(column, values)),
        ]
    });
    let texts: Vec<usize> =
        (0..columns.len()).filter(|column| columns[*column].column_type == ColumnType::Text).collect();
    let text = prop_oneof![
        2 => (select(texts.clone()), pattern()).prop_map(|(column, text)| Condition::Like(column, text)),
        1 => (select(texts), text()).prop_map(|(column, text)| Condition::StartsWith(column, text)),
    ];
    prop_oneof![
        6 => compare,
        3 => text,
        2 => (0..columns.len()).prop_map(Condition::IsNull),
        1 => Just(Condition::Unknown),
    ]
    .boxed()
}

/// The columns that can be compared.
fn compared(columns: &'static [ColumnInfo]) -> impl Strategy<Value = usize> {
    let compared = (0..columns.len()).filter(|column| columns[*column].column_type != ColumnType::Json);
    select(compared.collect::<Vec<_>>())
}

const LETTERS: &[&str] = &[
    "a",
    "A",
    "b",
    "%",
    "_",
    "\\",
    "'",
    "\"",
    "ä",
    "a\u{308}",
    "\u{d7ff}",
    "\u{e000}",
    "\u{10ffff}",
    " ",
    "$1",
    "--",
    "\n",
    "\u{1}",
    "\u{7f}",
    "\u{80}",
];

fn text() -> impl Strategy<Value = String> {
    vec(select(LETTERS), 0..4).prop_map(|letters| letters.concat())
}

/// A pattern whose last escape takes something. Every second one matches any text of its length, so that what it means for each letter is seen.
fn pattern() -> impl Strategy<Value = String> {
    let any = prop_oneof![2 => Just("_"), 2 => Just("%"), 1 => select(&["\\_", "\\%", "\\\\"][..])];
    let part = prop_oneof![1 => any.clone(), 1 => select(LETTERS)];
    prop_oneof![vec(any, 0..4), vec(part, 0..4)].prop_map(|parts| {
        let mut pattern = parts.concat();
        if (pattern.len() - pattern.trim_end_matches('\\').len()) % 2 == 1 {
            pattern.push('%');
        }
        pattern
    })
}

fn value(of: ColumnType) -> BoxedStrategy<Value> {
    match of {
        ColumnType::Boolean => any::<bool>().prop_map(Value::Boolean).boxed(),
        ColumnType::SmallInt => select(&[i16::MIN, -1, 0, 1, 2, i16::MAX]).prop_map(Value::SmallInt).boxed(),
        ColumnType::Integer => select(&[i32::MIN, -1, 0, 1, 2, i32::MAX]).prop_map(Value::Integer).boxed(),
        ColumnType::BigInt => prop_oneof![select(&[i64::MIN, -1, 0, 1, 2, i64::MAX]), -20_i64..20]
            .prop_map(Value::BigInt)
            .boxed(),
        ColumnType::Numeric => {
            let ends = [i128::MIN, -10_000, -1, 0, 1, 9_999, 10_000, 100_000_000, i128::MAX - 1, i128::MAX];
            prop_oneof![select(ends.to_vec()), -20_i128..20, any::<u64>().prop_map(i128::from)]
                .prop_map(Value::Numeric)
                .boxed()
        }
        ColumnType::Real => {
            let ends = [
                f32::NEG_INFINITY,
                -1.5,
                -0.0,
                0.0,
                0.1,
                f32::MIN_POSITIVE,
                f32::INFINITY,
                f32::NAN,
                -f32::NAN,
            ];
            select(ends.to_vec()).prop_map(Value::Real).boxed()
        }
        ColumnType::Double => {
            let ends = [
                f64::NEG_INFINITY,
                -1.5,
                -0.0,
                0.0,
                0.1,
                f64::MIN_POSITIVE,
                f64::INFINITY,
                f64::NAN,
                -f64::NAN,
            ];
            select(ends.to_vec()).prop_map(Value::Double).boxed()
        }
        ColumnType::Text => text().prop_map(Value::Text).boxed(),
        ColumnType::Uuid => select(vec![0, 1, 1 << 64, 1 << 127, u128::MAX])
            .prop_map(|id| Value::Uuid(Uuid::from_u128(id)))
            .boxed(),
        ColumnType::Timestamp => {
            let times = [
                datetime!(-4713-11-24 00:00 UTC),
                datetime!(1999-12-31 23:59:59.999_999 UTC),
                datetime!(2000-01-01 00:00 UTC),
                datetime!(2000-01-01 00:00:00.000_001 UTC),
                datetime!(9999-12-31 23:59:59.999_999 UTC),
            ];
            select(times.to_vec()).prop_map(Value::Timestamp).boxed()
        }
        other => select(&["null", "{\"a\": [1,  2]}", "\"\\u0000\"", "1.50"])
            .prop_map(move |json| match other {
                ColumnType::Json => Value::Json(json.to_owned()),
                other => unreachable!("no column is of {other:?}"),
            })
            .boxed(),
    }
}
