//! What is asked for, and what comes back. Each test runs on both stores.

use futures_util::StreamExt;
use kenning::store::{ConsumerStore, StoreError};
use kenning::{Filter, Kenning, Query, QueryError};
use time::macros::datetime;
use uuid::Uuid;

use super::filled;
use super::thing::{Email, Status, Thing, ThingId, thing};

macro_rules! on_both_stores {
    ($($test:ident),+ $(,)?) => {
        mod memory {
            $(#[tokio::test]
            async fn $test() {
                super::$test(kenning::MemoryStore::new()).await;
            })+
        }

        mod postgres {
            $(#[tokio::test]
            async fn $test() {
                let url = crate::support::database().await;
                super::$test(kenning::PostgresStore::connect(&url).await.expect("the database answers")).await;
            })+
        }
    };
}

on_both_stores!(
    values_are_given_as_their_columns_hold_them,
    nothing_is_asked_for_by_none,
    filters_combine,
    patterns_and_beginnings,
    rows_come_in_order,
    pages_follow_each_other,
    one_row_or_none,
    a_stream_reads_page_by_page,
    json_is_there_or_not,
    what_no_column_can_hold_is_an_error,
    what_cannot_be_asked_is_said,
);

async fn ids(query: Query<Thing>) -> Vec<u64> {
    let (all, count) = (query.clone().fetch().await.unwrap(), query.count().await.unwrap());
    assert!(all.len() as u64 <= count);
    all.iter().map(|thing| thing.id.0).collect()
}

async fn matching(app: &Kenning, filter: Filter<Thing>) -> Vec<u64> {
    let query = app.query::<Thing>().filter(filter);
    let count = query.clone().count().await.unwrap();
    let found = ids(query).await;
    assert_eq!(found.len() as u64, count);
    found
}

async fn values_are_given_as_their_columns_hold_them<S: ConsumerStore + Clone>(store: S) {
    let owner = Uuid::from_u128(7);
    let placed_at = datetime!(2024-02-29 12:00:00.123456789 +02:00);
    let mut one = thing(1);
    one.owner = owner;
    one.name = "a \"thing\"; drop table things; --".to_owned();
    one.email = Some(Email("ann@example.org".to_owned()));
    one.status = Status::OnItsWay;
    one.count = u64::MAX;
    one.price = Some(5);
    one.weight = f64::NAN;
    one.placed_at = placed_at;
    let two = thing(2);
    let app = filled(store, &[one.clone(), two]).await;
    let (name, by_reference) = (one.name.clone(), &one.owner);
    for filter in [
        Thing::ID.eq(ThingId(1)),
        Thing::OWNER.eq(owner),
        Thing::OWNER.eq(by_reference),
        Thing::NAME.eq("a \"thing\"; drop table things; --"),
        Thing::NAME.eq(&name),
        Thing::NAME.eq(name.clone()),
        Thing::EMAIL.eq(Email("ann@example.org".to_owned())),
        Thing::EMAIL.eq(Some(Email("ann@example.org".to_owned()))),
        Thing::STATUS.eq(Status::OnItsWay),
        Thing::STATUS.ne(Status::Placed),
        Thing::COUNT.eq(u64::MAX),
        Thing::COUNT.gt(5),
        Thing::PRICE.eq(5),
        Thing::PRICE.ge(Some(5)),
        Thing::PRICE.le(5),
        Thing::PRICE.lt(6),
        Thing::WEIGHT.eq(f64::NAN),
        Thing::WEIGHT.gt(f64::INFINITY),
        Thing::PLACED_AT.eq(placed_at),
        Thing::ID.is_in([ThingId(1), ThingId(3)]),
        Thing::PRICE.is_in([5, 6]),
        Thing::NAME.is_in(vec![name.as_str(), "b"]),
    ] {
        assert_eq!(matching(&app, filter.clone()).await, [1], "{filter:?}");
    }
    let read = app.query::<Thing>().fetch_one().await.unwrap();
    assert!(read.weight.is_nan());
    // Microseconds are kept, in UTC.
    one.placed_at = datetime!(2024-02-29 10:00:00.123456 UTC);
    one.weight = 0.0;
    assert_eq!(Thing { weight: 0.0, ..read }, one);
}

async fn nothing_is_asked_for_by_none<S: ConsumerStore + Clone>(store: S) {
    let priced = |id, price| Thing { price, ..thing(id) };
    let app = filled(store, &[priced(1, None), priced(2, Some(5)), priced(3, Some(7))]).await;
    for (filter, expected) in [
        (Thing::PRICE.eq(None), &[1_u64][..]),
        (Thing::PRICE.is_null(), &[1]),
        (Thing::PRICE.ne(None), &[2, 3]),
        (Thing::PRICE.is_not_null(), &[2, 3]),
        // Neither true nor false of the row without a price, and so under `not` too.
        (Thing::PRICE.ne(5), &[3]),
        (!Thing::PRICE.eq(5), &[3]),
        (Thing::PRICE.lt(None), &[]),
        (!Thing::PRICE.lt(None), &[]),
        (Thing::PRICE.is_in([Some(5), None]), &[2]),
        (!Thing::PRICE.is_in([Some(5), None]), &[]),
        (!Thing::PRICE.is_in([5]), &[3]),
        (Thing::PRICE.is_in::<i64>([]), &[]),
        (!Thing::PRICE.is_in::<i64>([]), &[1, 2, 3]),
        (Thing::PRICE.is_null() | Thing::PRICE.gt(5), &[1, 3]),
    ] {
        assert_eq!(matching(&app, filter.clone()).await, expected, "{filter:?}");
    }
}

async fn filters_combine<S: ConsumerStore + Clone>(store: S) {
    let rows: Vec<_> = (1..=6).map(|id| Thing { count: id % 3, ..thing(id) }).collect();
    let app = filled(store, &rows).await;
    let (low, even) = (Thing::COUNT.lt(2), Thing::ID.is_in([ThingId(2), ThingId(4), ThingId(6)]));
    for (filter, expected) in [
        (low.clone() & even.clone(), &[4_u64, 6][..]),
        (low.clone().and(even.clone()).and(Thing::ID.ne(ThingId(4))), &[6]),
        (low.clone() | even.clone(), &[1, 2, 3, 4, 6]),
        (low.clone().or(even.clone()).or(Thing::ID.eq(ThingId(5))), &[1, 2, 3, 4, 5, 6]),
        (!(low.clone() | even.clone()), &[5]),
        (low.clone().not().not(), &[1, 3, 4, 6]),
        (!low.clone() & !even.clone(), &[5]),
        (Filter::all([low.clone(), even.clone()]), &[4, 6]),
        (Filter::any([low.clone(), even.clone()]), &[1, 2, 3, 4, 6]),
        (Filter::all([]), &[1, 2, 3, 4, 5, 6]),
        (Filter::any([]), &[]),
    ] {
        assert_eq!(matching(&app, filter.clone()).await, expected, "{filter:?}");
    }
    assert_eq!(ids(app.query::<Thing>().filter(low).filter(even)).await, [4, 6]);
}

async fn patterns_and_beginnings<S: ConsumerStore + Clone>(store: S) {
    let names = ["apple", "Apple", "ap%le", "ap_le", "ap\\le", "äpfel", "", "apple pie"];
    let named = |(id, name): (u64, &&str)| Thing {
        name: (*name).to_owned(),
        note: (id % 2 == 0).then(|| (*name).to_owned()),
        email: Some(Email((*name).to_owned())),
        ..thing(id)
    };
    let rows: Vec<_> = (1..).zip(&names).map(named).collect();
    let app = filled(store, &rows).await;
    for (filter, expected) in [
        (Thing::NAME.like("apple"), &[1_u64][..]),
        (Thing::NAME.like("ap%le"), &[1, 3, 4, 5]),
        (Thing::NAME.like("ap_le"), &[1, 3, 4, 5]),
        (Thing::NAME.like(r"ap\%le"), &[3]),
        (Thing::NAME.like(r"ap\_le"), &[4]),
        (Thing::NAME.like(r"ap\\le"), &[5]),
        (Thing::NAME.like("_pfel"), &[6]),
        (Thing::NAME.like("%"), &[1, 2, 3, 4, 5, 6, 7, 8]),
        (Thing::NAME.like(""), &[7]),
        (Thing::NAME.starts_with("ap"), &[1, 3, 4, 5, 8]),
        (Thing::NAME.starts_with("ap%"), &[3]),
        (Thing::NAME.starts_with("ä"), &[6]),
        (Thing::NAME.starts_with(""), &[1, 2, 3, 4, 5, 6, 7, 8]),
        (Thing::NAME.starts_with("\u{10ffff}"), &[]),
        (!Thing::NAME.starts_with("ap"), &[2, 6, 7]),
        (Thing::NOTE.like("%le%"), &[2, 4, 8]),
        (!Thing::NOTE.like("%le%"), &[6]),
        (Thing::NOTE.starts_with(""), &[2, 4, 6, 8]),
        (Thing::EMAIL.starts_with("ap"), &[1, 3, 4, 5, 8]),
        (Thing::STATUS.starts_with("pla"), &[1, 2, 3, 4, 5, 6, 7, 8]),
    ] {
        assert_eq!(matching(&app, filter.clone()).await, expected, "{filter:?}");
    }
    let in_order = ids(app.query::<Thing>().order_by(Thing::NAME.asc())).await;
    assert_eq!(in_order, [7, 2, 3, 5, 4, 1, 8, 6]);
}

async fn rows_come_in_order<S: ConsumerStore + Clone>(store: S) {
    let with = |id, count, price| Thing { count, price, ..thing(id) };
    let rows =
        [with(1, 2, None), with(2, 1, Some(5)), with(3, 2, Some(4)), with(4, 1, Some(5)), with(5, 2, None)];
    let app = filled(store, &rows).await;
    let query = || app.query::<Thing>();
    assert_eq!(ids(query()).await, [1, 2, 3, 4, 5]);
    assert_eq!(ids(query().order_by(Thing::ID.desc())).await, [5, 4, 3, 2, 1]);
    assert_eq!(ids(query().order_by(Thing::PRICE.asc())).await, [3, 2, 4, 1, 5]);
    assert_eq!(ids(query().order_by(Thing::PRICE.desc())).await, [1, 5, 2, 4, 3]);
    let mixed = query().order_by(Thing::COUNT.asc()).order_by(Thing::PRICE.desc());
    assert_eq!(ids(mixed.clone().order_by(Thing::ID.desc())).await, [4, 2, 5, 1, 3]);
    assert_eq!(ids(mixed.clone().limit(2).offset(1)).await, [4, 1]);
    assert_eq!(ids(mixed.clone().limit(0)).await, [0_u64; 0]);
    assert_eq!(ids(mixed.clone().offset(u64::MAX)).await, [0_u64; 0]);
    assert_eq!(mixed.limit(2).offset(1).count().await.unwrap(), 5);
}

async fn pages_follow_each_other<S: ConsumerStore + Clone>(store: S) {
    let with =
        |id: u64| Thing { count: id % 2, price: [None, Some(5), Some(5)][id as usize % 3], ..thing(id) };
    let rows: Vec<_> = (1..=9).map(with).collect();
    let app = filled(store, &rows).await;
    let query = app.query::<Thing>().order_by(Thing::COUNT.desc()).order_by(Thing::PRICE.asc());
    let whole = ids(query.clone()).await;
    assert_eq!(whole, [1, 5, 7, 3, 9, 2, 4, 8, 6]);
    let mut walked = Vec::new();
    let mut page = query.clone().limit(2);
    loop {
        let rows = page.clone().fetch().await.unwrap();
        let Some(last) = rows.last() else { break };
        page = query.clone().limit(2).after(last);
        walked.extend(rows.iter().map(|row| row.id.0));
    }
    assert_eq!(walked, whole);
    // The row need not be there.
    let gone = Thing { count: 1, price: Some(6), ..thing(0) };
    assert_eq!(ids(query.after(&gone)).await, [3, 9, 2, 4, 8, 6]);
}

async fn one_row_or_none<S: ConsumerStore + Clone>(store: S) {
    let app = filled(store, &[thing(1), thing(2)]).await;
    let query = |id| app.query::<Thing>().filter(Thing::ID.eq(ThingId(id)));
    assert_eq!(query(2).fetch_one().await.unwrap(), thing(2));
    assert_eq!(query(2).fetch_optional().await.unwrap(), Some(thing(2)));
    assert_eq!(query(3).fetch_optional().await.unwrap(), None);
    assert!(matches!(query(3).fetch_one().await, Err(QueryError::NotFound)));
    assert!(matches!(query(2).limit(0).fetch_one().await, Err(QueryError::NotFound)));
    assert_eq!(app.query::<Thing>().order_by(Thing::ID.desc()).fetch_one().await.unwrap(), thing(2));
}

async fn a_stream_reads_page_by_page<S: ConsumerStore + Clone>(store: S) {
    let rows: Vec<_> = (1..=2_500).map(|id| Thing { count: id % 7, ..thing(id) }).collect();
    let app = filled(store, &rows).await;
    let query = app.query::<Thing>().order_by(Thing::COUNT.desc());
    let whole = ids(query.clone()).await;
    for (query, expected) in [
        (query.clone(), &whole[..]),
        (query.clone().limit(2_000).offset(3), &whole[3..2_003]),
        (query.clone().limit(1_000), &whole[..1_000]),
        (query.clone().limit(0), &[]),
        (query.filter(Thing::ID.eq(ThingId(0))), &[]),
    ] {
        let streamed: Vec<u64> = query.stream().map(|row| row.unwrap().id.0).collect().await;
        assert_eq!(streamed, expected);
    }
    let wrong = app.query::<Thing>().filter(Thing::NAME.eq("\0")).stream();
    let errors: Vec<_> = wrong.collect().await;
    assert!(matches!(errors[..], [Err(QueryError::Value(_))]));
}

async fn json_is_there_or_not<S: ConsumerStore + Clone>(store: S) {
    let sized = Thing { size: Some((1, 2)), tags: vec!["a\0".to_owned()], ..thing(1) };
    let app = filled(store, &[sized.clone(), thing(2)]).await;
    assert_eq!(matching(&app, Thing::SIZE.is_null()).await, [2]);
    assert_eq!(matching(&app, Thing::SIZE.is_not_null()).await, [1]);
    assert_eq!(app.query::<Thing>().fetch().await.unwrap(), [sized, thing(2)]);
}

async fn what_no_column_can_hold_is_an_error<S: ConsumerStore + Clone>(store: S) {
    let app = filled(store, &[thing(1)]).await;
    for filter in [
        Thing::NAME.eq("a\0"),
        Thing::NAME.like("\0"),
        Thing::NAME.starts_with("\0"),
        Thing::NOTE.is_in(["a", "\0"]),
        Thing::NAME.like("a\\"),
        Thing::NAME.like("%\\\\\\"),
        Thing::PLACED_AT.lt(datetime!(-9999-01-01 00:00 UTC)),
        Thing::COUNT.eq(1) & !(Thing::NAME.eq("\0") | Thing::COUNT.eq(1)),
    ] {
        let query = app.query::<Thing>().filter(filter.clone());
        for error in [query.clone().fetch().await.unwrap_err(), query.count().await.unwrap_err()] {
            assert!(matches!(error, QueryError::Value(_)), "{filter:?}: {error:?}");
        }
    }
    let row = Thing { name: "\0".to_owned(), ..thing(1) };
    let error = app.query::<Thing>().after(&row).fetch().await.unwrap_err();
    let QueryError::Value(source) = error else { panic!("{error}") };
    assert!(source.to_string().contains("`name`"), "{source}");
}

async fn what_cannot_be_asked_is_said<S: ConsumerStore + Clone>(store: S) {
    let empty = Kenning::builder(store.clone()).build().await.unwrap();
    let error = empty.query::<Thing>().fetch().await.unwrap_err();
    assert!(matches!(error, QueryError::NotRegistered { read_model } if read_model.ends_with("Thing")));
    let app = filled(store, &[thing(1)]).await;
    let many = (0..20_000).fold(Thing::COUNT.eq(0), |filter, _| filter.or(Thing::COUNT.eq(0)));
    let error = app.query::<Thing>().filter(many).fetch().await.unwrap_err();
    assert!(matches!(error, QueryError::Store(StoreError::InvalidSelect(_))), "{error}");
    let list = (0..100_000).map(|count| count % 5_000);
    assert_eq!(matching(&app, Thing::COUNT.is_in(list)).await, [1]);
    let query = app.query::<Thing>();
    app.close().await;
    assert!(matches!(query.fetch().await, Err(QueryError::Store(StoreError::Closed))));
}
