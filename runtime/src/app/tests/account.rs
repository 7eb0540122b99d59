//! The aggregate of these tests, written by hand: the macros are tested elsewhere.

use serde::{Deserialize, Serialize};

use crate::schema::{Member, Shape, Shapes};
use crate::{
    Aggregate, Apply, ApplyTo, Command, CommandContext, DecodeError, EncodeError, EncodedEvent, Event,
    EventInfo, EventSet, Handle, IntoEvents, RawEvent, Schema, Snapshots,
};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Opened {
    pub(crate) owner: String,
}

impl Schema for Opened {
    fn shape(shapes: &mut Shapes) -> Shape {
        shapes.object::<Self>(&[Member::of::<String>("owner")])
    }
}

impl Event for Opened {
    const NAME: &'static str = "account.opened";
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Moved {
    pub(crate) cents: i64,
}

impl Schema for Moved {
    fn shape(shapes: &mut Shapes) -> Shape {
        shapes.object::<Self>(&[Member::of::<i64>("cents")])
    }
}

impl Event for Moved {
    const NAME: &'static str = "account.moved";
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum AccountEvent {
    Opened(Opened),
    Moved(Moved),
}

impl EventSet for AccountEvent {
    const EVENTS: &'static [EventInfo] = &[EventInfo::of::<Opened>(), EventInfo::of::<Moved>()];

    fn encode(&self) -> Result<EncodedEvent, EncodeError> {
        match self {
            Self::Opened(event) => EncodedEvent::of(event),
            Self::Moved(event) => EncodedEvent::of(event),
        }
    }

    fn decode(event: &RawEvent<'_>) -> Result<Self, DecodeError> {
        match event.name {
            Opened::NAME => Opened::decode(event.schema_version, event.payload).map(Self::Opened),
            Moved::NAME => Moved::decode(event.schema_version, event.payload).map(Self::Moved),
            unknown => Err(DecodeError::unknown_name(unknown)),
        }
    }
}

impl<A: Apply<Opened> + Apply<Moved>> ApplyTo<A> for AccountEvent {
    fn apply_to(&self, state: &mut A) {
        match self {
            Self::Opened(event) => state.apply(event),
            Self::Moved(event) => state.apply(event),
        }
    }
}

macro_rules! into_events {
    ($($event:ident),+) => {
        $(impl IntoEvents<AccountEvent> for $event {
            type Rejection = std::convert::Infallible;

            fn into_events(self, events: &mut Vec<AccountEvent>) -> Result<(), Self::Rejection> {
                events.push(AccountEvent::$event(self));
                Ok(())
            }
        })+
    };
}

into_events!(Opened, Moved);

/// Says that nothing moves below zero, and keeps a snapshot every three events.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Account {
    pub(crate) owner: Option<String>,
    pub(crate) cents: i64,
}

impl Schema for Account {
    fn shape(shapes: &mut Shapes) -> Shape {
        shapes.object::<Self>(&[Member::of::<Option<String>>("owner"), Member::of::<i64>("cents")])
    }
}

impl Aggregate for Account {
    const CATEGORY: &'static str = "account";
    type Id = String;
    type Events = AccountEvent;
    const SNAPSHOTS: Option<Snapshots<Self>> = Some(Snapshots::every(3));
}

impl Apply<Opened> for Account {
    fn apply(&mut self, event: &Opened) {
        self.owner = Some(event.owner.clone());
    }
}

impl Apply<Moved> for Account {
    fn apply(&mut self, event: &Moved) {
        self.cents += event.cents;
    }
}

/// A handler with a defect: this many cents make it panic.
pub(crate) const PANICS: i64 = 666;

#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub(crate) enum Refused {
    #[error("the account is open already")]
    AlreadyOpen,
    #[error("{missing} cents are missing")]
    Overdrawn { missing: i64 },
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Open {
    pub(crate) id: String,
}

impl Command for Open {
    type Aggregate = Account;
    const NAME: &'static str = "Open";
    const CREATES: bool = true;

    fn aggregate_id(&self) -> &String {
        &self.id
    }
}

impl Handle<Open> for Account {
    type Rejection = Refused;

    fn handle(&self, command: &Open, _: &CommandContext) -> Result<Vec<AccountEvent>, Refused> {
        match self.owner {
            Some(_) => Err(Refused::AlreadyOpen),
            None => Ok(vec![AccountEvent::Opened(Opened { owner: command.id.clone() })]),
        }
    }
}

/// Moves money; 0 cents cause no event.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Move {
    pub(crate) id: String,
    pub(crate) cents: i64,
}

impl Command for Move {
    type Aggregate = Account;
    const NAME: &'static str = "Move";

    fn aggregate_id(&self) -> &String {
        &self.id
    }
}

impl Handle<Move> for Account {
    type Rejection = Refused;

    fn handle(&self, command: &Move, _: &CommandContext) -> Result<Vec<AccountEvent>, Refused> {
        assert!(command.cents != PANICS, "a handler with a defect");
        if self.cents + command.cents < 0 {
            return Err(Refused::Overdrawn { missing: -(self.cents + command.cents) });
        }
        Ok(if command.cents == 0 {
            vec![]
        } else {
            vec![AccountEvent::Moved(Moved { cents: command.cents })]
        })
    }
}

pub(crate) fn open(id: &str) -> Open {
    Open { id: id.to_owned() }
}

pub(crate) fn move_cents(id: &str, cents: i64) -> Move {
    Move { id: id.to_owned(), cents }
}
