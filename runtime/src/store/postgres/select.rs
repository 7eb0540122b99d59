//! Queries on the tables of read models.

mod after;
mod condition;
mod prefix;
#[cfg(test)]
mod tests;

use sqlx::postgres::{PgArguments, PgRow, Postgres};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, Connection as _, Row as _, SqlSafeStr, SqlStr};

use super::consumers::error::{is_outdated, of_table};
use super::consumers::value::{Many, One};
use super::consumers::{column, name};
use super::core::Core;
use super::error::read_error;
use super::losses;
use super::sql::Schema;
use crate::read_model::{Row, Value};
use crate::schema::ColumnType;
use crate::store::{OrderKey, Select, StoreError, Table, TableDefinition};

/// The rows that a query asks for, in its order.
pub(super) async fn select(core: &Core, table: &Table, select: &Select) -> Result<Vec<Row>, StoreError> {
    select.check(&table.definition)?;
    let statement = Statement::select(&core.schema, table, select);
    let rows = losses::read_raw(core, || fetch(core, &statement)).await;
    let rows = rows.map_err(|error| of_table(core, table, error))?;
    let rows = rows.iter().map(|row| column::row(row, 0, table.definition.columns));
    rows.collect::<Result<_, _>>().map_err(|error| of_table(core, table, error))
}

/// How many rows match the query's filter.
pub(super) async fn count(core: &Core, table: &Table, select: &Select) -> Result<u64, StoreError> {
    select.check(&table.definition)?;
    let statement = Statement::count(&core.schema, table, select);
    let rows = losses::read_raw(core, || fetch(core, &statement)).await;
    let rows = rows.map_err(|error| of_table(core, table, error))?;
    let count = rows.first().map_or(Ok(0), |row| row.try_get::<i64, _>(0));
    Ok(count.map_err(read_error)?.cast_unsigned())
}

/// A statement that this session prepared when the table had other columns, before a swap, is refused for ever: it is prepared anew.
async fn fetch(core: &Core, statement: &Statement<'_>) -> Result<Vec<PgRow>, sqlx::Error> {
    let mut connection = core.pool.acquire().await?;
    match statement.query().fetch_all(&mut *connection).await {
        Err(error) if is_outdated(&error) => {
            connection.clear_cached_statements().await?;
            statement.query().fetch_all(&mut *connection).await
        }
        rows => rows,
    }
}

/// A statement with the values that are bound to it: names are quoted, and nothing else of the query's is in its text.
struct Statement<'s> {
    text: SqlStr,
    bound: Vec<Bound<'s>>,
}

/// What is bound.
enum Bound<'s> {
    One(ColumnType, &'s Value),
    Many(ColumnType, &'s [Value]),
    Text(String),
    Number(i64),
}

impl<'s> Statement<'s> {
    fn select(schema: &Schema, table: &'s Table, select: &'s Select) -> Self {
        let mut writer = Writer::new(&table.definition);
        // The columns of the table are always named with it: a name alone in `order by` is that of an output.
        let columns = column::list(table.definition.columns);
        writer.push(&format!("select {columns} from {} as r", name::table(schema, table)));
        writer.filter(select);
        let places = select.places(&table.definition);
        if select.after.is_some() {
            writer.push(if select.filter.is_some() { " and " } else { " where " });
            writer.after(&places);
        }
        for (nth, (key, _)) in places.iter().enumerate() {
            writer.push(if nth == 0 { " order by " } else { ", " });
            writer.column(key.column);
            writer.push(if key.descending { " desc" } else { "" });
        }
        if let Some(limit) = select.limit {
            writer.push(" limit ");
            writer.number(limit);
        }
        if select.offset > 0 {
            writer.push(" offset ");
            writer.number(select.offset);
        }
        writer.finish()
    }

    fn count(schema: &Schema, table: &'s Table, select: &'s Select) -> Self {
        let mut writer = Writer::new(&table.definition);
        writer.push(&format!("select count(*) from {} as r", name::table(schema, table)));
        writer.filter(select);
        writer.finish()
    }

    fn query(&self) -> Query<'static, Postgres, PgArguments> {
        let query = sqlx::query(self.text.clone());
        self.bound.iter().fold(query, |query, bound| match bound {
            Bound::One(of, value) => query.bind(One(*of, value)),
            Bound::Many(of, values) => query.bind(Many(*of, values.iter())),
            Bound::Text(text) => query.bind(text.clone()),
            Bound::Number(number) => query.bind(*number),
        })
    }
}

/// Writes the text of a statement.
struct Writer<'s> {
    table: &'s TableDefinition,
    text: String,
    bound: Vec<Bound<'s>>,
}

impl<'s> Writer<'s> {
    fn new(table: &'s TableDefinition) -> Self {
        Self { table, text: String::new(), bound: Vec::new() }
    }

    fn filter(&mut self, select: &'s Select) {
        if let Some(filter) = &select.filter {
            self.push(" where ");
            self.condition(filter);
        }
    }

    fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    fn column(&mut self, place: usize) {
        // `Select::check` has found every place in the table.
        if let Some(column) = self.table.columns.get(place) {
            self.text.push_str("r.");
            self.text.push_str(&name::quoted(column.name));
        }
    }

    /// The parameter for a value, to be written where it belongs, as often as it is needed.
    fn bind(&mut self, bound: Bound<'s>) -> String {
        self.bound.push(bound);
        format!("${}", self.bound.len())
    }

    /// The parameter for a value of a column.
    fn value(&mut self, place: usize, value: &'s Value) -> String {
        let of = self.column_type(place);
        self.bind(Bound::One(of, value))
    }

    fn column_type(&self, place: usize) -> ColumnType {
        self.table.columns.get(place).map_or(ColumnType::Text, |column| column.column_type)
    }

    fn nullable(&self, key: OrderKey) -> bool {
        self.table.columns.get(key.column).is_some_and(|column| column.nullable)
    }

    fn number(&mut self, number: u64) {
        let parameter = self.bind(Bound::Number(i64::try_from(number).unwrap_or(i64::MAX)));
        self.push(&parameter);
    }

    fn finish(self) -> Statement<'s> {
        // Names are quoted, everything else is bound or our own words.
        Statement { text: AssertSqlSafe(self.text).into_sql_str(), bound: self.bound }
    }
}
