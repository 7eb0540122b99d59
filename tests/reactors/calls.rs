//! P6: calls to the outside have keys that are the same whenever an event is handled, and are not made again because of others.

use std::collections::BTreeSet;
use std::sync::Arc;

use kenning::Start;
use uuid::Uuid;

use super::shop::{Place, Then, notes, open, options, order, parked, place};
use super::supplier::Supplier;
use crate::support::{Home, on_both_stores};

on_both_stores! {
    p6_a_call_keeps_its_key_over_deliveries_and_processes
    p6_calls_are_not_made_again_because_of_other_events
}

async fn p6_a_call_keeps_its_key_over_deliveries_and_processes<H: Home>(home: H) {
    let supplier = Arc::<Supplier>::default();
    let first = open(&home, &supplier, options()).await;
    place(&first, [Place::several("a", &[("ink", Then::Call), ("ink", Then::Call)])]).await;
    let keys = supplier.keys("ink");
    drop(first);
    let second = open(&home, &supplier, options()).await;
    second.consumer("clerk").reset_with_effects(Start::Beginning).await.unwrap();
    second.run_until_idle().await.unwrap();
    assert_eq!(supplier.keys("ink"), [keys.as_slice(), keys.as_slice()].concat());
    assert_ne!(keys[0], keys[1]);
    assert_eq!(notes(&second, "ink").await.len(), 2);
    // It is drawn from the reactor, the event and the name, and from nothing else.
    let event = super::shop::events(&second, &order("a")).await.remove(0).metadata.id;
    assert_eq!(keys[0], key_of("clerk", event, "order"));
    second.close().await;
}

/// As it is documented: the first sixteen bytes of a SHA-256, as a UUID of version 8.
fn key_of(reactor: &str, event: Uuid, call: &str) -> Uuid {
    use sha2::{Digest as _, Sha256};
    let mut hash = Sha256::new_with_prefix(event);
    for word in [reactor, "call", call] {
        hash.update((word.len() as u64).to_be_bytes());
        hash.update(word);
    }
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.finalize()[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// One of a batch is rejected, one fails by itself: the others have been handled, and are not again.
async fn p6_calls_are_not_made_again_because_of_other_events<H: Home>(home: H) {
    let supplier = Arc::<Supplier>::default();
    let app = open(&home, &supplier, options()).await;
    supplier.refuse(Some("wax"));
    for nth in 0..8 {
        app.execute(Place::one(&format!("a{nth}"), "ink", Then::Call)).await.unwrap();
    }
    app.execute(Place::one("b", "pen", Then::Reserve)).await.unwrap();
    app.execute(Place::one("c", "wax", Then::Call)).await.unwrap();
    for nth in 8..16 {
        app.execute(Place::one(&format!("a{nth}"), "ink", Then::Call)).await.unwrap();
    }
    app.run_until_idle().await.unwrap();
    let keys = supplier.keys("ink");
    assert_eq!((keys.len(), keys.iter().collect::<BTreeSet<_>>().len()), (16, 16));
    assert_eq!(notes(&app, "ink").await.len(), 16);
    // As many attempts as the options say, that beside the others included.
    assert_eq!((supplier.keys("wax").len(), parked(&app).await.len()), (3, 2));
    app.close().await;
}
