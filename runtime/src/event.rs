//! Events: facts with a persisted name and version.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::payload::{DecodeError, EncodeError, Payload};
use crate::schema::{Schema, Shape, Shapes};

/// A fact with a persisted name and version. `#[derive(Event)]` writes this impl.
///
/// # By hand
/// ```
/// # use kenning::{Event, Schema, Shape, Shapes};
/// #[derive(serde::Serialize, serde::Deserialize)]
/// struct Opened { owner: String }
///
/// impl Schema for Opened {
///     fn shape(shapes: &mut Shapes) -> Shape {
///         Shape::object([("owner", String::shape(shapes))])
///     }
/// }
///
/// impl Event for Opened {
///     const NAME: &'static str = "account.opened";
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event",
    label = "not an event",
    note = "write `#[derive(Event)]` and `#[kenning(name = \"…\")]` on `{Self}`",
    note = "a set of events is not one: name an event of it, as in `Recorded<OrderPlaced>`, in a function for each event"
)]
pub trait Event: Schema + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The name under which the event is stored: written out, never taken from the Rust identifier.
    const NAME: &'static str;

    /// The version of the payload that is written today, 1 or more.
    const VERSION: u32 = 1;

    /// What is known of the event without having one. Provided.
    const INFO: EventInfo = EventInfo::of::<Self>();

    /// Encodes the event at [`VERSION`](Self::VERSION).
    ///
    /// # Errors
    /// When its `Serialize` impl fails.
    fn encode(&self) -> Result<EncodedEvent, EncodeError> {
        EncodedEvent::of(self)
    }

    /// Reads a payload of any version that was ever written.
    ///
    /// # Errors
    /// When the version is unknown or the payload does not fit it.
    fn decode(version: u32, payload: &[u8]) -> Result<Self, DecodeError> {
        if version == Self::VERSION {
            Payload::read(Self::NAME, version, payload)
        } else {
            Err(DecodeError::unknown_version(Self::NAME, version, Self::VERSION))
        }
    }

    /// The shapes of the versions before [`VERSION`](Self::VERSION), oldest first.
    fn earlier_shapes(shapes: &mut Shapes) -> Vec<Shape> {
        // Version 1 has no past, and a hand-written impl without upcasts reads none.
        let _: &mut Shapes = shapes;
        Vec::new()
    }
}

/// What is known of an event without having one: an entry of [`EventSet::EVENTS`](crate::EventSet::EVENTS).
#[derive(Clone, Copy)]
pub struct EventInfo {
    /// The persisted name.
    pub name: &'static str,
    /// The version written today.
    pub version: u32,
    /// The shape of the payload written today.
    pub shape: fn(&mut Shapes) -> Shape,
    /// The shapes of the earlier versions, oldest first.
    pub earlier_shapes: fn(&mut Shapes) -> Vec<Shape>,
    /// The Rust type, as the compiler names it. For messages: nothing may depend on it.
    pub type_name: fn() -> &'static str,
    /// The Rust type.
    pub type_id: fn() -> std::any::TypeId,
}

impl EventInfo {
    /// The entry of one event.
    #[must_use]
    pub const fn of<E: Event>() -> Self {
        Self {
            name: E::NAME,
            version: E::VERSION,
            shape: E::shape,
            earlier_shapes: E::earlier_shapes,
            type_name: std::any::type_name::<E>,
            type_id: std::any::TypeId::of::<E>,
        }
    }
}

impl std::fmt::Debug for EventInfo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} v{}", self.name, self.version)
    }
}

/// A stored event as a store hands it to a decoder: borrowed from the row.
#[derive(Clone, Copy, Debug)]
pub struct RawEvent<'a> {
    /// The number of the event in its stream.
    pub version: crate::Version,
    /// The persisted name.
    pub name: &'a str,
    /// The version of the payload.
    pub schema_version: u32,
    /// The payload: JSON.
    pub payload: &'a [u8],
}

/// An event encoded for the store.
#[derive(Clone, Debug)]
pub struct EncodedEvent {
    /// The persisted name.
    pub name: &'static str,
    /// The version of the payload.
    pub schema_version: u32,
    /// The payload.
    pub payload: Payload,
}

impl EncodedEvent {
    /// Encodes one event.
    ///
    /// # Errors
    /// When its `Serialize` impl fails.
    pub fn of<E: Event>(event: &E) -> Result<Self, EncodeError> {
        Ok(Self { name: E::NAME, schema_version: E::VERSION, payload: Payload::of(E::NAME, event)? })
    }
}
