//! The services as any HTTP client meets them, byte by byte.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::server::Server;

const KEY: &str = "01890a5d-ac96-774b-bcce-b302099a8057";
const UNDO: &str = "01890a5d-ac96-774b-bcce-b302099a8058";

/// Sends a call on a connection of its own and gives all that comes back: the status and the body, or nothing.
fn post(server: &Server, path: &str, key: Option<&str>, body: &str) -> Option<(u16, String)> {
    let address = server.address.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    let key = key.map(|key| format!("Idempotency-Key: {key}\r\n")).unwrap_or_default();
    let length = body.len();
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n{key}Content-Length: {length}\r\n\
         Connection: close\r\n\r\n{body}"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    if answer.is_empty() {
        return None;
    }
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    Some((status, body.to_owned()))
}

#[test]
fn the_answers() {
    let server = Server::start(&["--fail", "charge=1"]);
    let order = r#"{"order_id":"order-1","amount":500}"#;
    let undo = format!(r#"{{"order_id":"order-1","amount":500,"undoes":"{KEY}"}}"#);
    let answer = |status, body: &str| Some((status, body.to_owned()));
    let made = format!(r#"{{"id":"reservation-{KEY}"}}"#);
    for _ in 0..2 {
        assert_eq!(post(&server, "/reserve", Some(KEY), order), answer(200, &made));
        assert_eq!(post(&server, "/release", Some(UNDO), &undo), answer(200, r#"{"outcome":"undone"}"#));
    }
    assert_eq!(
        post(&server, "/charge", Some(UNDO), order),
        answer(
            409,
            &format!(r#"{{"reason":"the key {UNDO} belongs to another call: release order-1 for 500"}}"#)
        )
    );
    let other = "01890a5d-ac96-774b-bcce-b302099a8059";
    let refused = r#"{"reason":"payment will not charge order-1"}"#;
    assert_eq!(post(&server, "/charge", Some(other), order), answer(409, refused));
    assert_eq!(server.entries().len(), 2);
}

#[test]
fn what_makes_no_sense_is_told_and_has_no_effect() {
    let server = Server::start(&[]);
    let order = r#"{"order_id":"order-1","amount":500}"#;
    let undo = format!(r#"{{"order_id":"order-1","amount":500,"undoes":"{KEY}"}}"#);
    let reason = |path, key, body| {
        let (status, body) = post(&server, path, key, body).unwrap();
        assert_eq!(status, 400, "{body}");
        body
    };
    let no_key = r#"{"reason":"the header `Idempotency-Key` has to be a UUID"}"#;
    assert_eq!(reason("/reserve", None, order), no_key);
    assert_eq!(reason("/reserve", Some("17"), order), no_key);
    assert_eq!(reason("/reserve", Some(KEY), &undo), r#"{"reason":"`reserve` undoes nothing"}"#);
    assert_eq!(
        reason("/release", Some(UNDO), order),
        r#"{"reason":"`undoes` has to be the key of the `reserve`"}"#
    );
    assert!(reason("/reserve", Some(KEY), "{}").contains("missing field `order_id`"));
    assert!(reason("/reserve", Some(KEY), "order").contains("reason"));
    assert_eq!(post(&server, "/sail", Some(KEY), order).unwrap().0, 404);
    assert_eq!(server.entries(), []);
}

#[test]
fn a_flaky_answer_is_503_and_a_lost_one_is_not_a_byte() {
    let order = r#"{"order_id":"order-1","amount":500}"#;
    let server = Server::start(&["--flaky", "1"]);
    assert_eq!(post(&server, "/ship", Some(KEY), order).unwrap().0, 503);
    let server = server.restart(&["--lossy", "1"]);
    assert_eq!(server.entries().len(), 0);
    assert_eq!(post(&server, "/ship", Some(KEY), order), None);
    assert_eq!(server.entries().len(), 1);
}
