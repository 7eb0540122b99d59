//! Queries on read models: what they mean, and that both stores mean the same by them.

mod asked;
mod equal;
mod plans;
mod random;
mod thing;

use std::sync::Arc;
use std::time::Duration;

use kenning::store::{ConsumerKind, ConsumerStore, RowChanges, Table, TableDefinition};
use kenning::{Kenning, ReadModel};

/// An application with these rows in a read model. No event made them: what is asked for is their table.
async fn filled<M: ReadModel, S: ConsumerStore + Clone>(store: S, rows: &[M]) -> Kenning {
    let app =
        Kenning::builder(store.clone()).read_model::<M>().build().await.expect("the application builds");
    let rows = rows.iter().map(|row| row.to_row().expect("the row can be written")).collect();
    write(&store, &table::<M>(), RowChanges { upserts: rows, deletes: Vec::new() }).await;
    app
}

fn table<M: ReadModel>() -> Table {
    let definition =
        TableDefinition { name: Arc::from(M::TABLE), columns: M::COLUMNS, key: M::KEY, indexes: M::INDEXES };
    Table { definition: Arc::new(definition), building: None }
}

async fn write<S: ConsumerStore>(store: &S, table: &Table, changes: RowChanges) {
    let mut batch =
        store.begin_batch(ConsumerKind::ReadModel, Duration::from_secs(60)).await.expect("a batch can begin");
    store.write_rows(&mut batch, table, changes).await.expect("the rows fit");
    store.commit(batch).await.expect("the batch commits");
}
