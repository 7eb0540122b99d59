//! Programs that are right, and look as if a derive, a block or a thread-safe type were missing. The
//! macros say that only where it is certain: this file compiles.

use std::cell::{OnceCell, RefCell};
use std::marker::PhantomData;
use std::rc::Rc;
use std::sync::{Arc, Mutex, OnceLock};

use kenning::prelude::*;
use kenning::{Kenning, MemoryStore};

/// An id that knows what it is the id of, which need not be shared between threads.
#[derive(Debug, Serialize, Deserialize, Schema)]
#[serde(transparent)]
pub struct Id<T> {
    number: u64,
    #[serde(skip)]
    of: PhantomData<fn() -> Rc<T>>,
}

impl<T> Clone for Id<T> {
    fn clone(&self) -> Self {
        Self { number: self.number, of: PhantomData }
    }
}

impl<T> PartialEq for Id<T> {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

/// Serde's traits by hand, the schema by a macro of the file.
#[derive(Clone, Debug, PartialEq)]
pub struct Cents(u64);

impl serde::Serialize for Cents {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0)
    }
}

impl<'de> serde::Deserialize<'de> for Cents {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u64::deserialize(deserializer).map(Self)
    }
}

macro_rules! described_as {
    ($($name:ident: $other:ty)*) => {
        $(impl Schema for $name {
            fn shape(shapes: &mut kenning::schema::Shapes) -> kenning::schema::Shape {
                <$other>::shape(shapes)
            }
        })*
    };
}
described_as! { Cents: u64 Word: String }

/// Written as another type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Word(String);

impl From<String> for Word {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<Word> for String {
    fn from(word: Word) -> Self {
        word.0
    }
}

/// The derives have other names, or stand behind a condition.
mod elsewhere {
    use serde::{Deserialize as Read, Serialize as Write};

    #[derive(Clone, Debug, PartialEq, Write, Read)]
    #[cfg_attr(all(), derive(kenning::Schema))]
    pub struct Place {
        pub street: String,
    }
}

pub use elsewhere::Place as Address;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "odd.made")]
pub struct Made {
    pub cents: Cents,
    pub word: Word,
    pub address: Address,
    pub owner: Id<Rc<str>>,
}

#[derive(Clone, Debug, PartialEq, EventSet)]
pub enum OddEvent {
    Made(Made),
}

/// What no event holds is not asked whether it can be shared: it is made when it is needed.
#[derive(Debug, Default, Aggregate)]
#[kenning(category = "odd", id = u64, events = OddEvent)]
pub struct Odd {
    made: u64,
    last: OnceLock<String>,
    kept: Arc<Mutex<RefCell<OnceCell<u64>>>>,
}

#[derive(Clone, Debug, Serialize, Command)]
#[kenning(aggregate = Odd)]
pub struct Make {
    #[kenning(id)]
    pub id: u64,
    pub cents: u64,
}

#[aggregate]
impl Odd {
    #[apply]
    fn made(&mut self, event: &Made) {
        // Within a function no other thread sees them.
        let rc = Rc::new(RefCell::new(event.cents.0));
        self.made += *rc.borrow();
        self.last.get_or_init(|| event.word.0.clone());
        self.kept.lock().unwrap().borrow().get_or_init(|| event.owner.number);
    }

    #[command]
    fn make(&self, command: Make) -> Made {
        Made {
            cents: Cents(command.cents),
            word: Word("odd".to_owned()),
            address: Address { street: "Rue Neuve".to_owned() },
            owner: Id { number: command.id, of: PhantomData },
        }
    }
}

/// Another module has types of the same names, which lack everything.
#[allow(dead_code, reason = "it is there to be overlooked")]
mod namesakes {
    pub struct Made;
    pub struct Odd;
    pub struct Cents;
}

#[tokio::test]
async fn programs_that_only_look_wrong_compile_and_run() {
    let app = Kenning::builder(MemoryStore::new()).aggregate::<Odd>().build().await.unwrap();
    app.execute(Make { id: 1, cents: 7 }).await.unwrap();
    let odd = app.load::<Odd>(1).await.unwrap();
    assert_eq!((odd.made, odd.last.get().map(String::as_str)), (7, Some("odd")));
    assert_eq!(odd.kept.lock().unwrap().borrow().get(), Some(&1));
}
