//! What goes wrong, and when.

use std::sync::Arc;

use super::{Director, Signal};
use crate::saga::Direction;
use crate::store::{SagaRequest, SagaStatus, SagaStore};
use crate::testing::saga::arrival::Arrival;
use crate::testing::saga::ask::Ask;
use crate::testing::saga::definition::Release;
use crate::testing::saga::twist::{Effect, Misdeed, Moment, Target, Twist};

/// More moments than any run has that comes to an end.
const MOST: usize = 5_000;

impl Director {
    /// A process comes to a moment; says what happens to it there.
    pub(in super::super) fn pass(
        &self,
        process: u32,
        release: Release,
        before: bool,
        what: String,
    ) -> Vec<Twist> {
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
                Twist::Dies(at) | Twist::Stops(at, _) | Twist::Asked(at, ..) => *at == moment,
                Twist::Upgraded(at, _) => *at == moment && release == Release::Old,
                Twist::RolledBack(at) => *at == moment && release == Release::New,
                Twist::CancelledAt(step) => moment.is_at(step),
                Twist::Attempt(..) | Twist::Event(..) | Twist::AskedAtRest(..) => false,
            };
            if is_now {
                *fired = true;
                now.push(twist.clone());
            }
        }
        // What is requested at the moment of a death is requested first.
        now.sort_by_key(|twist| !matches!(twist, Twist::Asked(..) | Twist::CancelledAt(_)));
        state.moments.push(moment);
        state.releases.push(release);
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
                Twist::Upgraded(..) => self.tell(0, "the new release is deployed".to_owned()),
                Twist::RolledBack(_) => self.tell(0, "the old release is deployed again".to_owned()),
                _ => {}
            }
        }
        now
    }

    /// How an attempt goes wrong, if it does.
    pub(in super::super) fn misdeed(&self, effect: &Effect, nth: u32, place: usize) -> Option<Misdeed> {
        let mut state = self.state();
        let from = state.moments.len();
        // By its key: a release may call a step by another name.
        let key = state.attempts.get(place).map(|attempt| attempt.key);
        let earlier =
            state.attempts.iter().take(place).any(|attempt| Some(attempt.key) == key && attempt.done);
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

    /// The requests that are left when nothing continues without help.
    pub(in super::super) fn asks_at_rest(&self) -> Vec<(Target, Ask, u32)> {
        let mut state = self.state();
        let mut asks = Vec::new();
        for (twist, fired) in state.twists.iter_mut().filter(|(_, fired)| !*fired) {
            if let Twist::AskedAtRest(target, ask, times) = twist {
                *fired = true;
                asks.push((target.clone(), ask.clone(), *times));
            }
        }
        asks
    }

    pub(in super::super) fn stopped(&self, process: u32, signal: Signal) {
        *self.state().pauses.entry(process).or_default() += 1;
        self.signal(signal);
    }

    pub(in super::super) fn goes_on(&self, process: u32) {
        let mut state = self.state();
        state.from = state.moments.len();
        drop(state);
        self.tell(process, "goes on".to_owned());
    }

    /// Nothing goes wrong any more.
    pub(in super::super) fn calm_down(&self) {
        let mut state = self.state();
        state.calm = Some(state.attempts.len());
    }

    /// What is parked is told to go on.
    pub(in super::super) async fn resume(&self) {
        for record in self.records().iter().filter(|record| record.status == SagaStatus::Parked) {
            self.tell(0, format!("`{}` is told to go on", record.id));
            // The memory store is open, and the instance is there.
            drop(self.store.request_saga(&record.saga, &record.id, &SagaRequest::Retry).await);
        }
        self.nudge();
    }

    /// An operator requests something of an instance, or of all.
    pub(in super::super) async fn ask(&self, target: Option<&str>, ask: &Ask, times: u32) {
        for record in self.records() {
            if target.is_some_and(|id| *id != *record.id) {
                continue;
            }
            for _ in 0..times {
                self.tell(0, format!("an operator {ask}: `{}`", record.id));
                // The memory store is open, and the instance is there.
                drop(self.store.request_saga(&record.saga, &record.id, &ask.request()).await);
            }
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
