//! How a set hands one of its events to a projection.

use crate::projection::{HandlerError, Project};
use crate::recorded::{Metadata, Recorded};
use crate::store::BoxFuture;

/// A projection at work.
pub type Handling<'a> = BoxFuture<'a, Result<(), HandlerError>>;

/// Has a projection handle an event.
pub fn project<'a, P: Project<E>, E: Send + Sync + 'static>(
    event: E,
    metadata: Metadata,
    projection: &'a P,
    transaction: &'a mut P::Transaction,
) -> Handling<'a> {
    let event = Recorded::new(event, metadata);
    Box::pin(async move { projection.on(&event, transaction).await })
}
