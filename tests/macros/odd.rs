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

/// What derives ask of fields, written by hand and by a macro of the file, and not asked of references.
mod by_hand {
    use std::collections::{BTreeMap, HashMap};
    use std::fmt;

    use super::*;

    #[derive(Serialize, Deserialize, Schema)]
    pub struct Part(pub u64);

    impl Clone for Part {
        fn clone(&self) -> Self {
            Self(self.0)
        }
    }

    impl fmt::Debug for Part {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.0.fmt(f)
        }
    }

    macro_rules! compared {
        ($($name:ident),*) => { $(
            impl PartialEq for $name {
                fn eq(&self, other: &Self) -> bool {
                    self.0 == other.0
                }
            }
            impl Eq for $name {}
            impl std::hash::Hash for $name {
                fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
                    self.0.hash(state);
                }
            }
        )* };
    }
    compared!(Part);

    macro_rules! ids {
        ($($name:ident)*) => { $(
            #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Schema)]
            pub struct $name(pub u64);
        )* };
    }
    ids! { Lot Shelf }

    /// Nothing is asked of what a reference is to but that it can be shown.
    #[derive(Debug)]
    pub struct Still;

    #[derive(Clone, Copy, Debug, Serialize, Command)]
    #[kenning(aggregate = Store)]
    pub struct Keep {
        #[kenning(id)]
        pub lot: Lot,
        #[serde(skip)]
        pub still: &'static Still,
    }

    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Event)]
    #[kenning(name = "odd.kept")]
    pub struct Kept {
        pub parts: HashMap<Part, Vec<Part>>,
        pub shelves: BTreeMap<Shelf, Option<Part>>,
        pub r#type: String,
    }

    /// The same event under another name.
    pub type Renamed = Kept;

    #[derive(Clone, Debug, PartialEq, EventSet)]
    pub enum StoreEvent {
        Kept(Renamed),
    }

    #[derive(Debug, Default, Aggregate)]
    #[kenning(category = "odd_store", id = Lot, events = StoreEvent)]
    pub struct Store(pub usize);

    #[aggregate]
    impl Store {
        #[command]
        fn keep(&self, command: &Keep) -> Option<Kept> {
            let part = Part(command.lot.0);
            let parts = HashMap::from([(part.clone(), vec![part.clone()])]);
            let shelves = BTreeMap::from([(Shelf(1), Some(part))]);
            Some(Kept { parts, shelves, r#type: format!("{:?}", command.still) })
        }

        #[apply]
        fn kept(&mut self, event: &Kept) {
            Self::more(&mut self.0, event);
        }

        /// Not marked: it may take whatever it likes.
        fn more(state: &mut usize, event: &Kept) {
            *state += event.parts.len();
        }
    }
}

/// What is public shows what is as public as it has to be.
mod visible {
    use super::*;

    #[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, Schema)]
    struct DeskId(u64);

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
    #[kenning(name = "odd.opened")]
    struct Opened {
        by: DeskId,
    }

    #[allow(private_interfaces, reason = "the compiler warns of it, and it is no mistake")]
    #[derive(Clone, Debug, PartialEq, EventSet)]
    pub enum DeskEvent {
        Opened(Opened),
    }

    #[derive(Debug, Default, Aggregate)]
    #[kenning(category = "odd_desk", id = u64, events = DeskEvent)]
    pub struct Desk(u64);

    #[derive(Clone, Debug, Serialize, Command)]
    #[kenning(aggregate = Desk)]
    pub struct Open {
        #[kenning(id)]
        pub desk: u64,
    }

    /// Handled by a public aggregate, and for nobody else to send.
    #[derive(Clone, Debug, Serialize, Command)]
    #[kenning(aggregate = Desk)]
    struct OpenQuietly {
        #[kenning(id)]
        desk: u64,
    }

    #[derive(Debug)]
    struct Quiet;

    #[aggregate]
    impl Desk {
        #[apply]
        fn opened(&mut self, event: &Opened) {
            self.0 += event.by.0;
        }

        #[command]
        fn open(&self, command: &Open) -> Vec<Opened> {
            vec![Opened { by: DeskId(command.desk) }]
        }

        #[command]
        fn open_quietly(&self, command: &OpenQuietly) -> Result<Opened, Quiet> {
            if command.desk == 0 { Err(Quiet) } else { Ok(Opened { by: DeskId(command.desk) }) }
        }
    }

    pub(super) async fn use_it(app: &Kenning) {
        app.execute(Open { desk: 2 }).await.unwrap();
        app.execute(OpenQuietly { desk: 2 }).await.unwrap();
        assert_eq!(app.load::<Desk>(2).await.unwrap().0, 4);
    }
}

/// A generic type of the same name as an event, and an id that is an enum of plain names.
mod generic {
    use super::*;

    pub mod wrapped {
        #[derive(Debug)]
        pub struct Noted<T>(pub T);
    }

    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
    pub enum Board {
        Left,
        Right,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
    #[kenning(name = "odd.noted")]
    pub struct Noted {
        pub board: Board,
    }

    #[derive(Clone, Debug, PartialEq, EventSet)]
    pub enum BoardEvent {
        Noted(Noted),
    }

    #[derive(Clone, Debug, PartialEq, ReadModel)]
    #[kenning(table = "odd_boards", version = 1, events = BoardEvent)]
    pub struct BoardRow {
        #[kenning(key)]
        pub board: Board,
        pub notes: i64,
    }

    #[read_model]
    impl BoardRow {
        #[on(key = wrapped::Noted(event.board).0)]
        fn noted(row: Option<Self>, board: Board, event: &Noted) -> Option<Self> {
            let notes = row.map_or(0, |row| row.notes) + 1;
            (event.board == board).then_some(Self { board, notes })
        }

        fn _wrapped(note: wrapped::Noted<&Noted>) -> Board {
            note.0.board
        }
    }
}

#[tokio::test]
async fn programs_that_only_look_wrong_compile_and_run() {
    let builder = Kenning::builder(MemoryStore::new()).aggregate::<Odd>().aggregate::<by_hand::Store>();
    let builder = builder.aggregate::<visible::Desk>().read_model::<generic::BoardRow>();
    let app = builder.build().await.unwrap();
    app.execute(Make { id: 1, cents: 7 }).await.unwrap();
    let odd = app.load::<Odd>(1).await.unwrap();
    assert_eq!((odd.made, odd.last.get().map(String::as_str)), (7, Some("odd")));
    assert_eq!(odd.kept.lock().unwrap().borrow().get(), Some(&1));
    visible::use_it(&app).await;
    let lot = by_hand::Lot(3);
    app.execute(by_hand::Keep { lot, still: &by_hand::Still }).await.unwrap();
    assert_eq!(app.load::<by_hand::Store>(lot).await.unwrap().0, 1);
}
