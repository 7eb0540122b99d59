//! What is stored for ever stands in the lock file.

use fulfilment::choreography::{FulfilmentEvent, Inventory, Payments, Shipping, Shop};

#[test]
fn what_is_stored_for_ever_is_in_the_lock_file() {
    let catalog = fulfilment::saga_catalog()
        .events_of::<FulfilmentEvent>()
        .reactor::<Inventory>()
        .reactor::<Payments>()
        .reactor::<Shipping>()
        .reactor::<Shop>();
    kenning::testing::assert_lock("kenning.lock", &catalog);
}
