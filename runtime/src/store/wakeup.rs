//! Waking readers of the feed.

use std::time::Duration;

use tokio::sync::watch;

/// Told by a store that something was appended.
#[derive(Debug)]
pub struct WakeupSource {
    sender: watch::Sender<u64>,
    /// Every append is told, so that nobody need look by themselves.
    exact: bool,
}

impl WakeupSource {
    /// A source that nobody listens to yet.
    #[must_use]
    pub fn new() -> Self {
        Self { sender: watch::Sender::new(0), exact: false }
    }

    /// A source of a store all of whose appends are made in this process, and each of them is told.
    /// Readers do not poll such a store.
    #[must_use]
    pub fn exact() -> Self {
        Self { exact: true, ..Self::new() }
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
        Wakeup { receiver: self.sender.subscribe(), exact: self.exact }
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
    exact: bool,
}

/// The poll interval of a reader whose source reports every append.
const LONG: Duration = Duration::from_secs(24 * 60 * 60);

impl Wakeup {
    /// The poll interval of a reader that would poll this often: a day if the store reports every
    /// append to its listeners, so that polling finds nothing.
    #[must_use]
    pub fn poll_interval(&self, poll: Duration) -> Duration {
        if self.exact { poll.max(LONG) } else { poll }
    }

    /// Whether the store reports everything to its listeners.
    pub(crate) fn is_exact(&self) -> bool {
        self.exact
    }

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
