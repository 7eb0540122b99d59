//! Several appends at a time within a transaction.

use std::sync::Arc;

use uuid::Uuid;

use super::support::{
    all, append, command, conflict, duplicate, event, events, feed, numbers, stream, within,
};
use crate::limits::MAX_EVENT_NAME;
use crate::number::Version;
use crate::store::{Append, AppendError, Appended, Expect, StoreError, TransactionalStore};

type Answers = Result<Vec<Result<Appended, AppendError>>, StoreError>;

async fn append_all<S: TransactionalStore>(
    store: &S,
    transaction: &mut S::Transaction,
    appends: &[Append],
) -> Answers {
    let appends: Vec<&Append> = appends.iter().collect();
    within(store.append_all_in(transaction, &appends)).await
}

/// Answers come in the order of the appends, whatever the order of their streams; what is not accepted is not stored, and the transaction goes on.
pub async fn each_of_many_appends_has_its_own_answer<S: TransactionalStore>(store: Arc<S>) {
    let [first, taken, last] = ["m", "a", "z"].map(stream);
    let (known, new) = (Uuid::now_v7(), Uuid::now_v7());
    append(&*store, &taken, Expect::New, events(1..=1)).await;
    let before = Append::to(stream("before"), Expect::New, vec![]).command(command(known, 1));
    within(store.append(before)).await.expect("accepted");
    let mut nameless = event(9);
    nameless.name = "n".repeat(MAX_EVENT_NAME + 1).into();
    let appends = [
        Append::to(last.clone(), Expect::New, events(4..=6)).command(command(new, 2)),
        Append::to(taken.clone(), Expect::New, events(7..=7)),
        Append::to(stream("again"), Expect::Any, events(8..=8)).command(command(known, 1)),
        Append::to(stream("nameless"), Expect::Any, vec![nameless]),
        Append::to(stream("nothing"), Expect::New, vec![]).command(command(Uuid::now_v7(), 3)),
        Append::to(first.clone(), Expect::Any, events(2..=3)),
    ];
    let mut transaction = within(store.begin()).await.expect("it begins");
    let mut answers = append_all(&*store, &mut transaction, &appends).await.expect("answers").into_iter();
    let mut next = || answers.next().expect("an answer for each");
    assert_eq!(next().expect("accepted").streams[0].version, Version::new(3));
    assert_eq!(conflict(next()).actual, Version::new(1));
    assert_eq!(duplicate(next()).command_id, known);
    assert!(matches!(next(), Err(AppendError::Invalid(_))));
    assert_eq!(next().expect("accepted").streams[0].version, Version::ZERO);
    assert_eq!(next().expect("accepted").streams[0].positions.len(), 2);
    // The next ones see these.
    let more = [Append::to(last.clone(), Expect::Exactly(Version::new(3)), events(10..=10))];
    let more = append_all(&*store, &mut transaction, &more).await.expect("answers");
    assert_eq!(more[0].as_ref().expect("accepted").streams[0].version, Version::new(4));
    within(store.commit(transaction)).await.expect("it commits");
    assert_eq!(numbers(&all(&*store, &first).await), [2, 3]);
    assert_eq!(numbers(&all(&*store, &taken).await), [1]);
    assert_eq!(numbers(&all(&*store, &last).await), [4, 5, 6, 10]);
    assert_eq!(feed(&*store).await.len(), 7);
    let record = within(store.find_command(new)).await.expect("the ledger can be read").expect("recorded");
    assert_eq!((record.version, record.events), (Version::new(3), 3));
}

/// Two transactions append to the same streams, each in its own order: one after the other, neither is turned back.
pub async fn many_appends_of_two_transactions_do_not_deadlock<S: TransactionalStore>(store: Arc<S>) {
    let rounds = 20_u64;
    let write = |backwards: bool| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            for round in 0..rounds {
                let mut appends: Vec<_> = (0..5)
                    .map(|nth| Append::to(stream(&format!("s{nth}")), Expect::Any, events(round..=round)))
                    .collect();
                if backwards {
                    appends.reverse();
                }
                let mut transaction = within(store.begin()).await.expect("it begins");
                let answers =
                    append_all(&*store, &mut transaction, &appends).await.expect("nobody is turned back");
                assert!(answers.iter().all(Result::is_ok));
                within(store.commit(transaction)).await.expect("it commits");
            }
        })
    };
    for writer in [write(false), write(true)] {
        writer.await.expect("it has no panic");
    }
    for nth in 0..5 {
        assert_eq!(all(&*store, &stream(&format!("s{nth}"))).await.len() as u64, 2 * rounds);
    }
}

/// More than a store does at once.
pub async fn a_store_takes_as_many_appends_as_there_are<S: TransactionalStore>(store: Arc<S>) {
    let count = 1_000_u64;
    let appends: Vec<_> = (0..count)
        .map(|nth| Append::to(stream(&format!("s{}", count - nth)), Expect::New, events(nth..=nth)))
        .collect();
    let mut transaction = within(store.begin()).await.expect("it begins");
    assert_eq!(append_all(&*store, &mut transaction, &[]).await.expect("no answers").len(), 0);
    let answers = append_all(&*store, &mut transaction, &appends).await.expect("answers");
    for (append, answer) in appends.iter().zip(&answers) {
        assert_eq!(answer.as_ref().expect("accepted").streams[0].stream, append.streams[0].stream);
    }
    within(store.commit(transaction)).await.expect("it commits");
    assert_eq!((answers.len(), feed(&*store).await.len()), (1_000, 1_000));
}
