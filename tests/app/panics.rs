//! A panic of the user's code is an error of the call, and harms nobody else.

use kenning::prelude::*;
use kenning::store::{Append, EventStore, Expect, NewEvent};
use kenning::{EncodedEvent, ExecuteError, Kenning, LoadError, Payload, Schema, StreamName};

use crate::support::{Home, on_both_stores};

on_both_stores! {
    p7_a_panic_while_an_event_is_written_or_read_back_is_an_error_and_nothing_is_stored
    p7_a_panic_in_an_upcast_or_a_decode_is_an_error_of_the_load
    p7_a_panic_in_apply_is_an_error_of_the_load_and_of_the_next_command
    p7_a_snapshot_that_panics_costs_a_replay
}

/// Panics as its text says.
#[derive(Clone, Debug, Default, PartialEq, Schema)]
#[kenning(schema = "text")]
pub struct Trap(pub String);

impl Serialize for Trap {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        assert_ne!(self.0, "written", "a trap in Serialize");
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Trap {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        assert_ne!(text, "read", "a trap in Deserialize");
        Ok(Self(text))
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Schema)]
pub struct TouchedV1 {
    pub name: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "lamp.touched", version = 2, from(TouchedV1))]
pub struct Touched {
    pub trap: Trap,
}

impl From<TouchedV1> for Touched {
    fn from(earlier: TouchedV1) -> Self {
        assert_ne!(earlier.name, "upcast", "a trap in From");
        Self { trap: Trap(earlier.name) }
    }
}

#[derive(Clone, Debug, PartialEq, EventSet)]
pub enum LampEvent {
    Touched(Touched),
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize, Aggregate)]
#[kenning(category = "lamp", id = u64, events = LampEvent, snapshot_every = 2)]
pub struct Lamp {
    pub touches: u64,
    pub last: Trap,
}

#[derive(Clone, Debug, Serialize, Deserialize, Command)]
#[kenning(aggregate = Lamp)]
pub struct Touch {
    #[kenning(id)]
    pub id: u64,
    pub trap: Trap,
}

#[aggregate]
impl Lamp {
    #[command]
    fn touch(&self, command: &Touch) -> Touched {
        Touched { trap: command.trap.clone() }
    }

    #[apply]
    fn touched(&mut self, event: &Touched) {
        assert_ne!(event.trap.0, "applied", "a trap in apply");
        self.touches += 1;
        self.last = match event.trap.0.as_str() {
            // Sound as an event, a trap in the snapshot.
            "snapshot" => Trap("read".into()),
            "unwritten" => Trap("written".into()),
            _ => Trap::default(),
        };
    }
}

async fn app(home: &impl Home) -> Kenning {
    Kenning::builder(home.store().await).aggregate::<Lamp>().build().await.unwrap()
}

fn touch(id: u64, trap: &str) -> Touch {
    Touch { id, trap: Trap(trap.into()) }
}

/// Appends version 1 of the event past the application.
async fn append(home: &impl Home, id: u64, schema_version: u32, payload: &str) {
    let payload = Payload::from_stored(payload);
    let event = EncodedEvent { name: "lamp.touched", schema_version, payload };
    let stream = StreamName::new("lamp", &id.to_string()).unwrap();
    home.store().await.append(Append::to(stream, Expect::Any, vec![NewEvent::new(event)])).await.unwrap();
}

/// Fails without `panics.written` or `panics.read-back`: see tests/guards.
async fn p7_a_panic_while_an_event_is_written_or_read_back_is_an_error_and_nothing_is_stored(
    home: impl Home,
) {
    let app = app(&home).await;
    for trap in ["written", "read"] {
        app.execute(touch(1, "")).await.unwrap();
        let error = app.execute(touch(1, trap)).await.unwrap_err();
        assert!(matches!(error, ExecuteError::Encode(_)), "{error:?}");
        assert!(kenning_text(&error).contains("a trap in "), "{error:?}");
    }
    assert_eq!(app.load::<Lamp>(1).await.unwrap().version().get(), 2);
    let error = app.execute(touch(1, "written")).id(uuid::Uuid::now_v7()).await.unwrap_err();
    assert!(matches!(error, ExecuteError::Encode(_)), "{error:?}");
    assert_eq!(app.execute(touch(1, "")).await.unwrap().version().get(), 3);
}

fn kenning_text(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// Fails without `panics.load` or `panics.past`: see tests/guards.
async fn p7_a_panic_in_an_upcast_or_a_decode_is_an_error_of_the_load(home: impl Home) {
    let app = app(&home).await;
    append(&home, 1, 1, r#"{"name":"upcast"}"#).await;
    append(&home, 2, 2, r#"{"trap":"read"}"#).await;
    for id in [1, 2] {
        for _ in 0..2 {
            let error = app.load::<Lamp>(id).await.unwrap_err();
            assert!(matches!(error, LoadError::Rehydrate(_)), "{error:?}");
            assert!(kenning_text(&error).contains("panicked: "), "{error:?}");
            let error = app.load::<Lamp>(id).at_version(1).await.unwrap_err();
            assert!(matches!(error, LoadError::Rehydrate(_)), "{error:?}");
            let error = app.execute(touch(id, "")).await.unwrap_err();
            assert!(matches!(error, ExecuteError::Rehydrate(_)), "{error:?}");
        }
    }
    app.execute(touch(3, "")).await.unwrap();
}

/// Fails without `panics.load` or `panics.apply`: see tests/guards.
async fn p7_a_panic_in_apply_is_an_error_of_the_load_and_of_the_next_command(home: impl Home) {
    let app = app(&home).await;
    app.execute(touch(1, "")).await.unwrap();
    // The event is durable: `Ok` says so.
    assert_eq!(app.execute(touch(1, "applied")).await.unwrap().version().get(), 2);
    for app in [&app, &self::app(&home).await] {
        assert!(matches!(app.load::<Lamp>(1).await.unwrap_err(), LoadError::Rehydrate(_)));
        assert!(matches!(app.execute(touch(1, "")).await.unwrap_err(), ExecuteError::Rehydrate(_)));
        app.execute(touch(2, "")).await.unwrap();
    }
}

/// Fails without `panics.written` or `panics.snapshot`: see tests/guards.
async fn p7_a_snapshot_that_panics_costs_a_replay(home: impl Home) {
    let app = app(&home).await;
    for trap in ["snapshot", "unwritten"] {
        let id = 1 + u64::from(trap == "unwritten");
        for _ in 0..5 {
            app.execute(touch(id, trap)).await.unwrap();
        }
        let loaded = self::app(&home).await.load::<Lamp>(id).await.unwrap();
        assert_eq!((loaded.version().get(), loaded.touches), (5, 5));
    }
}
