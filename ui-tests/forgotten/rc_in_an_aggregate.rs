use kenning::prelude::*;

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, Schema)]
pub struct OrderId(pub u64);

impl std::fmt::Display for OrderId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, Schema)]
pub struct Cents(pub i64);

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "order.placed")]
pub struct OrderPlaced {
    pub order_id: OrderId,
    pub total: Cents,
}

#[derive(Clone, Debug, EventSet)]
pub enum OrderEvent {
    Placed(OrderPlaced),
}

#[derive(Debug, Default, Aggregate)]
#[kenning(category = "order", id = OrderId, events = OrderEvent)]
pub struct Order {
    placed: bool,
    notes: std::rc::Rc<str>,
}

#[derive(Clone, Debug, Serialize, Command)]
#[kenning(aggregate = Order)]
pub struct PlaceOrder {
    #[kenning(id)]
    pub order_id: OrderId,
    pub total: Cents,
}

#[aggregate]
impl Order {
    #[command]
    fn place(&self, command: &PlaceOrder) -> OrderPlaced {
        OrderPlaced { order_id: command.order_id, total: command.total }
    }
    #[apply]
    fn placed(&mut self, _: &OrderPlaced) {
        self.placed = true;
    }
}

#[derive(Clone, Debug, ReadModel)]
#[kenning(table = "orders", version = 1, events = OrderEvent)]
pub struct Summary {
    #[kenning(key)]
    pub order_id: OrderId,
    pub total: Cents,
}

#[read_model]
impl Summary {
    #[on]
    fn placed(event: &OrderPlaced) -> Self {
        Self { order_id: event.order_id, total: event.total }
    }
}

pub async fn place(app: &Kenning) -> Result<(), Box<dyn std::error::Error>> {
    app.execute(PlaceOrder { order_id: OrderId(1), total: Cents(5) }).await?;
    app.load::<Order>(&OrderId(1)).await?;
    app.query::<Summary>().filter(Summary::TOTAL.eq(Cents(5))).fetch().await?;
    Ok(())
}

fn main() {}
