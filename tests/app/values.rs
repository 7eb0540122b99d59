//! P9: what is accepted is read back bit for bit, and what cannot be is refused.

use std::collections::BTreeMap;

use kenning::prelude::*;
use kenning::{ExecuteError, Kenning, Schema, limits};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::support::{Home, on_both_stores};

on_both_stores! {
    p9_a_number_that_json_cannot_hold_is_refused_and_nothing_is_stored
    p9_a_value_nested_too_deeply_is_refused_and_nothing_is_stored
    p9_every_finite_number_is_read_back_bit_for_bit
    p9_integers_of_128_bits_work_with_and_without_an_id
    p9_an_event_that_its_own_type_cannot_read_is_refused
    p9_the_state_in_memory_is_the_one_that_another_process_loads
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
pub struct Ratio(pub f64);

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
pub struct Reply {
    pub replies: Vec<Reply>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Schema)]
#[serde(tag = "kind")]
pub enum Tagged {
    Small { value: f32 },
    Large { value: f64 },
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "probe.measured")]
pub struct Measured {
    pub value: f64,
    pub best: Option<f64>,
    pub small: Option<f32>,
    pub by_name: BTreeMap<String, Option<Ratio>>,
    pub tagged: Vec<Tagged>,
    pub doubles: Vec<f64>,
    pub singles: Vec<f32>,
    pub replies: Vec<Reply>,
    pub wei: u128,
    pub debt: i128,
    pub count: u64,
    /// Written without fractions of a second.
    #[serde(with = "seconds")]
    #[kenning(schema = "unix seconds")]
    pub until: Option<OffsetDateTime>,
    #[serde(skip)]
    pub note: u8,
    /// Written as a text that only numbers are read from.
    #[serde(deserialize_with = "number", serialize_with = "plain")]
    #[kenning(schema = "a number as text")]
    pub text: String,
}

mod seconds {
    use super::{Deserialize, OffsetDateTime, Serialize};

    pub fn serialize<S: serde::Serializer>(
        time: &Option<OffsetDateTime>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        time.map(OffsetDateTime::unix_timestamp).serialize(serializer)
    }

    pub fn deserialize<'de, D: serde::Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<OffsetDateTime>, D::Error> {
        let seconds = Option::<i64>::deserialize(deserializer)?;
        Ok(seconds.and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok()))
    }
}

fn plain<S: serde::Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(text)
}

fn number<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    match text.chars().all(|digit| digit.is_ascii_digit()) {
        true => Ok(text),
        false => Err(serde::de::Error::custom("it is no number")),
    }
}

#[derive(Clone, Debug, PartialEq, EventSet)]
pub enum ProbeEvent {
    Measured(Measured),
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Aggregate)]
#[kenning(category = "probe", id = u64, events = ProbeEvent)]
pub struct Probe {
    pub last: Option<Measured>,
}

#[derive(Clone, Debug, Serialize, Deserialize, Command)]
#[kenning(aggregate = Probe)]
pub struct Measure {
    #[kenning(id)]
    pub id: u64,
    pub measured: Measured,
}

/// Says no as long as it is locked.
#[derive(Clone, Debug, Serialize, Deserialize, Command)]
#[kenning(aggregate = Probe)]
pub struct Unlock {
    #[kenning(id)]
    pub id: u64,
    pub now: OffsetDateTime,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Locked;

#[aggregate]
impl Probe {
    #[command]
    fn measure(&self, command: Measure) -> Measured {
        command.measured
    }

    #[command]
    fn unlock(&self, command: Unlock) -> Result<Option<Measured>, Locked> {
        let last = self.last.as_ref();
        match last.and_then(|last| last.until) {
            Some(until) if command.now < until => Err(Locked),
            _ if last.is_some_and(|last| last.note != 0) => Err(Locked),
            _ => Ok(None),
        }
    }

    #[apply]
    fn measured(&mut self, event: &Measured) {
        self.last = Some(event.clone());
    }
}

async fn app(home: &impl Home) -> Kenning {
    Kenning::builder(home.store().await).aggregate::<Probe>().build().await.unwrap()
}

/// Refused with and without an id, and the stream stays as it was.
async fn refused(home: &impl Home, app: &Kenning, measured: Measured) -> String {
    let sound = app.execute(Measure { id: 1, measured: Measured::default() }).await.unwrap();
    let command = Measure { id: 1, measured };
    let error = app.execute(command.clone()).id(Uuid::now_v7()).await.unwrap_err();
    assert!(matches!(error, ExecuteError::Encode(_)), "{error:?}");
    let error = app.execute(command).await.unwrap_err();
    let ExecuteError::Encode(error) = &error else { panic!("{error:?}") };
    // The state in this process is still of use, and so is the stream for others.
    for app in [app, &self::app(home).await] {
        let loaded = app.load::<Probe>(1).await.unwrap();
        assert_eq!((loaded.version(), &loaded.last), (sound.version(), &Some(Measured::default())));
    }
    format!("{error}: {}", std::error::Error::source(error).unwrap())
}

/// Fails without `values.not-finite` or `values.f32-not-finite`: see tests/guards.
async fn p9_a_number_that_json_cannot_hold_is_refused_and_nothing_is_stored(home: impl Home) {
    let app = app(&home).await;
    let sound = Measured::default;
    let values = [
        ("`value`: NaN has no form in JSON", Measured { value: f64::NAN, ..sound() }),
        ("`best`: NaN has no form in JSON", Measured { best: Some(f64::NAN), ..sound() }),
        ("`small`: an infinite number has no", Measured { small: Some(f32::NEG_INFINITY), ..sound() }),
        ("`by_name`: NaN", Measured { by_name: [("a".into(), Some(Ratio(f64::NAN)))].into(), ..sound() }),
        ("`tagged.value`: NaN", Measured { tagged: vec![Tagged::Small { value: f32::NAN }], ..sound() }),
        ("`doubles`: an infinite", Measured { doubles: vec![1.0, f64::INFINITY], ..sound() }),
    ];
    for (expected, value) in values {
        let error = refused(&home, &app, value).await;
        assert!(error.starts_with("`probe.measured` cannot be written as JSON: "), "{error}");
        assert!(error.contains(expected), "{error}");
    }
}

fn nested(levels: usize) -> Vec<Reply> {
    (0..levels).fold(Vec::new(), |replies, _| vec![Reply { replies }])
}

/// Fails without `values.depth`: see tests/guards.
async fn p9_a_value_nested_too_deeply_is_refused_and_nothing_is_stored(home: impl Home) {
    let app = app(&home).await;
    // The event, and for each level a list and an object; the innermost list is empty.
    let deepest = (limits::MAX_NESTING - 2) / 2;
    for levels in [deepest + 1, 70, 300] {
        let error = refused(&home, &app, Measured { replies: nested(levels), ..Measured::default() }).await;
        assert!(error.contains("nested deeper than 127 levels"), "{error}");
    }
    let measured = Measured { replies: nested(deepest), ..Measured::default() };
    app.execute(Measure { id: 2, measured: measured.clone() }).await.unwrap();
    let loaded = self::app(&home).await.load::<Probe>(2).await.unwrap();
    assert_eq!(loaded.last, Some(measured));
}

/// Fails without `values.short-of-digits` or `values.float-roundtrip`: see tests/guards.
async fn p9_every_finite_number_is_read_back_bit_for_bit(home: impl Home) {
    let (app, mut random) = (app(&home).await, 0x9e37_79b9_7f4a_7c15_u64);
    let mut next = || {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        random ^ (random >> 29)
    };
    let edges = [0.0, -0.0, 0.999_999_999_999_999_9, 1.577_777_777_777_000_1, 117.633_311_394_000_17];
    let limits = [f64::MIN, f64::MAX, f64::MIN_POSITIVE, f64::from_bits(1), f64::EPSILON];
    let drawn = (0..2_000).map(|nth| match nth % 2 {
        0 => f64::from_bits(next()),
        _ => f64::from(next() as u32).sqrt() * 1.37,
    });
    let doubles: Vec<f64> =
        edges.into_iter().chain(limits).chain(drawn).filter(|it| it.is_finite()).collect();
    let edges =
        [-0.0, f32::from_bits(0x15ae_43fd), -f32::from_bits(0x15ae_43fd), f32::MAX, f32::from_bits(1)];
    let drawn = (0..2_000).map(|_| f32::from_bits(next() as u32));
    let singles: Vec<f32> = edges.into_iter().chain(drawn).filter(|it| it.is_finite()).collect();
    let tagged = doubles.iter().map(|value| Tagged::Large { value: *value });
    let tagged = tagged.chain(singles.iter().map(|value| Tagged::Small { value: *value })).collect();
    let measured = Measured { tagged, doubles, singles, ..Measured::default() };
    app.execute(Measure { id: 1, measured: measured.clone() }).await.unwrap();
    for app in [&app, &self::app(&home).await] {
        let last = app.load::<Probe>(1).await.unwrap().into_state().last.unwrap();
        assert_eq!(bits(&last), bits(&measured));
    }
}

fn bits(measured: &Measured) -> (Vec<u64>, Vec<u32>, Vec<u64>) {
    let tagged = measured.tagged.iter().map(|tagged| match tagged {
        Tagged::Small { value } => u64::from(value.to_bits()),
        Tagged::Large { value } => value.to_bits(),
    });
    let doubles = measured.doubles.iter().map(|value| value.to_bits()).collect();
    (doubles, measured.singles.iter().map(|value| value.to_bits()).collect(), tagged.collect())
}

/// Fails without `values.128-bits`: see tests/guards.
async fn p9_integers_of_128_bits_work_with_and_without_an_id(home: impl Home) {
    let app = app(&home).await;
    let measured = Measured { wei: u128::MAX, debt: i128::MIN, count: u64::MAX, ..Measured::default() };
    let command = Measure { id: 1, measured: measured.clone() };
    app.execute(command.clone()).await.unwrap();
    let id = Uuid::now_v7();
    app.execute(command.clone()).id(id).await.unwrap();
    assert!(self::app(&home).await.execute(command.clone()).id(id).await.unwrap().replayed());
    let other = Measure { measured: Measured { wei: u128::MAX - 1, ..measured.clone() }, ..command };
    let error = app.execute(other).id(id).await.unwrap_err();
    assert!(matches!(error, ExecuteError::DuplicateCommand { .. }), "{error:?}");
    let loaded = self::app(&home).await.load::<Probe>(1).await.unwrap();
    assert_eq!(loaded.last, Some(measured));
}

/// Fails without `values.read-back`: see tests/guards.
async fn p9_an_event_that_its_own_type_cannot_read_is_refused(home: impl Home) {
    let app = app(&home).await;
    let error = refused(&home, &app, Measured { text: "one".into(), ..Measured::default() }).await;
    assert!(error.starts_with("`probe.measured` cannot be read back from its own JSON: "), "{error}");
}

/// Fails without `values.state-as-stored`: see tests/guards.
async fn p9_the_state_in_memory_is_the_one_that_another_process_loads(home: impl Home) {
    let now = OffsetDateTime::UNIX_EPOCH + Duration::milliseconds(500);
    let app = app(&home).await;
    let until = Some(now + Duration::milliseconds(200));
    let measured = Measured { until, note: 7, ..Measured::default() };
    let executed = app.execute(Measure { id: 1, measured: measured.clone() }).await.unwrap();
    let stored = Measured { until: Some(OffsetDateTime::UNIX_EPOCH), note: 0, ..measured.clone() };
    assert_eq!(executed.events(), [ProbeEvent::Measured(stored.clone())]);
    for app in [&app, &self::app(&home).await] {
        assert_eq!(app.load::<Probe>(1).await.unwrap().last, Some(stored.clone()));
        app.execute(Unlock { id: 1, now }).await.unwrap();
    }
    // A test without a store decides as the application does.
    let given = kenning::testing::given(()).when(Measure { id: 1, measured });
    given.then_state(|probe| assert_eq!(probe.last, Some(stored))).when(Unlock { id: 1, now }).then_nothing();
}
