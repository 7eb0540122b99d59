//! Commit, loss of the connection, recovery and failover to a synchronous standby (P2, P13).
//!
//! A backend writes its commit and then waits for the standby. The rows become visible when the
//! standby has them, or when the wait is ended: `pg_terminate_backend` makes the commit visible
//! though the standby may not have it. So recovery must not answer from what it reads alone. It
//! commits a barrier of its own on the same terms first. An append that is proven absent is sent
//! again, once.

use stateright::{Model, Property};

/// The protocol, or a way to break it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// As it is built.
    Correct,
    /// Recovery answers `Ok` from what it reads.
    NoBarrier,
    /// A duplicate is answered from the ledger without a barrier.
    DuplicateWithoutBarrier,
    /// Recovery does not end the old backend before it reads.
    NoTermination,
    /// Recovery asks any server, also the standby.
    AsksAnyServer,
}

#[derive(Clone, Debug)]
pub struct Commit {
    pub protocol: Protocol,
    /// How often a connection is cut.
    pub cuts: u8,
}

/// An entry of the primary's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Entry {
    /// The append, by the number of the attempt.
    Append(u8),
    Barrier,
}

/// The server process that does the append.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Backend {
    None,
    /// The statement has arrived and is not committed.
    Working(u8),
    /// The commit is written and waits for the standby.
    Waiting(u8),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Client {
    /// Waits for the answer of this attempt.
    Sent(u8),
    /// The connection was lost.
    Lost(u8),
    /// The old backend is gone, or recovery does not care.
    Ended(u8),
    /// Recovery has seen the append and committed a barrier, the entry with this number.
    Barrier(usize),
    Ok,
    Unknown,
}

/// Another client that sends the same command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Twin {
    Idle,
    Barrier(usize),
    Ok,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    pub log: Vec<Entry>,
    /// How many entries the standby has.
    pub replicated: usize,
    /// The appends that readers of the primary see.
    pub visible: Vec<u8>,
    pub backend: Backend,
    /// A backend whose client has sent the append again.
    pub orphan: Backend,
    pub client: Client,
    pub twin: Twin,
    pub cuts: u8,
    pub failed_over: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Write,
    WriteOrphan,
    Replicate,
    Confirm,
    Cut,
    Terminate,
    /// Recovery reads the primary.
    Look,
    /// Recovery reads the standby.
    LookAtStandby,
    ConfirmBarrier,
    GiveUp,
    FailOver,
    TwinLooks,
    TwinConfirms,
}

impl State {
    fn push(&mut self, entry: Entry) -> usize {
        self.log.push(entry);
        if self.failed_over {
            // The survivor has no standby: a commit is durable at once.
            self.replicated = self.log.len();
        }
        self.log.len()
    }

    fn stores(&self, attempt: u8) -> bool {
        self.log.contains(&Entry::Append(attempt))
    }

    /// What a failover at this moment would leave.
    fn survives(&self) -> bool {
        self.log[..self.replicated].iter().any(|entry| matches!(entry, Entry::Append(_)))
    }

    fn write(&mut self, attempt: u8) -> Backend {
        self.push(Entry::Append(attempt));
        Backend::Waiting(attempt)
    }

    /// The end of a backend: an open transaction is rolled back, a waiting commit becomes visible.
    fn end(&mut self, backend: Backend) {
        if let Backend::Waiting(attempt) = backend {
            self.visible.push(attempt);
        }
    }

    /// Recovery has read: `found` is what it saw.
    fn judge(&mut self, protocol: Protocol, attempt: u8, found: bool) {
        self.client = match (found, attempt) {
            (true, _) if protocol == Protocol::NoBarrier => Client::Ok,
            (true, _) => Client::Barrier(self.push(Entry::Barrier)),
            // Proven absent: sent again, once.
            (false, 1) => {
                self.orphan = self.backend;
                self.backend = Backend::Working(2);
                Client::Sent(2)
            }
            (false, _) => Client::Unknown,
        };
    }
}

impl Model for Commit {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            log: Vec::new(),
            replicated: 0,
            visible: Vec::new(),
            backend: Backend::Working(1),
            orphan: Backend::None,
            client: Client::Sent(1),
            twin: Twin::Idle,
            cuts: 0,
            failed_over: false,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        match state.backend {
            Backend::Working(_) => actions.push(Action::Write),
            Backend::Waiting(_) => actions.push(Action::Confirm),
            Backend::None => {}
        }
        if matches!(state.orphan, Backend::Working(_)) {
            actions.push(Action::WriteOrphan);
        }
        if state.replicated < state.log.len() {
            actions.push(Action::Replicate);
        }
        match state.client {
            Client::Sent(_) if state.cuts < self.cuts => actions.push(Action::Cut),
            Client::Lost(_) if self.protocol == Protocol::NoTermination => actions.push(Action::Look),
            Client::Lost(_) => actions.push(Action::Terminate),
            Client::Ended(_) => {
                actions.extend([Action::Look, Action::GiveUp]);
                if self.protocol == Protocol::AsksAnyServer && !state.failed_over {
                    actions.push(Action::LookAtStandby);
                }
            }
            Client::Barrier(_) => actions.extend([Action::ConfirmBarrier, Action::GiveUp]),
            _ => {}
        }
        if !state.failed_over {
            actions.push(Action::FailOver);
        }
        match state.twin {
            Twin::Idle if !state.visible.is_empty() => actions.push(Action::TwinLooks),
            Twin::Barrier(_) => actions.push(Action::TwinConfirms),
            _ => {}
        }
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut next = state.clone();
        match action {
            Action::Write => {
                let Backend::Working(attempt) = state.backend else { return None };
                next.backend = next.write(attempt);
            }
            Action::WriteOrphan => {
                let Backend::Working(attempt) = state.orphan else { return None };
                next.orphan = next.write(attempt);
            }
            Action::Replicate => next.replicated += 1,
            Action::Confirm => {
                let Backend::Waiting(attempt) = state.backend else { return None };
                let entry = state.log.iter().position(|entry| *entry == Entry::Append(attempt))?;
                if entry >= state.replicated {
                    return None;
                }
                next.visible.push(attempt);
                next.backend = Backend::None;
                if state.client == Client::Sent(attempt) {
                    next.client = Client::Ok;
                }
            }
            Action::Cut => {
                let Client::Sent(attempt) = state.client else { return None };
                next.cuts += 1;
                next.client = Client::Lost(attempt);
            }
            Action::Terminate => {
                let Client::Lost(attempt) = state.client else { return None };
                next.end(state.backend);
                next.backend = Backend::None;
                next.client = Client::Ended(attempt);
            }
            Action::Look => {
                let (Client::Ended(attempt) | Client::Lost(attempt)) = state.client else { return None };
                next.judge(self.protocol, attempt, state.visible.contains(&attempt));
            }
            Action::LookAtStandby => {
                let Client::Ended(attempt) = state.client else { return None };
                let found = state.log[..state.replicated].contains(&Entry::Append(attempt));
                next.judge(self.protocol, attempt, found);
            }
            Action::ConfirmBarrier => {
                let Client::Barrier(length) = state.client else { return None };
                if state.replicated < length {
                    return None;
                }
                next.client = Client::Ok;
            }
            Action::GiveUp => next.client = Client::Unknown,
            Action::FailOver => {
                next.failed_over = true;
                next.log.truncate(state.replicated);
                next.visible = (1..=2).filter(|attempt| next.stores(*attempt)).collect();
                next.backend = Backend::None;
                next.orphan = Backend::None;
                next.client = match state.client {
                    Client::Sent(attempt) => Client::Lost(attempt),
                    // The barrier's answer never arrives.
                    Client::Barrier(_) => Client::Unknown,
                    other => other,
                };
                if matches!(state.twin, Twin::Barrier(_)) {
                    next.twin = Twin::Idle;
                }
            }
            Action::TwinLooks => {
                next.twin = if self.protocol == Protocol::DuplicateWithoutBarrier {
                    Twin::Ok
                } else {
                    Twin::Barrier(next.push(Entry::Barrier))
                };
            }
            Action::TwinConfirms => {
                let Twin::Barrier(length) = state.twin else { return None };
                if state.replicated < length {
                    return None;
                }
                next.twin = Twin::Ok;
            }
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("an answer `Ok` survives a failover", |_, state: &State| {
                (state.client != Client::Ok && state.twin != Twin::Ok) || state.survives()
            }),
            Property::always("the append is stored at most once", |_, state: &State| {
                !(state.stores(1) && state.stores(2))
            }),
            Property::sometimes("a lost answer is found out", |_, state: &State| {
                state.cuts > 0 && state.client == Client::Ok
            }),
            Property::sometimes("an append is answered after a failover", |_, state: &State| {
                state.failed_over && state.client == Client::Ok && state.stores(2)
            }),
        ]
    }
}
