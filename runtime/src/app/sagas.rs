//! The sagas of an application.

use std::sync::{Arc, Weak};

use super::{Inner, Kenning};
use crate::saga::{SagaDefinition, SagaSide, Sagas, StartSaga};

/// An application that is not kept alive by this.
pub(crate) struct WeakKenning(Weak<Inner>);

impl WeakKenning {
    /// The application, if it is there still.
    pub(crate) fn upgrade(&self) -> Option<Kenning> {
        Some(Kenning { inner: self.0.upgrade()? })
    }
}

impl Kenning {
    /// Starts an instance of a saga, once per id. Await the envelope that is returned, or give it a correlation first.
    pub fn start<S: SagaDefinition>(&self, saga: S) -> StartSaga<S> {
        StartSaga::new(self.clone(), saga)
    }

    /// The instances of sagas: to be listed, shown, cancelled, retried.
    pub fn sagas(&self) -> Sagas {
        Sagas::new(self.inner.saga_side.clone())
    }

    pub(crate) fn saga_side(&self) -> Option<&Arc<dyn SagaSide>> {
        self.inner.saga_side.as_ref()
    }

    pub(super) fn downgrade(&self) -> WeakKenning {
        WeakKenning(Arc::downgrade(&self.inner))
    }
}
