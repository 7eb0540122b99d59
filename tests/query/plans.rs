//! How PostgreSQL answers queries on a large table: by an index where there is one, and pages without reading what stands before them.

use kenning::prelude::*;
use kenning::{PostgresStore, Query, ReadModel, read_model};
use sqlx::postgres::PgPool;
use sqlx::{AssertSqlSafe, Row as _};
use time::macros::datetime;

use super::thing::{Noted, ThingEvent};
use crate::support::database;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ReadModel)]
#[kenning(table = "parcels", version = 1, events = ThingEvent, index(city, sent_at))]
struct Parcel {
    #[kenning(key)]
    id: u64,
    #[kenning(index)]
    customer_id: i64,
    #[kenning(index)]
    name: String,
    city: String,
    #[kenning(index)]
    sent_at: OffsetDateTime,
    #[kenning(index)]
    seen_at: Option<OffsetDateTime>,
}

#[read_model(ignore(Noted))]
impl Parcel {}

/// Four parcels of each city's are sent in one second of all cities'.
const FILL: &str = "
    insert into kenning.parcels
    select id, id % 20000, 'parcel ' || to_hex((id * 2654435769) % 4294967296), 'city ' || id % 50,
           timestamptz '2024-01-01 00:00+00' + interval '1 s' * (id / 200),
           case when id % 3 = 0 then timestamptz '2024-01-01 00:00+00' + interval '1 s' * (id / 200) end
    from generate_series(1::bigint, 100000) as id";

/// Of the rows that stand before the page there are 50,000. The 50 cities are mixed, so that 20 parcels of one lie among 1,000.
const FEW: u64 = 5_000;

struct Server {
    app: Kenning,
    pool: PgPool,
}

impl Server {
    async fn filled() -> Self {
        let url = database().await;
        // One connection: what it has prepared last is what was asked last.
        let store = PostgresStore::options().max_connections(1).connect(&url).await.expect("it answers");
        let app = Kenning::builder(store.clone()).read_model::<Parcel>().build().await.expect("it builds");
        let pool = store.pool().clone();
        sqlx::raw_sql(FILL).execute(&pool).await.expect("the rows fit");
        sqlx::raw_sql("vacuum analyze kenning.parcels").execute(&pool).await.expect("it is analyzed");
        Self { app, pool }
    }

    /// What the server does for a query whose values are these, as the store has sent it; and how many rows the query finds.
    async fn plan(&self, query: Query<Parcel>, values: &str) -> (String, usize) {
        let found = query.fetch().await.expect("the query is answered").len();
        let statement: String = sqlx::query_scalar(
            "select name from pg_prepared_statements where statement like $1 order by prepare_time desc limit 1",
        )
        .bind("select % from \"kenning\".\"parcels\" as r%")
        .fetch_one(&self.pool)
        .await
        .expect("it was prepared");
        let explain = format!(
            "explain (analyze, costs off, timing off, summary off) execute \"{statement}\" ({values})"
        );
        let lines =
            sqlx::raw_sql(AssertSqlSafe(explain)).fetch_all(&self.pool).await.expect("it is explained");
        let lines: Vec<String> = lines.iter().map(|line| line.get(0)).collect();
        let plan = lines.join("\n");
        assert!(!plan.contains("Seq Scan"), "{plan}");
        (plan, found)
    }
}

/// How many rows a plan has read and thrown away.
fn wasted(plan: &str) -> u64 {
    let counts = plan.split("Rows Removed by Filter: ").skip(1).map(|rest| rest.lines().next().unwrap_or(""));
    counts.map(|count| count.trim().parse::<u64>().expect("it is a number")).sum()
}

#[tokio::test]
async fn indexes_answer_queries_on_a_large_table() {
    let server = Server::filled().await;
    let query = || server.app.query::<Parcel>();

    let (plan, found) = server.plan(query().filter(Parcel::ID.eq(4_711)), "4711").await;
    assert!(plan.contains("Index") && found == 1, "{plan}");

    let (plan, found) = server.plan(query().filter(Parcel::CUSTOMER_ID.eq(7)), "7").await;
    assert!(plan.contains("Index") && found == 5, "{plan}");

    let (plan, found) = server.plan(query().filter(Parcel::CUSTOMER_ID.is_in([7, 8, 9])), "'{7,8,9}'").await;
    assert!(plan.contains("Index") && found == 15, "{plan}");

    let (plan, found) = server
        .plan(query().filter(Parcel::NAME.starts_with("parcel 7ab")), "'parcel 7ab', 'parcel 7ac'")
        .await;
    assert!(plan.contains("Index") && (1..100).contains(&found), "{plan}");

    let (plan, found) = server.plan(query().filter(Parcel::NAME.like("parcel 7ab%")), "'parcel 7ab%'").await;
    assert!(plan.contains("Index") && (1..100).contains(&found), "{plan}");
}

/// A page far down costs what the first one does. With `offset`, or a condition that no index takes (`(sent_at, -id) < …` cut into `or`s alone), it reads all that stands before it.
#[tokio::test]
async fn a_page_far_down_reads_no_more_than_the_first() {
    let server = Server::filled().await;
    let at = datetime!(2024-01-01 00:04:10 UTC);
    let last = Parcel {
        id: 50_100,
        customer_id: 0,
        name: String::new(),
        city: "city 0".to_owned(),
        sent_at: at,
        seen_at: None,
    };

    // One direction: one comparison of rows. The key is no part of the index, so the times that are equal are sorted by it.
    let query = server.app.query::<Parcel>().order_by(Parcel::SENT_AT.asc()).after(&last).limit(20);
    let (plan, found) = server.plan(query, "'2024-01-01 00:04:10+00', 50100, 20").await;
    assert!(found == 20 && wasted(&plan) < FEW, "{plan}");

    // Newest first, and the key ascending among those of one time: the directions differ.
    let query = server.app.query::<Parcel>().order_by(Parcel::SENT_AT.desc()).after(&last).limit(20);
    let (plan, found) = server.plan(query, "'2024-01-01 00:04:10+00', 50100, 20").await;
    assert!(found == 20 && wasted(&plan) < FEW, "{plan}");

    // A compound order, and an index over its columns.
    let query = server.app.query::<Parcel>().order_by(Parcel::CITY.asc()).order_by(Parcel::SENT_AT.asc());
    let (plan, found) =
        server.plan(query.after(&last).limit(20), "'city 0', '2024-01-01 00:04:10+00', 50100, 20").await;
    assert!(found == 20 && wasted(&plan) < FEW, "{plan}");

    // The same, of one city.
    let query =
        server.app.query::<Parcel>().filter(Parcel::CITY.eq("city 0")).order_by(Parcel::SENT_AT.desc());
    let (plan, found) =
        server.plan(query.after(&last).limit(20), "'city 0', '2024-01-01 00:04:10+00', 50100, 20").await;
    assert!(found == 20 && wasted(&plan) < FEW, "{plan}");

    // Nothing comes first when descending, so that an index finds the place after a value.
    let seen = Parcel { seen_at: Some(at), ..last };
    let query = server.app.query::<Parcel>().order_by(Parcel::SEEN_AT.desc()).after(&seen).limit(20);
    let (plan, found) = server.plan(query, "'2024-01-01 00:04:10+00', 50100, 20").await;
    assert!(found == 20 && wasted(&plan) < FEW, "{plan}");
}
