use kenning::prelude::*;
use uuid::Uuid;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "account_0.opened")]
pub struct Opened {
    pub owner: String,
    pub email: Option<String>,
    pub overdraft: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "account_0.deposited")]
pub struct Deposited {
    pub amount: i64,
    pub reference: Uuid,
    pub purpose: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "account_0.closed")]
pub struct Closed {
    pub reason: String,
    pub balance: i64,
}

#[derive(Clone, Debug, PartialEq, EventSet)]
pub enum AccountEvent {
    Opened(Opened),
    Deposited(Deposited),
    Closed(Closed),
}

#[derive(Debug, Default, Aggregate)]
#[kenning(category = "account_0", id = Uuid, events = AccountEvent)]
pub struct Account {
    open: bool,
    balance: i64,
    overdraft: i64,
}

#[derive(Clone, Debug, Serialize, Deserialize, Command)]
#[kenning(aggregate = Account)]
pub struct Open {
    #[kenning(id)]
    pub account: Uuid,
    pub owner: String,
    pub email: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize, Command)]
#[kenning(aggregate = Account)]
pub struct Deposit {
    #[kenning(id)]
    pub account: Uuid,
    pub amount: i64,
    pub reference: Uuid,
    pub purpose: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, Command)]
#[kenning(aggregate = Account)]
pub struct Close {
    #[kenning(id)]
    pub account: Uuid,
    pub reason: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountError {
    AlreadyOpen,
    NotOpen,
    Overdrawn,
}

#[aggregate]
impl Account {
    #[command]
    fn open(&self, command: Open) -> Result<Opened, AccountError> {
        if self.open {
            return Err(AccountError::AlreadyOpen);
        }
        Ok(Opened { owner: command.owner, email: command.email, overdraft: 50_000 })
    }

    #[command]
    fn deposit(&self, command: Deposit) -> Result<Deposited, AccountError> {
        if !self.open {
            return Err(AccountError::NotOpen);
        }
        Ok(Deposited { amount: command.amount, reference: command.reference, purpose: command.purpose })
    }

    #[command]
    fn close(&self, command: Close) -> Result<Option<Closed>, AccountError> {
        if self.balance + self.overdraft < 0 {
            return Err(AccountError::Overdrawn);
        }
        Ok(self.open.then(|| Closed { reason: command.reason, balance: self.balance }))
    }

    #[apply]
    fn opened(&mut self, event: &Opened) {
        self.open = true;
        self.overdraft = event.overdraft;
    }

    #[apply]
    fn deposited(&mut self, event: &Deposited) {
        self.balance += event.amount;
    }

    #[apply]
    fn closed(&mut self, _: &Closed) {
        self.open = false;
    }
}
