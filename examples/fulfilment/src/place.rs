//! Placing orders, as often as one likes: each is placed once.

use std::time::Duration;

use fulfilment::{OrderError, PlaceOrder};
use kenning::{ExecuteError, Kenning};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use crate::Failure;

/// Under this name the ids of orders become ids of commands: changed, every order would be a new one.
const PLACE_ORDER: Uuid = Uuid::from_u128(0xa9c4_5d0e_3f17_4c82_b6d1_70e3_1f5a_28cb);

/// How long a store that is not there is waited for.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// The pause before something is tried again.
pub(crate) const PAUSE: Duration = Duration::from_millis(200);

/// Places an order that was not placed before, by this process or another one. Sending it again is harmless even where nobody knows whether it was stored: its command has the same id each
/// time.
pub(crate) async fn place(app: &Kenning, order: &PlaceOrder) -> Result<(), Failure> {
    let id = Uuid::new_v5(&PLACE_ORDER, order.order_id.0.as_bytes());
    let begun = Instant::now();
    loop {
        match app.execute(order.clone()).id(id).await {
            // Where the ledger has forgotten the command, the order itself says that it was placed.
            Ok(_) | Err(ExecuteError::Rejected(OrderError::AlreadyPlaced)) => return Ok(()),
            Err(ExecuteError::DuplicateCommand { .. }) => {
                let order_id = &order.order_id;
                let why = "with another amount, or to be fulfilled in the other way";
                return Err(format!("{order_id} was placed before, {why}: use another database").into());
            }
            Err(error) if !passes(&error) || begun.elapsed() > PATIENCE => return Err(error.into()),
            Err(_) => sleep(PAUSE).await,
        }
    }
}

fn passes(error: &ExecuteError<OrderError>) -> bool {
    error.is_retryable() || matches!(error, ExecuteError::Store(_))
}

/// The number of an order.
pub(crate) fn number(order_id: &str) -> Option<u64> {
    order_id.strip_prefix("order-")?.parse().ok()
}
