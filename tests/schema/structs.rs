use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::marker::PhantomData;
use std::num::NonZeroU32;
use std::sync::Arc;

use kenning::{Schema, fingerprint};
use serde::{Deserialize, Serialize};
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use super::text;

#[derive(Serialize, Deserialize, Schema)]
struct CustomerId(Uuid);

#[derive(Serialize, Deserialize, Schema)]
#[serde(transparent)]
struct Note {
    text: Option<String>,
    #[serde(skip)]
    marker: PhantomData<u8>,
}

#[derive(Serialize, Deserialize, Schema)]
struct Maybe(Option<String>);

#[derive(Serialize, Deserialize, Schema)]
struct Unit;

#[derive(Serialize, Deserialize, Schema)]
struct Pair(u8, #[serde(skip)] PhantomData<String>, bool);

#[derive(Serialize, Deserialize, Schema)]
struct Everything {
    customer: CustomerId,
    note: Note,
    maybe: Maybe,
    pair: Pair,
    unit: Unit,
    amounts: BTreeMap<CustomerId, i64>,
    days: BTreeSet<Date>,
    at: OffsetDateTime,
    words: Vec<Cow<'static, str>>,
    shared: Arc<[NonZeroU32; 3]>,
    tuple: (f32, f64, char),
    nested: Option<u128>,
    json: serde_json::Value,
    r#type: String,
}

// An `Ord` for the key of the map.
impl PartialEq for CustomerId {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl Eq for CustomerId {}
impl PartialOrd for CustomerId {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for CustomerId {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}

#[test]
fn a_shape_sees_through_nested_types() {
    assert_eq!(
        text::<Everything>(),
        "\
object
  amounts: map
    key: string(uuid)
    value: i64
  at: string(date-time)
  customer: string(uuid)
  days: set of string(date)
  json: any
  maybe: nullable string
  nested: nullable u128, optional
  note: nullable string, optional
  pair: tuple
    0: u8
    1: bool
  shared: array[3] of nonzero u32
  tuple: tuple
    0: f32
    1: f64
    2: string(char)
  type: string
  unit: null
  words: list of string
"
    );
}

#[test]
fn what_may_be_absent_is_what_serde_reads_without() {
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "decoded only")]
    struct Transparent {
        note: Note,
    }
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "decoded only")]
    struct Newtype {
        maybe: Maybe,
    }
    assert!(serde_json::from_str::<Transparent>("{}").is_ok());
    assert!(serde_json::from_str::<Newtype>("{}").is_err());
    const { assert!(Note::OPTIONAL && !Maybe::OPTIONAL && CustomerId::SCALAR && !Pair::SCALAR) };
}

#[derive(Serialize, Deserialize, Schema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Renamed {
    first_name: String,
    #[serde(rename = "SURNAME", alias = "name", alias = "last_name")]
    last: String,
    #[serde(default)]
    age: u8,
    #[serde(skip)]
    #[expect(dead_code, reason = "not in the JSON")]
    secret: String,
    #[serde(skip_serializing, default)]
    #[expect(dead_code, reason = "only read from JSON")]
    former: String,
    #[serde(skip_deserializing)]
    derived: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    nickname: Option<String>,
    #[serde(with = "time::serde::rfc3339")]
    #[kenning(schema = "rfc3339")]
    born: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    #[kenning(schema = Option<String>)]
    died: Option<OffsetDateTime>,
}

#[test]
fn serde_attributes_are_heeded() {
    assert_eq!(
        text::<Renamed>(),
        "\
closed object
  SURNAME: string, alias \"last_name\", alias \"name\"
  age: u8, optional
  born: opaque \"rfc3339\"
  derived: string, ignored
  died: nullable string
  first-name: string
  former: string, optional
  nickname: nullable string, optional
"
    );
    let without_died = r#"{"first-name":"A","SURNAME":"B","born":"2026-01-01T00:00:00Z"}"#;
    let error = serde_json::from_str::<Renamed>(without_died).err().map(|error| error.to_string());
    assert!(error.is_some_and(|error| error.contains("died")), "an `Option` with `with` is required");
}

#[derive(Serialize, Deserialize, Schema)]
struct Outer {
    id: u8,
    #[serde(flatten)]
    inner: Inner,
    #[serde(flatten)]
    maybe: Option<More>,
    #[serde(flatten)]
    rest: BTreeMap<String, u8>,
}

#[derive(Serialize, Deserialize, Schema)]
struct Inner {
    a: u8,
}

#[derive(Serialize, Deserialize, Schema)]
struct More {
    b: u8,
}

#[test]
fn flattened_fields_stand_among_the_others() {
    assert_eq!(
        text::<Outer>(),
        "\
object
  a: u8
  b: u8, optional
  id: u8
  ...: map
    key: string
    value: u8
"
    );
}

#[derive(Clone, Serialize, Deserialize, Schema)]
#[serde(from = "String", into = "String")]
struct Email {
    user: String,
    host: String,
}

impl From<String> for Email {
    fn from(text: String) -> Self {
        let (user, host) = text.split_once('@').unwrap_or((&text, ""));
        Self { user: user.to_owned(), host: host.to_owned() }
    }
}

impl From<Email> for String {
    fn from(email: Email) -> Self {
        format!("{}@{}", email.user, email.host)
    }
}

#[derive(Schema)]
#[kenning(schema = "roman numeral")]
#[expect(dead_code, reason = "only its schema is asked")]
struct Roman(u16);

#[derive(Schema)]
#[kenning(schema = u64)]
#[expect(dead_code, reason = "only its schema is asked")]
struct Cents {
    dollars: u32,
    cents: u8,
}

#[test]
fn a_type_may_stand_in_for_another() {
    assert_eq!(text::<Email>(), "string\n");
    assert_eq!(text::<Roman>(), "opaque \"roman numeral\"\n");
    assert_eq!(text::<Cents>(), "u64\n");
    const { assert!(Email::SCALAR && Cents::SCALAR && !Roman::SCALAR) };
}

#[derive(Schema)]
#[expect(dead_code, reason = "only its schema is asked")]
struct Page<T, const N: usize> {
    items: Vec<T>,
    marks: [u8; N],
}

#[test]
fn generic_types_have_a_shape_for_each_use() {
    assert_eq!(text::<Page<bool, 2>>(), "object\n  items: list of bool\n  marks: array[2] of u8\n");
}

#[test]
fn a_fingerprint_knows_the_structure_and_no_names_of_types_and_no_order() {
    #[derive(Schema)]
    #[expect(dead_code, reason = "only its schema is asked")]
    struct A {
        one: CustomerId,
        two: u8,
    }
    #[derive(Schema)]
    #[expect(dead_code, reason = "only its schema is asked")]
    struct B {
        two: Box<u8>,
        one: Uuid,
    }
    #[derive(Schema)]
    #[expect(dead_code, reason = "only its schema is asked")]
    struct C {
        two: u8,
        one: String,
    }
    assert_eq!(fingerprint::<A>(), fingerprint::<B>());
    assert_ne!(fingerprint::<A>(), fingerprint::<C>());
    // Persisted in lock files and snapshots: first eight bytes of the SHA-256 of "object\n  one: string(uuid)\n  two: u8\n".
    assert_eq!(format!("{:016x}", fingerprint::<A>()), "dad4b2e0f6c72455");
}
