//! Writing for many instances at once.

use std::sync::Arc;

use futures_util::future::join_all;
use tokio::sync::{Mutex, mpsc, oneshot};

use crate::store::{SagaStore, SagaWrite, SagaWritten, StoreError};

/// How many writes are written together at the most.
const BATCH: usize = 256;

/// How many batches are written at once: while the server works on one, the next is made ready.
const WRITERS: usize = 2;

type Asked = (SagaWrite, oneshot::Sender<Result<SagaWritten, Arc<StoreError>>>);

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
            match store.write_sagas(&writes).await {
                Ok(written) => answer(answers, written.into_iter().map(Ok)),
                Err(error) => {
                    let error = Arc::new(error);
                    answer(answers, std::iter::repeat_with(|| Err(Arc::clone(&error))));
                }
            }
        }
    }

    /// Writes. After an error it is open whether that was done.
    pub(super) async fn write(&self, write: SagaWrite) -> Result<SagaWritten, Unwritten> {
        let (answer, answered) = oneshot::channel();
        self.queue.send((write, answer)).await.map_err(|_| Unwritten::Ended)?;
        answered.await.map_err(|_| Unwritten::Ended)?.map_err(Unwritten::Store)
    }
}

type Answer = Result<SagaWritten, Arc<StoreError>>;

fn answer(answers: Vec<oneshot::Sender<Answer>>, written: impl Iterator<Item = Answer>) {
    for (answer, written) in answers.into_iter().zip(written) {
        // Whoever has asked may have gone.
        drop(answer.send(written));
    }
}
