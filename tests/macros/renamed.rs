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

#[test]
fn another_path_to_the_crate_works() {
    let mut door = Door::default();
    events::Apply::apply(&mut door, &Opened {});
    assert!(door.open);
    assert_eq!(*events::Command::aggregate_id(&Open { door: 7 }), 7);
    assert_eq!(<Doors as events::Projection>::NAME, "doors");
    assert_eq!(*events::ReadModel::key(&DoorRow { door: 7, notes: Vec::new() }), 7);
    drop(DoorRow::DOOR.eq(7_u64).and(DoorRow::NOTES.is_not_null()));
}
