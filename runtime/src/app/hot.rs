//! Hot states: the streams of one aggregate that this process has at hand, and who works on each.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use lru::LruCache;
use tokio::sync::MutexGuard;

use crate::number::Version;
use crate::store::Timeline;
use crate::stream::StreamName;

/// A state, the version of the stream that it has, and what is known about that.
pub(crate) struct Hot<A> {
    pub(crate) state: A,
    pub(crate) version: Version,
    /// The version of the newest snapshot known of.
    pub(crate) snapshot: Version,
    /// The timeline that it was read on.
    pub(crate) timeline: Timeline,
    /// The store has confirmed the version after the turn with this ticket was asked for.
    pub(crate) confirmed: Ticket,
}

/// The number of a caller at one stream. A state that was confirmed at or after a caller's ticket was the real one at some moment of its call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ticket(u64);

impl Ticket {
    /// Before every caller: nothing is confirmed.
    pub(crate) const NEVER: Self = Self(0);
}

/// One stream: whoever has its turn may take the state out, and puts it back when the store's answer leaves no doubt about it.
pub(crate) struct Slot<A> {
    state: tokio::sync::Mutex<Option<Hot<A>>>,
    waiting: AtomicUsize,
    tickets: AtomicU64,
}

/// The turn of one caller. While it lasts, nobody else of this process works on the stream.
pub(crate) struct Turn<'a, A> {
    slot: &'a Slot<A>,
    place: MutexGuard<'a, Option<Hot<A>>>,
    ticket: Ticket,
}

/// More callers wait for a stream than the bound allows.
pub(crate) struct Full;

struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<A> Slot<A> {
    fn new() -> Self {
        Self {
            state: tokio::sync::Mutex::new(None),
            waiting: AtomicUsize::new(0),
            tickets: AtomicU64::new(Ticket::NEVER.0),
        }
    }

    /// The turn, if nobody has it.
    pub(crate) fn try_turn(&self) -> Option<Turn<'_, A>> {
        let ticket = self.ticket();
        Some(Turn { slot: self, place: self.state.try_lock().ok()?, ticket })
    }

    /// Waits for the turn, first come first served, while no more than the bound wait; dropping the future gives the place up.
    pub(crate) async fn turn(&self, bound: usize) -> Result<Turn<'_, A>, Full> {
        let ticket = self.ticket();
        let _waiting = Waiting(&self.waiting);
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= bound {
            return Err(Full);
        }
        Ok(Turn { slot: self, place: self.state.lock().await, ticket })
    }

    fn ticket(&self) -> Ticket {
        Ticket(self.tickets.fetch_add(1, Ordering::AcqRel) + 1)
    }
}

impl<A> Turn<'_, A> {
    /// Takes the state out. What is not put back is loaded by the next: a panic, an error or a dropped future leaves no doubtful state behind.
    ///
    /// A state of another timeline is dropped: the server may have lost the events that made it.
    pub(crate) fn take(&mut self, timeline: Timeline) -> Option<Hot<A>> {
        self.place.take().filter(|hot| hot.timeline == timeline)
    }

    /// Puts the state back.
    pub(crate) fn put(&mut self, hot: Hot<A>) {
        *self.place = Some(hot);
    }

    /// What a store is asked from now on holds for every caller up to this ticket.
    pub(crate) fn now(&self) -> Ticket {
        Ticket(self.slot.tickets.load(Ordering::Acquire))
    }

    /// Whether the state was the real one at some moment since this turn was asked for.
    pub(crate) fn is_current(&self, hot: &Hot<A>) -> bool {
        hot.confirmed >= self.ticket
    }
}

/// The streams at hand, a bounded number of them; the one that was not used for the longest time leaves first, one in use never, so that
/// two callers of this process never work on one stream at a time.
pub(crate) struct HotStreams<A> {
    slots: Mutex<LruCache<StreamName, Arc<Slot<A>>>>,
    bound: NonZeroUsize,
}

impl<A> HotStreams<A> {
    pub(crate) fn new(bound: NonZeroUsize) -> Self {
        Self { slots: Mutex::new(LruCache::unbounded()), bound }
    }

    /// The place of a stream.
    pub(crate) fn slot(&self, stream: &StreamName) -> Arc<Slot<A>> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = slots.get(stream) {
            return Arc::clone(slot);
        }
        let slot = Arc::new(Slot::new());
        let evicted = make_room(&mut slots, self.bound.get());
        slots.push(stream.clone(), Arc::clone(&slot));
        // A state may be large, and its `Drop` is the user's code: not under the lock.
        drop(slots);
        drop(evicted);
        slot
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

/// How many streams are looked at for one that may leave.
const LOOKS: usize = 16;

/// Takes the streams out that were not used for the longest time, until there is room for another. Those in use are passed over; where most are, the bound
/// gives way for as long as they are, rather than that everybody waits for a search.
fn make_room<A>(slots: &mut LruCache<StreamName, Arc<Slot<A>>>, bound: usize) -> Vec<Arc<Slot<A>>> {
    let mut evicted = Vec::new();
    for _ in 0..LOOKS {
        if slots.len() < bound {
            break;
        }
        let Some((stream, slot)) = slots.pop_lru() else { break };
        // Slots are handed out under the lock alone: with one owner, nobody has it or is about to.
        if Arc::strong_count(&slot) == 1 {
            evicted.push(slot);
        } else {
            slots.push(stream, slot);
        }
    }
    evicted
}

#[cfg(test)]
mod tests;
