//! Notes: each event adds a word to its stream's row. A word that is poison cannot be handled until it is healed.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use kenning::EncodedEvent;
use kenning::prelude::*;
use kenning::store::NewEvent;

/// A word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Event)]
#[kenning(name = "note.written")]
pub(super) struct Written {
    pub(super) word: String,
}

/// Something that only some want.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Event)]
#[kenning(name = "note.looked_at")]
pub(super) struct LookedAt {}

#[derive(Clone, Debug, PartialEq, Eq, EventSet)]
pub(super) enum NoteEvent {
    Written(Written),
    LookedAt(LookedAt),
}

#[derive(Clone, Debug, PartialEq, Eq, EventSet)]
pub(super) enum WrittenEvent {
    Written(Written),
}

/// The words of a stream, in their order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ReadModel)]
#[kenning(table = "note_words", version = 1, events = NoteEvent)]
pub(super) struct Row {
    #[kenning(key)]
    pub(super) id: String,
    pub(super) noted: String,
}

#[read_model(ignore(LookedAt))]
impl Row {
    #[on(key = event.stream().id().to_owned())]
    fn written(row: Option<Self>, event: &Recorded<Written>) -> Self {
        assert!(!is_poison(&event.word), "{} is poison", event.word);
        let mut row =
            row.unwrap_or_else(|| Self { id: event.stream().id().to_owned(), noted: String::new() });
        row.noted.push_str(&event.word);
        row
    }
}

/// The same, which stands anything: a consumer beside the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ReadModel)]
#[kenning(table = "note_counts", version = 1, events = WrittenEvent)]
pub(super) struct Rows {
    #[kenning(key)]
    pub(super) id: String,
    pub(super) words: i64,
}

#[read_model]
impl Rows {
    #[on(key = event.stream().id().to_owned())]
    fn written(row: Option<Self>, event: &Recorded<Written>) -> Self {
        let words = row.map_or(0, |row| row.words);
        Self { id: event.stream().id().to_owned(), words: words + 1 }
    }
}

static HEALED: Mutex<Option<HashSet<String>>> = Mutex::new(None);

fn is_poison(word: &str) -> bool {
    let healed = HEALED.lock().unwrap_or_else(PoisonError::into_inner);
    word.starts_with("poison") && !healed.as_ref().is_some_and(|healed| healed.contains(word))
}

/// From now on the word can be handled, as if a better release had come.
pub(super) fn heal(word: &str) {
    HEALED.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_default().insert(word.to_owned());
}

pub(super) fn word(word: &str) -> NewEvent {
    NewEvent::new(EncodedEvent::of(&Written { word: word.to_owned() }).expect("it can be encoded"))
}

pub(super) fn looked_at() -> NewEvent {
    NewEvent::new(EncodedEvent::of(&LookedAt {}).expect("it can be encoded"))
}

/// An event of a known name with a payload that is none of its.
pub(super) fn corrupt() -> NewEvent {
    NewEvent { payload: kenning::Payload::from_stored(r#"{"word":7}"#), ..word("") }
}
