//! `retry(…)` and `undo_retry(…)`.

use std::time::Duration;

use syn::Ident;

use crate::attr::Value;
use crate::ctxt::Ctxt;
use crate::keys::Place;
use crate::symbol::{ATTEMPTS, BACKOFF, FOREVER, WITHIN};

/// What is said of how something is tried again; what is not said is left to the block, then to the runtime.
#[derive(Clone, Default)]
pub(super) struct Policy {
    /// The key that says it.
    pub(super) key: Option<Ident>,
    pub(super) attempts: Option<Attempts>,
    pub(super) backoff: Option<(Duration, Duration)>,
    pub(super) within: Option<(Ident, Duration)>,
}

/// How often something is tried.
#[derive(Clone)]
pub(super) struct Attempts {
    /// The key that says so.
    pub(super) key: Ident,
    /// None: for ever.
    pub(super) limit: Option<u32>,
}

impl Policy {
    pub(super) fn parse(cx: &Ctxt, value: &Value<'_>) -> syn::Result<Self> {
        let mut policy = Self { key: Some(value.ident.clone()), ..Self::default() };
        value.nested(cx, Place::Retry, |key, value| {
            match key {
                ATTEMPTS => policy.take_attempts(cx, value.ident, Some(value.positive()?.0)),
                FOREVER => {
                    let key = value.flag()?;
                    policy.take_attempts(cx, &key, None);
                }
                BACKOFF => policy.backoff = Some(value.range()?),
                WITHIN => policy.within = Some((value.ident.clone(), value.duration()?)),
                _ => {}
            }
            Ok(())
        })?;
        if let (Some(Attempts { key, limit: None }), Some(_)) = (&policy.attempts, &policy.within) {
            cx.help(key, "`forever` and `within` contradict each other", "remove one of the two");
        }
        Ok(policy)
    }

    fn take_attempts(&mut self, cx: &Ctxt, key: &Ident, limit: Option<u32>) {
        if self.attempts.is_some() {
            let help = "remove one of the two: `attempts` is a number, `forever` is none";
            cx.help(key, "`attempts` and `forever` contradict each other", help);
        }
        self.attempts = Some(Attempts { key: key.clone(), limit });
    }

    /// Whether it gives up at some time; the key that says so.
    pub(super) fn limit(&self) -> Option<&Ident> {
        let attempts = self.attempts.as_ref().filter(|attempts| attempts.limit.is_some());
        attempts.map(|attempts| &attempts.key).or_else(|| self.within.as_ref().map(|(key, _)| key))
    }

    /// The same, with what is said for the whole block where it says nothing itself.
    pub(super) fn or(&self, block: &Self) -> Self {
        let forever = self.attempts.as_ref().is_some_and(|attempts| attempts.limit.is_none());
        Self {
            key: self.key.clone().or_else(|| block.key.clone()),
            attempts: self.attempts.clone().or_else(|| block.attempts.clone()),
            backoff: self.backoff.or(block.backoff),
            within: self.within.clone().or_else(|| block.within.clone().filter(|_| !forever)),
        }
    }

    /// The same without an end.
    pub(super) fn endless(&self) -> Self {
        Self {
            key: self.key.clone(),
            attempts: self.attempts.clone().filter(|attempts| attempts.limit.is_none()),
            backoff: self.backoff,
            within: None,
        }
    }

    pub(super) fn says_nothing(&self) -> bool {
        self.attempts.is_none() && self.backoff.is_none() && self.within.is_none()
    }
}
