//! Texts as `json` parameters: sent as they are, parsed by the server alone.

use sqlx::encode::{Encode, IsNull};
use sqlx::error::BoxDynError;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArgumentBuffer, PgHasArrayType, PgTypeInfo};
use sqlx::{Postgres, Type};

use crate::headers::Headers;
use crate::number::{Position, Version};
use crate::payload::Payload;
use crate::store::Expect;

const JSON: Oid = Oid(114);
const JSON_ARRAY: Oid = Oid(199);

/// JSON text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Json<'a>(&'a str);

impl<'a> Json<'a> {
    pub(super) fn of(payload: &'a Payload) -> Self {
        Self(payload.as_str())
    }

    pub(super) fn text(text: &'a str) -> Self {
        Self(text)
    }
}

impl Type<Postgres> for Json<'_> {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(JSON)
    }
}

impl PgHasArrayType for Json<'_> {
    fn array_type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(JSON_ARRAY)
    }
}

impl Encode<'_, Postgres> for Json<'_> {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        buffer.extend_from_slice(self.0.as_bytes());
        Ok(IsNull::No)
    }

    fn size_hint(&self) -> usize {
        self.0.len()
    }
}

/// The text of headers; `None` when there are none.
pub(super) fn headers(headers: &Headers) -> Result<Option<String>, sqlx::Error> {
    if headers.is_empty() {
        return Ok(None);
    }
    serde_json::to_string(headers).map(Some).map_err(|error| sqlx::Error::Encode(Box::new(error)))
}

/// A number of ours as the server has it. Beyond 63 bits there is none that it could equal.
pub(super) fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number of the server's; it has none below zero.
pub(super) fn version(number: i64) -> Version {
    Version::new(u64::try_from(number).unwrap_or(0))
}

/// A position of the server's; it has none below zero.
pub(super) fn position(number: i64) -> Position {
    Position::new(u64::try_from(number).unwrap_or(0))
}

/// An expectation as the functions take it.
pub(super) fn expect(expect: Expect) -> i64 {
    match expect {
        Expect::Any => -1,
        Expect::New => 0,
        Expect::Exactly(version) => number(version.get()),
    }
}
