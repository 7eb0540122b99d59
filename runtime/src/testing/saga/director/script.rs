//! What goes wrong, and when.

use std::sync::Arc;

use super::{Director, Signal};
use crate::saga::Direction;
use crate::store::{SagaRequest, SagaStatus, SagaStore};
use crate::testing::saga::twist::{Arrival, Effect, Misdeed, Moment, Twist, Until};

/// More moments than any run has that comes to an end.
const MOST: usize = 5_000;

impl Director {
    /// A process comes to a moment; says what happens to it there.
    pub(in super::super) fn pass(&self, process: u32, before: bool, what: String) -> Vec<Twist> {
        let mut state = self.state();
        if state.calm.is_some() {
            state.since_calm += 1;
            let endless = state.since_calm > MOST;
            drop(state);
            if endless {
                self.signal(Signal::Endless);
            }
            return Vec::new();
        }
        let what: Arc<str> = what.into();
        let nth = state.passed.entry((before, Arc::clone(&what))).or_default();
        *nth += 1;
        let moment = Moment { before, what, nth: *nth };
        let mut now = Vec::new();
        for (twist, fired) in state.twists.iter_mut().filter(|(_, fired)| !*fired) {
            let is_now = match twist {
                Twist::Dies(at) | Twist::Stops(at, _) | Twist::Cancelled(at) => *at == moment,
                Twist::CancelledAt(step) => moment.is_at(step),
                Twist::Attempt(..) | Twist::Event(..) => false,
            };
            if is_now {
                *fired = true;
                now.push(twist.clone());
            }
        }
        // Whoever is cancelled at the moment of a death is cancelled first.
        now.sort_by_key(|twist| !matches!(twist, Twist::Cancelled(_) | Twist::CancelledAt(_)));
        state.moments.push(moment);
        if !now.is_empty() {
            state.from = state.moments.len();
        }
        let endless = state.moments.len() > MOST;
        drop(state);
        if endless {
            self.signal(Signal::Endless);
        }
        for twist in &now {
            match twist {
                Twist::Dies(_) => self.tell(process, "dies".to_owned()),
                Twist::Stops(..) => self.tell(process, "is stopped".to_owned()),
                _ => self.tell(process, "is told that the instance is cancelled".to_owned()),
            }
        }
        now
    }

    /// How an attempt goes wrong, if it does.
    pub(in super::super) fn misdeed(&self, effect: &Effect, nth: u32, place: usize) -> Option<Misdeed> {
        let mut state = self.state();
        let from = state.moments.len();
        let earlier =
            state.attempts.iter().take(place).any(|attempt| attempt.effect == *effect && attempt.done);
        // And what was said to be never done is not done later. An undo may be, once somebody has seen to it.
        let failed = effect.direction == Direction::Do
            && state.attempts.iter().take(place).any(|attempt| attempt.effect == *effect && attempt.failed);
        if state.calm.is_some() && !failed {
            return None;
        }
        if failed {
            return Some(Misdeed::Fails("the test has said no before".to_owned()));
        }
        let wrong = state.twists.iter_mut().find_map(|(twist, fired)| match twist {
            Twist::Attempt(at, times, misdeed) if at == effect && times.has(nth) => {
                // Nobody says that something will never be done which was done.
                (!(earlier && matches!(misdeed, Misdeed::Fails(_)))).then(|| {
                    *fired = true;
                    misdeed.clone()
                })
            }
            _ => None,
        })?;
        state.from = from;
        let mut process = 0;
        if let Some(attempt) = state.attempts.get_mut(place) {
            process = attempt.process;
            attempt.failed = matches!(wrong, Misdeed::Fails(_));
        }
        drop(state);
        self.tell(process, format!("finds that {effect} {wrong}"));
        Some(wrong)
    }

    /// When an event comes, if not as it would by itself.
    pub(in super::super) fn arrival(&self, event: usize) -> Option<Arrival> {
        let mut state = self.state();
        state.twists.iter_mut().find_map(|(twist, fired)| match twist {
            Twist::Event(at, arrival) if *at == event => {
                *fired = true;
                Some(*arrival)
            }
            _ => None,
        })
    }

    /// What has gone wrong, in the order in which it was asked for.
    pub(in super::super) fn fired(&self) -> Vec<Twist> {
        let state = self.state();
        state.twists.iter().filter(|(_, fired)| *fired).map(|(twist, _)| twist.clone()).collect()
    }

    pub(in super::super) fn died(&self, process: u32) {
        self.signal(Signal::Died(process));
    }

    pub(in super::super) fn stopped(&self, process: u32, until: Until) {
        *self.state().pauses.entry(process).or_default() += 1;
        self.signal(Signal::Stopped(process, until));
    }

    pub(in super::super) fn goes_on(&self, process: u32) {
        let mut state = self.state();
        state.from = state.moments.len();
        drop(state);
        self.tell(process, "goes on".to_owned());
    }

    fn calm_down(&self) {
        let mut state = self.state();
        state.calm = Some(state.attempts.len());
    }

    /// Nothing goes wrong any more, and what is parked is told to go on.
    pub(in super::super) async fn resume(&self) {
        self.calm_down();
        for record in self.records().iter().filter(|record| record.status == SagaStatus::Parked) {
            self.tell(0, format!("`{}` is told to go on", record.id));
            // The memory store is open, and the instance is there.
            drop(self.store.request_saga(&record.saga, &record.id, &SagaRequest::Retry).await);
        }
        self.nudge();
    }

    /// Cancels all instances.
    pub(in super::super) async fn cancel(&self) {
        for record in self.records() {
            let request = SagaRequest::Cancel { reason: "the test has it cancelled".to_owned() };
            // The memory store is open, and the instance is there.
            drop(self.store.request_saga(&record.saga, &record.id, &request).await);
        }
        self.ring();
    }
}

impl Moment {
    /// Whether the instance comes to a step here.
    fn is_at(&self, step: &str) -> bool {
        let doing = Effect { id: "".into(), step: step.into(), direction: Direction::Do };
        let waits = !self.before && self.what.contains(&format!("`{step}` waiting"));
        self.before && *self.what == *format!("doing {doing}") || waits
    }
}
