//! The services as a saga's steps call them.

use std::sync::Arc;

use uuid::Uuid;

use super::call::Call;
use super::{Action, Client, Payment, Reservation, ServiceError, Shipment, Undo, World};

/// The services, in this process or behind HTTP. Amounts are in cents.
#[derive(Clone, Debug)]
pub enum Services {
    Here(Arc<World>),
    There(Client),
}

impl Services {
    /// Sets goods aside.
    ///
    /// # Errors
    ///
    /// [`ServiceError`] says whether it can still happen; so for all of these.
    pub async fn reserve(&self, key: Uuid, order_id: &str, amount: i64) -> Result<Reservation, ServiceError> {
        let reservation_id = self.act(Call { action: Action::Reserve, key, order_id, amount }).await?;
        Ok(Reservation { reservation_id })
    }

    /// Gives up what was reserved under the key `undoes`.
    ///
    /// # Errors
    ///
    /// As [`reserve`](Self::reserve).
    pub async fn release(
        &self,
        key: Uuid,
        order_id: &str,
        amount: i64,
        undoes: Uuid,
    ) -> Result<Undo, ServiceError> {
        self.undo(Call { action: Action::Release, key, order_id, amount }, undoes).await
    }

    /// Takes the customer's money.
    ///
    /// # Errors
    ///
    /// As [`reserve`](Self::reserve).
    pub async fn charge(&self, key: Uuid, order_id: &str, amount: i64) -> Result<Payment, ServiceError> {
        let payment_id = self.act(Call { action: Action::Charge, key, order_id, amount }).await?;
        Ok(Payment { payment_id })
    }

    /// Gives back what was charged under the key `undoes`.
    ///
    /// # Errors
    ///
    /// As [`reserve`](Self::reserve).
    pub async fn refund(
        &self,
        key: Uuid,
        order_id: &str,
        amount: i64,
        undoes: Uuid,
    ) -> Result<Undo, ServiceError> {
        self.undo(Call { action: Action::Refund, key, order_id, amount }, undoes).await
    }

    /// Sends the goods.
    ///
    /// # Errors
    ///
    /// As [`reserve`](Self::reserve).
    pub async fn ship(&self, key: Uuid, order_id: &str, amount: i64) -> Result<Shipment, ServiceError> {
        let tracking_number = self.act(Call { action: Action::Ship, key, order_id, amount }).await?;
        Ok(Shipment { tracking_number })
    }

    /// Calls back what was shipped under the key `undoes`.
    ///
    /// # Errors
    ///
    /// As [`reserve`](Self::reserve).
    pub async fn cancel_shipment(
        &self,
        key: Uuid,
        order_id: &str,
        amount: i64,
        undoes: Uuid,
    ) -> Result<Undo, ServiceError> {
        self.undo(Call { action: Action::CancelShipment, key, order_id, amount }, undoes).await
    }

    async fn act(&self, call: Call<'_>) -> Result<String, ServiceError> {
        match self {
            Self::Here(world) => world.act(&call),
            Self::There(client) => client.act(&call).await,
        }
    }

    async fn undo(&self, call: Call<'_>, undoes: Uuid) -> Result<Undo, ServiceError> {
        match self {
            Self::Here(world) => world.undo(&call, undoes),
            Self::There(client) => client.undo(&call, undoes).await,
        }
    }
}
