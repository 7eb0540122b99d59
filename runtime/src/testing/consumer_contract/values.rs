//! What the columns of read models hold.

use std::sync::Arc;

use time::{Duration, OffsetDateTime, UtcOffset};
use uuid::Uuid;

use super::support::{
    advance, begin, column, commit, live, opened, rows, store_rows, table_of, tabled, text, upserts, within,
    write,
};
use crate::read_model::{ColumnInfo, Row, Value};
use crate::schema::ColumnType;
use crate::store::{ConsumerStore, RowChanges};

/// A column of each type beside the key.
static ALL: [ColumnInfo; 12] = [
    column("id", ColumnType::Integer, false),
    column("boolean_value", ColumnType::Boolean, true),
    column("small", ColumnType::SmallInt, true),
    column("int", ColumnType::Integer, true),
    column("big", ColumnType::BigInt, true),
    column("wide", ColumnType::Numeric, true),
    column("single", ColumnType::Real, true),
    column("double_value", ColumnType::Double, true),
    // A word of SQL, as fields are called.
    column("order", ColumnType::Text, true),
    column("uuid", ColumnType::Uuid, true),
    column("time", ColumnType::Timestamp, true),
    column("json", ColumnType::Json, true),
];

fn booleans() -> Vec<Value> {
    vec![Value::Boolean(false), Value::Boolean(true)]
}

fn numerics() -> Vec<Value> {
    let mut numbers = vec![0, 1, -1, i128::MIN, i128::MAX, i128::from(u64::MAX), i128::from(i64::MIN)];
    // Around the places where a representation by digits in groups goes wrong.
    for zeros in 1..=38 {
        let power = 10_i128.pow(zeros);
        numbers.extend([power - 1, power, power + 1, -power, power - power / 10]);
    }
    numbers.sort_unstable();
    numbers.dedup();
    numbers.into_iter().map(Value::Numeric).collect()
}

fn reals() -> Vec<Value> {
    let numbers = [
        0.0,
        -0.0,
        1.5,
        f32::MIN,
        f32::MAX,
        f32::MIN_POSITIVE,
        1e-45,
        0.1,
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::NAN,
    ];
    numbers.into_iter().map(Value::Real).collect()
}

fn doubles() -> Vec<Value> {
    let numbers = [
        0.0,
        -0.0,
        1.5,
        f64::MIN,
        f64::MAX,
        f64::MIN_POSITIVE,
        5e-324,
        0.1,
        0.1 + 0.2,
        9_007_199_254_740_993.0,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::NAN,
    ];
    numbers.into_iter().map(Value::Double).collect()
}

fn texts() -> Vec<Value> {
    let long = "Ærøskøbing 🐋 ".repeat(5_000);
    // In the order of their bytes, as which they are compared.
    let mut texts = vec![
        String::new(),
        " ".to_owned(),
        "'; drop table --".to_owned(),
        "NULL".to_owned(),
        "\\N".to_owned(),
        "\"{},\\".to_owned(),
        "a\nb\r\n\tc\u{1}\u{7f}".to_owned(),
        "Z".to_owned(),
        "a".to_owned(),
        "a ".to_owned(),
        "ab".to_owned(),
        "é".to_owned(),
        "e\u{301}".to_owned(),
        "\u{ffff}".to_owned(),
        "\u{10348}".to_owned(),
        "\u{10ffff}".to_owned(),
        long,
    ];
    texts.sort_unstable();
    texts.into_iter().map(Value::Text).collect()
}

fn uuids() -> Vec<Value> {
    [Uuid::nil(), Uuid::now_v7(), Uuid::from_u128(u128::MAX / 2), Uuid::max()]
        .into_iter()
        .map(Value::Uuid)
        .collect()
}

/// As a field's value comes: cut to microseconds, in UTC.
fn timestamps() -> Vec<Value> {
    let seconds = |seconds| OffsetDateTime::from_unix_timestamp(seconds).expect("a legal time");
    let microsecond = Duration::microseconds(1);
    let times = [
        // The years 1 and 9999.
        seconds(-62_135_596_800),
        seconds(253_402_300_799) + Duration::microseconds(999_999),
        // Beside the epochs of Unix and of PostgreSQL.
        seconds(0),
        seconds(0) - microsecond,
        seconds(0) + microsecond,
        seconds(-1),
        seconds(-1) + microsecond,
        seconds(946_684_800),
        seconds(946_684_800) - microsecond,
        seconds(946_684_800) + microsecond,
        // More digits than are kept, before and after.
        seconds(-86_400) + Duration::nanoseconds(1_234_567_891),
        seconds(1_700_000_000) + Duration::nanoseconds(999_999_999),
        seconds(-1) + Duration::nanoseconds(999),
        seconds(1_700_000_001).to_offset(UtcOffset::from_hms(-7, 30, 0).expect("a legal offset")),
    ];
    let mut values: Vec<_> = times.iter().map(|time| Value::of(time).expect("a time has a column")).collect();
    values.sort_unstable();
    values.dedup();
    values
}

fn jsons() -> Vec<Value> {
    // Its text stays as it is: blanks, the order of the keys, and numbers.
    let texts = [
        "null",
        "0",
        "\"\"",
        "[]",
        "{}",
        "{\"b\": 1,  \"a\": [1.0, 1e400, -0, \"ø\\u00f8\"], \"b\": 2}",
        " [1 , 2]\n",
        "123456789012345678901234567890.5",
    ];
    texts.into_iter().map(|text| Value::Json(text.to_owned())).collect()
}

fn of_type(column: ColumnType) -> Vec<Value> {
    match column {
        ColumnType::Boolean => booleans(),
        ColumnType::SmallInt => [i16::MIN, -1, 0, 1, i16::MAX].into_iter().map(Value::SmallInt).collect(),
        ColumnType::Integer => [i32::MIN, -1, 0, 1, i32::MAX].into_iter().map(Value::Integer).collect(),
        ColumnType::BigInt => [i64::MIN, -1, 0, 1, i64::MAX].into_iter().map(Value::BigInt).collect(),
        ColumnType::Numeric => numerics(),
        ColumnType::Real => reals(),
        ColumnType::Double => doubles(),
        ColumnType::Text => texts(),
        ColumnType::Uuid => uuids(),
        ColumnType::Timestamp => timestamps(),
        ColumnType::Json => jsons(),
    }
}

/// The same to the last bit, but for the many ways to be no number.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Real(one), Value::Real(other)) => {
            one.to_bits() == other.to_bits() || (one.is_nan() && other.is_nan())
        }
        (Value::Double(one), Value::Double(other)) => {
            one.to_bits() == other.to_bits() || (one.is_nan() && other.is_nan())
        }
        (Value::Timestamp(one), Value::Timestamp(other)) => one == other && one.offset() == other.offset(),
        (one, other) => one == other,
    }
}

/// Every column gives back what it got, the extremes of its type and nothing included.
pub async fn values_are_kept<S: ConsumerStore>(store: Arc<S>) {
    let spec = tabled("all_values", &ALL, &[]);
    let lease = opened(&*store, &spec).await;
    // Each value once, with nothing in all other columns; and rows that are full.
    let mut written = vec![vec![Value::Null; ALL.len()]];
    for (place, column) in ALL.iter().enumerate().skip(1) {
        for value in of_type(column.column_type) {
            let mut row = vec![Value::Null; ALL.len()];
            row[place] = value;
            written.push(row);
        }
    }
    for nth in 0..40 {
        let of = |column: &ColumnInfo| {
            let values = of_type(column.column_type);
            values[nth % values.len()].clone()
        };
        written.push(ALL.iter().map(of).collect());
    }
    let written: Vec<_> = (0..)
        .zip(written)
        .map(|(number, mut row)| {
            row[0] = Value::Integer(number);
            row
        })
        .collect();
    let given = written.iter().cloned().map(Row::new).collect();
    store_rows(&*store, &spec, &lease, (0, 1), given).await;

    let mut batch = begin(&*store).await;
    let keys: Vec<_> = written.iter().map(|row| row[0].clone()).collect();
    let loaded = within(store.load_rows(&mut batch, &live(&spec), &keys)).await.expect("they can be loaded");
    commit(&*store, batch).await;
    let selected = rows(&*store, &live(&spec)).await;
    for mut read in [loaded, selected] {
        read.sort_by(|one, other| one.values()[0].cmp(&other.values()[0]));
        assert_eq!(read.len(), written.len());
        for (read, written) in read.iter().zip(&written) {
            for ((read, written), column) in read.values().iter().zip(written).zip(&ALL) {
                assert!(same(read, written), "`{}` has {read:?} for {written:?}", column.name);
            }
        }
    }
}

/// Rows are found, replaced and deleted by keys of every type that can be a key, and lie in their order.
pub async fn keys_may_be_of_many_types<S: ConsumerStore>(store: Arc<S>) {
    static KEYED: [[ColumnInfo; 2]; 8] = [
        keyed(ColumnType::Boolean),
        keyed(ColumnType::SmallInt),
        keyed(ColumnType::Integer),
        keyed(ColumnType::BigInt),
        keyed(ColumnType::Numeric),
        keyed(ColumnType::Text),
        keyed(ColumnType::Uuid),
        keyed(ColumnType::Timestamp),
    ];
    for (nth, columns) in KEYED.iter().enumerate() {
        let spec = tabled(&format!("keyed_{nth}"), columns, &[]);
        let lease = opened(&*store, &spec).await;
        let table = table_of(&spec, &lease);
        // The longest text is no key in PostgreSQL, whose indexes have a bound.
        let mut keys = of_type(columns[0].column_type);
        keys.retain(|key| !matches!(key, Value::Text(text) if text.len() > 1_000));
        keys.sort_unstable();
        let row = |key: &Value, what: &str| Row::new(vec![key.clone(), text(what)]);
        let made = keys.iter().rev().map(|key| row(key, "made")).collect();
        store_rows(&*store, &spec, &lease, (0, 1), made).await;
        let made: Vec<_> = keys.iter().map(|key| row(key, "made")).collect();
        assert_eq!(rows(&*store, &table).await, made, "{:?}", columns[0].column_type);

        let mut batch = begin(&*store).await;
        let mut found = within(store.load_rows(&mut batch, &table, &keys)).await.expect("they can be loaded");
        found.sort_by(|one, other| one.values()[0].cmp(&other.values()[0]));
        assert_eq!(found, made);
        let one = within(store.load_rows(&mut batch, &table, &keys[1..2])).await;
        assert_eq!(one.expect("it can be loaded"), made[1..2]);
        let (kept, deletes) = keys.split_at(1);
        let changes = RowChanges { upserts: vec![row(&kept[0], "replaced")], deletes: deletes.to_vec() };
        write(&*store, &mut batch, &table, changes).await;
        write(&*store, &mut batch, &table, upserts(Vec::new())).await;
        assert!(advance(&*store, &mut batch, &lease, 1, 2).await);
        commit(&*store, batch).await;
        assert_eq!(rows(&*store, &table).await, [row(&kept[0], "replaced")]);
    }
}

const fn keyed(key: ColumnType) -> [ColumnInfo; 2] {
    [column("key", key, false), column("what", ColumnType::Text, false)]
}
