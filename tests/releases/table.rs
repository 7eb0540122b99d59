//! P12: the table of what may change between two releases. The upgrade guide has a rendering of it,
//! and each cell is run, on both stores.

use futures_util::StreamExt as _;
use kenning::store::SagaStore;
use kenning::testing::Lock;
use kenning::{Builder, Catalog, ConsumerOptions, ExecuteError, Kenning, Lends, Start};

use super::aggregates::{self, FoldCorrected, Folded, MoreAggregates};
use super::consumer_kinds::{Nothing as Nobody, base, next_version, other_name};
use super::consumers::Both;
use super::run::{Running, Seen, builder};
use super::tour::{Plan, Told, tour};
use super::{events, new, old};
use crate::support::on_both_stores;

/// What follows events, and who decides on commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Commands,
    ReadModel,
    Projection,
    Inline,
    Reactor,
    Saga,
}

/// How many cells are run at once.
const AT_ONCE: usize = 8;

const KINDS: [(Kind, &str); 6] = [
    (Kind::Commands, "commands"),
    (Kind::ReadModel, "read model"),
    (Kind::Projection, "projection"),
    (Kind::Inline, "inline projection"),
    (Kind::Reactor, "reactor"),
    (Kind::Saga, "saga"),
];

/// What happens when both releases have run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Must {
    /// Both releases do their work, and nothing is lost or done twice.
    Continues,
    /// The older release leaves what the newer one has written to the newer one.
    WaitsForNewer,
    /// The older release answers with an error that says so; the newer one does it.
    Errors,
    /// The newer release is not built before it says where to start.
    Asks,
    /// The newer release is not built, and the error says what to write.
    Refused,
    /// The lock test of the newer release fails.
    LockRefuses,
    /// Sent again under its id, a command of the other release is an error, and has no second effect.
    Differs,
    /// There is no such change.
    None,
}

impl Must {
    const fn text(self) -> &'static str {
        match self {
            Self::Continues => "continues",
            Self::WaitsForNewer => "waits for the newer release",
            Self::Errors => "error until the newer release",
            Self::Asks => "`build` asks where to start",
            Self::Refused => "`build` refuses",
            Self::LockRefuses => "lock test fails",
            Self::Differs => "sent again: an error",
            Self::None => "–",
        }
    }
}

/// A kind of change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    EventAdded,
    EventRemoved,
    EventRenamed,
    EventVersionRaised,
    FieldAdded,
    FieldRemoved,
    FieldRenamed,
    CommandFieldAdded,
    CommandFieldRemoved,
    CommandFieldRenamed,
    AggregateAdded,
    AggregateRenamed,
    AggregateRemoved,
    FoldCorrected,
    Added,
    AddedWithStart,
    Renamed,
    RenamedFrom,
    Removed,
    VersionRaised,
    PartitionsChanged,
    PartitionsChangedWithVersion,
}

use Must::{Asks, Continues, Differs, Errors, LockRefuses, None as Nothing, Refused, WaitsForNewer};

const REFUSED: [Must; 6] = [LockRefuses; 6];
const FINE: [Must; 6] = [Continues; 6];

const fn of_commands(must: Must) -> [Must; 6] {
    [must, Nothing, Nothing, Nothing, Nothing, Nothing]
}

/// The table. Columns as in [`KINDS`].
const TABLE: &[(Change, &str, [Must; 6])] = &[
    (
        Change::EventAdded,
        "an event is added to an aggregate and to its consumers",
        [Errors, WaitsForNewer, WaitsForNewer, Continues, WaitsForNewer, WaitsForNewer],
    ),
    (
        Change::EventVersionRaised,
        "the version of an event is raised, with `from(…)`",
        [Errors, WaitsForNewer, WaitsForNewer, Continues, WaitsForNewer, WaitsForNewer],
    ),
    (Change::EventRemoved, "an event is removed", REFUSED),
    (Change::EventRenamed, "an event is renamed", REFUSED),
    (Change::FieldAdded, "an optional field is added to an event", FINE),
    (Change::FieldRemoved, "a field of an event is removed", REFUSED),
    (Change::FieldRenamed, "a field of an event is renamed", REFUSED),
    (Change::CommandFieldAdded, "an optional field is added to a command", of_commands(Continues)),
    (Change::CommandFieldRemoved, "a field of a command is removed", of_commands(Differs)),
    (Change::CommandFieldRenamed, "a field of a command is renamed", of_commands(Differs)),
    (Change::AggregateAdded, "an aggregate is added", FINE),
    (Change::AggregateRenamed, "the category of an aggregate is renamed", REFUSED),
    (Change::AggregateRemoved, "an aggregate is removed", REFUSED),
    (Change::FoldCorrected, "a fold is corrected, with `fold = n`", FINE),
    (
        Change::Added,
        "one is added to a store with events",
        [Continues, Continues, Continues, Continues, Asks, Asks],
    ),
    (
        Change::AddedWithStart,
        "the same, with `ConsumerOptions::start`",
        [Nothing, Nothing, Nothing, Nothing, Continues, Continues],
    ),
    (
        Change::Renamed,
        "one is renamed, without `renamed_from`",
        [Nothing, Continues, Continues, Continues, Asks, Asks],
    ),
    (
        Change::RenamedFrom,
        "one is renamed, with `renamed_from`",
        [Nothing, Nothing, Continues, Nothing, Continues, Nothing],
    ),
    (Change::Removed, "one is removed", [Nothing, Continues, Continues, Continues, Continues, Continues]),
    (
        Change::VersionRaised,
        "its version is raised",
        [Nothing, Continues, Refused, Continues, Continues, Continues],
    ),
    (
        Change::PartitionsChanged,
        "other partitions, same version",
        [Nothing, Refused, Refused, Nothing, Refused, Refused],
    ),
    (
        Change::PartitionsChangedWithVersion,
        "other partitions, raised version",
        [Nothing, Continues, Nothing, Nothing, Continues, Continues],
    ),
];

/// The table as the upgrade guide has it.
fn rendered() -> String {
    let mut text = String::from("| the change |");
    KINDS.iter().for_each(|(_, name)| text.push_str(&format!(" {name} |")));
    text.push_str("\n|--|--|--|--|--|--|--|\n");
    for (_, change, cells) in TABLE {
        text.push_str(&format!("| {change} |"));
        cells.iter().for_each(|cell| text.push_str(&format!(" {} |", cell.text())));
        text.push('\n');
    }
    text
}

#[test]
fn p12_the_upgrade_guide_has_the_table_that_is_run() {
    let page = include_str!("../../runtime/src/docs/upgrades.md");
    assert!(page.contains(&rendered()), "write this into upgrades.md:\n{}", rendered());
}

on_both_stores! {
    p12_each_cell_of_the_table_is_as_it_says
}

async fn p12_each_cell_of_the_table_is_as_it_says<H: Both>(_: H) {
    let cells = TABLE.iter().flat_map(|(change, _, cells)| {
        let kinds = KINDS.iter().zip(cells).filter(|(_, must)| **must != Must::None);
        kinds.map(move |((kind, name), must)| async move {
            let found = observed::<H>(*change, *kind, *must).await;
            (found != Ok(*must))
                .then(|| format!("{change:?} {name}: {} expected, {found:?} found", must.text()))
        })
    });
    // Most of the time is spent waiting for leases.
    let wrong = futures_util::stream::iter(cells).buffer_unordered(AT_ONCE);
    let wrong: Vec<String> = wrong.filter_map(std::future::ready).collect().await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What the table needs of a release.
pub trait Release {
    /// With what is of one kind.
    fn with<S: SagaStore<Transaction: Lends<()>>>(
        builder: Builder<S>,
        kind: Kind,
        seen: &Seen,
        options: ConsumerOptions,
    ) -> Builder<S>;

    fn catalog() -> Catalog;

    /// Writes the event that the change is about; `Ok(false)`: this release cannot decide on the stream.
    async fn write(app: &Kenning, id: u64) -> Result<bool, String>;
}

/// What an `execute` says for [`Release::write`].
pub fn answer<T, R: std::error::Error>(answer: Result<T, ExecuteError<R>>) -> Result<bool, String> {
    match answer {
        Ok(_) => Ok(true),
        Err(ExecuteError::Rehydrate(_)) => Ok(false),
        Err(error) => Err(error.to_string()),
    }
}

async fn observed<H: Both>(change: Change, kind: Kind, must: Must) -> Result<Must, String> {
    let start = || ConsumerOptions::new().start(Start::Beginning);
    let plain = ConsumerOptions::new;
    let plan = |before, after, same| Plan { before, after, same, taken: false };
    match change {
        Change::EventAdded => overlapped::<H, old::Old, new::WithRefund>(kind).await,
        Change::EventRemoved => refused_by_lock::<new::New, old::Old>(),
        Change::EventRenamed => refused_by_lock::<events::Base, events::EventRenamed>(),
        Change::EventVersionRaised => overlapped::<H, old::Old, new::New>(kind).await,
        Change::FieldAdded => overlapped::<H, events::Base, events::Added>(kind).await,
        Change::FieldRemoved => refused_by_lock::<events::Base, events::Removed>(),
        Change::FieldRenamed => refused_by_lock::<events::Base, events::Renamed>(),
        Change::CommandFieldAdded | Change::CommandFieldRemoved | Change::CommandFieldRenamed => {
            aggregates::command::<H>(change).await
        }
        Change::AggregateAdded => {
            followed::<H, base::All, MoreAggregates>(kind, must, plan(start(), start(), true)).await
        }
        Change::AggregateRenamed => refused_by_lock::<base::All, aggregates::Renamed>(),
        Change::AggregateRemoved => refused_by_lock::<base::All, aggregates::Removed>(),
        Change::FoldCorrected => {
            followed::<H, Folded, FoldCorrected>(kind, must, plan(start(), start(), true)).await
        }
        Change::Added => followed::<H, Nobody, base::All>(kind, must, plan(plain(), plain(), false)).await,
        Change::AddedWithStart => {
            followed::<H, Nobody, base::All>(kind, must, plan(plain(), start(), false)).await
        }
        Change::Renamed => {
            followed::<H, base::All, other_name::All>(kind, must, plan(start(), plain(), false)).await
        }
        Change::RenamedFrom => {
            let former = base::All::name(kind).unwrap_or_default();
            let plan = Plan { taken: true, ..plan(start(), plain().renamed_from(former), true) };
            // Nothing has the former name where the newer release ran first.
            tour::<H, base::All, other_name::All>(kind, plan, false).await
        }
        Change::Removed => followed::<H, base::All, Nobody>(kind, must, plan(start(), plain(), false)).await,
        Change::VersionRaised => {
            let plan = Plan { taken: kind == Kind::ReadModel, ..plan(start(), start(), true) };
            followed::<H, base::All, next_version::All>(kind, must, plan).await
        }
        Change::PartitionsChanged => {
            followed::<H, base::All, base::All>(kind, must, plan(start(), start().partitions(3), true)).await
        }
        Change::PartitionsChangedWithVersion => {
            let plan = plan(start(), start().partitions(3), true);
            let plan = Plan { taken: kind == Kind::ReadModel, ..plan };
            followed::<H, base::All, next_version::All>(kind, must, plan).await
        }
    }
}

/// The tour, from either release first where both are built.
async fn followed<H: Both, A: Told, B: Told>(kind: Kind, must: Must, plan: Plan) -> Result<Must, String> {
    if locked::<A, B>() {
        return Ok(Must::LockRefuses);
    }
    let older_first = tour::<H, A, B>(kind, plan.clone(), false).await?;
    if older_first != Must::Continues || must != Must::Continues {
        return Ok(older_first);
    }
    tour::<H, A, B>(kind, plan, true).await.map_err(|error| format!("the newer release first: {error}"))
}

fn refused_by_lock<A: Release, B: Release>() -> Result<Must, String> {
    if locked::<A, B>() { Ok(Must::LockRefuses) } else { Err("the lock test passes".to_owned()) }
}

fn locked<A: Release, B: Release>() -> bool {
    Lock::of(&A::catalog())
        .compare(&Lock::of(&B::catalog()))
        .iter()
        .any(kenning::testing::Change::is_breaking)
}

/// The older release runs while the newer one writes, and after it has been rolled back; then the
/// newer one runs.
async fn overlapped<H: Both, A: Release, B: Release>(kind: Kind) -> Result<Must, String> {
    if locked::<A, B>() {
        return Ok(Must::LockRefuses);
    }
    let (home, seen) = (H::new().await, Seen::default());
    let build = |error: kenning::BuildError| error.to_string();
    let older =
        A::with(builder(&home).await, kind, &seen, ConsumerOptions::new()).build().await.map_err(build)?;
    A::write(&older, 1).await?;
    let newer =
        B::with(builder(&home).await, kind, &seen, ConsumerOptions::new()).build().await.map_err(build)?;
    let running = Running::new(older);
    if !B::write(&newer, 1).await? {
        return Err("the newer release cannot read what the older has written".to_owned());
    }
    let found = match kind {
        Kind::Commands => match A::write(&running.app, 1).await? {
            true => Must::Continues,
            false => Must::Errors,
        },
        // It follows the appends of its release alone.
        Kind::Inline => match A::write(&running.app, 2).await? {
            true => Must::Continues,
            false => Must::Errors,
        },
        _ => until_done_or_waiting(&running.app).await?,
    };
    running.stop().await;
    newer.run_until_idle().await.map_err(|error| error.to_string())?;
    let parked = newer.parked().list().await.map_err(|error| error.to_string())?;
    if !parked.is_empty() {
        return Err(format!("{} events are parked", parked.len()));
    }
    if kind != Kind::Commands && seen.all().is_empty() {
        return Err("nothing was seen".to_owned());
    }
    Ok(found)
}

async fn until_done_or_waiting(app: &Kenning) -> Result<Must, String> {
    super::run::until("the older release is at the end, or waits", async || {
        let statuses = app.consumers().await.ok()?;
        if statuses.iter().any(|status| status.failed > 0) {
            return Some(Err("an event is parked".to_owned()));
        }
        let waits = |status: &kenning::ConsumerStatus| {
            status.partitions.iter().any(|partition| partition.waits_for.is_some())
        };
        if statuses.iter().any(waits) {
            return Some(Ok(Must::WaitsForNewer));
        }
        let done = !statuses.is_empty() && statuses.iter().all(|status| status.lag_positions == 0);
        done.then_some(Ok(Must::Continues))
    })
    .await
}
