//! Every change that the lock calls breaking makes a stored payload unreadable, or maims it.

use std::collections::{BTreeMap, BTreeSet};

use kenning::Schema;
use kenning::schema::ShapeChange;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Fate, breaks, retyped};

/// A payload before and after a change, and what becomes of what was stored.
macro_rules! case {
    ($name:ident: { $($before:tt)* } => { $($after:tt)* }, $stored:literal is $fate:ident: $path:literal $kind:expr) => {
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
            breaks::<before::Payload, after::Payload>($stored, Fate::$fate, $path, &$kind);
        }
    };
}

case!(p9_a_field_that_was_removed_is_named:
    { pub(super) struct Payload { a: u8, note: String } } => { pub(super) struct Payload { a: u8 } },
    r#"{"a":1,"note":"n"}"# is Maimed: "note" ShapeChange::FieldRemoved);

case!(p9_a_field_that_was_renamed_is_named:
    { pub(super) struct Payload { a: u8, note: String } } => { pub(super) struct Payload { a: u8, remark: String } },
    r#"{"a":1,"note":"n"}"# is Unreadable: "note" ShapeChange::FieldRenamed { to: "remark".into() });

case!(p9_an_optional_field_that_was_renamed_is_named:
    { pub(super) struct Payload { note: Option<String> } } => { pub(super) struct Payload { remark: Option<String> } },
    r#"{"note":"n"}"# is Maimed: "note" ShapeChange::FieldRenamed { to: "remark".into() });

case!(p9_a_field_that_was_retyped_is_named:
    { pub(super) struct Payload { a: u8 } } => { pub(super) struct Payload { a: String } },
    r#"{"a":1}"# is Unreadable: "a" retyped("u8", "string"));

case!(p9_a_number_that_became_smaller_is_named:
    { pub(super) struct Payload { a: i64 } } => { pub(super) struct Payload { a: i32 } },
    r#"{"a":5000000000}"# is Unreadable: "a" retyped("i64", "i32"));

case!(p9_a_number_that_lost_its_sign_is_named:
    { pub(super) struct Payload { a: i8 } } => { pub(super) struct Payload { a: u64 } },
    r#"{"a":-1}"# is Unreadable: "a" retyped("i8", "u64"));

case!(p9_a_number_that_lost_its_digits_is_named:
    { pub(super) struct Payload { a: u64 } } => { pub(super) struct Payload { a: f64 } },
    r#"{"a":9007199254740993}"# is Maimed: "a" retyped("u64", "f64"));

case!(p9_a_zero_that_is_refused_is_named:
    { pub(super) struct Payload { a: u8 } } => { pub(super) struct Payload { a: std::num::NonZeroU8 } },
    r#"{"a":0}"# is Unreadable: "a" retyped("u8", "nonzero u8"));

case!(p9_a_text_that_became_an_id_is_named:
    { pub(super) struct Payload { a: String } } => { pub(super) struct Payload { a: Uuid } },
    r#"{"a":"x"}"# is Unreadable: "a" retyped("string", "string(uuid)"));

case!(p9_a_field_that_was_made_required_is_named:
    { pub(super) struct Payload { #[serde(default)] a: u8 } } => { pub(super) struct Payload { a: u8 } },
    r#"{}"# is Unreadable: "a" ShapeChange::MadeRequired);

case!(p9_an_option_that_was_made_required_is_named:
    { pub(super) struct Payload { a: Option<u8> } } => { pub(super) struct Payload { a: u8 } },
    r#"{}"# is Unreadable: "a" ShapeChange::MadeRequired);

case!(p9_a_null_that_is_refused_is_named:
    { pub(super) struct Payload { a: Option<u8> } } => { pub(super) struct Payload { #[serde(default)] a: u8 } },
    r#"{"a":null}"# is Unreadable: "a" ShapeChange::NullRefused);

case!(p9_a_required_field_that_is_new_is_named:
    { pub(super) struct Payload { a: u8 } } => { pub(super) struct Payload { a: u8, b: u16 } },
    r#"{"a":1}"# is Unreadable: "b" ShapeChange::RequiredFieldAdded);

case!(p9_a_field_that_is_read_no_more_is_named:
    { pub(super) struct Payload { #[serde(default)] a: u8 } } => { pub(super) struct Payload { #[serde(skip_deserializing)] a: u8 } },
    r#"{"a":1}"# is Maimed: "a" ShapeChange::FieldIgnored);

case!(p9_a_former_name_that_was_dropped_is_named:
    { pub(super) struct Payload { #[serde(alias = "old")] a: u8 } } => { pub(super) struct Payload { a: u8 } },
    r#"{"old":1}"# is Unreadable: "a" ShapeChange::AliasRemoved { alias: "old".into() });

case!(p9_unknown_fields_that_are_refused_are_named:
    { pub(super) struct Payload { a: u8 } } => { #[serde(deny_unknown_fields)] pub(super) struct Payload { a: u8 } },
    r#"{"a":1,"former":2}"# is Unreadable: "" ShapeChange::Closed);

case!(p9_a_nested_field_is_found:
    { pub(super) struct Payload { items: Vec<(u8, BTreeMap<String, u16>)> } } => { pub(super) struct Payload { items: Vec<(u8, BTreeMap<String, u8>)> } },
    r#"{"items":[[1,{"x":300}]]}"# is Unreadable: "items[].1{}" retyped("u16", "u8"));

case!(p9_a_key_of_a_map_is_found:
    { pub(super) struct Payload { map: BTreeMap<String, u8> } } => { pub(super) struct Payload { map: BTreeMap<u32, u8> } },
    r#"{"map":{"x":1}}"# is Unreadable: "map{key}" retyped("string", "u32"));

case!(p9_a_list_that_became_a_set_is_named:
    { pub(super) struct Payload { list: Vec<u8> } } => { pub(super) struct Payload { list: BTreeSet<u8> } },
    r#"{"list":[1,1]}"# is Maimed: "list" retyped("list of u8", "set of u8"));

case!(p9_an_array_of_another_length_is_named:
    { pub(super) struct Payload { list: [u8; 2] } } => { pub(super) struct Payload { list: [u8; 3] } },
    r#"{"list":[1,1]}"# is Unreadable: "list" retyped("array[2] of u8", "array[3] of u8"));

case!(p9_a_tuple_of_another_length_is_named:
    { pub(super) struct Payload(u8, u8); } => { pub(super) struct Payload(u8, u8, u8); },
    r#"[1,2]"# is Unreadable: "" retyped("tuple", "tuple"));

case!(p9_a_struct_that_became_a_tuple_is_named:
    { pub(super) struct Payload { #[serde(rename = "0")] a: u8, b: u8 } } => { pub(super) struct Payload(u8, u8); },
    r#"{"0":1,"b":2}"# is Unreadable: "" retyped("object", "tuple"));

case!(p9_a_variant_that_was_removed_is_named:
    { pub(super) enum Payload { A, B, C(u8) } } => { pub(super) enum Payload { A, C(u8) } },
    r#""B""# is Unreadable: "B" ShapeChange::VariantRemoved);

case!(p9_a_variant_that_was_renamed_is_named:
    { pub(super) enum Payload { A, B(u8) } } => { pub(super) enum Payload { A, Bee(u8) } },
    r#"{"B":1}"# is Unreadable: "B" ShapeChange::VariantRenamed { to: "Bee".into() });

case!(p9_a_variant_that_changed_its_content_is_named:
    { pub(super) enum Payload { A { x: u8 } } } => { pub(super) enum Payload { A { x: bool } } },
    r#"{"A":{"x":1}}"# is Unreadable: "A.x" retyped("u8", "bool"));

case!(p9_a_variant_that_got_content_is_named:
    { pub(super) enum Payload { A, B } } => { pub(super) enum Payload { A(u8), B } },
    r#""A""# is Unreadable: "A" retyped("without content", "u8"));

case!(p9_an_enum_of_another_representation_is_named:
    { pub(super) enum Payload { A { x: u8 } } } => { #[serde(tag = "kind")] pub(super) enum Payload { A { x: u8 } } },
    r#"{"A":{"x":1}}"# is Unreadable: "" ShapeChange::Represented { from: "enum".into(), to: "enum tag \"kind\"".into() });

case!(p9_an_enum_of_another_tag_is_named:
    { #[serde(tag = "type")] pub(super) enum Payload { A { x: u8 } } } => { #[serde(tag = "kind")] pub(super) enum Payload { A { x: u8 } } },
    r#"{"type":"A","x":1}"# is Unreadable: ""
    ShapeChange::Represented { from: "enum tag \"type\"".into(), to: "enum tag \"kind\"".into() });

case!(p9_unknown_variants_that_are_refused_are_named:
    { pub(super) enum Payload { A, #[serde(other)] Other } } => { pub(super) enum Payload { A, Other } },
    r#""Former""# is Unreadable: "Other" ShapeChange::OtherRemoved);

case!(p9_an_untagged_variant_that_takes_anothers_place_is_named:
    { #[serde(untagged)] pub(super) enum Payload { A { x: u8 }, B { x: String, y: u8 } } } =>
    { #[serde(untagged)] pub(super) enum Payload { A { x: serde_json::Value }, B { x: String, y: u8 } } },
    r#"{"x":"x","y":1}"# is Maimed: "0" ShapeChange::Shadowing);

case!(p9_an_untagged_variant_that_was_removed_is_named:
    { #[serde(untagged)] pub(super) enum Payload { A(u8), B(String) } } => { #[serde(untagged)] pub(super) enum Payload { A(u8) } },
    r#""x""# is Unreadable: "1" ShapeChange::VariantRemoved);

case!(p9_a_flattened_rest_that_was_removed_is_named:
    { pub(super) struct Payload { a: u8, #[serde(flatten)] rest: BTreeMap<String, u8> } } => { pub(super) struct Payload { a: u8 } },
    r#"{"a":1,"b":2}"# is Maimed: "" ShapeChange::Represented { from: "...map".into(), to: "without `flatten`".into() });

case!(p9_a_field_of_an_object_inside_itself_is_found:
    { pub(super) struct Payload { name: String, inner: Option<Box<Payload>> } } => { pub(super) struct Payload { inner: Option<Box<Payload>> } },
    r#"{"name":"x","inner":null}"# is Maimed: "name" ShapeChange::FieldRemoved);

case!(p9_two_fields_that_came_together_are_named:
    { pub(super) struct Payload { #[serde(default)] a: u8, b: u8 } } => { pub(super) struct Payload { #[serde(alias = "a")] b: u8 } },
    r#"{"a":1,"b":2}"# is Unreadable: "a" ShapeChange::FieldRemoved);

case!(p9_two_fields_that_came_together_under_a_new_name_are_named:
    { pub(super) struct Payload { a: u8, b: u8 } } => { pub(super) struct Payload { #[serde(alias = "a", alias = "b")] c: u8 } },
    r#"{"a":1,"b":2}"# is Unreadable: "b" ShapeChange::FieldRemoved);

/// Two variants that are read as one can no longer be told apart; all is read, and something is lost.
#[test]
fn p9_two_variants_that_came_together_are_named() {
    #[derive(Serialize, Deserialize, Schema)]
    enum Before {
        A,
        B,
    }
    #[derive(Serialize, Deserialize, Schema)]
    enum After {
        #[serde(alias = "A")]
        B,
    }
    breaks::<Before, After>(r#""A""#, Fate::Maimed, "A", &ShapeChange::VariantRemoved);
}

/// A format known by name alone changes by its name alone.
#[test]
fn p9_a_format_of_the_users_own_that_changed_is_named() {
    #[derive(Serialize, Deserialize, Schema)]
    struct Before {
        #[serde(with = "time::serde::rfc3339")]
        #[kenning(schema = "rfc3339")]
        at: time::OffsetDateTime,
    }
    #[derive(Serialize, Deserialize, Schema)]
    struct After {
        #[serde(with = "time::serde::timestamp")]
        #[kenning(schema = "unix seconds")]
        at: time::OffsetDateTime,
    }
    let kind = retyped("opaque \"rfc3339\"", "opaque \"unix seconds\"");
    breaks::<Before, After>(r#"{"at":"2026-01-01T00:00:00Z"}"#, Fate::Unreadable, "at", &kind);
}
