use super::{Bound, Statement};
use crate::read_model::{ColumnInfo, Value};
use crate::schema::ColumnType;
use crate::store::postgres::sql::Schema;
use crate::store::{Comparison, Condition, OrderKey, Select, Table, TableDefinition};

const COLUMNS: &[ColumnInfo] = &[
    ColumnInfo { name: "id", column_type: ColumnType::Uuid, nullable: false },
    ColumnInfo { name: "a", column_type: ColumnType::BigInt, nullable: false },
    ColumnInfo { name: "b", column_type: ColumnType::Numeric, nullable: false },
    ColumnInfo { name: "n", column_type: ColumnType::Text, nullable: true },
    ColumnInfo { name: "x\"y", column_type: ColumnType::Text, nullable: false },
];

fn table() -> Table {
    let definition = TableDefinition { name: "things".into(), columns: COLUMNS, key: 0, indexes: &[] };
    Table { definition: definition.into(), building: None }
}

/// The text after the name of the table.
fn text(select: &Select) -> String {
    let (schema, table) = (Schema::new("kenning").unwrap(), table());
    let statement = Statement::select(&schema, &table, select);
    let text = statement.text.as_str();
    let rest = text.strip_prefix(r#"select "id", "a", "b", "n", "x""y" from "kenning"."things" as r"#);
    rest.unwrap_or_else(|| panic!("{text}")).trim_start().replace("r.", "")
}

fn filtered(condition: Condition) -> String {
    let text = text(&Select { filter: Some(condition), ..Select::default() });
    text.strip_suffix(r#" order by "id""#).expect("it is ordered by the key").to_owned()
}

/// What follows `where`, without the order.
fn after(keys: &[(usize, bool)], values: Vec<Value>) -> String {
    let order = keys.iter().map(|(column, descending)| OrderKey { column: *column, descending: *descending });
    let text = text(&Select { order: order.collect(), after: Some(values), ..Select::default() });
    let text = text.split(" order by ").next().expect("there is a beginning");
    text.strip_prefix("where ").expect("there is a condition").replace('"', "")
}

#[test]
fn names_are_quoted_and_values_are_bound() {
    let hostile = "'; drop table things; --";
    let condition = Condition::All(vec![
        Condition::Compare(4, Comparison::Ne, Value::Text(hostile.to_owned())),
        Condition::Like(3, hostile.to_owned()),
        Condition::Any(vec![Condition::In(2, vec![Value::Numeric(1)]), Condition::IsNull(3)]),
        Condition::Not(Box::new(Condition::StartsWith(3, "ab".to_owned()))),
        Condition::All(vec![]),
        Condition::Any(vec![]),
        Condition::Unknown,
    ]);
    assert_eq!(
        filtered(condition),
        r#"where (("x""y" <> $1) and ("n" like $2) and (("b" = any($3)) or ("n" is null)) and (not (("n" >= $4) and ("n" < $5))) and (true) and (false) and (null::boolean))"#
    );
}

#[test]
fn limits_are_bound_and_beyond_the_servers_numbers_they_are_none() {
    let (schema, table) = (Schema::new("kenning").unwrap(), table());
    let select = Select { limit: Some(u64::MAX), offset: 7, ..Select::default() };
    assert_eq!(text(&select), r#"order by "id" limit $1 offset $2"#);
    let statement = Statement::select(&schema, &table, &select);
    assert!(matches!(statement.bound[..], [Bound::Number(i64::MAX), Bound::Number(7)]));
}

#[test]
fn one_direction_is_one_row() {
    let (id, a, b) = (Value::Uuid(uuid::Uuid::nil()), Value::BigInt(1), Value::Numeric(2));
    assert_eq!(after(&[], vec![id.clone()]), "((id) > ($1))");
    let ascending = after(&[(1, false), (2, false)], vec![a.clone(), b.clone(), id.clone()]);
    assert_eq!(ascending, "((a, b, id) > ($1, $2, $3))");
    // What stands after the key decides nothing.
    let keyed = after(&[(0, true), (1, false)], vec![id.clone(), a.clone(), id.clone()]);
    assert_eq!(keyed, "((id) < ($1))");
}

#[test]
fn another_direction_begins_another_row() {
    let (id, a, b) = (Value::Uuid(uuid::Uuid::nil()), Value::BigInt(1), Value::Numeric(2));
    let mixed = after(&[(1, true), (2, true)], vec![a, b, id]);
    assert_eq!(mixed, "(((a, b) <= ($1, $2)) and (((a, b) < ($1, $2)) or ((id) > ($3))))");
}

#[test]
fn nothing_comes_last_ascending_and_first_descending() {
    let (id, n) = (Value::Uuid(uuid::Uuid::nil()), Value::Text("t".to_owned()));
    let ascending = after(&[(3, false)], vec![n.clone(), id.clone()]);
    assert_eq!(ascending, "((n > $1) or n is null or ((n = $1) and ((id) > ($2))))");
    assert_eq!(after(&[(3, false)], vec![Value::Null, id.clone()]), "(n is null and ((id) > ($1)))");
    let descending = after(&[(3, true)], vec![n, id.clone()]);
    assert_eq!(descending, "(((n) <= ($1)) and (((n) < ($1)) or ((id) > ($2))))");
    assert_eq!(after(&[(3, true)], vec![Value::Null, id]), "(n is not null or ((id) > ($1)))");
}
