use std::convert::Infallible;

use kenning::schema::Member;
use kenning::{
    Aggregate, Apply, ApplyTo, Command, CommandContext, DecodeError, EncodeError, EncodedEvent, Event,
    EventInfo, EventSet, Handle, Includes, IntoEvents, RawEvent, Schema, Shape, Shapes,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Opened {
    pub owner: String,
    pub email: Option<String>,
    pub overdraft: i64,
}

impl Schema for Opened {
    fn shape(shapes: &mut Shapes) -> Shape {
        shapes.object::<Self>(&[
            Member::of::<String>("owner"),
            Member::of::<Option<String>>("email"),
            Member::of::<i64>("overdraft"),
        ])
    }
}

impl Event for Opened {
    const NAME: &'static str = "account_0.opened";
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Deposited {
    pub amount: i64,
    pub reference: Uuid,
    pub purpose: String,
}

impl Schema for Deposited {
    fn shape(shapes: &mut Shapes) -> Shape {
        shapes.object::<Self>(&[
            Member::of::<i64>("amount"),
            Member::of::<Uuid>("reference"),
            Member::of::<String>("purpose"),
        ])
    }
}

impl Event for Deposited {
    const NAME: &'static str = "account_0.deposited";
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Closed {
    pub reason: String,
    pub balance: i64,
}

impl Schema for Closed {
    fn shape(shapes: &mut Shapes) -> Shape {
        shapes.object::<Self>(&[Member::of::<String>("reason"), Member::of::<i64>("balance")])
    }
}

impl Event for Closed {
    const NAME: &'static str = "account_0.closed";
}

#[derive(Clone, Debug, PartialEq)]
pub enum AccountEvent {
    Opened(Opened),
    Deposited(Deposited),
    Closed(Closed),
}

impl EventSet for AccountEvent {
    const EVENTS: &'static [EventInfo] =
        &[EventInfo::of::<Opened>(), EventInfo::of::<Deposited>(), EventInfo::of::<Closed>()];

    fn encode(&self) -> Result<EncodedEvent, EncodeError> {
        match self {
            Self::Opened(event) => EncodedEvent::of(event),
            Self::Deposited(event) => EncodedEvent::of(event),
            Self::Closed(event) => EncodedEvent::of(event),
        }
    }

    fn decode(event: &RawEvent<'_>) -> Result<Self, DecodeError> {
        match event.name {
            Opened::NAME => Opened::decode(event.schema_version, event.payload).map(Self::Opened),
            Deposited::NAME => Deposited::decode(event.schema_version, event.payload).map(Self::Deposited),
            Closed::NAME => Closed::decode(event.schema_version, event.payload).map(Self::Closed),
            name => Err(DecodeError::unknown_name(name)),
        }
    }
}

impl From<Opened> for AccountEvent {
    fn from(event: Opened) -> Self {
        Self::Opened(event)
    }
}

impl From<Deposited> for AccountEvent {
    fn from(event: Deposited) -> Self {
        Self::Deposited(event)
    }
}

impl From<Closed> for AccountEvent {
    fn from(event: Closed) -> Self {
        Self::Closed(event)
    }
}

impl Includes<Opened> for AccountEvent {
    fn get(&self) -> Option<&Opened> {
        match self {
            Self::Opened(event) => Some(event),
            _ => None,
        }
    }
}

impl Includes<Deposited> for AccountEvent {
    fn get(&self) -> Option<&Deposited> {
        match self {
            Self::Deposited(event) => Some(event),
            _ => None,
        }
    }
}

impl Includes<Closed> for AccountEvent {
    fn get(&self) -> Option<&Closed> {
        match self {
            Self::Closed(event) => Some(event),
            _ => None,
        }
    }
}

impl IntoEvents<AccountEvent> for Opened {
    type Rejection = Infallible;

    fn into_events(self, events: &mut Vec<AccountEvent>) -> Result<(), Infallible> {
        events.push(self.into());
        Ok(())
    }
}

impl IntoEvents<AccountEvent> for Deposited {
    type Rejection = Infallible;

    fn into_events(self, events: &mut Vec<AccountEvent>) -> Result<(), Infallible> {
        events.push(self.into());
        Ok(())
    }
}

impl IntoEvents<AccountEvent> for Closed {
    type Rejection = Infallible;

    fn into_events(self, events: &mut Vec<AccountEvent>) -> Result<(), Infallible> {
        events.push(self.into());
        Ok(())
    }
}

#[derive(Debug, Default)]
pub struct Account {
    open: bool,
    balance: i64,
    overdraft: i64,
}

impl Aggregate for Account {
    const CATEGORY: &'static str = "account_0";
    type Id = Uuid;
    type Events = AccountEvent;
}

impl ApplyTo<Account> for AccountEvent {
    fn apply_to(&self, state: &mut Account) {
        match self {
            Self::Opened(event) => state.apply(event),
            Self::Deposited(event) => state.apply(event),
            Self::Closed(event) => state.apply(event),
        }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Open {
    pub account: Uuid,
    pub owner: String,
    pub email: Option<String>,
}

impl Command for Open {
    type Aggregate = Account;
    const NAME: &'static str = "Open";

    fn aggregate_id(&self) -> &Uuid {
        &self.account
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Deposit {
    pub account: Uuid,
    pub amount: i64,
    pub reference: Uuid,
    pub purpose: String,
}

impl Command for Deposit {
    type Aggregate = Account;
    const NAME: &'static str = "Deposit";

    fn aggregate_id(&self) -> &Uuid {
        &self.account
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Close {
    pub account: Uuid,
    pub reason: String,
}

impl Command for Close {
    type Aggregate = Account;
    const NAME: &'static str = "Close";

    fn aggregate_id(&self) -> &Uuid {
        &self.account
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountError {
    AlreadyOpen,
    NotOpen,
    Overdrawn,
}

impl Account {
    fn open(&self, command: Open) -> Result<Opened, AccountError> {
        if self.open {
            return Err(AccountError::AlreadyOpen);
        }
        Ok(Opened { owner: command.owner, email: command.email, overdraft: 50_000 })
    }

    fn deposit(&self, command: Deposit) -> Result<Deposited, AccountError> {
        if !self.open {
            return Err(AccountError::NotOpen);
        }
        Ok(Deposited { amount: command.amount, reference: command.reference, purpose: command.purpose })
    }

    fn close(&self, command: Close) -> Result<Option<Closed>, AccountError> {
        if self.balance + self.overdraft < 0 {
            return Err(AccountError::Overdrawn);
        }
        Ok(self.open.then(|| Closed { reason: command.reason, balance: self.balance }))
    }

    fn opened(&mut self, event: &Opened) {
        self.open = true;
        self.overdraft = event.overdraft;
    }

    fn deposited(&mut self, event: &Deposited) {
        self.balance += event.amount;
    }

    fn closed(&mut self, _: &Closed) {
        self.open = false;
    }
}

impl Handle<Open> for Account {
    type Rejection = AccountError;

    fn handle(&self, command: &Open, _: &CommandContext) -> Result<Vec<AccountEvent>, AccountError> {
        Ok(vec![self.open(command.clone())?.into()])
    }
}

impl Handle<Deposit> for Account {
    type Rejection = AccountError;

    fn handle(&self, command: &Deposit, _: &CommandContext) -> Result<Vec<AccountEvent>, AccountError> {
        Ok(vec![self.deposit(command.clone())?.into()])
    }
}

impl Handle<Close> for Account {
    type Rejection = AccountError;

    fn handle(&self, command: &Close, _: &CommandContext) -> Result<Vec<AccountEvent>, AccountError> {
        Ok(self.close(command.clone())?.map(AccountEvent::from).into_iter().collect())
    }
}

impl Apply<Opened> for Account {
    fn apply(&mut self, event: &Opened) {
        self.opened(event);
    }
}

impl Apply<Deposited> for Account {
    fn apply(&mut self, event: &Deposited) {
        self.deposited(event);
    }
}

impl Apply<Closed> for Account {
    fn apply(&mut self, event: &Closed) {
        self.closed(event);
    }
}
