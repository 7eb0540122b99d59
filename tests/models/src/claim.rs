//! Claims of saga instances (P5): none is stranded, no outcome is recorded twice.
//!
//! A claim makes a worker the owner of an instance. Its answer can be lost while the statement is
//! still under way: the claim can commit later. The worker keeps the lost claim until the backend
//! is gone, and its next claim gives back what the lost one took. Every write is fenced by the
//! epoch of the instance and the length of its log; the intent of a step is recorded before its
//! effect.
//!
//! A transaction that starts an instance or leaves an event for it can give it to the worker of its
//! process, too, with the next intent (*hand*). It is fenced as a write is, and the worker runs the
//! instance when the commit is known. A hand whose answer is lost is a lost claim.

use stateright::{Model, Property};

/// The protocol, or a way to break it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// As it is built.
    Correct,
    /// A lost claim is forgotten after a while, though its backend may live.
    ForgetsByTime,
    /// Writes are not fenced by the epoch.
    NoEpoch,
    /// The effect comes before the record of its intent.
    EffectFirst,
    /// A hand is not fenced by the epoch and the log that its writer has seen.
    HandsUnfenced,
    /// A worker runs what it was handed before the commit is known.
    RunsUncommitted,
    /// A hand whose answer is lost is not remembered.
    ForgetsHands,
}

#[derive(Clone, Debug)]
pub struct Claim {
    pub protocol: Protocol,
    pub steps: u8,
    /// How many answers are lost.
    pub losses: u8,
    /// How many leases expire.
    pub expiries: u8,
}

/// The life of a claim's statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Call {
    /// Under way at the server.
    Sent(u8),
    /// A hand under way: the claim, and the epoch and the log length that it was decided with.
    Handed(u8, u8, usize),
    /// Committed; the epoch if it was given the instance. The answer is under way.
    Done(u8, Option<u8>),
}

/// An entry of the instance's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Entry {
    Intent(u8),
    Outcome(u8),
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Worker {
    pub call: Option<Call>,
    /// A statement whose connection is gone; it may still commit.
    pub orphan: Option<Call>,
    /// Claims whose answers were lost.
    pub lost: Vec<u8>,
    /// The epoch and the log length that it works with.
    pub running: Option<(u8, usize)>,
    /// The step whose effect it has caused and not recorded.
    pub effect: Option<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// The owner and the claim that made it so.
    pub owner: Option<(u8, u8)>,
    pub epoch: u8,
    pub log: Vec<Entry>,
    pub workers: [Worker; 2],
    pub claims: u8,
    pub losses: u8,
    pub expiries: u8,
    pub wrote_without_owning: bool,
    pub effect_without_intent: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Send(u8),
    Hand(u8),
    Commit(u8),
    Answer(u8),
    LoseAnswer(u8),
    CommitOrphan(u8),
    /// The backend of an orphan is gone.
    EndOrphan(u8),
    Forget(u8),
    Intent(u8),
    Effect(u8),
    Outcome(u8),
    /// The worker's lease runs out; it does not know.
    Expire(u8),
}

impl State {
    fn worker(&mut self, worker: u8) -> &mut Worker {
        &mut self.workers[usize::from(worker)]
    }

    /// The statement of a claim: gives back what lost claims took, then takes what is free.
    fn claim(&mut self, worker: u8, claim: u8, lost: &[u8], done: bool) -> Option<u8> {
        if let Some((owner, by)) = self.owner
            && owner == worker
            && lost.contains(&by)
        {
            self.owner = None;
            self.epoch += 1;
        }
        if self.owner.is_some() || done {
            return None;
        }
        self.owner = Some((worker, claim));
        self.epoch += 1;
        Some(self.epoch)
    }

    /// The commit of a hand: takes what is free, and records the next intent.
    fn hand(&mut self, protocol: Protocol, worker: u8, claim: u8, seen: (u8, usize)) -> Option<u8> {
        let fenced = protocol == Protocol::HandsUnfenced || (self.epoch, self.log.len()) == seen;
        if self.owner.is_some() || !fenced {
            return None;
        }
        self.owner = Some((worker, claim));
        self.epoch += 1;
        self.log.push(Entry::Intent(Claim::place(seen.1).0));
        Some(self.epoch)
    }

    fn write(&mut self, protocol: Protocol, worker: u8, entry: Entry) {
        let Some((epoch, length)) = self.worker(worker).running else { return };
        let fenced = protocol == Protocol::NoEpoch || self.epoch == epoch;
        if fenced && self.log.len() == length {
            self.wrote_without_owning |= self.owner.is_none_or(|(owner, _)| owner != worker);
            self.log.push(entry);
            self.worker(worker).running = Some((epoch, length + 1));
        } else {
            // It has lost the instance.
            self.worker(worker).running = None;
        }
        self.worker(worker).effect = None;
    }
}

impl Claim {
    fn is_done(&self, state: &State) -> bool {
        state.log.len() == usize::from(self.steps) * 2
    }

    /// The step that a log of this length is at, and whether its intent is recorded.
    fn place(length: usize) -> (u8, bool) {
        (u8::try_from(length / 2).unwrap_or(u8::MAX), length % 2 == 1)
    }
}

impl Model for Claim {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            owner: None,
            epoch: 0,
            log: Vec::new(),
            workers: [Worker::default(), Worker::default()],
            claims: 0,
            losses: 0,
            expiries: 0,
            wrote_without_owning: false,
            effect_without_intent: false,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for worker in 0..2_u8 {
            let it = &state.workers[usize::from(worker)];
            match it.call {
                None if it.running.is_none() && it.orphan.is_none() && state.claims < 5 => {
                    actions.push(Action::Send(worker));
                    // An attempt whose end is not known is left to a claim.
                    let (_, intended) = Self::place(state.log.len());
                    if state.owner.is_none() && !intended && !self.is_done(state) {
                        actions.push(Action::Hand(worker));
                    }
                }
                Some(call) => {
                    actions.push(match call {
                        Call::Sent(_) | Call::Handed(..) => Action::Commit(worker),
                        Call::Done(..) => Action::Answer(worker),
                    });
                    if state.losses < self.losses && it.orphan.is_none() {
                        actions.push(Action::LoseAnswer(worker));
                    }
                }
                None => {}
            }
            if it.orphan.is_some() {
                actions.extend([Action::CommitOrphan(worker), Action::EndOrphan(worker)]);
            }
            if !it.lost.is_empty() {
                actions.push(Action::Forget(worker));
            }
            if let Some((_, length)) = it.running
                && length < usize::from(self.steps) * 2
            {
                let (_, intended) = Self::place(length);
                match (intended, it.effect.is_some()) {
                    (false, true) => actions.push(Action::Intent(worker)),
                    (false, false) if self.protocol == Protocol::EffectFirst => {
                        actions.push(Action::Effect(worker));
                    }
                    (false, false) => actions.push(Action::Intent(worker)),
                    (true, false) if self.protocol != Protocol::EffectFirst => {
                        actions.push(Action::Effect(worker));
                    }
                    (true, _) => actions.push(Action::Outcome(worker)),
                }
            }
            if state.expiries < self.expiries {
                actions.push(Action::Expire(worker));
            }
        }
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut next = state.clone();
        let done = self.is_done(state);
        match action {
            Action::Send(worker) => {
                next.worker(worker).call = Some(Call::Sent(state.claims));
                next.claims += 1;
            }
            Action::Hand(worker) => {
                let (claim, seen) = (state.claims, (state.epoch, state.log.len()));
                let it = next.worker(worker);
                it.call = Some(Call::Handed(claim, seen.0, seen.1));
                if self.protocol == Protocol::RunsUncommitted {
                    it.running = Some((seen.0 + 1, seen.1 + 1));
                }
                next.claims += 1;
            }
            Action::Commit(worker) => {
                let (claim, given) = match next.worker(worker).call? {
                    Call::Sent(claim) => {
                        let lost = next.worker(worker).lost.clone();
                        (claim, next.claim(worker, claim, &lost, done))
                    }
                    Call::Handed(claim, epoch, length) => {
                        (claim, next.hand(self.protocol, worker, claim, (epoch, length)))
                    }
                    Call::Done(..) => return None,
                };
                next.worker(worker).call = Some(Call::Done(claim, given));
            }
            Action::Answer(worker) => {
                let length = state.log.len();
                let it = next.worker(worker);
                let Some(Call::Done(_, given)) = it.call.take() else { return None };
                it.running = given.map(|epoch| (epoch, length));
            }
            Action::LoseAnswer(worker) => {
                next.losses += 1;
                let it = next.worker(worker);
                let call = it.call.take()?;
                let (Call::Sent(claim) | Call::Handed(claim, ..) | Call::Done(claim, _)) = call;
                let hands = matches!(call, Call::Handed(..));
                if !(hands && self.protocol == Protocol::ForgetsHands) {
                    it.lost.push(claim);
                }
                it.orphan = (!matches!(call, Call::Done(..))).then_some(call);
            }
            Action::CommitOrphan(worker) => {
                // A claim carries the lost claims that were known when it was sent: none in this bound.
                match next.worker(worker).orphan.take()? {
                    Call::Sent(claim) => next.claim(worker, claim, &[], done),
                    Call::Handed(claim, epoch, length) => {
                        next.hand(self.protocol, worker, claim, (epoch, length))
                    }
                    Call::Done(..) => return None,
                };
            }
            Action::EndOrphan(worker) => next.worker(worker).orphan = None,
            Action::Forget(worker) => {
                let owner = state.owner;
                let by_time = self.protocol == Protocol::ForgetsByTime;
                let it = next.worker(worker);
                let claim = *it.lost.first()?;
                // Its backend is gone, and a claim since then has given back what it took.
                let orphan = it.orphan.map(|call| match call {
                    Call::Sent(claim) | Call::Handed(claim, ..) | Call::Done(claim, _) => claim,
                });
                let over = orphan != Some(claim) && owner != Some((worker, claim));
                if !over && !by_time {
                    return None;
                }
                it.lost.remove(0);
            }
            Action::Intent(worker) => {
                let (_, length) = state.workers[usize::from(worker)].running?;
                next.write(self.protocol, worker, Entry::Intent(Self::place(length).0));
            }
            Action::Effect(worker) => {
                let (_, length) = state.workers[usize::from(worker)].running?;
                let (step, _) = Self::place(length);
                next.effect_without_intent |= !state.log.contains(&Entry::Intent(step));
                next.worker(worker).effect = Some(step);
            }
            Action::Outcome(worker) => {
                let (_, length) = state.workers[usize::from(worker)].running?;
                next.write(self.protocol, worker, Entry::Outcome(Self::place(length).0));
            }
            Action::Expire(worker) => {
                next.expiries += 1;
                if state.owner.is_some_and(|(owner, _)| owner == worker) {
                    next.owner = None;
                    next.epoch += 1;
                }
            }
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("an owned instance is run, or will be given back", |_, state: &State| {
                state.owner.is_none_or(|(owner, claim)| {
                    let it = &state.workers[usize::from(owner)];
                    let answer = matches!(it.call, Some(Call::Done(by, Some(_))) if by == claim);
                    answer || it.running.is_some() || it.lost.contains(&claim)
                })
            }),
            Property::always("only the owner writes", |_, state: &State| !state.wrote_without_owning),
            Property::always("an effect has its intent recorded", |_, state: &State| {
                !state.effect_without_intent
            }),
            Property::always("a step has one intent and one outcome, in turn", |_, state: &State| {
                let expected = (0..).flat_map(|step| [Entry::Intent(step), Entry::Outcome(step)]);
                state.log.iter().copied().zip(expected).all(|(entry, expected)| entry == expected)
            }),
            Property::sometimes("the instance ends after a lost answer", |claim: &Self, state: &State| {
                state.losses > 0 && claim.is_done(state)
            }),
        ]
    }
}
