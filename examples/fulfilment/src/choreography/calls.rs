//! How the departments call their services.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use kenning::{ReactorError, StreamName};

use crate::services::{ServiceError, Services};

/// The services, and how often a call has to be made again.
#[derive(Clone, Debug)]
pub struct Calls {
    pub(super) services: Services,
    retries: Arc<AtomicU64>,
}

impl Calls {
    pub fn to(services: Services) -> Self {
        Self { services, retries: Arc::default() }
    }

    /// How many calls had no outcome that is known, and were made again.
    pub fn retries(&self) -> u64 {
        self.retries.load(Ordering::Relaxed)
    }

    /// What was done, or why it never will be. Without either, the event is handled again, which makes the same call under the same key.
    pub(super) fn outcome<T>(
        &self,
        answer: Result<T, ServiceError>,
    ) -> Result<Result<T, String>, ReactorError> {
        match answer {
            Ok(done) => Ok(Ok(done)),
            Err(error @ ServiceError::Refused { .. }) => Ok(Err(error.to_string())),
            Err(error) => Err(self.again(error)),
        }
    }

    /// An undo that is refused is for a person to look at: the event is parked.
    pub(super) fn undone<T>(&self, answer: Result<T, ServiceError>) -> Result<(), ReactorError> {
        self.outcome(answer)?.map(drop).map_err(ReactorError::park)
    }

    fn again(&self, error: ServiceError) -> ReactorError {
        self.retries.fetch_add(1, Ordering::Relaxed);
        ReactorError::retry(error)
    }
}

/// The stream in which a department tells of an order.
pub(super) fn stream(department: &str, order_id: &str) -> Result<StreamName, ReactorError> {
    StreamName::new(department, order_id).map_err(ReactorError::park)
}
