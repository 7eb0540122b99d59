//! Writing for many instances at once.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::join_all;
use tokio::sync::{Mutex, mpsc, oneshot};

use crate::consumer::panic_text;
use crate::store::{SagaStore, SagaWrite, SagaWritten, StoreError};
use crate::telemetry;

const TASK: &str = "saga writes";

/// How many writes are written together at the most.
const BATCH: usize = 256;

/// How many batches are written at once: while the server works on one, the next is made ready.
const WRITERS: usize = 2;

type Asked = (SagaWrite, oneshot::Sender<Answer>);

/// Where instances leave their writes.
#[derive(Clone)]
pub(super) struct Committer {
    queue: mpsc::Sender<Asked>,
}

/// Why a write has no answer.
#[derive(Clone, Debug, thiserror::Error)]
pub(super) enum Unwritten {
    #[error("the store cannot write")]
    Store(#[source] Arc<StoreError>),
    #[error("the store panicked: {0}")]
    Panicked(String),
    #[error("the worker has ended")]
    Ended,
}

impl Committer {
    /// A committer, and the work that has to be done for it: everything that was left while the last batches were written is the next batch. Nobody lingers.
    pub(super) fn new<S: SagaStore>(store: Arc<S>) -> (Self, impl Future<Output = ()> + Send) {
        let (queue, asked) = mpsc::channel::<Asked>(BATCH * 4);
        let asked = Arc::new(Mutex::new(asked));
        let writers: Vec<_> =
            (0..WRITERS).map(|_| Self::write_all(Arc::clone(&store), Arc::clone(&asked))).collect();
        (Self { queue }, async move {
            join_all(writers).await;
        })
    }

    /// One of those who write. An instance has no second write before the first one is answered, so that they never meet in one.
    async fn write_all<S: SagaStore>(store: Arc<S>, asked: Arc<Mutex<mpsc::Receiver<Asked>>>) {
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            if asked.lock().await.recv_many(&mut batch, BATCH).await == 0 {
                return;
            }
            let (writes, answers): (Vec<_>, Vec<_>) = batch.drain(..).unzip();
            // A panic of the store fails this batch alone.
            match AssertUnwindSafe(store.write_sagas(&writes)).catch_unwind().await {
                Ok(Ok(written)) => answer(answers, written.into_iter().map(Ok)),
                Ok(Err(error)) => {
                    let error = Arc::new(error);
                    answer(answers, std::iter::repeat_with(|| Err(Unwritten::Store(Arc::clone(&error)))));
                }
                Err(panic) => {
                    let panic = panic_text(&*panic);
                    telemetry::task_failures(TASK).increment(1);
                    tracing::error!(task = TASK, panic, writes = writes.len(), "the store panicked");
                    answer(answers, std::iter::repeat_with(|| Err(Unwritten::Panicked(panic.clone()))));
                }
            }
        }
    }

    /// Writes. After an error it is open whether that was done.
    pub(super) async fn write(&self, write: SagaWrite) -> Result<SagaWritten, Unwritten> {
        let (answer, answered) = oneshot::channel();
        self.queue.send((write, answer)).await.map_err(|_| Unwritten::Ended)?;
        answered.await.map_err(|_| Unwritten::Ended)?
    }
}

type Answer = Result<SagaWritten, Unwritten>;

fn answer(answers: Vec<oneshot::Sender<Answer>>, written: impl Iterator<Item = Answer>) {
    for (answer, written) in answers.into_iter().zip(written) {
        // Whoever has asked may have gone.
        drop(answer.send(written));
    }
}

#[cfg(all(test, feature = "testing"))]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use uuid::Uuid;

    use super::*;
    use crate::MemoryStore;
    use crate::store::{BoxFuture, SagaStatus, SagaThen, WriteProbe, Writing};

    /// Panics at the first write to instances.
    #[derive(Default)]
    struct PanicsOnce(AtomicBool);

    impl WriteProbe for PanicsOnce {
        fn before<'a>(&'a self, write: Writing<'a>) -> BoxFuture<'a, ()> {
            if matches!(write, Writing::Sagas(..)) {
                assert!(self.0.swap(true, Ordering::SeqCst), "the store is broken");
            }
            Box::pin(std::future::ready(()))
        }

        fn after<'a>(&'a self, _: Writing<'a>) -> BoxFuture<'a, ()> {
            Box::pin(std::future::ready(()))
        }
    }

    fn write() -> SagaWrite {
        SagaWrite {
            instance: Uuid::nil(),
            epoch: 1,
            sequence: 0,
            entries: Vec::new(),
            status: SagaStatus::Running,
            step: None,
            reason: None,
            messages_seen: 0,
            migration: None,
            then: SagaThen::Keep,
        }
    }

    /// Fails without `sagas.committer-panic`: see tests/guards.
    #[tokio::test]
    async fn p7_a_panic_of_the_store_fails_one_batch_of_writes() {
        let store = MemoryStore::new().probed(Arc::new(PanicsOnce::default()));
        let (committer, commit) = Committer::new(Arc::new(store));
        let commit = tokio::spawn(commit);
        let panicked = committer.write(write()).await.unwrap_err();
        assert_eq!(panicked.to_string(), "the store panicked: the store is broken");
        assert_eq!(committer.write(write()).await.unwrap(), SagaWritten::Lost);
        drop(committer);
        commit.await.unwrap();
    }
}
