use kenning::prelude::*;

use self::sqlx::PgTransaction;

/// The part of it that the handlers use.
mod sqlx {
    #[derive(Debug)]
    pub struct Error;

    pub struct PgTransaction<'a>(pub &'a str);
}

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "order.placed")]
pub struct OrderPlaced {
    pub total: i64,
}

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "order.shipped")]
pub struct OrderShipped {
    pub weight: i64,
}

#[derive(Clone, Debug, EventSet)]
pub enum OrderEvent {
    Placed(OrderPlaced),
    Shipped(OrderShipped),
}

pub struct Revenue;

#[projection(name = "revenue", version = 1, events = OrderEvent, idempotent = "upserts")]
impl Revenue {
    #[on]
    async fn placed(&self, event: &OrderPlaced, tx: &mut PgTransaction<'_>) -> Result<(), sqlx::Error> {
        sqlx::query("insert into revenue values ($1)").bind(event.total).execute(&mut *tx).await?;
        Ok(())
    }

    #[on]
    async fn shipped(&self, event: &OrderShipped, tx: &mut PgTransaction<'_>) -> Result<(), sqlx::Error> {
        let row = sqlx::query("insert into weights values ($1)").bind(event.weight).fetch_optional(tx).await?;
        drop(row);
        Ok(())
    }
}

fn main() {}
