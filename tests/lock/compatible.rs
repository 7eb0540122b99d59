//! Every change that the lock lets through leaves a stored payload whole.

use std::collections::BTreeSet;

use kenning::Schema;
use kenning::schema::ShapeChange;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{changes, passes, widened};

macro_rules! case {
    ($name:ident: { $($before:tt)* } => { $($after:tt)* }, $stored:literal: $path:literal $kind:expr) => {
        #[test]
        fn $name() {
            mod before {
                #[allow(unused_imports, reason = "not every case needs all")]
                use super::*;
                #[derive(Serialize, Deserialize, Schema)]
                $($before)*
            }
            mod after {
                #[allow(unused_imports, reason = "not every case needs all")]
                use super::*;
                #[derive(Serialize, Deserialize, Schema)]
                $($after)*
            }
            passes::<before::Payload, after::Payload>($stored, $path, &$kind);
        }
    };
}

case!(an_option_may_be_added:
    { pub(super) struct Payload { a: u8 } } => { pub(super) struct Payload { a: u8, b: Option<u8> } },
    r#"{"a":1}"#: "b" ShapeChange::FieldAdded);

case!(a_field_with_a_default_may_be_added:
    { pub(super) struct Payload { a: u8 } } => { pub(super) struct Payload { a: u8, #[serde(default)] b: u8 } },
    r#"{"a":1}"#: "b" ShapeChange::FieldAdded);

case!(a_default_for_all_may_be_added:
    { pub(super) struct Payload { a: u8 } } => { #[derive(Default)] #[serde(default)] pub(super) struct Payload { a: u8, b: u8 } },
    r#"{"a":1}"#: "a" ShapeChange::MadeOptional);

case!(a_field_may_become_an_option:
    { pub(super) struct Payload { a: u8 } } => { pub(super) struct Payload { a: Option<u8> } },
    r#"{"a":1}"#: "a" widened("u8", "nullable u8"));

case!(a_field_may_be_renamed_if_the_former_name_is_read:
    { pub(super) struct Payload { a: u8 } } => { pub(super) struct Payload { #[serde(alias = "a")] b: u8 } },
    r#"{"a":1}"#: "a" ShapeChange::FieldRenamedWithAlias { to: "b".into() });

case!(a_number_may_grow:
    { pub(super) struct Payload { a: u32 } } => { pub(super) struct Payload { a: i64 } },
    r#"{"a":4294967295}"#: "a" widened("u32", "i64"));

case!(a_small_number_may_get_a_fraction:
    { pub(super) struct Payload { a: u32 } } => { pub(super) struct Payload { a: f64 } },
    r#"{"a":4294967295}"#: "a" widened("u32", "f64"));

case!(a_number_may_lose_a_restriction:
    { pub(super) struct Payload { a: std::num::NonZeroU8 } } => { pub(super) struct Payload { a: u8 } },
    r#"{"a":1}"#: "a" widened("nonzero u8", "u8"));

case!(an_id_may_become_a_text:
    { pub(super) struct Payload { a: Uuid } } => { pub(super) struct Payload { a: String } },
    r#"{"a":"00000000-0000-0000-0000-000000000001"}"#: "a" widened("string(uuid)", "string"));

case!(anything_may_become_any_json:
    { pub(super) struct Payload { a: Vec<Option<u8>> } } => { pub(super) struct Payload { a: serde_json::Value } },
    r#"{"a":[1,null]}"#: "a" widened("list of nullable u8", "any"));

case!(a_set_may_become_a_list:
    { pub(super) struct Payload { a: BTreeSet<u8> } } => { pub(super) struct Payload { a: Vec<u8> } },
    r#"{"a":[1,2]}"#: "a" widened("set of u8", "list of u8"));

case!(an_array_may_become_a_list:
    { pub(super) struct Payload { a: [u8; 2] } } => { pub(super) struct Payload { a: Vec<u16> } },
    r#"{"a":[1,2]}"#: "a[]" widened("u8", "u16"));

case!(a_variant_may_be_added:
    { pub(super) enum Payload { A, B(u8) } } => { pub(super) enum Payload { A, B(u8), C } },
    r#"{"B":1}"#: "C" ShapeChange::VariantAdded);

case!(a_variant_may_be_renamed_if_the_former_name_is_read:
    { pub(super) enum Payload { A { x: String } } } => { pub(super) enum Payload { #[serde(alias = "A")] B { #[serde(alias = "x")] y: String } } },
    r#"{"A":{"x":"v"}}"#: "A.x" ShapeChange::FieldRenamedWithAlias { to: "y".into() });

case!(names_alone_may_become_a_text:
    { pub(super) enum Payload { A, B } } => { pub(super) struct Payload(String); },
    r#""A""#: "" widened("enum", "string"));

case!(an_untagged_variant_may_be_added_at_the_end:
    { #[serde(untagged)] pub(super) enum Payload { A(u8) } } => { #[serde(untagged)] pub(super) enum Payload { A(u8), B(String) } },
    r#"1"#: "1" ShapeChange::VariantAdded);

case!(unknown_fields_may_be_allowed:
    { #[serde(deny_unknown_fields)] pub(super) struct Payload { a: u8 } } => { pub(super) struct Payload { a: u8 } },
    r#"{"a":1}"#: "" ShapeChange::Opened);

case!(a_variant_beside_its_tag_may_get_an_optional_field:
    { #[serde(tag = "t")] pub(super) enum Payload { A } } => { #[serde(tag = "t")] pub(super) enum Payload { A { x: Option<u8> } } },
    r#"{"t":"A"}"#: "A.x" ShapeChange::FieldAdded);

case!(a_recursive_type_may_be_unrolled:
    { pub(super) struct Payload { name: String, inner: Vec<Payload> } } =>
    { pub(super) struct Payload { name: String, inner: Vec<Inner> }
      #[derive(Serialize, Deserialize, Schema)] pub(super) struct Inner { name: String, inner: Vec<Payload> } },
    r#"{"name":"a","inner":[{"name":"b","inner":[]}]}"#: "" ShapeChange::Rewritten);

#[test]
fn what_serde_writes_the_same_is_the_same() {
    #[derive(Serialize, Deserialize, Schema)]
    struct Id(u64);
    #[derive(Serialize, Deserialize, Schema)]
    struct Before {
        a: u64,
        b: Option<Vec<u8>>,
    }
    #[derive(Serialize, Deserialize, Schema)]
    struct After {
        #[serde(rename = "b")]
        bytes: Option<Box<[u8]>>,
        #[serde(skip)]
        #[expect(dead_code, reason = "not in the JSON")]
        cached: bool,
        a: Id,
    }
    assert_eq!(changes::<Before, After>(), []);
}
