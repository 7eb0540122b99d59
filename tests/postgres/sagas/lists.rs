//! Lists, pages and counts read what they answer with, however many instances there are.

use kenning::PostgresStore;
use kenning::store::{
    SagaQuery, SagaRecord, SagaStatus, SagaStore as _, SagaThen, SagaWrite, TransactionalStore as _,
};
use sqlx::AssertSqlSafe;
use sqlx::postgres::PgTransaction;

use super::{DEFINITION, SAGA, claim, done, enlisted, new};
use crate::postgres::store;

/// Instances of five sagas: most have ended, many wait at one step, few are parked or old.
const MANY: &str = "insert into kenning.sagas
    (instance, correlation_id, version, definition, epoch, due_at, started_at, updated_at, sequence, messages, messages_seen, saga, id, status, step, state)
    select gen_random_uuid(), gen_random_uuid(), 1, 1, 1, null,
        clock_timestamp() - case when i % 10007 = 0 then interval '90 days' else interval '1 hour' end,
        clock_timestamp(), 2, 0, 0, 'many-' || i % 5, lpad(i::text, 8, '0'),
        case when i % 20011 = 0 then 'parked' when i % 30011 = 0 then 'compensating' when i % 3 = 0 then 'waiting' else 'completed' end,
        case when i % 20011 = 0 then 'charge' when i % 40011 = 0 then 'rare' when i % 3 = 0 then 'paid' end, '{}'
    from generate_series($1, $2) i";

/// The most blocks of the table or of an index that a page of ten looks at.
const FEW: i64 = 4_200;

/// The most of one whose conditions many instances fit.
const PAGE: i64 = 120;

fn list(saga: &str, status: &str, step: &str, age: &str, after: (&str, &str)) -> String {
    let text = |text: &str| if text.is_empty() { "null".to_owned() } else { format!("'{text}'") };
    let (saga, status, step) = (text(saga), text(status), text(step));
    let (after_saga, after_id) = (text(after.0), text(after.1));
    let age =
        if age.is_empty() { "null".to_owned() } else { format!("extract(epoch from interval '{age}')") };
    format!("list_sagas({saga}, {status}, {step}, {age}, {after_saga}, {after_id}, 10, 1000000)")
}

/// Pages, and how many instances and blocks each may have. With blocks in the hundreds those that fit
/// one condition are counted first, up to a bound.
fn pages() -> Vec<(String, i64, i64)> {
    let nothing = ("", "");
    vec![
        (list("", "", "", "", nothing), 10, PAGE),
        (list("many-3", "", "", "", nothing), 10, PAGE),
        // Near the end of a saga.
        (list("many-3", "", "", "", ("many-3", "00099000")), 10, PAGE),
        (list("many-3", "", "", "", ("many-2", "00099000")), 10, PAGE),
        (list("many-1", "", "", "", ("many-3", "00000001")), 0, PAGE),
        (list("", "", "", "", ("many-4", "00099900")), 10, PAGE),
        (list("nobody", "", "", "", nothing), 0, PAGE),
        (list("", "parked", "", "", nothing), 4, PAGE),
        (list("", "parked", "", "30 minutes", nothing), 4, FEW),
        (list("", "parked", "charge", "30 minutes", nothing), 4, FEW),
        (list("", "parked", "paid", "", nothing), 0, PAGE),
        (list("", "compensating", "", "", nothing), 3, PAGE),
        (list("", "compensated", "", "", nothing), 0, PAGE),
        (list("", "completed", "", "", nothing), 10, FEW),
        (list("many-3", "completed", "", "", ("many-3", "00099000")), 10, FEW),
        (list("", "waiting", "", "", ("many-3", "00099000")), 10, FEW),
        (list("", "waiting", "", "30 days", nothing), 3, PAGE),
        (list("", "", "", "30 days", nothing), 9, PAGE),
        (list("", "", "", "365 days", nothing), 0, PAGE),
        (list("", "completed", "", "30 days", nothing), 6, PAGE),
        (list("", "", "", "30 minutes", nothing), 10, FEW),
        (list("", "", "rare", "", nothing), 2, PAGE),
        (list("", "", "paid", "", nothing), 10, FEW),
        (list("many-2", "waiting", "paid", "", ("many-2", "00098000")), 10, FEW),
        ("are_sagas_busy('{many-1,other}')".to_owned(), 1, PAGE),
        ("forget_ended_sagas(86400, 10)".to_owned(), 1, PAGE),
        ("forget_saga_definitions(0)".to_owned(), 1, PAGE),
    ]
}

async fn count(transaction: &mut PgTransaction<'static>, call: &str) -> i64 {
    let statement = AssertSqlSafe(format!("select count(*) from kenning.{call}"));
    sqlx::query_scalar(statement).fetch_one(&mut **transaction).await.unwrap()
}

/// How many blocks of each table and index this transaction has looked at so far.
async fn read(transaction: &mut PgTransaction<'static>) -> Vec<(String, i64)> {
    let read = "select relname::text, pg_stat_get_xact_blocks_fetched(oid) from pg_class
        where relnamespace = 'kenning'::regnamespace and relname like 'saga%' order by relname";
    sqlx::query_as(read).fetch_all(&mut **transaction).await.unwrap()
}

/// The functions are planned when the tables are small. A query with a condition for each filter would
/// read all instances for every page but the first ones.
#[tokio::test(flavor = "multi_thread")]
async fn p_speed_pages_and_counts_of_a_hundred_thousand_instances_read_little() {
    let store = store().await;
    let mut transaction = store.begin().await.unwrap();
    sqlx::query(MANY).bind(1).bind(5).execute(&mut *transaction).await.unwrap();
    sqlx::raw_sql("analyze kenning.sagas").execute(&mut *transaction).await.unwrap();
    for (page, ..) in (0..7).flat_map(|_| pages()) {
        count(&mut transaction, &page).await;
    }
    sqlx::query(MANY).bind(6).bind(100_000).execute(&mut *transaction).await.unwrap();
    for (page, instances, blocks) in pages() {
        let before = read(&mut transaction).await;
        assert_eq!(count(&mut transaction, &page).await, instances, "{page}");
        for (before, after) in before.into_iter().zip(read(&mut transaction).await) {
            let (relation, looked_at) = (before.0, after.1 - before.1);
            assert!(looked_at <= blocks, "{page} looks at {looked_at} blocks of {relation}");
        }
    }
    let before = read(&mut transaction).await;
    let counts = "select count(*) from (select saga, status, sum(instances) from kenning.saga_counts group by 1, 2 having sum(instances) > 0) c";
    let counted: i64 = sqlx::query_scalar(counts).fetch_one(&mut *transaction).await.unwrap();
    assert!(counted >= 12, "{counted}");
    for (before, after) in before.into_iter().zip(read(&mut transaction).await) {
        assert!(after.1 - before.1 <= FEW_OF_COUNTS, "{} {}", before.0, after.1 - before.1);
    }
}

/// The counts of two statements are few rows.
const FEW_OF_COUNTS: i64 = 3;

async fn counted(store: &PostgresStore) -> Vec<(String, SagaStatus, u64)> {
    store.count_sagas().await.unwrap()
}

/// What the rows say, whatever has written them: starts, changes, migrations, deletions, older functions,
/// and statements by hand.
#[tokio::test(flavor = "multi_thread")]
async fn counts_are_those_of_the_rows() {
    let store = store().await;
    let worker = enlisted(&store).await;
    for id in 0..40 {
        assert!(store.start_saga(&new(id)).await.unwrap());
    }
    let rows = async || {
        let rows: Vec<(String, String, i64)> = sqlx::query_as(
            "select saga, status, count(*) from kenning.sagas group by saga, status order by saga, status",
        )
        .fetch_all(store.pool())
        .await
        .unwrap();
        let of = |(saga, status, count): (String, String, i64)| {
            (saga, SagaStatus::parse(&status).unwrap(), count.unsigned_abs())
        };
        rows.into_iter().map(of).collect::<Vec<_>>()
    };
    assert_eq!(counted(&store).await, rows().await);
    let claimed: Vec<SagaRecord> =
        claim(&store, &worker, 40).await.into_iter().map(|claimed| claimed.record).collect();
    let statuses = [SagaStatus::Waiting, SagaStatus::Parked, SagaStatus::Completed, SagaStatus::Compensated];
    let writes: Vec<SagaWrite> = claimed
        .iter()
        .zip(statuses.into_iter().cycle())
        .map(|(record, status)| SagaWrite { status, ..done(record, SagaThen::Rest) })
        .collect();
    store.write_sagas(&writes).await.unwrap();
    assert_eq!(counted(&store).await, rows().await);
    assert_eq!(rows().await.iter().map(|(.., count)| *count).collect::<Vec<_>>(), [10; 4]);
    sqlx::query(MANY).bind(1).bind(500).execute(store.pool()).await.unwrap();
    assert_eq!(counted(&store).await, rows().await);
    assert_eq!(store.prune_sagas(std::time::Duration::ZERO, 15).await.unwrap(), 15);
    sqlx::raw_sql("delete from kenning.sagas where saga = 'many-2'").execute(store.pool()).await.unwrap();
    assert_eq!(counted(&store).await, rows().await);
    // Many rows of counts are folded into few.
    for id in 0..300 {
        assert!(store.start_saga(&new(format!("more-{id}"))).await.unwrap());
    }
    store.take_over_sagas().await.unwrap();
    assert_eq!(counted(&store).await, rows().await);
    let kept: i64 =
        sqlx::query_scalar("select count(*) from kenning.saga_counts").fetch_one(store.pool()).await.unwrap();
    assert!(kept < 30, "{kept}");
    sqlx::raw_sql("truncate kenning.sagas").execute(store.pool()).await.unwrap();
    assert_eq!(counted(&store).await, []);
}

/// A page of large instances ends early, and the next one goes on where it ended.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_bounded_by_bytes() {
    let store = store().await;
    let large = "insert into kenning.sagas
        (instance, correlation_id, version, definition, epoch, started_at, updated_at, sequence, messages, messages_seen, saga, id, status, state)
        select gen_random_uuid(), gen_random_uuid(), 1, $1, 1, clock_timestamp(), clock_timestamp(), 0, 0, 0, $2, i::text, 'completed',
            to_json(repeat('x', 1000000)) from generate_series(10, 59) i";
    sqlx::query(large).bind(DEFINITION.cast_signed()).bind(SAGA).execute(store.pool()).await.unwrap();
    let mut query = SagaQuery::default();
    query.limit = 1_000;
    let (mut pages, mut ids) = (0, Vec::new());
    loop {
        let page = store.sagas(&query).await.unwrap();
        let Some(last) = page.last() else { break };
        query.after = Some((last.saga.to_string(), last.id.to_string()));
        assert!(page.len() <= 16);
        pages += 1;
        ids.extend(page.iter().map(|record| record.id.to_string()));
    }
    assert_eq!(ids, (10..60).map(|id| id.to_string()).collect::<Vec<_>>());
    assert!(pages >= 4, "{pages}");
}
