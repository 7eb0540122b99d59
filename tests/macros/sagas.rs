//! What `#[saga]` accepts: every form of a function, in one block, run by the engine.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use kenning::prelude::*;
use kenning::saga::{Retry, StepKind, WayBack};
use kenning::store::{Append, Expect, NewEvent};
use kenning::{EncodedEvent, SagaDefinition, StreamName};

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "trip.wished")]
struct Wished {
    id: u64,
    nights: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "trip.dreamt")]
struct Dreamt {
    id: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "trip.paid")]
struct Paid {
    trip: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "trip.noted")]
struct Noted {
    text: String,
}

#[derive(Clone, Debug, EventSet)]
enum TripEvent {
    Noted(Noted),
}

#[derive(Debug, Default, Aggregate)]
#[kenning(category = "trip", id = u64, events = TripEvent)]
struct Journal {
    notes: Vec<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize, Command)]
#[kenning(aggregate = Journal)]
struct Note {
    #[kenning(id)]
    trip: u64,
    text: String,
}

#[derive(Debug)]
struct Illegible;

impl std::fmt::Display for Illegible {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("illegible")
    }
}

#[aggregate]
impl Journal {
    #[command]
    fn note(&self, command: Note) -> Result<Noted, Illegible> {
        if command.text.is_empty() { Err(Illegible) } else { Ok(Noted { text: command.text }) }
    }

    #[apply]
    fn noted(&mut self, event: &Noted) {
        self.notes.push(event.text.clone());
    }
}

#[derive(Default)]
struct Agency {
    calls: Mutex<Vec<String>>,
}

impl Agency {
    fn call(&self, what: impl Into<String>) {
        self.calls.lock().unwrap().push(what.into());
    }
}

#[derive(Clone, Debug, Serialize, Deserialize, Schema)]
struct Booking {
    nights: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Saga)]
#[kenning(version = 1, id = r#type, name = "trip-2")]
struct r#Trip {
    r#type: u64,
    nights: u32,
}

type Answer<T> = Result<T, StepError>;

impl r#Trip {
    /// Another block of the same type, and a function that is named like that of a trait.
    fn note(&self, text: &str) -> Note {
        Note { trip: self.r#type, text: text.to_owned() }
    }

    fn id(&self) -> u64 {
        self.r#type
    }
}

#[kenning::saga(
    services = Agency,
    deadline = "2w",
    retry(attempts = 2, backoff = "1ms..2ms"),
    undo_retry(forever),
    timeout = "1m",
)]
impl r#Trip {
    const LIMIT: u32 = 30;

    #[kenning::start]
    fn wished(event: &Recorded<Wished>) -> Option<Self> {
        (event.nights > 0).then(|| Self { r#type: event.id, nights: event.nights })
    }

    #[start]
    fn dreamt(event: &Dreamt) -> Self {
        Self { r#type: event.id, nights: Self::LIMIT + 1 }
    }

    #[step(read_only)]
    fn r#match(&self) -> Result<u32, std::num::TryFromIntError> {
        u32::try_from(self.id())
    }

    #[step(after(), undo = unbook, name = "book-hotel", retry(attempts = 7, backoff = "1s..1m", within = "1h"))]
    async fn hotel(&self, cx: &StepContext<Agency>) -> Result<Booking, StepError> {
        cx.services().call("hotel");
        Ok(Booking { nights: self.nights })
    }

    #[undo]
    fn unbook(&self, booking: Option<&Booking>, cx: &StepContext<Agency>) -> Result<(), std::fmt::Error> {
        cx.services().call(format!("unbook {:?}", booking.map(|booking| booking.nights)));
        Ok(())
    }

    #[step(after(match), undo = land, retry(forever), undo_retry(attempts = 1))]
    #[cfg(test)]
    async fn flight(&self, r#match: &u32, cx: &StepContext<Agency>) -> Answer<String> {
        cx.services().call(format!("flight {match}", r#match = r#match));
        Ok("window".to_owned())
    }

    #[undo]
    async fn land(&self) -> Answer<()> {
        Ok(())
    }

    #[cfg(not(test))]
    #[step(irreversible = "it is not there")]
    async fn nowhere(&self) -> Answer<()> {
        Ok(())
    }

    #[send(after(hotel, flight), undo = strike)]
    fn planned(&self, hotel: &Booking) -> Note {
        self.note(&format!("{} nights", hotel.nights))
    }

    #[undo]
    fn strike(&self) -> Option<Note> {
        Some(self.note("struck"))
    }

    #[step(irreversible = "nobody minds", timeout = "3s")]
    #[cfg(test)]
    async fn check(&self, flight: &str, hotel: &Booking, planned: &()) -> Answer<()> {
        let () = planned;
        assert_eq!(flight, "window");
        if hotel.nights > Self::LIMIT { Err(StepError::fail("too long")) } else { Ok(()) }
    }

    #[wait(timeout = "1d", missing = keep)]
    fn paid(event: &Recorded<Paid>) -> Correlated<u64, bool> {
        Correlated::to(event.trip, true)
    }

    #[send(pivot)]
    fn confirmed(&self, paid: &bool) -> Option<Note> {
        paid.then(|| self.note("confirmed"))
    }

    #[wait(timeout = "5s", on_timeout = silence)]
    fn heard(_: &Noted) -> Correlated<u64, String> {
        Correlated::nobody()
    }

    fn silence(&self) -> String {
        "nothing".to_owned()
    }

    #[wait(after(confirmed), forever = "they come back some day", name = "home", missing = ignore("no traveller"))]
    fn back(event: &Paid) -> Correlated<u64, bool> {
        Correlated::to(event.trip, true)
    }

    #[step(after(heard, back))]
    async fn thank(&self, heard: &String, back: &bool, cx: &StepContext<Agency>) -> Answer<()> {
        cx.services().call(format!("thank for {heard}, {back}"));
        Ok(())
    }

    #[failed]
    fn give_up(&self, failure: &SagaFailure) -> Note {
        self.note(&format!("given up: {}", failure.reason))
    }
}

#[test]
fn the_table_says_what_the_block_says() {
    let steps = Trip::STEPS;
    let names: Vec<_> = steps.iter().map(|step| step.info.name).collect();
    let expected =
        ["match", "book-hotel", "flight", "planned", "check", "paid", "confirmed", "heard", "home", "thank"];
    assert_eq!(names, expected);
    let after: Vec<_> = steps.iter().map(|step| step.info.after.to_vec()).collect();
    let expected =
        [vec![], vec![], vec![0], vec![1, 2, 0], vec![3], vec![4, 3], vec![5], vec![6], vec![6], vec![7, 8]];
    assert_eq!(after, expected, "a step under `cfg` hands on what it comes after");
    let [find, hotel, flight, planned, check, paid, confirmed, heard, home, thank] = steps else { panic!() };
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    assert_eq!(find.info.way_back, WayBack::ReadOnly);
    assert_eq!(find.info.timeout, seconds(60));
    let (first, longest) = (Duration::from_millis(1), Duration::from_millis(2));
    let of_block = Retry { attempts: Some(2), first, longest, within: None };
    assert_eq!(find.info.retry, of_block);
    assert_eq!(hotel.info.way_back, WayBack::Undo("unbook"));
    let (first, longest) = (Duration::from_secs(1), Duration::from_secs(60));
    assert_eq!(hotel.info.retry, Retry { attempts: Some(7), first, longest, within: seconds(3600) });
    assert_eq!(hotel.info.undo_retry, Retry { attempts: None, ..Retry::UNDO });
    assert_eq!(flight.info.retry, Retry { attempts: None, ..of_block });
    assert_eq!(flight.info.undo_retry.attempts, Some(1));
    assert_eq!(planned.kind(), StepKind::Send { command: "Note", category: "trip" });
    assert_eq!(check.info.way_back, WayBack::Irreversible("nobody minds"));
    assert_eq!((check.info.timeout, paid.info.timeout), (seconds(3), seconds(86_400)));
    assert_eq!(paid.kind(), StepKind::Wait { event: "trip.paid", fails: true });
    assert!(confirmed.info.pivot && !paid.info.pivot);
    assert_eq!(confirmed.info.retry, Retry { attempts: None, ..of_block });
    assert_eq!(heard.kind(), StepKind::Wait { event: "trip.noted", fails: false });
    assert_eq!((home.info.timeout, home.kind()), (None, StepKind::Wait { event: "trip.paid", fails: false }));
    assert_eq!((thank.info.retry.attempts, thank.info.way_back), (None, WayBack::NotNeeded));
    assert_eq!(Trip::EVENTS.len(), 5);
    assert!(Trip::FAILED.is_some());
    assert_eq!(Trip::TIMES.deadline, seconds(14 * 86_400));
}

async fn append(app: &Kenning, stream: u64, event: EncodedEvent) {
    let stream = StreamName::new("wish", &stream.to_string()).unwrap();
    app.store().append(Append::to(stream, Expect::Any, vec![NewEvent::new(event)])).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn every_form_of_a_function_is_called() {
    let agency = Arc::new(Agency::default());
    let clock = kenning::Clock::tokio(OffsetDateTime::UNIX_EPOCH);
    let app = Kenning::builder(MemoryStore::with_clock(clock.clone()))
        .clock(clock)
        .aggregate::<Journal>()
        .saga::<Trip>(Arc::clone(&agency))
        .build()
        .await
        .unwrap();
    append(&app, 1, EncodedEvent::of(&Wished { id: 1, nights: 3 }).unwrap()).await;
    append(&app, 2, EncodedEvent::of(&Wished { id: 9, nights: 0 }).unwrap()).await;
    append(&app, 3, EncodedEvent::of(&Dreamt { id: 2 }).unwrap()).await;
    app.run_until_idle().await.unwrap();
    // One event ends one wait: the first payment ends `paid`, the second one `home`.
    for _ in 0..2 {
        append(&app, 1, EncodedEvent::of(&Paid { trip: 1 }).unwrap()).await;
        app.run_until_idle().await.unwrap();
    }
    tokio::time::sleep(Duration::from_secs(6)).await;
    app.run_until_idle().await.unwrap();

    let mut calls = agency.calls.lock().unwrap().clone();
    calls.sort();
    let expected = ["flight 1", "flight 2", "hotel", "hotel", "thank for nothing, true", "unbook Some(31)"];
    assert_eq!(calls, expected);
    let notes = async |trip: u64| app.load::<Journal>(trip).await.unwrap().state().notes.clone();
    assert_eq!(notes(1).await, ["3 nights", "confirmed"]);
    let [planned, struck, given_up] = &notes(2).await[..] else { panic!("{:?}", notes(2).await) };
    assert_eq!([planned.as_str(), struck.as_str()], ["31 nights", "struck"]);
    assert!(given_up.starts_with("given up: ") && given_up.contains("too long"), "{given_up}");
    assert!(notes(9).await.is_empty());
}

/// A saga without services, without events, and with one step.
#[derive(Clone, Debug, Serialize, Deserialize, Saga)]
#[kenning(name = "errand", version = 1, id = name)]
struct Errand {
    name: String,
}

#[saga]
impl Errand {
    #[step(irreversible = "done is done")]
    async fn run(&self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_saga_needs_no_more_than_a_step() {
    let app = Kenning::builder(MemoryStore::new()).saga::<Errand>(()).build().await.unwrap();
    app.start(Errand { name: "milk".to_owned() }).await.unwrap();
    app.run_until_idle().await.unwrap();
    let done = app.sagas().of::<Errand>().status(kenning::store::SagaStatus::Completed).list().await.unwrap();
    assert_eq!(done.len(), 1);
    assert!(Errand::STEPS.len() == 1 && Errand::EVENTS.is_empty() && Errand::FAILED.is_none());
}
