//! The fulfilment of an order as a saga.

use kenning::prelude::*;

use crate::order::{CancelOrder, FulfilledBy, OrderId, OrderPlaced, ShipOrder};
use crate::payment::{PaymentSettled, RecordPayment};
use crate::services::{Payment, Reservation, ServiceError, Services, Shipment};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Saga)]
#[kenning(name = "order-fulfilment", version = 1, id = order_id)]
pub struct Fulfilment {
    pub order_id: OrderId,
    pub amount: i64,
}

#[saga(services = Services, timeout = "5s")]
impl Fulfilment {
    #[start]
    fn order_placed(event: &Recorded<OrderPlaced>) -> Option<Self> {
        let order_id = OrderId(event.stream().id().to_owned());
        (event.fulfilled_by == FulfilledBy::Saga).then_some(Self { order_id, amount: event.amount })
    }

    #[step(undo = release, retry(attempts = 5, backoff = "100ms..10s"))]
    async fn reserve(&self, cx: &StepContext<Services>) -> Result<Reservation, StepError> {
        answered(cx.services().reserve(cx.key(), &self.order_id.0, self.amount).await)
    }
    #[undo]
    async fn release(&self, cx: &StepContext<Services>, _: Option<&Reservation>) -> Result<(), StepError> {
        let undone = cx.services().release(cx.key(), &self.order_id.0, self.amount, cx.step_key()).await;
        answered(undone).map(drop)
    }

    #[step(undo = refund, retry(attempts = 5, backoff = "100ms..10s"))]
    async fn charge(&self, cx: &StepContext<Services>) -> Result<Payment, StepError> {
        answered(cx.services().charge(cx.key(), &self.order_id.0, self.amount).await)
    }
    #[undo]
    async fn refund(&self, cx: &StepContext<Services>, _: Option<&Payment>) -> Result<(), StepError> {
        let undone = cx.services().refund(cx.key(), &self.order_id.0, self.amount, cx.step_key()).await;
        answered(undone).map(drop)
    }

    #[send(irreversible = "it is on record that the payment was taken, also when it is given back")]
    fn record(&self, charge: &Payment) -> RecordPayment {
        RecordPayment {
            order_id: self.order_id.clone(),
            payment_id: charge.payment_id.clone(),
            amount: self.amount,
        }
    }
    #[wait(timeout = "24h", on_timeout = fail)]
    fn settled(event: &Recorded<PaymentSettled>) -> Correlated<OrderId, i64> {
        Correlated::to(OrderId(event.stream().id().to_owned()), event.amount)
    }

    #[step(pivot)]
    async fn ship(&self, cx: &StepContext<Services>) -> Result<Shipment, StepError> {
        answered(cx.services().ship(cx.key(), &self.order_id.0, self.amount).await)
    }
    #[send]
    fn mark_shipped(&self, ship: &Shipment) -> ShipOrder {
        ShipOrder { order_id: self.order_id.clone(), tracking_number: ship.tracking_number.clone() }
    }

    #[failed]
    fn give_up(&self, failure: &SagaFailure) -> CancelOrder {
        CancelOrder { order_id: self.order_id.clone(), reason: failure.reason.clone() }
    }
}

/// A refusal is for good. Anything else may come right under the same key.
fn answered<T>(answer: Result<T, ServiceError>) -> Result<T, StepError> {
    answer.map_err(|error| match error {
        ServiceError::Refused { .. } => StepError::fail(error),
        ServiceError::Unavailable { .. } | ServiceError::Unanswered { .. } => StepError::retry(error),
    })
}
