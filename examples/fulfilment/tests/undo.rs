//! Undoing what happened, what did not, and what is on its way.

use std::fs;

use fulfilment::services::{Action, ServiceError, Undo};
use uuid::Uuid;

use crate::server::Server;

#[tokio::test]
async fn an_effect_that_comes_after_its_undo_is_refused_for_good() {
    let server = Server::start(&[]);
    let (ship, cancel) = (Uuid::now_v7(), Uuid::now_v7());
    let undo = server.services().cancel_shipment(cancel, "order-1", 500, ship).await.unwrap();
    assert_eq!(undo, Undo::NothingToUndo);

    let server = server.restart(&[]);
    for _ in 0..2 {
        let error = server.services().ship(ship, "order-1", 500).await.unwrap_err();
        assert_eq!(error.to_string(), "refused: it was undone before it came");
    }
    let undo = server.services().cancel_shipment(cancel, "order-1", 500, ship).await.unwrap();
    assert_eq!(undo, Undo::NothingToUndo, "as before");
    assert_eq!(server.entries(), [], "a closed key is no effect");
    let closed = fs::read_to_string(server.ledger().with_extension("closed")).unwrap();
    assert_eq!(closed, format!("{{\"key\":\"{ship}\",\"action\":\"ship\",\"order_id\":\"order-1\"}}\n"));
}

#[tokio::test]
async fn an_effect_and_its_undo_that_race_leave_both_or_neither() {
    let server = Server::start(&[]);
    let mut neither = 0;
    for round in 0..100 {
        let (effect, undo) = (Uuid::now_v7(), Uuid::now_v7());
        let order_id = format!("order-{round}");
        let (forward, back) = (server.services(), server.services());
        let (reserved, released) =
            tokio::join!(forward.reserve(effect, &order_id, 500), back.release(undo, &order_id, 500, effect));
        let entries: Vec<_> =
            server.entries().into_iter().filter(|entry| entry.order_id == order_id).collect();
        let entries: Vec<_> = entries.iter().map(|entry| (entry.action, entry.key)).collect();
        match released.unwrap() {
            Undo::Undone => {
                assert_eq!(entries, [(Action::Reserve, effect), (Action::Release, undo)]);
                reserved.unwrap();
            }
            Undo::NothingToUndo => {
                neither += 1;
                assert_eq!(entries, []);
                assert!(matches!(reserved.unwrap_err(), ServiceError::Refused { .. }));
            }
        }
    }
    assert!(neither < 100, "the effect was never first");
}
