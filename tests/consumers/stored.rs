//! P9: the rows that a read model keeps in memory are those that are stored.

use std::time::Duration;

use kenning::prelude::*;
use kenning::{ConsumerOptions, Kenning, Schema};
use time::OffsetDateTime;
use time::macros::datetime;

use crate::support::{Home, on_both_stores};

on_both_stores! {
    p9_a_row_in_memory_is_the_one_that_another_process_reads
    p9_a_row_that_cannot_be_read_back_is_parked
    a_command_may_wait_for_a_read_model_for_ever
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "meter.read")]
pub struct MeterRead {
    #[serde(with = "time::serde::rfc3339")]
    #[kenning(schema = "rfc3339")]
    pub at: OffsetDateTime,
    pub text: String,
}

#[derive(Clone, Debug, EventSet)]
pub enum MeterEvent {
    Read(MeterRead),
}

#[derive(Debug, Default, Aggregate)]
#[kenning(category = "meter", id = u64, events = MeterEvent)]
pub struct Meter;

#[derive(Clone, Debug, Serialize, Deserialize, Command)]
#[kenning(aggregate = Meter)]
pub struct ReadMeter {
    #[kenning(id)]
    pub id: u64,
    #[serde(with = "time::serde::rfc3339")]
    #[kenning(schema = "rfc3339")]
    pub at: OffsetDateTime,
    pub text: String,
}

#[aggregate]
impl Meter {
    #[command]
    fn read(&self, command: ReadMeter) -> MeterRead {
        MeterRead { at: command.at, text: command.text }
    }

    #[apply]
    fn was_read(&mut self, _: &MeterRead) {}
}

/// Has the hours of each time before, as the row had it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ReadModel)]
#[kenning(table = "meters", version = 1, events = MeterEvent)]
pub struct Meters {
    #[kenning(key)]
    pub id: u64,
    pub last: OffsetDateTime,
    pub hours: String,
    #[kenning(json)]
    pub word: Word,
}

/// A text that is kept in small letters.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Schema)]
pub struct Word(String);

impl Serialize for Word {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_lowercase())
    }
}

#[read_model]
impl Meters {
    #[on]
    fn read(row: Option<Self>, id: u64, event: &MeterRead) -> Self {
        let before = row.map(|row| {
            format!("{} {}.{} {}, ", row.hours, row.last.hour(), row.last.nanosecond(), row.word.0)
        });
        Self { id, last: event.at, hours: before.unwrap_or_default(), word: Word(event.text.clone()) }
    }
}

fn reading(id: u64, text: &str) -> ReadMeter {
    ReadMeter { id, at: datetime!(2026-03-01 12:00:00.123456789 +05:00), text: text.to_owned() }
}

async fn meters<H: Home>(home: &H, batch: usize) -> Kenning {
    let options = ConsumerOptions::new().batch(batch);
    let builder = Kenning::builder(home.store().await).aggregate::<Meter>();
    builder.read_model_with::<Meters>(options).build().await.unwrap()
}

/// Meant to fail without `as_stored` and with the row of the handler kept: 12.123456789 where
/// another process has 7.123456000.
async fn p9_a_row_in_memory_is_the_one_that_another_process_reads<H: Home>(home: H) {
    let app = meters(&home, 2).await;
    for text in ["One", "Two", "Three", "Four", "Five"] {
        app.execute(reading(1, text)).await.unwrap();
    }
    app.run_until_idle().await.unwrap();
    let row = app.query::<Meters>().filter(Meters::ID.eq(1)).fetch_one().await.unwrap();
    let times = " 7.123456000 one,  7.123456000 two,  7.123456000 three,  7.123456000 four, ";
    assert_eq!((row.hours.as_str(), row.word.0.as_str()), (times, "five"));
    // One by one, each in another process.
    let app = meters(&home, 1).await;
    for text in ["One", "Two", "Three", "Four", "Five"] {
        app.execute(reading(2, text)).await.unwrap();
        meters(&home, 1).await.run_until_idle().await.unwrap();
    }
    assert_eq!(app.query::<Meters>().filter(Meters::ID.eq(2)).fetch_one().await.unwrap().hours, times);
}

/// A row with a text that only numbers are read from.
#[derive(Clone, Debug, PartialEq, ReadModel)]
#[kenning(table = "meter_numbers", version = 1, events = MeterEvent)]
pub struct Numbers {
    #[kenning(key)]
    pub id: u64,
    pub number: Number,
}

#[derive(Clone, Debug, PartialEq, Serialize, Schema)]
pub struct Number(String);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.parse::<u32>() {
            Ok(_) => Ok(Self(text)),
            Err(error) => Err(serde::de::Error::custom(error)),
        }
    }
}

#[read_model]
impl Numbers {
    #[on(present = replace)]
    fn read(id: u64, event: &MeterRead) -> Self {
        Self { id, number: Number(event.text.clone()) }
    }
}

/// Meant to fail without `M::from_row` in `changes`: the row is stored, and no query can read it.
async fn p9_a_row_that_cannot_be_read_back_is_parked<H: Home>(home: H) {
    let builder = Kenning::builder(home.store().await).aggregate::<Meter>();
    let app = builder.read_model::<Numbers>().build().await.unwrap();
    for (id, text) in [(1, "1"), (2, "two"), (3, "3")] {
        app.execute(reading(id, text)).await.unwrap();
    }
    app.run_until_idle().await.unwrap();
    let rows = app.query::<Numbers>().fetch().await.unwrap();
    assert_eq!(rows.iter().map(|row| row.id).collect::<Vec<_>>(), [1, 3]);
    let parked = app.parked().failed().list().await.unwrap();
    let [one] = parked.as_slice() else { panic!("{parked:?}") };
    let error = one.error.as_deref().unwrap();
    assert!(one.stream.id() == "2" && error.contains("the column `number` does not fit"), "{error}");
}

/// Meant to fail with `Instant::now() + timeout`: the command is accepted, and then the caller panics.
async fn a_command_may_wait_for_a_read_model_for_ever<H: Home>(home: H) {
    let app = meters(&home, 1).await;
    let stop = kenning::CancellationToken::new();
    let running = tokio::spawn({
        let (app, stop) = (app.clone(), stop.clone());
        async move { app.run(stop).await }
    });
    let seen = app.execute(reading(1, "one")).wait_for::<Meters>().wait_timeout(Duration::MAX).await.unwrap();
    assert_eq!(seen.version(), 1);
    assert_eq!(app.query::<Meters>().count().await.unwrap(), 1);
    stop.cancel();
    running.await.unwrap().unwrap();
}
