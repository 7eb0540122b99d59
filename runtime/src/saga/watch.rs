//! Where tests look into a process that runs sagas. Without the feature `testing` nothing of it is there.

#[cfg(feature = "testing")]
pub(crate) use self::probe::Probe;

use uuid::Uuid;

use super::command::AnyCommand;
use super::context::CallContext;
use super::decide::Attempted;
use crate::store::BoxFuture;

/// What looks into an engine, if anything does.
#[derive(Clone, Default)]
pub(crate) struct Watch {
    #[cfg(feature = "testing")]
    probe: Option<std::sync::Arc<dyn Probe>>,
}

/// What looks into one attempt.
pub(crate) struct WatchedAttempt {
    #[cfg(feature = "testing")]
    probe: Option<(std::sync::Arc<dyn Probe>, CallContext)>,
    /// The name of the command that it sends, and its JSON.
    #[cfg(feature = "testing")]
    command: Option<(&'static str, crate::payload::Payload)>,
}

#[cfg(not(feature = "testing"))]
impl Watch {
    /// A task of the process.
    pub(crate) fn task<F: Future>(&self, task: F) -> F {
        task
    }

    /// The intent of an attempt is recorded, and it is begun.
    pub(crate) fn begun(&self, _: &CallContext, _: Uuid) {}

    pub(crate) fn of(&self, _: &CallContext) -> WatchedAttempt {
        WatchedAttempt {}
    }
}

#[cfg(not(feature = "testing"))]
impl WatchedAttempt {
    pub(crate) fn run<'a>(&'a self, attempt: BoxFuture<'a, Attempted>) -> BoxFuture<'a, Attempted> {
        attempt
    }

    pub(crate) fn sends(&mut self, _: &dyn AnyCommand) {}
}

#[cfg(feature = "testing")]
mod probe {
    use std::pin::Pin;
    use std::sync::Arc;
    use std::task::{Context, Poll, ready};

    use futures_util::future::Either;

    use crate::payload::Payload;

    use super::{AnyCommand, Attempted, BoxFuture, CallContext, Uuid, Watch, WatchedAttempt};

    /// Looks into a process that runs sagas.
    pub(crate) trait Probe: Send + Sync {
        /// Ready while the process runs. One that is stopped polls none of its tasks, as the operating system runs no thread of it.
        fn poll_running(&self, cx: &mut Context<'_>) -> Poll<()>;

        /// An attempt is begun, whose intent is recorded; with the id of its command, if it sends one.
        fn begun(&self, call: &CallContext, command_id: Uuid);

        /// Runs an attempt, or does something else in its place.
        fn attempt<'a>(
            &'a self,
            call: &'a CallContext,
            command: Option<&(&'static str, Payload)>,
            attempt: BoxFuture<'a, Attempted>,
        ) -> BoxFuture<'a, Attempted>;
    }

    impl Watch {
        pub(crate) fn with(probe: Arc<dyn Probe>) -> Self {
            Self { probe: Some(probe) }
        }

        /// A task of the process.
        pub(crate) fn task<F: Future>(&self, task: F) -> Either<F, Gated<F>> {
            match &self.probe {
                None => Either::Left(task),
                Some(probe) => Either::Right(Gated { probe: Arc::clone(probe), task: Box::pin(task) }),
            }
        }

        /// The intent of an attempt is recorded, and it is begun.
        pub(crate) fn begun(&self, call: &CallContext, command_id: Uuid) {
            if let Some(probe) = &self.probe {
                probe.begun(call, command_id);
            }
        }

        pub(crate) fn of(&self, call: &CallContext) -> WatchedAttempt {
            let probe = self.probe.as_ref().map(|probe| (Arc::clone(probe), call.clone()));
            WatchedAttempt { probe, command: None }
        }
    }

    impl WatchedAttempt {
        pub(crate) fn run<'a>(&'a self, attempt: BoxFuture<'a, Attempted>) -> BoxFuture<'a, Attempted> {
            match &self.probe {
                None => attempt,
                Some((probe, call)) => probe.attempt(call, self.command.as_ref(), attempt),
            }
        }

        pub(crate) fn sends(&mut self, command: &dyn AnyCommand) {
            if self.probe.is_some() {
                self.command = Some(command.shown());
            }
        }
    }

    /// A task of a process that may be stopped.
    pub(crate) struct Gated<F> {
        probe: Arc<dyn Probe>,
        task: Pin<Box<F>>,
    }

    impl<F: Future> Future for Gated<F> {
        type Output = F::Output;

        fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
            ready!(self.probe.poll_running(cx));
            self.task.as_mut().poll(cx)
        }
    }
}
