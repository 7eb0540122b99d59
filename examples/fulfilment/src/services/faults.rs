//! How the services fail, when they are told to.

use std::str::FromStr;

use uuid::Uuid;

use super::{Action, ServiceError};

/// Under this name the refusals are drawn: changed, other orders would be refused.
const REFUSALS: Uuid = Uuid::from_u128(0x2f61_0d3c_74aa_4e0b_9d57_6b1e_8c42_90f5);

/// What goes wrong, and how often; by default nothing does.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    /// Orders that are refused for good.
    pub fail: Refusals,
    /// Calls that are turned away before they have an effect.
    pub flaky: Share,
    /// Answers that are lost after the effect.
    pub lossy: Share,
}

impl Faults {
    /// Turns the call away if it is one of the flaky share.
    pub(crate) fn before(&self) -> Result<(), ServiceError> {
        if self.flaky.strikes() { Err(ServiceError::unavailable("it was told to be flaky")) } else { Ok(()) }
    }

    /// Loses the answer if it is one of the lossy share.
    pub(crate) fn after<T>(&self, answer: Result<T, ServiceError>) -> Result<T, ServiceError> {
        if self.lossy.strikes() {
            Err(ServiceError::unanswered("it was told to lose answers"))
        } else {
            answer
        }
    }
}

/// A number from 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Share(f64);

impl Share {
    fn strikes(self) -> bool {
        fastrand::f64() < self.0
    }
}

/// For some actions the share of orders that are refused for good: always the same orders, whoever asks and however often.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Refusals(Vec<(Action, Share)>);

impl Refusals {
    /// Whether the action is refused for the order.
    pub fn refuse(&self, action: Action, order_id: &str) -> bool {
        let Some((_, Share(share))) = self.0.iter().find(|(refused, _)| *refused == action) else {
            return false;
        };
        // The first 48 bits of the hash, below which nothing is fixed by the format of a UUID.
        let drawn = Uuid::new_v5(&REFUSALS, format!("{action} {order_id}").as_bytes()).as_u128() >> 80;
        (drawn as f64) < share * (1_u64 << 48) as f64
    }
}

/// A rate that is none; the text says what to write.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadRate(String);

impl FromStr for Share {
    type Err = BadRate;

    fn from_str(text: &str) -> Result<Self, BadRate> {
        match text.parse() {
            Ok(share) if (0.0..=1.0).contains(&share) => Ok(Self(share)),
            _ => Err(BadRate(format!("`{text}` is no share: write a number from 0 to 1"))),
        }
    }
}

impl FromStr for Refusals {
    type Err = BadRate;

    fn from_str(text: &str) -> Result<Self, BadRate> {
        let mut refusals: Vec<(Action, Share)> = Vec::new();
        for rate in text.split(',').filter(|rate| !rate.is_empty()) {
            let (name, share) = rate
                .split_once('=')
                .ok_or_else(|| BadRate(format!("`{rate}` has no share: write `{rate}=0.1`")))?;
            let action = Action::ALL.into_iter().find(|action| action.name() == name).ok_or_else(|| {
                let names = Action::ALL.map(|action| format!("`{action}`")).join(", ");
                BadRate(format!("`{name}` is no action: write one of {names}"))
            })?;
            if refusals.iter().any(|(refused, _)| *refused == action) {
                return Err(BadRate(format!("`{name}` has two shares: write one")));
            }
            refusals.push((action, share.parse()?));
        }
        Ok(Self(refusals))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_the_orders_is_refused_and_always_the_same() {
        let refusals: Refusals = "ship=0.1,charge=0.5".parse().unwrap();
        let refused = |action| {
            let orders = (1..=10_000).map(|number| format!("order-{number}"));
            orders.filter(|order| refusals.refuse(action, order)).collect::<Vec<_>>()
        };
        let (ship, charge) = (refused(Action::Ship), refused(Action::Charge));
        assert!((800..1_200).contains(&ship.len()), "{}", ship.len());
        assert!((4_600..5_400).contains(&charge.len()), "{}", charge.len());
        assert_eq!(ship[..3], ["order-26", "order-39", "order-60"], "of another build too");
        let both = ship.iter().filter(|order| charge.contains(order)).count();
        assert!((350..650).contains(&both), "one action says nothing about the other: {both}");
        assert_eq!(refused(Action::Reserve).len(), 0);
    }

    #[test]
    fn the_bounds_are_never_and_always() {
        let refusals: Refusals = "reserve=0,refund=1".parse().unwrap();
        for order in ["order-1", "order-2", ""] {
            assert!(!refusals.refuse(Action::Reserve, order));
            assert!(refusals.refuse(Action::Refund, order));
        }
        assert!(Faults { flaky: Share(1.0), ..Faults::default() }.before().is_err());
        assert!(Faults { lossy: Share(1.0), ..Faults::default() }.after(Ok(())).is_err());
        assert!(Faults::default().before().is_ok() && Faults::default().after(Ok(())).is_ok());
    }

    #[test]
    fn a_bad_rate_says_what_to_write() {
        let refusals = |text: &str| text.parse::<Refusals>().unwrap_err().to_string();
        assert_eq!(refusals("ship"), "`ship` has no share: write `ship=0.1`");
        assert_eq!(refusals("ship=2"), "`2` is no share: write a number from 0 to 1");
        assert_eq!(refusals("ship=nan"), "`nan` is no share: write a number from 0 to 1");
        assert_eq!(refusals("ship=0.1,ship=0.2"), "`ship` has two shares: write one");
        assert_eq!(
            refusals("sail=0.1"),
            "`sail` is no action: write one of `reserve`, `release`, `charge`, `refund`, `ship`, `cancel_shipment`"
        );
        assert_eq!("".parse(), Ok(Refusals::default()));
    }
}
