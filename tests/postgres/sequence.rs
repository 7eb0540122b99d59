//! How the last position drawn is read.

use sqlx::PgPool;
use tokio::task::JoinSet;

use super::store;

/// Reads, draws, and counts the draws that are not beyond what was read.
const DRAW: &str = "
    create function draw(draws integer) returns bigint language plpgsql as $$
    declare
        last bigint;
        wrong bigint := 0;
    begin
        for nth in 1..draws loop
            last := coalesce(pg_sequence_last_value('kenning.event_positions'), 0);
            if nextval('kenning.event_positions') <= last then wrong := wrong + 1; end if;
        end loop;
        return wrong;
    end $$;
";

/// With `select last_value` in place of `pg_sequence_last_value` each of its runs failed, for one draw in ten to a hundred thousand: every 32nd `nextval` writes a number
/// 32 ahead for the log and then the right one, and a plain select looks without the page's lock. An appender that locks a number from the future guards
/// nothing.
#[tokio::test(flavor = "multi_thread")]
async fn p1_the_last_position_is_never_read_from_the_future() {
    let store = store().await;
    sqlx::raw_sql(DRAW).execute(store.pool()).await.unwrap();
    let mut sessions = JoinSet::new();
    for _ in 0..12 {
        sessions.spawn(draw(store.pool().clone()));
    }
    while let Some(wrong) = sessions.join_next().await {
        assert_eq!(wrong.unwrap(), 0);
    }
}

async fn draw(pool: PgPool) -> i64 {
    sqlx::query_scalar("select draw(20000)").fetch_one(&pool).await.unwrap()
}
