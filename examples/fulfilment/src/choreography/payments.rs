//! The payments: charge what was reserved, and refund what was not sent.

use kenning::prelude::*;

use super::calls::{Calls, stream};
use super::events::{InventoryReserved, PaymentFailed, PaymentProcessed, PaymentRefunded, ShipmentFailed};

#[derive(Clone, Debug)]
pub struct Payments(pub Calls);

#[reactor(name = "payments", version = 1)]
impl Payments {
    #[on]
    async fn inventory_reserved(
        &self,
        event: &Recorded<InventoryReserved>,
        effects: &mut Effects,
    ) -> Result<(), ReactorError> {
        let order_id = event.stream().id();
        let InventoryReserved { amount, reserve } = *event.event();
        let charged = effects
            .call("charge", async |key| self.0.services.charge(key, order_id, amount).await.map(|_| key))
            .await;
        let stream = stream("payments", order_id)?;
        match self.0.outcome(charged)? {
            Ok(charge) => effects.append(stream, PaymentProcessed { amount, reserve, charge }),
            Err(reason) => effects.append(stream, PaymentFailed { amount, reserve, reason }),
        }
        Ok(())
    }

    #[on]
    async fn shipment_failed(
        &self,
        event: &Recorded<ShipmentFailed>,
        effects: &mut Effects,
    ) -> Result<(), ReactorError> {
        let order_id = event.stream().id();
        let ShipmentFailed { amount, reserve, charge, ref reason } = *event.event();
        let refunded = effects
            .call("refund", async |key| self.0.services.refund(key, order_id, amount, charge).await)
            .await;
        self.0.undone(refunded)?;
        let refunded = PaymentRefunded { amount, reserve, reason: reason.clone() };
        effects.append(stream("payments", order_id)?, refunded);
        Ok(())
    }
}
