//! The outside world: what it was asked, under which keys, what it has done, and how it answers.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kenning::prelude::*;
use tokio::sync::{Barrier, watch};

use super::in_time;
use kenning::CancellationToken;

/// Services that do as they are told, each effect once per key.
#[derive(Default)]
pub(super) struct Outside {
    state: Mutex<State>,
    changed: watch::Sender<()>,
    told: CancellationToken,
}

#[derive(Default)]
struct State {
    /// By effect, and of one instance if that is said.
    answers: HashMap<(Option<String>, String), VecDeque<Answer>>,
    calls: Vec<Call>,
    done: Vec<Effect>,
    chance: Option<Chance>,
}

/// What is answered by chance where no answer is planned: of a hundred calls so many.
#[derive(Clone, Copy)]
pub(super) struct Chance {
    pub(super) fail: u8,
    pub(super) retry: u8,
    pub(super) lost: u8,
    pub(super) panic: u8,
}

/// How a call is answered, in place of doing what it asks for and saying so.
#[derive(Clone)]
pub(super) enum Answer {
    /// As if nothing had been said: done.
    Done,
    Retry,
    RetryAfter(Duration),
    Fail,
    Panic,
    /// Never, and nothing is done.
    Hang,
    /// It is done, and the answer never comes.
    DoneAndHang,
    /// It is done, and the answer says that nobody knows.
    Lost,
    /// It is done after a while.
    Pause(Duration),
    /// It is done once this has happened.
    Until(CancellationToken),
    /// Once so many others are there as well, this.
    Meet(Arc<Barrier>, Box<Answer>),
    /// Nobody waits any more: then it is given up.
    UntilCancelled,
    /// It says so many times, with that pause between, that it is at work; then it is done.
    Beats(u32, Duration),
}

/// Something that was asked for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Call {
    pub(super) id: String,
    pub(super) effect: String,
    pub(super) key: Uuid,
    /// The key of the step that an undo takes back.
    pub(super) step_key: Uuid,
    pub(super) attempt: u32,
    pub(super) correlation: Uuid,
}

/// Something that was done, the first time that it was asked for under its key.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Effect {
    pub(super) id: String,
    pub(super) effect: String,
    pub(super) key: Uuid,
}

impl Outside {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fires when the task of a step has seen that it was called off.
    pub(super) fn told(&self) -> CancellationToken {
        self.told.clone()
    }

    /// The next calls for an effect are answered so, one after the other.
    pub(super) fn plan(&self, effect: &str, answers: &[Answer]) {
        self.state().answers.entry((None, effect.to_owned())).or_default().extend(answers.iter().cloned());
    }

    /// Only those of one instance.
    pub(super) fn plan_of(&self, id: u64, effect: &str, answers: &[Answer]) {
        let of = (Some(id.to_string()), effect.to_owned());
        self.state().answers.entry(of).or_default().extend(answers.iter().cloned());
    }

    /// What is not planned is answered by chance; `None`: it is done.
    pub(super) fn chance(&self, chance: Option<Chance>) {
        self.state().chance = chance;
    }

    /// Does what a step asks for, or not.
    pub(super) async fn call(&self, cx: &StepContext<Self>, effect: &str) -> Result<String, StepError> {
        let mut answer = self.note(cx, effect);
        self.changed.send_replace(());
        if let Answer::Meet(barrier, then) = answer {
            barrier.wait().await;
            answer = *then;
        }
        let output = format!("{effect} of {}", cx.saga_id());
        match answer {
            Answer::Done | Answer::Meet(..) => {}
            Answer::Retry => return Err(StepError::retry("not now")),
            Answer::RetryAfter(after) => return Err(StepError::retry_after("later", after)),
            Answer::Fail => return Err(StepError::fail("no")),
            Answer::Panic => panic!("at the disco"),
            Answer::Hang => std::future::pending().await,
            Answer::DoneAndHang => {
                self.done(cx, effect);
                std::future::pending::<()>().await;
            }
            Answer::Lost => {
                self.done(cx, effect);
                return Err(StepError::retry("the answer was lost"));
            }
            Answer::Pause(pause) => tokio::time::sleep(pause).await,
            Answer::Until(token) => token.cancelled().await,
            Answer::UntilCancelled => {
                cx.cancelled().cancelled().await;
                return Err(StepError::retry("nobody waits any more"));
            }
            Answer::Beats(times, pause) => {
                for _ in 0..times {
                    tokio::time::sleep(pause).await;
                    cx.heartbeat();
                }
            }
        }
        self.done(cx, effect);
        Ok(output)
    }

    fn note(&self, cx: &StepContext<Self>, effect: &str) -> Answer {
        let mut state = self.state();
        let id = cx.saga_id().to_owned();
        state.calls.push(Call {
            id: id.clone(),
            effect: effect.to_owned(),
            key: cx.key(),
            step_key: cx.step_key(),
            attempt: cx.attempt(),
            correlation: cx.correlation_id(),
        });
        let planned = [Some(id), None]
            .into_iter()
            .find_map(|id| state.answers.get_mut(&(id, effect.to_owned())).and_then(VecDeque::pop_front));
        let drawn =
            || match state.chance.map_or(Answer::Done, |chance| chance.draw(effect.starts_with("undo"))) {
                // What was done under a key is not refused afterwards.
                Answer::Fail if state.done.iter().any(|done| done.key == cx.key()) => Answer::Done,
                drawn => drawn,
            };
        planned.unwrap_or_else(drawn)
    }

    fn done(&self, cx: &StepContext<Self>, effect: &str) {
        let mut state = self.state();
        if !state.done.iter().any(|done| done.key == cx.key()) {
            let (id, key) = (cx.saga_id().to_owned(), cx.key());
            state.done.push(Effect { id, effect: effect.to_owned(), key });
        }
        drop(state);
        self.changed.send_replace(());
    }

    /// The calls of an instance.
    pub(super) fn calls(&self, id: u64) -> Vec<Call> {
        let id = id.to_string();
        self.state().calls.iter().filter(|call| call.id == id).cloned().collect()
    }

    /// The names of what was asked for by an instance, in order.
    pub(super) fn asked(&self, id: u64) -> Vec<String> {
        self.calls(id).into_iter().map(|call| call.effect).collect()
    }

    /// What was done for an instance, each once, in order.
    pub(super) fn effects(&self, id: u64) -> Vec<String> {
        let id = id.to_string();
        self.state().done.iter().filter(|done| done.id == id).map(|done| done.effect.clone()).collect()
    }

    /// Waits until an effect of an instance was asked for so often.
    pub(super) async fn until(&self, id: u64, effect: &str, times: usize) {
        let mut changed = self.changed.subscribe();
        let there = async {
            while self.asked(id).iter().filter(|asked| *asked == effect).count() < times {
                changed.changed().await.expect("the outside is there");
            }
        };
        in_time(&format!("`{effect}` of {id} to be asked for {times} times"), there).await;
    }
}

impl Chance {
    /// An undo is not refused for good: the instance would be parked.
    fn draw(self, undo: bool) -> Answer {
        let Self { fail, retry, lost, panic } = self;
        let mut drawn = fastrand::u8(..100);
        let cases =
            [(fail, Answer::Fail), (retry, Answer::Retry), (lost, Answer::Lost), (panic, Answer::Panic)];
        for (share, answer) in cases {
            match drawn.checked_sub(share) {
                None if undo && matches!(answer, Answer::Fail) => return Answer::Done,
                None => return answer,
                Some(rest) => drawn = rest,
            }
        }
        Answer::Done
    }
}
