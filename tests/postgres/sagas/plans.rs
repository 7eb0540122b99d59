//! What is done again and again reads the rows that it is about, and no others.

use kenning::store::TransactionalStore as _;
use sqlx::AssertSqlSafe;
use sqlx::postgres::PgTransaction;
use uuid::Uuid;

use super::{DEFINITION, SAGA, enlisted};
use crate::postgres::store;

/// Instances that wait for a time far away.
const WAITING: &str = "insert into kenning.sagas
    (instance, correlation_id, version, definition, epoch, due_at, started_at, updated_at, sequence, messages, messages_seen, saga, id, status, state)
    select gen_random_uuid(), gen_random_uuid(), 1, $1, 1, clock_timestamp() + interval '1 day' + i * interval '1 ms', clock_timestamp(), clock_timestamp(),
        2, 0, 0, $2, 'waiting-' || i, 'waiting', '{}'
    from generate_series($3, $4) i";

/// Their logs.
const LOGS: &str = "insert into kenning.saga_log (instance, at, sequence, attempt, kind)
    select s.instance, clock_timestamp(), n, 1, 'intent' from kenning.sagas s cross join generate_series(1, 2) n on conflict do nothing";

/// The most blocks of a table or an index that any of the calls looks at: a way down an index, and a row, for each of a few, with what these
/// calls have left behind.
const FEW: i64 = 80;

/// The calls of all functions, with arguments for which there is hardly anything to do.
fn calls(worker: Uuid) -> Vec<String> {
    let (nil, definition) = (Uuid::nil(), DEFINITION.cast_signed());
    let arrays = ["'{}'"; 10].join(", ");
    vec![
        format!(
            "claim_sagas_by_share('{worker}', '{nil}', '{{}}', 10, '{{{SAGA}}}', '{{10}}', '{{10}}', '{{1,1}}', '{{{definition},3}}')"
        ),
        format!(
            "leave_for_sagas('{{{SAGA},{SAGA}}}', '{{waiting-2,unknown}}', '{{a,a}}', '{{{nil},{nil}}}', array['1', '2']::json[], '{{true,true}}', '{{null,null}}')"
        ),
        format!("saga_histories_within('{{{nil}}}', '{{{SAGA}}}', '{{waiting-3}}', 1000)"),
        format!(
            "claim_sagas('{worker}', '{nil}', '{{}}', '{{{SAGA}}}', '{{10}}', '{{1,1}}', '{{{definition},3}}')"
        ),
        format!("renew_saga_worker('{worker}', 10, '{{{SAGA}}}', '{{1}}')"),
        "free_sagas()".to_owned(),
        format!("are_sagas_busy('{{{SAGA},other}}')"),
        format!(
            "start_sagas('{{{nil}}}', '{{{SAGA}}}', '{{waiting-1}}', '{{1}}', '{{1}}', array['1']::json[], '{{{nil}}}', '{{null}}', true)"
        ),
        format!(
            "start_sagas('{{{}}}', '{{{SAGA}}}', '{{new}}', '{{1}}', '{{1}}', array['1']::json[], '{{{nil}}}', '{{null}}', true)",
            Uuid::now_v7()
        ),
        format!(
            "deliver_to_sagas('{{{SAGA},{SAGA}}}', '{{waiting-2,unknown}}', '{{a,a}}', '{{{nil},{nil}}}', array['1', '2']::json[], '{{true,true}}')"
        ),
        format!("saga_histories('{{{nil}}}', '{{{SAGA}}}', '{{waiting-3}}')"),
        format!(
            "write_sagas('{{{nil}}}', '{{1}}', '{{2}}', '{{0}}', '{{running}}', '{{null}}', '{{null}}', '{{0}}', '{{0}}', '{{null}}', {arrays})"
        ),
    ]
}

async fn call(transaction: &mut PgTransaction<'static>, call: &str) {
    let statement = AssertSqlSafe(format!("select count(*) from kenning.{call}"));
    sqlx::raw_sql(statement).execute(&mut **transaction).await.unwrap();
}

/// How many blocks of each table and index this transaction has looked at so far.
async fn read(transaction: &mut PgTransaction<'static>) -> Vec<(String, i64)> {
    let read = "select relname::text, pg_stat_get_xact_blocks_fetched(oid) from pg_class
        where relnamespace = 'kenning'::regnamespace and relname like 'saga%' order by relname";
    sqlx::query_as(read).fetch_all(&mut **transaction).await.unwrap()
}

async fn start(transaction: &mut PgTransaction<'static>, from: i32, to: i32) {
    let waiting = sqlx::query(WAITING).bind(DEFINITION.cast_signed()).bind(SAGA).bind(from).bind(to);
    waiting.execute(&mut **transaction).await.unwrap();
    sqlx::query(LOGS).execute(&mut **transaction).await.unwrap();
}

/// The functions are planned when the tables have a page each, which is how they begin; nothing tells the server that they have grown since. Without the settings of the functions
/// three of the calls look at all that waits; with `=` in the place of `= any (array[…])` and with joins in the place of subqueries another one does.
#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_instances_that_wait_are_not_read() {
    let store = store().await;
    let (worker, other) = (enlisted(&store).await, enlisted(&store).await);
    let calls = calls(worker.worker);
    let mut transaction = store.begin().await.unwrap();
    start(&mut transaction, 1, 5).await;
    let analyze = "analyze kenning.sagas, kenning.saga_log, kenning.saga_messages, kenning.saga_workers";
    sqlx::raw_sql(analyze).execute(&mut *transaction).await.unwrap();
    // From the sixth time on the server takes the plan that serves all values.
    for each in (0..10).flat_map(|_| &calls) {
        call(&mut transaction, each).await;
    }
    start(&mut transaction, 6, 100_000).await;
    little(&mut transaction, &calls).await;
    let owned = "update kenning.sagas set owner = $1, due_at = null where id like 'waiting-%9'";
    sqlx::query(owned).bind(other.worker).execute(&mut *transaction).await.unwrap();
    little(&mut transaction, calls.iter().filter(|call| !call.starts_with("are_sagas_busy"))).await;
}

/// Each of the calls looks at little.
async fn little(transaction: &mut PgTransaction<'static>, calls: impl IntoIterator<Item = &String>) {
    for each in calls {
        let before = read(transaction).await;
        call(transaction, each).await;
        for (before, after) in before.into_iter().zip(read(transaction).await) {
            let (relation, blocks) = (before.0, after.1 - before.1);
            assert!(blocks <= FEW, "{each} looks at {blocks} blocks of {relation}");
        }
    }
}

/// What an owner writes while it keeps an instance, its status included, leaves all indexes as they are, also when that is done for all rows of a page in one transaction. Without the free half of each page, or with an
/// index of a column that such a write changes, it does not.
#[tokio::test(flavor = "multi_thread")]
async fn an_owner_touches_no_index() {
    let store = store().await;
    let mut transaction = store.begin().await.unwrap();
    start(&mut transaction, 1, 200).await;
    // Not claimed, which would leave the rows of before behind for as long as any other transaction of the server may see them.
    let owned = "create temporary table owned on commit drop as select * from kenning.sagas;
        update owned set owner = gen_random_uuid(), due_at = null, status = 'waiting';
        truncate kenning.sagas;
        insert into kenning.sagas select * from owned";
    sqlx::raw_sql(owned).execute(&mut *transaction).await.unwrap();
    let write = "select kenning.write_sagas(array(select instance from kenning.sagas order by instance),
        array_fill(1::bigint, '{200}'), array_fill(2, '{200}'), array_fill(0, '{200}'), array_fill('running'::text, '{200}'), array_fill('charge'::text, '{200}'),
        array_fill(null::text, '{200}'), array_fill(0, '{200}'), array_fill(0::smallint, '{200}'), array_fill(null::double precision, '{200}'),
        '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}')";
    sqlx::raw_sql(write).execute(&mut *transaction).await.unwrap();
    let updated = "select pg_stat_get_xact_tuples_updated(c.oid), pg_stat_get_xact_tuples_hot_updated(c.oid) from pg_class c where c.oid = 'kenning.sagas'::regclass";
    let (updated, in_place): (i64, i64) = sqlx::query_as(updated).fetch_one(&mut *transaction).await.unwrap();
    assert_eq!(updated, 200);
    assert!(in_place >= 180, "{in_place}");
}
