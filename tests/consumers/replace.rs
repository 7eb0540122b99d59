//! What replacing, resetting and forgetting a consumer's table leaves as it is.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use kenning::prelude::*;
use kenning::sqlx::{self, Connection as _, PgConnection};
use kenning::store::{EventStore as _, Start};
use kenning::{CancellationToken, ConsumerError, Effects, ReactorError};

use super::shelf::{Placed, Shelf, ShelfEvent, builder, check, fill};
use crate::support::{Home, Postgres, on_both_stores};

on_both_stores! {
    p7_a_rebuild_with_failed_events_does_not_replace_the_good_table
    a_reset_from_a_process_without_the_read_model_empties_its_table
    a_reset_of_a_reactor_asks_for_assent
    a_consumer_that_is_declared_no_more_is_forgotten
    a_start_at_a_time_finds_its_event_among_many
    a_page_of_large_events_is_bounded_by_bytes
}

/// The next version of the shelves, whose handler fails on odd things until it is mended.
#[derive(Clone, Debug, PartialEq, ReadModel)]
#[kenning(table = "shelves", version = 2, events = ShelfEvent)]
struct ShelfV2 {
    #[kenning(key)]
    id: String,
    things: i64,
}

static MENDED: AtomicBool = AtomicBool::new(false);

#[read_model(ignore(super::shelf::Cleared, super::shelf::Removed))]
impl ShelfV2 {
    #[on]
    fn placed(id: String, row: Option<Self>, event: &Placed) -> Self {
        assert!(event.thing % 2 == 0 || MENDED.load(Ordering::SeqCst), "odd");
        Self { id, things: row.map_or(0, |row| row.things) + 1 }
    }
}

async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    for _ in 0..3_000 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{what}");
}

/// Fails without `consumers.rebuild-failed`: see tests/guards.
async fn p7_a_rebuild_with_failed_events_does_not_replace_the_good_table<H: Home>(home: H) {
    let store = home.store().await;
    store.prepare().await.unwrap();
    fill(&store, 20, 100).await;
    let old = builder(store, 1).build().await.unwrap();
    old.run_until_idle().await.unwrap();
    let before = old.query::<Shelf>().count().await.unwrap();
    let new = Kenning::builder(home.store().await).read_model::<ShelfV2>().build().await.unwrap();
    // It comes to rest, and says what is wrong.
    new.run_until_idle().await.unwrap();
    let status = new.consumer("shelves").status().await.unwrap();
    let building = status.building.unwrap();
    assert_eq!((status.version, building.version), (1, 2));
    assert!(building.failed > 0 && building.blocked.unwrap().contains("replace_anyway"));
    assert_eq!(old.query::<Shelf>().count().await.unwrap(), before);
    check_rows(&old).await;
    let assent = new.consumer("shelves").replace_anyway("the odd ones do not matter").await;
    assent.unwrap();
    new.run_until_idle().await.unwrap();
    assert_eq!(new.consumer("shelves").status().await.unwrap().version, 2);
    let again = new.consumer("shelves").replace_anyway("nothing is built").await;
    assert!(matches!(again, Err(ConsumerError::NotFound { .. })));
}

async fn check_rows(app: &Kenning) {
    let rows = app.query::<Shelf>().fetch().await.unwrap();
    assert_eq!(rows, super::shelf::folded(&**app.store()).await);
}

/// Fails without `consumers.reset-table`: see tests/guards.
async fn a_reset_from_a_process_without_the_read_model_empties_its_table<H: Home>(home: H) {
    let store = home.store().await;
    store.prepare().await.unwrap();
    fill(&store, 5, 50).await;
    let app = builder(store, 1).build().await.unwrap();
    app.run_until_idle().await.unwrap();
    let admin = Kenning::builder(home.store().await)
        .reactor_with(Nothing, kenning::ConsumerOptions::new().start(kenning::Start::Beginning))
        .build()
        .await
        .unwrap();
    admin.consumer("shelves").reset(Start::Beginning).await.unwrap();
    assert_eq!(app.query::<Shelf>().count().await.unwrap(), 0);
    app.run_until_idle().await.unwrap();
    check(&app).await;
}

struct Nothing;

#[reactor(name = "nothing", version = 1)]
impl Nothing {
    #[on]
    async fn placed(&self, _: &Recorded<Placed>, _: &mut Effects) -> Result<(), ReactorError> {
        Ok(())
    }
}

async fn a_reset_of_a_reactor_asks_for_assent<H: Home>(home: H) {
    let app = Kenning::builder(home.store().await)
        .reactor_with(Nothing, kenning::ConsumerOptions::new().start(kenning::Start::Beginning))
        .build()
        .await
        .unwrap();
    let refused = app.consumer("nothing").reset(Start::Beginning).await.unwrap_err();
    assert!(matches!(&refused, ConsumerError::RepeatsEffects { kind, .. } if kind == "reactor"), "{refused}");
    app.consumer("nothing").reset_with_effects(Start::Beginning).await.unwrap();
}

async fn a_consumer_that_is_declared_no_more_is_forgotten<H: Home>(home: H) {
    let store = home.store().await;
    store.prepare().await.unwrap();
    fill(&store, 5, 20).await;
    let app = builder(store, 2).build().await.unwrap();
    app.run_until_idle().await.unwrap();
    let refused = app.consumer("shelves").forget().await.unwrap_err();
    assert!(matches!(refused, ConsumerError::Declared { .. }), "{refused}");
    let other = Kenning::builder(home.store().await)
        .reactor_with(Nothing, kenning::ConsumerOptions::new().start(kenning::Start::Beginning))
        .build()
        .await
        .unwrap();
    let (stop, running) = (CancellationToken::new(), app.clone());
    let run = tokio::spawn({
        let stop = stop.clone();
        async move { running.run(stop).await }
    });
    until("it is run", async || {
        app.consumer("shelves").status().await.unwrap().partitions.iter().all(|one| one.worker.is_some())
    })
    .await;
    let refused = other.consumer("shelves").forget().await.unwrap_err();
    assert!(matches!(refused, ConsumerError::Store(_)), "{refused}");
    stop.cancel();
    run.await.unwrap().unwrap();
    other.consumer("shelves").forget_with_table().await.unwrap();
    assert!(other.consumers().await.unwrap().iter().all(|status| &*status.name != "shelves"));
    assert!(matches!(other.consumer("shelves").forget().await, Err(ConsumerError::NotFound { .. })));
    // Declared again, it begins at its beginning.
    let again = builder(home.store().await, 2).build().await.unwrap();
    again.run_until_idle().await.unwrap();
    check(&again).await;
}

/// More events than are looked at one by one: the search is a bisection.
async fn a_start_at_a_time_finds_its_event_among_many<H: Home>(home: H) {
    let store = home.store().await;
    store.prepare().await.unwrap();
    fill(&store, 5, 30).await;
    tokio::time::sleep(Duration::from_millis(5)).await;
    let app = builder(store, 1).build().await.unwrap();
    fill(&**app.store(), 5, 1).await;
    let page = app.store().read_feed(kenning::store::FeedQuery::after(0).limit(1_000)).await.unwrap();
    let last = page.events.last().unwrap().metadata.clone();
    app.consumer("shelves").reset(Start::At(last.recorded_at)).await.unwrap();
    let status = app.consumer("shelves").status().await.unwrap();
    assert_eq!(status.partitions[0].position.plus(1), last.position);
}

/// Fails without `consumers.page-bytes`: see tests/guards.
async fn a_page_of_large_events_is_bounded_by_bytes<H: Home>(home: H) {
    use kenning::store::{Append, Expect, FeedQuery, NewEvent};
    let store = home.store().await;
    store.prepare().await.unwrap();
    for id in 0..40 {
        let payload = format!("\"{}\"", "x".repeat(100_000));
        let event = NewEvent {
            id: Uuid::now_v7(),
            name: "large".into(),
            schema_version: 1,
            payload: kenning::Payload::from_stored(payload),
            correlation_id: None,
            causation_id: None,
            headers: kenning::Headers::new(),
        };
        let stream = kenning::StreamName::new("large", &id.to_string()).unwrap();
        store.append(Append::to(stream, Expect::New, vec![event])).await.unwrap();
    }
    let (mut after, mut events, mut pages) = (kenning::Position::ZERO, 0, 0);
    while events < 40 {
        let page = store.read_feed(FeedQuery::after(after).limit(1_000).bytes(250_000)).await.unwrap();
        assert!((1..=3).contains(&page.events.len()), "{}", page.events.len());
        (after, events, pages) = (page.through, events + page.events.len(), pages + 1);
    }
    assert_eq!((events, pages), (40, 14));
}

/// What people have made of the table is kept: the owner, grants, a publication, a trigger, an
/// index, a policy. Fails without `consumers.swap-grants`, `consumers.swap-publications`,
/// `consumers.swap-policies`, `consumers.swap-triggers`, `consumers.swap-indexes` or
/// `consumers.swap-identity`: see tests/guards.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rebuild_keeps_what_people_have_made_of_the_table() {
    let home = Postgres::new().await;
    let store = home.store().await;
    store.prepare().await.unwrap();
    fill(&store, 5, 30).await;
    let app = builder(store, 1).build().await.unwrap();
    app.run_until_idle().await.unwrap();
    let role = format!("reporter_{}", fastrand::u64(..));
    let mut admin = PgConnection::connect(&home.url).await.unwrap();
    let made = format!(
        "create role {role};
         grant usage on schema kenning to {role};
         grant select on kenning.shelves to {role} with grant option;
         grant update (sum) on kenning.shelves to public;
         create publication shelf_changes for table kenning.shelves;
         create index people_by_sum on kenning.shelves (sum desc);
         create function public.noted() returns trigger language plpgsql as 'begin return new; end';
         create trigger people_note before insert on kenning.shelves for each row execute function public.noted();
         alter table kenning.shelves disable trigger people_note;
         alter table kenning.shelves enable row level security;
         create policy people_read on kenning.shelves for select to {role} using (things > 0);
         alter table kenning.shelves replica identity full"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(made)).execute(&mut admin).await.unwrap();
    let about = "select array[
        (select relacl::text from pg_class where oid = 'kenning.shelves'::regclass),
        (select string_agg(attname || attacl::text, ',') from pg_attribute where attrelid = 'kenning.shelves'::regclass and attacl is not null),
        (select string_agg(pubname, ',') from pg_publication_tables where tablename = 'shelves'),
        (select string_agg(indexdef, ',') from pg_indexes where tablename = 'shelves' and indexname like 'people%'),
        (select string_agg(pg_get_triggerdef(oid) || tgenabled::text, ',') from pg_trigger where tgrelid = 'kenning.shelves'::regclass),
        (select string_agg(policyname || cmd || roles::text || qual, ',') from pg_policies where tablename = 'shelves'),
        (select relreplident::text || relrowsecurity::text from pg_class where oid = 'kenning.shelves'::regclass)]";
    let before: Vec<Option<String>> = sqlx::query_scalar(about).fetch_one(&mut admin).await.unwrap();
    assert!(before.iter().all(Option::is_some), "{before:?}");
    let generation = app.rebuild::<Shelf>().await.unwrap();
    app.run_until_idle().await.unwrap();
    assert!(generation.progress().await.unwrap().finished);
    let after: Vec<Option<String>> = sqlx::query_scalar(about).fetch_one(&mut admin).await.unwrap();
    assert_eq!(before, after);
    check(&app).await;
    let gone = format!("drop owned by {role}; drop role {role}");
    sqlx::raw_sql(sqlx::AssertSqlSafe(gone)).execute(&mut admin).await.unwrap();
}

/// A view, and a foreign key: the rebuild pauses itself and names them. Fails without
/// `consumers.dependents`: see tests/guards.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rebuild_names_what_depends_on_the_table() {
    let home = Postgres::new().await;
    let store = home.store().await;
    store.prepare().await.unwrap();
    fill(&store, 5, 30).await;
    let app = builder(store, 1).build().await.unwrap();
    app.run_until_idle().await.unwrap();
    let mut admin = PgConnection::connect(&home.url).await.unwrap();
    let made = "create view public.people_view as select id from kenning.shelves;
        create materialized view public.people_copy as select sum from kenning.shelves;
        create table public.people_notes (shelf text references kenning.shelves (id))";
    sqlx::raw_sql(made).execute(&mut admin).await.unwrap();
    let (stop, running) = (CancellationToken::new(), app.clone());
    let run = tokio::spawn({
        let stop = stop.clone();
        async move { running.run(stop).await }
    });
    let rebuild = app.rebuild::<Shelf>().await.unwrap();
    let blocked =
        tokio::time::timeout(Duration::from_secs(60), rebuild.finished()).await.unwrap().unwrap_err();
    let ConsumerError::RebuildBlocked { reason, .. } = blocked else { panic!("{blocked}") };
    for name in ["people_view", "people_copy", "people_notes"] {
        assert!(reason.contains(name), "{reason}");
    }
    check(&app).await;
    let gone = "drop view public.people_view; drop materialized view public.people_copy; drop table public.people_notes";
    sqlx::raw_sql(gone).execute(&mut admin).await.unwrap();
    app.consumer("shelves").resume().await.unwrap();
    tokio::time::timeout(Duration::from_secs(60), rebuild.finished()).await.unwrap().unwrap();
    stop.cancel();
    run.await.unwrap().unwrap();
    check(&app).await;
}
