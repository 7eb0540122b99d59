//! The ends of the orders, as the store has them.

use sqlx::postgres::PgConnection;
use sqlx::{Connection, Error};

/// How an order has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Completed,
    Compensated,
    Parked,
    /// It has not; the text says where it is.
    None(String),
}

/// The orders of the store, by their sagas or by the last events of their streams.
pub(crate) async fn orders(url: &str, schema: &str, choreography: bool) -> Result<Vec<(String, End)>, Error> {
    let mut connection = PgConnection::connect(url).await?;
    sqlx::query(include_str!("store/choose_schema.sql")).bind(schema).execute(&mut connection).await?;
    let sql = if choreography {
        include_str!("store/orders_by_stream.sql")
    } else {
        include_str!("store/orders_by_saga.sql")
    };
    let rows: Vec<(String, String)> = sqlx::query_as(sql).fetch_all(&mut connection).await?;
    connection.close().await?;
    Ok(rows.into_iter().map(|(order_id, state)| (order_id, end(state))).collect())
}

fn end(state: String) -> End {
    match &*state {
        "completed" | "order.shipped" => End::Completed,
        "compensated" | "order.cancelled" => End::Compensated,
        "parked" => End::Parked,
        _ => End::None(state),
    }
}
