//! A process of a run: what it writes and what it does pass through here.

use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use uuid::Uuid;

use super::definition::Release;
use super::director::{Director, Signal};
use super::twist::{Effect, Misdeed, Rollout, Twist, Until};
use crate::payload::Payload;
use crate::saga::{Attempted, CallContext, Probe, StepError};
use crate::store::{Append, BoxFuture, HandedOver, WriteProbe, Writing};

/// A process.
pub(super) struct Process {
    pub(super) number: u32,
    /// The release that it runs.
    pub(super) release: Release,
    director: Arc<Director>,
    gate: Mutex<Gate>,
}

enum Gate {
    Open,
    /// With whoever wants to go on.
    Stopped(Vec<Waker>),
    Dead,
}

impl Process {
    pub(super) fn new(number: u32, release: Release, director: Arc<Director>) -> Self {
        Self { number, release, director, gate: Mutex::new(Gate::Open) }
    }

    /// It goes on where it was stopped.
    pub(super) fn go_on(&self) {
        let mut gate = self.gate.lock().unwrap_or_else(PoisonError::into_inner);
        if let Gate::Stopped(wakers) = &mut *gate {
            let wakers = std::mem::take(wakers);
            *gate = Gate::Open;
            drop(gate);
            wakers.into_iter().for_each(Waker::wake);
        }
    }

    /// It does nothing any more.
    pub(super) fn die(&self) {
        self.shut(Gate::Dead);
    }

    fn shut(&self, shut: Gate) {
        *self.gate.lock().unwrap_or_else(PoisonError::into_inner) = shut;
    }

    async fn dies(&self, signal: Signal) {
        self.die();
        self.director.signal(signal);
        std::future::pending::<()>().await;
    }

    async fn stops(&self, signal: Signal) {
        self.shut(Gate::Stopped(Vec::new()));
        self.director.stopped(self.number, signal);
        std::future::poll_fn(|cx| self.poll_running(cx)).await;
    }

    /// Comes to a moment, at which anything may happen to the process.
    async fn at(&self, before: bool, what: String) {
        for twist in self.director.pass(self.number, self.release, before, what) {
            match twist {
                Twist::Dies(_) => self.dies(Signal::Died(self.number)).await,
                Twist::Stops(_, until) => self.stops(Signal::Stopped(self.number, until)).await,
                Twist::Asked(_, target, ask, times) => {
                    self.director.ask(target.as_deref(), &ask, times).await;
                }
                Twist::CancelledAt(_) => self.director.ask(None, &super::ask::Ask::Cancel, 1).await,
                Twist::Upgraded(_, rollout) => {
                    self.director.signal(Signal::Deployed(Release::New));
                    match rollout {
                        Rollout::Replaced => self.dies(Signal::Died(self.number)).await,
                        Rollout::Stale => {
                            self.stops(Signal::Stopped(self.number, Until::TakenOver)).await;
                        }
                        Rollout::Rolling => self.director.signal(Signal::Beside),
                    }
                }
                Twist::RolledBack(_) => {
                    self.director.signal(Signal::Deployed(Release::Old));
                    self.dies(Signal::Died(self.number)).await;
                }
                Twist::Attempt(..) | Twist::Event(..) | Twist::AskedAtRest(..) => {}
            }
        }
    }
}

impl Probe for Process {
    fn poll_running(&self, cx: &mut Context<'_>) -> Poll<()> {
        match &mut *self.gate.lock().unwrap_or_else(PoisonError::into_inner) {
            Gate::Open => Poll::Ready(()),
            Gate::Stopped(wakers) => {
                wakers.push(cx.waker().clone());
                Poll::Pending
            }
            Gate::Dead => Poll::Pending,
        }
    }

    fn begun(&self, call: &CallContext, command_id: Uuid) {
        self.director.begun(self.number, call, command_id);
    }

    fn attempt<'a>(
        &'a self,
        call: &'a CallContext,
        command: Option<&(&'static str, Payload)>,
        attempt: BoxFuture<'a, Attempted>,
    ) -> BoxFuture<'a, Attempted> {
        let command = command.cloned();
        Box::pin(async move {
            let effect =
                Effect { id: Arc::clone(&call.id), step: call.step.into(), direction: call.direction };
            let what = self.director.doing(&effect);
            let (place, nth) = self.director.attempted((self.number, self.release), &effect, call, command);
            self.at(true, what.clone()).await;
            let misdeed = self.director.misdeed(&effect, nth, place);
            let answer = match &misdeed {
                Some(misdeed) if !misdeed.is_done() => None,
                _ => Some(attempt.await),
            };
            if matches!(answer, Some(Ok(_))) {
                self.director.done(place);
            }
            self.at(false, what).await;
            match (misdeed, answer) {
                (None, Some(answer)) | (Some(_), Some(answer @ Err(_))) => answer,
                (Some(misdeed), _) => wrong(misdeed).await,
                (None, None) => Err(StepError::retry("nothing was attempted")),
            }
        })
    }
}

async fn wrong(misdeed: Misdeed) -> Attempted {
    match misdeed {
        Misdeed::Fails(reason) => Err(StepError::fail(reason)),
        Misdeed::Retries { .. } => Err(StepError::retry("not now")),
        Misdeed::Hangs { .. } => std::future::pending().await,
        // Without the hook, which would write to the test's output.
        Misdeed::Panics { .. } => resume_unwind(Box::new("the test has it panic")),
    }
}

impl WriteProbe for Process {
    fn before<'a>(&'a self, write: Writing<'a>) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            match write {
                Writing::Sagas(writes, _) => self.at(true, self.director.writing(writes)).await,
                Writing::Append(append) => self.at(true, appending(append)).await,
                Writing::HandOver(handed) => self.at(true, delivering(handed)).await,
                Writing::Claim(_) => {}
            }
        })
    }

    fn after<'a>(&'a self, write: Writing<'a>) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            match write {
                Writing::Sagas(writes, written) => {
                    self.director.wrote(self.number, writes, written);
                    self.at(false, self.director.writing(writes)).await;
                }
                Writing::Append(append) => {
                    self.director.tell(self.number, format!("appends {}", events(append)));
                    self.at(false, appending(append)).await;
                }
                Writing::HandOver(handed) => {
                    self.director.tell(self.number, format!("delivers {}", shown(handed)));
                    self.director.signal(Signal::Wrote);
                    self.at(false, delivering(handed)).await;
                }
                Writing::Claim([]) => {}
                Writing::Claim(claimed) => {
                    self.director.claimed(self.number, claimed);
                    self.at(false, "claiming it".to_owned()).await;
                }
            }
        })
    }

    fn running(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::poll_fn(|cx| self.poll_running(cx)))
    }
}

fn appending(append: &Append) -> String {
    format!("appending {}", events(append))
}

fn events(append: &Append) -> String {
    let events = append.streams.iter().flat_map(|stream| &stream.events);
    events.map(|event| format!("`{}`", event.name)).collect::<Vec<_>>().join(", ")
}

fn delivering(handed: &[HandedOver]) -> String {
    format!("delivering {}", shown(handed))
}

fn shown(handed: &[HandedOver]) -> String {
    let one = |handed: &HandedOver| match &handed.step {
        Some(step) => format!("the event for `{step}` of `{}`", handed.id),
        None => format!("the event that starts `{}`", handed.id),
    };
    handed.iter().map(one).collect::<Vec<_>>().join(", ")
}
