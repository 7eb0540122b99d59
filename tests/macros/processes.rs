//! Sagas and reactors mean what they say, whatever names the user's module gives to other things, and by whatever path they reach kenning.

#![allow(dead_code, reason = "the names are there to be in the way")]

mod kenning {}
mod core {}
mod std {}

struct Result;
struct Option;
struct String;
struct Vec;
struct Box;
struct Ok;
struct Err;
struct Some;
struct None;
struct Duration;
struct Retry;
struct StepContext;
struct StepError;
struct Outputs;
struct Effects;
struct Recorded;
trait From {}
trait Into {}
trait Send {}
trait Step {}
trait Saga {}

#[derive(::kenning::prelude::Serialize, ::kenning::prelude::Deserialize, ::kenning::Event)]
#[kenning(name = "b.happened")]
struct Happened {
    id: u8,
}

#[derive(::kenning::prelude::Serialize, ::kenning::prelude::Deserialize, ::kenning::Event)]
#[kenning(name = "b.happened_later")]
struct Later {
    id: u8,
}

struct Services(u8);

#[derive(::kenning::prelude::Serialize, ::kenning::prelude::Deserialize, ::kenning::Saga)]
#[kenning(name = "b", version = 1, id = id)]
struct Process {
    id: u8,
    // Named like what the expansions name.
    context: u8,
    outputs: u8,
}

#[::kenning::saga(services = Services, deadline = "1h", timeout = "1s", retry(attempts = 3))]
impl Process {
    #[start]
    fn start(event: &::kenning::Recorded<Happened>) -> ::core::option::Option<Self> {
        ::core::option::Option::Some(Self { id: event.id, context: 1, outputs: 2 })
    }

    #[step(undo = undo)]
    async fn run(
        &self,
        context: &::kenning::StepContext<Services>,
    ) -> ::core::result::Result<u8, ::kenning::StepError> {
        ::core::result::Result::Ok(context.services().0 + self.context)
    }

    #[undo]
    async fn undo(
        &self,
        output: ::core::option::Option<&u8>,
    ) -> ::core::result::Result<(), ::kenning::StepError> {
        let _ = output;
        ::core::result::Result::Ok(())
    }

    #[wait(timeout = "1s", on_timeout = timed_out)]
    fn correlate(event: &Later) -> ::kenning::Correlated<u8, ::std::string::String> {
        ::kenning::Correlated::to(event.id, ::std::string::String::new())
    }

    fn timed_out(&self) -> ::std::string::String {
        ::std::string::String::from("late")
    }

    #[step(read_only)]
    async fn step(
        &self,
        run: &u8,
        correlate: &str,
        step_0: &::kenning::StepContext<Services>,
    ) -> ::core::result::Result<(), ::std::fmt::Error> {
        let _ = (run, correlate, step_0);
        ::core::result::Result::Ok(())
    }
}

struct Reactor;

#[::kenning::reactor(name = "b.reactor", version = 1)]
impl Reactor {
    #[on]
    async fn react(
        &self,
        event: &::kenning::Recorded<Happened>,
        effects: &mut ::kenning::Effects,
    ) -> ::core::result::Result<(), ::kenning::ReactorError> {
        let _ = (event, effects);
        ::core::result::Result::Ok(())
    }
}

/// Sagas and reactors that come out of the user's own macro.
macro_rules! declare {
    ($saga:ident, $id:ident: $ty:ty, $services:ty, $first:ident, $second:ident, $undo:ident, $event:ty, $reactor:ident) => {
        #[derive(::kenning::prelude::Serialize, ::kenning::prelude::Deserialize, ::kenning::Saga)]
        #[kenning(name = "generated", version = 1, id = $id)]
        struct $saga {
            $id: $ty,
        }

        #[::kenning::saga(services = $services)]
        impl $saga {
            #[start]
            fn started($id: &$event) -> Self {
                Self { $id: $id.id }
            }

            #[step(undo = $undo)]
            async fn $first(
                &self,
                context: &::kenning::StepContext<$services>,
            ) -> ::core::result::Result<u8, ::kenning::StepError> {
                ::core::result::Result::Ok(context.services().0)
            }

            #[undo]
            async fn $undo(
                &self,
                $first: ::core::option::Option<&u8>,
            ) -> ::core::result::Result<(), ::kenning::StepError> {
                let _ = $first;
                ::core::result::Result::Ok(())
            }

            #[step(after($first), pivot)]
            async fn $second(&self, $first: &u8) -> ::core::result::Result<u8, ::kenning::StepError> {
                ::core::result::Result::Ok(*$first)
            }
        }

        struct $reactor;

        #[::kenning::reactor(name = "generated-reactor", version = 1)]
        impl $reactor {
            #[on]
            fn $first(&self, $id: &$event, effects: &mut ::kenning::Effects) {
                let _ = ($id, effects);
            }
        }
    };
}

declare!(Generated, id: u8, Services, one, other, back, Happened, Generator);

#[test]
fn shadowed_names_do_not_matter() {
    use ::kenning::SagaDefinition;
    let names = |steps: &[::kenning::saga::StepDefinition<Process>]| {
        steps.iter().map(|step| step.info.name).collect::<::std::vec::Vec<_>>()
    };
    assert_eq!(names(Process::STEPS), ["run", "correlate", "step"]);
    assert_eq!(Generated::STEPS.len(), 2);
    assert_eq!(<Reactor as ::kenning::Reactor>::EVENTS.len(), 1);
    assert_eq!(<Generator as ::kenning::Reactor>::NAME, "generated-reactor");
}

#[::tokio::test]
async fn the_users_functions_are_called() {
    use ::kenning::saga::{Outputs, StartedBy, Step, TimesOut, Undo, WaitsFor};
    let context = ::kenning::StepContext::of(
        ::std::sync::Arc::new(Services(4)),
        "b",
        "1",
        "run",
        ::kenning::prelude::OffsetDateTime::UNIX_EPOCH,
    );
    let metadata = ::kenning::Metadata::new(
        ::kenning::prelude::Uuid::nil(),
        ::kenning::StreamName::new("a", "1").unwrap(),
        ::kenning::Version::new(1),
        ::kenning::Position::new(1),
        ::kenning::prelude::OffsetDateTime::UNIX_EPOCH,
    );
    let later = ::kenning::Recorded::new(Later { id: 7 }, metadata.clone());
    let event = ::kenning::Recorded::new(Happened { id: 7 }, metadata);
    let process = <Process as StartedBy<Happened>>::start(&event).unwrap();
    let outputs = Outputs::new(3);
    assert_eq!(<Process as Step<0>>::run(&process, &context, &outputs).await.unwrap(), 5);
    <Process as Undo<0>>::undo(&process, &context, ::core::option::Option::None).await.unwrap();
    assert_eq!(<Process as TimesOut<1>>::timed_out(&process), "late");
    let expected = ::kenning::Correlated::to(7, ::std::string::String::new());
    assert_eq!(<Process as WaitsFor<1>>::correlate(&later), expected);
}
