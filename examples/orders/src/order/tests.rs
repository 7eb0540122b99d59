use kenning::testing::given;
use time::macros::datetime;

use super::*;

fn items() -> Vec<LineItem> {
    vec![
        LineItem { product_id: ProductId(7), quantity: 2, amount: Cents(550) },
        LineItem { product_id: ProductId(8), quantity: 1, amount: Cents(99) },
    ]
}

fn placed() -> OrderPlaced {
    OrderPlaced {
        customer_id: CustomerId(900),
        placed_at: datetime!(2017-01-01 11:53:26 UTC),
        items: items(),
        total: Cents(649),
    }
}

fn shipped() -> OrderShipped {
    OrderShipped { tracking_number: "1Z-5".to_owned() }
}

fn cancelled() -> OrderCancelled {
    OrderCancelled { reason: "changed their mind".to_owned() }
}

fn place(items: Vec<LineItem>) -> PlaceOrder {
    PlaceOrder {
        order_id: OrderId(1),
        customer_id: CustomerId(900),
        placed_at: datetime!(2017-01-01 11:53:26 UTC),
        items,
    }
}

fn ship() -> ShipOrder {
    ShipOrder { order_id: OrderId(1), tracking_number: "1Z-5".to_owned() }
}

fn cancel() -> CancelOrder {
    CancelOrder { order_id: OrderId(1), reason: "changed their mind".to_owned() }
}

#[test]
fn an_order_is_placed_with_its_total() {
    given(()).when(place(items())).then([placed()]);
}

#[test]
fn an_order_without_items_is_rejected() {
    given(()).when(place(vec![])).then_rejected(OrderError::NoItems);
}

#[test]
fn a_total_beyond_all_bounds_is_rejected() {
    let dear = LineItem { product_id: ProductId(7), quantity: 1, amount: Cents::MAX };
    given(()).when(place(vec![dear.clone()])).then_state(|order| assert_eq!(order.total(), Cents::MAX));
    given(()).when(place(vec![dear.clone(), dear])).then_rejected(OrderError::TotalTooLarge);
}

#[test]
fn an_order_is_placed_once() {
    given(placed()).when(place(items())).then_rejected(OrderError::AlreadyPlaced);
    given((placed(), cancelled())).when(place(items())).then_rejected(OrderError::AlreadyPlaced);
}

#[test]
fn a_placed_order_is_shipped_once() {
    given(placed()).when(ship()).then([shipped()]);
    given(()).when(ship()).then_rejected(OrderError::NotPlaced);
    given((placed(), shipped())).when(ship()).then_rejected(OrderError::AlreadyShipped);
    given((placed(), cancelled())).when(ship()).then_rejected(OrderError::Cancelled);
}

#[test]
fn an_order_is_cancelled_until_it_is_shipped() {
    given(placed()).when(cancel()).then([cancelled()]);
    given((placed(), cancelled())).when(cancel()).then_nothing();
    given(()).when(cancel()).then_rejected(OrderError::NotPlaced);
    given((placed(), shipped())).when(cancel()).then_rejected(OrderError::AlreadyShipped);
}

#[test]
fn the_state_follows_the_events() {
    given((placed(), shipped())).when(cancel()).then_state(|order| {
        assert_eq!(*order, Order { status: Status::Shipped, total: Cents(649) });
    });
}

#[test]
fn an_order_placed_before_totals_were_kept_gets_its_total() {
    let stored = br#"{
        "customer_id": 900,
        "placed_at": "2017-01-01T11:53:26Z",
        "items": [
            { "product_id": 7, "quantity": 2, "amount": 550 },
            { "product_id": 8, "quantity": 1, "amount": 99 }
        ]
    }"#;
    assert_eq!(OrderPlaced::decode(1, stored).unwrap(), placed());
}

#[test]
fn what_is_stored_for_ever_is_in_the_lock_file() {
    kenning::testing::assert_lock("kenning.lock", &kenning::Catalog::new().aggregate::<Order>());
}
