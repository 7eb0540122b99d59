//! What a batch is going to append, decided before anything is written.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::app::{AnyTarget, Undecided};
use crate::consumer::panic_text;
use crate::number::Version;
use crate::payload::DecodeError;
use crate::reactor::{Effect, Kind};
use crate::store::{Append, Appended, EventStore, Expect};
use crate::stream::StreamName;

/// The streams that a batch writes to.
#[derive(Default)]
pub(super) struct Plan {
    streams: BTreeMap<StreamName, Planned>,
}

#[derive(Default)]
struct Planned {
    /// The state that commands are decided on.
    target: Option<Box<dyn AnyTarget>>,
    items: Vec<Item>,
    /// How many of the items the state has followed.
    followed: usize,
    /// The version that the stream has after the last item that was appended.
    reached: Option<Version>,
}

/// One append of a batch.
pub(super) struct Item {
    /// The place in the batch of the event that causes it.
    pub(super) at: usize,
    pub(super) append: Append,
    is_command: bool,
}

/// Why an effect is not part of the plan.
pub(super) enum Unplanned {
    /// The aggregate turns the command down.
    Rejected(String),
    /// It cannot be.
    Impossible(String),
    /// The code of the aggregate panicked.
    Panicked(String),
}

impl Plan {
    pub(super) fn is_empty(&self) -> bool {
        self.streams.values().all(|planned| planned.items.is_empty())
    }

    /// Whether the state of a stream is at hand.
    pub(super) fn has(&self, stream: &StreamName) -> bool {
        self.streams.get(stream).is_some_and(|planned| planned.target.is_some())
    }

    /// Takes the state of a stream.
    pub(super) fn open(&mut self, stream: StreamName, target: Box<dyn AnyTarget>) {
        self.streams.entry(stream).or_default().target = Some(target);
    }

    /// Adds an effect of the event at a place: a command is decided, on a state that has followed everything before it.
    pub(super) fn add(&mut self, at: usize, effect: &Effect) -> Result<(), Unplanned> {
        let planned = self.streams.entry(effect.stream.clone()).or_default();
        let (expect, events, is_command) = match &effect.kind {
            Kind::Event { event, .. } => (Expect::Any, vec![event.clone()], false),
            Kind::Command { sent, context, .. } => {
                planned.catch_up()?;
                let Some(target) = &planned.target else {
                    return Err(Unplanned::Impossible(format!("there is no state of {}", effect.stream)));
                };
                let mut context = context.clone();
                context.version = target.version();
                let events =
                    guarded(|| sent.decide(&**target, &context))?.map_err(|undecided| match undecided {
                        Undecided::Rejected(reason) => Unplanned::Rejected(reason),
                        other => Unplanned::Impossible(crate::app::with_sources(&other)),
                    })?;
                let expect = match target.version() {
                    Version::ZERO => Expect::New,
                    version => Expect::Exactly(version),
                };
                (expect, events, true)
            }
        };
        let append = Append::to(effect.stream.clone(), expect, events).command(effect.entry());
        planned.items.push(Item { at, append, is_command });
        Ok(())
    }

    /// In how many waves the appends are done: each has one append of a stream at the most, and comes after those before it.
    pub(super) fn waves(&self) -> usize {
        self.streams.values().map(|planned| planned.items.len()).max().unwrap_or(0)
    }

    /// The appends of a wave.
    pub(super) fn wave(&self, nth: usize) -> Vec<&Item> {
        self.streams.values().filter_map(|planned| planned.items.get(nth)).collect()
    }

    /// The appends of a wave were done.
    pub(super) fn appended(&mut self, appended: &[Appended]) {
        for written in appended.iter().flat_map(|appended| &appended.streams) {
            if let Some(planned) = self.streams.get_mut(&written.stream) {
                planned.reached = Some(written.version);
            }
        }
    }

    /// The state of a stream is not to be trusted.
    pub(super) fn distrust(&mut self, stream: &StreamName) {
        if let Some(planned) = self.streams.get_mut(stream) {
            planned.target = None;
        }
    }

    /// How many commands and events there are.
    pub(super) fn count(&self) -> (u64, u64) {
        let items = self.streams.values().flat_map(|planned| &planned.items);
        let (commands, events): (Vec<&Item>, Vec<&Item>) = items.partition(|item| item.is_command);
        (commands.len() as u64, events.len() as u64)
    }

    /// Everything is committed: the states are of use to others.
    pub(super) async fn committed(&mut self, store: &dyn EventStore) {
        for (stream, mut planned) in std::mem::take(&mut self.streams) {
            let followed = planned.catch_up().is_ok();
            let Some(target) = planned.target else { continue };
            // An event that was appended to whatever was there may have come behind others'.
            if followed && planned.reached == Some(target.version()) {
                let commands = planned.items.iter().filter(|item| item.is_command).count() as u64;
                target.committed(store, &stream, commands).await;
            }
        }
    }

    /// Nothing is written: the states that have followed nothing are as they were.
    pub(super) fn forget(&mut self) {
        for (stream, planned) in std::mem::take(&mut self.streams) {
            if let Some(target) = planned.target
                && planned.followed == 0
            {
                target.put_back(&stream);
            }
        }
    }
}

impl Planned {
    /// Has the state follow what was planned before.
    fn catch_up(&mut self) -> Result<(), Unplanned> {
        let Some(target) = &mut self.target else { return Ok(()) };
        for item in self.items.iter().skip(self.followed) {
            // Whatever comes of it, the state is not what it was.
            self.followed += 1;
            for written in &item.append.streams {
                let followed: Result<(), DecodeError> = guarded(|| target.follow(&written.events))?;
                followed.map_err(|error| Unplanned::Impossible(crate::app::with_sources(&error)))?;
            }
        }
        Ok(())
    }
}

/// Runs the user's code. Whatever a panic leaves half done is thrown away with the batch.
fn guarded<T>(run: impl FnOnce() -> T) -> Result<T, Unplanned> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|panic| Unplanned::Panicked(panic_text(&*panic)))
}
