//! The body of a command for the ledger: what makes two sendings of one id the same command.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::command::Command;
use crate::event::Event;
use crate::payload::EncodeError;
use crate::store::BodyHash;

/// The SHA-256 over the command's name, a zero byte and its body as JSON with the keys in order, so that neither a hash map's order
/// nor another order of the fields makes another command of it.
pub(crate) fn body_hash<C: Command>(command: &C) -> Result<BodyHash, EncodeError> {
    hash_of(C::NAME, command)
}

/// The same of an event that is recorded as a command is.
pub(crate) fn event_hash<E: Event>(event: &E) -> Result<BodyHash, EncodeError> {
    hash_of(E::NAME, event)
}

fn hash_of<T: Serialize>(name: &'static str, body: &T) -> Result<BodyHash, EncodeError> {
    let value = serde_json::to_value(body).map_err(|source| EncodeError::new(name, source))?;
    let mut hash = Hash(Sha256::new_with_prefix(name));
    hash.0.update([0]);
    write(&value, &mut hash).map_err(|source| EncodeError::new(name, serde_json::Error::io(source)))?;
    Ok(hash.0.finalize().into())
}

struct Hash(Sha256);

impl Write for Hash {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes JSON with sorted keys, whether or not somebody has turned `serde_json`'s `preserve_order` on.
fn write(value: &Value, hash: &mut Hash) -> io::Result<()> {
    match value {
        Value::Array(list) => {
            let mut separator: &[u8] = b"[";
            for one in list {
                hash.write_all(std::mem::replace(&mut separator, b","))?;
                write(one, hash)?;
            }
            hash.write_all(if list.is_empty() { b"[]" } else { b"]" })
        }
        Value::Object(map) => {
            let mut fields: Vec<_> = map.iter().collect();
            fields.sort_unstable_by_key(|(key, _)| *key);
            let mut separator: &[u8] = b"{";
            for (key, one) in fields {
                hash.write_all(std::mem::replace(&mut separator, b","))?;
                serde_json::to_writer(&mut *hash, key)?;
                hash.write_all(b":")?;
                write(one, hash)?;
            }
            hash.write_all(if map.is_empty() { b"{}" } else { b"}" })
        }
        scalar => Ok(serde_json::to_writer(hash, scalar)?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: &Value) -> [u8; 32] {
        let mut hash = Hash(Sha256::new());
        write(value, &mut hash).unwrap();
        hash.0.finalize().into()
    }

    #[test]
    fn the_text_that_is_hashed_is_json_with_sorted_keys() {
        let value = serde_json::json!({ "b": [1, "x\"", null, [], {}], "a": { "d": true, "c": -1.5 } });
        let expected = r#"{"a":{"c":-1.5,"d":true},"b":[1,"x\"",null,[],{}]}"#;
        let expected: [u8; 32] = Sha256::digest(expected).into();
        assert_eq!(text(&value), expected);
    }
}
