//! The aggregate of the design, decided and folded without a store.

// What the macros write offends no lint that a user may have chosen.
#![deny(
    unused,
    unused_qualifications,
    unused_lifetimes,
    single_use_lifetimes,
    elided_lifetimes_in_paths,
    trivial_casts,
    let_underscore_drop,
    unit_bindings,
    clippy::all,
    clippy::pedantic
)]

use kenning::prelude::*;
use kenning::{AggregateId, Apply, Clock, RawEvent, StreamName};
use uuid::Uuid;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub(super) struct OrderId(pub(super) Uuid);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub(super) struct Cents(pub(super) i64);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub(super) struct LineItem {
    product: String,
    quantity: u32,
    amount: Cents,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "order.placed")]
pub(super) struct OrderPlaced {
    items: Vec<LineItem>,
    total: Cents,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "order.shipped")]
pub(super) struct OrderShipped {
    tracking_number: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "order.cancelled")]
pub(super) struct OrderCancelled;

#[derive(Clone, Debug, PartialEq, EventSet)]
pub(super) enum OrderEvent {
    Placed(OrderPlaced),
    Shipped(OrderShipped),
    Cancelled(OrderCancelled),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Schema)]
enum Status {
    #[default]
    New,
    Placed,
    Shipped,
    Cancelled,
}

#[derive(Debug, Default, Serialize, Deserialize, Aggregate)]
#[kenning(category = "order", id = OrderId, events = OrderEvent, snapshot_every = 100)]
pub(super) struct Order {
    status: Status,
}

#[derive(Clone, Debug, Serialize, Deserialize, Command)]
#[kenning(aggregate = Order, creates)]
pub(super) struct PlaceOrder {
    #[kenning(id)]
    pub(super) order_id: OrderId,
    pub(super) items: Vec<LineItem>,
}

#[derive(Debug, Serialize, Command)]
#[kenning(aggregate = Order, name = "ship_order")]
pub(super) struct ShipOrder(#[kenning(id)] pub(super) OrderId);

#[derive(Clone, Debug, Serialize, Command)]
#[kenning(aggregate = Order)]
pub(super) struct CancelOrder {
    #[kenning(id)]
    pub(super) order_id: OrderId,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum OrderError {
    Empty,
    AlreadyPlaced,
    NotPlaced,
}

#[aggregate]
impl Order {
    #[command]
    fn place(&self, command: PlaceOrder) -> Result<OrderPlaced, OrderError> {
        if self.status != Status::New {
            return Err(OrderError::AlreadyPlaced);
        }
        let total = Cents(command.items.iter().map(|item| item.amount.0).sum());
        if command.items.is_empty() {
            Err(OrderError::Empty)
        } else {
            Ok(OrderPlaced { items: command.items, total })
        }
    }

    #[command]
    fn ship(&self, command: &ShipOrder, context: &CommandContext) -> Result<[OrderShipped; 1], OrderError> {
        if self.status != Status::Placed {
            return Err(OrderError::NotPlaced);
        }
        let tracking_number = format!("{} at {}", command.0.0, context.time());
        Ok([OrderShipped { tracking_number }])
    }

    #[command]
    fn cancel(&self, _: &CancelOrder) -> Option<OrderCancelled> {
        (self.status == Status::Placed).then_some(OrderCancelled)
    }

    #[apply]
    fn placed(&mut self, _: &OrderPlaced) {
        self.status = Status::Placed;
    }

    #[apply]
    fn shipped(&mut self, _: &OrderShipped) {
        self.status = Status::Shipped;
    }

    #[apply]
    fn cancelled(&mut self, OrderCancelled: &OrderCancelled) {
        self.status = Status::Cancelled;
    }
}

fn id() -> OrderId {
    OrderId(Uuid::nil())
}

fn context() -> CommandContext {
    let stream = StreamName::new("order", "1").unwrap();
    CommandContext::new(stream, Version::default(), Clock::system().now())
}

fn decide<C>(state: &Order, command: &C) -> Result<Vec<OrderEvent>, <Order as Handle<C>>::Rejection>
where
    Order: Handle<C>,
{
    state.handle(command, &context())
}

fn items() -> Vec<LineItem> {
    vec![LineItem { product: "whale oil".to_owned(), quantity: 2, amount: Cents(1250) }]
}

#[test]
fn handlers_and_applies_are_called() {
    let mut order = Order::default();
    assert_eq!(decide(&order, &ShipOrder(id())).unwrap_err(), OrderError::NotPlaced);
    assert_eq!(
        decide(&order, &PlaceOrder { order_id: id(), items: Vec::new() }).unwrap_err(),
        OrderError::Empty
    );
    assert_eq!(decide(&order, &CancelOrder { order_id: id() }), Ok(Vec::new()));

    let placed = decide(&order, &PlaceOrder { order_id: id(), items: items() }).unwrap();
    assert_eq!(placed, [OrderPlaced { items: items(), total: Cents(1250) }.into()]);
    for event in &placed {
        kenning::ApplyTo::apply_to(event, &mut order);
    }
    assert_eq!(order.status, Status::Placed);

    order.apply(&OrderShipped { tracking_number: String::new() });
    assert_eq!(
        decide(&order, &PlaceOrder { order_id: id(), items: items() }).unwrap_err(),
        OrderError::AlreadyPlaced
    );
}

#[test]
fn what_is_declared_is_what_is_implemented() {
    fn is_id<I: AggregateId>() {}
    is_id::<<Order as Aggregate>::Id>();
    assert_eq!(Order::CATEGORY, "order");
    assert!(Order::SNAPSHOTS.is_some());
    assert_eq!((PlaceOrder::NAME, PlaceOrder::CREATES), ("PlaceOrder", true));
    assert_eq!((ShipOrder::NAME, ShipOrder::CREATES), ("ship_order", false));
    assert_eq!(*ShipOrder(id()).aggregate_id(), id());
    let names: Vec<_> = OrderEvent::EVENTS.iter().map(|event| (event.name, event.version)).collect();
    assert_eq!(names, [("order.placed", 1), ("order.shipped", 1), ("order.cancelled", 1)]);
}

#[test]
fn a_set_reads_what_it_wrote() {
    let events: [OrderEvent; 3] = [
        OrderPlaced { items: items(), total: Cents(1) }.into(),
        OrderShipped { tracking_number: "7".to_owned() }.into(),
        OrderCancelled.into(),
    ];
    for event in events {
        let encoded = event.encode().unwrap();
        let raw = |name| RawEvent {
            version: Version::default(),
            name,
            schema_version: encoded.schema_version,
            payload: encoded.payload.as_bytes(),
        };
        assert_eq!(OrderEvent::decode(&raw(encoded.name)).unwrap(), event);
        let unknown = OrderEvent::decode(&raw("order.lost")).unwrap_err();
        assert!(matches!(unknown, kenning::DecodeError::UnknownName { .. }), "{unknown}");
    }
}
