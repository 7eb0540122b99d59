//! Reading one's own writes.

use std::time::Duration;

use super::support::*;
use crate::prelude::*;
use crate::{ConsumerOptions, Position};

#[derive(Debug, Default, Serialize, Deserialize, Aggregate)]
#[kenning(category = "shelf", id = String, events = ShelfEvent)]
struct Rack {}

#[derive(Clone, Debug, Serialize, Deserialize, Command)]
#[kenning(aggregate = Rack)]
struct Place {
    #[kenning(id)]
    shelf: String,
}

#[aggregate]
impl Rack {
    #[command]
    fn place(&self, _: Place) -> Placed {
        Placed { thing: "cup".to_owned() }
    }

    #[apply]
    fn placed(&mut self, _: &Placed) {}

    #[apply]
    fn taken(&mut self, _: &Taken) {}

    #[apply]
    fn removed(&mut self, _: &Removed) {}
}

fn place(number: u64) -> Place {
    Place { shelf: number.to_string() }
}

#[tokio::test(start_paused = true)]
async fn a_command_waits_for_a_read_model() {
    let store = store();
    let build = || {
        let options = ConsumerOptions::new().partitions(4);
        builder(&store).aggregate::<Rack>().read_model_with::<Shelf>(options).build()
    };
    let (here, there) = (build().await.unwrap(), build().await.unwrap());
    let (stop, run) = running(&here);
    for number in 0..20 {
        // By this process, and by one that does not run the read model.
        let app = if number % 2 == 0 { &here } else { &there };
        app.execute(place(number)).wait_for::<Shelf>().await.unwrap();
        assert_eq!(app.query::<Shelf>().count().await.unwrap(), number + 1);
    }
    stop.cancel();
    run.await.unwrap().unwrap();
    let waiting = here.execute(place(99)).wait_for::<Shelf>().wait_timeout(Duration::from_millis(100));
    let error = waiting.await.unwrap_err();
    let ExecuteError::NotSeen { position, version, .. } = error else { panic!("{error}") };
    assert_eq!((position, version), (Position::new(21), Version::new(1)));
}

#[tokio::test(start_paused = true)]
async fn a_read_model_that_is_not_registered_is_not_waited_for() {
    let app = builder(&store()).aggregate::<Rack>().build().await.unwrap();
    let error = app.execute(place(1)).wait_for::<Shelf>().await.unwrap_err();
    assert!(matches!(error, ExecuteError::ReadModelNotRegistered { .. }), "{error}");
}
