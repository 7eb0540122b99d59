use time::OffsetDateTime;
use uuid::Uuid;

use super::account::{Account, AccountEvent, Moved, Opened, move_cents, open};
use super::faulty::Faulty;
use crate::store::StreamQuery;
use crate::{ExecuteError, Kenning, MemoryStore, Metadata, Position, StreamName, Version};
use futures_util::StreamExt;

async fn metadata(store: &Faulty, id: &str) -> Vec<Metadata> {
    use crate::store::EventStore;
    let stream = StreamName::of::<Account>(&id.to_owned()).unwrap();
    store.read_stream(StreamQuery::forwards(stream)).map(|row| row.unwrap().metadata).collect().await
}

#[tokio::test]
async fn the_answer_says_what_was_written_where() {
    let store = Faulty::default();
    let app = store.app().await;
    let opened = app.execute(open("ann")).await.unwrap();
    assert_eq!(opened.stream().as_str(), "account-ann");
    assert_eq!((opened.version(), opened.position()), (Version::new(1), Some(Position::new(1))));
    assert_eq!(opened.events(), [AccountEvent::Opened(Opened { owner: "ann".to_owned() })]);
    assert!(!opened.replayed());
    let moved = app.execute(move_cents("ann", 7)).await.unwrap();
    assert_eq!(moved.version(), Version::new(2));
    assert_eq!(moved.into_events(), [AccountEvent::Moved(Moved { cents: 7 })]);
}

#[tokio::test]
async fn a_command_opens_a_conversation_under_its_own_id() {
    let store = Faulty::default();
    let app = store.app().await;
    let opened = app.execute(open("ann")).await.unwrap();
    let given = Uuid::now_v7();
    app.execute(move_cents("ann", 1)).id(given).await.unwrap();
    let [first, second] = metadata(&store, "ann").await.try_into().unwrap();
    assert_eq!(first.correlation_id, Some(opened.command_id()));
    assert_eq!(first.causation_id, Some(opened.command_id()));
    assert_eq!((second.correlation_id, second.causation_id), (Some(given), Some(given)));
}

#[tokio::test]
async fn trap_47_ids_and_headers_are_carried_from_event_to_command_to_event() {
    let store = Faulty::default();
    let app = store.app().await;
    let conversation = Uuid::now_v7();
    app.execute(open("ann")).correlation(conversation).header("trace", "a").await.unwrap();
    let cause = metadata(&store, "ann").await.remove(0);
    assert_eq!((cause.correlation_id, cause.headers.get("trace")), (Some(conversation), Some("a")));
    let command = Uuid::now_v7();
    app.execute(open("bob")).id(command).caused_by(&cause).header("trace", "b").await.unwrap();
    let effect = metadata(&store, "bob").await.remove(0);
    assert_eq!((effect.correlation_id, effect.causation_id), (Some(conversation), Some(command)));
    assert_eq!(effect.headers.get("trace"), Some("b"));
}

#[tokio::test]
async fn an_aggregate_that_is_not_registered_is_named_with_the_remedy() {
    let app = Kenning::builder(MemoryStore::new()).build().await.unwrap();
    let error = app.execute(open("ann")).await.unwrap_err();
    assert!(matches!(error, ExecuteError::NotRegistered { .. }));
    assert!(error.to_string().contains("add `.aggregate::<"), "{error}");
    assert!(
        app.load::<Account>("ann".to_owned()).await.unwrap_err().to_string().contains("add `.aggregate::<")
    );
}

#[tokio::test]
async fn an_id_that_names_no_stream_is_an_error() {
    let store = Faulty::default();
    let error = store.app().await.execute(open("")).await.unwrap_err();
    assert!(matches!(error, ExecuteError::InvalidStream(_)), "{error}");
    assert!(!error.is_retryable());
}

#[tokio::test]
async fn the_handler_sees_the_applications_clock() {
    use crate::{Aggregate, Clock, Command, CommandContext, Handle};

    #[derive(serde::Serialize)]
    struct Ask(String);

    impl Command for Ask {
        type Aggregate = Account;
        const NAME: &'static str = "Ask";

        fn aggregate_id(&self) -> &String {
            &self.0
        }
    }

    impl Handle<Ask> for Account {
        type Rejection = (OffsetDateTime, Uuid, Option<Uuid>, Version, String);

        fn handle(
            &self,
            _: &Ask,
            context: &CommandContext,
        ) -> Result<Vec<<Self as Aggregate>::Events>, Self::Rejection> {
            let stream = context.stream().to_string();
            Err((context.time(), context.command_id(), context.causation_id(), context.version(), stream))
        }
    }

    let time = OffsetDateTime::UNIX_EPOCH + time::Duration::days(1);
    let builder = Kenning::builder(MemoryStore::new()).aggregate::<Account>().clock(Clock::fixed(time));
    let app = builder.build().await.unwrap();
    app.execute(open("ann")).await.unwrap();
    let (command, cause) = (Uuid::now_v7(), Uuid::now_v7());
    let seen = app.execute(Ask("ann".to_owned())).id(command).causation(cause).await.unwrap_err();
    let expected = (time, command, Some(cause), Version::new(1), "account-ann".to_owned());
    assert_eq!(seen.rejection(), Some(&expected));
}
