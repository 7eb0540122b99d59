//! Aggregates: state folded from one stream, which decides on commands.

use crate::check::SnapshotState;
use crate::event_set::EventSet;
use crate::id::AggregateId;
use crate::payload::{DecodeError, EncodeError, Payload};
use crate::schema::{self, Shape, Shapes, fingerprint};

/// State that is folded from one stream and decides on commands. `#[derive(Aggregate)]` writes this impl, `#[aggregate]` on its
/// `impl` block the [`Apply`] and [`Handle`](crate::Handle) impls.
///
/// `Default` is the state before the first event.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an aggregate",
    label = "not an aggregate",
    note = "write `#[derive(Default, Aggregate)]` and `#[kenning(category = \"…\", id = …, events = …)]` on `{Self}`"
)]
pub trait Aggregate: Default + Send + Sync + 'static {
    /// The first part of the names of its streams: persisted, of `a-z`, `0-9`, `_` and `.`.
    const CATEGORY: &'static str;

    /// What tells one aggregate of the category from another.
    type Id: AggregateId;

    /// The events of its streams; it applies each of them.
    type Events: ApplyTo<Self>;

    /// How its state is kept between replays; `None`: every load replays the stream.
    const SNAPSHOTS: Option<Snapshots<Self>> = None;
}

/// How one event changes the state. It cannot fail: the event has happened.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not apply the event `{E}`",
    label = "`{E}` is not applied",
    note = "add to an `#[aggregate] impl {Self}`: `#[apply] fn name(&mut self, event: &{E}) {{ … }}`"
)]
pub trait Apply<E> {
    /// Changes the state.
    fn apply(&mut self, event: &E);
}

/// A set of events that the aggregate `A` applies, each of them. `#[derive(EventSet)]` writes it for every `A` that has
/// [`Apply`] for each event.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a set of events",
    label = "not a set of events",
    note = "write `#[derive(EventSet)]` on an enum with one variant for each event, as in `Placed(OrderPlaced)`"
)]
pub trait ApplyTo<A>: EventSet {
    /// Applies the event that this is.
    fn apply_to(&self, state: &mut A);
}

/// How an aggregate's state is kept between replays. A snapshot is found by a fingerprint of the state's shape and of the version of the
/// [fold](Self::fold). After one of them has changed, or when a snapshot cannot be read, the stream is replayed from its beginning.
pub struct Snapshots<A> {
    pub(crate) every: u64,
    pub(crate) fold: u32,
    pub(crate) encode: fn(&A) -> Result<Payload, EncodeError>,
    pub(crate) decode: fn(&[u8]) -> Result<A, DecodeError>,
    shape: fn() -> u64,
    describe: fn(&mut Shapes) -> Shape,
}

impl<A: Aggregate> Snapshots<A> {
    /// A snapshot whenever that many events have come since the last one; 0 counts as 1.
    #[must_use]
    pub const fn every(events: u64) -> Self
    where
        A: SnapshotState,
    {
        Self {
            every: if events == 0 { 1 } else { events },
            fold: 1,
            encode: |state| Payload::of(A::CATEGORY, state),
            decode: |payload| Payload::read(A::CATEGORY, 0, payload),
            shape: fingerprint::<A>,
            describe: A::shape,
        }
    }

    /// The version of the fold, 1 by default: what the `#[apply]` functions do. Raise it when one of
    /// them is corrected, so that no snapshot of the earlier fold is used.
    #[must_use]
    pub const fn fold(mut self, version: u32) -> Self {
        self.fold = version;
        self
    }

    /// Describes the state.
    pub(crate) fn describe(&self, shapes: &mut Shapes) {
        let _: Shape = (self.describe)(shapes);
    }

    /// What a snapshot is found by: the shape of the state, and the version of the fold.
    pub(crate) fn fingerprint(&self) -> u64 {
        let shape = (self.shape)();
        // Version 1 has the fingerprint of before there were versions.
        if self.fold <= 1 { shape } else { schema::combined(shape, self.fold) }
    }
}

impl<A> Clone for Snapshots<A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A> Copy for Snapshots<A> {}

impl<A> std::fmt::Debug for Snapshots<A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "every {} events", self.every)
    }
}
