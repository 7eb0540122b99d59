//! The lock for reactors, projections, read models and the partitions of sagas.

use kenning::prelude::*;
use kenning::store::{ConsumerKind, MemoryTransaction};
use kenning::testing::{Change, ChangeKind, ConsumerChange, Lock, Subject};
use kenning::{Catalog, ConsumerOptions, Start};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "lot.placed")]
pub struct Placed {}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "lot.paid")]
pub struct Paid {}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "lot.sent")]
pub struct Sent {}

#[derive(Clone, Debug, PartialEq, EventSet)]
pub enum Two {
    Placed(Placed),
    Paid(Paid),
}

#[derive(Clone, Debug, PartialEq, EventSet)]
pub enum Three {
    Placed(Placed),
    Paid(Paid),
    Sent(Sent),
}

macro_rules! reactor {
    ($ty:ident = $name:literal v $version:literal $(renamed from $from:literal)? : $($event:ident)*) => {
        pub struct $ty;

        #[allow(non_snake_case, reason = "a function is named after its event")]
        #[reactor(name = $name, version = $version $(, renamed_from = $from)?)]
        impl $ty {
            $(#[on]
            async fn $event(&self, _: &$event, _: &mut Effects) -> Result<(), ReactorError> {
                Ok(())
            })*
        }
    };
}

reactor!(Mails = "mails" v 1: Placed);
reactor!(MailsOfBoth = "mails" v 1: Placed Paid);
reactor!(MailsRaised = "mails" v 2: Placed);
reactor!(Letters = "letters" v 1: Placed);
reactor!(LettersOfBoth = "letters" v 1: Placed Paid);
reactor!(LettersBefore = "letters" v 1 renamed from "mails": Placed);

macro_rules! projection {
    ($ty:ident = $name:literal v $version:literal of $set:ident
     $($key:ident $(= $value:literal)?)?: $($event:ident)* $(; ignore $ignored:tt)?) => {
        pub struct $ty;

        #[allow(non_snake_case, reason = "a function is named after its event")]
        #[projection(name = $name, version = $version, events = $set $(, ignore $ignored)? $(, $key $(= $value)?)?)]
        impl $ty {
            $(#[on]
            async fn $event(&self, _: &$event, _: &mut MemoryTransaction) -> Result<(), std::fmt::Error> {
                Ok(())
            })*
        }
    };
}

projection!(Tally = "tally" v 1 of Two: Placed; ignore(Paid));
projection!(TallyOfBoth = "tally" v 1 of Two: Placed Paid);
projection!(TallyOfThree = "tally" v 1 of Three: Placed Sent; ignore(Paid));
projection!(TallyRaised = "tally" v 2 of Two: Placed Paid);
projection!(Counts = "counts" v 1 of Two: Placed; ignore(Paid));
projection!(CountsBefore = "counts" v 1 of Two renamed_from = "tally": Placed; ignore(Paid));
projection!(Inline = "tally" v 1 of Two inline: Placed; ignore(Paid));
projection!(InlineOfBoth = "tally" v 1 of Two inline: Placed Paid);
projection!(InlineRenamed = "counts" v 1 of Two inline: Placed; ignore(Paid));

macro_rules! read_model {
    ($ty:ident = $table:literal v $version:literal: $($event:ident)* $(; ignore $ignored:tt)?) => {
        #[derive(Clone, Debug, PartialEq, ReadModel)]
        #[kenning(table = $table, version = $version, events = Two)]
        pub struct $ty {
            #[kenning(key)]
            pub lot: String,
        }

        #[allow(non_snake_case, reason = "a function is named after its event")]
        #[read_model($(ignore $ignored)?)]
        impl $ty {
            $(#[on]
            fn $event(lot: String, _: &$event) -> Self {
                Self { lot }
            })*
        }
    };
}

read_model!(Lots = "lots" v 1: Placed; ignore(Paid));
read_model!(LotsOfBoth = "lots" v 1: Placed Paid);
read_model!(LotsRaised = "lots" v 2: Placed Paid);
read_model!(Parcels = "parcels" v 1: Placed; ignore(Paid));

#[derive(Clone, Debug, Serialize, Deserialize, Saga)]
#[kenning(name = "delivery", version = 1, id = lot)]
pub struct Delivery {
    lot: String,
}

#[saga(services = ())]
impl Delivery {
    #[start]
    fn placed(event: &Recorded<Placed>) -> Option<Self> {
        Some(Self { lot: event.stream().id().to_owned() })
    }

    #[step(read_only)]
    async fn look(&self) -> Result<(), StepError> {
        Ok(())
    }
}

#[derive(Debug, Default, Aggregate)]
#[kenning(category = "lot", id = String, events = Two)]
pub struct Lot {}

#[derive(Clone, Debug, Serialize, Command)]
#[kenning(aggregate = Lot)]
pub struct Place {
    #[kenning(id)]
    lot: String,
}

#[aggregate]
impl Lot {
    #[command]
    fn place(&self, _: Place) -> Placed {
        Placed {}
    }
    #[apply]
    fn placed(&mut self, _: &Placed) {}
    #[apply]
    fn paid(&mut self, _: &Paid) {}
}

fn empty() -> Catalog {
    Catalog::new()
}

/// What the lock says of a change between two catalogs.
fn changes(before: Catalog, after: Catalog) -> Vec<Change> {
    let [before, after] = [before, after].map(|catalog| Lock::of(&catalog));
    let found = before.compare(&after);
    // What is written is read, and the file is written again after every change.
    assert_eq!(Lock::parse(&before.render()), Ok(before.clone()));
    assert_eq!(found.is_empty(), before.render() == after.render(), "{found:#?}");
    for change in &found {
        assert_eq!(change.is_breaking(), change.remedy().is_some(), "{change}");
    }
    found
}

/// Nothing of the change is refused; these are its texts.
#[track_caller]
fn passes(before: Catalog, after: Catalog, expected: &[&str]) {
    let found = changes(before, after);
    assert!(found.iter().all(|change| !change.is_breaking()), "{found:#?}");
    assert_eq!(found.iter().map(ToString::to_string).collect::<Vec<_>>(), expected);
}

/// The first change is refused with this text and this remedy.
#[track_caller]
fn refused(before: Catalog, after: Catalog, text: &str, remedy: &str) {
    let found = changes(before, after);
    let first = found.first().unwrap();
    assert_eq!((first.to_string().as_str(), first.remedy().as_deref()), (text, Some(remedy)), "{found:#?}");
    assert_eq!(found.iter().filter(|change| change.is_breaking()).count(), 1, "{found:#?}");
}

fn all() -> Catalog {
    empty()
        .reactor::<LettersBefore>()
        .projection::<Tally>()
        .read_model::<Lots>()
        .saga::<Delivery>()
        .partitions("letters", 4)
        .partitions("delivery", 2)
}

#[test]
fn p9_consumers_are_locked_as_a_person_reads_them() {
    let text = Lock::of(&all()).render();
    let (_, consumers) = text.split_once("\n\n#: ").unwrap();
    assert_eq!(
        consumers,
        "\
read_model lots v1
#:   event lot.placed

#: projection tally v1
#:   event lot.placed

#: saga delivery v1, partitions 2

#: reactor letters v1, partitions 4, renamed from mails
#:   event lot.placed
"
    );
    assert_eq!(Lock::parse(&text), Ok(Lock::of(&all())));
    let inline = Lock::of(&empty().projection::<Inline>()).render();
    assert!(inline.ends_with("\n#: projection tally v1, inline\n#:   event lot.placed\n"), "{inline}");
}

/// A release before the lines of consumers skips them, as it skips every comment.
fn as_read_before(text: &str) -> String {
    text.lines().filter(|line| !line.starts_with('#')).map(|line| format!("{line}\n")).collect()
}

#[test]
fn p12_a_lock_file_of_the_release_before_is_read_and_one_for_it_is_written() {
    let now = Lock::of(&all());
    let before = Lock::parse(&as_read_before(&now.render())).unwrap();
    let of_events = Lock::of(&empty().events_of::<Two>().saga::<Delivery>());
    assert_eq!(before, of_events, "the release before finds all that it knows, and nothing else");
    let added = before.compare(&now);
    assert_eq!(added.len(), 4, "{added:#?}");
    assert!(added.iter().all(|change| !change.is_breaking()), "{added:#?}");
    let gone = now.compare(&before);
    assert!(gone.iter().all(|change| !change.is_breaking()), "{gone:#?}");
}

#[test]
fn p12_a_lock_file_of_a_newer_release_is_refused_in_plain_words() {
    let text = Lock::of(&all()).render();
    for (line, says) in
        [("bridge orders v1", "`bridge orders v1` begins"), ("#: bridge orders v1", "`#: bridge`")]
    {
        let error = Lock::parse(&format!("{text}\n{line}\n")).unwrap_err();
        assert_eq!(error.line, text.lines().count() + 2);
        let error = error.to_string();
        assert!(error.contains("this release of kenning does not know"), "{error}");
        assert!(error.contains(says) && error.contains("a newer release has written the file"), "{error}");
    }
    for (from, to) in [
        ("#:   event lot.placed", "#:   evnt lot.placed"),
        ("#: reactor letters v1", "#: reactor letters"),
        ("partitions 4", "partitions many"),
        ("partitions 4", "partitions 70000"),
        ("#: read_model lots v1\n", ""),
        ("#: saga delivery v1, partitions 2", "#: read_model lots v1"),
    ] {
        let damaged = text.replacen(from, to, 1);
        assert_ne!(damaged, text);
        let error = Lock::parse(&damaged).unwrap_err();
        assert!(damaged.lines().nth(error.line - 1).unwrap().starts_with("#:"), "{error}");
    }
}

#[test]
fn p12_a_reactor_or_saga_that_is_new_is_told_to_say_where_it_starts() {
    let start = "if a store has events and does not know it, `build` asks where it starts; write";
    let known = || empty().events_of::<Two>();
    passes(
        known(),
        known().reactor::<Mails>(),
        &[&format!(
            "reactor mails v1: is new in the lock file: {start} \
         `.reactor_with(…, ConsumerOptions::new().start(Start::End))`, or `Start::Beginning` for all events; \
         if it had another name before, write `renamed_from = \"…\"`"
        )],
    );
    passes(
        known(),
        known().saga::<Delivery>(),
        &[&format!(
            "saga delivery v1: is new in the lock file: {start} \
         `.saga_from::<…>(services, Start::End)`, or `Start::Beginning` for all events"
        )],
    );
    passes(known().reactor::<Mails>(), known(), &["reactor mails v1: is gone"]);
    passes(
        known(),
        known().projection::<Tally>(),
        &["projection tally v1: is new in the lock file: \
         it starts at the beginning; if it had another name before, write `renamed_from = \"…\"`"],
    );
    passes(
        known(),
        known().projection::<Inline>(),
        &["projection tally v1: is new in the lock file: \
         it handles what is appended from now on"],
    );
    passes(
        known(),
        known().read_model::<Lots>(),
        &["read model lots v1: is new in the lock file: \
         its table is built from all events"],
    );
}

/// `build` words it as the lock does, and the call that both name is what it asks for.
#[tokio::test]
async fn p12_build_asks_for_the_start_with_the_call_that_the_lock_names() {
    let known = empty().events_of::<Two>();
    let told = changes(known.clone(), known.reactor::<Mails>())[0].to_string();
    let store = MemoryStore::new();
    let app = Kenning::builder(store.clone()).aggregate::<Lot>().build().await.unwrap();
    app.execute(Place { lot: "a".to_owned() }).await.unwrap();
    let refused = Kenning::builder(store.clone()).reactor(Mails).build().await.unwrap_err().to_string();
    let call = "`.reactor_with(…, ConsumerOptions::new().start(Start::End))`";
    assert!(refused.contains(call) && told.contains(call), "{refused}\n{told}");
    let options = ConsumerOptions::new().start(Start::End);
    Kenning::builder(store).reactor_with(Mails, options).build().await.unwrap();
}

#[test]
fn p12_a_consumer_that_was_renamed_is_asked_for_its_former_name() {
    let or = |new: &str, kind: &str| {
        format!("if `{new}` is another {kind}, take the change with `KENNING_LOCK=accept cargo test`")
    };
    refused(
        empty().reactor::<Mails>(),
        empty().reactor::<Letters>(),
        "reactor mails v1: is gone; `letters` handles the same events, was it renamed?",
        &format!(
            "write `renamed_from = \"mails\"` on `letters`: it then continues where `mails` is; {}",
            or("letters", "reactor")
        ),
    );
    refused(
        empty().projection::<Counts>(),
        empty().projection::<Tally>(),
        "projection counts v1: is gone; `tally` handles the same events, was it renamed?",
        &format!(
            "write `renamed_from = \"counts\"` on `tally`: it then continues where `counts` is; {}",
            or("tally", "projection")
        ),
    );
    let taken = ["reactor letters v1: takes over from `mails`"];
    passes(empty().reactor::<Mails>(), empty().reactor::<LettersBefore>(), &taken);
    let taken = ["projection counts v1: takes over from `tally`"];
    passes(empty().projection::<Tally>(), empty().projection::<CountsBefore>(), &taken);
    // Back: the older release does not know the name of the newer one.
    let back = changes(empty().reactor::<LettersBefore>(), empty().reactor::<Mails>());
    let kind = ConsumerChange::Removed { renamed_to: Some("mails".into()) };
    assert_eq!(back[0].kind, ChangeKind::Consumer(kind), "{back:#?}");
    assert_eq!(
        back[0].subject,
        Subject::Consumer { kind: ConsumerKind::Reactor, name: "letters".into(), version: 1 }
    );
    // Later, when each store has the new name.
    let none = ["reactor letters v1: takes over from no other name any more"];
    passes(empty().reactor::<LettersBefore>(), empty().reactor::<Letters>(), &none);
}

#[test]
fn p12_another_consumer_in_the_place_of_one_is_not_taken_for_it() {
    let both = || empty().events_of::<Two>();
    let found = changes(both().reactor::<Mails>(), both().reactor::<LettersOfBoth>());
    assert!(found.iter().all(|change| !change.is_breaking()), "other events: {found:#?}");
    let found = changes(both().reactor::<Mails>(), both().projection::<Counts>());
    assert!(found.iter().all(|change| !change.is_breaking()), "another kind: {found:#?}");
    let found = changes(both().reactor::<Mails>().reactor::<Letters>(), both().reactor::<Letters>());
    assert!(found.iter().all(|change| !change.is_breaking()), "it was there before: {found:#?}");
    // These have no checkpoint to lose.
    let found = changes(both().read_model::<Lots>(), both().read_model::<Parcels>());
    assert!(found.iter().all(|change| !change.is_breaking()), "{found:#?}");
    let found = changes(both().projection::<Inline>(), both().projection::<InlineRenamed>());
    assert!(found.iter().all(|change| !change.is_breaking()), "{found:#?}");
}

#[test]
fn p9_other_events_under_the_same_version_are_refused() {
    let joined =
        "handles `lot.paid` as well, under the same version: it does not get those that it has passed";
    let left =
        "does not handle `lot.paid` any more, under the same version: what it wrote for it before stays";
    let restart = "write `version = 2` on `tally`: it starts again at the beginning, and needs `#[begin]` or `idempotent = \"…\"`";
    let rebuild =
        "write `version = 2` on `lots`: a second table is built from all events, and replaces the first";
    let (one, both) = (|| empty().projection::<Tally>(), || empty().projection::<TallyOfBoth>());
    refused(one(), both(), &format!("projection tally v1: {joined}"), restart);
    refused(both(), one(), &format!("projection tally v1: {left}"), restart);
    let (one, both) = (|| empty().read_model::<Lots>(), || empty().read_model::<LotsOfBoth>());
    refused(one(), both(), &format!("read model lots v1: {joined}"), rebuild);
    refused(both(), one(), &format!("read model lots v1: {left}"), rebuild);
}

#[test]
fn p9_other_events_pass_where_nothing_was_passed_over() {
    passes(
        empty().projection::<Tally>(),
        empty().projection::<TallyRaised>(),
        &["projection tally v2: has version 2, 1 before", "projection tally v2: handles `lot.paid` as well"],
    );
    passes(
        empty().read_model::<Lots>(),
        empty().read_model::<LotsRaised>(),
        &["read model lots v2: has version 2, 1 before", "read model lots v2: handles `lot.paid` as well"],
    );
    // An event that is new is stored nowhere.
    passes(
        empty().projection::<Tally>(),
        empty().projection::<TallyOfThree>(),
        &["projection tally v1: handles `lot.sent` as well", "event lot.sent v1: is new"],
    );
    let joined = ["projection tally v1: handles `lot.paid` as well"];
    passes(empty().projection::<Inline>(), empty().projection::<InlineOfBoth>(), &joined);
    let known = || empty().events_of::<Two>();
    let joined = ["reactor mails v1: handles `lot.paid` as well"];
    passes(known().reactor::<Mails>(), known().reactor::<MailsOfBoth>(), &joined);
    let left = ["reactor mails v1: does not handle `lot.paid` any more"];
    passes(known().reactor::<MailsOfBoth>(), known().reactor::<Mails>(), &left);
    // An event that is gone is named once, as the event.
    let found = changes(empty().projection::<TallyOfThree>(), empty().projection::<Tally>());
    let breaking: Vec<_> =
        found.iter().filter(|change| change.is_breaking()).map(ToString::to_string).collect();
    assert_eq!(breaking.len(), 1, "{found:#?}");
    assert!(breaking[0].starts_with("event lot.sent v1: is gone"), "{breaking:?}");
}

#[test]
fn p12_a_lowered_version_is_refused_where_a_store_refuses_it() {
    refused(
        empty().projection::<TallyRaised>(),
        empty().projection::<TallyOfBoth>(),
        "projection tally v1: has version 1, 2 before: a store that has run version 2 does not run it",
        "write `version = 2` or more on `tally` again",
    );
    refused(
        empty().read_model::<LotsRaised>(),
        empty().read_model::<LotsOfBoth>(),
        "read model lots v1: has version 1, 2 before: a store that has run version 2 does not run it",
        "write `version = 2` or more on `lots` again",
    );
    let lowered = ["reactor mails v1: has version 1, 2 before"];
    passes(empty().reactor::<MailsRaised>(), empty().reactor::<Mails>(), &lowered);
}

#[test]
fn p12_other_partitions_under_the_same_version_are_refused() {
    let continues = "which continues at the partition that is furthest behind";
    let begins = "with which it starts again at the beginning, and needs `#[begin]` or `idempotent = \"…\"`";
    let builds = "with which a second table is built from all events, and replaces the first";
    let cases: [(Catalog, &str, &str, &str); 4] = [
        (empty().reactor::<Mails>(), "reactor", "mails", continues),
        (empty().saga::<Delivery>(), "saga", "delivery", continues),
        (empty().projection::<Tally>(), "projection", "tally", begins),
        (empty().read_model::<Lots>(), "read model", "lots", builds),
    ];
    for (catalog, kind, name, then) in cases {
        let of = |partitions: u16| catalog.clone().partitions(name, partitions);
        for (from, to) in [(1, 4), (4, 1)] {
            refused(
                of(from),
                of(to),
                &format!(
                    "{kind} {name} v1: has {to} partitions, {from} before, under the same version: `build` refuses it"
                ),
                &format!("write `version = 2` on `{name}`, {then}; or `.partitions({from})` again"),
            );
        }
        let noted = format!("{kind} {name} v1: has 4 partitions: noted from now on");
        passes(catalog.clone(), of(4), &[&noted]);
        let gone = format!("{kind} {name} v1: its partitions are not noted any more");
        passes(of(4), catalog.clone(), &[&gone]);
    }
    passes(
        empty().reactor::<Mails>().partitions("mails", 1),
        empty().reactor::<MailsRaised>().partitions("mails", 4),
        &["reactor mails v2: has version 2, 1 before", "reactor mails v2: has 4 partitions, 1 before"],
    );
}

#[tokio::test]
async fn p12_the_catalog_of_an_application_has_the_partitions_of_each_consumer() {
    let app = Kenning::builder(MemoryStore::new())
        .consumers(ConsumerOptions::new().partitions(3))
        .reactor_with(Mails, ConsumerOptions::new().partitions(5))
        .read_model::<Lots>()
        .projection(Inline)
        .saga::<Delivery>(())
        .build()
        .await
        .unwrap();
    let catalog = app.catalog();
    let numbers = ["mails", "lots", "tally", "delivery"].map(|name| catalog.partitions_of(name));
    let saga = numbers[3];
    assert_eq!(numbers, [Some(5), Some(3), None, saga]);
    assert!(saga.is_some());
    app.close().await;
}
