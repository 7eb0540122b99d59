//! One attempt at a step, an undo or a command.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, watch};

use crate::app::Kenning;
use crate::payload::Payload;
use crate::saga::any::{AnyInstance, Doing};
use crate::saga::command::{AnyCommand, Sender};
use crate::saga::context::CallContext;
use crate::saga::decide::{Attempted, Begin};
use crate::saga::error::StepError;
use crate::saga::failure::SagaFailure;
use crate::saga::fault::FaultKind;
use crate::saga::outputs::Outputs;
use crate::saga::watch::Watch;
use crate::store::BoxFuture;

/// What an attempt needs.
pub(super) struct Attempt {
    pub(super) begin: Begin,
    pub(super) instance: Arc<dyn AnyInstance>,
    pub(super) call: CallContext,
    pub(super) heartbeats: watch::Receiver<()>,
    pub(super) timeout: Option<Duration>,
    pub(super) outputs: Outputs,
    /// What the step has returned that is undone.
    pub(super) output: Option<Payload>,
    /// Why the saga has failed.
    pub(super) failure: Option<SagaFailure>,
    /// Who executes commands; `None`: the application is gone.
    pub(super) app: Option<Kenning>,
    pub(super) sender: Sender,
    pub(super) watch: Watch,
    /// The threads for a function that blocks, if it does.
    pub(super) blocking: Option<Arc<Semaphore>>,
}

impl Attempt {
    /// Runs it to its end. A panic ends the task that this runs on, and its owner records it.
    pub(super) async fn run(self) -> Attempted {
        let Self {
            begin,
            instance,
            call,
            mut heartbeats,
            timeout,
            outputs,
            output,
            failure,
            app,
            sender,
            watch,
            blocking,
        } = self;
        let cancelled = call.cancelled.clone();
        let mut watched = watch.of(&call);
        // What is pure panics again: the outcome of a send is unknown.
        let doing = caught(FaultKind::Unknown, "the function that makes the command", || {
            Ok(match (begin, blocking) {
                (Begin::Step(_) | Begin::Undo(_), Some(threads)) => {
                    let instance = Arc::clone(&instance);
                    Doing::Run(Box::pin(apart(
                        threads,
                        instance,
                        begin,
                        call,
                        outputs.clone(),
                        output.clone(),
                    )))
                }
                (Begin::Step(step), None) => instance.forward(step, call, &outputs),
                (Begin::Undo(step), None) => instance.back(step, call, output.as_ref()),
                (Begin::LastWord, _) => {
                    Doing::Send(Ok(failure.and_then(|failure| instance.last_word(&failure))))
                }
            })
        })?;
        let running: BoxFuture<'_, Attempted> = match doing {
            Doing::Run(running) => running,
            Doing::Send(Err(error)) => return Err(error),
            Doing::Send(Ok(None)) => return Ok(Some(nothing())),
            Doing::Send(Ok(Some(command))) => {
                watched.sends(&*command);
                Box::pin(send(command, app.as_ref(), sender))
            }
        };
        let running = watched.run(running);
        let Some(timeout) = timeout else { return running.await };
        let mut running = running;
        loop {
            let beat = std::pin::pin!(async {
                // The sender is in the context: without it there are no further heartbeats.
                if heartbeats.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            });
            let over = std::pin::pin!(tokio::time::sleep(timeout));
            match select(&mut running, select(beat, over)).await {
                Either::Left((attempted, _)) => return attempted,
                Either::Right((Either::Left(_), _)) => {}
                Either::Right((Either::Right(_), _)) => {
                    cancelled.cancel();
                    return Err(StepError::retry(format!("there was no outcome within {timeout:?}")));
                }
            }
        }
    }
}

/// Calls a function that blocks on a thread of its own: whatever becomes of it, nothing else waits for it.
async fn apart(
    threads: Arc<Semaphore>,
    instance: Arc<dyn AnyInstance>,
    begin: Begin,
    call: CallContext,
    outputs: Outputs,
    output: Option<Payload>,
) -> Attempted {
    let Ok(thread) = threads.acquire_owned().await else {
        return Err(StepError::engine(FaultKind::Busy, "the application is gone"));
    };
    let runtime = Handle::current();
    let blocks = move || {
        let _thread = thread;
        let doing = match begin {
            Begin::Step(step) => instance.forward(step, call, &outputs),
            Begin::Undo(step) => instance.back(step, call, output.as_ref()),
            Begin::LastWord => Doing::Send(Ok(None)),
        };
        match doing {
            Doing::Run(running) => runtime.block_on(running),
            Doing::Send(_) => Err(StepError::engine(FaultKind::Unreadable, "a command does not block")),
        }
    };
    match tokio::task::spawn_blocking(blocks).await {
        Ok(attempted) => attempted,
        Err(ended) => match ended.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(ended) => Err(StepError::retry(ended)),
        },
    }
}

async fn send(command: Box<dyn AnyCommand>, app: Option<&Kenning>, sender: Sender) -> Attempted {
    let Some(app) = app else { return Err(StepError::retry("the application is gone")) };
    command.execute(app, sender).await.map(|()| Some(nothing()))
}

/// What a command produces.
fn nothing() -> Payload {
    Payload::from_stored("null")
}

/// Calls a pure function of the user's: its panic is a fault.
pub(super) fn caught<T>(
    kind: FaultKind,
    what: &str,
    call: impl FnOnce() -> Result<T, StepError>,
) -> Result<T, StepError> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|panic| {
        let text = format!("{what} panicked: {}", crate::consumer::panic_text(&*panic));
        Err(StepError::engine(kind, text))
    })
}
