//! Steps that block their threads.

use std::sync::Arc;
use std::time::Duration;

use kenning::prelude::*;
use kenning::store::SagaStatus;

use super::super::outside::Outside;
use super::super::rows::Row;
use super::super::world::{Running, World, times, until};
use crate::support::{Home, on_both_stores};

on_both_stores! {
    p7_a_step_that_blocks_its_thread_has_a_timeout_and_stops_nothing_else
}

/// Its functions are not `async`, and block their threads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Saga)]
#[kenning(name = "blocks", version = 1, id = id)]
struct Blocks {
    id: u64,
}

#[saga(services = Outside)]
impl Blocks {
    #[step(undo = undo_block, retry(attempts = 2, backoff = "1ms..5ms"), timeout = "100ms")]
    fn block(&self, cx: &StepContext<Outside>) -> Result<String, StepError> {
        assert!(cx.attempt() == 1 || self.id != 100, "it panics");
        let since = std::time::Instant::now();
        while !cx.services().told().is_cancelled() && since.elapsed() < super::super::HANG {
            std::thread::sleep(Duration::from_millis(2));
        }
        Ok(cx.step().to_owned())
    }
    #[undo]
    fn undo_block(&self, _: &StepContext<Outside>, block: Option<&String>) -> Result<(), StepError> {
        if block.is_none() { Ok(()) } else { Err(StepError::fail("its outcome is unknown")) }
    }
}

/// More of them than there are threads of the runtime. Fails without `sagas.blocking`:
/// see tests/guards.
async fn p7_a_step_that_blocks_its_thread_has_a_timeout_and_stops_nothing_else<H: Home>(home: H) {
    let world = World::new(home);
    let builder = world.builder().await.saga::<Row>(Arc::clone(&world.outside));
    let running = Running::new(builder.saga::<Blocks>(Arc::clone(&world.outside)).build().await.unwrap());
    for id in 100..112 {
        running.app.start(Blocks { id }).await.unwrap();
    }
    running.app.start(Row { id: 1 }).await.unwrap();
    until(&running.app, "row", 1, SagaStatus::Completed).await;
    for id in 100..112 {
        let whole = until(&running.app, "blocks", id, SagaStatus::Compensated).await;
        assert_eq!((times(&whole, "retry block"), times(&whole, "unknown block")), (1, 1), "{whole:#?}");
    }
    world.outside.told().cancel();
    running.app.start(Blocks { id: 1 }).await.unwrap();
    until(&running.app, "blocks", 1, SagaStatus::Completed).await;
    running.stop().await;
}
