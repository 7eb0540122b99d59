//! Two releases: the older one cannot load an aggregate that the newer one has written to.

use std::sync::Arc;
use std::time::Duration;

use kenning::prelude::*;
use kenning::store::SagaStatus;

use crate::sagas::outside::Outside;
use crate::sagas::world::{Running, World, log, times, until, until_seen};
use crate::support::{Home, on_both_stores};

on_both_stores! {
    p12_an_aggregate_that_this_release_cannot_load_is_no_refusal
    p12_an_undo_that_this_release_cannot_send_waits_for_one_that_can
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "crate.reserved")]
struct Reserved {}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "crate.refunded")]
struct Refunded {}

/// The saga of a release, and its command.
macro_rules! keeper {
    () => {
        #[derive(Clone, Debug, Serialize, Command)]
        #[kenning(aggregate = Crate)]
        pub(super) struct Reserve {
            #[kenning(id)]
            pub(super) id: u64,
        }

        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Saga)]
        #[kenning(name = "keeper", version = 1, id = id)]
        pub(super) struct Keeper {
            pub(super) id: u64,
            pub(super) fails: bool,
        }

        #[saga(services = Outside, retry(attempts = 2, backoff = "1ms..5ms"))]
        impl Keeper {
            #[step(undo = refund)]
            async fn charge(&self, cx: &StepContext<Outside>) -> Result<String, StepError> {
                cx.services().call(cx, "charge").await
            }
            #[undo]
            async fn refund(
                &self,
                cx: &StepContext<Outside>,
                _charge: Option<&String>,
            ) -> Result<(), StepError> {
                cx.services().call(cx, "refund").await.map(drop)
            }
            #[send(undo = reopen)]
            fn reserve(&self) -> Option<Reserve> {
                (!self.fails).then_some(Reserve { id: self.id })
            }
            #[undo]
            fn reopen(&self) -> Reserve {
                Reserve { id: self.id }
            }
            #[step(pivot)]
            async fn ship(&self, cx: &StepContext<Outside>) -> Result<String, StepError> {
                if self.fails {
                    return Err(StepError::fail("no"));
                }
                cx.services().call(cx, "ship").await
            }
        }
    };
}

mod old {
    use super::*;

    #[derive(Clone, Debug, PartialEq, EventSet)]
    pub(super) enum CrateEvent {
        Reserved(Reserved),
    }

    #[derive(Debug, Default, Aggregate)]
    #[kenning(category = "crate", id = u64, events = CrateEvent)]
    pub(super) struct Crate {
        reserved: u32,
    }

    #[aggregate]
    impl Crate {
        #[command]
        fn reserve(&self, _: Reserve) -> Reserved {
            Reserved {}
        }
        #[apply]
        fn reserved(&mut self, _: &Reserved) {
            self.reserved += 1;
        }
    }

    keeper!();
}

mod new {
    use super::*;

    #[derive(Clone, Debug, PartialEq, EventSet)]
    pub(super) enum CrateEvent {
        Reserved(Reserved),
        Refunded(Refunded),
    }

    #[derive(Debug, Default, Aggregate)]
    #[kenning(category = "crate", id = u64, events = CrateEvent)]
    pub(super) struct Crate {
        reserved: u32,
    }

    #[aggregate]
    impl Crate {
        #[command]
        fn reserve(&self, _: Reserve) -> Reserved {
            Reserved {}
        }
        #[apply]
        fn reserved(&mut self, _: &Reserved) {
            self.reserved += 1;
        }
        #[command]
        fn refund(&self, _: Refund) -> Refunded {
            Refunded {}
        }
        #[apply]
        fn refunded(&mut self, _: &Refunded) {}
    }

    #[derive(Clone, Debug, Serialize, Command)]
    #[kenning(aggregate = Crate)]
    pub(super) struct Refund {
        #[kenning(id)]
        pub(super) id: u64,
    }

    keeper!();
}

macro_rules! run {
    ($world:ident, $release:ident) => {{
        let builder = $world.builder().await.aggregate::<$release::Crate>();
        let builder = builder.saga::<$release::Keeper>(Arc::clone(&$world.outside));
        Running::new(builder.build().await.expect("it fits together"))
    }};
}

/// The newer release writes what the older one does not know.
async fn refunded<H: Home>(world: &World<H>, id: u64) {
    let app = world.builder().await.aggregate::<new::Crate>().build().await.expect("it fits together");
    app.execute(new::Refund { id }).await.unwrap();
}

/// Fails without `sagas.release-fault`: see tests/guards.
async fn p12_an_aggregate_that_this_release_cannot_load_is_no_refusal<H: Home>(home: H) {
    let world = World::new(home);
    refunded(&world, 7).await;
    let older = run!(world, old);
    older.app.start(old::Keeper { id: 7, fails: false }).await.unwrap();
    // More often than it may fail.
    let whole =
        until_seen(&older.app, "keeper", 7, "tried", |whole| times(whole, "retry reserve") >= 3).await;
    assert_eq!(
        (whole.record.status, world.outside.asked(7)),
        (SagaStatus::Running, vec!["charge".to_owned()])
    );
    let reason = whole.record.reason.as_deref().unwrap();
    assert!(
        reason.starts_with("`reserve` could not be tried yet: ") && reason.contains("refunded"),
        "{reason}"
    );
    // Beside the older one, which may get it in between.
    let newer = run!(world, new);
    let whole = until(&newer.app, "keeper", 7, SagaStatus::Completed).await;
    assert_eq!(world.outside.asked(7), ["charge", "ship"]);
    assert_eq!(whole.record.reason, None);
    older.stop().await;
    newer.stop().await;
}

async fn p12_an_undo_that_this_release_cannot_send_waits_for_one_that_can<H: Home>(home: H) {
    let world = World::new(home);
    refunded(&world, 7).await;
    let older = run!(world, old);
    older.app.start(old::Keeper { id: 7, fails: true }).await.unwrap();
    let whole =
        until_seen(&older.app, "keeper", 7, "tried", |whole| times(whole, "undo_retry reserve") >= 2).await;
    assert_eq!(whole.record.status, SagaStatus::Compensating, "{:?}", log(&whole));
    older.stop().await;
    tokio::time::sleep(Duration::from_millis(10)).await;
    let newer = run!(world, new);
    until(&newer.app, "keeper", 7, SagaStatus::Compensated).await;
    assert_eq!(world.outside.asked(7), ["charge", "refund"]);
    newer.stop().await;
}
