//! The code of the README, word for word: it compiles, it runs, and the last test sees to it that the README has nothing else. Its lock is that of the
//! example.
#![allow(dead_code, unreachable_pub, clippy::needless_pass_by_value, clippy::ptr_arg, reason = "a manual shows code as it stands in a crate of its own")]

use kenning::prelude::*;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "order.placed")]
pub struct OrderPlaced { pub customer_id: u64, pub cents: u64 }

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "order.shipped")]
pub struct OrderShipped { pub tracking_number: String }

#[derive(Clone, Debug, PartialEq, EventSet)]
pub enum OrderEvent { Placed(OrderPlaced), Shipped(OrderShipped) }

#[derive(Debug, Default, Aggregate)]
#[kenning(category = "order", id = u64, events = OrderEvent)]
pub struct Order { placed: bool, shipped: bool }

#[derive(Clone, Debug, Serialize, Command)]
#[kenning(aggregate = Order, creates)]
pub struct PlaceOrder { #[kenning(id)] pub order_id: u64, pub customer_id: u64, pub cents: u64 }

#[derive(Clone, Debug, Serialize, Command)]
#[kenning(aggregate = Order)]
pub struct ShipOrder { #[kenning(id)] pub order_id: u64, pub tracking_number: String }

#[derive(Debug, PartialEq, thiserror::Error)]
pub enum OrderError { #[error("already placed")] AlreadyPlaced, #[error("not placed")] NotPlaced }

#[aggregate]
impl Order {
    #[command]
    fn place(&self, command: PlaceOrder) -> Result<OrderPlaced, OrderError> {
        if self.placed { return Err(OrderError::AlreadyPlaced) }
        Ok(OrderPlaced { customer_id: command.customer_id, cents: command.cents })
    }
    #[command]
    fn ship(&self, command: ShipOrder) -> Result<Option<OrderShipped>, OrderError> {
        if !self.placed { return Err(OrderError::NotPlaced) }
        Ok((!self.shipped).then_some(OrderShipped { tracking_number: command.tracking_number }))
    }
    #[apply] fn placed(&mut self, _: &OrderPlaced) { self.placed = true }
    #[apply] fn shipped(&mut self, _: &OrderShipped) { self.shipped = true }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ReadModel)]
#[kenning(table = "order_list", version = 1, events = OrderEvent)]
pub struct OrderList {
    #[kenning(key)] pub order_id: u64,
    #[kenning(index)] pub customer_id: u64,
    pub cents: u64,
    pub tracking_number: Option<String>,
}

#[read_model]
impl OrderList {
    #[on]
    fn placed(order_id: u64, event: &OrderPlaced) -> Self {
        Self { order_id, customer_id: event.customer_id, cents: event.cents, tracking_number: None }
    }
    #[on]
    fn shipped(&mut self, event: &OrderShipped) { self.tracking_number = Some(event.tracking_number.clone()) }
}

#[cfg(feature = "postgres")]
mod revenue {
    use super::*;

    pub struct Revenue;

    #[projection(name = "revenue", version = 1, events = OrderEvent, ignore(OrderShipped))]
    impl Revenue {
        #[on]
        async fn placed(&self, event: &Recorded<OrderPlaced>, tx: &mut PgTransaction<'_>) -> Result<(), sqlx::Error> {
            let upsert = "insert into revenue as r values ($1, $2) on conflict (day) do update set cents = r.cents + excluded.cents";
            sqlx::query(upsert).bind(event.recorded_at().date()).bind(event.cents as i64).execute(&mut **tx).await?;
            Ok(())
        }
        #[begin]
        async fn begin(&self, tx: &mut PgTransaction<'_>) -> Result<(), sqlx::Error> {
            sqlx::query("create table if not exists revenue (day date primary key, cents bigint not null)").execute(&mut **tx).await?;
            sqlx::query("truncate revenue").execute(&mut **tx).await?;
            Ok(())
        }
    }
}

#[tokio::test]
async fn read_models() -> Result<(), Box<dyn std::error::Error>> {
    use kenning::{Kenning, MemoryStore};

    let app = Kenning::builder(MemoryStore::new()).aggregate::<Order>().read_model::<OrderList>().build().await?;
    let stop = kenning::CancellationToken::new();
    let running = tokio::spawn({ let (app, stop) = (app.clone(), stop.clone()); async move { app.run(stop).await } });

    for (order_id, cents) in [(1, 4_950), (2, 1_200), (3, 9_900)] {
        app.execute(PlaceOrder { order_id, customer_id: 900, cents }).wait_for::<OrderList>().await?;
    }
    let dearest = app.query::<OrderList>().filter(OrderList::CUSTOMER_ID.eq(900).and(OrderList::CENTS.ge(2_000)))
        .order_by(OrderList::CENTS.desc()).limit(50).fetch().await?;
    assert_eq!(dearest.iter().map(|order| order.order_id).collect::<Vec<_>>(), [3, 1]);

    stop.cancel();
    running.await??;
    app.close().await;
    Ok(())
}

#[tokio::test]
async fn a_tour() -> Result<(), Box<dyn std::error::Error>> {
    use kenning::{Kenning, MemoryStore};

    let app = Kenning::builder(MemoryStore::new()).aggregate::<Order>().build().await?;

    let placed = app.execute(PlaceOrder { order_id: 1, customer_id: 900, cents: 4_950 }).await?;
    assert_eq!(placed.events(), [OrderPlaced { customer_id: 900, cents: 4_950 }.into()]);
    assert_eq!((placed.stream().as_str(), placed.version().get()), ("order-1", 1));

    let ship = ShipOrder { order_id: 1, tracking_number: "1Z-5".to_owned() };
    let id = uuid::Uuid::now_v7();
    let first = app.execute(ship.clone()).id(id).await?;
    let again = app.execute(ship).id(id).await?;
    assert!(again.replayed() && again.version() == first.version());

    let order = app.load::<Order>(1).await?;
    assert!(order.shipped && order.version() == 2);
    let before = app.load::<Order>(1).at_version(1).await?;
    assert!(before.placed && !before.shipped);

    let mut feed = app.feed().categories(["order"]);
    let page = feed.next().await?;
    assert_eq!(page.events.len(), 2);

    app.close().await;
    Ok(())
}

mod delivery {
    use kenning::store::SagaStatus;

    use super::*;

    pub type PaymentId = String;

    #[derive(Default)]
    pub struct Services {}

    impl Services {
        async fn charge(&self, key: Uuid, _cents: u64) -> Result<PaymentId, StepError> {
            Ok(key.to_string())
        }
        async fn refund(&self, _key: Uuid, _undoes: Uuid, _charged: Option<&PaymentId>) -> Result<(), StepError> {
            Ok(())
        }
        async fn hand_over(&self, key: Uuid, charge: &PaymentId) -> Result<String, StepError> {
            Ok(format!("{key}/{charge}"))
        }
    }

    #[derive(Clone, Debug, Serialize, Deserialize, Saga)]
    #[kenning(name = "delivery", version = 1, id = order_id)]
    pub struct Delivery { pub order_id: u64, pub cents: u64 }

    #[saga(services = Services, deadline = "7d")]
    impl Delivery {
        #[start]
        fn order_placed(event: &Recorded<OrderPlaced>) -> Option<Self> {
            Some(Self { order_id: event.stream().id().parse().ok()?, cents: event.cents })
        }

        #[step(undo = refund, retry(attempts = 5, backoff = "100ms..10s"), timeout = "5s")]
        async fn charge(&self, cx: &StepContext<Services>) -> Result<PaymentId, StepError> {
            cx.services().charge(cx.key(), self.cents).await
        }
        #[undo]
        async fn refund(&self, cx: &StepContext<Services>, charged: Option<&PaymentId>) -> Result<(), StepError> {
            cx.services().refund(cx.key(), cx.step_key(), charged).await    // None: it is not known whether it was charged
        }

        #[step(pivot)]    // no way back from here on: what follows is tried until it succeeds
        async fn hand_over(&self, cx: &StepContext<Services>, charge: &PaymentId) -> Result<String, StepError> {
            cx.services().hand_over(cx.key(), charge).await
        }
        #[send]    // a command to an aggregate, once
        fn mark_shipped(&self, hand_over: &String) -> ShipOrder {
            ShipOrder { order_id: self.order_id, tracking_number: hand_over.clone() }
        }
    }

    #[tokio::test]
    async fn an_order_is_delivered() -> Result<(), Box<dyn std::error::Error>> {
        let app = Kenning::builder(MemoryStore::new()).aggregate::<Order>().saga::<Delivery>(Services::default()).build().await?;
        app.execute(PlaceOrder { order_id: 7, customer_id: 900, cents: 4_950 }).await?;
        app.run_until_idle().await?;
        assert!(app.load::<Order>(7).await?.shipped);

        let delivery = app.sagas().instance("delivery", "7").show().await?.ok_or("there is no delivery")?;
        assert_eq!(delivery.record.status, SagaStatus::Completed);
        Ok(())
    }
}

mod stock {
    use super::*;

    #[derive(Default)]
    struct Shelves {}

    impl Shelves {
        async fn pick(&self, key: Uuid, _cents: u64) -> Result<String, std::io::Error> {
            Ok(key.to_string())
        }
    }

    #[derive(Default)]
    struct Stock { shelves: Shelves }

    #[reactor(name = "stock", version = 1)]
    impl Stock {
        #[on]
        async fn order_placed(&self, event: &Recorded<OrderPlaced>, effects: &mut Effects) -> Result<(), ReactorError> {
            let order_id = event.stream().id().parse()?;
            let tracking_number = effects.call("pick", async |key| self.shelves.pick(key, event.cents).await).await?;
            effects.send(ShipOrder { order_id, tracking_number });
            Ok(())
        }
    }

    #[tokio::test]
    async fn an_order_is_picked() -> Result<(), Box<dyn std::error::Error>> {
        let app = Kenning::builder(MemoryStore::new()).aggregate::<Order>().reactor(Stock::default()).build().await?;
        app.execute(PlaceOrder { order_id: 8, customer_id: 900, cents: 4_950 }).await?;
        app.run_until_idle().await?;
        assert!(app.load::<Order>(8).await?.shipped);
        Ok(())
    }
}

mod parcel {
    use super::*;

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
    #[kenning(name = "parcel.sent", version = 3, from(ParcelSentV1, ParcelSentV2))]
    pub struct ParcelSent { pub grams: u32, pub insured: bool }

    #[derive(Deserialize, Schema)]
    pub struct ParcelSentV1 { kilograms: u32 }

    #[derive(Deserialize, Schema)]
    pub struct ParcelSentV2 { grams: u32 }

    impl From<ParcelSentV1> for ParcelSentV2 {
        fn from(old: ParcelSentV1) -> Self { Self { grams: old.kilograms * 1_000 } }
    }

    impl From<ParcelSentV2> for ParcelSent {
        fn from(old: ParcelSentV2) -> Self { Self { grams: old.grams, insured: false } }
    }

    #[test]
    fn the_oldest_parcel_is_read() {
        let parcel = <ParcelSent as kenning::Event>::decode(1, br#"{ "kilograms": 2 }"#).unwrap();
        assert_eq!(parcel, ParcelSent { grams: 2_000, insured: false });
    }
}

fn place() -> PlaceOrder {
    PlaceOrder { order_id: 1, customer_id: 900, cents: 4_950 }
}

fn ship() -> ShipOrder {
    ShipOrder { order_id: 1, tracking_number: "1Z-5".to_owned() }
}

fn placed() -> OrderPlaced {
    OrderPlaced { customer_id: 900, cents: 4_950 }
}

#[test]
fn without_a_store() {
    use kenning::testing::given;

    given(()).when(place()).then([OrderPlaced { customer_id: 900, cents: 4_950 }]);
    given([placed()]).when(place()).then_rejected(OrderError::AlreadyPlaced);
    given([placed()]).when(ship()).then_state(|order| assert!(order.shipped));
}

#[test]
fn the_readme_shows_this_code() {
    let lines = |text: &str| text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n");
    let here = lines(include_str!("readme.rs")) + &lines(include_str!("../src/order/tests.rs"));
    let readme = include_str!("../../../README.md");
    let blocks: Vec<_> = readme.split("```rust\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(blocks.len() > 5, "the README shows code");
    for block in blocks {
        assert!(here.contains(&lines(block)), "not in this file:\n{block}");
    }
}
