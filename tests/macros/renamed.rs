//! `crate = path`: an application that reaches kenning through a module or crate of its own.

pub(crate) mod platform {
    pub(crate) mod inner {
        pub(crate) use ::kenning as es;
    }
}

use platform::inner::es as events;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, events::Event)]
#[kenning(crate = crate::macros::renamed::platform::inner::es, name = "door.opened")]
struct Opened {}

#[derive(Serialize, Deserialize, events::Event)]
#[kenning(crate = crate::macros::renamed::platform::inner::es, name = "door.opened_knocked")]
struct Knocked {}

#[derive(events::EventSet)]
#[kenning(crate = crate::macros::renamed::platform::inner::es)]
enum DoorEvent {
    Opened(Opened),
}

#[derive(Default, events::Aggregate)]
#[kenning(category = "door", id = u64, events = DoorEvent, crate = crate::macros::renamed::platform::inner::es)]
struct Door {
    open: bool,
}

#[derive(Serialize, events::Command)]
#[kenning(crate = crate::macros::renamed::platform::inner::es, aggregate = Door)]
struct Open {
    #[kenning(id)]
    door: u64,
}

#[events::aggregate(crate = crate::macros::renamed::platform::inner::es)]
impl Door {
    #[es::command]
    fn open(&self, _: &Open) -> Option<Opened> {
        (!self.open).then_some(Opened {})
    }

    #[apply]
    fn opened(&mut self, _: &Opened) {
        self.open = true;
    }
}

struct Doors;

#[events::projection(name = "doors", version = 1, events = DoorEvent, crate = crate::macros::renamed::platform::inner::es)]
impl Doors {
    #[es::on]
    fn opened(&self, _: &Opened) {}
}

#[derive(events::ReadModel)]
#[kenning(table = "doors", version = 1, events = DoorEvent, crate = crate::macros::renamed::platform::inner::es)]
struct DoorRow {
    #[kenning(key)]
    door: u64,
    #[kenning(json)]
    notes: Vec<String>,
}

#[events::read_model(crate = crate::macros::renamed::platform::inner::es)]
impl DoorRow {
    #[es::on(present = ignore)]
    fn opened(door: u64, _: &events::Recorded<Opened>) -> Self {
        Self { door, notes: Vec::new() }
    }
}

struct Bell;

#[events::reactor(name = "bell", version = 1, crate = crate::macros::renamed::platform::inner::es)]
impl Bell {
    #[es::on]
    async fn opened(&self, _: &Opened, _: &mut events::Effects) -> Result<(), events::ReactorError> {
        Ok(())
    }
}

#[derive(Serialize, Deserialize, events::Saga)]
#[kenning(name = "visit", version = 1, id = door, crate = crate::macros::renamed::platform::inner::es)]
struct Visit {
    door: u64,
}

#[events::saga(crate = crate::macros::renamed::platform::inner::es, services = u8, deadline = "1h")]
impl Visit {
    #[es::start]
    fn opened(event: &events::Recorded<Opened>) -> Option<Self> {
        event.stream().id().parse().ok().map(|door| Self { door })
    }

    #[es::step(undo = leave, retry(backoff = "1s..2s"))]
    async fn enter(&self, cx: &events::StepContext<u8>) -> Result<u8, events::StepError> {
        Ok(*cx.services())
    }

    #[undo]
    async fn leave(&self, _: Option<&u8>) -> Result<(), events::StepError> {
        Ok(())
    }

    #[es::wait(timeout = "30m", missing = ignore("a knock"))]
    fn again(_: &Knocked) -> events::Correlated<u64, ()> {
        events::Correlated::nobody()
    }

    #[es::send(pivot)]
    fn close(&self, enter: &u8) -> Option<Open> {
        (*enter > 0).then_some(Open { door: self.door })
    }

    #[es::failed]
    fn give_up(&self) -> Open {
        Open { door: self.door }
    }
}

#[test]
fn another_path_to_the_crate_works() {
    let mut door = Door::default();
    events::Apply::apply(&mut door, &Opened {});
    assert!(door.open);
    assert_eq!(*events::Command::aggregate_id(&Open { door: 7 }), 7);
    assert_eq!(<Doors as events::Projection>::NAME, "doors");
    assert_eq!(*events::ReadModel::key(&DoorRow { door: 7, notes: Vec::new() }), 7);
    assert_eq!(<Bell as events::Reactor>::EVENTS.len(), 1);
    assert_eq!(<Visit as events::SagaDefinition>::STEPS.len(), 3);
    drop(DoorRow::DOOR.eq(7_u64));
}
