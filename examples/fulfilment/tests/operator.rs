//! `fulfilment list`, `show`, `retry` and `cancel`.

use serde_json::json;

use crate::shop::{Run, Shop, said, wait_for};

#[tokio::test]
async fn an_operator_sees_retries_and_cancels_orders() {
    // What cannot be refunded is parked.
    let shop = Shop::create(&["--fail", "ship=1,refund=1"]).await;
    let run = Run::start(shop.run(&["--orders", "2"])).ended();
    assert_eq!((&run["parked"], &run["running"]), (&json!(2), &json!(0)), "{run}");
    let listed = shop.operate(&["list"]);
    for order in ["order-1", "order-2"] {
        assert!(listed.contains(order), "{listed}");
    }
    assert!(listed.contains("parked") && listed.contains("left to undo: `reserve`, `charge`"), "{listed}");
    let shown = shop.operate(&["show", "order-2"]);
    for said in
        ["intent", "undo failed", "refused: payment will not refund order-2", "shipping will not ship"]
    {
        assert!(shown.contains(said), "no `{said}`: {shown}");
    }

    let shop = shop.with_services(&[]);
    let told = shop.operate(&["retry", "order-2"]);
    assert!(told.starts_with("order-2 is to be tried again"), "{told}");
    assert!(shop.operate(&["show", "order-2"]).contains("left for it and not seen yet: retry"));
    // Parked is an end, with which a run is content: it takes another order to keep one going.
    let away = shop.with_services(&["--flaky", "1"]);
    let run = Run::start(away.run(&["--orders", "3"]));
    let shop = away.with_services(&[]);
    wait_for("order-2 to be compensated", || shop.operate(&["show", "order-2"]).contains(" compensated "));
    run.ended();
    assert!(shop.operate(&["show", "order-1"]).contains("parked"));

    for command in ["show", "retry", "cancel"] {
        let (code, _, stderr) = said(shop.command(&[command, "order-9"]));
        let expected = "fulfilment: there is no order `order-9`: `fulfilment list` has those there are\n";
        assert_eq!((code, &*stderr), (Some(2), expected));
    }
    shop.drop().await;
}

#[tokio::test]
async fn an_order_is_cancelled_while_its_services_are_away() {
    let shop = Shop::create(&["--flaky", "1"]).await;
    let run = Run::start(shop.run(&["--orders", "1"]));
    wait_for("the order to be tried", || said(shop.command(&["show", "order-1"])).1.contains("intent"));
    shop.operate(&["cancel", "order-1"]);
    let shop = shop.with_services(&[]);
    let run = run.ended();
    assert_eq!((&run["compensated"], &run["running"]), (&json!(1), &json!(0)), "{run}");
    assert!(shop.operate(&["show", "order-1"]).contains("an operator has cancelled it"));
    assert!(shop.operate(&["list"]).contains("compensated"));
    assert_eq!(shop.check(&[])["mistakes"], json!(0));
    shop.drop().await;
}

#[tokio::test]
async fn an_operator_sees_and_retries_orders_of_reactors() {
    let shop = Shop::create(&["--fail", "ship=1,refund=1"]).await;
    let run = Run::start(shop.run(&["--orders", "2", "--choreography"])).ended();
    assert_eq!((&run["parked"], &run["running"]), (&json!(2), &json!(0)), "{run}");
    let listed = shop.operate(&["list"]);
    for said in ["order-1", "order-2", " parked ", "payments", "refused: payment will not refund order-2"] {
        assert!(listed.contains(said), "no `{said}`: {listed}");
    }
    let shown = shop.operate(&["show", "order-2"]);
    for said in ["inventory.reserved", "payment.processed", "shipment.failed", "parked by payments"] {
        assert!(shown.contains(said), "no `{said}`: {shown}");
    }
    let (code, _, stderr) = said(shop.command(&["cancel", "order-2"]));
    assert_eq!(code, Some(2));
    assert!(stderr.starts_with("fulfilment: `order-2` is fulfilled by reactors: "), "{stderr}");

    let shop = shop.with_services(&[]);
    shop.operate(&["retry", "order-2"]);
    // Parked is an end, with which a run is content: it may leave before it has seen what was asked for.
    wait_for("order-2 to be compensated", || {
        Run::start(shop.run(&["--orders", "2", "--choreography"])).ended();
        shop.operate(&["show", "order-2"]).contains("order.cancelled")
    });
    let listed = shop.operate(&["list"]);
    assert!(listed.contains(" compensated ") && listed.contains(" parked "), "{listed}");
    shop.drop().await;
}
