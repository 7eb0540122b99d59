//! Exploration: everything that can go wrong with a saga, one thing at a time, then two.

mod check;
mod counterexample;
mod dimension;
mod explored;
mod outcome;
mod search;
mod variants;

use std::sync::Arc;

use self::check::Rules;
pub use self::counterexample::Counterexample;
pub use self::dimension::Dimension;
pub use self::explored::{CutShort, Explored};
pub use self::outcome::Outcome;
use super::arrival::Arrival;
use super::definition::{Definition, Release};
use super::stage::Stage;
use crate::aggregate::Aggregate;
use crate::event::Event;
use crate::saga::SagaDefinition;

/// Explores a saga: runs it many times, and something else goes wrong in each run.
///
/// The real engine and the real consumer run on the memory store, in virtual time. `services` makes the
/// services of one run. First nothing goes wrong, then each single thing, then two things at once, then
/// more, by chance, up to [`at_most`](Explore::at_most) runs:
///
/// | what goes wrong | explored |
/// |--|--|
/// | A process dies before or after a write, an effect or a delivery; another continues after its lease. | always |
/// | A process is stopped there, another takes over, and the first continues. | always |
/// | An attempt at a step, undo or command fails, is to be retried, takes too long or panics, done or not. | always |
/// | An event comes early, late, twice, never, or while the consumer is behind: see [`Arrival`]. | for each [`event`](Explore::event) |
/// | An operator cancels an instance. | always |
/// | An operator retries, parks, skips, terminates, once or twice, also after the end. | with [`operator`](Explore::operator) |
/// | A new release with another definition is deployed, and rolled back. | with [`upgraded_from`](Explore::upgraded_from) |
///
/// Two calls of [`start`](Explore::start) explore two instances at once; each request is about one of them.
///
/// At the end of a run nothing goes wrong any more: parked instances and parked events are retried, and a
/// release that was rolled back is deployed again. Then these rules are checked, with the
/// [invariants](Explore::invariant) of the test:
///
/// - Each instance has ended, or is parked with a reason that it cannot resolve itself.
/// - A compensated instance has an undo after every step that was done, or whose outcome is unknown, in
///   reverse order of dependencies. A completed one has none.
/// - An event that was recorded before a timeout was due ends its wait. One event ends one wait.
/// - Each request of an operator has one answer.
/// - No effect begins before its intent is recorded. All attempts at an effect have one key, also across an
///   upgrade that renames its step; no two effects share one, also of two instances. A step has one outcome.
///
/// ```
/// use std::sync::Mutex;
///
/// use kenning::prelude::*;
/// use kenning::testing::explore;
///
/// /// The outside: what is booked.
/// #[derive(Default)]
/// struct Booked(Mutex<std::collections::BTreeSet<Uuid>>);
///
/// #[derive(Serialize, Deserialize, Saga)]
/// #[kenning(name = "trip", version = 1, id = id)]
/// struct Trip { id: u64 }
///
/// #[saga(services = Booked)]
/// impl Trip {
///     #[step(undo = cancel_flight)]
///     async fn book_flight(&self, cx: &StepContext<Booked>) -> Result<(), StepError> {
///         cx.services().0.lock().unwrap().insert(cx.key());
///         Ok(())
///     }
///     #[undo]
///     async fn cancel_flight(&self, cx: &StepContext<Booked>, _: Option<&()>) -> Result<(), StepError> {
///         cx.services().0.lock().unwrap().remove(&cx.step_key());
///         Ok(())
///     }
///     #[step(pivot)]
///     async fn pay(&self, _: &StepContext<Booked>) -> Result<(), StepError> {
///         Ok(())
///     }
/// }
///
/// let explored = explore::<Trip>(Booked::default)
///     .start(Trip { id: 7 })
///     .invariant("nobody who has paid is without a flight", |trip| {
///         !trip.is_completed() || trip.services().0.lock().unwrap().len() == 1
///     })
///     .at_most(200)
///     .run();
/// assert!(explored.completed() > 0 && explored.compensated() > 0);
/// ```
///
/// The same code with the same [seed](Explore::seed) makes the same runs. A run that breaks a rule is shown
/// with as little going wrong as possible. [`Explored`] says how much was tried, and whether the bound has
/// [cut the exploration short](Explored::cut_short):
///
/// ```text
/// the exploration of `trip` found nothing in 200 runs with seed 0
///   ends: 112 completed, 88 compensated, 3 parked
///   nothing goes wrong: 1 of 1 runs
///   one thing goes wrong: 98 of 98 runs
///   two things go wrong: 101 of 4031 runs
///   cut short by the bound of 200 runs: raise it with `.at_most(…)`, …
///   runs with
///     a crash: 61
///     a request of an operator: 52 (only cancel: `.operator()` for more)
///     …
/// ```
pub fn explore<F: SagaDefinition>(services: impl Fn() -> F::Services + Send + Sync + 'static) -> Explore<F> {
    Explore {
        stage: Stage { resumes: true, ..Stage::new(Vec::new()) },
        services: Box::new(move || Arc::new(services())),
        rules: Rules::default(),
        at_most: 2_000,
        at_most_faults: 4,
        seed: 0,
    }
}

/// An exploration that has not begun: say what instances there are and what happens to them, then [`run`](Self::run).
#[must_use = "an exploration begins with `run`"]
pub struct Explore<F: SagaDefinition> {
    pub(super) stage: Stage<F>,
    services: Box<dyn Fn() -> Arc<F::Services> + Send + Sync>,
    rules: Rules<F>,
    at_most: usize,
    at_most_faults: usize,
    seed: u64,
}

impl<F: SagaDefinition> Explore<F> {
    /// An instance that is there from the beginning. There may be several.
    pub fn start(mut self, saga: F) -> Self {
        self.stage.start(&saga, Release::New);
        self
    }

    /// Registers an aggregate that decides on commands of the saga.
    pub fn aggregate<A: Aggregate>(mut self) -> Self {
        self.stage.aggregate::<A>();
        self
    }

    /// An event that is in a stream, like `order-7`, before the saga begins.
    #[track_caller]
    pub fn history<E: Event>(mut self, stream: &str, event: &E) -> Self {
        self.stage.history.push(Stage::<F>::encoded(stream, event));
        self
    }

    /// An event that an instance waits for, or that starts one. The consumer delivers it.
    ///
    /// Undisturbed, an event is recorded a second after its wait has begun, and one that starts an
    /// instance at once. In other runs it comes at every other [`Arrival`];
    /// [`BeforeStart`](Arrival::BeforeStart) only if the wait says `missing = keep` or `missing =
    /// ignore("…")`. [`event_at`](Self::event_at) says which.
    #[track_caller]
    pub fn event<E: Event>(mut self, stream: &str, event: &E) -> Self {
        self.stage.event(stream, event, None);
        self
    }

    /// As [`event`](Self::event), at these times and undisturbed only.
    #[track_caller]
    pub fn event_at<E: Event>(
        mut self,
        stream: &str,
        event: &E,
        arrivals: impl IntoIterator<Item = Arrival>,
    ) -> Self {
        self.stage.event(stream, event, Some(arrivals.into_iter().collect()));
        self
    }

    /// An operator may retry, park and terminate each instance, give up its failure command, and skip a step
    /// that can be skipped without an output: at any moment, once or twice, and after the instance has ended.
    pub fn operator(mut self) -> Self {
        self.stage.operator.get_or_insert_default();
        self
    }

    /// As [`operator`](Self::operator); the operator may also skip this step, with this output.
    #[track_caller]
    pub fn operator_skips<T: serde::Serialize>(mut self, step: &str, output: &T) -> Self {
        self.stage.step(step);
        let json = match crate::payload::Payload::of(step, output) {
            Ok(json) => json.as_str().into(),
            Err(error) => panic!("the output cannot be written: {}", crate::app::with_sources(&error)),
        };
        self.stage.operator.get_or_insert_default().push((step.to_owned(), json));
        self
    }

    /// Explores the upgrade from an earlier definition, `Old`: each run begins with the old release, and the
    /// new one is deployed at any moment. The old process dies, runs in parallel with the new one for a time,
    /// or is stopped and continues after the new one has taken over. In runs with two faults the new release
    /// is also rolled back, and deployed again at the end.
    ///
    /// Both definitions use the same services: what they do outside is seen as one.
    ///
    /// ```
    /// use std::collections::BTreeSet;
    /// use std::sync::Mutex;
    ///
    /// use kenning::prelude::*;
    /// use kenning::saga::{InFlight, Migrated};
    /// use kenning::testing::{Dimension, explore};
    ///
    /// /// The charges, by idempotency key.
    /// type Bank = Mutex<BTreeSet<Uuid>>;
    ///
    /// mod v1 {
    ///     use super::*;
    ///
    ///     #[derive(Serialize, Deserialize, Saga)]
    ///     #[kenning(name = "order", version = 1, id = id)]
    ///     pub struct Order { pub id: u64 }
    ///
    ///     #[saga(services = Bank)]
    ///     impl Order {
    ///         #[step(pivot)]
    ///         async fn pay(&self, cx: &StepContext<Bank>) -> Result<(), StepError> {
    ///             cx.services().lock().unwrap().insert(cx.key());
    ///             Ok(())
    ///         }
    ///     }
    /// }
    ///
    /// #[derive(Serialize, Deserialize, Saga)]
    /// #[kenning(name = "order", version = 2, id = id, migrate(from_v1))]
    /// struct Order { id: u64 }
    ///
    /// // Without `rename` the new release charges again, under another key, and `run` fails.
    /// fn from_v1(old: &InFlight) -> Result<Migrated<Order>, StepError> {
    ///     let old: v1::Order = old.state()?;
    ///     Ok(Migrated::new(Order { id: old.id }).rename("pay", "charge"))
    /// }
    ///
    /// #[saga(services = Bank)]
    /// impl Order {
    ///     #[step(pivot)]
    ///     async fn charge(&self, cx: &StepContext<Bank>) -> Result<(), StepError> {
    ///         cx.services().lock().unwrap().insert(cx.key());
    ///         Ok(())
    ///     }
    /// }
    ///
    /// # fn main() {
    /// let explored = explore::<Order>(Bank::default)
    ///     .upgraded_from::<v1::Order>()
    ///     .start_old(&v1::Order { id: 7 })
    ///     .invariant("a customer pays once", |order| order.services().lock().unwrap().len() <= 1)
    ///     .at_most_faults(1)
    ///     .run();
    /// explored.assert_exhausted();
    /// assert!(explored.runs_with(Dimension::Upgrade) > 10);
    /// # }
    /// ```
    ///
    /// # Panics
    /// If `Old` has another name, or the same definition.
    #[track_caller]
    pub fn upgraded_from<Old: SagaDefinition<Services = F::Services>>(mut self) -> Self {
        let old = Definition::of::<Old>();
        assert!(Old::NAME == F::NAME, "`{}` and `{}` are not the same saga", Old::NAME, F::NAME);
        assert!(
            old.fingerprint != self.stage.definition.fingerprint && old.version <= F::VERSION,
            "`{}` has the definition of version {} already: there is nothing to upgrade",
            F::NAME,
            F::VERSION
        );
        self.stage.old = Some(old);
        self
    }

    /// An instance that the earlier definition starts. There may be several.
    ///
    /// # Panics
    /// If [`upgraded_from`](Self::upgraded_from) was not called.
    #[track_caller]
    pub fn start_old<Old: SagaDefinition<Services = F::Services>>(mut self, saga: &Old) -> Self {
        assert!(
            self.stage.old.as_ref().is_some_and(|old| old.fingerprint == Definition::of::<Old>().fingerprint),
            "`{}` is not upgraded from this definition\nhelp: `.upgraded_from::<Old>()`",
            F::NAME
        );
        self.stage.start(saga, Release::Old);
        self
    }

    /// As [`invariant`](Self::invariant), of all instances of a run together.
    pub fn invariant_of_all(
        mut self,
        name: impl Into<String>,
        holds: impl Fn(&[Outcome<'_, F>]) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.rules.add_of_all(name.into(), Box::new(holds));
        self
    }

    /// What has to be true of every instance after every run, whatever went wrong; where one was parked and told to go on, before that and after. The name is shown when it is not.
    pub fn invariant(
        mut self,
        name: impl Into<String>,
        holds: impl Fn(&Outcome<'_, F>) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.rules.add(name.into(), Box::new(holds));
        self
    }

    /// Maximum number of runs. Default: 2,000. All single things that can go wrong come first: a saga of five
    /// steps has about 300, an event adds 12, an operator about 100, an upgrade about 100.
    pub fn at_most(mut self, runs: usize) -> Self {
        self.at_most = runs.max(1);
        self
    }

    /// Maximum number of things that go wrong in one run. Default: 4. With 1, an exploration is
    /// [exhausted](Explored::is_exhausted) when every single thing was tried.
    pub fn at_most_faults(mut self, faults: usize) -> Self {
        self.at_most_faults = faults;
        self
    }

    /// From what chance is drawn: the pauses between attempts, and which ways are gone when there are more than the bound allows. 0 if nothing is said.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Puts faults into the engine.
    #[cfg(test)]
    pub(super) fn faults(mut self, faults: crate::saga::Faults) -> Self {
        self.stage.faults = faults;
        self
    }

    /// Explores.
    ///
    /// # Errors
    /// The first run that breaks a rule, which is one in which as little as possible goes wrong.
    pub fn find(self) -> Result<Explored, Box<Counterexample>> {
        // A thread of its own: the test may have a runtime already.
        std::thread::scope(|scope| {
            let thread = scope.spawn(|| search::Search::new(&self).go());
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    /// Explores, and fails with a run that breaks a rule, if there is one.
    #[track_caller]
    pub fn run(self) -> Explored {
        match self.find() {
            Ok(explored) => explored,
            Err(counterexample) => panic!("{counterexample}"),
        }
    }
}
