use std::collections::{BinaryHeap, HashMap, HashSet};

use serde::ser::SerializeStruct;
use serde_json::json;

use super::*;

/// What releases before this one recorded: JSON by way of a `Value`, absent fields written.
fn recorded_before<T: Serialize>(body: &T) -> BodyHash {
    let text = serde_json::to_value(body).unwrap().to_string();
    Sha256::digest([b"Pay\0", text.as_bytes()].concat()).into()
}

fn now<T: Serialize>(body: &T) -> BodyHash {
    hash_of("Pay", body).unwrap()
}

#[derive(Serialize)]
struct Old {
    id: u64,
    number: String,
    note: Option<String>,
    weight: f32,
}

#[derive(Serialize)]
struct New {
    weight: f32,
    id: u64,
    number: String,
    note: Option<String>,
    carrier: Option<String>,
    gift: bool,
    lines: Vec<u8>,
}

fn old(note: Option<&str>) -> Old {
    Old { id: 1, number: "1Z".into(), note: note.map(Into::into), weight: 0.1 }
}

fn new(note: Option<&str>) -> New {
    New {
        weight: 0.1,
        id: 1,
        number: "1Z".into(),
        note: note.map(Into::into),
        carrier: None,
        gift: false,
        lines: Vec::new(),
    }
}

#[test]
fn p12_a_field_that_a_release_adds_as_absent_is_not_part_of_the_hash() {
    assert_eq!(now(&old(None)), now(&new(None)));
    assert_eq!(now(&old(Some("x"))), now(&new(Some("x"))));
    assert_ne!(now(&old(None)), now(&new(Some("x"))));
    assert_ne!(now(&old(None)), now(&New { carrier: Some(String::new()), ..new(None) }));
    assert_ne!(now(&old(None)), now(&New { gift: true, ..new(None) }));
}

#[test]
fn p12_the_hash_of_an_earlier_release_is_recognised() {
    for note in [None, Some("x")] {
        assert!(is_hash_of("Pay", &old(note), &recorded_before(&old(note))));
        assert!(is_hash_of("Pay", &new(note), &recorded_before(&old(note))));
        assert!(is_hash_of("Pay", &new(note), &recorded_before(&new(note))));
    }
    assert!(!is_hash_of("Pay", &new(None), &recorded_before(&old(Some("x")))));
    assert!(!is_hash_of("Pay", &new(Some("x")), &recorded_before(&old(None))));
    assert!(!is_hash_of("Pay", &New { gift: true, ..new(None) }, &recorded_before(&old(None))));
}

#[test]
fn a_body_without_absent_fields_has_the_hash_that_it_always_had() {
    let body = json!({ "b": [1, "x\"", null, [], {}, 0.1_f32], "a": { "d": true, "c": -1.5 } });
    assert_eq!(now(&body), recorded_before(&body));
    let maps: HashMap<u32, (char, Option<i8>)> = (1..20).map(|n| (n, ('ü', Some(1)))).collect();
    assert_eq!(now(&maps), recorded_before(&maps));
    assert_eq!(now(&Result::<u8, u8>::Err(2)), recorded_before(&Result::<u8, u8>::Err(2)));
}

/// A struct with that many fields, all `None`.
struct Wide(usize);

const NAMES: [&str; 16] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p"];

impl Serialize for Wide {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Wide", self.0)?;
        for name in NAMES.iter().take(self.0) {
            fields.serialize_field(name, &None::<u8>)?;
        }
        fields.end()
    }
}

#[test]
fn p12_a_body_with_many_absent_fields_is_recognised_after_one_or_two_more() {
    for more in 0..=2 {
        assert!(is_hash_of("Pay", &Wide(14 + more), &recorded_before(&Wide(14))), "{more} more");
    }
    assert!(is_hash_of("Pay", &Wide(8), &recorded_before(&Wide(3))));
}

#[test]
fn p3_integers_of_128_bits_have_a_hash() {
    assert_ne!(now(&u128::MAX), now(&(u128::MAX - 1)));
    assert_ne!(now(&i128::MIN), now(&(i128::MIN + 1)));
    assert_eq!(now(&u128::from(u64::MAX)), now(&u64::MAX));
}

#[test]
fn p3_a_set_has_one_hash_in_whatever_order_it_comes() {
    #[derive(Serialize)]
    struct Tags<S>(S);
    #[derive(Serialize)]
    struct Body<S> {
        tags: Option<Vec<Tags<S>>>,
        by: HashMap<u8, S>,
    }
    let words: Vec<String> = (0..8).map(|n| format!("tag {n}")).collect();
    let body = || {
        let set = || words.iter().cloned().collect::<HashSet<_>>();
        Body { tags: Some(vec![Tags(set())]), by: HashMap::from([(1, set())]) }
    };
    let first = now(&body());
    assert!((0..20).all(|_| now(&body()) == first));
    let heap = |words: Vec<u8>| now(&words.into_iter().collect::<BinaryHeap<_>>());
    assert_eq!(heap(vec![1, 3, 2]), heap(vec![2, 1, 3]));
    // The order of a list means something.
    assert_ne!(now(&vec![1, 2]), now(&vec![2, 1]));
}

#[test]
fn a_number_that_is_not_finite_has_no_hash() {
    assert!(hash_of("Pay", &f64::NAN).is_err());
    assert!(hash_of("Pay", &Some(f32::INFINITY)).is_err());
}
