//! Starting many instances at once.

use std::sync::Arc;

use futures_util::future::join_all;
use time::OffsetDateTime;
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::time::Instant;
use uuid::Uuid;

use super::seat::Desk;
use super::worker::Worker;
use crate::app::with_sources;
use crate::fresh_id::fresh_id;
use crate::saga::reception::{Planned, Reception};
use crate::store::{ClaimedSaga, NewSaga, SagaHand, SagaStart, SagaStarted, SagaStore, SagaWrite};

/// How many instances are started together at the most.
const BATCH: usize = 256;

/// How many batches are written at once.
const WRITERS: usize = 2;

type Asked = (NewSaga, oneshot::Sender<Option<bool>>);

/// Where callers leave their starts.
pub(super) struct Starter {
    queue: mpsc::Sender<Asked>,
}

impl Starter {
    pub(super) fn new() -> (Self, mpsc::Receiver<Asked>) {
        let (queue, asked) = mpsc::channel(BATCH * 4);
        (Self { queue }, asked)
    }

    /// Leaves a start. The answer says whether the instance is new; `None`: that is not known.
    pub(super) fn start(&self, saga: NewSaga) -> Result<oneshot::Receiver<Option<bool>>, NewSaga> {
        let (answer, answered) = oneshot::channel();
        match self.queue.try_send((saga, answer)) {
            Ok(()) => Ok(answered),
            Err(
                mpsc::error::TrySendError::Full((saga, _)) | mpsc::error::TrySendError::Closed((saga, _)),
            ) => Err(saga),
        }
    }

    /// Starts everything that was left while the last batches were started.
    pub(super) async fn start_all<S: SagaStore>(worker: Arc<Worker<S>>, asked: mpsc::Receiver<Asked>) {
        let asked = Arc::new(Mutex::new(asked));
        let writers = (0..WRITERS).map(|_| Self::write(Arc::clone(&worker), Arc::clone(&asked)));
        join_all(writers).await;
    }

    async fn write<S: SagaStore>(worker: Arc<Worker<S>>, asked: Arc<Mutex<mpsc::Receiver<Asked>>>) {
        let desk = Desk(Arc::clone(&worker));
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            if asked.lock().await.recv_many(&mut batch, BATCH).await == 0 {
                return;
            }
            let (mut starts, mut rest) = (Vec::new(), Vec::new());
            for (saga, answer) in batch.drain(..) {
                let planned = desk.first(&saga);
                let first = planned.as_ref().map(|planned| planned.write.clone());
                starts.push(SagaStart { saga, first });
                rest.push((planned, answer));
            }
            let hand = SagaHand { worker: worker.id, claim: fresh_id() };
            let started = match worker.shared.store.start_sagas_for(hand, &starts).await {
                Ok(started) => started,
                Err(error) => {
                    // Each caller tries alone, and gets the error if there is one.
                    let error = with_sources(&error);
                    tracing::debug!(error, starts = starts.len(), "saga starts failed together");
                    for (_, answer) in rest {
                        answer.send(None).ok();
                    }
                    continue;
                }
            };
            // The store's time was read before: no pause ends early.
            let (mut due, answered) = (false, Instant::now());
            for ((start, started_as), (planned, answer)) in starts.into_iter().zip(&started.each).zip(rest) {
                due |= take(&worker, start, *started_as, planned, (started.now, answered));
                // The caller may have gone.
                answer.send(Some(*started_as != SagaStarted::Existing)).ok();
            }
            if due {
                worker.shared.doorbell.due();
            }
        }
    }
}

/// Takes over an instance that was started; whether it is due.
fn take<S: SagaStore>(
    worker: &Arc<Worker<S>>,
    start: SagaStart,
    started: SagaStarted,
    planned: Option<Planned>,
    time: (OffsetDateTime, Instant),
) -> bool {
    if started != SagaStarted::Existing
        && let Some(main) = worker.shared.of_name(&start.saga.saga)
    {
        main.metrics.started.increment(1);
    }
    let taken = match started {
        SagaStarted::Given { messages } => planned.map(|planned| (planned, messages)),
        SagaStarted::Resting { messages } => {
            if let Some(planned) = planned {
                (planned.written)();
            }
            return messages > 0;
        }
        SagaStarted::Due => return true,
        SagaStarted::Existing => return false,
    };
    if let Some((Planned { write, seat, written }, messages)) = taken {
        written();
        let claimed = given(worker.id, &start.saga, &write, messages, time.0);
        if let Some(seat) = seat {
            seat.run(claimed, time);
        }
    }
    false
}

/// A new instance that was given to this worker, as it is after its first write.
pub(crate) fn given(
    worker: Uuid,
    saga: &NewSaga,
    write: &SagaWrite,
    messages: u32,
    at: OffsetDateTime,
) -> ClaimedSaga {
    let record = super::advance::record_of(saga, at);
    let (mut record, log) = Planned::after(write, worker, record, Vec::new(), at);
    record.messages = messages;
    ClaimedSaga { record, log, messages: Vec::new(), unread: messages > 0 }
}
