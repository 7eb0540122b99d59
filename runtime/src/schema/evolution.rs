//! Whether one structure reads what another has written.

mod change;
mod fields;
mod heirs;
mod scalars;
mod variants;

use std::collections::HashSet;

pub use self::change::ShapeChange;

use super::text::head;
use super::{Shape, Tagging};

/// A shape and those that hold it, so that `Again` can be followed.
#[derive(Clone, Copy)]
struct Place<'a> {
    shape: &'a Shape,
    outer: Option<&'a Place<'a>>,
}

/// What was found on the way through two shapes.
pub(crate) struct Evolution {
    path: Vec<String>,
    found: Vec<(String, ShapeChange)>,
    /// Pairs that are being compared further out, or were: a recursive type is compared once.
    compared: HashSet<(*const Shape, *const Shape)>,
}

impl Evolution {
    /// Every change with the path at which it is; of two that differ, at least one.
    pub(crate) fn between(root: &str, before: &Shape, after: &Shape) -> Vec<(String, ShapeChange)> {
        if before == after {
            return Vec::new();
        }
        let path = if root.is_empty() { Vec::new() } else { vec![root.to_owned()] };
        let mut evolution = Self { path, found: Vec::new(), compared: HashSet::new() };
        evolution.shape(Place { shape: before, outer: None }, Place { shape: after, outer: None });
        if evolution.found.is_empty() {
            evolution.found.push((root.to_owned(), ShapeChange::Rewritten));
        }
        evolution.found
    }

    fn shape(&mut self, before: Place<'_>, after: Place<'_>) {
        let (before, after) = (before.followed(), after.followed());
        if !self.compared.insert((before.shape, after.shape)) {
            return;
        }
        let inner = |shape| Place { shape, outer: Some(&before) };
        let inner_after = |shape| Place { shape, outer: Some(&after) };
        match (before.shape, after.shape) {
            (Shape::Nullable(a), Shape::Nullable(b)) => self.shape(inner(a), inner_after(b)),
            (Shape::Null, Shape::Nullable(_)) => self.widened(before, after),
            (_, Shape::Nullable(b)) => {
                if self.reads(before, inner_after(b)) {
                    self.widened(before, after);
                }
            }
            (Shape::Nullable(_), Shape::Any) => self.widened(before, after),
            (Shape::Nullable(a), _) => {
                self.push(ShapeChange::NullRefused);
                self.shape(inner(a), after);
            }
            (Shape::List(a), Shape::List(b)) | (Shape::Set(a), Shape::Set(b)) => {
                self.within("[]", inner(a), inner_after(b));
            }
            (Shape::Array(n, a), Shape::Array(m, b)) if n == m => self.within("[]", inner(a), inner_after(b)),
            (Shape::Set(a) | Shape::Array(_, a), Shape::List(b)) => {
                self.widened(before, after);
                self.within("[]", inner(a), inner_after(b));
            }
            (Shape::Tuple(a), Shape::Tuple(b)) if a.len() == b.len() => {
                for (index, (a, b)) in a.iter().zip(b).enumerate() {
                    self.within(&index.to_string(), inner(a), inner_after(b));
                }
            }
            (Shape::Map(key, value), Shape::Map(new_key, new_value)) => {
                self.within("{key}", inner(key), inner_after(new_key));
                self.within("{}", inner(value), inner_after(new_value));
            }
            (Shape::Object(a), Shape::Object(b)) => self.objects((before, a), (after, b)),
            (Shape::Enum(a), Shape::Enum(b)) => self.sums((before, a), (after, b)),
            (Shape::Enum(a), Shape::String) if a.tagging == Tagging::External && a.are_names() => {
                self.widened(before, after);
            }
            (a, b) if a == b => {}
            (a, b) if scalars::widens(a, b) => self.widened(before, after),
            _ => {
                let (from, to) = (head(before.shape), head(after.shape));
                self.push(ShapeChange::Retyped { from, to });
            }
        }
    }

    /// Compares what is inside under a step of the path.
    fn within(&mut self, step: &str, before: Place<'_>, after: Place<'_>) {
        self.path.push(step.to_owned());
        self.shape(before, after);
        self.path.pop();
    }

    /// Compares at the same path; whether the one reads the other there at all.
    fn reads(&mut self, before: Place<'_>, after: Place<'_>) -> bool {
        let known = self.found.len();
        self.shape(before, after);
        let path = self.path();
        !self
            .found
            .iter()
            .skip(known)
            .any(|(at, kind)| *at == path && matches!(kind, ShapeChange::Retyped { .. }))
    }

    fn widened(&mut self, before: Place<'_>, after: Place<'_>) {
        let (from, to) = (head(before.shape), head(after.shape));
        self.push(ShapeChange::Widened { from, to });
    }

    fn push(&mut self, kind: ShapeChange) {
        self.found.push((self.path(), kind));
    }

    /// Notes a change one step further in.
    fn push_at(&mut self, step: &str, kind: ShapeChange) {
        self.path.push(step.to_owned());
        self.push(kind);
        self.path.pop();
    }

    fn path(&self) -> String {
        let mut path = String::new();
        for step in &self.path {
            if !path.is_empty() && !step.starts_with(['[', '{']) {
                path.push('.');
            }
            path.push_str(step);
        }
        path
    }
}

impl Place<'_> {
    /// The shape itself, where this is a reference to one further out.
    fn followed(self) -> Self {
        let mut place = self;
        while let Shape::Again(steps) = place.shape {
            let mut target = place;
            for _ in 0..*steps {
                match target.outer {
                    Some(outer) => target = *outer,
                    None => return place,
                }
            }
            if std::ptr::eq(target.shape, place.shape) {
                return place;
            }
            place = target;
        }
        place
    }
}
