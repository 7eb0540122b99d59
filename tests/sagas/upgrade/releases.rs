//! One saga in its releases.

use kenning::prelude::*;
use kenning::saga::{InFlight, Migrated};

use crate::sagas::lot::Settled;
use crate::sagas::outside::Outside;

/// What the wait of every release is given.
fn settlement(event: &Recorded<Settled>) -> Correlated<u64, String> {
    event
        .stream()
        .id()
        .parse()
        .map_or_else(|_| Correlated::nobody(), |id| Correlated::to(id, event.word.clone()))
}

/// The first release.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Saga)]
#[kenning(name = "move", version = 1, id = id)]
pub(super) struct Old {
    pub(super) id: u64,
    pub(super) weight: u32,
}

#[saga(services = Outside)]
impl Old {
    #[step(undo = undo_pack)]
    async fn pack(&self, cx: &StepContext<Outside>) -> Result<String, StepError> {
        cx.services().call(cx, "pack").await
    }
    #[undo]
    async fn undo_pack(&self, cx: &StepContext<Outside>, _packed: Option<&String>) -> Result<(), StepError> {
        cx.services().call(cx, "undo pack").await.map(drop)
    }
    #[step(undo = undo_weigh)]
    async fn weigh(&self, cx: &StepContext<Outside>) -> Result<u32, StepError> {
        cx.services().call(cx, "weigh").await?;
        Ok(self.weight)
    }
    #[undo]
    async fn undo_weigh(&self, cx: &StepContext<Outside>, _weighed: Option<&u32>) -> Result<(), StepError> {
        cx.services().call(cx, "undo weigh").await.map(drop)
    }
    #[wait(timeout = "24h", on_timeout = fail)]
    fn settled(event: &Recorded<Settled>) -> Correlated<u64, String> {
        settlement(event)
    }
    #[step(pivot)]
    async fn ship(&self, cx: &StepContext<Outside>) -> Result<String, StepError> {
        cx.services().call(cx, "ship").await
    }
}

/// The second one, to which instances of the first go over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Saga)]
#[kenning(name = "move", version = 2, id = id, migrate(from_old))]
pub(super) struct Migrating {
    pub(super) id: u64,
    pub(super) unit: String,
}

fn from_old(old: &InFlight) -> Result<Migrated<Migrating>, StepError> {
    let Old { id, .. } = old.state()?;
    let weight: Option<u32> = old.output("weigh")?;
    let moved = Migrated::new(Migrating { id, unit: "kg".to_owned() });
    let moved = moved.rename("pack", "wrap").rename("settled", "paid").forget("weigh");
    Ok(match weight {
        Some(weight) => moved.output("label", &format!("{weight}")),
        None => moved,
    })
}

#[saga(services = Outside)]
impl Migrating {
    #[step(undo = unwrap_it)]
    async fn wrap(&self, cx: &StepContext<Outside>) -> Result<String, StepError> {
        cx.services().call(cx, "wrap").await
    }
    #[undo]
    async fn unwrap_it(&self, cx: &StepContext<Outside>, wrapped: Option<&String>) -> Result<(), StepError> {
        let effect = format!("undo wrap with {}", wrapped.map_or("nothing", String::as_str));
        cx.services().call(cx, &effect).await.map(drop)
    }
    #[step(undo = tear_off)]
    async fn label(&self, cx: &StepContext<Outside>) -> Result<String, StepError> {
        cx.services().call(cx, "label").await
    }
    #[undo]
    async fn tear_off(&self, cx: &StepContext<Outside>, _label: Option<&String>) -> Result<(), StepError> {
        cx.services().call(cx, "undo label").await.map(drop)
    }
    #[wait(timeout = "24h", on_timeout = fail)]
    fn paid(event: &Recorded<Settled>) -> Correlated<u64, String> {
        settlement(event)
    }
    #[step(pivot)]
    async fn ship(
        &self,
        cx: &StepContext<Outside>,
        wrap: &String,
        label: &String,
        paid: &String,
    ) -> Result<String, StepError> {
        cx.services().call(cx, &format!("ship {label} {} of {wrap}, {paid}", self.unit)).await
    }
}

/// Another second one, which has nothing of the first, and no way from it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Saga)]
#[kenning(name = "move", version = 2, id = id)]
pub(super) struct Unrelated {
    pub(super) id: u64,
}

#[saga(services = Outside)]
impl Unrelated {
    #[wait(timeout = "24h", on_timeout = fail)]
    fn settled(event: &Recorded<Settled>) -> Correlated<u64, String> {
        settlement(event)
    }
    #[step(pivot)]
    async fn carry(&self, cx: &StepContext<Outside>) -> Result<String, StepError> {
        cx.services().call(cx, "carry").await
    }
}

/// Another second one: the first with a step more at its end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Saga)]
#[kenning(name = "move", version = 2, id = id)]
pub(super) struct Longer {
    pub(super) id: u64,
    pub(super) weight: u32,
}

#[saga(services = Outside)]
impl Longer {
    #[step(undo = undo_pack)]
    async fn pack(&self, cx: &StepContext<Outside>) -> Result<String, StepError> {
        cx.services().call(cx, "pack").await
    }
    #[undo]
    async fn undo_pack(&self, cx: &StepContext<Outside>, _packed: Option<&String>) -> Result<(), StepError> {
        cx.services().call(cx, "undo pack").await.map(drop)
    }
    #[step(undo = undo_weigh)]
    async fn weigh(&self, cx: &StepContext<Outside>) -> Result<u32, StepError> {
        cx.services().call(cx, "weigh").await?;
        Ok(self.weight)
    }
    #[undo]
    async fn undo_weigh(&self, cx: &StepContext<Outside>, _weighed: Option<&u32>) -> Result<(), StepError> {
        cx.services().call(cx, "undo weigh").await.map(drop)
    }
    #[wait(timeout = "24h", on_timeout = fail)]
    fn settled(event: &Recorded<Settled>) -> Correlated<u64, String> {
        settlement(event)
    }
    #[step(pivot)]
    async fn ship(&self, cx: &StepContext<Outside>) -> Result<String, StepError> {
        cx.services().call(cx, "ship").await
    }
    #[step]
    async fn wave(&self, cx: &StepContext<Outside>) -> Result<String, StepError> {
        cx.services().call(cx, "wave").await
    }
}

/// Another second one, whose way from the first leads nowhere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Saga)]
#[kenning(name = "move", version = 2, id = id, migrate(from_old_badly))]
pub(super) struct MigratingBadly {
    pub(super) id: u64,
}

fn from_old_badly(old: &InFlight) -> Result<Migrated<MigratingBadly>, StepError> {
    assert!(old.id != "1", "one is the loneliest number");
    Err(StepError::fail("nobody knows how"))
}

#[saga(services = Outside)]
impl MigratingBadly {
    #[wait(timeout = "24h", on_timeout = fail)]
    fn settled(event: &Recorded<Settled>) -> Correlated<u64, String> {
        settlement(event)
    }
    #[step(pivot)]
    async fn carry(&self, cx: &StepContext<Outside>) -> Result<String, StepError> {
        cx.services().call(cx, "carry").await
    }
}

/// The third one, which knows how.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Saga)]
#[kenning(name = "move", version = 3, id = id, migrate(straight_from_old, from_badly))]
pub(super) struct Repaired {
    pub(super) id: u64,
}

fn straight_from_old(old: &InFlight) -> Result<Migrated<Repaired>, StepError> {
    let Old { id, .. } = old.state()?;
    Ok(Migrated::new(Repaired { id }).forget("pack").forget("weigh").forget("settled"))
}

fn from_badly(old: &InFlight) -> Result<Migrated<Repaired>, StepError> {
    let MigratingBadly { id } = old.state()?;
    Ok(Migrated::new(Repaired { id }).forget("carry"))
}

#[saga(services = Outside)]
impl Repaired {
    #[step(pivot)]
    async fn ship(&self, cx: &StepContext<Outside>) -> Result<String, StepError> {
        cx.services().call(cx, "ship at last").await
    }
}
