//! Events that could not be handled, and those that wait behind them.

use std::sync::Arc;

use super::support::{
    NAME, advance, begin, claim_all, commit, generation, opened, park, parked, places, poison, record, spec,
    stream, version, within,
};
use crate::number::Position;
use crate::store::{
    ConsumerSpec, ConsumerStore, Lease, NewParked, Parked, ParkedQuery, ParkedRequest, ParkedRequest::Retry,
};
use crate::stream::StreamName;

async fn of<S: ConsumerStore>(store: &S, lease: &Lease, id: &str, limit: u32) -> Vec<Parked> {
    within(store.parked_of(lease, &stream(id), limit)).await.expect("they can be read")
}

async fn streams<S: ConsumerStore>(store: &S, lease: &Lease) -> Vec<StreamName> {
    let mut streams = within(store.parked_streams(lease)).await.expect("they can be read");
    streams.sort_unstable();
    streams
}

async fn requested<S: ConsumerStore>(store: &S, lease: &Lease) -> Vec<StreamName> {
    let mut streams = within(store.requested_streams(lease)).await.expect("they can be read");
    streams.sort_unstable();
    streams
}

async fn unpark<S: ConsumerStore>(store: &S, lease: &Lease, position: u64) {
    let mut batch = begin(store).await;
    within(store.unpark(&mut batch, lease, Position::new(position))).await.expect("it is taken out");
    assert!(advance(store, &mut batch, lease, 0, 0).await);
    commit(store, batch).await;
}

async fn request<S: ConsumerStore>(store: &S, consumer: &str, position: u64, what: ParkedRequest) -> bool {
    within(store.request(consumer, Position::new(position), what)).await.expect("it can be asked for")
}

/// P7: the events of a stream are kept as they came, oldest first, each with what is known of it.
pub async fn parked_events_keep_their_order<S: ConsumerStore>(store: Arc<S>) {
    let lease = opened(&*store, &spec(NAME)).await;
    assert_eq!(streams(&*store, &lease).await, []);
    let long = "ø".repeat(4 << 10);
    let events: Vec<NewParked> = [
        poison(9, "one", None),
        poison(3, "one", Some("it \"fails\"")),
        poison(40, "one", None),
        poison(5, "other", Some(&long)),
        poison(u64::from(u32::MAX) * 2, "other", None),
    ]
    .to_vec();
    park(&*store, &lease, 0, &events[..2]).await;
    park(&*store, &lease, 0, &events[2..]).await;
    park(&*store, &lease, 0, &[]).await;
    assert_eq!(streams(&*store, &lease).await, [stream("one"), stream("other")]);
    let one = of(&*store, &lease, "one", 100).await;
    assert_eq!(places(&one), [3, 9, 40]);
    assert_eq!(places(&of(&*store, &lease, "one", 2).await), [3, 9]);
    assert_eq!(of(&*store, &lease, "nobody", 100).await, []);
    let mut expected = Parked::new(NAME.into(), events[1].clone(), one[0].parked_at);
    expected.generation = lease.generation;
    assert_eq!(one[0], expected);
    assert_eq!((one[1].error.as_deref(), one[1].attempts), (None, 0));
    let other = of(&*store, &lease, "other", 100).await;
    assert_eq!(other[0].error.as_deref(), Some(&*long));
    assert_eq!(places(&other), [5, u64::from(u32::MAX) * 2]);
    let known = record(&*store, NAME).await;
    assert_eq!((known.failed, known.waiting), (2, 3));

    unpark(&*store, &lease, 3).await;
    unpark(&*store, &lease, 3).await;
    let one = of(&*store, &lease, "one", 100).await;
    assert_eq!(places(&one), [9, 40]);
    // Whoever took the first one out may be gone before the next one is tried.
    assert_eq!((&one[0].request, &one[1].request), (&Some(Retry), &None));
    assert_eq!(requested(&*store, &lease).await, [stream("one")]);
    for position in [9, 40] {
        unpark(&*store, &lease, position).await;
    }
    assert_eq!(streams(&*store, &lease).await, [stream("other")]);
    let known = record(&*store, NAME).await;
    assert_eq!((known.failed, known.waiting), (1, 1));
}

/// An event that fails again has the newest error and the number of attempts; what was asked for is done.
pub async fn parking_again_tells_the_new_reason<S: ConsumerStore>(store: Arc<S>) {
    let lease = opened(&*store, &spec(NAME)).await;
    park(&*store, &lease, 0, &[poison(3, "one", Some("first")), poison(4, "one", None)]).await;
    assert!(request(&*store, NAME, 3, Retry).await);
    let again = NewParked { attempts: 7, ..poison(3, "one", Some("second")) };
    park(&*store, &lease, 0, &[again]).await;
    let one = of(&*store, &lease, "one", 100).await;
    assert_eq!(places(&one), [3, 4]);
    assert_eq!((one[0].error.as_deref(), one[0].attempts, &one[0].request), (Some("second"), 7, &None));
    assert_eq!(requested(&*store, &lease).await, []);
    // One that waited is the first to fail now.
    unpark(&*store, &lease, 3).await;
    park(&*store, &lease, 0, &[poison(4, "one", Some("third"))]).await;
    let known = record(&*store, NAME).await;
    assert_eq!((known.failed, known.waiting), (1, 0));
    // Taken out and parked within one batch is parked; parked and taken out is not.
    let mut batch = begin(&*store).await;
    within(store.unpark(&mut batch, &lease, Position::new(4))).await.expect("it is taken out");
    within(store.park(&mut batch, &lease, &[poison(4, "one", Some("fourth"))])).await.expect("it is parked");
    within(store.park(&mut batch, &lease, &[poison(6, "one", None)])).await.expect("it is parked");
    within(store.unpark(&mut batch, &lease, Position::new(6))).await.expect("it is taken out");
    assert!(advance(&*store, &mut batch, &lease, 0, 0).await);
    commit(&*store, batch).await;
    let one = of(&*store, &lease, "one", 100).await;
    assert_eq!((places(&one), one[0].error.as_deref()), (vec![4], Some("fourth")));
}

/// Trap 27: a stream is taken up again with its oldest event, whatever was asked for those behind it.
pub async fn requests_wait_for_the_oldest<S: ConsumerStore>(store: Arc<S>) {
    let lease = opened(&*store, &spec(NAME)).await;
    let events =
        [poison(3, "one", Some("it fails")), poison(4, "one", None), poison(5, "other", Some("it fails"))];
    park(&*store, &lease, 0, &events).await;
    assert!(!request(&*store, NAME, 6, Retry).await, "it is not there");
    assert!(!request(&*store, "nobody", 3, Retry).await);
    assert_eq!(requested(&*store, &lease).await, []);
    let discard = ParkedRequest::Discard { reason: "a duplicate \"import\" ø".to_owned() };
    assert!(request(&*store, NAME, 4, discard.clone()).await);
    assert_eq!(requested(&*store, &lease).await, [], "the oldest one is first");
    let listed = parked(&*store, NAME).await;
    assert_eq!(listed[1].request, Some(discard.clone()));
    assert!(request(&*store, NAME, 3, discard.clone()).await);
    assert!(request(&*store, NAME, 3, Retry).await, "the last request counts");
    assert_eq!(of(&*store, &lease, "one", 1).await[0].request, Some(Retry));
    assert!(request(&*store, NAME, 5, discard.clone()).await);
    assert_eq!(requested(&*store, &lease).await, [stream("one"), stream("other")]);
    unpark(&*store, &lease, 3).await;
    assert_eq!(
        requested(&*store, &lease).await,
        [stream("one"), stream("other")],
        "the next one has a request"
    );
    unpark(&*store, &lease, 4).await;
    assert_eq!(requested(&*store, &lease).await, [stream("other")]);
    assert_eq!(of(&*store, &lease, "other", 1).await[0].request, Some(discard));
}

/// By consumer and position, page by page, all or some.
pub async fn parked_events_are_listed_in_pages<S: ConsumerStore>(store: Arc<S>) {
    let (one, other) = (opened(&*store, &spec("one_rows")).await, opened(&*store, &spec("other_rows")).await);
    for lease in [&other, &one] {
        let events: Vec<_> = (1..=60)
            .map(|nth| {
                poison(
                    nth * 2,
                    if nth % 3 == 0 { "third" } else { "rest" },
                    (nth % 10 == 0).then_some("it fails"),
                )
            })
            .collect();
        park(&*store, lease, 0, &events).await;
    }
    let list = async |query: ParkedQuery| {
        let listed = within(store.parked(&query)).await.expect("they can be listed");
        listed
            .into_iter()
            .map(|parked| (parked.consumer.to_string(), parked.position.get()))
            .collect::<Vec<_>>()
    };
    let every = |consumer: &str, of: fn(u64) -> bool| {
        (1..=60).filter(|nth| of(*nth)).map(|nth| (consumer.to_owned(), nth * 2)).collect::<Vec<_>>()
    };
    let all = [every("one_rows", |_| true), every("other_rows", |_| true)].concat();
    assert_eq!(list(ParkedQuery::default()).await, all[..100], "a hundred if nothing is said");
    let (mut paged, mut after) = (Vec::new(), None);
    loop {
        let page = list(ParkedQuery { limit: 7, after: after.clone(), ..ParkedQuery::default() }).await;
        let Some((consumer, position)) = page.last() else { break };
        assert!(page.len() <= 7);
        after = Some((consumer.clone(), Position::new(*position)));
        paged.extend(page);
    }
    assert_eq!(paged, all);
    let of_one = ParkedQuery { consumer: Some("one_rows".to_owned()), ..ParkedQuery::default() };
    assert_eq!(list(of_one.clone()).await, every("one_rows", |_| true));
    let failed = ParkedQuery { failed_only: true, ..of_one.clone() };
    assert_eq!(list(failed.clone()).await, every("one_rows", |nth| nth % 10 == 0));
    let third = ParkedQuery { stream: Some(stream("third")), ..of_one };
    assert_eq!(list(third).await, every("one_rows", |nth| nth % 3 == 0));
    let both = ParkedQuery { stream: Some(stream("third")), ..failed };
    assert_eq!(list(both).await, every("one_rows", |nth| nth % 30 == 0));
    let nobody = ParkedQuery { consumer: Some("nobody".to_owned()), ..ParkedQuery::default() };
    assert_eq!(list(nobody).await, []);
}

/// What one partition has parked is nothing to the others, nor to those of another consumer.
pub async fn partitions_park_apart<S: ConsumerStore>(store: Arc<S>) {
    let number = generation(&*store, &version(1, 2)).await;
    let leases = claim_all(&*store, NAME, number).await;
    let other = opened(&*store, &ConsumerSpec { partitions: 1, ..spec("other_rows") }).await;
    park(&*store, &leases[0], 0, &[poison(1, "one", Some("it fails"))]).await;
    park(&*store, &leases[1], 0, &[poison(2, "two", Some("it fails"))]).await;
    park(&*store, &other, 0, &[poison(1, "one", Some("otherwise"))]).await;
    assert!(request(&*store, NAME, 2, Retry).await);
    assert_eq!(streams(&*store, &leases[0]).await, [stream("one")]);
    assert_eq!(streams(&*store, &leases[1]).await, [stream("two")]);
    assert_eq!(requested(&*store, &leases[0]).await, []);
    assert_eq!(requested(&*store, &leases[1]).await, [stream("two")]);
    assert_eq!(of(&*store, &leases[1], "one", 9).await, []);
    unpark(&*store, &leases[0], 1).await;
    assert_eq!(streams(&*store, &other).await, [stream("one")], "another consumer's is its own");
    let listed = parked(&*store, NAME).await;
    assert_eq!((places(&listed), listed[0].partition), (vec![2], 1));
}

/// The event that both the live generation and the one that is built have parked is listed for both, on one page, and a request is for both.
pub async fn two_generations_park_on_one_page<S: ConsumerStore>(store: Arc<S>) {
    let spec = spec(NAME);
    let old = opened(&*store, &spec).await;
    park(&*store, &old, 0, &[poison(3, "one", Some("it fails")), poison(5, "one", None)]).await;
    let number = within(store.rebuild(&spec)).await.expect("it is built anew");
    let new = claim_all(&*store, NAME, number).await.remove(0);
    park(&*store, &new, 0, &[poison(3, "one", Some("it fails as well"))]).await;
    let page = async |after: Option<u64>| {
        let after = after.map(|after| (NAME.to_owned(), Position::new(after)));
        let query = ParkedQuery { limit: 1, after, ..ParkedQuery::default() };
        let listed = within(store.parked(&query)).await.expect("they can be listed");
        let mut listed: Vec<_> = listed.iter().map(|one| (one.position.get(), one.generation)).collect();
        listed.sort_unstable();
        listed
    };
    assert_eq!(page(None).await, [(3, old.generation), (3, number)]);
    assert_eq!(page(Some(3)).await, [(5, old.generation)]);
    assert!(request(&*store, NAME, 3, Retry).await);
    for lease in [&old, &new] {
        assert_eq!(requested(&*store, lease).await, [stream("one")]);
    }
    // What one of them does about it is nothing to the other.
    unpark(&*store, &new, 3).await;
    assert_eq!(streams(&*store, &new).await, []);
    assert_eq!(places(&of(&*store, &old, "one", 9).await), [3, 5]);
}
