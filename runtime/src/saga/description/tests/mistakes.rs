//! Everything that a table by hand may get wrong.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::purchase::{Purchase, purchase};
use crate::app::tests::account::Moved;
use crate::saga::{
    Correlated, InFlight, Migrated, Migration, Outputs, Produces, Retry, Saga, SagaDefinition,
    SagaDescription, Step, StepContext, StepDefinition, StepError, StepInfo, StepKind, Undo, WaitsFor,
    WayBack, mistakes_of_table,
};
use crate::schema::{Shape, Shapes};
use crate::store::BoxFuture;
use crate::{BuildError, Kenning, MemoryStore, Recorded, Schema};

#[track_caller]
fn wrong(change: impl FnOnce(&mut SagaDescription), expected: &[&str]) {
    assert_eq!(purchase(change).mistakes(), expected);
}

#[test]
fn a_table_without_a_mistake_is_taken() {
    assert_eq!(mistakes_of_table::<Purchase>(), Vec::<String>::new());
}

#[test]
fn names_and_order() {
    wrong(|saga| saga.steps.clear(), &["it has no step"]);
    wrong(|saga| saga.steps[4].name = "ship".to_owned(), &["two of its steps are named `ship`"]);
    wrong(
        |saga| saga.steps[4].name = "a\nb".to_owned(),
        &["`a\nb` cannot be the name of a step: it has 1 to 128 bytes and no control character"],
    );
    wrong(
        |saga| saga.steps[0].after.push("ship".to_owned()),
        &["its steps come after each other in a circle: reserve -> ship -> settled -> reserve"],
    );
    wrong(
        |saga| saga.steps[0].after.push("reserve".to_owned()),
        &["its steps come after each other in a circle: reserve -> reserve"],
    );
}

#[test]
fn the_way_back() {
    wrong(
        |saga| saga.steps[1].way_back = WayBack::NotNeeded,
        &["`check` has neither an undo nor a reason to have none, and no pivot comes before it"],
    );
    wrong(
        |saga| saga.steps[4].after.clear(),
        &["`thank` has neither an undo nor a reason to have none, and no pivot comes before it"],
    );
    wrong(
        |saga| saga.steps[2].way_back = WayBack::Undo("unsettle".to_owned()),
        &["`settled` waits and has an undo, but a wait changes nothing"],
    );
    wrong(
        |saga| saga.steps[3].way_back = WayBack::Undo("return".to_owned()),
        &["`ship` is the pivot and has an undo, but there is no way back after a pivot"],
    );
    wrong(
        |saga| saga.steps[4].way_back = WayBack::Undo("forget".to_owned()),
        &["`thank` has an undo and does not come before the pivot `ship`, after which there is no way back"],
    );
}

#[test]
fn the_pivot() {
    wrong(
        |saga| saga.steps[4].kind = StepKind::Wait { event: "e".to_owned(), fails: true },
        &[
            "`thank` fails when its time is over and does not come before the pivot `ship`, after which there is no way back",
        ],
    );
    wrong(
        |saga| saga.steps[0].pivot = true,
        &[
            "`reserve` is the pivot and has an undo, but there is no way back after a pivot",
            "`settled` fails when its time is over and does not come before the pivot `reserve`, after which there is no way back",
        ],
    );
    wrong(
        |saga| {
            saga.steps[4].after = vec!["settled".to_owned()];
            saga.steps[4].pivot = true;
        },
        &["`ship` and `thank` are both the pivot, and neither comes before the other"],
    );
}

/// Everything that a table can get wrong by itself.
#[derive(Serialize, Deserialize)]
struct Broken(Vec<u8>);

impl Schema for Broken {
    fn shape(shapes: &mut Shapes) -> Shape {
        Vec::<u8>::shape(shapes)
    }
}

fn astray(_: &InFlight) -> Result<Migrated<Broken>, StepError> {
    Err(StepError::fail("nowhere"))
}

/// An id that is written as a list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
struct Letters(Vec<u8>);

impl Schema for Letters {
    fn shape(shapes: &mut Shapes) -> Shape {
        Vec::<u8>::shape(shapes)
    }
}

static NOBODY: Letters = Letters(Vec::new());

impl Saga for Broken {
    const NAME: &'static str = "";
    const VERSION: u32 = 0;
    const MIGRATIONS: &'static [Migration<Self>] = &[astray];
    type Id = Letters;

    fn id(&self) -> &Letters {
        &NOBODY
    }
}

const NEVER: Retry = Retry { attempts: Some(0), ..Retry::STEP };
const BACKWARDS: Retry =
    Retry { first: Duration::from_secs(9), longest: Duration::from_secs(1), ..Retry::UNDO };

impl SagaDefinition for Broken {
    type Services = ();
    const STEPS: &'static [StepDefinition<Self>] = &[
        StepDefinition::step::<0>(StepInfo::new("a", &[7]).way_back(WayBack::Undo("back")).retry(NEVER)),
        StepDefinition::undoable::<0>(StepInfo::new("b", &[]).undo_retry(BACKWARDS)),
        StepDefinition::wait::<2>(StepInfo::new("c", &[])),
    ];
}

impl Produces<0> for Broken {
    type Output = ();
}

impl Step<0> for Broken {
    fn run<'a>(&'a self, _: &'a StepContext<()>, _: &'a Outputs) -> BoxFuture<'a, Result<(), StepError>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

impl Undo<0> for Broken {
    fn undo<'a>(&'a self, _: &'a StepContext<()>, _: Option<&'a ()>) -> BoxFuture<'a, Result<(), StepError>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

impl Produces<2> for Broken {
    type Output = ();
}

impl WaitsFor<2> for Broken {
    type Event = Moved;

    fn correlate(_: &Recorded<Moved>) -> Correlated<Letters, ()> {
        Correlated::nobody()
    }
}

#[tokio::test]
async fn an_application_is_not_built_with_a_broken_table() {
    let built = Kenning::builder(MemoryStore::new()).saga::<Broken>(()).build().await;
    let Err(BuildError::Mistakes(mistakes)) = built else { panic!("{built:?}") };
    let broken = std::any::type_name::<Broken>();
    let letters = std::any::type_name::<Letters>();
    let texts: Vec<_> = mistakes.iter().map(ToString::to_string).collect();
    let run = |reason: &str| format!("`{broken}` cannot be run: {reason}");
    assert_eq!(
        texts,
        [
            format!("`` cannot be the name of `{broken}`: it has 1 to 128 bytes and no control character"),
            format!("`{broken}` cannot have the version 0: versions begin at 1 and have 31 bits"),
            format!("`{letters}` cannot be the id of `{broken}`: it is not written as one string or integer"),
            format!(
                "`{broken}` is of version 0 and has 1 migrations: it can have one for each version before it"
            ),
            run("`a` comes after the step at place 7, and there are 3 steps, from place 0"),
            run("`a` says that `back` undoes it, and its table has no undo for it"),
            run("`a`: it is tried not even once"),
            run("`b` has an undo, and says that there is none"),
            run("`b`: its undo has a first pause that is longer than the longest one"),
            run("`c` waits for an event that is not among its events"),
        ]
    );
}
