//! Pictures of what is declared, and of what has become of an instance.

mod shop;

use kenning::saga::{SagaDescription, StepStatus};
use kenning::{Catalog, Kenning, MemoryStore};

use self::shop::{Fulfilment, Notices, Order, OrderView, Place, Revenue, Settle};

/// Written by `Mermaid`, and taken by Mermaid's own parser when it was committed.
const PAGE: &str = include_str!("catalog/page.md");

fn catalog() -> Catalog {
    Catalog::new()
        .command::<Place>()
        .command::<Settle>()
        .aggregate::<Order>()
        .read_model::<OrderView>()
        .projection::<Revenue>()
        .reactor::<Notices>()
        .saga::<Fulfilment>()
}

#[test]
fn everything_declared_is_on_one_page() {
    let page = catalog().mermaid().to_string();
    assert_eq!(page, PAGE, "{page}");
}

#[tokio::test]
async fn an_application_draws_what_it_was_built_with() {
    let app = open().await;
    assert_eq!(app.catalog().mermaid().saga("fulfilment"), catalog().mermaid().saga("fulfilment"));
    app.close().await;
}

async fn open() -> Kenning {
    Kenning::builder(MemoryStore::new()).aggregate::<Order>().saga::<Fulfilment>(()).build().await.unwrap()
}

#[tokio::test]
async fn an_instance_is_drawn_as_it_stands_in_the_store() {
    let app = open().await;
    let instance = || app.sagas().instance("fulfilment", "a");
    assert_eq!(instance().mermaid().await.unwrap(), None, "it was never started");
    let statuses = async || {
        let description = SagaDescription::of::<Fulfilment>();
        let log = instance().show().await.unwrap().unwrap().log;
        let statuses = description.statuses(&log);
        let drawn = instance().mermaid().await.unwrap().unwrap();
        assert_eq!(drawn, description.mermaid_of_instance(statuses.clone()));
        statuses.into_iter().map(|(_, status)| status).collect::<Vec<_>>()
    };

    app.execute(Place { order: "a".to_owned(), cents: 7 }).await.unwrap();
    app.run_until_idle().await.unwrap();
    use StepStatus as Is;
    assert_eq!(statuses().await, [Is::Done, Is::Done, Is::Waiting, Is::Pending, Is::Pending]);

    app.execute(Settle { order: "a".to_owned() }).await.unwrap();
    app.run_until_idle().await.unwrap();
    assert_eq!(statuses().await, [Is::Done, Is::Done, Is::Done, Is::Done, Is::Done]);

    app.execute(Place { order: "b".to_owned(), cents: 8 }).await.unwrap();
    app.run_until_idle().await.unwrap();
    app.sagas().instance("fulfilment", "b").skip("settled", "it was paid in cash").await.unwrap();
    app.run_until_idle().await.unwrap();
    let drawn = app.sagas().instance("fulfilment", "b").mermaid().await.unwrap().unwrap();
    assert!(drawn.contains("<br/>skipped\""), "{drawn}");
    app.close().await;
}

#[tokio::test]
async fn an_instance_that_was_compensated_is_drawn_undone() {
    let app = open().await;
    app.execute(Place { order: "a".to_owned(), cents: 7 }).await.unwrap();
    app.run_until_idle().await.unwrap();
    app.sagas().instance("fulfilment", "a").cancel("the customer called").await.unwrap();
    app.run_until_idle().await.unwrap();
    let drawn = app.sagas().instance("fulfilment", "a").mermaid().await.unwrap().unwrap();
    assert!(drawn.contains("  class step_reserve,step_charge,undo_reserve,undo_charge undone\n"), "{drawn}");
    app.close().await;
}
