//! Variants that came, went and changed.

use super::change::ShapeChange;
use super::heirs::{heir, is_new};
use super::{Evolution, Place};
use crate::schema::text::head;
use crate::schema::{Object, Shape, Tagging, Variant, Variants};

/// What a variant without content is written as beside its tag.
static NO_FIELDS: Shape = Shape::Object(Object { fields: Vec::new(), flattened: Vec::new(), closed: false });

impl Evolution {
    pub(super) fn sums(&mut self, before: (Place<'_>, &Variants), after: (Place<'_>, &Variants)) {
        let (old, new) = (before.1, after.1);
        if old.tagging != new.tagging {
            let (from, to) = (head(before.0.shape), head(after.0.shape));
            return self.push(ShapeChange::Represented { from, to });
        }
        let tagging = &old.tagging;
        let (old, new): (Vec<_>, Vec<_>) = (old.named().collect(), new.named().collect());
        for &variant in &old {
            match heir(variant, &old, &new) {
                Some(to) => self.variant((before.0, variant), (after.0, to), tagging),
                None => self.lost(variant, &old, &new),
            }
        }
        for &variant in &new {
            if is_new(variant, &old) && !old.iter().any(|past| renamed(past, variant, &old, &new)) {
                self.push_at(&variant.name, ShapeChange::VariantAdded);
            }
        }
        self.unnamed(before, after);
    }

    fn variant(
        &mut self,
        (outer, old): (Place<'_>, &Variant),
        (outer_new, new): (Place<'_>, &Variant),
        tagging: &Tagging,
    ) {
        self.path.push(old.name.clone());
        if new.name != old.name {
            self.push(ShapeChange::VariantRenamedWithAlias { to: new.name.clone() });
        }
        match (old.other, new.other) {
            (true, false) => self.push(ShapeChange::OtherRemoved),
            (false, true) => self.push(ShapeChange::OtherAdded),
            _ => {}
        }
        self.aliases((&old.name, &old.aliases), (&new.name, &new.aliases));
        self.body((outer, old), (outer_new, new), tagging);
        self.path.pop();
    }

    fn body(
        &mut self,
        (outer, old): (Place<'_>, &Variant),
        (outer_new, new): (Place<'_>, &Variant),
        tagging: &Tagging,
    ) {
        let empty = matches!(tagging, Tagging::Internal { .. }).then_some(&NO_FIELDS);
        match (old.body.as_ref().or(empty), new.body.as_ref().or(empty)) {
            (Some(a), Some(b)) => {
                let place = Place { shape: a, outer: Some(&outer) };
                self.shape(place, Place { shape: b, outer: Some(&outer_new) });
            }
            (None, None) => {}
            (a, b) => {
                let [from, to] = [a, b].map(|body| body.map_or_else(|| "without content".to_owned(), head));
                self.push(ShapeChange::Retyped { from, to });
            }
        }
    }

    fn lost(&mut self, variant: &Variant, old: &[&Variant], new: &[&Variant]) {
        let heir = new.iter().find(|heir| renamed(variant, heir, old, new));
        self.push_at(
            &variant.name,
            match heir {
                Some(heir) => ShapeChange::VariantRenamed { to: heir.name.clone() },
                None => ShapeChange::VariantRemoved,
            },
        );
    }

    /// Variants without a name are told by their place, and each is tried only when those before it do not fit.
    fn unnamed(&mut self, before: (Place<'_>, &Variants), after: (Place<'_>, &Variants)) {
        let (old, new): (Vec<_>, Vec<_>) = (before.1.unnamed().collect(), after.1.unnamed().collect());
        for (index, variant) in old.iter().enumerate() {
            let step = index.to_string();
            let Some(heir) = new.get(index) else {
                self.push_at(&step, ShapeChange::VariantRemoved);
                continue;
            };
            let known = self.found.len();
            self.path.push(step.clone());
            self.body((before.0, variant), (after.0, heir), &Tagging::Untagged);
            self.path.pop();
            if self.found.len() > known && index + 1 < old.len() {
                self.push_at(&step, ShapeChange::Shadowing);
            }
        }
        for index in old.len()..new.len() {
            self.push_at(&index.to_string(), ShapeChange::VariantAdded);
        }
    }
}

impl Variants {
    fn named(&self) -> impl Iterator<Item = &Variant> {
        self.variants.iter().filter(|variant| !variant.name.is_empty())
    }

    fn unnamed(&self) -> impl Iterator<Item = &Variant> {
        self.variants.iter().filter(|variant| variant.name.is_empty())
    }

    /// Whether every value is the name of a variant alone.
    pub(super) fn are_names(&self) -> bool {
        self.variants.iter().all(|variant| variant.body.is_none() && !variant.untagged)
    }
}

/// Whether the one looks like the other under a new name: both are without a partner, and the only ones that are.
fn renamed(past: &Variant, variant: &Variant, old: &[&Variant], new: &[&Variant]) -> bool {
    let mut lost = old.iter().filter(|lost| heir(**lost, old, new).is_none());
    let mut fresh = new.iter().filter(|fresh| is_new(**fresh, old));
    let pair = (lost.next(), fresh.next(), lost.next(), fresh.next());
    matches!(pair, (Some(a), Some(b), None, None)
        if std::ptr::eq(*a, past) && std::ptr::eq(*b, variant) && a.body == b.body)
}
