//! Rows as events.

use std::str::from_utf8;
use std::sync::Arc;

use sqlx::postgres::PgRow;
use sqlx::{Row, ValueRef};

use super::encode::{position, version};
use crate::event::RawEvent;
use crate::headers::Headers;
use crate::payload::Payload;
use crate::recorded::{Metadata, RecordedEvent};
use crate::store::StoreError;
use crate::stream::StreamName;

/// Makes events of rows; names that come again share their text.
#[derive(Debug, Default)]
pub(super) struct Rows {
    names: Vec<Arc<str>>,
    stream: Option<StreamName>,
}

/// More names than this on one page are not looked for.
const NAMES: usize = 32;

impl Rows {
    pub(super) fn event(&mut self, row: &PgRow) -> Result<RecordedEvent, sqlx::Error> {
        let mut metadata = Metadata::new(
            row.try_get(4)?,
            self.stream(text(row, 1)?)?,
            version(row.try_get(2)?),
            position(row.try_get(0)?),
            row.try_get(3)?,
        );
        metadata.correlation_id = row.try_get(5)?;
        metadata.causation_id = row.try_get(6)?;
        metadata.headers = headers(row, 10)?;
        let schema_version: i32 = row.try_get(8)?;
        Ok(RecordedEvent {
            metadata,
            name: self.name(text(row, 7)?),
            schema_version: schema_version.cast_unsigned(),
            payload: Payload::from_stored(text(row, 9)?),
        })
    }

    fn name(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.names.iter().find(|known| &***known == name) {
            return Arc::clone(known);
        }
        let name: Arc<str> = name.into();
        if self.names.len() < NAMES {
            self.names.push(Arc::clone(&name));
        }
        name
    }

    /// Adjacent events are often of one stream.
    fn stream(&mut self, name: &str) -> Result<StreamName, sqlx::Error> {
        if let Some(last) = self.stream.as_ref().filter(|last| last.as_str() == name) {
            return Ok(last.clone());
        }
        let stream = StreamName::parse(name).map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
        self.stream = Some(stream.clone());
        Ok(stream)
    }
}

/// An event for a decoder, borrowed from a row of version, name, schema version and payload.
pub(super) fn raw(row: &PgRow) -> Result<RawEvent<'_>, StoreError> {
    let read = || {
        let number: i64 = row.try_get_unchecked(0)?;
        let schema_version: i32 = row.try_get_unchecked(2)?;
        Ok(RawEvent {
            version: version(number),
            name: text(row, 1)?,
            schema_version: schema_version.cast_unsigned(),
            payload: bytes_of(row, 3)?,
        })
    };
    read().map_err(|error| corrupt(&error))
}

/// The bytes of a column of text or JSON, which has the same form on the wire.
pub(super) fn bytes_of(row: &PgRow, column: usize) -> Result<&[u8], sqlx::Error> {
    row.try_get_raw(column)?.as_bytes().map_err(sqlx::Error::Decode)
}

pub(super) fn text(row: &PgRow, column: usize) -> Result<&str, sqlx::Error> {
    from_utf8(bytes_of(row, column)?).map_err(|error| sqlx::Error::Decode(Box::new(error)))
}

fn headers(row: &PgRow, column: usize) -> Result<Headers, sqlx::Error> {
    if row.try_get_raw(column)?.is_null() {
        return Ok(Headers::new());
    }
    serde_json::from_slice(bytes_of(row, column)?).map_err(|error| sqlx::Error::Decode(Box::new(error)))
}

pub(super) fn corrupt(error: &sqlx::Error) -> StoreError {
    StoreError::Corrupt(error.to_string())
}
