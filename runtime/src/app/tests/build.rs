use super::account::{Account, AccountEvent, Move, Open};
use crate::schema::{Shape, Shapes};
use crate::{
    Aggregate, Apply, ApplyTo, BuildError, DecodeError, EncodeError, EncodedEvent, Event, EventInfo,
    EventSet, Kenning, MemoryStore, Mistake, RawEvent, Schema,
};

#[derive(serde::Serialize, serde::Deserialize)]
struct Wrong;

impl Schema for Wrong {
    fn shape(shapes: &mut Shapes) -> Shape {
        bool::shape(shapes)
    }
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Nameless;

impl Schema for Nameless {
    fn shape(shapes: &mut Shapes) -> Shape {
        bool::shape(shapes)
    }
}

impl Event for Wrong {
    const NAME: &'static str = "account.opened";
}

impl Event for Nameless {
    const NAME: &'static str = "";
}

enum WrongEvents {}

impl EventSet for WrongEvents {
    const EVENTS: &'static [EventInfo] = &[EventInfo::of::<Wrong>(), EventInfo::of::<Nameless>()];

    fn encode(&self) -> Result<EncodedEvent, EncodeError> {
        match *self {}
    }

    fn decode(event: &RawEvent<'_>) -> Result<Self, DecodeError> {
        Err(DecodeError::unknown_name(event.name))
    }
}

impl<A> ApplyTo<A> for WrongEvents {
    fn apply_to(&self, _: &mut A) {
        match *self {}
    }
}

#[derive(Default)]
struct Upper;

impl Aggregate for Upper {
    const CATEGORY: &'static str = "Upper";
    type Id = Wrong;
    type Events = WrongEvents;
}

#[derive(Default)]
struct Second;

impl Aggregate for Second {
    const CATEGORY: &'static str = "account";
    type Id = String;
    type Events = AccountEvent;
}

impl<E> Apply<E> for Second {
    fn apply(&mut self, _: &E) {}
}

#[tokio::test]
async fn everything_that_is_wrong_is_told_at_once() {
    let builder = Kenning::builder(MemoryStore::new())
        .aggregate::<Account>()
        .aggregate::<Upper>()
        .aggregate::<Second>();
    let error = builder.build().await.unwrap_err();
    let text = error.to_string();
    let BuildError::Mistakes(mistakes) = error else { panic!("{text}") };
    assert_eq!(mistakes.len(), 5, "{text}");
    assert!(mistakes.iter().any(|one| matches!(one, Mistake::Category { category: "Upper", .. })));
    assert!(mistakes.iter().any(|one| matches!(one, Mistake::Id { .. })));
    assert!(mistakes.iter().any(|one| matches!(one, Mistake::Event { name: "", .. })));
    assert!(text.contains("both keep their streams in the category `account`"), "{text}");
    assert!(text.contains("both stored as the event `account.opened`"), "{text}");
}

#[tokio::test]
async fn the_catalog_lists_what_was_registered() {
    let app = Kenning::builder(MemoryStore::new()).command::<Open>().command::<Move>().build().await.unwrap();
    let events: Vec<_> = app.catalog().events().map(|event| event.name).collect();
    assert_eq!(events, ["account.moved", "account.opened"]);
    let commands: Vec<_> = app.catalog().commands().map(|command| (command.category, command.name)).collect();
    assert_eq!(commands, [("account", "Move"), ("account", "Open")]);
    assert_eq!(
        app.catalog().aggregates().map(|aggregate| aggregate.category).collect::<Vec<_>>(),
        ["account"]
    );
    app.execute(super::account::open("ann")).await.unwrap();
}

#[tokio::test]
async fn one_aggregate_registered_by_two_modules_is_one() {
    let builder = Kenning::builder(MemoryStore::new()).aggregate::<Account>().aggregate::<Account>();
    assert_eq!(builder.build().await.unwrap().catalog().aggregates().len(), 1);
}
