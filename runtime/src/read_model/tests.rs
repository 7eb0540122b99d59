//! What the macros make of a read model, handler by handler.

use time::OffsetDateTime;
use uuid::Uuid;

use super::{ColumnInfo, FoldInto, HandleError, Handled, IndexInfo, Reach, ReadModel as _, Slot, Value};
use crate::prelude::*;
use crate::schema::ColumnType;
use crate::{Metadata, On, Position, StreamName};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "cart.opened")]
struct Opened {
    customer: CustomerId,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "cart.filled")]
struct Filled {
    cents: i64,
    shared_with: Vec<CustomerId>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "cart.abandoned")]
struct Abandoned {}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "cart.seen")]
struct Seen {}

#[derive(Clone, Debug, PartialEq, EventSet)]
enum CartEvent {
    Opened(Opened),
    Filled(Filled),
    Abandoned(Abandoned),
    Seen(Seen),
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, Schema)]
struct CustomerId(u32);

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, Schema)]
#[serde(rename_all = "snake_case")]
enum State {
    New,
    InUse,
}

#[derive(Clone, Debug, PartialEq, ReadModel)]
#[kenning(table = "carts", version = 3, events = CartEvent, index(customer, r#type), unique(state, cents))]
struct Cart {
    cents: i64,
    #[kenning(key)]
    id: String,
    #[kenning(index)]
    customer: CustomerId,
    state: State,
    r#type: Option<String>,
    #[kenning(column = "opened", unique)]
    at: OffsetDateTime,
    #[kenning(json)]
    shared: Option<Vec<CustomerId>>,
}

#[read_model(ignore(Seen))]
impl Cart {
    #[on]
    fn opened(id: String, event: &Recorded<Opened>) -> Self {
        Self {
            cents: 0,
            id,
            customer: event.customer,
            state: State::New,
            r#type: None,
            at: event.recorded_at(),
            shared: None,
        }
    }

    #[on]
    fn filled(&mut self, event: &Filled) {
        self.state = State::InUse;
        self.cents += event.cents;
    }

    #[on(missing = ignore)]
    fn abandoned(self, _: &Abandoned) -> Option<Self> {
        (self.cents > 0).then_some(self)
    }
}

#[derive(Clone, Debug, PartialEq, ReadModel)]
#[kenning(table = "customers", version = 1, events = CartEvent)]
struct Customer {
    #[kenning(key)]
    customer: CustomerId,
    carts: u32,
}

#[read_model(ignore(Abandoned))]
impl Customer {
    #[on(key = event.customer, present = replace)]
    fn opened(event: &Opened) -> Self {
        Self { customer: event.customer, carts: 1 }
    }

    #[on(keys = shared_with)]
    fn filled(row: Option<Self>, Filled { shared_with, .. }: &Filled, customer: CustomerId) -> Option<Self> {
        let row = row.map_or(Self { customer, carts: 0 }, |row| row);
        (row.carts < 2).then_some(Self { carts: row.carts + 1, ..row })
    }

    #[on(key = CustomerId(u32::try_from(seen.position().get()).unwrap_or(0)))]
    fn seen(row: Option<Self>, seen: &Recorded<Seen>) -> Self {
        row.unwrap_or(Self { customer: CustomerId(0), carts: seen.version().get().try_into().unwrap_or(0) })
    }
}

#[expect(clippy::unwrap_used, reason = "a legal name")]
fn metadata() -> Metadata {
    let stream = StreamName::new("cart", "7").unwrap();
    Metadata::new(Uuid::nil(), stream, Version::default(), Position::default(), OffsetDateTime::UNIX_EPOCH)
}

fn handled<M>(event: CartEvent) -> Handled<M>
where
    CartEvent: FoldInto<M>,
{
    event.handled_by(metadata())
}

fn slot<M>(key: Value, row: Option<M>) -> Slot<M> {
    Slot { key, row, touched: false }
}

#[test]
fn columns_are_as_the_types_say() {
    let column = |name, column_type, nullable| ColumnInfo { name, column_type, nullable };
    assert_eq!(
        Cart::COLUMNS,
        [
            column("cents", ColumnType::BigInt, false),
            column("id", ColumnType::Text, false),
            column("customer", ColumnType::BigInt, false),
            column("state", ColumnType::Text, false),
            column("type", ColumnType::Text, true),
            column("opened", ColumnType::Timestamp, false),
            column("shared", ColumnType::Json, true),
        ]
    );
    assert_eq!((Cart::TABLE, Cart::VERSION, Cart::KEY), ("carts", 3, 1));
    assert_eq!(
        Cart::INDEXES,
        [
            IndexInfo::over(&[2]),
            IndexInfo::over(&[5]).unique(),
            IndexInfo::over(&[2, 4]),
            IndexInfo::over(&[3, 0]).unique(),
        ]
    );
    let places = (Cart::CENTS.place, Cart::TYPE.place, Cart::AT.place, Cart::SHARED.place);
    assert_eq!(places, (0, 4, 5, 6));
}

#[test]
fn rows_go_and_come_back() {
    let cart = Cart {
        cents: -7,
        id: "x".to_owned(),
        customer: CustomerId(u32::MAX),
        state: State::InUse,
        r#type: None,
        at: OffsetDateTime::UNIX_EPOCH,
        shared: Some(vec![CustomerId(1), CustomerId(2)]),
    };
    let row = cart.to_row().unwrap();
    assert_eq!(
        row.values(),
        [
            Value::BigInt(-7),
            Value::Text("x".to_owned()),
            Value::BigInt(u32::MAX.into()),
            Value::Text("in_use".to_owned()),
            Value::Null,
            Value::Timestamp(OffsetDateTime::UNIX_EPOCH),
            Value::Json("[1,2]".to_owned()),
        ]
    );
    assert_eq!(Cart::from_row(row).unwrap(), cart);
    let error = Customer::from_row(super::Row::new(vec![Value::BigInt(7), Value::BigInt(-1)])).unwrap_err();
    assert!(error.to_string().contains("`carts`"), "{error}");
}

#[test]
fn a_stream_makes_changes_and_removes_its_row() {
    let opened = handled::<Cart>(Opened { customer: CustomerId(4) }.into());
    let keys = opened.keys().unwrap().into_values();
    assert_eq!(keys, [Value::Text("7".to_owned())]);
    let mut row = slot(keys[0].clone(), None);
    opened.on(&mut row).unwrap();
    assert!(matches!(opened.on(&mut row), Err(HandleError::Present { .. })));
    let filled = handled::<Cart>(Filled { cents: 5, shared_with: Vec::new() }.into());
    filled.on(&mut row).unwrap();
    let cart = row.row.as_ref().unwrap();
    assert_eq!((cart.id.as_str(), cart.cents, cart.state), ("7", 5, State::InUse));

    let abandoned = handled::<Cart>(Abandoned {}.into());
    abandoned.on(&mut row).unwrap();
    assert!(row.row.is_some());
    row.row.as_mut().unwrap().cents = 0;
    abandoned.on(&mut row).unwrap();
    assert!(row.touched && row.row.is_none());

    let mut row = slot(keys[0].clone(), None);
    abandoned.on(&mut row).unwrap();
    assert!(!row.touched, "`missing = ignore`");
    assert!(matches!(filled.on(&mut row), Err(HandleError::Missing { .. })));
}

#[test]
fn rows_of_other_keys_are_reached() {
    let mut row = slot(Value::BigInt(4), Some(Customer { customer: CustomerId(4), carts: 9 }));
    handled::<Customer>(Opened { customer: CustomerId(4) }.into()).on(&mut row).unwrap();
    assert_eq!(row.row.as_ref().unwrap().carts, 1, "`present = replace`");

    let shared_with = vec![CustomerId(4), CustomerId(5), CustomerId(4)];
    let filled = handled::<Customer>(Filled { cents: 5, shared_with }.into());
    assert_eq!(filled.keys().unwrap().into_values(), [Value::BigInt(4), Value::BigInt(5)]);
    filled.on(&mut row).unwrap();
    assert_eq!(row.row.as_ref().unwrap().carts, 2);
    filled.on(&mut row).unwrap();
    assert!(row.row.is_none());
    let mut missing = slot(Value::BigInt(5), None);
    filled.on(&mut missing).unwrap();
    assert_eq!(missing.row, Some(Customer { customer: CustomerId(5), carts: 1 }));

    let seen = handled::<Customer>(Seen {}.into());
    let mut other = slot(Value::BigInt(5), None);
    assert!(matches!(seen.on(&mut other), Err(HandleError::OtherKey { .. })));
}

#[test]
fn a_set_knows_what_its_events_reach() {
    use Reach::{Computed, Nothing, Stream};
    assert_eq!(<CartEvent as FoldInto<Cart>>::REACH, [Stream, Stream, Stream, Nothing]);
    assert_eq!(<CartEvent as FoldInto<Customer>>::REACH, [Computed, Computed, Nothing, Computed]);
    assert_eq!(<Cart as On<Seen>>::REACH, Nothing);
    assert_eq!(handled::<Cart>(Seen {}.into()).keys().unwrap().into_values(), []);
}
