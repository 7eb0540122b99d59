//! One run of a saga: its store, its processes and the outside, in virtual time.

mod events;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use super::director::{Director, Signal, State};
use super::process::Process;
use super::stage::Stage;
use super::twist::{Twist, Until};
use crate::app::Kenning;
use crate::clock::Clock;
use crate::saga::{
    Follow, MissingInstance, RegisteredSaga, SagaDefinition, SagaOptions, Watch, registered, saga_start,
};
use crate::store::{
    Append, EventStore, Expect, MemoryStore, NewEvent, NewSaga, SagaStatus, SagaStore, SagaWhole, Start,
};

/// What has become of a run.
pub(super) struct Played<F: SagaDefinition> {
    pub(super) instances: Vec<SagaWhole>,
    /// The instances after those that were parked were told to go on, and nothing went wrong any more.
    pub(super) resumed: Option<Vec<SagaWhole>>,
    pub(super) state: State,
    /// What has gone wrong.
    pub(super) fired: Vec<Twist>,
    pub(super) services: Arc<F::Services>,
}

/// The world of one run.
struct World<'a, F: SagaDefinition> {
    stage: &'a Stage<F>,
    services: Arc<F::Services>,
    saga: Arc<RegisteredSaga>,
    follow: Arc<Follow>,
    clock: Clock,
    store: MemoryStore,
    director: Arc<Director>,
    signals: mpsc::UnboundedReceiver<Signal>,
    /// How many processes there were.
    begun: u32,
    processes: Vec<Running>,
    /// The events that have come.
    brought: BTreeSet<usize>,
    /// The processes that are stopped, and for how long.
    stopped: Vec<(u32, Until)>,
    /// What the outside has under way.
    outside: Vec<AbortOnDropHandle<()>>,
    endless: bool,
}

/// A process that was not killed.
struct Running {
    process: Arc<Process>,
    /// Before the application: its tasks end first.
    _task: AbortOnDropHandle<()>,
    _app: Kenning,
}

/// Runs a saga once, in a runtime of its own whose time passes by itself when nothing is left to do.
pub(super) fn play<F: SagaDefinition>(
    stage: &Stage<F>,
    services: Arc<F::Services>,
    twists: Vec<Twist>,
    seed: u64,
) -> Played<F> {
    fastrand::seed(seed);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => panic!("there is no runtime for the test: {error}"),
    };
    runtime.block_on(async {
        let world = World::new(stage, services, twists);
        world.run().await
    })
}

impl<'a, F: SagaDefinition> World<'a, F> {
    fn new(stage: &'a Stage<F>, services: Arc<F::Services>, twists: Vec<Twist>) -> Self {
        let clock = Clock::tokio(OffsetDateTime::UNIX_EPOCH);
        let store = MemoryStore::with_clock(clock.clone());
        let several = stage.instances.len() > 1;
        let (director, signals) = Director::new(store.clone(), F::NAME, several, twists);
        let saga = registered::<F>(Arc::clone(&services), false);
        let follow = Arc::new(Follow::new(&saga, &[], Arc::default()));
        Self {
            stage,
            services,
            saga,
            follow,
            clock,
            store,
            director,
            signals,
            begun: 0,
            processes: Vec::new(),
            brought: BTreeSet::new(),
            stopped: Vec::new(),
            outside: Vec::new(),
            endless: false,
        }
    }

    async fn run(mut self) -> Played<F> {
        for (stream, event) in &self.stage.history {
            let append = Append::to(stream.clone(), Expect::Any, vec![NewEvent::new(event.clone())]);
            if let Err(error) = self.store.append(append).await {
                panic!("`{}` cannot be appended to `{stream}`: {error}", event.name);
            }
        }
        for (nth, saga) in self.stage.instances.iter().enumerate() {
            self.start(nth, saga).await;
        }
        self.events_at_start().await;
        self.begin_process().await;
        self.until_over().await;
        let first = self.instances();
        let is_parked = first.iter().any(|whole| whole.record.status == SagaStatus::Parked);
        let resumed = if self.stage.resumes && is_parked && !self.endless {
            self.director.resume().await;
            self.until_over().await;
            Some(self.instances())
        } else {
            None
        };
        if self.endless {
            self.director.broken("P5: it goes round in circles and comes to no end".to_owned());
        }
        let fired = self.director.fired();
        self.processes.clear();
        Played { instances: first, resumed, state: self.director.end(), fired, services: self.services }
    }

    /// Runs until no instance goes on by itself any more, or the time is over.
    async fn until_over(&mut self) {
        let limit = Instant::now() + self.stage.limit();
        let mut over: Option<Instant> = None;
        while !self.endless {
            match timeout_at(over.unwrap_or(limit), self.signals.recv()).await {
                Ok(Some(signal)) => self.on(signal).await,
                Ok(None) => return,
                Err(_) if over.is_none() || self.is_over() => return,
                // What has come late has set it going again.
                Err(_) => over = None,
            }
            if over.is_none() && self.is_over() && self.signals.is_empty() {
                self.go_on(|_| true);
                over = Some(Instant::now() + self.stage.lease() * 2);
            }
        }
    }

    fn instances(&self) -> Vec<SagaWhole> {
        let records = self.director.records();
        records.iter().filter_map(|record| self.director.whole(&record.id)).collect()
    }

    async fn start(&self, nth: usize, saga: &F) {
        let about = self.saga.saga.about();
        let (id, state) = match saga_start(saga) {
            Ok(start) => start,
            Err(reason) => panic!("the instance cannot be started: {reason}"),
        };
        // The same in every run, so that all runs are alike.
        let instance = Uuid::from_u128(0x5a6a + nth as u128);
        let new = NewSaga {
            instance,
            saga: Arc::clone(&about.name),
            id: id.into(),
            version: about.version,
            definition: about.fingerprint,
            state,
            correlation_id: instance,
            causation_id: None,
            early_events: F::EVENTS.iter().any(|event| event.missing == MissingInstance::Keep),
        };
        if let Err(error) = self.store.start_saga(&new).await {
            panic!("the instance cannot be started: {error}");
        }
    }

    async fn begin_process(&mut self) {
        self.begun += 1;
        let number = self.begun;
        let process = Arc::new(Process::new(number, Arc::clone(&self.director)));
        let lease = self.stage.lease();
        let watch = Watch::with(Arc::clone(&process) as _);
        let mut builder = Kenning::builder(self.store.probed(Arc::clone(&process) as _))
            .clock(self.clock.clone())
            .lease(lease)
            .sagas(SagaOptions::new().poll(lease / 4))
            .faults(self.stage.faults)
            .watch(watch.clone())
            .saga_from::<F>(Arc::clone(&self.services), Start::Beginning);
        for register in &self.stage.register {
            builder = register(builder);
        }
        self.director.add_doorbell(builder.doorbell());
        let app = match builder.build().await {
            Ok(app) => app,
            Err(error) => panic!("the application cannot be built: {error}"),
        };
        let Some(side) = app.saga_side().cloned() else { panic!("the application runs no sagas") };
        // The consumers are not run: the outside hands the events over.
        let run = watch.task(async move {
            if let Err(error) = side.run(CancellationToken::new()).await {
                tracing::error!(%error, "the sagas of a test have ended");
            }
        });
        let task = AbortOnDropHandle::new(tokio::spawn(run));
        self.processes.push(Running { process, _task: task, _app: app });
    }

    async fn on(&mut self, signal: Signal) {
        match signal {
            Signal::Wrote => {}
            Signal::Waiting { id, step } => self.waits(&id, &step),
            Signal::Claimed(by) => {
                self.go_on(|(process, until)| until == Until::TakenOver && process != by);
            }
            Signal::Died(process) => {
                self.processes.retain(|one| one.process.number != process);
                self.begin_process().await;
            }
            Signal::Stopped(process, until) => {
                self.stopped.push((process, until));
                self.begin_process().await;
            }
            Signal::Endless => self.endless = true,
        }
    }

    /// Has processes go on that were stopped.
    fn go_on(&mut self, which: impl Fn((u32, Until)) -> bool) {
        let (go_on, stay) = self.stopped.iter().copied().partition(|stopped| which(*stopped));
        self.stopped = stay;
        let go_on: Vec<(u32, Until)> = go_on;
        for (number, _) in go_on {
            self.director.goes_on(number);
            if let Some(running) = self.processes.iter().find(|one| one.process.number == number) {
                running.process.go_on();
            }
        }
    }

    /// Whether no instance goes on by itself any more.
    fn is_over(&self) -> bool {
        let records = self.director.records();
        records.len() >= self.stage.instances.len()
            && records.iter().all(|record| record.status.is_end() || record.status == SagaStatus::Parked)
    }

    /// How long it takes until the time of a wait is over.
    fn timeout(&self, step: usize) -> Option<Duration> {
        self.stage.table.steps.get(step)?.info.timeout
    }
}
