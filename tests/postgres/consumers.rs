//! Consumers on PostgreSQL: what only its locks, its plans and its names can show.

mod locks;
mod names;
mod plans;
mod swaps;

use std::sync::Arc;
use std::time::Duration;

use kenning::read_model::{ColumnInfo, IndexInfo, Row, Value};
use kenning::store::{
    ConsumerKind, ConsumerSpec, ConsumerStore as _, Lease, LeaseRequest, RowChanges, Select, Start, Table,
    TableDefinition, Wanted,
};
use kenning::{Position, PostgresStore};
use uuid::Uuid;

/// A lease that no test outlives.
const LONG: Duration = Duration::from_secs(600);

const KIND: ConsumerKind = ConsumerKind::ReadModel;

static COLUMNS: &[ColumnInfo] = &[ColumnInfo::of::<String>("id"), ColumnInfo::of::<i64>("number")];

static INDEXES: &[IndexInfo] = &[IndexInfo::over(&[1])];

fn spec(version: u32, partitions: u16) -> ConsumerSpec {
    tabled(version, partitions, COLUMNS, INDEXES)
}

fn tabled(
    version: u32,
    partitions: u16,
    columns: &'static [ColumnInfo],
    indexes: &'static [IndexInfo],
) -> ConsumerSpec {
    let table = TableDefinition { name: "things".into(), columns, key: 0, indexes };
    ConsumerSpec {
        name: "things".into(),
        kind: KIND,
        version,
        partitions,
        start: Start::Beginning,
        table: Some(Arc::new(table)),
    }
}

fn live(spec: &ConsumerSpec) -> Table {
    Table { definition: spec.table.clone().expect("it has a table"), building: None }
}

fn table_of(spec: &ConsumerSpec, lease: &Lease) -> Table {
    Table { building: (!lease.live).then_some(lease.generation), ..live(spec) }
}

fn row(id: impl ToString, number: i64) -> Row {
    Row::new(vec![Value::Text(id.to_string()), Value::BigInt(number)])
}

fn upserts(upserts: Vec<Row>) -> RowChanges {
    RowChanges { upserts, ..RowChanges::default() }
}

async fn generation(store: &PostgresStore, spec: &ConsumerSpec) -> u32 {
    store.open_consumer(spec).await.unwrap().generation.expect("it is to be run")
}

/// Asks for the partitions of a generation, and gives what the worker has then.
async fn ask(
    store: &PostgresStore,
    worker: Uuid,
    generation: u32,
    held: &[Lease],
    duration: Duration,
) -> Vec<Lease> {
    let held = held.iter().map(|lease| (lease.partition, lease.epoch)).collect();
    let wanted = vec![Wanted { consumer: "things".into(), generation, release: "".into(), held }];
    store.lease(&LeaseRequest { worker, duration, wanted }).await.unwrap()
}

/// The lease of the only partition.
async fn claim(store: &PostgresStore, generation: u32) -> Lease {
    loop {
        if let [lease] = ask(store, Uuid::now_v7(), generation, &[], LONG).await.as_slice() {
            return lease.clone();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// One batch: rows, and the checkpoint; says whether the lease was good.
async fn batch(
    store: &PostgresStore,
    spec: &ConsumerSpec,
    lease: &Lease,
    from: u64,
    to: u64,
    rows: Vec<Row>,
) -> Result<bool, kenning::store::StoreError> {
    let mut batch = store.begin_batch(KIND, LONG).await?;
    store.write_rows(&mut batch, &table_of(spec, lease), upserts(rows)).await?;
    if !store.advance(&mut batch, lease, Position::new(from), Position::new(to)).await? {
        return Ok(false);
    }
    store.commit_batch(batch).await?;
    Ok(true)
}

async fn rows(store: &PostgresStore, spec: &ConsumerSpec) -> Vec<Row> {
    store.select(&live(spec), &Select::default()).await.unwrap()
}
