//! Waking readers of the feed.

use std::time::Duration;

use tokio::sync::watch;

/// Told by a store that something was appended.
#[derive(Debug)]
pub struct WakeupSource {
    sender: watch::Sender<u64>,
}

impl WakeupSource {
    /// A source that nobody listens to yet.
    #[must_use]
    pub fn new() -> Self {
        Self { sender: watch::Sender::new(0) }
    }

    /// Wakes every listener.
    pub fn wake(&self) {
        // Whoever begins to listen after this look also begins to read after it, and finds what was appended.
        if self.sender.receiver_count() > 0 {
            self.sender.send_modify(|count| *count = count.wrapping_add(1));
        }
    }

    /// A listener, which hears what comes from now on.
    #[must_use]
    pub fn listen(&self) -> Wakeup {
        Wakeup { receiver: self.sender.subscribe() }
    }
}

impl Default for WakeupSource {
    fn default() -> Self {
        Self::new()
    }
}

/// Hears that something was appended; several appends may be heard as one.
#[derive(Clone, Debug)]
pub struct Wakeup {
    receiver: watch::Receiver<u64>,
}

impl Wakeup {
    /// Waits until something was appended since the last wait, or until the bound is over; says which it was.
    pub async fn wait(&mut self, at_most: Duration) -> bool {
        match tokio::time::timeout(at_most, self.receiver.changed()).await {
            Ok(Ok(())) => true,
            // The store is gone: nothing will come, and whoever reads next is told so by the store.
            Ok(Err(_)) => {
                tokio::time::sleep(at_most).await;
                false
            }
            Err(_) => false,
        }
    }
}
