//! P3 and P12: which bodies are the same command, also for another release.

use std::collections::{BTreeMap, HashMap, HashSet};

use kenning::prelude::*;
use kenning::store::{Append, EventStore, Expect, LedgerEntry, NewEvent};
use kenning::{EncodedEvent, ExecuteError, Kenning, StreamName};
use uuid::Uuid;

use crate::support::{Home, on_both_stores};

on_both_stores! {
    p3_a_set_inside_a_command_is_the_same_in_every_order
    p12_a_field_that_is_added_as_absent_leaves_a_command_what_it_was
    p12_a_command_that_an_earlier_release_has_recorded_is_recognised
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "parcel.shipped")]
pub struct Shipped {
    pub number: String,
}

#[derive(Clone, Debug, PartialEq, EventSet)]
pub enum ParcelEvent {
    Shipped(Shipped),
}

/// The releases differ in a command: `ship`.
macro_rules! release {
    ($release:ident: $($field:ident: $ty:ty),*) => {
        mod $release {
            use super::*;

            #[derive(Debug, Default, Aggregate)]
            #[kenning(category = "parcel", id = u64, events = ParcelEvent)]
            pub struct Parcel;

            #[derive(Clone, Debug, Default, Serialize, Deserialize)]
            #[serde(default)]
            pub struct Extras {
                pub gift: bool,
                $(pub $field: $ty,)*
            }

            #[derive(Clone, Debug, Default, Serialize, Deserialize, Command)]
            #[kenning(aggregate = Parcel, name = "ship")]
            pub struct Ship {
                #[kenning(id)]
                pub id: u64,
                pub number: String,
                pub note: Option<String>,
                pub extras: Vec<Extras>,
                $(pub $field: $ty,)*
            }

            #[aggregate]
            impl Parcel {
                #[command]
                fn ship(&self, command: Ship) -> Shipped {
                    Shipped { number: command.number }
                }

                #[apply]
                fn shipped(&mut self, _: &Shipped) {}
            }

            pub async fn app(home: &impl Home) -> Kenning {
                Kenning::builder(home.store().await).aggregate::<Parcel>().build().await.unwrap()
            }
        }
    };
}

release!(old:);
release!(new: carrier: Option<String>, weight: u32, labels: Vec<String>);

fn old(id: u64) -> old::Ship {
    let extras = vec![old::Extras { gift: true }, old::Extras::default()];
    old::Ship { id, number: "1Z".into(), extras, ..old::Ship::default() }
}

fn new(id: u64) -> new::Ship {
    let extras = vec![new::Extras { gift: true, ..new::Extras::default() }, new::Extras::default()];
    new::Ship { id, number: "1Z".into(), extras, ..new::Ship::default() }
}

fn is_other<R: std::fmt::Debug>(error: &ExecuteError<R>) -> bool {
    matches!(error, ExecuteError::DuplicateCommand { .. })
}

/// Fails without `bodies.absent`: see tests/guards.
async fn p12_a_field_that_is_added_as_absent_leaves_a_command_what_it_was(home: impl Home) {
    let (before, after) = (old::app(&home).await, new::app(&home).await);
    let ids = [Uuid::now_v7(), Uuid::now_v7()];
    let first = before.execute(old(1)).id(ids[0]).await.unwrap();
    let again = after.execute(new(1)).id(ids[0]).await.unwrap();
    assert!(again.replayed() && again.version() == first.version());
    // The other way, as when a release is rolled back.
    after.execute(new(2)).id(ids[1]).await.unwrap();
    assert!(before.execute(old(2)).id(ids[1]).await.unwrap().replayed());
    // What says something is another command.
    let carried = new::Ship { carrier: Some("UPS".into()), ..new(1) };
    let empty = new::Ship { carrier: Some(String::new()), ..new(1) };
    let heavy = new::Ship { weight: 5, ..new(1) };
    for other in [carried, empty, heavy, new::Ship { number: "2Z".into(), ..new(1) }] {
        assert!(is_other(&after.execute(other).id(ids[0]).await.unwrap_err()));
    }
    let noted = old::Ship { note: Some("fragile".into()), ..old(2) };
    assert!(is_other(&before.execute(noted).id(ids[1]).await.unwrap_err()));
}

/// What releases up to commit 8592927 recorded: the SHA-256 over the name, a zero byte and the JSON with
/// sorted keys and all fields.
fn recorded(body: &impl Serialize) -> [u8; 32] {
    use sha2::Digest;
    let json = serde_json::to_value(body).unwrap().to_string();
    sha2::Sha256::digest(["ship\0", &json].concat()).into()
}

/// Fails without `bodies.earlier-hash`: see tests/guards.
async fn p12_a_command_that_an_earlier_release_has_recorded_is_recognised(home: impl Home) {
    let (store, app) = (home.store().await, new::app(&home).await);
    for (id, note) in [(1, None), (2, Some("fragile".to_owned()))] {
        let command_id = Uuid::now_v7();
        let body_hash = recorded(&old::Ship { note: note.clone(), ..old(id) });
        let event = NewEvent::new(EncodedEvent::of(&Shipped { number: "1Z".into() }).unwrap());
        let stream = StreamName::new("parcel", &id.to_string()).unwrap();
        let append = Append::to(stream, Expect::New, vec![event]);
        store.append(append.command(LedgerEntry { command_id, body_hash })).await.unwrap();
        let command = new::Ship { note, ..new(id) };
        assert!(app.execute(command.clone()).id(command_id).await.unwrap().replayed());
        let other = new::Ship { weight: 1, ..command };
        assert!(is_other(&app.execute(other).id(command_id).await.unwrap_err()));
    }
}

#[derive(Debug, Default, Aggregate)]
#[kenning(category = "label", id = u64, events = ParcelEvent)]
pub struct Label;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tags(pub HashSet<String>);

type Words = HashSet<String>;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind")]
pub enum Filter {
    Any { of: Tags },
    All(Tags2),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tags2 {
    tags: Words,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Command)]
#[kenning(aggregate = Label)]
pub struct Tag {
    #[kenning(id)]
    pub id: u64,
    pub tags: Tags,
    pub words: Words,
    pub filters: Vec<Filter>,
    pub by_name: BTreeMap<u8, Tags>,
    pub map: HashMap<String, Tags>,
    pub list: Vec<u8>,
}

#[aggregate]
impl Label {
    #[command]
    fn tag(&self, command: Tag) -> Shipped {
        Shipped { number: command.tags.0.len().to_string() }
    }

    #[apply]
    fn shipped(&mut self, _: &Shipped) {}
}

/// Fails without `bodies.sets`: see tests/guards.
async fn p3_a_set_inside_a_command_is_the_same_in_every_order(home: impl Home) {
    let app = Kenning::builder(home.store().await).aggregate::<Label>().build().await.unwrap();
    let words = || (0..8).map(|nth| format!("tag {nth}")).collect::<HashSet<_>>();
    let command = Tag {
        id: 1,
        tags: Tags(words()),
        words: words(),
        filters: vec![Filter::Any { of: Tags(words()) }, Filter::All(Tags2 { tags: words() })],
        by_name: [(1, Tags(words()))].into(),
        map: [("a".into(), Tags(words())), ("b".into(), Tags(words()))].into(),
        list: vec![1, 2],
    };
    let id = Uuid::now_v7();
    app.execute(command.clone()).id(id).await.unwrap();
    for _ in 0..10 {
        let again = serde_json::from_str::<Tag>(&serde_json::to_string(&command).unwrap()).unwrap();
        assert!(app.execute(again).id(id).await.unwrap().replayed());
    }
    let mut other = command.clone();
    other.tags.0.insert("another".into());
    assert!(is_other(&app.execute(other).id(id).await.unwrap_err()));
    // The order of a list means something.
    let other = Tag { list: vec![2, 1], ..command };
    assert!(is_other(&app.execute(other).id(id).await.unwrap_err()));
}
