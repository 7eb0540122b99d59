//! A map of vectors: the same serialisation and the same checks as a store has to make, on one thread.

use std::collections::HashMap;
use std::sync::Arc;

use time::OffsetDateTime;

use super::event::{Draft, account, apply, decide, encode};
use super::plain::stream;
use crate::Result;
use crate::domain::Account;
use crate::driver::Wish;

struct Stored {
    draft: Draft,
    version: u64,
    position: u64,
    recorded_at: OffsetDateTime,
}

#[derive(Default)]
struct Stream {
    events: Vec<Arc<Stored>>,
    state: Account,
}

#[derive(Default)]
pub(crate) struct MemoryBank {
    streams: HashMap<String, Stream>,
    feed: Vec<Arc<Stored>>,
}

impl MemoryBank {
    pub(crate) fn execute(&mut self, wish: Wish) -> Result<u64> {
        let name = stream(account(&wish));
        let stream = self.streams.entry(name).or_default();
        let expected = stream.events.last().map_or(0, |last| last.version);
        let events = decide(&stream.state, wish)?;
        let drafts = encode(&events)?;
        if stream.events.last().map_or(0, |last| last.version) != expected {
            return Err("conflict".into());
        }
        let recorded_at = OffsetDateTime::now_utc();
        for (version, draft) in (expected + 1..).zip(drafts) {
            let position = self.feed.last().map_or(1, |last| last.position + 1);
            let stored = Arc::new(Stored { draft, version, position, recorded_at });
            stream.events.push(Arc::clone(&stored));
            self.feed.push(stored);
        }
        events.iter().for_each(|event| apply(&mut stream.state, event));
        Ok(expected)
    }

    /// How many events were recorded, by the positions that they got. Looks at every field, so that the compiler can leave none of them out.
    pub(crate) fn events(&self) -> u64 {
        let complete = |one: &&Arc<Stored>| {
            !(one.draft.payload.is_empty() || one.draft.id.is_nil() || one.draft.cause.is_nil())
                && one.recorded_at.year() > 2000
        };
        self.feed.iter().filter(complete).map(|one| one.position).max().unwrap_or_default()
    }
}
