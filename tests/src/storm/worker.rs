//! A writer of a storm: commands, plain appends and transactions of its own, each journalled.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use kenning::store::{
    Append, AppendError, Appended, Expect, NewEvent, StoreError, StreamQuery, TransactionalStore,
};
use kenning::{EncodedEvent, ExecuteError, Executed, Kenning, StreamName};
use tokio::sync::watch;
use uuid::Uuid;

use super::journal::{Entry, Intent, Journal, Outcome};
use super::tally::{Add, Added, OddTotal, TallyEvent};

/// One process's part of a storm.
pub struct Storm<S> {
    /// The application, on the same store.
    pub app: Kenning,
    /// The store.
    pub store: S,
    /// Where every attempt is written down.
    pub journal: Arc<Journal>,
    /// How many tallies there are to write to.
    pub tallies: u32,
    /// How long a transaction pauses between drawing its positions and its end.
    pub pause: Duration,
}

impl<S: TransactionalStore> Storm<S> {
    /// Writes until `stop` is true. Each task of a process does it with its own seed.
    pub async fn rage(&self, seed: u64, stop: watch::Receiver<bool>) {
        let mut rng = fastrand::Rng::with_seed(seed);
        while !*stop.borrow() {
            match rng.u32(0..100) {
                0..60 => self.command(&mut rng).await,
                60..72 => self.command_twice(&mut rng).await,
                72..84 => self.plain_append(&mut rng).await,
                84..86 => self.stale_append(&mut rng).await,
                86..96 => self.own_transaction(&mut rng, true).await,
                _ => self.own_transaction(&mut rng, false).await,
            }
            if self.store.health().await.is_err() {
                // The server is away: there is no use in filling the journal with refusals.
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }

    fn tally(&self, rng: &mut fastrand::Rng) -> u32 {
        // A third of the writes meet in a few streams, the others are spread.
        if rng.u32(0..3) == 0 { rng.u32(0..4.min(self.tallies)) } else { rng.u32(0..self.tallies) }
    }

    fn intend(&self, streams: Vec<String>, events: u64) -> Intent {
        let intent = Intent { tag: Uuid::now_v7(), streams, events, command: None };
        self.journal.write(&Entry::Intent(intent.clone()));
        intent
    }

    fn answer(&self, tag: Uuid, outcome: Outcome) {
        self.journal.write(&Entry::Outcome(tag, outcome));
    }

    async fn command(&self, rng: &mut fastrand::Rng) {
        let (tally, events) = (self.tally(rng), rng.u64(1..4));
        let intent = self.intend(vec![format!("tally-{tally}")], events);
        let command = Add { tally, tag: intent.tag, events, even_only: rng.bool() };
        let told = self.app.execute(command).await;
        self.answer(intent.tag, attempt(&self.journal, &intent, told));
    }

    /// The same command at the same instant, twice, and once more later: one effect, one answer.
    async fn command_twice(&self, rng: &mut fastrand::Rng) {
        let (tally, events) = (self.tally(rng), rng.u64(1..4));
        let command = Add { tally, tag: Uuid::now_v7(), events, even_only: rng.bool() };
        let streams = vec![format!("tally-{tally}")];
        let intent = Intent { tag: command.tag, streams, events, command: Some(command.clone()) };
        self.journal.write(&Entry::Intent(intent.clone()));
        let send = || async { self.app.execute(command.clone()).id(intent.tag).await };
        let (one, two) = tokio::join!(send(), send());
        for told in [one, two, send().await] {
            self.answer(intent.tag, attempt(&self.journal, &intent, told));
        }
    }

    async fn plain_append(&self, rng: &mut fastrand::Rng) {
        let (stream, events) = (format!("tally-{}", self.tally(rng)), rng.u64(1..4));
        let Ok(version) = version_of(&self.store, &stream).await else { return };
        let intent = self.intend(vec![stream.clone()], events);
        let told = self.store.append(numbered(intent.tag, &[(stream, version)], events)).await;
        self.answer(intent.tag, outcome_of_append(told));
    }

    /// An expectation that cannot hold.
    async fn stale_append(&self, rng: &mut fastrand::Rng) {
        let stream = format!("tally-{}", self.tally(rng));
        let intent = self.intend(vec![stream.clone()], 1);
        let told = self.store.append(numbered(intent.tag, &[(stream, u64::from(u32::MAX))], 1)).await;
        if let Ok(appended) = &told {
            self.journal.write(&Entry::Broken(format!("a stale append was accepted: {appended:?}")));
        }
        self.answer(intent.tag, outcome_of_append(told));
    }

    /// Two streams in a transaction of the writer's own, which pauses after it has drawn its positions.
    async fn own_transaction(&self, rng: &mut fastrand::Rng, commits: bool) {
        let (one, two) = (self.tally(rng), self.tally(rng));
        let mut targets = Vec::new();
        for tally in if one == two { vec![one] } else { vec![one, two] } {
            let stream = format!("tally-{tally}");
            let Ok(version) = version_of(&self.store, &stream).await else { return };
            targets.push((stream, version));
        }
        let intent = self.intend(targets.iter().map(|(stream, _)| stream.clone()).collect(), 2);
        let pause = if rng.u32(0..10) == 0 { self.pause } else { Duration::ZERO };
        let outcome = self.within_transaction(numbered(intent.tag, &targets, 2), pause, commits).await;
        self.answer(intent.tag, outcome);
    }

    async fn within_transaction(&self, append: Append, pause: Duration, commits: bool) -> Outcome {
        let mut transaction = match self.store.begin().await {
            Ok(transaction) => transaction,
            Err(error) => return Outcome::Refused(format!("begin: {error:?}")),
        };
        let told = outcome_of_append(self.store.append_in(&mut transaction, append).await);
        if !matches!(told, Outcome::Accepted(_)) || !commits {
            tokio::time::sleep(pause).await;
            return match self.store.rollback(transaction).await {
                Ok(()) => Outcome::Refused(format!("rolled back after {told:?}")),
                // The connection is gone, and the server rolls back what was not committed.
                Err(error) => Outcome::Refused(format!("rolled back after {told:?}: {error:?}")),
            };
        }
        tokio::time::sleep(pause).await;
        match self.store.commit(transaction).await {
            Ok(()) => told,
            Err(error) => outcome_of_error(&error),
        }
    }
}

/// What an answer to a command means for its intent; an answer that contradicts itself is journalled.
pub fn attempt(
    journal: &Journal,
    intent: &Intent,
    told: Result<Executed<TallyEvent>, ExecuteError<OddTotal>>,
) -> Outcome {
    match told {
        Ok(executed) => {
            let numbers: Vec<u64> = executed.events().iter().map(number_of).collect();
            let reached = executed.version().get();
            if numbers.len() as u64 != intent.events || numbers.last().is_some_and(|last| *last != reached) {
                let what = format!("{} is answered {numbers:?} at version {reached}", intent.tag);
                journal.write(&Entry::Broken(what));
            }
            Outcome::Accepted(reached)
        }
        Err(ExecuteError::Store(error)) => outcome_of_error(&error),
        Err(error @ ExecuteError::DuplicateCommand { .. }) => {
            journal.write(&Entry::Broken(format!("{}: {error:?}", intent.tag)));
            Outcome::Unknown(format!("{error:?}"))
        }
        Err(error) => Outcome::Refused(format!("{error:?}")),
    }
}

/// The number that an event was decided to have.
#[must_use]
pub fn number_of(event: &TallyEvent) -> u64 {
    let TallyEvent::Added(added) = event;
    added.number
}

/// What the answer to an append means for its intent.
pub fn outcome_of_append(told: Result<Appended, AppendError>) -> Outcome {
    match told {
        Ok(appended) => Outcome::Accepted(appended.streams.first().map_or(0, |first| first.version.get())),
        Err(AppendError::Store(error)) => outcome_of_error(&error),
        Err(error) => Outcome::Refused(format!("{error:?}")),
    }
}

fn outcome_of_error(error: &StoreError) -> Outcome {
    match error {
        StoreError::OutcomeUnknown { .. } => Outcome::Unknown(format!("{error:?}")),
        // The contract: every other error means that nothing is stored.
        _ => Outcome::Refused(format!("{error:?}")),
    }
}

async fn version_of<S: TransactionalStore>(store: &S, stream: &str) -> Result<u64, StoreError> {
    let name = StreamName::parse(stream).expect("a tally's stream has a name");
    let mut newest = store.read_stream(StreamQuery::backwards(name).limit(1));
    Ok(newest.next().await.transpose()?.map_or(0, |event| event.metadata.version.get()))
}

/// An append of so many events to each stream at a version, numbered as they will be stored.
#[must_use]
pub fn numbered(tag: Uuid, targets: &[(String, u64)], events: u64) -> Append {
    let streams = targets.iter().map(|(stream, version)| kenning::store::StreamAppend {
        stream: StreamName::parse(stream).expect("a tally's stream has a name"),
        expect: Expect::Exactly((*version).into()),
        events: (version + 1..=version + events)
            .map(|number| {
                NewEvent::new(EncodedEvent::of(&Added { tag, number }).expect("an event can be encoded"))
            })
            .collect(),
    });
    Append { streams: streams.collect(), command: None }
}
