//! A memory store that counts what it is asked, and fails as it is told.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Notify;
use uuid::Uuid;

use super::account::{Account, AccountEvent, Moved};
use crate::store::{
    Append, AppendError, Appended, BoxFuture, BoxStream, CommandRecord, EventStore, Expect, FeedPage,
    FeedQuery, Health, NewEvent, RehydrateError, Snapshot, StoreError, StreamQuery, Timeline, Visit, Wakeup,
    WakeupSource,
};
use crate::{EventSet, Kenning, MemoryStore, RecordedEvent, StreamName, Version};

/// What happens to one append.
pub(crate) enum Fault {
    /// The database turns it back.
    Contention,
    /// It is written, and the connection dies before the answer.
    OutcomeUnknown,
    /// Another process writes first.
    Overtaken,
    /// It says so by the first, and goes on after the second.
    Held(Arc<Notify>, Arc<Notify>),
}

#[derive(Default)]
pub(crate) struct Calls {
    pub(crate) appends: AtomicUsize,
    pub(crate) conflicts: AtomicUsize,
    pub(crate) rehydrates: AtomicUsize,
    pub(crate) confirms: AtomicUsize,
    /// A standby does not answer.
    pub(crate) unconfirmed: AtomicBool,
    pub(crate) forgotten: AtomicUsize,
    pub(crate) forget_fails: AtomicUsize,
    faults: Mutex<VecDeque<Fault>>,
}

impl Calls {
    pub(crate) fn count(counter: &AtomicUsize) -> usize {
        counter.load(Ordering::SeqCst)
    }
}

#[derive(Clone, Default)]
pub(crate) struct Faulty {
    pub(crate) store: MemoryStore,
    pub(crate) calls: Arc<Calls>,
    /// Tells nobody that something was appended.
    pub(crate) silent: bool,
}

impl Faulty {
    /// The fate of the next appends, one each.
    pub(crate) fn next(&self, faults: impl IntoIterator<Item = Fault>) {
        self.calls.faults.lock().unwrap().extend(faults);
    }

    /// Holds the next append: resolves the first when it has arrived, goes on when the second is told.
    pub(crate) fn hold(&self) -> (Arc<Notify>, Arc<Notify>) {
        let (arrived, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        self.next([Fault::Held(Arc::clone(&arrived), Arc::clone(&go))]);
        (arrived, go)
    }

    /// An application of its own on this store, as another process would have it.
    pub(crate) async fn app(&self) -> Kenning {
        Kenning::builder(self.clone()).aggregate::<Account>().build().await.unwrap()
    }

    /// Writes as another process would.
    pub(crate) async fn write(&self, stream: StreamName, cents: i64) {
        let event = NewEvent::new(AccountEvent::Moved(Moved { cents }).encode().unwrap());
        self.store.append(Append::to(stream, Expect::Any, vec![event])).await.unwrap();
    }
}

impl EventStore for Faulty {
    fn prepare(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        self.store.prepare()
    }

    fn register_events<'a>(
        &'a self,
        events: &'a [crate::store::EventType],
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        self.store.register_events(events)
    }

    fn append(&self, append: Append) -> BoxFuture<'_, Result<Appended, AppendError>> {
        Box::pin(async move {
            self.calls.appends.fetch_add(1, Ordering::SeqCst);
            let fault = self.calls.faults.lock().unwrap().pop_front();
            match fault {
                Some(Fault::Contention) => return Err(StoreError::Contention("a deadlock".into()).into()),
                Some(Fault::OutcomeUnknown) => {
                    self.store.append(append).await?;
                    let source = "the connection died".into();
                    return Err(StoreError::OutcomeUnknown { event_ids: vec![], source }.into());
                }
                Some(Fault::Overtaken) => self.write(append.streams[0].stream.clone(), 1).await,
                Some(Fault::Held(arrived, go)) => {
                    arrived.notify_one();
                    go.notified().await;
                }
                None => {}
            }
            let answer = self.store.append(append).await;
            if matches!(answer, Err(AppendError::Conflict(_))) {
                self.calls.conflicts.fetch_add(1, Ordering::SeqCst);
            }
            answer
        })
    }

    fn confirm(&self, _: Timeline) -> BoxFuture<'_, Result<(), StoreError>> {
        self.calls.confirms.fetch_add(1, Ordering::SeqCst);
        let answer = match self.calls.unconfirmed.load(Ordering::SeqCst) {
            true => Err(StoreError::Unavailable("no standby answers".into())),
            false => Ok(()),
        };
        Box::pin(std::future::ready(answer))
    }

    fn read_stream(&self, query: StreamQuery) -> BoxStream<'_, Result<RecordedEvent, StoreError>> {
        self.store.read_stream(query)
    }

    fn rehydrate<'a>(
        &'a self,
        stream: &'a StreamName,
        after: Version,
        visit: &'a mut Visit<'_>,
    ) -> BoxFuture<'a, Result<Version, RehydrateError>> {
        self.calls.rehydrates.fetch_add(1, Ordering::SeqCst);
        self.store.rehydrate(stream, after, visit)
    }

    fn read_feed(&self, query: FeedQuery) -> BoxFuture<'_, Result<FeedPage, StoreError>> {
        self.store.read_feed(query)
    }

    fn wakeup(&self) -> Wakeup {
        if self.silent {
            return WakeupSource::new().listen();
        }
        self.store.wakeup()
    }

    fn find_command(&self, command_id: Uuid) -> BoxFuture<'_, Result<Option<CommandRecord>, StoreError>> {
        self.store.find_command(command_id)
    }

    fn forget_commands(&self, older_than: Duration, limit: u32) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(async move {
            let fails = &self.calls.forget_fails;
            if fails.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok() {
                assert!(Calls::count(fails) != 0, "a defect of the store");
                return Err(StoreError::Unavailable("it is down".into()));
            }
            let forgotten = self.store.forget_commands(older_than, limit).await?;
            self.calls.forgotten.fetch_add(usize::try_from(forgotten).unwrap(), Ordering::SeqCst);
            Ok(forgotten)
        })
    }

    fn load_snapshot<'a>(
        &'a self,
        stream: &'a StreamName,
        fingerprint: u64,
    ) -> BoxFuture<'a, Result<Option<Snapshot>, StoreError>> {
        self.store.load_snapshot(stream, fingerprint)
    }

    fn save_snapshot(&self, snapshot: Snapshot) -> BoxFuture<'_, Result<(), StoreError>> {
        self.store.save_snapshot(snapshot)
    }

    fn health(&self) -> BoxFuture<'_, Result<Health, StoreError>> {
        self.store.health()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.store.close()
    }
}
