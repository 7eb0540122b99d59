//! How the parts of one process tell each other that something is due.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// The name of a saga and the id of an instance.
type Key = (Arc<str>, Arc<str>);

/// Tells claimers that something is due, and instances that run here that something was left for them.
#[derive(Default)]
pub(crate) struct Doorbell {
    due: Notify,
    inside: Mutex<HashMap<Key, Arc<Notify>>>,
}

impl Doorbell {
    /// Something is due that was not before.
    pub(crate) fn due(&self) {
        self.due.notify_one();
    }

    /// Waits until something is.
    pub(crate) async fn wait(&self) {
        self.due.notified().await;
    }

    /// Something was left for an instance.
    pub(crate) fn ring(&self, saga: &Arc<str>, id: &Arc<str>) {
        match self.inside().get(&(Arc::clone(saga), Arc::clone(id))) {
            Some(told) => told.notify_one(),
            None => self.due.notify_one(),
        }
    }

    /// An instance runs here from now on, until [`leave`](Self::leave).
    pub(crate) fn enter(&self, saga: &Arc<str>, id: &Arc<str>) -> Arc<Notify> {
        let told = Arc::new(Notify::new());
        self.inside().insert((Arc::clone(saga), Arc::clone(id)), Arc::clone(&told));
        told
    }

    /// An instance runs here no longer. One that has entered again meanwhile stays.
    pub(crate) fn leave(&self, saga: &Arc<str>, id: &Arc<str>, told: &Arc<Notify>) {
        let key = (Arc::clone(saga), Arc::clone(id));
        let mut inside = self.inside();
        if inside.get(&key).is_some_and(|own| Arc::ptr_eq(own, told)) {
            inside.remove(&key);
        }
    }

    fn inside(&self) -> MutexGuard<'_, HashMap<Key, Arc<Notify>>> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
