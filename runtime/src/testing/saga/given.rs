//! Given, when, then: one run of a saga.

use std::collections::HashMap;
use std::sync::Arc;

use super::arrival::Arrival;
use super::stage::Stage;
use super::then::ThenSaga;
use super::twist::{Effect, Misdeed, Times, Twist};
use super::when::WhenStep;
use super::world::play;
use crate::aggregate::Aggregate;
use crate::event::Event;
use crate::saga::{Direction, Does, SagaDefinition, saga_start};

/// Begins a test of a saga with the data of an instance.
///
/// The instance is run by the real engine, on the memory store, in a runtime of its own whose time passes by itself as soon as nothing is left to do: a wait of a month takes
/// no time. The test is a plain `#[test]`, and the services are the real ones or whatever stands for them; what goes wrong is said to the engine, at the boundary of an attempt, and not programmed into a mock.
///
/// ```
/// use kenning::prelude::*;
/// use kenning::testing::given_saga;
///
/// #[derive(Serialize, Deserialize, Saga)]
/// #[kenning(name = "trip", version = 1, id = id)]
/// struct Trip { id: u64 }
///
/// #[saga(services = ())]
/// impl Trip {
///     #[step(undo = cancel_flight)]
///     async fn book_flight(&self, cx: &StepContext<()>) -> Result<String, StepError> {
///         Ok(format!("flight {}", cx.key()))
///     }
///     #[undo]
///     async fn cancel_flight(&self, _: &StepContext<()>, _: Option<&String>) -> Result<(), StepError> {
///         Ok(())
///     }
///     #[step(pivot)]
///     async fn book_hotel(&self, _: &StepContext<()>) -> Result<(), StepError> {
///         Ok(())
///     }
/// }
///
/// given_saga(Trip { id: 7 })
///     .with(())
///     .when_step("book_hotel").retries(2)
///     .then_completed()
///     .then_path(["book_flight", "book_hotel"]);
///
/// given_saga(Trip { id: 7 })
///     .with(())
///     .when_step("book_hotel").fails("no room")
///     .then_compensated()
///     .then_undone(["book_flight"]);
/// ```
///
/// Every failure is a panic at the line of the test, and shows what happened.
pub fn given_saga<F: SagaDefinition>(saga: F) -> GivenSaga<F> {
    GivenSaga { saga }
}

/// The data of an instance.
#[must_use = "a test goes on with `with`"]
pub struct GivenSaga<F> {
    saga: F,
}

impl<F: SagaDefinition> GivenSaga<F> {
    /// The services that the steps reach the outside with.
    pub fn with(self, services: impl Into<Arc<F::Services>>) -> SagaTest<F> {
        let id = match saga_start(&self.saga) {
            Ok((id, _)) => id.into(),
            Err(reason) => panic!("the instance cannot be started: {reason}"),
        };
        SagaTest {
            id,
            stage: Stage::new(vec![self.saga]),
            services: services.into(),
            twists: Vec::new(),
            attempts: HashMap::new(),
        }
    }
}

/// A run of a saga that has not begun: say what goes wrong, then what is expected.
#[must_use = "a test says what is expected with `then_completed`, `then_compensated`, `then_parked` or `then_waiting`"]
pub struct SagaTest<F: SagaDefinition> {
    id: Arc<str>,
    stage: Stage<F>,
    services: Arc<F::Services>,
    twists: Vec<Twist>,
    /// For how many attempts at each effect something was said.
    attempts: HashMap<Effect, u32>,
}

impl<F: SagaDefinition> SagaTest<F> {
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

    /// An event that comes as soon as the instance waits for it.
    #[track_caller]
    pub fn event<E: Event>(mut self, stream: &str, event: &E) -> Self {
        self.stage.event(stream, event, None);
        self
    }

    /// An event that comes before any step is begun.
    #[track_caller]
    pub fn early_event<E: Event>(self, stream: &str, event: &E) -> Self {
        let mut test = self.event(stream, event);
        test.twists.push(Twist::Event(test.stage.events.len() - 1, Arrival::BeforeSteps));
        test
    }

    /// The event does not come that a step waits for. None comes that is not given: this says so to the reader.
    #[track_caller]
    pub fn no_event(self, wait: &str) -> Self {
        let place = self.stage.step(wait);
        let waits = self
            .stage
            .definition
            .table
            .steps
            .get(place)
            .is_some_and(|step| matches!(step.does, Does::Wait { .. }));
        assert!(waits, "`{wait}` waits for no event");
        self
    }

    /// Has an attempt at a step go wrong. Said again of the same step, it is about the attempt after that.
    #[track_caller]
    pub fn when_step(self, step: &str) -> WhenStep<F> {
        let place = self.stage.step(step);
        let waits = self
            .stage
            .definition
            .table
            .steps
            .get(place)
            .is_some_and(|step| matches!(step.does, Does::Wait { .. }));
        assert!(!waits, "`{step}` waits for an event\nhelp: `.no_event(\"{step}\")`");
        self.when(step, Direction::Do)
    }

    /// Has an attempt at the undo of a step go wrong.
    #[track_caller]
    pub fn when_undo(self, step: &str) -> WhenStep<F> {
        let place = self.stage.step(step);
        let undoable = self.stage.definition.table.steps.get(place).is_some_and(|step| step.undoable);
        assert!(undoable, "`{step}` has no undo");
        self.when(step, Direction::Undo)
    }

    /// Has an attempt at the command of the failed saga go wrong.
    #[track_caller]
    pub fn when_failed_command(self) -> WhenStep<F> {
        assert!(F::FAILED.is_some(), "`{}` sends no command when it has failed", F::NAME);
        self.when("", Direction::Do)
    }

    /// Somebody cancels the instance when it is about to do a step, or has begun to wait at it.
    #[track_caller]
    pub fn cancel_at(mut self, step: &str) -> Self {
        self.stage.step(step);
        self.twists.push(Twist::CancelledAt(step.into()));
        self
    }

    fn when(self, step: &str, direction: Direction) -> WhenStep<F> {
        let effect = Effect { id: Arc::clone(&self.id), step: step.into(), direction };
        WhenStep::new(self, effect)
    }

    pub(super) fn wrong(mut self, effect: Effect, times: u32, misdeed: &Misdeed) -> Self {
        let said = self.attempts.entry(effect.clone()).or_default();
        for _ in 0..times {
            *said += 1;
            self.twists.push(Twist::Attempt(effect.clone(), Times::Nth(*said), misdeed.clone()));
        }
        self
    }

    pub(super) fn all_wrong(mut self, effect: Effect, misdeed: Misdeed) -> Self {
        self.twists.push(Twist::Attempt(effect, Times::First(u32::MAX), misdeed));
        self
    }

    /// Runs the instance until it does not go on by itself any more.
    #[track_caller]
    pub fn run(self) -> ThenSaga<F> {
        let Self { id, stage, services, twists, .. } = self;
        // A thread of its own: the test may have a runtime already.
        let played = std::thread::scope(|scope| {
            let thread = scope.spawn(|| play(&stage, services, twists, 0));
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        ThenSaga::new(id, played)
    }

    /// Runs the instance, and expects that it completes.
    #[track_caller]
    pub fn then_completed(self) -> ThenSaga<F> {
        self.run().then_completed()
    }

    /// Runs the instance, and expects that it is compensated.
    #[track_caller]
    pub fn then_compensated(self) -> ThenSaga<F> {
        self.run().then_compensated()
    }

    /// Runs the instance, and expects that it is parked, for a reason that has this text in it.
    #[track_caller]
    pub fn then_parked(self, reason: &str) -> ThenSaga<F> {
        self.run().then_parked(reason)
    }

    /// Runs the instance, and expects that it waits at a step, for ever.
    #[track_caller]
    pub fn then_waiting(self, step: &str) -> ThenSaga<F> {
        self.run().then_waiting(step)
    }
}
