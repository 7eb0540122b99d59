use serde::{Deserialize, Serialize};

use super::*;
use crate::schema::{Shape, Shapes};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Number(u64);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Region {
    NorthWest,
}

fn text(id: &impl Serialize) -> Result<String, InvalidId> {
    let mut text = String::new();
    id.serialize(ToText { text: &mut text }).map(|()| text)
}

fn back<T: DeserializeOwned>(text: &str) -> Result<T, InvalidId> {
    T::deserialize(FromText { text })
}

#[test]
fn scalars_have_their_plain_text_and_come_back() {
    fn both<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(id: &T, expected: &str) {
        assert_eq!(text(id).unwrap(), expected);
        assert_eq!(&back::<T>(expected).unwrap(), id);
    }
    both(&"a-b c".to_owned(), "a-b c");
    both(&'x', "x");
    both(&-7_i32, "-7");
    both(&u64::MAX, "18446744073709551615");
    both(&u128::MAX, "340282366920938463463374607431768211455");
    both(&true, "true");
    both(&Number(42), "42");
    both(&Region::NorthWest, "north_west");
    both(&uuid::Uuid::from_u128(1), "00000000-0000-0000-0000-000000000001");
    both(&std::net::Ipv4Addr::LOCALHOST, "127.0.0.1");
}

#[test]
fn what_is_no_scalar_is_refused() {
    for refused in [text(&(1, 2)), text(&1.5), text(&Some(1)), text(&vec![1]), text(&())] {
        let error = refused.unwrap_err().to_string();
        assert!(error.starts_with("an id is one string or integer, not "), "{error}");
    }
}

#[test]
fn a_text_that_is_no_id_is_an_error_that_shows_it() {
    assert_eq!(back::<Number>("4x2").unwrap_err().to_string(), "`4x2` is not a u64");
    assert!(back::<Region>("south").is_err());
}

#[derive(Default)]
struct Depot;

enum Never {}

impl crate::EventSet for Never {
    const EVENTS: &'static [crate::EventInfo] = &[];

    fn encode(&self) -> Result<crate::EncodedEvent, crate::EncodeError> {
        match *self {}
    }

    fn decode(event: &crate::RawEvent<'_>) -> Result<Self, crate::DecodeError> {
        Err(crate::DecodeError::unknown_name(event.name))
    }
}

impl crate::ApplyTo<Depot> for Never {
    fn apply_to(&self, _: &mut Depot) {
        match *self {}
    }
}

impl Schema for Number {
    const SCALAR: bool = true;

    fn shape(shapes: &mut Shapes) -> Shape {
        u64::shape(shapes)
    }
}

impl Aggregate for Depot {
    const CATEGORY: &'static str = "depot";
    type Id = Number;
    type Events = Never;
}

#[test]
fn a_stream_is_named_after_the_aggregate_and_gives_its_id_back() {
    let stream = StreamName::of::<Depot>(&Number(7)).unwrap();
    assert_eq!(stream.as_str(), "depot-7");
    assert_eq!(stream.aggregate_id::<Depot>().unwrap(), Number(7));
    let other = StreamName::parse("order-7").unwrap().aggregate_id::<Depot>().unwrap_err();
    assert_eq!(other.to_string(), "`order-7` is not of the category `depot`");
}
