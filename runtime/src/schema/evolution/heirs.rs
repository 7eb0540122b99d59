//! Who reads what another has written: fields and variants under their names and former names.

use crate::schema::{Field, Variant};

/// A thing that is found by its name, or by a former one.
pub(super) trait Named {
    fn name(&self) -> &str;
    fn aliases(&self) -> &[String];
}

impl Named for Field {
    fn name(&self) -> &str {
        &self.name
    }

    fn aliases(&self) -> &[String] {
        &self.aliases
    }
}

impl Named for Variant {
    fn name(&self) -> &str {
        &self.name
    }

    fn aliases(&self) -> &[String] {
        &self.aliases
    }
}

/// Whether the one is read where the other stood.
pub(super) fn continues<T: Named>(past: &T, now: &T) -> bool {
    past.name() == now.name() || now.aliases().iter().any(|alias| alias == past.name())
}

/// The one that reads what the former one wrote. Of two that came together under one name only one has an heir: serde refuses to read both into one
/// field, and two variants that are read as one can no longer be told apart.
pub(super) fn heir<'a, T: Named>(past: &T, old: &[&T], new: &[&'a T]) -> Option<&'a T> {
    let named = new.iter().find(|now| now.name() == past.name());
    let free = |now: &&&T| {
        let mut rivals = old.iter().filter(|other| continues(**other, **now));
        let first = rivals.next().is_some_and(|first| std::ptr::eq(*first, past));
        continues(past, **now) && first && !old.iter().any(|other| other.name() == now.name())
    };
    named.or_else(|| new.iter().find(free)).copied()
}

/// Whether nothing that was there is read as this one.
pub(super) fn is_new<T: Named>(now: &T, old: &[&T]) -> bool {
    !old.iter().any(|past| continues(*past, now))
}
