//! An aggregate that sagas follow and send commands to.

use kenning::prelude::*;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "lot.placed")]
pub(super) struct Placed {
    pub(super) word: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "lot.settled")]
pub(super) struct Settled {
    pub(super) word: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "lot.noted")]
pub(super) struct Noted {
    pub(super) word: String,
    /// What has caused the command.
    pub(super) cause: Option<Uuid>,
}

#[derive(Clone, Debug, PartialEq, EventSet)]
pub(super) enum LotEvent {
    Placed(Placed),
    Settled(Settled),
    Noted(Noted),
}

#[derive(Debug, Default, Aggregate)]
#[kenning(category = "lot", id = u64, events = LotEvent)]
pub(super) struct Lot {
    pub(super) notes: Vec<String>,
}

#[derive(Clone, Debug, Serialize, Command)]
#[kenning(aggregate = Lot)]
pub(super) struct Place {
    #[kenning(id)]
    pub(super) id: u64,
    pub(super) word: String,
}

#[derive(Clone, Debug, Serialize, Command)]
#[kenning(aggregate = Lot)]
pub(super) struct Settle {
    #[kenning(id)]
    pub(super) id: u64,
    pub(super) word: String,
}

/// Notes a word; one that is not wanted is rejected.
#[derive(Clone, Debug, Serialize, Command)]
#[kenning(aggregate = Lot)]
pub(super) struct Note {
    #[kenning(id)]
    pub(super) id: u64,
    pub(super) word: String,
}

#[derive(Debug)]
pub(super) struct NotWanted(String);

impl std::fmt::Display for NotWanted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}` is not wanted", self.0)
    }
}

impl std::error::Error for NotWanted {}

#[aggregate]
impl Lot {
    #[command]
    fn place(&self, command: Place) -> Placed {
        Placed { word: command.word }
    }
    #[command]
    fn settle(&self, command: Settle) -> Settled {
        Settled { word: command.word }
    }
    #[command]
    fn note(&self, command: Note, context: &CommandContext) -> Result<Noted, NotWanted> {
        if command.word.starts_with("bad") && !self.notes.contains(&"bad is good".to_owned()) {
            return Err(NotWanted(command.word));
        }
        Ok(Noted { word: command.word, cause: context.causation_id() })
    }
    #[apply]
    fn placed(&mut self, _: &Placed) {}
    #[apply]
    fn settled(&mut self, _: &Settled) {}
    #[apply]
    fn noted(&mut self, event: &Noted) {
        self.notes.push(event.word.clone());
    }
}

/// What was noted of a lot, in order.
pub(super) async fn notes(app: &Kenning, id: u64) -> Vec<String> {
    app.load::<Lot>(id).await.expect("it can be read").notes.clone()
}
