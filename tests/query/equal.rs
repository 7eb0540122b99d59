//! Both stores give the same rows, in the same order, for whatever is asked.
//!
//! Tried with the guards out, two runs of three tests each. Found by all six: nothing ordered first when ascending; `not` of what is neither true nor false as true;
//! `collate "C"` left out of the table; a place of the order without its `is null`; a descending order gone on as an ascending one. By five: an `_` that takes no character beyond
//! ASCII. By one or two, and so by a test of its own as well: a range of texts without the hole in the code points (`ends_with_the_next_character`), and a list of none that is
//! neither true nor false of a row with nothing (`nothing_is_asked_for_by_none`).

use std::sync::Arc;

use kenning::read_model::{ColumnInfo, Row};
use kenning::store::{
    ConsumerKind, ConsumerSpec, ConsumerStore, EventStore as _, RowChanges, Select, Start, Table,
    TableDefinition,
};
use kenning::{MemoryStore, PostgresStore};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Executor as _};

use super::random::{self, Case};
use super::write;
use crate::support::database;

/// How many tables are made up for each kind of key; `KENNING_CASES` says otherwise.
const CASES: u32 = 20;

#[test]
fn p10_both_stores_give_the_same_answers_keyed_by_number() {
    compare("keyed_by_number", random::KEYED_BY_NUMBER);
}

#[test]
fn p10_both_stores_give_the_same_answers_keyed_by_text() {
    compare("keyed_by_text", random::KEYED_BY_TEXT);
}

#[test]
fn p10_both_stores_give_the_same_answers_keyed_by_numeric() {
    compare("keyed_by_numeric", random::KEYED_BY_NUMERIC);
}

fn compare(name: &'static str, columns: &'static [ColumnInfo]) {
    let number = |name| std::env::var(name).ok().and_then(|number| number.parse::<u64>().ok());
    let seed = number("KENNING_SEED").unwrap_or_else(|| fastrand::u64(..));
    println!("KENNING_SEED={seed} repeats this");
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let cases = number("KENNING_CASES").and_then(|cases| cases.try_into().ok()).unwrap_or(CASES);
    let config = Config { cases, failure_persistence: None, max_shrink_time: 10_000, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime is made");
    let stores = runtime.block_on(async {
        let postgres = PostgresStore::connect(&collated().await).await.expect("the database answers");
        postgres.prepare().await.expect("the database is migrated");
        Stores::open(MemoryStore::new(), postgres, name, columns).await
    });
    let result = runner.run(&random::case(columns), |case| runtime.block_on(stores.agree(&case)));
    if let Err(error) = result {
        panic!("KENNING_SEED={seed} repeats this: {error}");
    }
}

/// The URL of a database that orders text as people do where nothing else is said, so that it is seen when nothing is. Before PostgreSQL 15 there is none of that kind.
async fn collated() -> String {
    let url = database().await;
    let options: PgConnectOptions = url.parse().expect("it is a URL");
    let name = format!("{}_icu", options.get_database().expect("it names a database"));
    let mut admin = options.connect().await.expect("the server answers");
    let create = format!("create database {name} template template0 locale_provider icu icu_locale 'en'");
    let server: i32 = sqlx::query_scalar("select current_setting('server_version_num')::int")
        .fetch_one(&mut admin)
        .await
        .expect("the server tells its version");
    if server < 150_000 {
        return url;
    }
    // The name is of digits and our own words.
    if let Err(error) = admin.execute(AssertSqlSafe(create)).await {
        eprintln!(
            "this server orders no text as people do, the collation of columns is not put to the test: {error}"
        );
        return url;
    }
    options.database(&name).to_url_lossy().to_string()
}

struct Stores {
    memory: MemoryStore,
    postgres: PostgresStore,
    table: Table,
}

impl Stores {
    async fn open(
        memory: MemoryStore,
        postgres: PostgresStore,
        name: &'static str,
        columns: &'static [ColumnInfo],
    ) -> Self {
        let definition =
            Arc::new(TableDefinition { name: name.into(), columns, key: random::KEY, indexes: &[] });
        let spec = ConsumerSpec {
            name: name.into(),
            kind: ConsumerKind::ReadModel,
            version: 1,
            partitions: 1,
            start: Start::Beginning,
            table: Some(Arc::clone(&definition)),
        };
        memory.open_consumer(&spec).await.expect("the table is made");
        postgres.open_consumer(&spec).await.expect("the table is made");
        Self { memory, postgres, table: Table { definition, building: None } }
    }

    async fn agree(&self, case: &Case) -> Result<(), TestCaseError> {
        self.fill(&self.memory, case).await;
        self.fill(&self.postgres, case).await;
        for query in &case.queries {
            let rows = self.rows(&self.memory, query).await?;
            same(query, &rows, &self.rows(&self.postgres, query).await?)?;
            let count = self.memory.count(&self.table, query).await.map_err(said)?;
            let counted = self.postgres.count(&self.table, query).await.map_err(said)?;
            if count != counted {
                return Err(TestCaseError::fail(format!(
                    "{query:?}: {count} in memory, {counted} on PostgreSQL"
                )));
            }
            self.walk(&self.memory, query, case.page).await?;
            self.walk(&self.postgres, query, case.page).await?;
        }
        Ok(())
    }

    /// The table has the rows of the case and no others.
    async fn fill<S: ConsumerStore>(&self, store: &S, case: &Case) {
        let there = store.select(&self.table, &Select::default()).await.expect("the rows are read");
        let deletes = there.iter().map(|row| row.values()[random::KEY].clone()).collect();
        write(store, &self.table, RowChanges { upserts: case.rows.clone(), deletes }).await;
    }

    async fn rows<S: ConsumerStore>(&self, store: &S, query: &Select) -> Result<Vec<Row>, TestCaseError> {
        store.select(&self.table, query).await.map_err(|error| {
            TestCaseError::fail(format!("{query:?}: {error}: {:?}", std::error::Error::source(&error)))
        })
    }

    /// Page by page it is the same as at once.
    async fn walk<S: ConsumerStore>(
        &self,
        store: &S,
        query: &Select,
        page: u64,
    ) -> Result<(), TestCaseError> {
        let mut query = Select { limit: None, offset: 0, ..query.clone() };
        let whole = self.rows(store, &query).await?;
        query.limit = Some(page);
        let mut walked: Vec<Row> = Vec::new();
        loop {
            let rows = self.rows(store, &query).await?;
            let Some(last) = rows.last() else { break };
            let places = query.order.iter().map(|key| key.column).chain([random::KEY]);
            query.after = Some(places.map(|place| last.values()[place].clone()).collect());
            walked.extend(rows);
            if walked.len() > whole.len() {
                break;
            }
        }
        same(&query, &whole, &walked)
    }
}

fn same(query: &Select, one: &[Row], other: &[Row]) -> Result<(), TestCaseError> {
    if one == other {
        return Ok(());
    }
    Err(TestCaseError::fail(format!("{query:?}:\n{}\nbut:\n{}", lines(one), lines(other))))
}

fn lines(rows: &[Row]) -> String {
    rows.iter().map(|row| format!("  {:?}\n", row.values())).collect()
}

fn said(error: impl std::fmt::Display) -> TestCaseError {
    TestCaseError::fail(error.to_string())
}
