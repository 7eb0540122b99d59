//! The shipping: sends what was paid.

use kenning::prelude::*;

use super::calls::{Calls, stream};
use super::events::{PaymentProcessed, ShipmentDispatched, ShipmentFailed};

#[derive(Clone, Debug)]
pub struct Shipping(pub Calls);

#[reactor(name = "shipping", version = 1)]
impl Shipping {
    #[on]
    async fn payment_processed(
        &self,
        event: &Recorded<PaymentProcessed>,
        effects: &mut Effects,
    ) -> Result<(), ReactorError> {
        let order_id = event.stream().id();
        let PaymentProcessed { amount, reserve, charge } = *event.event();
        let shipped =
            effects.call("ship", async |key| self.0.services.ship(key, order_id, amount).await).await;
        let stream = stream("shipping", order_id)?;
        match self.0.outcome(shipped)? {
            Ok(shipment) => {
                effects.append(stream, ShipmentDispatched { tracking_number: shipment.tracking_number });
            }
            Err(reason) => effects.append(stream, ShipmentFailed { amount, reserve, charge, reason }),
        }
        Ok(())
    }
}
