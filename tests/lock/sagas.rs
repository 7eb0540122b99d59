//! P9 and trap 38 for sagas: the lock says whether instances in flight survive a change, and what to declare if not.

use kenning::saga::{
    InFlight, Migrated, Migration, Outputs, Produces, Saga, SagaDefinition, Step, StepContext,
    StepDefinition, StepError, StepInfo, Undo, WayBack,
};
use kenning::store::BoxFuture;
use kenning::testing::{Change, ChangeKind, Lock, Subject};
use kenning::{Catalog, Contradiction, Schema};
use serde::{Deserialize, Serialize};

/// A saga whose steps return what is said and do nothing.
macro_rules! saga {
    ($ty:ident = $name:literal v $version:literal migrates [$($migration:expr),*] { $($data:tt)* }
     $($place:literal returns $output:ty: $row:expr;)*) => {
        #[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
        struct $ty { id: u64, $($data)* }

        impl Saga for $ty {
            const NAME: &'static str = $name;
            const VERSION: u32 = $version;
            type Id = u64;
            const MIGRATIONS: &'static [Migration<Self>] = &[$($migration),*];

            fn id(&self) -> &u64 {
                &self.id
            }
        }

        impl SagaDefinition for $ty {
            type Services = ();
            const STEPS: &'static [StepDefinition<Self>] = &[$($row),*];
        }

        $(impl Produces<$place> for $ty {
            type Output = $output;
        }

        impl Step<$place> for $ty {
            fn run<'a>(&'a self, _: &'a StepContext<()>, _: &'a Outputs) -> BoxFuture<'a, Result<$output, StepError>> {
                Box::pin(async { Ok(Default::default()) })
            }
        }

        impl Undo<$place> for $ty {
            fn undo<'a>(&'a self, _: &'a StepContext<()>, _: Option<&'a $output>) -> BoxFuture<'a, Result<(), StepError>> {
                Box::pin(async { Ok(()) })
            }
        })*
    };
}

const fn reads(name: &'static str, after: &'static [usize]) -> StepInfo {
    StepInfo::new(name, after).way_back(WayBack::ReadOnly)
}

const fn undoes(name: &'static str, after: &'static [usize]) -> StepInfo {
    StepInfo::new(name, after).way_back(WayBack::Undo("undo"))
}

fn migrate<S: Default>(_: &InFlight) -> Result<Migrated<S>, StepError> {
    Ok(Migrated::new(S::default()))
}

saga!(First = "order" v 1 migrates [] { sum: u32 }
    0 returns u32: StepDefinition::undoable::<0>(undoes("reserve", &[]));
    1 returns u64: StepDefinition::undoable::<1>(undoes("charge", &[0]));
);
saga!(Longer = "order" v 1 migrates [] { sum: u32 }
    0 returns u32: StepDefinition::undoable::<0>(undoes("reserve", &[]));
    1 returns u64: StepDefinition::undoable::<1>(undoes("charge", &[0]));
    2 returns bool: StepDefinition::step::<2>(reads("look", &[1]));
);
saga!(Inserted = "order" v 1 migrates [] { sum: u32 }
    0 returns u32: StepDefinition::undoable::<0>(undoes("reserve", &[]));
    1 returns bool: StepDefinition::step::<1>(reads("look", &[0]));
    2 returns u64: StepDefinition::undoable::<2>(undoes("charge", &[1]));
);
saga!(Shorter = "order" v 1 migrates [] { sum: u32 }
    0 returns u64: StepDefinition::undoable::<0>(undoes("charge", &[]));
);
saga!(Reordered = "order" v 1 migrates [] { sum: u32 }
    0 returns u64: StepDefinition::undoable::<0>(undoes("charge", &[]));
    1 returns u32: StepDefinition::undoable::<1>(undoes("reserve", &[0]));
);
saga!(Renamed = "order" v 1 migrates [] { sum: u32 }
    0 returns u32: StepDefinition::undoable::<0>(undoes("hold", &[]));
    1 returns u64: StepDefinition::undoable::<1>(undoes("charge", &[0]));
);
saga!(Retyped = "order" v 1 migrates [] { sum: u32 }
    0 returns String: StepDefinition::undoable::<0>(undoes("reserve", &[]));
    1 returns u64: StepDefinition::undoable::<1>(undoes("charge", &[0]));
);
saga!(Widened = "order" v 1 migrates [] { sum: u64, note: Option<String> }
    0 returns u64: StepDefinition::undoable::<0>(undoes("reserve", &[]));
    1 returns u64: StepDefinition::undoable::<1>(undoes("charge", &[0]));
);
saga!(Narrowed = "order" v 1 migrates [] { sum: u8 }
    0 returns u32: StepDefinition::undoable::<0>(undoes("reserve", &[]));
    1 returns u64: StepDefinition::undoable::<1>(undoes("charge", &[0]));
);
saga!(Second = "order" v 2 migrates [migrate] { sum: u8 }
    0 returns String: StepDefinition::undoable::<0>(undoes("hold", &[]));
);
saga!(SecondAlone = "order" v 2 migrates [] { sum: u8 }
    0 returns String: StepDefinition::undoable::<0>(undoes("hold", &[]));
);
saga!(SecondSame = "order" v 2 migrates [] { sum: u64 }
    0 returns u32: StepDefinition::undoable::<0>(undoes("reserve", &[]));
    1 returns u64: StepDefinition::undoable::<1>(undoes("charge", &[0]));
);
saga!(SecondWide = "order" v 2 migrates [] { sum: u32 }
    0 returns String: StepDefinition::undoable::<0>(undoes("hold", &[]));
);
saga!(ThirdOfAll = "order" v 3 migrates [migrate, migrate] {}
    0 returns (): StepDefinition::step::<0>(reads("look", &[]));
);
saga!(ThirdOfSecond = "order" v 3 migrates [migrate] {}
    0 returns (): StepDefinition::step::<0>(reads("look", &[]));
);
saga!(Elsewhere = "purchase" v 1 migrates [] { sum: u32 }
    0 returns u32: StepDefinition::undoable::<0>(undoes("reserve", &[]));
    1 returns u64: StepDefinition::undoable::<1>(undoes("charge", &[0]));
);

fn lock<S: SagaDefinition>() -> Lock {
    Lock::of(&Catalog::new().saga::<S>())
}

fn report(changes: &[Change]) -> Vec<String> {
    changes
        .iter()
        .map(|change| format!("{}: {change}", if change.is_breaking() { "breaking" } else { "compatible" }))
        .collect()
}

/// The change from the first definition is let through.
#[track_caller]
fn survives<S: SagaDefinition>(expected: &[&str]) {
    assert_eq!(report(&lock::<First>().compare(&lock::<S>())), expected);
}

/// The change from the first definition is refused, with this remedy beside a higher version.
#[track_caller]
fn dies<S: SagaDefinition>(remedy: &str, expected: &[&str]) {
    let changes = lock::<First>().compare(&lock::<S>());
    assert_eq!(report(&changes), expected);
    assert_eq!(
        changes[0].remedy().unwrap(),
        format!(
            "{remedy}; or raise the version of `order` to 2 and write `migrate(from_v1)`, or register the former definition as well, by `finish_saga`"
        )
    );
}

#[test]
fn p9_a_saga_is_locked_as_a_person_reads_it() {
    let text = lock::<ThirdOfAll>().render();
    let (_, saga) = text.split_once("\n\n").unwrap();
    let fingerprint = saga.split_whitespace().nth(3).unwrap();
    assert_eq!(
        saga,
        format!(
            "saga order v3 {fingerprint} migrates from v1\n  data: object\n    id: u64\n  step look: null, read only\n"
        )
    );
    assert_eq!(Lock::parse(&text), Ok(lock::<ThirdOfAll>()));
}

#[test]
fn trap_38_the_lock_lets_instances_in_flight_go_on() {
    survives::<First>(&[]);
    survives::<Longer>(&[
        "compatible: saga order v1: `look` is new, and nothing that was there comes after it",
    ]);
    survives::<Widened>(&[
        "compatible: saga order v1: the data: `sum` was `u32` and is `u64`, which reads both",
        "compatible: saga order v1: the data: `note` is new, and may be absent",
        "compatible: saga order v1: what `reserve` returns: it was `u32` and is `u64`, which reads both",
    ]);
}

#[test]
fn trap_38_the_lock_names_the_step_that_strands_instances_in_flight() {
    dies::<Inserted>(
        "put `look` after the steps that were there",
        &["breaking: saga order v1: `look` is new, and `charge` comes after it"],
    );
    dies::<Shorter>("put `reserve` back", &["breaking: saga order v1: `reserve` was removed"]);
    dies::<Reordered>(
        "write `after(reserve)` on `charge`",
        &[
            "breaking: saga order v1: `charge` came after `reserve`, and comes after nothing",
            "breaking: saga order v1: `reserve` came after nothing, and comes after `charge`",
        ],
    );
    dies::<Renamed>(
        "write `name = \"reserve\"` on the step `hold`",
        &["breaking: saga order v1: `reserve` was removed, and `hold` is in its place"],
    );
    dies::<Retyped>(
        "make it `u32` again",
        &[
            "breaking: saga order v1: what `reserve` returns: it was `u32` and is `string`; what is stored does not fit",
        ],
    );
    dies::<Narrowed>(
        "make it `u32` again",
        &["breaking: saga order v1: the data: `sum` was `u32` and is `u8`; what is stored does not fit"],
    );
}

#[test]
fn trap_38_a_raised_version_is_let_through_when_instances_are_migrated_or_finished() {
    survives::<Second>(&[
        "compatible: saga order v1: its instances in flight go on by version 2",
        "compatible: saga order v2: is new",
    ]);
    survives::<ThirdOfAll>(&[
        "compatible: saga order v1: its instances in flight go on by version 3",
        "compatible: saga order v3: is new",
    ]);
    let beside = Lock::of(&Catalog::new().saga::<First>().saga::<SecondAlone>());
    assert_eq!(report(&lock::<First>().compare(&beside)), ["compatible: saga order v2: is new"]);
}

#[test]
fn trap_38_a_raised_version_that_strands_instances_is_refused() {
    let stranded = |changes: Vec<Change>| {
        let change = changes.into_iter().find(Change::is_breaking).unwrap();
        assert!(matches!(change.kind, ChangeKind::SagaStranded { .. }), "{change:?}");
        (change.to_string(), change.remedy().unwrap())
    };
    let name = |from: u32, to: u32| {
        format!(
            "name a function for each version from {from} to {to} in `migrate(…)`, oldest first, or register the former definition as well, by `finish_saga`"
        )
    };
    let what = |version: u32, differs: &str| {
        format!("saga order v{version}: nothing goes on with its instances in flight{differs}")
    };
    let narrower = ": the data: `sum` was `u32` and is `u8`; what is stored does not fit";
    assert_eq!(stranded(lock::<First>().compare(&lock::<SecondAlone>())), (what(1, narrower), name(1, 1)));
    let without = ": the data: `sum` was removed; what is stored has it, and it would be lost";
    assert_eq!(stranded(lock::<First>().compare(&lock::<ThirdOfSecond>())), (what(1, without), name(1, 2)));
    // The second release went on with the instances of the first: the third may not forget them.
    assert_eq!(stranded(lock::<Second>().compare(&lock::<ThirdOfSecond>())), (what(1, ""), name(1, 2)));
    let back = "write `version = 2` or more on `order` again: instances of that version are in flight";
    let renamed = what(2, ": `hold` was removed");
    assert_eq!(stranded(lock::<SecondWide>().compare(&lock::<First>())), (renamed, back.to_owned()));
    // An earlier version takes on none of a later one, however alike they are.
    assert_eq!(stranded(lock::<SecondSame>().compare(&lock::<Widened>())), (what(2, ""), back.to_owned()));
}

#[test]
fn trap_38_a_raised_version_that_instances_survive_needs_no_migration() {
    survives::<SecondSame>(&[
        "compatible: saga order v1: its instances in flight go on by version 2",
        "compatible: saga order v2: is new",
    ]);
}

#[test]
fn trap_38_a_former_definition_that_was_changed_is_refused() {
    let [before, after] = [
        Lock::of(&Catalog::new().saga::<First>().saga::<SecondAlone>()),
        Lock::of(&Catalog::new().saga::<Shorter>().saga::<SecondAlone>()),
    ];
    let changes = before.compare(&after);
    assert_eq!(report(&changes), ["breaking: saga order v1: `reserve` was removed"]);
    assert_eq!(
        changes[0].remedy().unwrap(),
        "put `reserve` back; version 1 is history: it stays as it was while instances of it are in flight"
    );
}

#[test]
fn trap_38_a_saga_that_is_gone_is_named_with_its_heir() {
    let none = Lock::of(&Catalog::new());
    let changes = lock::<First>().compare(&none);
    assert_eq!(
        report(&changes),
        ["breaking: saga order v1: is gone; nothing goes on with its instances in flight"]
    );
    assert_eq!(
        changes[0].remedy().unwrap(),
        "put the saga back, and into the catalog; it may go when the instances of `order` have come to their ends"
    );
    let changes = lock::<First>().compare(&lock::<Elsewhere>());
    assert_eq!(
        report(&changes),
        [
            "breaking: saga order v1: is gone; `purchase` does the same, was it renamed?",
            "compatible: saga purchase v1: is new in the lock file: if a store has events and does not know it, `build` asks where it starts; \
             write `.saga_from::<…>(services, Start::End)`, or `Start::Beginning` for all events"
        ]
    );
    assert_eq!(
        changes[0].remedy().unwrap(),
        "write `name = \"order\"` on `purchase`: the Rust type may be renamed, this name may not"
    );
    let subject = Subject::Saga { name: "order".to_owned(), version: 1, current: 1 };
    assert_eq!(none.compare(&lock::<First>())[0].subject, subject);
}

#[test]
fn two_types_that_are_one_version_of_a_saga_contradict_each_other() {
    let catalog = Catalog::new().saga::<First>().saga::<Longer>().saga::<First>();
    let [Contradiction::Saga { name: "order", version: 1, first, second }] = catalog.contradictions() else {
        panic!("{:?}", catalog.contradictions())
    };
    assert!(first.ends_with("::First") && second.ends_with("::Longer"), "{first} {second}");
    assert_eq!(catalog.find_saga("order").map(|saga| saga.version), Some(1));
}
