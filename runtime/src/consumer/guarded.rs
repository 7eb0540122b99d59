//! Calling the user's code so that a panic is an error.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use super::panic_text;
use crate::read_model::HandleError;
use crate::store::BoxFuture;

/// A call of a projection or a reactor: its panic is an error, whether it comes before or while it is polled.
pub(crate) fn guarded<'a, E: From<HandleError>>(
    begin: impl FnOnce() -> BoxFuture<'a, Result<(), E>>,
) -> impl Future<Output = Result<(), E>> {
    Guarded { call: None, begin: Some(begin) }
}

struct Guarded<'a, F, E> {
    call: Option<BoxFuture<'a, Result<(), E>>>,
    begin: Option<F>,
}

/// Nothing in it is pinned in place.
impl<F, E> Unpin for Guarded<'_, F, E> {}

impl<'a, F, E> Future for Guarded<'a, F, E>
where
    F: FnOnce() -> BoxFuture<'a, Result<(), E>>,
    E: From<HandleError>,
{
    type Output = Result<(), E>;

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
