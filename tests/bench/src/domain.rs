//! The domain of every workload: accounts, with events of about 250 bytes. Ours and the floors share types and decisions.

use kenning::prelude::*;
use uuid::Uuid;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "account.opened")]
pub(crate) struct Opened {
    pub(crate) owner: String,
    pub(crate) email: String,
    pub(crate) address: String,
    pub(crate) currency: String,
    pub(crate) overdraft: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "account.deposited")]
pub(crate) struct Deposited {
    pub(crate) amount: i64,
    pub(crate) reference: Uuid,
    pub(crate) counterparty: String,
    pub(crate) purpose: String,
}

#[derive(Clone, Debug, PartialEq, EventSet)]
pub(crate) enum AccountEvent {
    Opened(Opened),
    Deposited(Deposited),
}

#[derive(Clone, Debug, Default, PartialEq, Aggregate)]
#[kenning(category = "account", id = Uuid, events = AccountEvent)]
pub(crate) struct Account {
    open: bool,
    balance: i64,
    entries: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize, Command)]
#[kenning(aggregate = Account, creates)]
pub(crate) struct OpenAccount {
    #[kenning(id)]
    pub(crate) account: Uuid,
    pub(crate) details: Opened,
}

#[derive(Clone, Debug, Serialize, Deserialize, Command)]
#[kenning(aggregate = Account)]
pub(crate) struct Deposit {
    #[kenning(id)]
    pub(crate) account: Uuid,
    pub(crate) entry: Deposited,
}

/// Ten events at once; the first import opens the account.
#[derive(Clone, Debug, Serialize, Deserialize, Command)]
#[kenning(aggregate = Account)]
pub(crate) struct Import {
    #[kenning(id)]
    pub(crate) account: Uuid,
    pub(crate) entries: Vec<Deposited>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AccountError {
    AlreadyOpen,
    NotOpen,
    NotPositive,
}

impl std::fmt::Display for AccountError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::AlreadyOpen => "the account is open already",
            Self::NotOpen => "the account is not open",
            Self::NotPositive => "an amount is more than 0",
        })
    }
}

impl std::error::Error for AccountError {}

#[aggregate]
impl Account {
    #[command]
    pub(crate) fn open(&self, command: OpenAccount) -> Result<Opened, AccountError> {
        if self.open { Err(AccountError::AlreadyOpen) } else { Ok(command.details) }
    }

    #[command]
    pub(crate) fn deposit(&self, command: Deposit) -> Result<Deposited, AccountError> {
        if !self.open {
            Err(AccountError::NotOpen)
        } else if command.entry.amount <= 0 {
            Err(AccountError::NotPositive)
        } else {
            Ok(command.entry)
        }
    }

    #[command]
    pub(crate) fn import(&self, command: Import) -> Result<Vec<Deposited>, AccountError> {
        if command.entries.iter().any(|entry| entry.amount <= 0) {
            Err(AccountError::NotPositive)
        } else {
            Ok(command.entries)
        }
    }

    #[apply]
    pub(crate) fn opened(&mut self, _: &Opened) {
        self.open = true;
    }

    #[apply]
    pub(crate) fn deposited(&mut self, event: &Deposited) {
        self.open = true;
        self.balance += event.amount;
        self.entries += 1;
    }

    /// What a replay is checked by: how many entries were applied, and their sum.
    pub(crate) fn totals(&self) -> (u64, i64) {
        (self.entries, self.balance)
    }
}
