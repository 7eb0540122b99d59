//! The inventory: reserves what was ordered, and releases what will not be sent.

use kenning::prelude::*;

use super::calls::{Calls, stream};
use super::events::{
    InventoryReleased, InventoryReservationFailed, InventoryReserved, PaymentFailed, PaymentRefunded,
};
use crate::order::{FulfilledBy, OrderPlaced};

#[derive(Clone, Debug)]
pub struct Inventory(pub Calls);

#[reactor(name = "inventory", version = 1)]
impl Inventory {
    #[on]
    async fn order_placed(
        &self,
        event: &Recorded<OrderPlaced>,
        effects: &mut Effects,
    ) -> Result<(), ReactorError> {
        if event.fulfilled_by != FulfilledBy::Reactors {
            return Ok(());
        }
        let (order_id, amount) = (event.stream().id(), event.amount);
        let reserved = effects
            .call("reserve", async |key| self.0.services.reserve(key, order_id, amount).await.map(|_| key))
            .await;
        let stream = stream("inventory", order_id)?;
        match self.0.outcome(reserved)? {
            Ok(reserve) => effects.append(stream, InventoryReserved { amount, reserve }),
            Err(reason) => effects.append(stream, InventoryReservationFailed { reason }),
        }
        Ok(())
    }

    #[on]
    async fn payment_failed(
        &self,
        event: &Recorded<PaymentFailed>,
        effects: &mut Effects,
    ) -> Result<(), ReactorError> {
        self.release(event.stream().id(), event.amount, event.reserve, &event.reason, effects).await
    }

    #[on]
    async fn payment_refunded(
        &self,
        event: &Recorded<PaymentRefunded>,
        effects: &mut Effects,
    ) -> Result<(), ReactorError> {
        self.release(event.stream().id(), event.amount, event.reserve, &event.reason, effects).await
    }
}

impl Inventory {
    async fn release(
        &self,
        order_id: &str,
        amount: i64,
        reserve: Uuid,
        reason: &str,
        effects: &mut Effects,
    ) -> Result<(), ReactorError> {
        let released = effects
            .call("release", async |key| self.0.services.release(key, order_id, amount, reserve).await)
            .await;
        self.0.undone(released)?;
        effects.append(stream("inventory", order_id)?, InventoryReleased { reason: reason.to_owned() });
        Ok(())
    }
}
