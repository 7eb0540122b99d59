//! Encoding, decoding and deciding, once for all floors.

use sqlx::Row;
use sqlx::postgres::{PgRow, PgValueFormat};
use uuid::Uuid;

use crate::Result;
use crate::domain::{Account, AccountEvent};
use crate::driver::Wish;

/// An event on its way into the table.
pub(crate) struct Draft {
    pub(crate) id: Uuid,
    pub(crate) name: &'static str,
    pub(crate) payload: String,
    pub(crate) cause: Uuid,
}

/// The account that a command is for.
pub(crate) fn account(wish: &Wish) -> Uuid {
    match wish {
        Wish::Open(open) => open.account,
        Wish::Deposit(deposit) => deposit.account,
        Wish::Import(import) => import.account,
    }
}

/// What a command causes, decided on this state.
pub(crate) fn decide(state: &Account, wish: Wish) -> Result<Vec<AccountEvent>> {
    Ok(match wish {
        Wish::Open(open) => vec![AccountEvent::Opened(state.open(open)?)],
        Wish::Deposit(deposit) => vec![AccountEvent::Deposited(state.deposit(deposit)?)],
        Wish::Import(import) => state.import(import)?.into_iter().map(AccountEvent::Deposited).collect(),
    })
}

/// Encodes what one command has caused.
pub(crate) fn encode(events: &[AccountEvent]) -> Result<Vec<Draft>> {
    let cause = Uuid::now_v7();
    let draft = |event: &AccountEvent| {
        let (name, payload) = match event {
            AccountEvent::Opened(event) => ("account.opened", serde_json::to_string(event)?),
            AccountEvent::Deposited(event) => ("account.deposited", serde_json::to_string(event)?),
        };
        Result::Ok(Draft { id: Uuid::now_v7(), name, payload, cause })
    };
    events.iter().map(draft).collect()
}

/// Applies one event.
pub(crate) fn apply(state: &mut Account, event: &AccountEvent) {
    match event {
        AccountEvent::Opened(event) => state.opened(event),
        AccountEvent::Deposited(event) => state.deposited(event),
    }
}

/// Decodes the variant that the name says, straight from the payload.
pub(crate) fn decode(name: &str, payload: &[u8]) -> Result<AccountEvent> {
    Ok(match name {
        "account.opened" => AccountEvent::Opened(serde_json::from_slice(payload)?),
        "account.deposited" => AccountEvent::Deposited(serde_json::from_slice(payload)?),
        other => return Err(format!("no event is named {other}").into()),
    })
}

/// Decodes and applies a row of `version, name, payload` and returns its version. The payload is read where it stands in the row.
pub(crate) fn replay(state: &mut Account, row: &PgRow) -> Result<i64> {
    let payload = row.try_get_raw(2)?;
    debug_assert!(matches!(payload.format(), PgValueFormat::Binary));
    apply(state, &decode(row.try_get(1)?, payload.as_bytes()?)?);
    Ok(row.try_get(0)?)
}
