//! Keys that are stable over retries, crashes and takeovers.

use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Whether a step is done or undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Direction {
    /// It is done.
    Do,
    /// It is undone.
    Undo,
}

impl Direction {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Do => "do",
            Self::Undo => "undo",
        }
    }
}

/// The key of an effect: drawn from the instance, the name of the step and the direction. Keys are persisted in the outside world: this never changes.
pub(crate) fn step_key(instance: Uuid, step: &str, direction: Direction) -> Uuid {
    derived(instance, &[step, direction.as_str()])
}

/// A UUID of version 8 (RFC 9562, section 5.8) from a namespace and words.
pub(crate) fn derived(namespace: Uuid, words: &[&str]) -> Uuid {
    let mut hash = Sha256::new_with_prefix(namespace);
    for word in words {
        hash.update((word.len() as u64).to_be_bytes());
        hash.update(word);
    }
    let digest: [u8; 32] = hash.finalize().into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p6_a_key_is_the_same_in_every_release() {
        let instance = Uuid::from_u128(1);
        let expected = step_key(instance, "reserve", Direction::Do);
        assert_eq!(expected.get_version_num(), 8);
        assert_eq!(expected, step_key(instance, "reserve", Direction::Do));
        assert_ne!(expected, step_key(instance, "reserve", Direction::Undo));
        assert_ne!(expected, step_key(instance, "charge", Direction::Do));
        assert_ne!(expected, step_key(Uuid::from_u128(2), "reserve", Direction::Do));
    }

    #[test]
    fn words_are_kept_apart() {
        let namespace = Uuid::nil();
        assert_ne!(derived(namespace, &["ab", "c"]), derived(namespace, &["a", "bc"]));
    }
}
