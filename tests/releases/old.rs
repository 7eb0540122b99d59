//! The older release.

use kenning::prelude::*;
use kenning::store::SagaStore;
use kenning::{
    Builder, Catalog, ConsumerOptions, Effects, Kenning, Lends, ReactorError, StepContext, StepError,
};

use super::run::Seen;
use super::table::{Kind, Release, answer};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "order.placed")]
pub struct Placed {
    pub cents: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "order.shipped")]
pub struct Shipped {}

#[derive(Clone, Debug, PartialEq, EventSet)]
pub enum OrderEvent {
    Placed(Placed),
    Shipped(Shipped),
}

#[derive(Debug, Default, Aggregate)]
#[kenning(category = "order", id = u64, events = OrderEvent)]
pub struct Order {
    pub cents: u64,
    pub shipped: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize, Command)]
#[kenning(aggregate = Order)]
pub struct Place {
    #[kenning(id)]
    pub id: u64,
    pub cents: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize, Command)]
#[kenning(aggregate = Order)]
pub struct Ship {
    #[kenning(id)]
    pub id: u64,
}

#[aggregate]
impl Order {
    #[command]
    fn place(&self, command: Place) -> Placed {
        Placed { cents: command.cents }
    }

    #[command]
    fn ship(&self, _: Ship) -> Option<Shipped> {
        (!self.shipped).then_some(Shipped {})
    }

    #[apply]
    fn placed(&mut self, event: &Placed) {
        self.cents += event.cents;
    }

    #[apply]
    fn shipped(&mut self, _: &Shipped) {
        self.shipped = true;
    }
}

#[derive(Clone, Debug, PartialEq, ReadModel)]
#[kenning(table = "orders", version = 1, events = OrderEvent)]
pub struct Orders {
    #[kenning(key)]
    pub id: u64,
    pub cents: i64,
    pub status: String,
}

#[read_model]
impl Orders {
    #[on]
    fn placed(id: u64, row: Option<Self>, event: &Placed) -> Self {
        let cents = row.map_or(0, |row| row.cents) + event.cents.cast_signed();
        Self { id, cents, status: "placed".to_owned() }
    }

    #[on]
    fn shipped(&mut self, _: &Shipped) {
        self.status = "shipped".to_owned();
    }
}

/// Notes what it sees.
pub struct Tally(pub Seen);

#[projection(name = "tally", version = 1, events = OrderEvent, ignore(Shipped))]
impl Tally {
    #[on]
    fn placed(&self, event: &Recorded<Placed>) {
        self.0.add(format!("placed {}", event.stream()));
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "pick.made")]
pub struct Picked {}

#[derive(Clone, Debug, PartialEq, EventSet)]
pub enum PickEvent {
    Picked(Picked),
}

#[derive(Debug, Default, Aggregate)]
#[kenning(category = "pick", id = u64, events = PickEvent)]
pub struct Pick {
    pub times: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize, Command)]
#[kenning(aggregate = Pick)]
pub struct MakePick {
    #[kenning(id)]
    pub id: u64,
}

#[aggregate]
impl Pick {
    #[command]
    fn make(&self, _: MakePick) -> Picked {
        Picked {}
    }

    #[apply]
    fn picked(&mut self, _: &Picked) {
        self.times += 1;
    }
}

pub struct Picker;

#[reactor(name = "picker", version = 1)]
impl Picker {
    #[on]
    async fn placed(&self, event: &Recorded<Placed>, effects: &mut Effects) -> Result<(), ReactorError> {
        effects.send(MakePick { id: event.stream().id().parse()? });
        Ok(())
    }
}

#[derive(Clone, Debug, Serialize, Deserialize, Saga)]
#[kenning(name = "delivery", version = 1, id = id)]
pub struct Delivery {
    pub id: String,
}

#[saga(services = Seen)]
impl Delivery {
    #[start]
    fn placed(event: &Recorded<Placed>) -> Self {
        Self { id: event.stream().id().to_owned() }
    }

    #[step(irreversible = "a note")]
    async fn deliver(&self, cx: &StepContext<Seen>) -> Result<u64, StepError> {
        cx.services().add(format!("delivered {}", self.id));
        Ok(1)
    }
}

/// Everything of this release.
pub fn all<S: SagaStore>(builder: Builder<S>, seen: &Seen) -> Builder<S>
where
    S::Transaction: Lends<()>,
{
    builder
        .aggregate::<Order>()
        .aggregate::<Pick>()
        .read_model::<Orders>()
        .projection(Tally(seen.clone()))
        .reactor(Picker)
        .saga::<Delivery>(seen.clone())
}

/// Notes what it sees, in the transactions of appends.
pub struct Beside(pub Seen);

#[projection(name = "beside", version = 1, events = OrderEvent, ignore(Shipped), inline)]
impl Beside {
    #[on]
    fn placed(&self, event: &Recorded<Placed>) {
        self.0.add(format!("placed {}", event.stream()));
    }
}

/// The older release, as the table runs it.
pub struct Old;

impl Release for Old {
    fn with<S: SagaStore<Transaction: Lends<()>>>(
        builder: Builder<S>,
        kind: Kind,
        seen: &Seen,
        options: ConsumerOptions,
    ) -> Builder<S> {
        let builder = builder.aggregate::<Order>().aggregate::<Pick>();
        match kind {
            Kind::Commands => builder,
            // A row alone says nothing.
            Kind::ReadModel => {
                seen.add("a read model");
                builder.read_model_with::<Orders>(options)
            }
            Kind::Projection => builder.projection_with(Tally(seen.clone()), options),
            Kind::Inline => builder.projection(Beside(seen.clone())),
            Kind::Reactor => {
                seen.add("a reactor");
                builder.reactor_with(Picker, options)
            }
            Kind::Saga => builder.saga::<Delivery>(seen.clone()),
        }
    }

    fn catalog() -> Catalog {
        Catalog::new().aggregate::<Order>()
    }

    async fn write(app: &Kenning, id: u64) -> Result<bool, String> {
        answer(app.execute(Place { id, cents: 5 }).await)
    }
}
