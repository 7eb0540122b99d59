//! Fresh ids for commands and events.

use std::cell::RefCell;
use std::time::{SystemTime, UNIX_EPOCH};

use uuid::Uuid;

/// How many random bytes an id takes: with its version and variant, all but the six of the time.
const RANDOM: usize = 10;

/// How many ids' worth of random bytes a thread fetches at a time.
const IDS: usize = 128;

thread_local! {
    static BYTES: RefCell<Bytes> = const { RefCell::new(Bytes { fetched: [0; RANDOM * IDS], used: RANDOM * IDS }) };
}

/// A `UUIDv7` whose random bits come from the operating system, as those of [`Uuid::now_v7`] do; but that asks it for each, which took a third of the time
/// of a command in memory.
pub(crate) fn fresh_id() -> Uuid {
    let random = BYTES.try_with(|bytes| bytes.try_borrow_mut().ok()?.next());
    match (random, SystemTime::now().duration_since(UNIX_EPOCH)) {
        (Ok(Some(random)), Ok(now)) => {
            let millis = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
            uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
        }
        // The thread is ending, or there is no randomness or no time: the crate knows what to do, or panics as it always does.
        _ => Uuid::now_v7(),
    }
}

/// Random bytes, each handed out once.
struct Bytes {
    fetched: [u8; RANDOM * IDS],
    used: usize,
}

impl Bytes {
    fn next(&mut self) -> Option<[u8; RANDOM]> {
        if self.used == self.fetched.len() {
            getrandom::fill(&mut self.fetched).ok()?;
            self.used = 0;
        }
        let next = self.fetched.get(self.used..)?.first_chunk().copied();
        self.used += RANDOM;
        next
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_are_version_7_and_differ_on_all_threads() {
        let drawn = || (0..3 * IDS).map(|_| fresh_id()).collect::<Vec<_>>();
        let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(drawn)).collect();
        let ids: Vec<Uuid> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
        assert!(ids.iter().all(|id| id.get_version_num() == 7 && id.get_variant() == uuid::Variant::RFC4122));
        assert_eq!(ids.iter().collect::<HashSet<_>>().len(), 12 * IDS);
    }

    #[test]
    fn an_id_tells_the_millisecond() {
        let millis = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
        let before = millis();
        let (seconds, nanos) = fresh_id().get_timestamp().unwrap().to_unix();
        let told = u128::from(seconds) * 1_000 + u128::from(nanos) / 1_000_000;
        assert!((before..=millis()).contains(&told));
    }
}
