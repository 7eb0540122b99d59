//! Compares every answer of a storm with what the survivor has. None of the library's code takes
//! part.

use std::collections::HashMap;

use kenning_tests::failover::{Answer, Line};
use kenning_tests::storm::Stored;
use uuid::Uuid;

use crate::adversary::postgres::session;

/// The answers up to a time may be about commits that are lost.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lost {
    /// When the address led to the survivor, in milliseconds after 1970.
    pub(super) until: u64,
    /// How much later a caller may write down the answer to what it asked before, and compare it with
    /// what it reads.
    pub(super) slack: u64,
}

impl Lost {
    /// Nothing may be lost.
    pub(super) const NOTHING: Self = Self { until: 0, slack: 0 };

    /// Whether what was asked for and answered at these times may be lost.
    fn covers(self, asked: u64, answered: u64) -> bool {
        answered <= self.until || asked <= self.until && answered <= self.until + self.slack
    }
}

struct Request<'a> {
    stream: &'a str,
    events: u64,
    asked: u64,
    is_saga: bool,
}

/// What is wrong with the answers.
pub(super) fn check_answers(lines: &[Line], stored: &[Stored], lost: Lost) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut requests = HashMap::new();
    let mut answers: HashMap<Uuid, Vec<(&Answer, u64)>> = HashMap::new();
    for line in lines {
        match line {
            Line::Asked { tag, stream, events, at } => {
                requests.insert(*tag, Request { stream, events: *events, asked: *at, is_saga: false });
            }
            Line::Starting { tag, stream, at } => {
                requests.insert(*tag, Request { stream, events: 1, asked: *at, is_saga: true });
            }
            Line::Answered { tag, answer, at } => answers.entry(*tag).or_default().push((answer, *at)),
            Line::Wrong { what, at } if *at > lost.until + lost.slack => wrong.push(what.clone()),
            Line::Wrong { .. } => {}
        }
    }
    let mut effects: HashMap<Uuid, Vec<&Stored>> = HashMap::new();
    for event in stored {
        effects.entry(event.tag).or_default().push(event);
    }
    for tag in effects.keys().filter(|tag| !requests.contains_key(tag)) {
        wrong.push(format!("{tag} is stored, and no one asked for it"));
    }
    for (tag, request) in &requests {
        let events = effects.get(tag).map_or(&[][..], Vec::as_slice);
        let answers = answers.get(tag).map_or(&[][..], Vec::as_slice);
        if let Err(why) = check_request(request, answers, events, lost) {
            wrong.push(format!("{tag}: {why}; answers: {answers:?}"));
        }
    }
    wrong
}

fn check_request(
    request: &Request<'_>,
    answers: &[(&Answer, u64)],
    events: &[&Stored],
    lost: Lost,
) -> Result<(), String> {
    let accepted: Vec<(u64, u64)> = answers
        .iter()
        .filter_map(|(answer, at)| match answer {
            Answer::Accepted(version) => Some((*version, *at)),
            Answer::Nothing(_) | Answer::Unknown(_) => None,
        })
        .collect();
    let kept: Vec<u64> = accepted
        .iter()
        .filter(|(_, at)| !lost.covers(request.asked, *at))
        .map(|(version, _)| *version)
        .collect();
    let nothing =
        !answers.is_empty() && answers.iter().all(|(answer, _)| matches!(answer, Answer::Nothing(_)));
    if events.is_empty() {
        return if kept.is_empty() { Ok(()) } else { Err("accepted and lost".to_owned()) };
    }
    if nothing {
        return Err(format!("answered that nothing is stored, and {} events are", events.len()));
    }
    if events.iter().any(|event| event.stream != request.stream) {
        return Err(format!("stored in another stream than {}", request.stream));
    }
    let versions: Vec<u64> = events.iter().map(|event| event.version).collect();
    let first = versions[0];
    if !versions.iter().copied().eq(first..first + request.events) {
        return Err(format!("stored as {versions:?} instead of {} in a row", request.events));
    }
    let reached = first + request.events - 1;
    // If the first effect was lost, the answers of that time were about other versions.
    let told = if lost.until == 0 { accepted.iter().map(|(version, _)| *version).collect() } else { kept };
    match told.into_iter().find(|version| !request.is_saga && *version != reached) {
        Some(version) => Err(format!("answered with version {version}, stored at {reached}")),
        None => Ok(()),
    }
}

/// What is wrong with the sagas: each accepted one is completed, with one note and one event; none
/// is half done.
pub(super) async fn check_sagas(url: &str, lines: &[Line], stored: &[Stored], lost: Lost) -> Vec<String> {
    let mut session = session(url).await;
    let sagas: Vec<(String, String, i64)> = sqlx::query_as(
        "select id, status, \
         (select count(*) from kenning.saga_log l where l.instance = s.instance) - sequence \
         from kenning.sagas s where saga = 'errand'",
    )
    .fetch_all(&mut session)
    .await
    .expect("the sagas can be read");
    let notes: Vec<(Uuid, bool)> = sqlx::query_as("select tag, undone from errand_notes")
        .fetch_all(&mut session)
        .await
        .expect("the notes can be read");
    let mut wrong = Vec::new();
    for (id, status, gap) in &sagas {
        let tag: Uuid = id.parse().expect("a tag");
        let noted: Vec<bool> = notes.iter().filter(|note| note.0 == tag).map(|note| note.1).collect();
        let events = stored.iter().filter(|event| event.tag == tag).count();
        if status != "completed" || noted != [false] || events != 1 || *gap != 0 {
            wrong.push(format!("saga {id} is {status}, notes {noted:?}, {events} events, log gap {gap}"));
        }
    }
    for line in lines {
        let Line::Starting { tag, at: asked, .. } = line else { continue };
        let kept = lines.iter().any(|line| match line {
            Line::Answered { tag: answered, answer: Answer::Accepted(_), at } => {
                answered == tag && !lost.covers(*asked, *at)
            }
            _ => false,
        });
        if kept && !sagas.iter().any(|(id, ..)| *id == tag.to_string()) {
            wrong.push(format!("saga {tag} was started and is lost"));
        }
    }
    wrong
}
