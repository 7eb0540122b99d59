//! The sagas of the workloads: their steps do nothing.

use std::time::Duration;

use kenning::prelude::*;

use crate::domain::{Deposited, Opened};

/// The data of an instance, as it is stored.
pub(crate) const STATE: &str = r#"{"customer":"0190a6f4-7d2c-7a44-9f10-5c1d8e0b7a11","address":"Naval Surface Warfare Center, Dahlgren, Virginia 22448","cents":4950}"#;

/// Three steps, one after the other.
#[derive(Clone, Debug, Serialize, Deserialize, Saga)]
#[kenning(name = "delivery", version = 1, id = customer)]
pub(super) struct Delivery {
    customer: Uuid,
    address: String,
    cents: i64,
}

#[saga]
impl Delivery {
    #[step(undo = nothing)]
    async fn reserve(&self) -> Result<String, StepError> {
        Ok("none".to_owned())
    }
    #[undo]
    async fn nothing(&self, _: Option<&String>) -> Result<(), StepError> {
        Ok(())
    }
    #[step(undo = nothing_either)]
    async fn charge(&self, reserve: &str) -> Result<String, StepError> {
        Ok(reserve.to_owned())
    }
    #[undo]
    async fn nothing_either(&self, _: Option<&String>) -> Result<(), StepError> {
        Ok(())
    }
    #[step(pivot)]
    async fn ship(&self, charge: &str) -> Result<String, StepError> {
        Ok(charge.to_owned())
    }
}

impl Delivery {
    /// One with its own id, and the data of the others.
    pub(super) fn new() -> Self {
        let address = "Naval Surface Warfare Center, Dahlgren, Virginia 22448".to_owned();
        Self { customer: Uuid::now_v7(), address, cents: 4950 }
    }
}

/// An instance for each account that is opened, which waits.
#[derive(Clone, Debug, Serialize, Deserialize, Saga)]
#[kenning(name = "welcome", version = 1, id = account)]
pub(super) struct Welcome {
    account: Uuid,
    owner: String,
}

#[saga]
impl Welcome {
    #[start]
    fn opened(event: &Recorded<Opened>) -> Option<Self> {
        Some(Self { account: event.stream().id().parse().ok()?, owner: event.owner.clone() })
    }
    #[wait(timeout = "365d", on_timeout = fail)]
    fn closed(event: &Recorded<Deposited>) -> Correlated<Uuid, bool> {
        let _: &Deposited = event;
        Correlated::nobody()
    }
}

/// How long a process may be silent in the workload that ends one.
pub(super) const LEASE: Duration = Duration::from_secs(4);
