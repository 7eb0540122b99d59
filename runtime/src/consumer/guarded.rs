//! Calling the user's code so that a panic is an error.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use super::runner::panic_text;
use crate::projection::HandlerError;
use crate::read_model::HandleError;
use crate::store::BoxFuture;

/// A call of a projection: its panic is an error, whether it comes before or while it is polled.
pub(crate) fn guarded<'a>(
    begin: impl FnOnce() -> BoxFuture<'a, Result<(), HandlerError>>,
) -> impl Future<Output = Result<(), HandlerError>> {
    Guarded { call: None, begin: Some(begin) }
}

struct Guarded<'a, F> {
    call: Option<BoxFuture<'a, Result<(), HandlerError>>>,
    begin: Option<F>,
}

/// Nothing in it is pinned in place.
impl<F> Unpin for Guarded<'_, F> {}

impl<'a, F> Future for Guarded<'a, F>
where
    F: FnOnce() -> BoxFuture<'a, Result<(), HandlerError>>,
{
    type Output = Result<(), HandlerError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        // Whatever a panic leaves half done is rolled back with the transaction.
        let polled = catch_unwind(AssertUnwindSafe(|| {
            if let Some(begin) = this.begin.take() {
                this.call = Some(begin());
            }
            match &mut this.call {
                Some(call) => call.as_mut().poll(context),
                None => Poll::Ready(Ok(())),
            }
        }));
        polled.unwrap_or_else(|panic| Poll::Ready(Err(HandleError::Panic(panic_text(&*panic)).into())))
    }
}
