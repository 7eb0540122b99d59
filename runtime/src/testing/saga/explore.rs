//! Exploration: everything that can go wrong with a saga, one thing at a time, then two.

mod check;
mod counterexample;
mod explored;
mod outcome;
mod search;
mod variants;

use std::sync::Arc;

use self::check::Rules;
pub use self::counterexample::Counterexample;
pub use self::explored::Explored;
pub use self::outcome::Outcome;
use super::stage::Stage;
use crate::aggregate::Aggregate;
use crate::event::Event;
use crate::saga::SagaDefinition;

/// Begins the exploration of a saga, with what makes its services: each run has its own.
///
/// The saga is run by the real engine, on the memory store, in virtual time, again and again: first by itself, then with one thing that goes wrong, then with two, then, up to the bound, with more:
///
/// - the process dies before or after each write and each effect, and another goes on once its lease has run out;
/// - the process is stopped there, another takes over, and the first goes on in the middle of that or after it;
/// - an attempt at a step, an undo or a command fails for good, is to be tried again, takes too long or panics, each with the effect done and not done, once and every time;
/// - the instance is cancelled at any of these moments;
/// - an event comes before its wait, just before the end of its time, at that moment, after it, twice, or never.
///
/// What is parked is told to go on at the end, once nothing goes wrong any more. After each run these rules are checked, beside the [invariants](Explore::invariant) of the test:
///
/// - the saga has come to its end, or is parked because of something that it cannot get over; an event that came in time counts, and the time of a wait is over when it is over;
/// - when it is compensated, every step that was done, or whose outcome is not known, was undone after it, in the reverse order of dependencies; when it is completed, nothing was undone; cancelling leads into compensation and never out of it; what is parked goes on where it stopped when it is told to;
/// - no effect is begun without an intent that was recorded before; all attempts at an effect have one key, and no two effects have the same; a step has one outcome, and is not begun after its undo.
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
/// Everything is repeatable: the same code with the same [seed](Explore::seed) goes the same ways.
pub fn explore<F: SagaDefinition>(services: impl Fn() -> F::Services + Send + Sync + 'static) -> Explore<F> {
    Explore {
        stage: Stage { resumes: true, ..Stage::new(Vec::new()) },
        services: Box::new(move || Arc::new(services())),
        rules: Rules::default(),
        at_most: 2_000,
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
    seed: u64,
}

impl<F: SagaDefinition> Explore<F> {
    /// An instance that is there from the beginning. There may be several.
    pub fn start(mut self, saga: F) -> Self {
        self.stage.instances.push(saga);
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

    /// An event that an instance waits for, or that starts one. It comes when its wait has begun, but in the runs that are about this.
    #[track_caller]
    pub fn event<E: Event>(mut self, stream: &str, event: &E) -> Self {
        self.stage.events.push(Stage::<F>::encoded(stream, event));
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

    /// How many runs there are at the most; 2,000 if nothing is said. All single things that go wrong come first; a saga of five steps has some 300 of them.
    pub fn at_most(mut self, runs: usize) -> Self {
        self.at_most = runs.max(1);
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
