//! The feed (P1): appenders draw positions, a reader delivers what is committed.
//!
//! An appender reads the last value of the sequence, takes a shared lock whose key holds that
//! value, and then draws. The reader reads the last value drawn, then the smallest key that is
//! held, then rows with a newer snapshot. A commit makes rows visible before it releases the
//! lock, as PostgreSQL does. If the committed positions after the checkpoint have no gap, the
//! reader needs no look at the locks: an open transaction would leave a gap. A crash of the server ends every open transaction and may set the
//! sequence back to the last committed position.

use stateright::{Model, Property};

/// The protocol, or a way to break it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// As it is built.
    Correct,
    /// The reader takes every committed row after its checkpoint.
    PlainSequence,
    /// The appender reads a last value that runs ahead, as `select last_value` can.
    LastValueAhead,
    /// The appender draws first and then locks what it reads.
    LockAfterDraw,
    /// The reader looks at the locks before it reads the last value drawn.
    LocksBeforeDrawn,
    /// The rows are read with a snapshot that is older than the watermark.
    OldSnapshot,
    /// The checkpoint moves to the watermark, also past the last committed event.
    PastTheHead,
    /// The reader takes the short way also over a gap.
    ShortWayOverGaps,
}

/// The bounds and the protocol.
#[derive(Clone, Debug)]
pub struct Feed {
    pub protocol: Protocol,
    pub appenders: usize,
    /// How many positions each appender draws.
    pub draws: u8,
    pub crashes: u8,
}

/// Where an appender is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    Begin,
    /// It has read the last value.
    Read(u8),
    /// It holds the lock with this key.
    Locked(u8),
    /// Its rows are visible, the lock is still held.
    Visible(u8),
    Ended,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Appender {
    pub step: Step,
    pub drawn: Vec<u8>,
}

/// What the reader has found out.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Reader {
    Idle,
    /// The last value drawn.
    Drawn(u8),
    /// The smallest key, read first. Only a broken protocol does this.
    Locks(u8),
    /// A snapshot of the rows, taken first. Only a broken protocol does this.
    Snapshot(Vec<Event>),
    SnapshotDrawn(Vec<Event>, u8),
    /// The watermark, with the snapshot to read if it is an old one.
    Watermark(u8, Option<Vec<Event>>),
}

/// A committed event: its position, and which appender wrote it in which order.
pub type Event = (u8, u8);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    pub appenders: Vec<Appender>,
    /// The last position drawn.
    pub last: u8,
    /// Committed events, sorted.
    pub events: Vec<Event>,
    pub reader: Reader,
    pub checkpoint: u8,
    pub delivered: Vec<Event>,
    pub crashes: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Reads the last value; the number says how far it runs ahead.
    ReadLast(usize, u8),
    Lock(usize),
    Draw(usize),
    Show(usize),
    Release(usize),
    RollBack(usize),
    /// The reader does its next step.
    Read,
    /// The reader takes the short way: the positions after its checkpoint have no gap.
    ReadWithoutLocks,
    /// The server crashes; the sequence restarts after this position.
    Crash(u8),
}

impl Feed {
    fn key(appender: &Appender) -> Option<u8> {
        match appender.step {
            Step::Locked(key) | Step::Visible(key) => Some(key),
            _ => None,
        }
    }

    /// The smallest key held, at most `drawn`.
    fn watermark(state: &State, drawn: u8) -> u8 {
        state.appenders.iter().filter_map(Self::key).min().map_or(drawn, |key| key.min(drawn))
    }

    fn read(&self, state: &State) -> State {
        let mut next = state.clone();
        next.reader = match &state.reader {
            Reader::Idle => match self.protocol {
                Protocol::PlainSequence => Reader::Watermark(u8::MAX, None),
                Protocol::LocksBeforeDrawn => Reader::Locks(Self::watermark(state, u8::MAX)),
                Protocol::OldSnapshot => Reader::Snapshot(state.events.clone()),
                _ => Reader::Drawn(state.last),
            },
            Reader::Drawn(drawn) => Reader::Watermark(Self::watermark(state, *drawn), None),
            Reader::Locks(key) => Reader::Watermark((*key).min(state.last), None),
            Reader::Snapshot(rows) => Reader::SnapshotDrawn(rows.clone(), state.last),
            Reader::SnapshotDrawn(rows, drawn) => {
                Reader::Watermark(Self::watermark(state, *drawn), Some(rows.clone()))
            }
            Reader::Watermark(watermark, snapshot) => {
                let rows = snapshot.as_ref().unwrap_or(&state.events);
                let found = rows
                    .iter()
                    .filter(|(position, _)| *position > state.checkpoint && *position <= *watermark);
                next.delivered.extend(found);
                // The head may be newer than the watermark's snapshot: it is read after it.
                let head = state.events.iter().map(|(position, _)| *position);
                let head = head.filter(|position| position <= watermark).max().unwrap_or(0);
                let end = if self.protocol == Protocol::PastTheHead { *watermark } else { head };
                next.checkpoint = state.checkpoint.max(end);
                Reader::Idle
            }
        };
        next
    }
}

impl Model for Feed {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            appenders: vec![Appender { step: Step::Begin, drawn: Vec::new() }; self.appenders],
            last: 0,
            events: Vec::new(),
            reader: Reader::Idle,
            checkpoint: 0,
            delivered: Vec::new(),
            crashes: 0,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        let late_lock = self.protocol == Protocol::LockAfterDraw;
        for (nth, appender) in state.appenders.iter().enumerate() {
            let full = appender.drawn.len() == usize::from(self.draws);
            match appender.step {
                Step::Begin if late_lock && !full => actions.push(Action::Draw(nth)),
                Step::Begin => {
                    actions.push(Action::ReadLast(nth, 0));
                    if self.protocol == Protocol::LastValueAhead {
                        actions.push(Action::ReadLast(nth, 2));
                    }
                }
                Step::Read(_) => actions.push(Action::Lock(nth)),
                Step::Locked(_) if !full => actions.push(Action::Draw(nth)),
                Step::Locked(_) => actions.push(Action::Show(nth)),
                Step::Visible(_) => actions.push(Action::Release(nth)),
                Step::Ended => {}
            }
            if !matches!(appender.step, Step::Begin | Step::Visible(_) | Step::Ended) {
                actions.push(Action::RollBack(nth));
            }
        }
        actions.push(Action::Read);
        if state.reader == Reader::Idle {
            actions.push(Action::ReadWithoutLocks);
        }
        if state.crashes < self.crashes {
            let committed = state.events.iter().map(|(position, _)| *position).max().unwrap_or(0);
            actions.extend((committed..=state.last).map(Action::Crash));
        }
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut next = state.clone();
        match action {
            Action::ReadLast(nth, ahead) => next.appenders[nth].step = Step::Read(state.last + ahead),
            Action::Lock(nth) => {
                let Step::Read(key) = state.appenders[nth].step else { return None };
                next.appenders[nth].step = Step::Locked(key);
            }
            Action::Draw(nth) => {
                next.last += 1;
                next.appenders[nth].drawn.push(next.last);
            }
            Action::Show(nth) => {
                let Step::Locked(key) = state.appenders[nth].step else { return None };
                next.appenders[nth].step = Step::Visible(key);
                let writer = u8::try_from(nth).ok()?;
                next.events.extend(state.appenders[nth].drawn.iter().map(|position| (*position, writer)));
                next.events.sort_unstable();
            }
            Action::Release(nth) | Action::RollBack(nth) => next.appenders[nth].step = Step::Ended,
            Action::Read => next = self.read(state),
            Action::ReadWithoutLocks => {
                let after = state.events.iter().filter(|(position, _)| *position > state.checkpoint);
                let last = after.clone().next_back()?.0;
                let gap = usize::from(last - state.checkpoint) != after.count();
                if gap && self.protocol != Protocol::ShortWayOverGaps {
                    return None;
                }
                next.reader = Reader::Watermark(last, None);
            }
            Action::Crash(last) => {
                next.crashes += 1;
                next.last = last;
                next.reader = Reader::Idle;
                for appender in &mut next.appenders {
                    // An open transaction is gone; its writer begins again.
                    *appender = match appender.step {
                        Step::Visible(_) | Step::Ended => {
                            Appender { step: Step::Ended, drawn: appender.drawn.clone() }
                        }
                        _ => Appender { step: Step::Begin, drawn: Vec::new() },
                    };
                }
            }
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("no committed event before the checkpoint is skipped", |_, state: &State| {
                let before = state.events.iter().filter(|(position, _)| *position <= state.checkpoint);
                before.into_iter().all(|event| state.delivered.contains(event))
            }),
            Property::always("events are delivered once, in the order of positions", |_, state: &State| {
                state.delivered.is_sorted_by(|before, after| before.0 < after.0)
            }),
            Property::sometimes("everything is delivered", |feed: &Self, state: &State| {
                let all = feed.appenders * usize::from(feed.draws);
                state.events.len() == all && state.delivered.len() == all
            }),
        ]
    }
}
