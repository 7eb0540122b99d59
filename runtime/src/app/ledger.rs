//! The body of a command for the ledger: whether two commands with one id are the same command.

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::command::Command;
use crate::event::Event;
use crate::panics::caught;
use crate::payload::{EncodeError, Node, Sets};
use crate::store::BodyHash;

/// The most absent fields of a body of which every combination is tried, as an earlier release may
/// have written. With more, those combinations are tried that keep, or leave out, up to two of them.
const ANY: usize = 10;

/// The hash of a command's body: the SHA-256 over its name, a zero byte and its body as JSON.
///
/// The body has its keys in order and its sets sorted. Fields that hold `None` or a default are left
/// out, so that a release that adds such a field gives the same hash.
pub(crate) fn body_hash<C: Command>(command: &C) -> Result<BodyHash, EncodeError> {
    hash_of(C::NAME, command)
}

/// The hash of an event that is recorded as a command is.
pub(crate) fn event_hash<E: Event>(event: &E) -> Result<BodyHash, EncodeError> {
    hash_of(E::NAME, event)
}

/// Whether the hash was recorded for this body: by this release, or by one that hashed absent fields too.
pub(crate) fn is_hash_of<T: Serialize>(name: &'static str, body: &T, recorded: &BodyHash) -> bool {
    let Ok(tree) = tree(name, body) else { return false };
    if hash(name, &tree, Sets::Sorted, &|_| false) == *recorded {
        return true;
    }
    let mut absent = Vec::new();
    tree.absent(&mut Vec::new(), &mut absent);
    let matches = |kept: &dyn Fn(usize) -> bool| {
        let keeps = |path: &[&str]| absent.iter().position(|one| one == path).is_some_and(kept);
        hash(name, &tree, Sets::AsTheyCome, &keeps) == *recorded
    };
    if absent.len() <= ANY {
        return (0..1_u32 << absent.len()).any(|kept| matches(&|at| kept & (1 << at) != 0));
    }
    let count = absent.len();
    matches(&|_| true)
        || matches(&|_| false)
        || (0..count).any(|one| matches(&|at| at != one) || matches(&|at| at == one))
        || (0..count).any(|one| {
            (0..one).any(|two| matches(&|at| at != one && at != two) || matches(&|at| at == one || at == two))
        })
}

fn hash_of<T: Serialize>(name: &'static str, body: &T) -> Result<BodyHash, EncodeError> {
    Ok(hash(name, &tree(name, body)?, Sets::Sorted, &|_| false))
}

fn tree<T: Serialize>(name: &'static str, body: &T) -> Result<Node, EncodeError> {
    match caught(|| Node::of(body)) {
        Ok(tree) => tree.map_err(|error| EncodeError::new(name, error)),
        Err(panic) => Err(EncodeError::panicked(name, panic)),
    }
}

fn hash(name: &str, tree: &Node, sets: Sets, keeps: &dyn Fn(&[&str]) -> bool) -> BodyHash {
    let mut text = Vec::from(name);
    text.push(0);
    tree.write(&mut text, &mut Vec::new(), sets, keeps);
    Sha256::digest(text).into()
}

#[cfg(test)]
mod tests;
