//! A shop: what an order says is done by a reactor, with commands to the stock, events in a journal and calls to the outside.

use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt as _;
use kenning::prelude::*;
use kenning::store::{BoxFuture, FeedQuery, Parked, StreamQuery};
use kenning::{
    CancellationToken, ConsumerOptions, Effects, Position, React, Reactor, ReactorError, ReactorEvent,
    RecordedEvent, StreamName,
};

use super::supplier::Supplier;
use crate::support::Home;

/// An order. What the reactor is to do on it stands in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "order.placed")]
pub struct Placed {
    pub item: String,
    pub quantity: u32,
    pub then: Then,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, Schema)]
pub enum Then {
    /// Reserve the item.
    Reserve,
    /// Reserve it if there is enough.
    Try,
    /// Write it into the journal.
    Note,
    /// Call the supplier, and write the answer into the journal.
    Call,
    /// Call the supplier twice under one name.
    CallTwice,
    /// Reserve, write into the journal of the item, and reserve again.
    All,
    /// Send a command to an aggregate that nobody has registered.
    Astray,
}

#[derive(Clone, Debug, PartialEq, EventSet)]
pub enum OrderEvent {
    Placed(Placed),
}

#[derive(Debug, Default, Aggregate)]
#[kenning(category = "order", id = String, events = OrderEvent)]
pub struct Order {}

#[derive(Clone, Debug, Serialize, Command)]
#[kenning(aggregate = Order)]
pub struct Place {
    #[kenning(id)]
    pub order: String,
    pub orders: Vec<Placed>,
}

impl Place {
    pub fn one(order: &str, item: &str, then: Then) -> Self {
        Self::several(order, &[(item, then)])
    }

    pub fn several(order: &str, orders: &[(&str, Then)]) -> Self {
        let placed =
            |(item, then): &(&str, Then)| Placed { item: (*item).to_owned(), quantity: 1, then: *then };
        Self { order: order.to_owned(), orders: orders.iter().map(placed).collect() }
    }
}

#[aggregate]
impl Order {
    #[command]
    fn place(&self, command: Place) -> Vec<Placed> {
        command.orders
    }

    #[apply]
    fn placed(&mut self, _: &Placed) {}
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "stock.filled")]
pub struct Filled {
    pub quantity: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "stock.reserved")]
pub struct Reserved {
    pub order: String,
    pub quantity: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "stock.noted")]
pub struct Noted {
    pub text: String,
}

#[derive(Clone, Debug, PartialEq, EventSet)]
pub enum StockEvent {
    Filled(Filled),
    Reserved(Reserved),
    Noted(Noted),
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Aggregate)]
#[kenning(category = "stock", id = String, events = StockEvent, snapshot_every = 10)]
pub struct Stock {
    pub left: u32,
    pub notes: u32,
}

#[derive(Clone, Debug, Serialize, Command)]
#[kenning(aggregate = Stock)]
pub struct Fill {
    #[kenning(id)]
    pub item: String,
    pub quantity: u32,
}

impl Fill {
    pub fn with(item: &str, quantity: u32) -> Self {
        Self { item: item.to_owned(), quantity }
    }
}

#[derive(Clone, Debug, Serialize, Command)]
#[kenning(aggregate = Stock)]
pub struct Reserve {
    #[kenning(id)]
    pub item: String,
    pub order: String,
    pub quantity: u32,
}

#[derive(Debug)]
pub struct SoldOut {
    left: u32,
}

impl std::fmt::Display for SoldOut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "only {} left", self.left)
    }
}

#[aggregate]
impl Stock {
    #[command]
    fn fill(&self, command: Fill) -> Filled {
        Filled { quantity: command.quantity }
    }

    #[command]
    fn reserve(&self, command: Reserve) -> Result<Reserved, SoldOut> {
        assert!(command.item != "trap", "the shelf falls");
        if self.left < command.quantity {
            return Err(SoldOut { left: self.left });
        }
        Ok(Reserved { order: command.order, quantity: command.quantity })
    }

    #[apply]
    fn filled(&mut self, event: &Filled) {
        self.left += event.quantity;
    }

    #[apply]
    fn reserved(&mut self, event: &Reserved) {
        self.left -= event.quantity;
    }

    #[apply]
    fn noted(&mut self, _: &Noted) {
        self.notes += 1;
    }
}

/// An aggregate that no application here has.
#[derive(Debug, Default, Aggregate)]
#[kenning(category = "nobody", id = String, events = OrderEvent)]
pub struct Nobody {}

#[derive(Clone, Debug, Serialize, Command)]
#[kenning(aggregate = Nobody)]
pub struct Ask {
    #[kenning(id)]
    pub id: String,
}

#[aggregate]
impl Nobody {
    #[command]
    fn ask(&self, _: &Ask) -> Option<Placed> {
        None
    }

    #[apply]
    fn placed(&mut self, _: &Placed) {}
}

/// Does what the orders say.
pub struct Clerk {
    pub supplier: Arc<Supplier>,
}

impl Reactor for Clerk {
    const NAME: &'static str = "clerk";
    const VERSION: u32 = 1;
    const EVENTS: &'static [ReactorEvent<Self>] = &[ReactorEvent::of::<Placed>()];
}

impl React<Placed> for Clerk {
    fn react<'a>(
        &'a self,
        event: &'a Recorded<Placed>,
        effects: &'a mut Effects,
    ) -> BoxFuture<'a, Result<(), ReactorError>> {
        Box::pin(async move {
            let order = event.stream().id().to_owned();
            let Placed { item, quantity, then } = event.event().clone();
            let reserve = Reserve { item: item.clone(), order: order.clone(), quantity };
            match then {
                Then::Reserve => effects.send(reserve),
                Then::Try => effects.send_or_skip(reserve, "what is sold out is ordered later"),
                Then::Note => effects.append(journal(&item), Noted { text: order }),
                Then::Call => {
                    let text =
                        effects.call("order", async |key| self.supplier.order(key, &item).await).await?;
                    effects.append(journal(&item), Noted { text });
                }
                Then::CallTwice => {
                    for _ in 0..2 {
                        effects.call("order", |key| self.supplier.order(key, &item)).await?;
                    }
                }
                Then::All => {
                    effects.send(reserve.clone());
                    effects.append(stock(&item), Noted { text: order });
                    effects.send(reserve);
                }
                Then::Astray => effects.send(Ask { id: order }),
            }
            Ok(())
        })
    }
}

pub fn journal(item: &str) -> StreamName {
    StreamName::new("journal", item).unwrap()
}

pub fn stock(item: &str) -> StreamName {
    StreamName::new("stock", item).unwrap()
}

pub fn order(order: &str) -> StreamName {
    StreamName::new("order", order).unwrap()
}

pub fn options() -> ConsumerOptions {
    ConsumerOptions::new().attempts(3).backoff(Duration::from_millis(5), Duration::from_millis(20))
}

/// A process of the shop.
pub async fn open<H: Home>(home: &H, supplier: &Arc<Supplier>, options: ConsumerOptions) -> Kenning {
    Kenning::builder(home.store().await)
        .aggregate::<Order>()
        .aggregate::<Stock>()
        .lease(Duration::from_secs(2))
        .reactor_with(Clerk { supplier: Arc::clone(supplier) }, options)
        .build()
        .await
        .expect("it fits together")
}

/// Everything that a stream has.
pub async fn events(app: &Kenning, stream: &StreamName) -> Vec<RecordedEvent> {
    let rows = app.store().read_stream(StreamQuery::forwards(stream.clone()));
    rows.try_collect().await.expect("the stream can be read")
}

/// Which orders an item is reserved for, in the order in which that was done.
pub async fn reserved(app: &Kenning, item: &str) -> Vec<String> {
    let rows = events(app, &stock(item)).await.into_iter();
    rows.filter_map(|row| match row.decode::<StockEvent>().unwrap().into_event() {
        StockEvent::Reserved(reserved) => Some(reserved.order),
        StockEvent::Filled(_) | StockEvent::Noted(_) => None,
    })
    .collect()
}

/// What is in the journal of an item.
pub async fn notes(app: &Kenning, item: &str) -> Vec<String> {
    let rows = events(app, &journal(item)).await.into_iter();
    rows.map(|row| match row.decode::<StockEvent>().unwrap().into_event() {
        StockEvent::Noted(noted) => noted.text,
        other => panic!("{other:?} in a journal"),
    })
    .collect()
}

/// Appends orders and waits until what they cause is there.
pub async fn place(app: &Kenning, orders: impl IntoIterator<Item = Place>) {
    for order in orders {
        app.execute(order).await.expect("it is accepted");
    }
    app.run_until_idle().await.expect("it gets idle");
}

/// What the clerk could not do.
pub async fn parked(app: &Kenning) -> Vec<Parked> {
    app.parked().consumer("clerk").list().await.expect("the store can be asked")
}

/// All events in the order of the feed.
pub async fn feed(app: &Kenning) -> Vec<RecordedEvent> {
    let store = app.store();
    let (mut all, mut after) = (Vec::new(), Position::ZERO);
    loop {
        let page = store.read_feed(FeedQuery::after(after)).await.expect("a page");
        all.extend(page.events);
        if page.through == after {
            return all;
        }
        after = page.through;
    }
}

/// Runs a process until it is stopped.
pub fn runs(app: &Kenning, stop: &CancellationToken) -> tokio::task::JoinHandle<()> {
    let (app, stop) = (app.clone(), stop.clone());
    tokio::spawn(async move { app.run(stop).await.unwrap() })
}

/// Waits until so many are reserved.
pub async fn until_reserved(app: &Kenning, item: &str, count: usize) {
    while reserved(app, item).await.len() < count {
        assert!(parked(app).await.is_empty(), "{:?}", parked(app).await);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
