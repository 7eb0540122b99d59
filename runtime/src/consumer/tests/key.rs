//! A handler that changes the key of its row.

use super::support::*;
use crate::prelude::*;

/// A shelf that takes its name from the last thing that was taken.
#[derive(Clone, Debug, PartialEq, ReadModel)]
#[kenning(table = "renamed_shelves", version = 1, events = ShelfEvent)]
struct Renamed {
    #[kenning(key)]
    id: String,
}

#[read_model(ignore(Removed))]
impl Renamed {
    #[on(present = ignore)]
    fn placed(id: String, _: &Placed) -> Self {
        Self { id }
    }

    #[on]
    fn taken(&mut self, event: &Taken) {
        self.id.clone_from(&event.thing);
    }
}

/// Without the check the row would go on under the new key, which no event of its stream reaches.
#[tokio::test(start_paused = true)]
async fn a_changed_key_parks_the_event() {
    let store = store();
    let app = builder(&store).read_model::<Renamed>().build().await.unwrap();
    put(&store, "a", &[placed("cup"), taken("a"), taken("b")]).await;
    app.run_until_idle().await.unwrap();
    let rows = app.query::<Renamed>().fetch().await.unwrap();
    assert_eq!(rows, [Renamed { id: "a".to_owned() }]);
    let parked = app.parked().list().await.unwrap();
    assert_eq!((parked.len(), parked[0].version.get()), (1, 3));
    let error = parked[0].error.as_deref().unwrap_or_default();
    assert!(error.contains("the handler gave the row `b` where `a` was asked for"), "{error}");
}
