//! A tour through all ways to deploy a release, for one kind of consumer: what each event has caused at the end of it.

use std::collections::{BTreeMap, BTreeSet};

use kenning::{BuildError, ConsumerOptions, Kenning};

use super::consumers::Both;
use super::old::Pick;
use super::run::{Running, Seen, builder, until};
use super::table::{Kind, Must, Release};

/// The streams that are written to. Every release appends to each of them, in turn with the other one.
const STREAMS: [u64; 2] = [1, 2];

/// What a release of the table tells of its consumers.
pub trait Told: Release {
    /// The names of its consumers.
    const NAMES: &'static [(Kind, &'static str)];

    /// What its read model has: the ids, and how many events each has seen.
    async fn rows(app: &Kenning) -> Vec<(u64, u64)>;

    fn name(kind: Kind) -> Option<&'static str> {
        Self::NAMES.iter().find(|(known, _)| *known == kind).map(|(_, name)| *name)
    }
}

/// How the options of both releases are, and what becomes of the consumer in the older one.
#[derive(Clone)]
pub struct Plan {
    pub before: ConsumerOptions,
    pub after: ConsumerOptions,
    /// The older release does not run the consumer once the newer one has.
    pub taken: bool,
    /// The newer one has the consumer of the older one, under whatever name.
    pub same: bool,
}

struct Tour<'a> {
    kind: Kind,
    seen: &'a Seen,
    /// The appends to each stream, by the older release and by the newer one.
    appended: (u64, u64),
    /// What was seen when everything was done that had been appended. It may not be seen again.
    settled: BTreeSet<String>,
    marked: usize,
    wrong: Vec<String>,
}

impl Tour<'_> {
    async fn older<A: Release>(&mut self, app: &Kenning) -> Result<(), String> {
        self.appended.0 += 1;
        write::<A>(app).await
    }

    async fn newer<B: Release>(&mut self, app: &Kenning) -> Result<(), String> {
        self.appended.1 += 1;
        write::<B>(app).await
    }

    /// Waits until a consumer has done everything. What was done before is not done again from here on.
    async fn settle(&mut self, app: &Kenning, consumer: Option<&str>) {
        let Some(consumer) = consumer else { return };
        if self.kind != Kind::Inline {
            until(&format!("{consumer} is at the end"), async || {
                let status = app.consumer(consumer).status().await.ok()?;
                let stored = status.partitions.iter().map(|partition| partition.position).min()?;
                let log = app.health().await.ok()?;
                (status.lag_positions == 0 || stored >= log.watermark).then_some(())
            })
            .await;
        }
        self.look();
        if matches!(self.kind, Kind::Projection) {
            // What another consumer has seen may not be committed.
            let own = format!("{consumer} ");
            self.settled.extend(self.seen.raw().into_iter().filter(|note| note.starts_with(&own)));
        }
    }

    /// Notes what was seen twice.
    fn look(&mut self) {
        let seen = self.seen.raw();
        let again = seen.iter().skip(self.marked).filter(|note| self.settled.contains(*note));
        self.wrong.extend(again.map(|note| format!("done again: {note}")));
        self.marked = seen.len();
    }
}

async fn write<R: Release>(app: &Kenning) -> Result<(), String> {
    for id in STREAMS {
        if !R::write(app, id).await? {
            return Err("a stream cannot be loaded".to_owned());
        }
    }
    Ok(())
}

/// Each release before the other, both at once, and a canary that dies; then everything that was appended has been done once.
pub async fn tour<H: Both, A: Told, B: Told>(
    kind: Kind,
    plan: Plan,
    newer_first: bool,
) -> Result<Must, String> {
    let (home, seen) = (H::new().await, Seen::default());
    let mut tour =
        Tour { kind, seen: &seen, appended: (0, 0), settled: BTreeSet::new(), marked: 0, wrong: Vec::new() };
    let text = |error: &dyn std::error::Error| error.to_string();
    let Plan { before, after, taken, same } = plan;
    let (of_older, of_newer) = (A::name(kind), B::name(kind));
    let of_older_later = of_older.filter(|_| !taken);
    if newer_first {
        let newer = B::with(builder(&home).await, kind, &seen, after.clone()).build().await;
        let newer = Running::new(newer.map_err(|error| text(&error))?);
        tour.newer::<B>(&newer.app).await?;
        tour.settle(&newer.app, of_newer).await;
        newer.stop().await;
    }
    let older = A::with(builder(&home).await, kind, &seen, before).build().await;
    let older = match older {
        Ok(older) => Running::new(older),
        // To the store, the older one is the one that comes later.
        Err(_) if newer_first => return Ok(Must::Continues),
        Err(error) => return Err(text(&error)),
    };
    tour.older::<A>(&older.app).await?;
    tour.settle(&older.app, if newer_first { of_older_later } else { of_older }).await;

    // Both run.
    let newer = match B::with(builder(&home).await, kind, &seen, after).build().await {
        Ok(newer) => newer,
        Err(error) => return refused(&error),
    };
    let newer = Running::new(newer);
    tour.newer::<B>(&newer.app).await?;
    tour.older::<A>(&older.app).await?;
    tour.settle(&newer.app, of_newer).await;

    // The newer one alone.
    let older = older.stop().await;
    tour.newer::<B>(&newer.app).await?;
    tour.settle(&newer.app, of_newer).await;

    // It is rolled back.
    let newer = newer.stop().await;
    let older = Running::new(older);
    tour.older::<A>(&older.app).await?;
    tour.settle(&older.app, of_older_later).await;

    // A canary that dies.
    let canary = Running::new(newer.clone());
    tour.newer::<B>(&canary.app).await?;
    canary.kill().await;
    tour.older::<A>(&older.app).await?;
    tour.settle(&older.app, of_older_later).await;

    // The newer one again.
    let older = older.stop().await;
    let newer = Running::new(newer);
    tour.newer::<B>(&newer.app).await?;
    tour.settle(&newer.app, of_newer).await;
    let newer = newer.stop().await;
    newer.run_until_idle().await.map_err(|error| text(&error))?;
    // What only the older one has is done by it.
    if !same {
        older.run_until_idle().await.map_err(|error| text(&error))?;
    }
    tour.look();
    let parked = newer.parked().list().await.map_err(|error| text(&error))?;
    tour.wrong.extend(parked.iter().map(|parked| format!("parked: {parked:?}")));
    let names = [of_older, of_newer].into_iter().flatten().collect();
    check::<A, B>(&mut tour, &older, &newer, names, same).await;
    match &*tour.wrong {
        [] => Ok(Must::Continues),
        wrong => Err(wrong.join("; ")),
    }
}

fn refused(error: &BuildError) -> Result<Must, String> {
    match error.to_string() {
        text if text.contains("say where it starts") => Ok(Must::Asks),
        text if text.contains("version") => Ok(Must::Refused),
        text => Err(text),
    }
}

/// Everything was done once, and in its order.
async fn check<A: Told, B: Told>(
    tour: &mut Tour<'_>,
    older: &Kenning,
    newer: &Kenning,
    names: BTreeSet<&str>,
    same: bool,
) {
    let (by_older, by_newer) = tour.appended;
    let all = by_older + by_newer;
    match tour.kind {
        Kind::Commands => {}
        Kind::ReadModel => {
            let rows = STREAMS.map(|id| (id, all)).to_vec();
            let mut found = Vec::new();
            if A::name(tour.kind).is_some() && !same {
                found.push(A::rows(older).await);
            }
            if B::name(tour.kind).is_some() {
                found.push(B::rows(newer).await);
            }
            let wrong = found.into_iter().filter(|found| *found != rows);
            tour.wrong.extend(wrong.map(|found| format!("rows {found:?}, not {rows:?}")));
        }
        Kind::Reactor => {
            for id in STREAMS {
                let times = newer.load::<Pick>(id).await.expect("the store answers").times;
                if times != all {
                    tour.wrong.push(format!("{times} picks of {id}, not {all}"));
                }
            }
        }
        Kind::Projection | Kind::Inline | Kind::Saga => {
            // By name and stream: the versions, and the keys of a saga's step, in the order in which they were seen first.
            let mut done: BTreeMap<(String, String), Vec<(u64, String)>> = BTreeMap::new();
            for note in tour.seen.raw() {
                let mut words = note.split(' ').map(str::to_owned);
                let (Some(name), Some(stream), Some(version)) = (words.next(), words.next(), words.next())
                else {
                    continue;
                };
                let name = if same { "one consumer".to_owned() } else { name };
                let version = (version.parse().unwrap_or_default(), words.next().unwrap_or_default());
                let versions = done.entry((name, stream)).or_default();
                if !versions.contains(&version) {
                    versions.push(version);
                }
            }
            let groups = if same { 1 } else { names.len() } * STREAMS.len();
            if done.len() != groups {
                tour.wrong.push(format!("seen by {:?}, not by {groups}", done.keys()));
            }
            for ((name, stream), mut versions) in done {
                let many = match (tour.kind, same) {
                    // It follows the appends of its release alone.
                    (Kind::Inline, false) if Some(&*name) == A::name(Kind::Inline) => by_older,
                    (Kind::Inline, false) => by_newer,
                    _ => all,
                };
                if tour.kind == Kind::Saga {
                    // Instances run beside each other.
                    versions.sort();
                }
                let ascends = versions.is_sorted_by(|one, next| one.0 < next.0);
                if versions.len() as u64 != many || !ascends {
                    tour.wrong.push(format!("{name} has done {versions:?} of {stream}, not {many} in order"));
                }
            }
        }
    }
}
