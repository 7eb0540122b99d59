//! A read model that has one of each kind of column that queries treat differently.

use kenning::prelude::*;
use kenning::{ReadModel, read_model};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub(super) struct ThingId(pub(super) u64);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
#[serde(transparent)]
pub(super) struct Email(pub(super) String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Status {
    Placed,
    OnItsWay,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "thing.noted")]
pub(super) struct Noted {}

#[derive(Clone, Debug, PartialEq, EventSet)]
pub(super) enum ThingEvent {
    Noted(Noted),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ReadModel)]
#[kenning(table = "things", version = 1, events = ThingEvent)]
pub(super) struct Thing {
    #[kenning(key)]
    pub(super) id: ThingId,
    pub(super) owner: Uuid,
    pub(super) name: String,
    pub(super) note: Option<String>,
    pub(super) email: Option<Email>,
    pub(super) status: Status,
    pub(super) count: u64,
    pub(super) price: Option<i64>,
    pub(super) weight: f64,
    pub(super) placed_at: OffsetDateTime,
    #[kenning(json)]
    pub(super) tags: Vec<String>,
    #[kenning(json)]
    pub(super) size: Option<(u32, u32)>,
}

#[read_model(ignore(Noted))]
impl Thing {}

pub(super) fn thing(id: u64) -> Thing {
    Thing {
        id: ThingId(id),
        owner: Uuid::nil(),
        name: String::new(),
        note: None,
        email: None,
        status: Status::Placed,
        count: 0,
        price: None,
        weight: 0.0,
        placed_at: OffsetDateTime::UNIX_EPOCH,
        tags: Vec::new(),
        size: None,
    }
}
