//! Applications that share a store and an outside world, as processes do.

use std::sync::Arc;
use std::time::Duration;

use kenning::saga::SagaOptions;
use kenning::store::{SagaStatus, SagaWhole};
use kenning::{Builder, CancellationToken, Kenning, RunError};
use tokio::task::JoinHandle;

use super::HANG;
use super::outside::Outside;
use super::rows::{Diamond, Row};
use crate::support::Home;

/// A store, and what is outside.
pub(super) struct World<H> {
    pub(super) home: H,
    pub(super) outside: Arc<Outside>,
    /// Others take over within this.
    pub(super) lease: Duration,
}

impl<H: Home> World<H> {
    /// Where nobody dies: a lease that no busy machine outlasts.
    pub(super) fn new(home: H) -> Self {
        Self { home, outside: Arc::default(), lease: Duration::from_secs(10) }
    }

    /// Where processes die: the others wait for the end of their leases.
    pub(super) fn mortal(home: H) -> Self {
        Self { lease: Duration::from_millis(1_200), ..Self::new(home) }
    }

    /// An application without sagas yet.
    pub(super) async fn builder(&self) -> Builder<H::Store> {
        let options = SagaOptions::new().poll(Duration::from_millis(50));
        Kenning::builder(self.home.store().await).lease(self.lease).sagas(options)
    }

    /// One with rows and diamonds.
    pub(super) async fn app(&self) -> Kenning {
        let builder = self.builder().await;
        let builder =
            builder.saga::<Row>(Arc::clone(&self.outside)).saga::<Diamond>(Arc::clone(&self.outside));
        builder.build().await.expect("it fits together")
    }

    /// The same, as it runs.
    pub(super) async fn run(&self) -> Running {
        Running::new(self.app().await)
    }
}

/// An application that runs, as a process of its own would.
pub(super) struct Running {
    pub(super) app: Kenning,
    stop: CancellationToken,
    task: JoinHandle<Result<(), RunError>>,
}

impl Running {
    pub(super) fn new(app: Kenning) -> Self {
        let stop = CancellationToken::new();
        let task = tokio::spawn({
            let (app, stop) = (app.clone(), stop.clone());
            async move { app.run(stop).await }
        });
        Self { app, stop, task }
    }

    /// Has it come to its end in good order.
    pub(super) async fn stop(self) -> Kenning {
        self.stop.cancel();
        super::in_time("the sagas to stop", self.task).await.expect("no panic").expect("it ran");
        self.app
    }

    /// Ends it as a crash does: nothing that it was doing goes on, and nobody is told.
    pub(super) async fn crash(self) -> Kenning {
        self.task.abort();
        // The answer says that it was aborted.
        drop(self.task.await);
        self.app
    }
}

/// An application that runs on a thread of its own, which can be held up as SIGSTOP holds up a process.
pub(super) struct Apart {
    stop: CancellationToken,
    runtime: tokio::runtime::Handle,
    thread: std::thread::JoinHandle<()>,
}

impl Apart {
    pub(super) async fn run<H: Home>(world: &Arc<World<H>>) -> Self {
        let stop = CancellationToken::new();
        let (ready, is_ready) = tokio::sync::oneshot::channel();
        let (world, stopped) = (Arc::clone(world), stop.clone());
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async {
                let app = world.app().await;
                ready.send(tokio::runtime::Handle::current()).expect("somebody waits");
                app.run(stopped).await.expect("it ran");
            });
        });
        Self { stop, runtime: is_ready.await.expect("it gets ready"), thread }
    }

    /// From now on nothing moves there for so long.
    pub(super) async fn hold_up(&self, duration: Duration) {
        let (held, is_held) = tokio::sync::oneshot::channel();
        self.runtime.spawn(async move {
            held.send(()).expect("somebody waits");
            std::thread::sleep(duration);
        });
        is_held.await.expect("it is held up");
    }

    pub(super) async fn stop(self) {
        self.stop.cancel();
        let joined = tokio::task::spawn_blocking(|| self.thread.join());
        super::in_time("the thread to end", joined).await.expect("no panic").expect("no panic");
    }
}

/// An instance as it is.
pub(super) async fn show(app: &Kenning, saga: &str, id: u64) -> SagaWhole {
    let handle = app.sagas().instance(saga, id.to_string());
    handle.show().await.expect("it can be asked").unwrap_or_else(|| panic!("{saga} {id} was never started"))
}

/// Waits until an instance has a status.
pub(super) async fn until(app: &Kenning, saga: &str, id: u64, status: SagaStatus) -> SagaWhole {
    until_seen(app, saga, id, &status.to_string(), |whole| whole.record.status == status).await
}

/// Waits until an instance is as it has to be.
pub(super) async fn until_seen(
    app: &Kenning,
    saga: &str,
    id: u64,
    what: &str,
    is_so: impl Fn(&SagaWhole) -> bool,
) -> SagaWhole {
    let handle = app.sagas().instance(saga, id.to_string());
    let patience = tokio::time::Instant::now() + HANG;
    loop {
        let whole = handle.show().await.expect("it can be asked");
        match whole {
            Some(whole) if is_so(&whole) => return whole,
            whole => assert!(tokio::time::Instant::now() < patience, "never {what}: {whole:#?}"),
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// What a log says: `intent one`, `done one`, `completed`.
pub(super) fn log(whole: &SagaWhole) -> Vec<String> {
    let entries = whole.log.iter().map(|entry| &entry.entry);
    entries
        .map(|entry| match &entry.step {
            Some(step) => format!("{} {step}", entry.kind.as_str()),
            None => entry.kind.as_str().to_owned(),
        })
        .collect()
}

/// How often a log says something.
pub(super) fn times(whole: &SagaWhole, what: &str) -> usize {
    log(whole).iter().filter(|entry| *entry == what).count()
}
