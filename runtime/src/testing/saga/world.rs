//! One run of a saga: its store, its processes and the outside, in virtual time.

mod consumer;
mod events;
mod running;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use self::running::Running;
use super::definition::Release;
use super::director::{Director, Signal, State};
use super::stage::{For, NewInstance, Stage};
use super::twist::{Twist, Until};
use crate::clock::Clock;
use crate::number::Position;
use crate::saga::SagaDefinition;
use crate::store::{
    Append, EventStore, Expect, MemoryStore, NewEvent, NewSaga, SagaStatus, SagaStore, SagaWhole,
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
    pub(super) routes: Vec<Routes>,
    /// The events that the consumer has parked, and that are parked still.
    pub(super) parked: Vec<Position>,
}

/// The instances and steps that an event is for, in each definition.
pub(super) struct Routes {
    pub(super) name: &'static str,
    pub(super) new: Option<Vec<For>>,
    pub(super) old: Option<Vec<For>>,
}

impl Routes {
    pub(super) fn of(&self, release: Release) -> &[For] {
        let routes = match release {
            Release::Old => &self.old,
            Release::New => &self.new,
        };
        routes.as_deref().unwrap_or_default()
    }

    /// Whether the event starts instances in a definition.
    fn starts(&self, release: Release) -> bool {
        let routes = match release {
            Release::Old => &self.old,
            Release::New => &self.new,
        };
        routes.as_ref().is_some_and(Vec::is_empty)
    }
}

/// The world of one run.
struct World<'a, F: SagaDefinition> {
    stage: &'a Stage<F>,
    services: Arc<F::Services>,
    routes: Vec<Routes>,
    clock: Clock,
    store: MemoryStore,
    director: Arc<Director>,
    signals: mpsc::UnboundedReceiver<Signal>,
    /// The release that is deployed.
    release: Release,
    was_rolled_back: bool,
    /// Whether processes run sagas yet; until then they run consumers alone.
    runs_sagas: bool,
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
        let new = (stage.definition.registered)(Arc::clone(&services));
        let old = stage.old.as_ref().map(|old| (old.registered)(Arc::clone(&services)));
        let routes = stage.events.iter().map(|coming| {
            let routes = Routes {
                name: coming.event.name,
                new: Stage::<F>::route(&new, coming),
                old: old.as_ref().and_then(|old| Stage::<F>::route(old, coming)),
            };
            let name = coming.event.name;
            let followed = routes.new.is_some() || routes.old.is_some();
            assert!(followed, "`{}` waits for no `{name}` and is not started by it", F::NAME);
            routes
        });
        Self {
            stage,
            services,
            routes: routes.collect(),
            clock,
            store,
            director,
            signals,
            release: stage.first(),
            was_rolled_back: false,
            runs_sagas: false,
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
        self.begin_process().await;
        self.events_before_start().await;
        for (nth, new) in self.stage.instances.iter().enumerate() {
            self.start(nth, new).await;
        }
        self.events_before_steps().await;
        self.run_sagas();
        self.until_over().await;
        if !self.endless && self.at_rest().await {
            self.until_over().await;
        }
        let first = self.instances();
        let is_parked = first.iter().any(|whole| whole.record.status == SagaStatus::Parked);
        let left = is_parked || self.was_rolled_back || !self.parked_events().await.is_empty();
        let resumed = if self.stage.resumes && left && !self.endless {
            self.resume().await;
            self.until_over().await;
            Some(self.instances())
        } else {
            None
        };
        if self.endless {
            self.director.broken("P5: it goes round in circles and comes to no end".to_owned());
        }
        let fired = self.director.fired();
        let parked = self.parked_events().await;
        self.processes.clear();
        Played {
            instances: first,
            resumed,
            state: self.director.end(),
            fired,
            services: self.services,
            routes: self.routes,
            parked,
        }
    }

    /// Nothing continues without help: what operators and the outside do then. Whether there was anything.
    async fn at_rest(&mut self) -> bool {
        let asks = self.director.asks_at_rest();
        for (target, ask, times) in &asks {
            self.director.ask(target.as_deref(), ask, *times).await;
        }
        self.events_at_rest().await || !asks.is_empty()
    }

    /// Nothing goes wrong any more; what is parked, or was rolled back, continues.
    async fn resume(&mut self) {
        self.director.calm_down();
        if self.was_rolled_back {
            self.director.tell(0, "the new release is deployed again".to_owned());
            self.processes.iter().for_each(|one| one.process.die());
            self.processes.clear();
            self.release = Release::New;
            self.begin_process().await;
        }
        self.retry_parked_events().await;
        self.director.resume().await;
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

    async fn start(&self, nth: usize, new: &NewInstance) {
        let definition = self.stage.of(new.release);
        // The same in every run, so that all runs are alike.
        let instance = Uuid::from_u128(0x5a6a + nth as u128);
        let new = NewSaga {
            instance,
            saga: F::NAME.into(),
            id: Arc::clone(&new.id),
            version: definition.version,
            definition: definition.fingerprint,
            state: new.state.clone(),
            correlation_id: instance,
            causation_id: None,
            early_events: definition.keeps_early,
        };
        if let Err(error) = self.store.start_saga(&new).await {
            panic!("the instance cannot be started: {error}");
        }
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
            Signal::Deployed(release) => {
                self.was_rolled_back |= release == Release::Old;
                self.release = release;
            }
            Signal::Beside => {
                self.begin_process().await;
                let (director, after) = (Arc::clone(&self.director), self.stage.lease() * 2);
                self.outside.push(AbortOnDropHandle::new(tokio::spawn(async move {
                    tokio::time::sleep(after).await;
                    director.signal(Signal::Drain);
                })));
            }
            Signal::Drain => self.drain(),
            Signal::Unpaused => self.unpause().await,
            Signal::Reset(since) => self.reset(since).await,
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

    /// When an event comes that was not said to come at another time, or shortly before its timeout.
    fn soon(timeout: Option<Duration>) -> Duration {
        let soon = Duration::from_secs(1);
        timeout.map_or(soon, |timeout| soon.min(timeout / 2))
    }
}
