//! Consumers on both stores: what is parked, what goes on, what is built anew.

mod domain;
mod drain;
mod parked;
mod projections;
mod rebuild;
mod settings;

use std::time::Duration;

use kenning::store::{Append, ConsumerStore, EventStore, Expect, NewEvent};
use kenning::{Kenning, StreamName};

use self::domain::{Row, Rows};

/// A guard against hanging, never a measure.
const HANG: Duration = Duration::from_secs(150);

/// Waits for what has to happen; a test that hangs says what for.
async fn in_time<F: IntoFuture>(what: &str, future: F) -> F::Output {
    tokio::time::timeout(HANG, future).await.unwrap_or_else(|_| panic!("waited for {what} in vain"))
}

async fn app(store: impl ConsumerStore) -> Kenning {
    Kenning::builder(store)
        .lease(Duration::from_secs(2))
        .read_model::<Row>()
        .read_model::<Rows>()
        .build()
        .await
        .expect("it fits together")
}

/// Appends to a stream, whatever is there.
async fn append(store: &dyn EventStore, stream: &str, events: Vec<NewEvent>) {
    let stream = StreamName::new("note", stream).expect("a name");
    store.append(Append::to(stream, Expect::Any, events)).await.expect("it is stored");
}

async fn idle(app: &Kenning) {
    in_time("the consumers to fall idle", app.run_until_idle()).await.expect("they can be run");
}

/// What the row of a stream has noted.
async fn noted(app: &Kenning, id: &str) -> Option<String> {
    let row = app.query::<Row>().filter(Row::ID.eq(id)).fetch_optional().await.expect("it can be asked");
    row.map(|row| row.noted)
}
