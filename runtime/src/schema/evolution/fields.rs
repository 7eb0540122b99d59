//! Fields that came, went and changed.

use super::change::ShapeChange;
use super::heirs::{heir, is_new};
use super::{Evolution, Place};
use crate::schema::text::head;
use crate::schema::{Field, Object, Presence, Shape};

impl Evolution {
    pub(super) fn objects(&mut self, before: (Place<'_>, &Object), after: (Place<'_>, &Object)) {
        let (old, new) = (before.1, after.1);
        match (old.closed, new.closed) {
            (false, true) => self.push(ShapeChange::Closed),
            (true, false) => self.push(ShapeChange::Opened),
            _ => {}
        }
        let (old, new): (Vec<_>, Vec<_>) = (old.fields.iter().collect(), new.fields.iter().collect());
        for &field in &old {
            match heir(field, &old, &new) {
                Some(to) => self.field((before.0, field), (after.0, to)),
                None => self.removed(field, &old, &new),
            }
        }
        for &field in &new {
            if is_new(field, &old) && !old.iter().any(|past| renamed(past, field, &old, &new)) {
                self.push_at(
                    &field.name,
                    match field.presence {
                        Presence::Required => ShapeChange::RequiredFieldAdded,
                        Presence::Optional | Presence::Ignored => ShapeChange::FieldAdded,
                    },
                );
            }
        }
        self.flattened(before, after);
    }

    fn field(&mut self, (outer, old): (Place<'_>, &Field), (outer_new, new): (Place<'_>, &Field)) {
        self.path.push(old.name.clone());
        match (old.presence, new.presence) {
            (Presence::Required | Presence::Optional, Presence::Ignored) => {
                self.push(ShapeChange::FieldIgnored);
            }
            (Presence::Optional | Presence::Ignored, Presence::Required) => {
                self.push(ShapeChange::MadeRequired);
            }
            (Presence::Required | Presence::Ignored, Presence::Optional) => {
                self.push(ShapeChange::MadeOptional);
            }
            _ => {}
        }
        if new.name != old.name {
            self.push(ShapeChange::FieldRenamedWithAlias { to: new.name.clone() });
        }
        self.aliases((&old.name, &old.aliases), (&new.name, &new.aliases));
        if new.presence != Presence::Ignored {
            let place = Place { shape: &old.shape, outer: Some(&outer) };
            self.shape(place, Place { shape: &new.shape, outer: Some(&outer_new) });
        }
        self.path.pop();
    }

    fn removed(&mut self, field: &Field, old: &[&Field], new: &[&Field]) {
        if field.presence == Presence::Ignored {
            return;
        }
        let heir = new.iter().find(|heir| renamed(field, heir, old, new));
        self.push_at(
            &field.name,
            match heir {
                Some(heir) => ShapeChange::FieldRenamed { to: heir.name.clone() },
                None => ShapeChange::FieldRemoved,
            },
        );
    }

    /// Former names that came and went; a former name may have become the name, and the name a former one.
    pub(super) fn aliases(&mut self, old: (&String, &[String]), new: (&String, &[String])) {
        for alias in old.1.iter().filter(|alias| *alias != new.0 && !new.1.contains(alias)) {
            self.push(ShapeChange::AliasRemoved { alias: alias.clone() });
        }
        for alias in new.1.iter().filter(|alias| *alias != old.0 && !old.1.contains(alias)) {
            self.push(ShapeChange::AliasAdded { alias: alias.clone() });
        }
    }

    fn flattened(&mut self, before: (Place<'_>, &Object), after: (Place<'_>, &Object)) {
        let (old, new) = (&before.1.flattened, &after.1.flattened);
        if old.len() != new.len() {
            let names = |shapes: &[Shape]| match shapes {
                [] => "without `flatten`".to_owned(),
                shapes => {
                    shapes.iter().map(|shape| format!("...{}", head(shape))).collect::<Vec<_>>().join(", ")
                }
            };
            let (from, to) = (names(old), names(new));
            return self.push(ShapeChange::Represented { from, to });
        }
        for (old, new) in old.iter().zip(new) {
            let place = Place { shape: old, outer: Some(&before.0) };
            self.within("...", place, Place { shape: new, outer: Some(&after.0) });
        }
    }
}

/// Whether the one looks like the other under a new name: both are without a partner and the only such pair of their structure.
fn renamed(past: &Field, field: &Field, old: &[&Field], new: &[&Field]) -> bool {
    let lost = |lost: &&&Field| lost.shape == field.shape && heir(**lost, old, new).is_none();
    let fresh = |fresh: &&&Field| past.shape == fresh.shape && is_new(**fresh, old);
    let only = |fields: &mut dyn Iterator<Item = &&Field>, it: &Field| {
        fields.next().is_some_and(|first| std::ptr::eq(*first, it)) && fields.next().is_none()
    };
    only(&mut old.iter().filter(lost), past) && only(&mut new.iter().filter(fresh), field)
}
