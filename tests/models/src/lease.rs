//! Leases of consumers (P4): writes and checkpoint move once, also with two holders.
//!
//! A worker handles a batch and commits its rows with the checkpoint in one transaction. The
//! transaction is fenced: it is rejected unless the epoch is the worker's and the checkpoint is
//! where the batch began. A lease can pass to the other worker at any moment: that stands for
//! expiry, SIGSTOP and skewed clocks. The answer of a commit can be lost; the worker then reads
//! the checkpoint, or the lease passes.

use stateright::{Model, Property};

/// The protocol, or a way to break it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// As it is built: fenced by epoch and position.
    Correct,
    /// No fence: the last writer wins.
    NoFence,
    /// Fenced by the holder's name alone: a lease that left and came back is not noticed.
    FencedByName,
    /// Fenced by the epoch alone: a batch whose answer was lost is written again.
    FencedByEpoch,
}

#[derive(Clone, Debug)]
pub struct Lease {
    pub protocol: Protocol,
    pub events: u8,
    /// How often the lease changes hands.
    pub changes: u8,
}

/// What a worker believes and does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Worker {
    /// The epoch of the lease that it believes to have.
    pub epoch: Option<u8>,
    /// Where it believes the checkpoint to be.
    pub position: u8,
    /// A commit under way: epoch, begin and end of the batch.
    pub batch: Option<(u8, u8, u8)>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    pub holder: u8,
    pub epoch: u8,
    pub checkpoint: u8,
    /// How often each event was applied.
    pub applied: Vec<u8>,
    /// The events in the order in which they were applied.
    pub order: Vec<u8>,
    pub workers: [Worker; 2],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The lease passes to a worker, which learns epoch and checkpoint.
    Grant(u8),
    /// The lease passes to a worker; the answer is lost, or the worker is stopped.
    GrantUnheard(u8),
    /// A worker begins a batch of this length.
    Begin(u8, u8),
    /// The commit is decided and answered.
    Commit(u8),
    /// The commit is decided; the answer is lost, and the worker does its batch again.
    CommitUnheard(u8),
}

impl Lease {
    fn accepts(&self, state: &State, worker: u8, (epoch, begin, _): (u8, u8, u8)) -> bool {
        match self.protocol {
            Protocol::Correct => state.epoch == epoch && state.checkpoint == begin,
            Protocol::NoFence => true,
            Protocol::FencedByName => state.holder == worker,
            Protocol::FencedByEpoch => state.epoch == epoch,
        }
    }

    /// Decides the commit of a worker.
    fn commit(&self, state: &mut State, worker: u8) -> Option<bool> {
        let batch = state.workers[usize::from(worker)].batch.take()?;
        let accepted = self.accepts(state, worker, batch);
        if accepted {
            for event in batch.1..batch.2 {
                state.applied[usize::from(event)] = state.applied[usize::from(event)].saturating_add(1);
                state.order.push(event);
            }
            state.checkpoint = batch.2;
        }
        Some(accepted)
    }
}

impl Model for Lease {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let free = Worker { epoch: None, position: 0, batch: None };
        vec![State {
            holder: 0,
            epoch: 0,
            checkpoint: 0,
            applied: vec![0; usize::from(self.events)],
            order: Vec::new(),
            workers: [Worker { epoch: Some(0), ..free }, free],
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for worker in 0..2_u8 {
            let it = state.workers[usize::from(worker)];
            if state.epoch < self.changes {
                actions.extend([Action::Grant(worker), Action::GrantUnheard(worker)]);
            }
            if it.epoch.is_some() && it.batch.is_none() {
                let left = self.events.saturating_sub(it.position);
                actions.extend((1..=left).map(|length| Action::Begin(worker, length)));
            }
            if it.batch.is_some() {
                actions.extend([Action::Commit(worker), Action::CommitUnheard(worker)]);
            }
        }
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut next = state.clone();
        match action {
            Action::Grant(worker) | Action::GrantUnheard(worker) => {
                next.epoch += 1;
                next.holder = worker;
                if matches!(action, Action::Grant(_)) {
                    let it = &mut next.workers[usize::from(worker)];
                    it.epoch = Some(next.epoch);
                    it.position = state.checkpoint;
                    // A commit that was under way stays under way: it is at the server.
                }
            }
            Action::Begin(worker, length) => {
                let it = &mut next.workers[usize::from(worker)];
                it.batch = Some((it.epoch?, it.position, it.position + length));
            }
            Action::Commit(worker) => {
                let end = state.workers[usize::from(worker)].batch?.2;
                let accepted = self.commit(&mut next, worker)?;
                let it = &mut next.workers[usize::from(worker)];
                if accepted {
                    it.position = end;
                } else {
                    it.epoch = None;
                }
            }
            Action::CommitUnheard(worker) => {
                self.commit(&mut next, worker)?;
                // The worker knows nothing: it does its batch again from where it believes to be.
            }
        }
        if next.order.len() > usize::from(self.events) + 1 {
            // Long enough to be refuted.
            return None;
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("no event is applied twice", |_, state: &State| {
                state.applied.iter().all(|count| *count <= 1)
            }),
            Property::always("the checkpoint covers exactly what was applied", |_, state: &State| {
                let covered = state.applied.iter().enumerate();
                covered.into_iter().all(|(nth, count)| (nth < usize::from(state.checkpoint)) == (*count > 0))
            }),
            Property::always("events are applied in order", |_, state: &State| {
                state.order.is_sorted_by(|before, after| before < after)
            }),
            Property::sometimes("everything is applied", |lease: &Self, state: &State| {
                state.checkpoint == lease.events
            }),
        ]
    }
}
