//! Events of earlier versions become those of today.

use kenning::prelude::*;
use kenning::{DecodeError, Shapes};

#[derive(Serialize, Deserialize, Schema)]
struct RenamedV1 {
    full_name: String,
}

#[derive(Serialize, Deserialize, Schema)]
struct RenamedV2 {
    first: String,
    last: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "customer.renamed", version = 3)]
#[kenning(from(RenamedV1, RenamedV2))]
struct Renamed {
    first: String,
    last: String,
    by: Option<String>,
}

impl From<RenamedV1> for RenamedV2 {
    fn from(earlier: RenamedV1) -> Self {
        let (first, last) = earlier.full_name.split_once(' ').unwrap_or_default();
        Self { first: first.to_owned(), last: last.to_owned() }
    }
}

impl From<RenamedV2> for Renamed {
    fn from(earlier: RenamedV2) -> Self {
        Self { first: earlier.first, last: earlier.last, by: None }
    }
}

fn snorri(by: Option<&str>) -> Renamed {
    Renamed { first: "Snorri".to_owned(), last: "Sturluson".to_owned(), by: by.map(str::to_owned) }
}

#[test]
fn every_version_is_read() {
    let v1 = Renamed::decode(1, br#"{"full_name":"Snorri Sturluson"}"#).unwrap();
    let v2 = Renamed::decode(2, br#"{"first":"Snorri","last":"Sturluson"}"#).unwrap();
    let v3 = Renamed::decode(3, br#"{"first":"Snorri","last":"Sturluson","by":"clerk"}"#).unwrap();
    assert_eq!((v1, v2, v3), (snorri(None), snorri(None), snorri(Some("clerk"))));
    assert_eq!((Renamed::NAME, Renamed::VERSION), ("customer.renamed", 3));
    assert_eq!(Renamed::INFO.version, 3);
}

#[test]
fn a_version_that_is_unknown_or_does_not_fit_is_an_error() {
    for version in [0, 4] {
        let error = Renamed::decode(version, b"{}").unwrap_err();
        assert!(matches!(error, DecodeError::UnknownVersion { known: 3, .. }), "{error}");
    }
    let error = Renamed::decode(1, br#"{"first":"Snorri"}"#).unwrap_err();
    assert!(matches!(error, DecodeError::Payload { version: 1, .. }), "{error}");
}

#[test]
fn earlier_shapes_are_listed_oldest_first() {
    let mut shapes = Shapes::default();
    let earlier = Renamed::earlier_shapes(&mut shapes);
    assert_eq!(earlier, [RenamedV1::shape(&mut shapes), RenamedV2::shape(&mut shapes)]);
}
