//! P9: what serde writes and does not read back is found by the shape, wherever it is.

#![allow(dead_code, reason = "only their schemas are asked")]

use std::collections::{BTreeMap, HashMap};

use kenning::prelude::*;
use kenning::{Catalog, Kenning, MemoryStore, Schema, Shapes};

fn problems<T: Schema>() -> Vec<String> {
    let mut shapes = Shapes::default();
    T::shape(&mut shapes);
    shapes.unreadable().to_vec()
}

#[track_caller]
fn refused<T: Schema>(expected: &str) {
    let found = problems::<T>();
    assert!(found.len() == 1 && found[0].contains(expected), "{found:?}");
}

#[derive(Serialize, Deserialize, Schema)]
struct Page<T> {
    item: Option<T>,
}

#[derive(Serialize, Deserialize, Schema)]
struct Unit;

#[derive(Serialize, Deserialize, Schema)]
struct Maybe(Option<u8>);

#[derive(Serialize, Deserialize, Schema)]
struct Amount(u128);

#[derive(Serialize, Deserialize, Schema)]
struct ById(BTreeMap<Number, u8>);

#[derive(PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Schema)]
struct Number(u32);

#[derive(Serialize, Deserialize, Schema)]
struct Named {
    kind: String,
}

#[derive(Serialize, Deserialize, Schema)]
struct Aliased {
    #[serde(alias = "kind")]
    name: String,
}

#[derive(Serialize, Deserialize, Schema)]
#[serde(tag = "kind")]
enum Tagged<T> {
    One { inner: T },
}

#[derive(Serialize, Deserialize, Schema)]
#[serde(tag = "kind")]
enum Beside<T> {
    One(T),
}

#[derive(Serialize, Deserialize, Schema)]
#[serde(tag = "kind", content = "of")]
enum Adjacent<T> {
    One(T),
    Two { inner: T },
}

#[derive(Serialize, Deserialize, Schema)]
#[serde(untagged)]
enum Either<A, B> {
    A(A),
    B(B),
}

#[derive(Serialize, Deserialize, Schema)]
struct Flat<T> {
    kind: u8,
    #[serde(flatten)]
    rest: T,
}

#[test]
fn p9_some_of_what_is_written_as_null_is_refused() {
    refused::<Page<Option<u8>>>("`item`: `Some` of what is written as `null`");
    refused::<Page<()>>("`Some` of");
    refused::<Page<Unit>>("`Some` of");
    refused::<Page<serde_json::Value>>("`Some` of");
    refused::<Page<Maybe>>("`Some` of");
    refused::<Page<Box<Maybe>>>("`Some` of");
    refused::<Vec<HashMap<String, Page<Maybe>>>>("`Some` of");
    refused::<Page<Either<Unit, u8>>>("`Some` of");
    for sound in [problems::<Page<u8>>(), problems::<Page<Vec<Option<u8>>>>(), problems::<Page<Page<u8>>>()] {
        assert!(sound.is_empty(), "{sound:?}");
    }
}

#[test]
fn p9_what_an_inner_tag_does_not_read_back_is_refused() {
    refused::<Tagged<Amount>>("`One`: an integer of 128 bits");
    refused::<Tagged<Vec<Option<Amount>>>>("an integer of 128 bits");
    refused::<Tagged<ById>>("a map with numbers or booleans as keys");
    refused::<Tagged<BTreeMap<bool, u8>>>("a map with numbers or booleans as keys");
    refused::<Beside<Named>>("has a field `kind`, as the tag is named");
    refused::<Beside<Aliased>>("has a field `kind`, as the tag is named");
    refused::<Beside<BTreeMap<String, u8>>>("is a map beside the tag");
    refused::<Beside<u8>>("holds no object");
    refused::<Beside<Tagged<u8>>>("is an enum with the same tag");
    for sound in [
        problems::<Tagged<Named>>(),
        problems::<Tagged<BTreeMap<String, u64>>>(),
        problems::<Beside<Page<u64>>>(),
        problems::<Adjacent<Amount>>(),
        problems::<Adjacent<ById>>(),
        problems::<Amount>(),
        problems::<ById>(),
    ] {
        assert!(sound.is_empty(), "{sound:?}");
    }
}

#[test]
fn p9_what_an_untagged_enum_or_a_flattened_field_does_not_read_back_is_refused() {
    refused::<Either<Named, Amount>>("an integer of 128 bits");
    refused::<Either<u64, i8>>("untagged variant 2 can be read as variant 1");
    refused::<Either<f64, u8>>("untagged variant 2 can be read as variant 1");
    refused::<Either<Page<u8>, Named>>("untagged variant 2 can be read as variant 1");
    refused::<Flat<Page<Amount>>>("an integer of 128 bits");
    refused::<Flat<Named>>("two fields are read from the key `kind`");
    for sound in
        [problems::<Either<String, u64>>(), problems::<Either<u64, f64>>(), problems::<Flat<Page<u8>>>()]
    {
        assert!(sound.is_empty(), "{sound:?}");
    }
}

#[derive(Serialize, Deserialize, Event)]
#[kenning(name = "page.turned")]
pub struct Turned {
    page: PageOf,
}

type PageOf = Page<Maybe>;

#[derive(EventSet)]
pub enum BookEvent {
    Turned(Turned),
}

#[derive(Default, Aggregate)]
#[kenning(category = "book", id = u64, events = BookEvent)]
pub struct Book;

#[aggregate]
impl Book {
    #[apply]
    fn turned(&mut self, _: &Turned) {}
}

/// Fails without `values.unreadable`: see tests/guards.
#[tokio::test]
async fn p9_the_lock_test_and_the_build_refuse_what_is_not_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let lock = folder.path().join("kenning.lock");
    let test = || kenning::testing::assert_lock(&lock, &Catalog::new().aggregate::<Book>());
    let panic = std::panic::catch_unwind(test).unwrap_err();
    let text = panic.downcast_ref::<String>().unwrap();
    assert!(text.contains("Turned` cannot be read back as it is written: `page.item`: `Some` of"), "{text}");
    assert!(!lock.exists());
    let built = Kenning::builder(MemoryStore::new()).aggregate::<Book>().build().await;
    assert!(built.unwrap_err().to_string().contains("cannot be read back as it is written"));
}
