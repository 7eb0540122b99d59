//! The aggregate of these tests. Its impls are written by hand: what is proven with it does not rest on the macros.

use kenning::schema::Member;
use kenning::store::NewEvent;
use kenning::{
    Aggregate, Apply, ApplyTo, Command, CommandContext, DecodeError, EncodeError, EncodedEvent, Event,
    EventInfo, EventSet, Handle, Headers, Kenning, Payload, RawEvent, Schema, Shape, Shapes, Snapshots,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A movement of money.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Moved {
    pub cents: i64,
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
pub enum AccountEvent {
    Moved(Moved),
}

impl EventSet for AccountEvent {
    const EVENTS: &'static [EventInfo] = &[EventInfo::of::<Moved>()];

    fn encode(&self) -> Result<EncodedEvent, EncodeError> {
        let Self::Moved(event) = self;
        EncodedEvent::of(event)
    }

    fn decode(event: &RawEvent<'_>) -> Result<Self, DecodeError> {
        match event.name {
            Moved::NAME => Moved::decode(event.schema_version, event.payload).map(Self::Moved),
            unknown => Err(DecodeError::unknown_name(unknown)),
        }
    }
}

impl<A: Apply<Moved>> ApplyTo<A> for AccountEvent {
    fn apply_to(&self, state: &mut A) {
        let Self::Moved(event) = self;
        state.apply(event);
    }
}

/// The state: it counts what it applies, so that an event applied twice shows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Account {
    pub balance: i64,
    pub moves: u64,
}

impl Schema for Account {
    fn shape(shapes: &mut Shapes) -> Shape {
        shapes.object::<Self>(&[Member::of::<i64>("balance"), Member::of::<u64>("moves")])
    }
}

impl Aggregate for Account {
    const CATEGORY: &'static str = "account";
    type Id = String;
    type Events = AccountEvent;
    const SNAPSHOTS: Option<Snapshots<Self>> = Some(Snapshots::every(3));
}

impl Apply<Moved> for Account {
    fn apply(&mut self, event: &Moved) {
        self.balance += event.cents;
        self.moves += 1;
    }
}

/// Another view of the same streams, with a state of another shape.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Peak {
    pub highest: i64,
    pub balance: i64,
}

impl Schema for Peak {
    fn shape(shapes: &mut Shapes) -> Shape {
        shapes.object::<Self>(&[Member::of::<i64>("highest"), Member::of::<i64>("balance")])
    }
}

impl Aggregate for Peak {
    const CATEGORY: &'static str = "account";
    type Id = String;
    type Events = AccountEvent;
    const SNAPSHOTS: Option<Snapshots<Self>> = Some(Snapshots::every(2));
}

impl Apply<Moved> for Peak {
    fn apply(&mut self, event: &Moved) {
        self.balance += event.cents;
        self.highest = self.highest.max(self.balance);
    }
}

/// Moves money in (`cents` above 0) or out, once for each of `times`; 0 times is nothing to do.
#[derive(Clone, Debug, Serialize)]
pub struct Move {
    pub account: String,
    pub cents: i64,
    pub times: u32,
}

impl Move {
    pub fn once(account: &str, cents: i64) -> Self {
        Self { account: account.to_owned(), cents, times: 1 }
    }

    pub fn times(account: &str, cents: i64, times: u32) -> Self {
        Self { times, ..Self::once(account, cents) }
    }
}

#[derive(Debug, PartialEq)]
pub struct Overdrawn;

fn decide(balance: i64, command: &Move) -> Result<Vec<AccountEvent>, Overdrawn> {
    if balance + command.cents * i64::from(command.times) < 0 {
        return Err(Overdrawn);
    }
    Ok((0..command.times).map(|_| AccountEvent::Moved(Moved { cents: command.cents })).collect())
}

impl Command for Move {
    type Aggregate = Account;
    const NAME: &'static str = "move";

    fn aggregate_id(&self) -> &String {
        &self.account
    }
}

impl Handle<Move> for Account {
    type Rejection = Overdrawn;

    fn handle(&self, command: &Move, _: &CommandContext) -> Result<Vec<AccountEvent>, Overdrawn> {
        decide(self.balance, command)
    }
}

/// The same for the other view.
#[derive(Clone, Debug, Serialize)]
pub struct MovePeak(pub Move);

impl Command for MovePeak {
    type Aggregate = Peak;
    const NAME: &'static str = "move_peak";

    fn aggregate_id(&self) -> &String {
        &self.0.account
    }
}

impl Handle<MovePeak> for Peak {
    type Rejection = Overdrawn;

    fn handle(&self, command: &MovePeak, _: &CommandContext) -> Result<Vec<AccountEvent>, Overdrawn> {
        decide(self.balance, &command.0)
    }
}

/// An application of one process.
pub async fn app(home: &impl crate::support::Home) -> Kenning {
    Kenning::builder(home.store().await).aggregate::<Account>().build().await.expect("the application starts")
}

/// An application that gives up at the first conflict.
pub async fn hasty_app(home: &impl crate::support::Home) -> Kenning {
    let builder = Kenning::builder(home.store().await).aggregate::<Account>().attempts(1);
    builder.build().await.expect("the application starts")
}

/// An event as somebody writes it past the application.
pub fn raw(name: &str, payload: &str) -> NewEvent {
    NewEvent {
        id: Uuid::now_v7(),
        name: name.into(),
        schema_version: 1,
        payload: Payload::from_stored(payload),
        correlation_id: None,
        causation_id: None,
        headers: Headers::new(),
    }
}

/// The state by a replay of the whole stream, without snapshots and without the application.
pub async fn replayed(app: &Kenning, account: &str) -> Account {
    use futures_util::TryStreamExt;
    let stream = kenning::StreamName::new(Account::CATEGORY, account).expect("a legal name");
    let rows = app.store().read_stream(kenning::store::StreamQuery::forwards(stream));
    let rows: Vec<_> = rows.try_collect().await.expect("the stream can be read");
    let mut state = Account::default();
    for row in rows {
        AccountEvent::decode(&row.raw()).expect("it can be decoded").apply_to(&mut state);
    }
    state
}
