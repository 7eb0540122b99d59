//! A failover that loses commits (P13): nothing of the lost time is used.
//!
//! The database is a log of one stream, a consumer's checkpoint and what the consumer applied.
//! The standby has an older copy of it. After a failover the copy is the database, and positions
//! are drawn again. A process keeps a watermark, a page, its position and a folded state. Its
//! connection breaks with the server; on the new one it compares the server's identity and
//! drops all of that.

use stateright::{Model, Property};

/// The protocol, or a way to break it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// As it is built.
    Correct,
    KeepsWatermark,
    KeepsPage,
    KeepsPosition,
    KeepsState,
}

#[derive(Clone, Debug)]
pub struct Failover {
    pub protocol: Protocol,
    /// How many events are appended in all.
    pub events: u8,
}

/// What a database holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Database {
    /// The events in order; an event's position is its index plus one.
    pub events: Vec<u8>,
    pub checkpoint: usize,
    pub applied: Vec<u8>,
}

/// What a process remembers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Memory {
    pub watermark: usize,
    /// Events read and not applied, with their positions.
    pub page: Vec<(usize, u8)>,
    /// How far the consumer is, ahead of its checkpoint when it passed unwanted events.
    pub position: usize,
    /// The stream as it was folded for commands.
    pub state: Option<Vec<u8>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    pub database: Database,
    pub standby: Database,
    pub memory: Memory,
    pub connected: bool,
    pub failed_over: bool,
    /// The next event's number; odd ones are not wanted by the consumer.
    pub next: u8,
    /// A command was decided on a state that the stream never had.
    pub decided_on_a_lie: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Another process appends.
    AppendElsewhere,
    /// The process loads the stream, or reads what is new.
    Load,
    /// The process appends, if the stream has the version that it remembers.
    Execute,
    Replicate,
    FailOver,
    Connect,
    Fetch,
    Apply,
}

fn is_wanted(event: u8) -> bool {
    event.is_multiple_of(2)
}

impl Model for Failover {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            database: Database::default(),
            standby: Database::default(),
            memory: Memory::default(),
            connected: true,
            failed_over: false,
            next: 0,
            decided_on_a_lie: false,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        if state.next < self.events {
            actions.push(Action::AppendElsewhere);
            if state.connected && state.memory.state.is_some() {
                actions.push(Action::Execute);
            }
        }
        if !state.failed_over {
            actions.extend([Action::Replicate, Action::FailOver]);
        }
        if !state.connected {
            actions.push(Action::Connect);
            return;
        }
        actions.push(Action::Load);
        actions.push(if state.memory.page.is_empty() { Action::Fetch } else { Action::Apply });
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut next = state.clone();
        match action {
            Action::AppendElsewhere => {
                next.database.events.push(state.next);
                next.next += 1;
            }
            Action::Load => next.memory.state = Some(state.database.events.clone()),
            Action::Execute => {
                let known = state.memory.state.as_ref()?;
                if known.len() == state.database.events.len() {
                    next.decided_on_a_lie = *known != state.database.events;
                    next.database.events.push(state.next);
                    next.memory.state = Some(next.database.events.clone());
                    next.next += 1;
                } else {
                    next.memory.state = None;
                }
            }
            Action::Replicate => next.standby = state.database.clone(),
            Action::FailOver => {
                next.failed_over = true;
                next.database = state.standby.clone();
                next.connected = false;
            }
            Action::Connect => {
                next.connected = true;
                // The failover is the only reason to connect: the identity is another one.
                let old = std::mem::take(&mut next.memory);
                next.memory.position = state.database.checkpoint;
                match self.protocol {
                    Protocol::Correct => {}
                    Protocol::KeepsWatermark => next.memory.watermark = old.watermark,
                    Protocol::KeepsPage => {
                        next.memory.page = old.page;
                        next.memory.page.retain(|(position, _)| *position > state.database.checkpoint);
                    }
                    Protocol::KeepsPosition => next.memory.position = old.position,
                    Protocol::KeepsState => next.memory.state = old.state,
                }
            }
            Action::Fetch => {
                let memory = &mut next.memory;
                let head = state.database.events.len();
                // A watermark that is known and ahead saves the look at the head.
                let known = memory.watermark > memory.position;
                let through = if known { memory.watermark } else { head };
                memory.watermark = through;
                let rows = state.database.events.iter().enumerate().map(|(nth, event)| (nth + 1, *event));
                memory.page = rows
                    .filter(|(position, event)| {
                        *position > memory.position && *position <= through && is_wanted(*event)
                    })
                    .collect();
                if memory.page.is_empty() {
                    // Nothing wanted: passed over in memory, the checkpoint follows later.
                    memory.position = memory.position.max(through);
                }
            }
            Action::Apply => {
                let page = std::mem::take(&mut next.memory.page);
                let end = page.last()?.0;
                next.database.applied.extend(page.iter().map(|(_, event)| *event));
                next.database.checkpoint = end;
                next.memory.position = end;
            }
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("what is applied is what the survivor has", |_, state: &State| {
                let reached = state.memory.position.max(state.database.checkpoint);
                let reached = if state.connected { reached } else { state.database.checkpoint };
                let fold = state.database.events.iter().take(reached).filter(|event| is_wanted(**event));
                let pending = state.memory.page.iter().map(|(_, event)| event);
                let due: Vec<_> = fold.collect();
                let seen: Vec<_> = state.database.applied.iter().chain(pending).collect();
                !state.connected || due.len() <= seen.len() && seen[..due.len()] == due[..]
            }),
            Property::always("a command is decided on the survivor's stream", |_, state: &State| {
                !state.decided_on_a_lie
            }),
            Property::sometimes("events are applied after a failover that lost some", |_, state: &State| {
                state.failed_over
                    && state.database.applied.len() > 1
                    && state.database.events.iter().zip(0..).any(|(event, nth)| *event != nth)
            }),
        ]
    }
}
