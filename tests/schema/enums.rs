use kenning::Schema;
use serde::{Deserialize, Serialize};

use super::text;

#[derive(Serialize, Deserialize, Schema)]
#[serde(rename_all = "snake_case", rename_all_fields = "camelCase")]
enum Status {
    Placed,
    #[serde(alias = "sent")]
    Shipped {
        tracking_number: String,
        #[serde(rename = "AT")]
        at: u64,
    },
    Paid(u64),
    Returned(u64, String),
    #[serde(skip)]
    #[expect(dead_code, reason = "not in the JSON")]
    Unknown,
    #[serde(rename_all = "SCREAMING-KEBAB-CASE")]
    Lost {
        last_seen: u64,
    },
}

#[test]
fn an_external_enum() {
    assert_eq!(
        text::<Status>(),
        "\
enum
  lost: object
    LAST-SEEN: u64
  paid: u64
  placed
  returned: tuple
    0: u64
    1: string
  shipped: object, alias \"sent\"
    AT: u64
    trackingNumber: string
"
    );
    let shipped = Status::Shipped { tracking_number: "T".into(), at: 1 };
    let json = serde_json::to_string(&shipped).unwrap();
    assert_eq!(json, r#"{"shipped":{"trackingNumber":"T","AT":1}}"#);
    let lost = serde_json::to_string(&Status::Lost { last_seen: 7 }).unwrap();
    assert_eq!(lost, r#"{"lost":{"LAST-SEEN":7}}"#);
}

#[derive(Serialize, Deserialize, Schema)]
#[serde(tag = "kind")]
enum Internal {
    Card {
        digits: String,
    },
    #[serde(other)]
    Other,
}

#[derive(Serialize, Deserialize, Schema)]
#[serde(tag = "kind", content = "value")]
enum Adjacent {
    A,
    B(u8),
}

#[derive(Serialize, Deserialize, Schema)]
#[serde(untagged)]
enum Untagged {
    Number(i64),
    Text(String),
    Nothing,
}

#[derive(Serialize, Deserialize, Schema)]
enum Mixed {
    Known,
    #[serde(untagged)]
    Free(String),
}

#[test]
fn the_other_representations() {
    assert_eq!(text::<Internal>(), "enum tag \"kind\"\n  Card: object\n    digits: string\n  Other, other\n");
    assert_eq!(text::<Adjacent>(), "enum tag \"kind\" content \"value\"\n  A\n  B: u8\n");
    assert_eq!(text::<Untagged>(), "enum untagged\n  0: i64\n  1: string\n  2\n");
    assert_eq!(text::<Mixed>(), "enum\n  Known\n  1: string, untagged\n");
}

#[derive(Serialize, Deserialize, Schema, PartialEq, Eq, PartialOrd, Ord)]
enum Colour {
    Red,
    Blue,
}

#[test]
fn names_alone_are_scalars_and_keys() {
    const { assert!(Colour::SCALAR && !Status::SCALAR && !Internal::SCALAR && !Mixed::SCALAR) };
    let shape = text::<std::collections::BTreeMap<Colour, u8>>();
    assert_eq!(shape, "map\n  key: enum\n    Blue\n    Red\n  value: u8\n");
}

#[derive(Schema)]
#[expect(dead_code, reason = "only its schema is asked")]
enum Custom {
    #[kenning(schema = "two numbers")]
    Point(u8, u8),
    #[kenning(schema = String)]
    Word(char),
}

#[test]
fn a_variant_may_have_a_format_of_its_own() {
    assert_eq!(text::<Custom>(), "enum\n  Point: opaque \"two numbers\"\n  Word: string\n");
}
