//! P12: instances that were parked since no process ran their definition.

use std::time::Duration;

use kenning::Kenning;
use kenning::prelude::*;
use kenning::saga::SagaOptions;
use kenning::store::SagaStatus;
use kenning::{Builder, Start, StepContext, StepError};

use super::declare::{Packed, of};
use super::domain::{Open, Opened, Outside, Paid, Parcel, Pay};
use crate::releases::consumers::Both;
use crate::releases::run::{Running, builder, until};
use crate::support::on_both_stores;

on_both_stores! {
    p12_a_later_release_continues_what_was_stranded
    p12_instances_of_a_saga_that_is_not_registered_are_told
}

definition!(one "stranded" v 1 {} [] start; pack; paid; ship;);
definition!(two "stranded" v 2 {} [] start; pack; paid; ship; step wave;);
definition!(three "stranded" v 3 {} [] start; pack; paid; ship; step wave;);

async fn parcels<H: Both>(home: &H) -> Builder<H::Store> {
    let options = SagaOptions::new().poll(Duration::from_millis(50));
    builder(home).await.aggregate::<Parcel>().sagas(options)
}

macro_rules! run {
    ($home:ident, $release:ident) => {{
        let builder = parcels(&$home).await.saga::<$release::Delivery>(Outside::default());
        Running::new(builder.build().await.expect("it fits together"))
    }};
}

async fn until_is(app: &Kenning, status: SagaStatus) -> String {
    until(&format!("it is {status}"), async || {
        let whole = app.sagas().instance("stranded", "1").show().await.expect("the store answers")?;
        (whole.record.status == status).then(|| whole.record.reason.as_deref().unwrap_or_default().to_owned())
    })
    .await
}

/// The second release was rolled back, and never comes again.
async fn p12_a_later_release_continues_what_was_stranded<H: Both>(home: H) {
    run!(home, one).stop().await;
    let second = run!(home, two);
    second.app.execute(Open { id: 1 }).await.unwrap();
    until_is(&second.app, SagaStatus::Waiting).await;
    second.stop().await;
    let first = run!(home, one);
    first.app.execute(Pay { id: 1 }).await.unwrap();
    let reason = until_is(&first.app, SagaStatus::Parked).await;
    assert!(reason.contains("no process runs"), "{reason}");
    first.stop().await;
    let third = run!(home, three);
    until_is(&third.app, SagaStatus::Completed).await;
    third.stop().await;
}

definition!(other "unrelated" v 1 {} [] start; pack; ship;);

/// The release that has the saga was replaced by one that does not.
async fn p12_instances_of_a_saga_that_is_not_registered_are_told<H: Both>(home: H) {
    let first = run!(home, one);
    first.app.execute(Open { id: 1 }).await.unwrap();
    until_is(&first.app, SagaStatus::Waiting).await;
    assert_eq!(first.app.sagas().unregistered().await.unwrap(), []);
    first.stop().await;
    let builder = parcels(&home).await.saga_from::<other::Delivery>(Outside::default(), Start::End);
    let without = builder.build().await.expect("it fits together");
    let told = without.sagas().unregistered().await.unwrap();
    assert_eq!(told, [("stranded".to_owned(), SagaStatus::Waiting, 1)]);
    // When it has ended, nobody misses the saga.
    let first = run!(home, one);
    first.app.execute(Pay { id: 1 }).await.unwrap();
    until_is(&first.app, SagaStatus::Completed).await;
    first.stop().await;
    assert_eq!(without.sagas().unregistered().await.unwrap(), []);
}
