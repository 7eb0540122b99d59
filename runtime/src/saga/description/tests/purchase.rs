//! A saga with a step of every kind, and its table, written by hand.

use serde::{Deserialize, Serialize};

use crate::app::tests::account::{Move, Moved, Open, Opened};
use crate::saga::{
    Correlated, FailureCommand, MissingInstance, Outputs, Produces, Retry, Saga, SagaDefinition,
    SagaDescription, SagaEvent, SagaFailure, Sends, SendsOnFailure, StartedBy, Step, StepContext,
    StepDefinition, StepError, StepInfo, Undo, WaitsFor, WayBack,
};
use crate::schema::{Member, Shape, Shapes};
use crate::store::BoxFuture;
use crate::{Recorded, Schema};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Purchase {
    pub(crate) id: String,
    pub(crate) cents: i64,
}

impl Schema for Purchase {
    fn shape(shapes: &mut Shapes) -> Shape {
        shapes.object::<Self>(&[Member::of::<String>("id"), Member::of::<i64>("cents")])
    }
}

impl Saga for Purchase {
    const NAME: &'static str = "purchase";
    const VERSION: u32 = 1;
    type Id = String;

    fn id(&self) -> &String {
        &self.id
    }
}

impl SagaDefinition for Purchase {
    type Services = ();
    const STEPS: &'static [StepDefinition<Self>] = &[
        StepDefinition::undoable::<0>(StepInfo::new("reserve", &[]).way_back(WayBack::Undo("release"))),
        StepDefinition::step::<1>(StepInfo::new("check", &[]).way_back(WayBack::ReadOnly)),
        StepDefinition::wait::<2>(StepInfo::new("settled", &[0, 1])),
        StepDefinition::step::<3>(StepInfo::new("ship", &[2]).retry(Retry::FOREVER).pivot()),
        StepDefinition::send::<4>(StepInfo::new("thank", &[3]).retry(Retry::FOREVER)),
    ];
    const EVENTS: &'static [SagaEvent<Self>] =
        &[SagaEvent::start::<Opened>(), SagaEvent::wait::<2>(MissingInstance::Park)];
    const FAILED: Option<FailureCommand<Self>> = Some(FailureCommand::of());
}

macro_rules! steps {
    ($saga:ty: $($place:literal returns $output:ty = $value:expr),+) => {
        $(impl Produces<$place> for $saga {
            type Output = $output;
        }

        impl Step<$place> for $saga {
            fn run<'a>(
                &'a self,
                _: &'a StepContext<()>,
                _: &'a Outputs,
            ) -> BoxFuture<'a, Result<$output, StepError>> {
                Box::pin(std::future::ready(Ok($value)))
            }
        })+
    };
}

steps!(Purchase: 0 returns u64 = 7, 1 returns bool = true, 3 returns String = String::new());

impl Undo<0> for Purchase {
    fn undo<'a>(
        &'a self,
        _: &'a StepContext<()>,
        _: Option<&'a u64>,
    ) -> BoxFuture<'a, Result<(), StepError>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

impl Produces<2> for Purchase {
    type Output = i64;
}

impl WaitsFor<2> for Purchase {
    type Event = Moved;

    fn correlate(event: &Recorded<Moved>) -> Correlated<String, i64> {
        Correlated::to(event.stream().id().to_owned(), event.cents)
    }
}

impl Produces<4> for Purchase {
    type Output = ();
}

impl Sends<4> for Purchase {
    type Command = Move;

    fn command(&self, _: &Outputs) -> Result<Move, StepError> {
        Ok(Move { id: self.id.clone(), cents: -self.cents })
    }
}

impl StartedBy<Opened> for Purchase {
    fn start(event: &Recorded<Opened>) -> Option<Self> {
        Some(Self { id: event.owner.clone(), cents: 100 })
    }
}

impl SendsOnFailure for Purchase {
    type Command = Option<Open>;

    fn on_failure(&self, _: &SagaFailure) -> Option<Open> {
        None
    }
}

/// Its description, as a test has changed it.
pub(crate) fn purchase(change: impl FnOnce(&mut SagaDescription)) -> SagaDescription {
    let mut description = SagaDescription::of::<Purchase>();
    change(&mut description);
    description
}
