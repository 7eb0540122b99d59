//! Projections in the transaction of the append whose events they follow.

mod follow;

use std::sync::Arc;
use std::time::Duration;

use metrics::counter;

use self::follow::{Failed, Follow};
use crate::consumer::ConsumerOptions;
use crate::event_set::EventSet;
use crate::projection::{HandlerError, Lends, Projection};
use crate::store::{
    Append, AppendError, Appended, BoxFuture, ConsumerKind, ConsumerStore, StoreError, Timeline,
};

/// How often an append is tried whose connection died, when it is proven not to have been stored.
const ATTEMPTS: u32 = 6;

/// How long the pause after the first of these attempts is at the most; each further one may be twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(10);

/// How much longer than all handlers together a transaction may idle before the server ends it.
const GRACE: Duration = Duration::from_secs(5);

/// An inline projection, as it was registered.
pub(super) struct Inline<S> {
    name: &'static str,
    /// The persisted names of the events that it handles.
    events: Vec<&'static str>,
    /// `None`: what the builder says for all consumers.
    options: Option<ConsumerOptions>,
    follow: Box<dyn Follow<S>>,
}

impl<S: ConsumerStore> Inline<S> {
    pub(super) fn new<P: Projection>(projection: P, options: Option<ConsumerOptions>) -> Self
    where
        S::Transaction: Lends<P::Transaction>,
    {
        let handled = P::Events::EVENTS.iter().map(|info| info.name);
        Self {
            name: P::NAME,
            events: handled.filter(|name| !P::IGNORED.contains(name)).collect(),
            options,
            follow: Box::new(follow::Of(projection)),
        }
    }
}

impl<S> Inline<S> {
    /// Whether it handles an event of the append.
    fn concerns(&self, append: &Append) -> bool {
        let mut events = append.streams.iter().flat_map(|target| &target.events);
        events.any(|event| self.events.contains(&&*event.name))
    }
}

/// The appends that inline projections follow.
pub(super) trait InlineAppend: Send + Sync {
    /// Whether any of them handles an event of the append.
    fn concerns(&self, append: &Append) -> bool;

    /// Appends, has the projections follow the events, and commits: all of it, or nothing.
    ///
    /// The append was decided on `timeline`: on another one nothing is stored.
    fn append(&self, timeline: Timeline, append: Append) -> BoxFuture<'_, Result<Appended, Unstored>>;
}

/// Why an append was not done.
pub(super) enum Unstored {
    Append(AppendError),
    Projection { projection: &'static str, source: HandlerError },
}

impl From<StoreError> for Unstored {
    fn from(error: StoreError) -> Self {
        Self::Append(error.into())
    }
}

/// Why an inline projection did not follow events of a transaction that is not its own.
pub(crate) enum NotFollowed {
    /// The transaction was rolled back in favour of another one.
    TurnedBack(StoreError),
    /// The connection died, or the database is away.
    Lost(StoreError),
    /// It failed by itself.
    Failed {
        projection: &'static str,
        source: HandlerError,
        /// It was left in the middle of something.
        stuck: bool,
    },
}

/// The inline projections of an application.
pub(crate) struct Inlines<S> {
    store: Arc<S>,
    projections: Vec<(Inline<S>, Duration)>,
    /// How long a transaction may idle.
    idle: Duration,
}

impl<S: ConsumerStore> Inlines<S> {
    /// `others`: how those are run that have no options of their own.
    pub(super) fn open(
        store: Arc<S>,
        projections: Vec<Inline<S>>,
        others: &ConsumerOptions,
    ) -> (Arc<Self>, Arc<dyn InlineAppend>) {
        let timeout = |inline: &Inline<S>| inline.options.as_ref().unwrap_or(others).timeout;
        let timeouts: Vec<Duration> = projections.iter().map(timeout).collect();
        let idle = timeouts.iter().fold(GRACE, |sum, timeout| sum.saturating_add(*timeout));
        let projections = projections.into_iter().zip(timeouts).collect();
        let inlines = Arc::new(Self { store, projections, idle });
        let append: Arc<dyn InlineAppend> = Arc::<Self>::clone(&inlines);
        (inlines, append)
    }

    /// How long a transaction may idle that they follow.
    pub(crate) fn idle(&self) -> Duration {
        self.idle
    }

    /// Has them follow an append within the transaction that has done it.
    pub(crate) async fn follow(
        &self,
        transaction: &mut S::Transaction,
        append: &Append,
        appended: &Appended,
    ) -> Result<(), NotFollowed> {
        match self.follow_all(transaction, append, appended).await {
            Ok(()) => Ok(()),
            Err((_, Failed::TurnedBack(source))) => {
                Err(NotFollowed::TurnedBack(StoreError::Contention(source)))
            }
            Err((_, Failed::Lost(source))) => Err(NotFollowed::Lost(StoreError::Unavailable(source))),
            Err((inline, Failed::Handler { source, stuck })) => {
                failed(inline.name);
                Err(NotFollowed::Failed { projection: inline.name, source, stuck })
            }
        }
    }

    async fn follow_all(
        &self,
        transaction: &mut S::Transaction,
        append: &Append,
        appended: &Appended,
    ) -> Result<(), (&Inline<S>, Failed)> {
        for (inline, timeout) in &self.projections {
            let followed = inline.follow.follow(transaction, append, appended, &inline.events, *timeout);
            followed.await.map_err(|failed| (inline, failed))?;
        }
        Ok(())
    }

    async fn attempt(
        &self,
        timeline: Timeline,
        append: &Append,
    ) -> Result<Appended, Failure<S::Transaction>> {
        let store = &*self.store;
        let mut transaction = match store.begin_batch(ConsumerKind::Projection, self.idle).await {
            Ok(transaction) => transaction,
            Err(error) => return Err(Failure { transaction: None, lost: false, why: error.into() }),
        };
        if timeline != store.timeline() {
            let why = StoreError::timeline_over().into();
            return Err(Failure { transaction: Some(transaction), lost: false, why });
        }
        let appended = match store.append_in(&mut transaction, append.clone()).await {
            Ok(appended) => appended,
            Err(error) => {
                let lost = matches!(error, AppendError::Store(StoreError::Unavailable(_)));
                return Err(Failure { transaction: Some(transaction), lost, why: Unstored::Append(error) });
            }
        };
        if !follow::is_complete(append, &appended) {
            let why = StoreError::Corrupt("an append was answered without its positions".to_owned()).into();
            return Err(Failure { transaction: Some(transaction), lost: false, why });
        }
        if let Err((inline, failed)) = self.follow_all(&mut transaction, append, &appended).await {
            return Err(self.failure(inline, transaction, failed));
        }
        match store.commit_append(transaction, append).await {
            Ok(()) => Ok(appended),
            Err(error) => {
                let lost = matches!(error, StoreError::Unavailable(_));
                Err(Failure { transaction: None, lost, why: self.refused(append, error) })
            }
        }
    }

    /// What is refused at the commit is of the projection that followed, where it was one alone: a rule of its tables that is checked late, or a statement that failed
    /// before and that it has passed over.
    fn refused(&self, append: &Append, error: StoreError) -> Unstored {
        let mut followed = self.projections.iter().filter(|(inline, _)| inline.concerns(append));
        match (error, followed.next(), followed.next()) {
            (error @ StoreError::Refused(_), Some((inline, _)), None) => {
                Self::failed(inline.name, error.into())
            }
            (error, ..) => error.into(),
        }
    }

    fn failed(projection: &'static str, source: HandlerError) -> Unstored {
        failed(projection);
        Unstored::Projection { projection, source }
    }

    fn failure(
        &self,
        inline: &Inline<S>,
        transaction: S::Transaction,
        failed: Failed,
    ) -> Failure<S::Transaction> {
        match failed {
            Failed::TurnedBack(source) => {
                let why = StoreError::Contention(source).into();
                Failure { transaction: Some(transaction), lost: false, why }
            }
            Failed::Lost(source) => {
                self.store.abandon(transaction);
                Failure { transaction: None, lost: true, why: StoreError::Unavailable(source).into() }
            }
            Failed::Handler { source, stuck } => {
                let why = Self::failed(inline.name, source);
                if stuck {
                    self.store.abandon(transaction);
                    return Failure { transaction: None, lost: false, why };
                }
                Failure { transaction: Some(transaction), lost: false, why }
            }
        }
    }
}

fn failed(projection: &'static str) {
    counter!("kenning_inline_failures_total", "projection" => projection).increment(1);
}

/// Why an attempt stored nothing.
struct Failure<T> {
    /// The transaction, when it is still to be rolled back.
    transaction: Option<T>,
    /// Its connection died, which may be past by now.
    lost: bool,
    why: Unstored,
}

impl<S: ConsumerStore> InlineAppend for Inlines<S> {
    fn concerns(&self, append: &Append) -> bool {
        self.projections.iter().any(|(inline, _)| inline.concerns(append))
    }

    fn append(&self, timeline: Timeline, append: Append) -> BoxFuture<'_, Result<Appended, Unstored>> {
        Box::pin(async move {
            let mut attempt = 0;
            loop {
                attempt += 1;
                let failure = match self.attempt(timeline, &append).await {
                    Ok(appended) => return Ok(appended),
                    Err(failure) => failure,
                };
                if let Some(transaction) = failure.transaction
                    && let Err(error) = self.store.rollback(transaction).await
                {
                    // It is rolled back all the same: by the server, when its connection ends.
                    tracing::debug!(error = %error, "the transaction of inline projections was not rolled back in order");
                }
                // Nothing is stored: the same append, with the ids that it has, may be done again.
                if !failure.lost || attempt >= ATTEMPTS {
                    return Err(failure.why);
                }
                tracing::debug!(attempt, "the connection of inline projections died: once more");
                let most = FIRST_PAUSE.saturating_mul(1 << (attempt - 1));
                tokio::time::sleep(most.mul_f64(0.5 + fastrand::f64() / 2.0)).await;
            }
        })
    }
}
