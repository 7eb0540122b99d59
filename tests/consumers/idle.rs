//! What runs where nothing happens.

use std::time::Duration;

use kenning::CancellationToken;
use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "idle.happened")]
pub struct Happened {
    pub sleeper: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize, Saga)]
#[kenning(name = "idle_saga", version = 1, id = id)]
pub struct Sleeper {
    pub id: u64,
}

#[saga]
impl Sleeper {
    #[wait(timeout = "3650d", on_timeout = fail)]
    fn happened(event: &Happened) -> Correlated<u64, ()> {
        Correlated::to(event.sleeper, ())
    }

    #[step(irreversible = "it changes nothing")]
    async fn only(&self, happened: &()) -> Result<(), StepError> {
        let () = happened;
        Ok(())
    }
}

struct Heard;

#[reactor(name = "idle_reactor", version = 1)]
impl Heard {
    #[on]
    async fn happened(&self, _event: &Happened) -> Result<(), ReactorError> {
        Ok(())
    }
}

/// Leases are renewed four times in their time, and what is kept is pruned every ten minutes. Nothing
/// polls beside that: half a year of paused time is not a matter of minutes.
///
/// Fails without `consumers.idle-backstop`: see tests/guards.
#[tokio::test(start_paused = true)]
async fn an_idle_process_wakes_for_its_leases_and_for_nothing_else() {
    const DAYS: u64 = 30;
    const TEN_MINUTES: u64 = DAYS * 24 * 6;
    let clock = kenning::Clock::tokio(OffsetDateTime::UNIX_EPOCH);
    let app = Kenning::builder(MemoryStore::with_clock(clock.clone()))
        .clock(clock)
        .lease(Duration::from_secs(6 * 3_600))
        .saga::<Sleeper>(())
        .reactor(Heard)
        .build()
        .await
        .expect("it fits together");
    let stop = CancellationToken::new();
    let running = tokio::spawn({
        let (app, stop) = (app.clone(), stop.clone());
        async move { app.run(stop).await }
    });
    // One waits all the time.
    app.start(Sleeper { id: 1 }).await.expect("it starts");
    tokio::time::sleep(Duration::from_secs(60)).await;
    let parked = || tokio::runtime::Handle::current().metrics().worker_park_count(0);
    let before = parked();
    tokio::time::sleep(Duration::from_secs(DAYS * 86_400)).await;
    let wakes = parked() - before;
    // A timer of ten minutes wakes tokio four or five times, and there are two.
    assert!(wakes < 15 * TEN_MINUTES, "{wakes} times in {DAYS} days");
    stop.cancel();
    running.await.expect("it does not panic").expect("it ends well");
}
