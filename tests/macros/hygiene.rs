//! Whatever names the user's module gives to other things, the expansions mean what they say.

#![allow(dead_code, reason = "the names are there to be in the way")]

mod kenning {}
mod core {}
mod std {}
mod serde_json {}

struct Result;
struct Option;
struct String;
struct Vec;
struct Infallible;
struct Version;
struct Schema;
struct Ok;
struct Err;
struct Some;
struct None;
trait From {}
trait Sized {}
trait Send {}

#[derive(::kenning::prelude::Serialize, ::kenning::prelude::Deserialize, ::kenning::Event)]
#[kenning(name = "a.happened", version = 2, from(HappenedV1))]
struct Happened {
    id: u8,
}

#[derive(::kenning::prelude::Serialize, ::kenning::prelude::Deserialize, ::kenning::Schema)]
struct HappenedV1 {}

impl ::core::convert::From<HappenedV1> for Happened {
    fn from(HappenedV1 {}: HappenedV1) -> Self {
        Self { id: 0 }
    }
}

#[derive(::kenning::EventSet)]
enum Events {
    Happened(Happened),
}

#[derive(Default, ::kenning::prelude::Serialize, ::kenning::prelude::Deserialize, ::kenning::Aggregate)]
#[kenning(category = "a", id = u8, events = Events, snapshot_every = 1)]
struct State {
    seen: u8,
}

#[derive(Clone, ::kenning::prelude::Serialize, ::kenning::Command)]
#[kenning(aggregate = State)]
struct Do {
    #[kenning(id)]
    id: u8,
}

#[::kenning::aggregate]
impl State {
    #[command]
    fn apply(&self, command: Do) -> ::core::result::Result<Happened, ()> {
        ::core::result::Result::Ok(Happened { id: command.id })
    }

    #[apply]
    fn handle(&mut self, event: &Happened) {
        self.seen = event.id;
    }
}

#[derive(::kenning::ReadModel)]
#[kenning(table = "happenings", version = 1, events = Events, index(row, columns))]
struct Happening {
    #[kenning(key)]
    id: u8,
    // Named like what the expansions name.
    row: ::core::option::Option<u8>,
    columns: i64,
    key: ::std::string::String,
    #[kenning(json)]
    table: ::std::vec::Vec<u8>,
    #[kenning(unique)]
    version: bool,
}

#[::kenning::read_model]
impl Happening {
    #[on(key = event.id)]
    fn on(row: ::core::option::Option<Self>, event: &Happened) -> Self {
        let _ = row;
        Self {
            id: event.id,
            row: ::core::option::Option::None,
            columns: 1,
            key: ::std::string::String::new(),
            table: ::std::vec::Vec::new(),
            version: true,
        }
    }

    fn keys() {}
    fn change() {}
}

/// A block and types that come out of the user's own macro.
macro_rules! declare {
    ($state:ident, $event:ty, $command:ty, $apply:ident) => {
        #[derive(Default, ::kenning::Aggregate)]
        #[kenning(category = "generated", id = u8, events = Events)]
        struct $state;

        #[::kenning::aggregate]
        impl $state {
            #[apply]
            fn $apply(&mut self, event: &$event) {
                let _: &$event = event;
            }

            #[command]
            fn decide(&self, command: $command, _: &::kenning::CommandContext) -> $event {
                Happened { id: command.id }
            }
        }
    };
}

declare!(Generated, Happened, Redo, applied);

macro_rules! declare_read_model {
    ($model:ident, $event:ty, $parameter:ident, $handler:ident, $key:ident: $id:ty, $of:expr) => {
        #[derive(::kenning::ReadModel)]
        #[kenning(table = "generated", version = 1, events = Events)]
        struct $model {
            #[kenning(key)]
            $key: $id,
        }

        #[::kenning::read_model]
        impl $model {
            #[on(keys = [$of, $parameter.id])]
            fn $handler(row: ::core::option::Option<Self>, $key: $id, $parameter: &$event) -> Self {
                let _ = (row, $parameter);
                Self { $key }
            }
        }
    };
}

declare_read_model!(GeneratedRow, Happened, event, happened, row: u8, event.id + 1);

macro_rules! declare_command {
    ($command:ident, $aggregate:ty, $id:ty) => {
        #[derive(Clone, ::kenning::prelude::Serialize, ::kenning::Command)]
        #[kenning(aggregate = $aggregate)]
        struct $command {
            #[kenning(id)]
            id: $id,
        }
    };
}

declare_command!(Redo, Generated, u8);

struct Follower;

#[::kenning::projection(name = "a.follower", version = 1, events = Events)]
impl Follower {
    #[on]
    async fn on(
        &self,
        event: &::kenning::Recorded<Happened>,
        transaction: &mut u8,
    ) -> ::core::result::Result<(), ::kenning::HandlerError> {
        *transaction = event.id;
        ::core::result::Result::Ok(())
    }
}

struct Taker;

#[::kenning::projection(name = "a.taker", version = 1, events = Events)]
impl Taker {
    #[on]
    fn project(&self, events: &[::kenning::Recorded<Events>], transaction: &mut u8) {
        *transaction = events.len() as u8;
    }
}

#[::tokio::test]
async fn projections_call_their_own() {
    let metadata = ::kenning::Metadata::new(
        ::kenning::prelude::Uuid::nil(),
        ::kenning::StreamName::new("a", "1").unwrap(),
        ::kenning::Version::new(1),
        ::kenning::Position::new(1),
        ::kenning::prelude::OffsetDateTime::UNIX_EPOCH,
    );
    let event = || ::kenning::Recorded::new(Events::Happened(Happened { id: 7 }), metadata.clone());
    let mut seen = 0;
    ::kenning::Projection::project(&Follower, ::std::vec![event()], &mut seen).await.unwrap();
    assert_eq!(seen, 7);
    ::kenning::Projection::project(&Taker, ::std::vec![event(), event()], &mut seen).await.unwrap();
    assert_eq!(seen, 2);
}

#[test]
fn shadowed_names_do_not_matter() {
    let mut state = State::default();
    // The user's own methods are called, although they are named like those of the traits.
    ::kenning::Apply::apply(&mut state, &Happened { id: 7 });
    assert_eq!(state.seen, 7);
    assert_eq!(*::kenning::Command::aggregate_id(&Redo { id: 3 }), 3);
    let columns = <Happening as ::kenning::ReadModel>::COLUMNS.iter().map(|column| column.name);
    assert!(columns.eq(["id", "row", "columns", "key", "table", "version"]));
    drop((Happening::COLUMNS.eq(1_i64), Happening::KEY.starts_with("x"), Happening::VERSION.eq(true)));
    drop(GeneratedRow::ROW.eq(1_u8));
}
