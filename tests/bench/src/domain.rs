//! The domain of every workload: accounts, with events of about 250 bytes. Ours and the floors share types and decisions.

use kenning::HandlerError;
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

/// The read model of the workloads: one row for each account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ReadModel)]
#[kenning(table = "account_summaries", version = 1, events = AccountEvent)]
pub(crate) struct AccountSummary {
    #[kenning(key)]
    pub(crate) account: Uuid,
    pub(crate) owner: String,
    pub(crate) currency: String,
    pub(crate) balance: i64,
    pub(crate) entries: i64,
    pub(crate) last_reference: Option<Uuid>,
    pub(crate) changed_at: OffsetDateTime,
}

#[read_model]
impl AccountSummary {
    #[on]
    fn opened(account: Uuid, event: &Recorded<Opened>) -> Self {
        Self {
            account,
            owner: event.owner.clone(),
            currency: event.currency.clone(),
            balance: 0,
            entries: 0,
            last_reference: None,
            changed_at: event.recorded_at(),
        }
    }

    #[on]
    fn deposited(&mut self, event: &Recorded<Deposited>) {
        self.balance += event.amount;
        self.entries += 1;
        self.last_reference = Some(event.reference);
        self.changed_at = event.recorded_at();
    }
}

/// The statement of the workload `projection`, on each side's own table.
pub(crate) const ADD_TURNOVER: &str = "INSERT INTO ours.turnover AS t VALUES ($1, $2) ON CONFLICT (account) DO UPDATE SET turnover = t.turnover + excluded.turnover";
pub(crate) const ADD_TURNOVER_FLOOR: &str = "INSERT INTO floor.turnover AS t VALUES ($1, $2) ON CONFLICT (account) DO UPDATE SET turnover = t.turnover + excluded.turnover";

/// A projection: one statement for each event.
pub(crate) struct Turnover;

#[projection(name = "turnover", version = 1, events = AccountEvent, ignore(Opened))]
impl Turnover {
    #[on]
    async fn deposited(
        &self,
        event: &Recorded<Deposited>,
        tx: &mut PgTransaction<'_>,
    ) -> Result<(), HandlerError> {
        let account: Uuid = event.stream().id().parse()?;
        sqlx::query(ADD_TURNOVER).bind(account).bind(event.amount).execute(&mut **tx).await?;
        Ok(())
    }
}
