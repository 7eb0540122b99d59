//! How the parts of one process tell each other that something is due.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::{Notify, oneshot};

use super::reception::Reception;
use crate::store::SagaStatus;

/// The name of a saga and the id of an instance.
type Key = (Arc<str>, Arc<str>);

/// Tells claimers that something is due, instances that run here that something was left for them, and
/// callers that an instance has ended here.
#[derive(Default)]
pub(crate) struct Doorbell {
    due: Notify,
    inside: Mutex<HashMap<Key, Arc<Notify>>>,
    ends: Mutex<HashMap<Key, Vec<oneshot::Sender<SagaStatus>>>>,
    /// The worker of this process, while it claims.
    reception: Mutex<Option<Weak<dyn Reception>>>,
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

    /// Something was left for an instance, which need not be claimed for it.
    pub(crate) fn ring_inside(&self, saga: &Arc<str>, id: &Arc<str>) {
        if let Some(told) = self.inside().get(&(Arc::clone(saga), Arc::clone(id))) {
            told.notify_one();
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

    /// Is told when an instance ends in this process.
    pub(crate) fn end(&self, saga: &Arc<str>, id: &Arc<str>) -> oneshot::Receiver<SagaStatus> {
        let (ended, end) = oneshot::channel();
        let mut ends = self.ends();
        let told = ends.entry((Arc::clone(saga), Arc::clone(id))).or_default();
        told.retain(|told| !told.is_closed());
        told.push(ended);
        end
    }

    /// The caller that wanted to be told of an end has gone.
    pub(crate) fn forget_end(&self, saga: &Arc<str>, id: &Arc<str>) {
        let key = (Arc::clone(saga), Arc::clone(id));
        let mut ends = self.ends();
        if let Some(told) = ends.get_mut(&key) {
            told.retain(|told| !told.is_closed());
            if told.is_empty() {
                ends.remove(&key);
            }
        }
    }

    /// An instance has ended here.
    pub(crate) fn ended(&self, saga: &Arc<str>, id: &Arc<str>, status: SagaStatus) {
        let told = self.ends().remove(&(Arc::clone(saga), Arc::clone(id)));
        for told in told.into_iter().flatten() {
            // The caller may have gone.
            told.send(status).ok();
        }
    }

    fn ends(&self) -> MutexGuard<'_, HashMap<Key, Vec<oneshot::Sender<SagaStatus>>>> {
        self.ends.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The worker of this process, if it claims.
    pub(crate) fn reception(&self) -> Option<Arc<dyn Reception>> {
        self.reception.lock().unwrap_or_else(PoisonError::into_inner).as_ref()?.upgrade()
    }

    /// The worker of this process claims from now on; `None`: no longer.
    pub(crate) fn open_reception(&self, reception: Option<Weak<dyn Reception>>) {
        *self.reception.lock().unwrap_or_else(PoisonError::into_inner) = reception;
    }
}
