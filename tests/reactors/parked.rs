//! P7: an event whose effects cannot be done is parked with the reason, and has no effect until they can.

use std::sync::Arc;

use super::shop::{Fill, Place, Then, notes, open, options, parked, place, reserved};
use super::supplier::Supplier;
use crate::support::{Home, on_both_stores};

on_both_stores! {
    p7_a_rejected_command_parks_its_event_and_what_comes_behind_it
    a_command_that_may_be_rejected_parks_nothing
    p7_a_call_that_fails_is_tried_again_then_parked
    p7_a_panic_of_an_aggregate_parks_its_event
    p7_a_command_of_an_aggregate_that_nobody_registered_is_parked
    p7_a_call_made_twice_under_one_name_is_parked
}

async fn p7_a_rejected_command_parks_its_event_and_what_comes_behind_it<H: Home>(home: H) {
    let app = open(&home, &Arc::<Supplier>::default(), options()).await;
    let behind = [("pen", Then::Note), ("pen", Then::Reserve), ("pen", Then::Note)];
    place(&app, [Place::several("a", &behind), Place::one("b", "ink", Then::Note)]).await;
    assert_eq!((notes(&app, "pen").await.len(), notes(&app, "ink").await.len()), (1, 1));
    let found = parked(&app).await;
    let errors: Vec<_> = found.iter().map(|parked| parked.error.as_deref()).collect();
    assert_eq!(errors, [Some("`Reserve` was rejected by `stock`: only 0 left"), None]);
    // As long as the cause is there, a retry changes nothing.
    app.parked().retry(&found[0]).await.unwrap();
    app.run_until_idle().await.unwrap();
    assert_eq!(parked(&app).await.len(), 2);
    app.execute(Fill::with("pen", 1)).await.unwrap();
    app.parked().retry(&found[0]).await.unwrap();
    app.run_until_idle().await.unwrap();
    assert!(parked(&app).await.is_empty());
    assert_eq!((reserved(&app, "pen").await.len(), notes(&app, "pen").await.len()), (1, 2));
    app.close().await;
}

async fn a_command_that_may_be_rejected_parks_nothing<H: Home>(home: H) {
    let app = open(&home, &Arc::<Supplier>::default(), options()).await;
    app.execute(Fill::with("pen", 1)).await.unwrap();
    place(
        &app,
        ["a", "b", "c"].map(|order| Place::several(order, &[("pen", Then::Try), ("ink", Then::Note)])),
    )
    .await;
    assert!(parked(&app).await.is_empty());
    assert_eq!((reserved(&app, "pen").await.len(), notes(&app, "ink").await.len()), (1, 3));
    app.close().await;
}

async fn p7_a_call_that_fails_is_tried_again_then_parked<H: Home>(home: H) {
    let supplier = Arc::<Supplier>::default();
    let app = open(&home, &supplier, options()).await;
    supplier.refuse(Some("ink"));
    let behind = [("ink", Then::Call), ("pen", Then::Note)];
    place(&app, [Place::several("a", &behind), Place::one("b", "wax", Then::Call)]).await;
    assert_eq!((notes(&app, "pen").await.len(), notes(&app, "wax").await.len()), (0, 1));
    let found = parked(&app).await;
    assert_eq!(found[0].error.as_deref(), Some("the supplier does not deliver"));
    assert_eq!((found[0].attempts, found.len()), (3, 2));
    supplier.refuse(None);
    app.parked().retry(&found[0]).await.unwrap();
    app.run_until_idle().await.unwrap();
    assert_eq!((notes(&app, "pen").await.len(), notes(&app, "ink").await.len()), (1, 1));
    let mut keys = supplier.keys("ink");
    keys.dedup();
    assert_eq!((keys.len(), supplier.keys("wax").len()), (1, 1));
    app.close().await;
}

async fn p7_a_panic_of_an_aggregate_parks_its_event<H: Home>(home: H) {
    let app = open(&home, &Arc::<Supplier>::default(), options()).await;
    place(&app, [Place::one("a", "trap", Then::Reserve), Place::one("b", "ink", Then::Note)]).await;
    let found = parked(&app).await;
    assert_eq!(found[0].error.as_deref(), Some("`Reserve` panicked: the shelf falls"));
    assert_eq!((found.len(), notes(&app, "ink").await.len()), (1, 1));
    app.close().await;
}

async fn p7_a_command_of_an_aggregate_that_nobody_registered_is_parked<H: Home>(home: H) {
    let app = open(&home, &Arc::<Supplier>::default(), options()).await;
    place(&app, [Place::one("a", "pen", Then::Astray), Place::one("b", "ink", Then::Note)]).await;
    let found = parked(&app).await;
    let error = found[0].error.as_deref().unwrap();
    assert!(
        error.ends_with(
            "is not registered: add `.aggregate::<it::reactors::shop::Nobody>()` to `Kenning::builder`"
        ),
        "{error}"
    );
    assert_eq!((found.len(), notes(&app, "ink").await.len()), (1, 1));
    app.close().await;
}

async fn p7_a_call_made_twice_under_one_name_is_parked<H: Home>(home: H) {
    let supplier = Arc::<Supplier>::default();
    let app = open(&home, &supplier, options()).await;
    place(&app, [Place::one("a", "pen", Then::CallTwice), Place::one("b", "ink", Then::Note)]).await;
    let found = parked(&app).await;
    let error = found[0].error.as_deref().unwrap();
    assert!(error.starts_with("the call `order` is made twice for one event"), "{error}");
    assert_eq!((found.len(), found[0].attempts, supplier.keys("pen").len()), (1, 1, 1));
    app.close().await;
}
