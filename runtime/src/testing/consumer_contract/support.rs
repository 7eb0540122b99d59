//! What the rules share.

use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

pub(in crate::testing) use super::super::store_contract::support::{append, event, position, stream, within};
use crate::number::{Position, Version};
use crate::read_model::{ColumnInfo, IndexInfo, Row, Value};
use crate::schema::ColumnType;
use crate::store::{
    ConsumerKind, ConsumerRecord, ConsumerSpec, ConsumerStore, Lease, LeaseRequest, NewParked, Opened,
    Parked, ParkedQuery, RowChanges, Select, Start, StoreError, Table, TableDefinition, Wanted,
};

/// Far longer than any rule takes.
pub(in crate::testing) const LONG: Duration = Duration::from_secs(600);

/// Soon over; nothing is asserted of the time before its end.
pub(in crate::testing) const SHORT: Duration = Duration::from_millis(300);

/// The name of the consumer of most rules.
pub(in crate::testing) const NAME: &str = "contract_rows";

/// `id`, `number` and `place`, the last two of which may be nothing.
pub(in crate::testing) static COLUMNS: &[ColumnInfo] = &[
    column("id", ColumnType::Text, false),
    column("number", ColumnType::BigInt, true),
    column("place", ColumnType::Text, true),
];

/// No two rows of one number and place.
pub(in crate::testing) static UNIQUE: &[IndexInfo] =
    &[IndexInfo { columns: &[2], unique: false }, IndexInfo { columns: &[1, 2], unique: true }];

pub(in crate::testing) const fn column(
    name: &'static str,
    column_type: ColumnType,
    nullable: bool,
) -> ColumnInfo {
    ColumnInfo { name, column_type, nullable }
}

/// Waits by tokio's time: virtual where the store's is, real where the store is elsewhere.
pub(in crate::testing) async fn wait(duration: Duration) {
    tokio::time::sleep(duration).await;
}

/// Waits until what lasts for [`SHORT`] is over.
pub(in crate::testing) async fn outlast() {
    wait(SHORT * 2).await;
}

/// A read model of version 1, with one partition, from the beginning.
pub(in crate::testing) fn spec(name: &str) -> ConsumerSpec {
    tabled(name, COLUMNS, &[])
}

pub(in crate::testing) fn tabled(
    name: &str,
    columns: &'static [ColumnInfo],
    indexes: &'static [IndexInfo],
) -> ConsumerSpec {
    let table = TableDefinition { name: name.into(), columns, key: 0, indexes };
    ConsumerSpec {
        name: name.into(),
        kind: ConsumerKind::ReadModel,
        version: 1,
        partitions: 1,
        start: Start::Beginning,
        table: Some(Arc::new(table)),
    }
}

/// As [`spec`], of a version and with partitions.
pub(in crate::testing) fn version(version: u32, partitions: u16) -> ConsumerSpec {
    ConsumerSpec { version, partitions, ..spec(NAME) }
}

/// The table that is read under the name.
pub(in crate::testing) fn live(spec: &ConsumerSpec) -> Table {
    Table { definition: spec.table.clone().expect("it has a table"), building: None }
}

/// The table that is built for a generation.
pub(in crate::testing) fn building(spec: &ConsumerSpec, generation: u32) -> Table {
    Table { building: Some(generation), ..live(spec) }
}

/// The table that the holder of a lease writes to.
pub(in crate::testing) fn table_of(spec: &ConsumerSpec, lease: &Lease) -> Table {
    Table { building: (!lease.live).then_some(lease.generation), ..live(spec) }
}

pub(in crate::testing) fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

pub(in crate::testing) fn keys(keys: &[&str]) -> Vec<Value> {
    keys.iter().map(|key| text(key)).collect()
}

/// A row without a place.
pub(in crate::testing) fn row(id: &str, number: i64) -> Row {
    Row::new(vec![text(id), Value::BigInt(number), Value::Null])
}

pub(in crate::testing) fn placed(id: &str, number: i64, place: &str) -> Row {
    Row::new(vec![text(id), Value::BigInt(number), text(place)])
}

pub(in crate::testing) fn upserts(upserts: Vec<Row>) -> RowChanges {
    RowChanges { upserts, deletes: Vec::new() }
}

pub(in crate::testing) async fn open<S: ConsumerStore>(store: &S, spec: &ConsumerSpec) -> Opened {
    within(store.open_consumer(spec)).await.expect("it opens")
}

/// Opens and gives the generation that is to be run.
pub(in crate::testing) async fn generation<S: ConsumerStore>(store: &S, spec: &ConsumerSpec) -> u32 {
    open(store, spec).await.generation.expect("it is to be run")
}

/// The reason for which it cannot be opened.
pub(in crate::testing) async fn refused<S: ConsumerStore>(store: &S, spec: &ConsumerSpec) -> String {
    match within(store.open_consumer(spec)).await {
        Err(StoreError::Unsuitable(reason)) => reason,
        other => panic!("it was to be refused as unsuitable, not {other:?}"),
    }
}

/// A process that runs consumers, and what it holds.
pub(in crate::testing) struct Worker {
    pub(in crate::testing) id: Uuid,
    pub(in crate::testing) leases: Vec<Lease>,
}

impl Worker {
    pub(in crate::testing) fn new() -> Self {
        Self { id: Uuid::now_v7(), leases: Vec::new() }
    }

    /// Renews what it holds of generations and asks for more.
    pub(in crate::testing) async fn ask<S: ConsumerStore>(
        &mut self,
        store: &S,
        of: &[(&str, u32)],
        duration: Duration,
    ) -> &[Lease] {
        let wanted = of.iter().map(|(consumer, generation)| {
            let own = |lease: &&Lease| *lease.consumer == **consumer && lease.generation == *generation;
            let held = self.leases.iter().filter(own).map(|lease| (lease.partition, lease.epoch)).collect();
            Wanted { consumer: (*consumer).into(), generation: *generation, release: "".into(), held }
        });
        let request = LeaseRequest { worker: self.id, duration, wanted: wanted.collect() };
        self.leases = within(store.lease(&request)).await.expect("leases can be asked for");
        self.leases.sort_by_key(|lease| (lease.consumer.clone(), lease.generation, lease.partition));
        for lease in &self.leases {
            assert_eq!(lease.worker, self.id);
        }
        &self.leases
    }

    /// The partitions that it holds.
    pub(in crate::testing) fn partitions(&self) -> Vec<u16> {
        self.leases.iter().map(|lease| lease.partition).collect()
    }
}

/// A new worker's leases of a generation, all of whose partitions are free; in the order of the partitions.
pub(in crate::testing) async fn claim_all<S: ConsumerStore>(
    store: &S,
    name: &str,
    generation: u32,
) -> Vec<Lease> {
    let mut worker = Worker::new();
    worker.ask(store, &[(name, generation)], LONG).await;
    worker.leases
}

/// A new worker's lease of the only partition of a generation.
pub(in crate::testing) async fn claim<S: ConsumerStore>(store: &S, name: &str, generation: u32) -> Lease {
    let leases = claim_all(store, name, generation).await;
    assert_eq!(leases.len(), 1, "one partition is free");
    leases[0].clone()
}

/// Opens [`spec`] and claims it.
pub(in crate::testing) async fn opened<S: ConsumerStore>(store: &S, spec: &ConsumerSpec) -> Lease {
    let generation = generation(store, spec).await;
    claim(store, &spec.name, generation).await
}

pub(in crate::testing) async fn begin<S: ConsumerStore>(store: &S) -> S::Transaction {
    within(store.begin_batch(ConsumerKind::Projection, LONG)).await.expect("a batch begins")
}

pub(in crate::testing) async fn advance<S: ConsumerStore>(
    store: &S,
    batch: &mut S::Transaction,
    lease: &Lease,
    from: u64,
    to: u64,
) -> bool {
    let (from, to) = (Position::new(from), Position::new(to));
    within(store.advance(batch, lease, from, to)).await.expect("the lease can be checked")
}

pub(in crate::testing) async fn write<S: ConsumerStore>(
    store: &S,
    batch: &mut S::Transaction,
    table: &Table,
    changes: RowChanges,
) {
    within(store.write_rows(batch, table, changes)).await.expect("the rows are written");
}

pub(in crate::testing) async fn commit<S: ConsumerStore>(store: &S, batch: S::Transaction) {
    within(store.commit(batch)).await.expect("it commits");
}

pub(in crate::testing) async fn rollback<S: ConsumerStore>(store: &S, batch: S::Transaction) {
    within(store.rollback(batch)).await.expect("it rolls back");
}

/// Moves a checkpoint; says whether it was stored.
pub(in crate::testing) async fn moved<S: ConsumerStore>(
    store: &S,
    lease: &Lease,
    from: u64,
    to: u64,
) -> bool {
    let mut batch = begin(store).await;
    if !advance(store, &mut batch, lease, from, to).await {
        rollback(store, batch).await;
        return false;
    }
    lost_or_stored(within(store.commit_batch(batch)).await)
}

/// Whether a batch was stored. One whose lease was lost says that trying again helps.
pub(in crate::testing) fn lost_or_stored(committed: Result<(), StoreError>) -> bool {
    match committed {
        Ok(()) => true,
        Err(error) => {
            assert!(error.is_retryable(), "nobody is to blame for it: {error:?}");
            false
        }
    }
}

/// A whole batch, with rows.
pub(in crate::testing) async fn store_rows<S: ConsumerStore>(
    store: &S,
    spec: &ConsumerSpec,
    lease: &Lease,
    (from, to): (u64, u64),
    rows: Vec<Row>,
) {
    let batch = within(store.begin_batch(ConsumerKind::ReadModel, LONG)).await;
    let mut batch = batch.expect("a batch begins");
    write(store, &mut batch, &table_of(spec, lease), upserts(rows)).await;
    assert!(advance(store, &mut batch, lease, from, to).await, "the lease is held");
    within(store.commit_batch(batch)).await.expect("it commits");
}

/// All rows of a table, by their keys.
pub(in crate::testing) async fn rows<S: ConsumerStore>(store: &S, table: &Table) -> Vec<Row> {
    within(store.select(table, &Select::default())).await.expect("the table can be read")
}

/// What is known of the generations of a consumer.
pub(in crate::testing) async fn records<S: ConsumerStore>(store: &S, name: &str) -> Vec<ConsumerRecord> {
    let records = within(store.consumers()).await.expect("the consumers can be listed");
    records.into_iter().filter(|record| *record.name == *name).collect()
}

/// The only generation of a consumer.
pub(in crate::testing) async fn record<S: ConsumerStore>(store: &S, name: &str) -> ConsumerRecord {
    let mut records = records(store, name).await;
    assert_eq!(records.len(), 1, "there is one generation");
    records.remove(0)
}

/// Where the partitions of the only generation stand.
pub(in crate::testing) async fn positions<S: ConsumerStore>(store: &S, name: &str) -> Vec<u64> {
    record(store, name).await.partitions.iter().map(|partition| partition.position.get()).collect()
}

/// The event at a position, with an error or waiting.
pub(in crate::testing) fn poison(position: u64, id: &str, error: Option<&str>) -> NewParked {
    NewParked {
        retry_after: None,
        position: Position::new(position),
        stream: stream(id),
        version: Version::new(position),
        name: "contract.counted".into(),
        error: error.map(str::to_owned),
        attempts: u32::from(error.is_some()),
    }
}

/// A batch that parks events.
pub(in crate::testing) async fn park<S: ConsumerStore>(
    store: &S,
    lease: &Lease,
    at: u64,
    events: &[NewParked],
) {
    let mut batch = begin(store).await;
    within(store.park(&mut batch, lease, events)).await.expect("they are parked");
    assert!(advance(store, &mut batch, lease, at, at).await, "the lease is held");
    commit(store, batch).await;
}

/// All parked events of a consumer.
pub(in crate::testing) async fn parked<S: ConsumerStore>(store: &S, consumer: &str) -> Vec<Parked> {
    let query = ParkedQuery { consumer: Some(consumer.to_owned()), ..ParkedQuery::default() };
    within(store.parked(&query)).await.expect("they can be listed")
}

/// The positions of parked events.
pub(in crate::testing) fn places(parked: &[Parked]) -> Vec<u64> {
    parked.iter().map(|parked| parked.position.get()).collect()
}
