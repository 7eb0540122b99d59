//! A worker of a storm: it sends commands, appends and starts sagas, and keeps a history; it runs
//! the consumers too.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use kenning::saga::{SagaOptions, StartError};
use kenning::store::{AppendError, EventStore, StoreError, StreamQuery};
use kenning::{BuildError, ConsumerOptions, ExecuteError, Executed, Kenning, PostgresStore, StreamName};
use sqlx::postgres::PgPoolOptions;
use uuid::Uuid;

use super::domain::{Errand, Errands, TallyRow, TallySeen};
use super::history::{Answer, History, Line, now};
use crate::storm::{Add, OddTotal, Tally, TallyEvent, number_of, numbered};

/// How often a request is repeated under its id.
const ATTEMPTS: u32 = 400;

/// The application of a storm, on a store that is reached by `url`.
///
/// # Errors
/// If the store is not suitable.
///
/// # Panics
/// If the URL is none.
pub async fn application(store: PostgresStore, url: &str) -> Result<Kenning, BuildError> {
    // As a service has to: a session that was opened in a read-only window stays read-only.
    let is_writable = "select current_setting('transaction_read_only') = 'off'";
    let pool = PgPoolOptions::new()
        .max_connections(4)
        .before_acquire(move |session, _| {
            Box::pin(async move { sqlx::query_scalar(is_writable).fetch_one(session).await })
        })
        .connect_lazy(url)
        .expect("a URL");
    Kenning::builder(store)
        .lease(Duration::from_millis(1_500))
        .sagas(SagaOptions::new().concurrency(8).poll(Duration::from_millis(100)))
        .aggregate::<Tally>()
        .read_model_with::<TallyRow>(ConsumerOptions::new().batch(50).partitions(2))
        .projection_with(TallySeen, ConsumerOptions::new().batch(20).partitions(2))
        .saga::<Errand>(Errands { pool })
        .build()
        .await
}

/// One process's part of a storm.
pub struct Worker {
    /// The application.
    pub app: Kenning,
    /// Its store.
    pub store: PostgresStore,
    /// What is asked and answered.
    pub history: Arc<History>,
    /// The number of tallies.
    pub tallies: u32,
    /// Whether to end.
    pub calm: AtomicBool,
}

impl Worker {
    /// Works until it is calm. Each task of a process has its own seed.
    pub async fn rage(&self, seed: u64) {
        let mut rng = fastrand::Rng::with_seed(seed);
        while !self.calm.load(Ordering::Acquire) {
            match rng.u32(0..100) {
                0..50 => self.command(&mut rng).await,
                50..65 => self.lone_command(&mut rng).await,
                65..75 => self.append(&mut rng).await,
                75..90 => self.waiting_command(&mut rng).await,
                _ => self.saga(&mut rng).await,
            }
            tokio::time::sleep(Duration::from_millis(rng.u64(0..4))).await;
        }
    }

    fn tally(&self, rng: &mut fastrand::Rng) -> u32 {
        if rng.bool() { rng.u32(0..3) } else { rng.u32(0..self.tallies) }
    }

    fn ask(&self, rng: &mut fastrand::Rng) -> Add {
        let command =
            Add { tally: self.tally(rng), tag: Uuid::now_v7(), events: rng.u64(1..4), even_only: rng.bool() };
        let stream = format!("tally-{}", command.tally);
        self.history.write(&Line::Asked { tag: command.tag, stream, events: command.events, at: now() });
        command
    }

    /// A command with an id, repeated until its outcome is known, and sometimes once more.
    async fn command(&self, rng: &mut fastrand::Rng) {
        let command = self.ask(rng);
        for _ in 0..ATTEMPTS {
            let told = self.app.execute(command.clone()).id(command.tag).await;
            let again = match &told {
                Err(ExecuteError::Store(StoreError::OutcomeUnknown { .. })) => true,
                Err(error) => error.is_retryable(),
                Ok(_) => rng.u32(0..4) == 0,
            };
            self.told(&command, told);
            if !again {
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }

    async fn lone_command(&self, rng: &mut fastrand::Rng) {
        let command = self.ask(rng);
        let told = self.app.execute(command.clone()).await;
        self.told(&command, told);
    }

    async fn append(&self, rng: &mut fastrand::Rng) {
        let stream = format!("tally-{}", self.tally(rng));
        let name = StreamName::parse(&stream).expect("the name of a tally's stream");
        let mut newest = self.store.read_stream(StreamQuery::backwards(name).limit(1));
        let Ok(newest) = newest.next().await.transpose() else { return };
        let version = newest.map_or(0, |event| event.metadata.version.get());
        let (tag, events) = (Uuid::now_v7(), rng.u64(1..4));
        self.history.write(&Line::Asked { tag, stream: stream.clone(), events, at: now() });
        let answer = match self.store.append(numbered(tag, &[(stream, version)], events)).await {
            Ok(appended) => Answer::Accepted(appended.streams[0].version.get()),
            Err(AppendError::Store(error @ StoreError::OutcomeUnknown { .. })) => unknown(&error),
            Err(error) => Answer::Nothing(format!("{error:?}")),
        };
        self.history.answered(tag, answer);
    }

    /// A command whose read model is waited for: the row has its events afterwards.
    async fn waiting_command(&self, rng: &mut fastrand::Rng) {
        let command = self.ask(rng);
        let told = self
            .app
            .execute(command.clone())
            .wait_for::<TallyRow>()
            .wait_timeout(Duration::from_secs(3))
            .await;
        let accepted = told.as_ref().ok().map(|executed| executed.version().get());
        self.told(&command, told);
        let Some(version) = accepted else { return };
        let row =
            self.app.query::<TallyRow>().filter(TallyRow::TALLY.eq(command.tally)).fetch_optional().await;
        let Ok(row) = row else { return };
        let events = row.map_or(0, |row| row.events.cast_unsigned());
        if events < version {
            let wrong =
                format!("tally {}: waited for version {version}, the row has {events}", command.tally);
            self.history.wrong(wrong);
        }
    }

    async fn saga(&self, rng: &mut fastrand::Rng) {
        let errand = Errand { tag: Uuid::now_v7(), tally: self.tally(rng) };
        let stream = format!("tally-{}", errand.tally);
        self.history.write(&Line::Starting { tag: errand.tag, stream, at: now() });
        for _ in 0..ATTEMPTS {
            match self.app.start(errand.clone()).await {
                Ok(_) => return self.history.answered(errand.tag, Answer::Accepted(0)),
                Err(StartError::Store(error)) => self.history.answered(errand.tag, unknown(&error)),
                Err(error) => return self.history.wrong(format!("{}: {error:?}", errand.tag)),
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }

    fn told(&self, command: &Add, told: Result<Executed<TallyEvent>, ExecuteError<OddTotal>>) {
        let answer = match told {
            Ok(executed) => {
                let numbers: Vec<u64> = executed.events().iter().map(number_of).collect();
                let reached = executed.version().get();
                if numbers.len() as u64 != command.events || numbers.last() != Some(&reached) {
                    self.history.wrong(format!("{} is answered {numbers:?} at {reached}", command.tag));
                }
                Answer::Accepted(reached)
            }
            Err(ExecuteError::NotSeen { version, .. }) => Answer::Accepted(version.get()),
            Err(ExecuteError::Store(error @ StoreError::OutcomeUnknown { .. })) => unknown(&error),
            Err(error @ ExecuteError::DuplicateCommand { .. }) => {
                self.history.wrong(format!("{}: {error:?}", command.tag));
                Answer::Unknown(format!("{error:?}"))
            }
            Err(error) => Answer::Nothing(format!("{error:?}")),
        };
        self.history.answered(command.tag, answer);
    }
}

fn unknown(error: &StoreError) -> Answer {
    Answer::Unknown(format!("{error:?}"))
}
