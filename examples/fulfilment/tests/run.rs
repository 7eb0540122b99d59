//! `fulfilment run` on a database: how it ends, how it joins in work that was left.

use serde_json::{Value, json};

use crate::shop::{Run, Shop, said};

/// Orders that are refused.
const FAIL: &[&str] = &["--fail", "ship=0.1,charge=0.1"];

#[tokio::test]
async fn orders_are_placed_once_and_driven_to_their_ends_by_all_who_join() {
    let shop = Shop::create(FAIL).await;
    let first = Run::start(shop.run(&["--orders", "20"]));
    let second = Run::start(shop.run(&["--orders", "30"]));
    let (first, second) = (first.ended(), second.ended());
    for (run, orders) in [(&first, 20), (&second, 30)] {
        assert_eq!((&run["orders"], sum(run)), (&json!(orders), orders), "{run}");
        assert_eq!((&run["parked"], &run["running"], &run["retries"]), (&json!(0), &json!(0), &json!(0)));
    }
    assert!(
        second["steps"].as_u64() > second["completed"].as_u64().map(|completed| 6 * completed),
        "{second}"
    );
    let again = Run::start(shop.run(&["--orders", "30"])).ended();
    assert_eq!(again, second, "a run that finds all done does nothing");
    let check = shop.check(&[]);
    assert_eq!((&check["orders"], &check["mistakes"]), (&json!(30), &json!(0)));
    assert_eq!(check["completed"], second["completed"]);
    shop.drop().await;
}

#[tokio::test]
async fn reactors_bring_the_same_orders_to_the_same_ends() {
    let shop = Shop::create(FAIL).await;
    let choreography = ["--orders", "30", "--choreography"];
    let runs = [(); 2].map(|()| Run::start(shop.run(&choreography)));
    let [first, second] = runs.map(Run::ended);
    assert_eq!(first["completed"], second["completed"]);
    assert_eq!(sum(&first), 30, "{first}");
    let check = shop.check(&["--choreography"]);
    assert_eq!((&check["orders"], &check["mistakes"]), (&json!(30), &json!(0)));
    assert_eq!(check["completed"], first["completed"]);
    assert_ne!(check["compensated"], json!(0));

    let (code, _, stderr) = said(shop.run(&["--orders", "1"]));
    assert_eq!(code, Some(2));
    let expected = "fulfilment: order-1 was placed before, with another amount, or to be fulfilled in the other way: use another database\n";
    assert_eq!(stderr, expected);
    shop.drop().await;
}

#[tokio::test]
async fn amounts_come_from_a_file() {
    let shop = Shop::create(&[]).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    let lines = "order_id,customer_id,placed_at,product_id,quantity,amount\n\
                 90,1,2026-03-02T08:14:05Z,7,2,19.80\n90,1,2026-03-02T08:14:05Z,8,1,0.20\n\
                 91,1,2026-03-02T08:14:05Z,7,1,7.50\n92,1,2026-03-02T08:14:05Z,7,0,0.00\n";
    std::fs::write(file.path(), lines).unwrap();
    Run::start(shop.run(&["--orders", "3", "--file", file.path().to_str().unwrap()])).ended();
    let amount = |order_id: &str| {
        let entries = shop.server.entries();
        entries.iter().find(|entry| entry.order_id == order_id).map(|entry| entry.amount)
    };
    assert_eq!(["order-1", "order-2", "order-3"].map(amount), [Some(2_000), Some(750), Some(2_000)]);

    let (code, _, stderr) = said(shop.run(&["--orders", "3", "--file", "/nowhere/orders.csv"]));
    assert_eq!(code, Some(2));
    assert!(stderr.starts_with("fulfilment: /nowhere/orders.csv cannot be read: "), "{stderr}");
    shop.drop().await;
}

fn sum(run: &Value) -> u64 {
    ["completed", "compensated"].iter().filter_map(|end| run[end].as_u64()).sum()
}
