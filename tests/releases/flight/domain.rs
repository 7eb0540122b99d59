//! Parcels, with a consumer of every kind. Releases differ in their sagas alone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use kenning::prelude::*;
use kenning::store::SagaStore;
use kenning::{Builder, Effects, Kenning, Lends, ReactorError, StepContext};

use crate::releases::old::{MakePick, Pick};
use crate::releases::run::Seen;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "parcel.opened")]
pub struct Opened {}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "parcel.paid")]
pub struct Paid {}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "parcel.received")]
pub struct Received {}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "parcel.weighed")]
pub struct Weighed {}

#[derive(Clone, Debug, PartialEq, EventSet)]
pub enum ParcelEvent {
    Opened(Opened),
    Weighed(Weighed),
    Paid(Paid),
    Received(Received),
}

#[derive(Debug, Default, Aggregate)]
#[kenning(category = "parcel", id = u64, events = ParcelEvent)]
pub struct Parcel {}

macro_rules! command {
    ($name:ident) => {
        #[derive(Clone, Debug, Serialize, Deserialize, Command)]
        #[kenning(aggregate = Parcel)]
        pub struct $name {
            #[kenning(id)]
            pub id: u64,
        }
    };
}

command!(Open);
command!(Weigh);
command!(Pay);
command!(Receive);

#[aggregate]
impl Parcel {
    #[command]
    fn open(&self, _: Open) -> Opened {
        Opened {}
    }

    #[command]
    fn weigh(&self, _: Weigh) -> Weighed {
        Weighed {}
    }

    #[command]
    fn pay(&self, _: Pay) -> Paid {
        Paid {}
    }

    #[command]
    fn receive(&self, _: Receive) -> Received {
        Received {}
    }

    #[apply]
    fn opened(&mut self, _: &Opened) {}

    #[apply]
    fn weighed(&mut self, _: &Weighed) {}

    #[apply]
    fn paid(&mut self, _: &Paid) {}

    #[apply]
    fn received(&mut self, _: &Received) {}
}

/// Counts each kind of event.
#[derive(Clone, Debug, PartialEq, ReadModel)]
#[kenning(table = "parcels", version = 1, events = ParcelEvent)]
pub struct Parcels {
    #[kenning(key)]
    pub id: u64,
    pub opened: i64,
    pub paid: i64,
    pub received: i64,
}

#[read_model(ignore(Weighed))]
impl Parcels {
    #[on]
    fn opened(id: u64, row: Option<Self>, _: &Opened) -> Self {
        let row = row.unwrap_or(Self { id, opened: 0, paid: 0, received: 0 });
        Self { opened: row.opened + 1, ..row }
    }

    #[on]
    fn paid(&mut self, _: &Paid) {
        self.paid += 1;
    }

    #[on]
    fn received(&mut self, _: &Received) {
        self.received += 1;
    }
}

macro_rules! notes {
    ($name:ident $persisted:literal $($inline:ident)?) => {
        pub struct $name(pub Seen);

        #[projection(name = $persisted, version = 1, events = ParcelEvent, ignore(Weighed, Paid, Received) $(, $inline)?)]
        impl $name {
            #[on]
            fn opened(&self, event: &Recorded<Opened>) {
                self.0.add(format!("{} {}", $persisted, event.stream()));
            }
        }
    };
}

notes!(Tally "tally");
notes!(Beside "beside" inline);

pub struct Picker;

#[reactor(name = "picker", version = 1)]
impl Picker {
    #[on]
    async fn opened(&self, event: &Recorded<Opened>, effects: &mut Effects) -> Result<(), ReactorError> {
        effects.send(MakePick { id: event.stream().id().parse()? });
        Ok(())
    }
}

/// What steps of sagas have done, with the keys under which they did it.
#[derive(Clone, Debug, Default)]
pub struct Outside(Arc<Mutex<BTreeMap<String, BTreeSet<String>>>>);

impl Outside {
    pub fn call(&self, cx: &StepContext<Self>, what: &str) {
        let mut done = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        done.entry(format!("{} {what} {}", cx.saga(), cx.saga_id()))
            .or_default()
            .insert(cx.key().to_string());
    }

    /// Each effect, with the number of its keys: how often it was caused.
    pub fn all(&self) -> BTreeMap<String, usize> {
        let done = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        done.iter().map(|(what, keys)| (what.clone(), keys.len())).collect()
    }
}

/// Everything but the saga.
pub fn without_saga<S: SagaStore<Transaction: Lends<()>>>(builder: Builder<S>, seen: &Seen) -> Builder<S> {
    builder
        .aggregate::<Parcel>()
        .aggregate::<Pick>()
        .read_model::<Parcels>()
        .projection(Tally(seen.clone()))
        .projection(Beside(seen.clone()))
        .reactor(Picker)
}

/// What consumers other than the saga have done wrong, for parcels that were opened, paid and received.
pub async fn wrong_elsewhere(app: &Kenning, seen: &Seen, ids: &[u64]) -> Vec<String> {
    let mut wrong = Vec::new();
    let rows = app.query::<Parcels>().order_by(Parcels::ID.asc()).fetch().await.expect("the store answers");
    let expected: Vec<_> =
        ids.iter().map(|id| Parcels { id: *id, opened: 1, paid: 1, received: 1 }).collect();
    if rows != expected {
        wrong.push(format!("read model: {rows:?}"));
    }
    let mut notes: Vec<String> = ["beside", "tally"]
        .iter()
        .flat_map(|name| ids.iter().map(move |id| format!("{name} parcel-{id}")))
        .collect();
    notes.sort();
    if seen.all() != notes {
        wrong.push(format!("projections: {:?}", seen.all()));
    }
    for id in ids {
        let times = app.load::<Pick>(*id).await.expect("the store answers").times;
        if times != 1 {
            wrong.push(format!("reactor: {id} was picked {times} times"));
        }
    }
    let parked = app.parked().list().await.expect("the store answers");
    if !parked.is_empty() {
        wrong.push(format!("parked: {parked:?}"));
    }
    wrong
}
