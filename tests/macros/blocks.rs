//! Several `#[aggregate]` blocks for one type, in several modules, and functions under `cfg`.

use kenning::prelude::*;
use kenning::{Apply, Clock, StreamName};

#[derive(Serialize, Deserialize, Event)]
#[kenning(name = "counter.r-up")]
struct Up {
    by: u32,
}

#[derive(Serialize, Deserialize, Event)]
#[kenning(name = "counter.down")]
struct Down {
    r#by: u32,
}

#[derive(EventSet)]
enum CounterEvent {
    Up(Up),
    r#Down(r#Down),
}

#[derive(Default, Aggregate)]
#[kenning(category = "counter", id = String, events = CounterEvent)]
struct r#Counter {
    value: u32,
}

#[derive(Clone, Serialize, Command)]
#[kenning(aggregate = Counter)]
#[expect(non_camel_case_types, reason = "a keyword, so that its name is raw")]
struct r#move {
    #[kenning(id)]
    r#type: String,
    up: u32,
    down: u32,
}

#[aggregate]
impl r#Counter {
    const LIMIT: u32 = 100;

    /// Both, in this order, as a tuple without a `Result`.
    #[command]
    fn r#move(&self, command: r#move) -> (Up, Option<Down>) {
        let r#move { r#type: _, up, down } = command;
        (Up { by: up.min(Self::LIMIT) }, (down > 0).then_some(Down { by: down }))
    }
}

mod applies {
    use kenning::prelude::aggregate;

    use super::{Counter, Down, Up};

    #[aggregate]
    impl Counter {
        #[apply]
        #[cfg(test)]
        fn up(&mut self, event: &Up) {
            self.value += event.by;
        }

        #[apply]
        #[cfg(not(test))]
        fn up(&mut self, event: &Up) {
            self.value += 2 * event.by;
        }
    }

    #[cfg(test)]
    #[aggregate]
    #[cfg(test)]
    impl Counter {
        #[kenning::apply]
        fn down(&mut self, event: &Down) {
            self.value -= event.by;
        }
    }

    #[aggregate]
    #[cfg(not(test))]
    impl Counter {
        #[apply]
        fn down_again(&mut self, event: &Down) {
            self.value -= event.by;
        }
    }
}

#[test]
fn every_block_counts_once() {
    let mut counter = Counter::default();
    let stream = StreamName::new("counter", "1").unwrap();
    let context = CommandContext::new(stream, Version::default(), Clock::system().now());
    let command = r#move { r#type: "1".to_owned(), up: 150, down: 30 };
    assert_eq!((<r#move as Command>::NAME, command.aggregate_id().as_str()), ("move", "1"));
    let Ok(events) = counter.handle(&command, &context);
    assert_eq!(events.len(), 2);
    counter.apply(&Up { by: 7 });
    counter.apply(&Down { by: 3 });
    assert_eq!(counter.value, 4);
    assert_eq!(CounterEvent::EVENTS.first().map(|event| event.name), Some("counter.r-up"));
}
