use std::time::Duration;

use time::OffsetDateTime;

use super::account::{Account, move_cents, open};
use super::faulty::Faulty;
use crate::store::{Append, EventStore, Expect, NewEvent, RehydrateError};
use crate::{Clock, ExecuteError, Kenning, LoadError, MemoryStore, Payload, StreamName, Version};

fn ann() -> String {
    "ann".to_owned()
}

#[tokio::test]
async fn an_aggregate_is_loaded_as_it_is_and_as_it_was() {
    let store = Faulty::default();
    let app = store.app().await;
    app.execute(open("ann")).await.unwrap();
    for _ in 0..9 {
        app.execute(move_cents("ann", 1)).await.unwrap();
    }
    let now = app.load::<Account>(&ann()).await.unwrap();
    assert_eq!((now.cents, now.version(), now.stream().as_str()), (9, Version::new(10), "account-ann"));
    assert!(now.exists());
    for version in 0..=10 {
        let then = app.load::<Account>(ann()).at_version(version).await.unwrap();
        assert_eq!(then.version(), Version::new(version));
        assert_eq!(then.state().cents, i64::try_from(version).unwrap().saturating_sub(1).max(0));
    }
    let beyond = app.load::<Account>(ann()).at_version(99).await.unwrap();
    assert_eq!((beyond.version(), beyond.into_state()), (Version::new(10), now.into_state()));
}

#[tokio::test(start_paused = true)]
async fn an_aggregate_is_loaded_as_it_was_at_a_time() {
    let start = OffsetDateTime::UNIX_EPOCH;
    let store = MemoryStore::with_clock(Clock::tokio(start));
    let app = Kenning::builder(store).aggregate::<Account>().build().await.unwrap();
    for _ in 0..4 {
        tokio::time::sleep(Duration::from_secs(10)).await;
        app.execute(move_cents("ann", 1)).await.unwrap();
    }
    for (seconds, cents) in [(0, 0), (9, 0), (11, 1), (29, 2), (35, 3), (41, 4), (900, 4)] {
        let then =
            app.load::<Account>(ann()).at_time(start + time::Duration::seconds(seconds)).await.unwrap();
        assert_eq!((then.cents, then.exists()), (cents, cents > 0), "after {seconds} s");
    }
}

#[tokio::test]
async fn what_is_not_there_is_the_default_at_version_0() {
    let app = Faulty::default().app().await;
    let nobody = app.load::<Account>(ann()).await.unwrap();
    assert_eq!((nobody.version(), nobody.exists()), (Version::ZERO, false));
    assert_eq!(nobody.into_state(), Account::default());
}

#[tokio::test]
async fn trap_22_an_event_that_cannot_be_read_is_an_error_never_a_state() {
    let store = Faulty::default();
    let app = store.app().await;
    app.execute(move_cents("ann", 1)).await.unwrap();
    let stream = StreamName::of::<Account>(&ann()).unwrap();
    let mut corrupt = NewEvent::new(crate::EncodedEvent {
        name: "account.moved",
        schema_version: 1,
        payload: Payload::from_stored(r#"{"cents":"many"}"#),
    });
    corrupt.schema_version = 1;
    store.append(Append::to(stream, Expect::Any, vec![corrupt])).await.unwrap();
    let decode =
        |error: &RehydrateError| matches!(error, RehydrateError::Decode { version, .. } if *version == 2);
    for load in [app.load::<Account>(ann()), app.load::<Account>(ann()).at_version(2)] {
        let error = load.await.unwrap_err();
        assert!(matches!(&error, LoadError::Rehydrate(error) if decode(error)), "{error}");
    }
    let error = app.execute(move_cents("ann", -5)).await.unwrap_err();
    assert!(matches!(&error, ExecuteError::Rehydrate(error) if decode(error)), "{error}");
    assert_eq!(
        app.load::<Account>(ann()).at_version(1).await.unwrap().cents,
        1,
        "what is before it can be read"
    );
}
