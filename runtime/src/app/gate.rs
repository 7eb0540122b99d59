//! The gate of an application: counts what is inside, lets nothing in once it is closed.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{Notify, watch};

const CLOSED: usize = 1 << (usize::BITS - 1);

/// Counts the accepted work, so that a close can wait for its end.
pub(crate) struct Gate {
    /// How much work is inside; the highest bit says that the gate is closed.
    inside: AtomicUsize,
    empty: Notify,
    closed: watch::Sender<bool>,
}

/// Accepted work; dropping it says that it has ended.
pub(crate) struct Inside<'a> {
    gate: &'a Gate,
}

impl Gate {
    pub(crate) fn new() -> Self {
        Self { inside: AtomicUsize::new(0), empty: Notify::new(), closed: watch::Sender::new(false) }
    }

    /// Lets one piece of work in, unless the gate is closed.
    pub(crate) fn enter(&self) -> Option<Inside<'_>> {
        // Counting first and looking afterwards leaves no moment in which a close overlooks work that was let in.
        let inside = Inside { gate: self };
        (self.inside.fetch_add(1, Ordering::AcqRel) & CLOSED == 0).then_some(inside)
    }

    /// Hears the closing of the gate; also hears it when the gate is gone.
    pub(crate) fn listen(&self) -> watch::Receiver<bool> {
        self.closed.subscribe()
    }

    /// Closes the gate and waits until nothing is inside.
    pub(crate) async fn close(&self) {
        self.inside.fetch_or(CLOSED, Ordering::AcqRel);
        self.closed.send_replace(true);
        loop {
            let empty = self.empty.notified();
            tokio::pin!(empty);
            empty.as_mut().enable();
            if self.inside.load(Ordering::Acquire) == CLOSED {
                return;
            }
            empty.await;
        }
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        if self.gate.inside.fetch_sub(1, Ordering::AcqRel) == CLOSED + 1 {
            self.gate.empty.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn a_close_waits_for_what_is_inside_and_lets_nothing_in() {
        let gate = Arc::new(Gate::new());
        let inside = gate.enter().unwrap();
        let closing = tokio::spawn({
            let gate = Arc::clone(&gate);
            async move { gate.close().await }
        });
        gate.listen().wait_for(|closed| *closed).await.unwrap();
        assert!(gate.enter().is_none());
        assert!(!closing.is_finished());
        drop(inside);
        closing.await.unwrap();
        gate.close().await;
        assert!(gate.enter().is_none());
    }
}
