//! Building shapes, and ending recursion.

use std::any::TypeId;

use super::member::{Body, Case, Member};
use super::{Field, Object, Presence, Schema, Shape, Tagging, Variant, Variants, unreadable};

/// Remembers the types that are being described, so that a type that holds itself has a shape of finite size.
#[derive(Debug, Default)]
pub struct Shapes {
    open: Vec<TypeId>,
    /// The fields and variants around what is described.
    path: Vec<&'static str>,
    unreadable: Vec<String>,
}

impl Shapes {
    /// The shape of `T`, by itself.
    #[must_use]
    pub fn shape_of<T: Schema + ?Sized>() -> Shape {
        T::shape(&mut Self::default())
    }

    /// What serde would write of the described types and not read back, each with its place.
    #[must_use]
    pub fn unreadable(&self) -> &[String] {
        &self.unreadable
    }

    /// Notes that a value of what is described is not read back as it was written.
    pub fn cannot_be_read(&mut self, problem: &str) {
        let path: Vec<&str> = self.path.iter().copied().filter(|name| !name.is_empty()).collect();
        let problem =
            if path.is_empty() { problem.to_owned() } else { format!("`{}`: {problem}", path.join(".")) };
        if !self.unreadable.contains(&problem) {
            self.unreadable.push(problem);
        }
    }

    /// Describes something at a place of that name.
    pub(crate) fn at(&mut self, name: &'static str, describe: impl FnOnce(&mut Self) -> Shape) -> Shape {
        self.path.push(name);
        let shape = describe(self);
        self.path.pop();
        shape
    }

    fn all_unreadable(&mut self, problems: Vec<String>) {
        problems.iter().for_each(|problem| self.cannot_be_read(problem));
    }

    fn member(&mut self, member: &Member) -> Shape {
        self.at(member.name, |shapes| member.shape(shapes))
    }

    /// A struct with named fields.
    pub fn object<T: ?Sized + 'static>(&mut self, members: &[Member]) -> Shape {
        self.within(TypeId::of::<T>(), &mut |shapes| Shape::Object(shapes.fields(members, false)))
    }

    /// A struct with named fields that refuses keys which it does not know.
    pub fn closed_object<T: ?Sized + 'static>(&mut self, members: &[Member]) -> Shape {
        self.within(TypeId::of::<T>(), &mut |shapes| Shape::Object(shapes.fields(members, true)))
    }

    /// A struct without names for its places; not for one of a single place, which is a [`newtype`](Self::newtype).
    pub fn tuple<T: ?Sized + 'static>(&mut self, members: &[Member]) -> Shape {
        self.within(TypeId::of::<T>(), &mut |shapes| shapes.places(members))
    }

    /// A type that is written as the one value that it holds.
    pub fn newtype<T: ?Sized + 'static>(&mut self, member: Member) -> Shape {
        self.within(TypeId::of::<T>(), &mut |shapes| shapes.member(&member))
    }

    /// An enum.
    pub fn variants<T: ?Sized + 'static>(&mut self, tagging: &Tagging, cases: &[Case]) -> Shape {
        self.within(TypeId::of::<T>(), &mut |shapes| {
            let variants = cases.iter().map(|case| shapes.variant(tagging, case)).collect();
            let mut sum = Variants { tagging: tagging.clone(), variants };
            shapes.all_unreadable(unreadable::variants(&sum));
            sum.sort();
            Shape::Enum(sum)
        })
    }

    /// Not generic, and the closure borrowed: it is compiled once, however many types there are.
    fn within(&mut self, id: TypeId, describe: &mut dyn FnMut(&mut Self) -> Shape) -> Shape {
        if self.open.contains(&id) {
            return Shape::Open(id);
        }
        self.open.push(id);
        let mut shape = describe(self);
        self.open.pop();
        close(&mut shape, id, 0);
        shape
    }

    fn fields(&mut self, members: &[Member], closed: bool) -> Object {
        let mut object = Object { closed, ..Object::default() };
        for member in members {
            let shape = self.member(member);
            if member.flattened {
                self.all_unreadable(unreadable::buffered(&shape, "a flattened field"));
                flatten(&mut object, shape, member.presence);
            } else {
                object.fields.push(Field {
                    name: member.name.to_owned(),
                    aliases: sorted(member.aliases),
                    presence: member.presence,
                    shape,
                });
            }
        }
        object.sort();
        self.all_unreadable(unreadable::object(&object));
        object
    }

    fn places(&mut self, members: &[Member]) -> Shape {
        Shape::Tuple(members.iter().map(|member| self.member(member)).collect())
    }

    fn variant(&mut self, tagging: &Tagging, case: &Case) -> Variant {
        let named = *tagging != Tagging::Untagged && !case.untagged;
        self.path.push(case.name);
        let variant = Variant {
            name: if named { case.name.to_owned() } else { String::new() },
            aliases: if named { sorted(case.aliases) } else { Vec::new() },
            body: match case.body {
                Body::Unit => None,
                Body::Newtype(member) => Some(self.member(&member)),
                Body::Tuple(members) => Some(self.places(members)),
                Body::Object(members) => Some(Shape::Object(self.fields(members, case.closed))),
            },
            other: case.other,
            untagged: case.untagged,
        };
        self.path.pop();
        variant
    }
}

fn sorted(names: &[&str]) -> Vec<String> {
    let mut names: Vec<String> = names.iter().copied().map(str::to_owned).collect();
    names.sort();
    names.dedup();
    names
}

/// Turns the mentions of the type that is complete now into steps outwards.
fn close(shape: &mut Shape, id: TypeId, depth: usize) {
    if matches!(shape, Shape::Open(open) if *open == id) {
        *shape = Shape::Again(depth);
    } else {
        for inner in shape.inside_mut() {
            close(inner, id, depth + 1);
        }
    }
}

/// Puts the fields of a flattened member among those of the struct, where they are known.
fn flatten(object: &mut Object, shape: Shape, presence: Presence) {
    let (inner, absent) = match shape {
        Shape::Nullable(inner) => (*inner, true),
        other => (other, presence == Presence::Optional),
    };
    match inner {
        Shape::Object(inner) if !inner.fields.iter().any(|field| leads_out(&field.shape, 1)) => {
            object.fields.extend(inner.fields.into_iter().map(|mut field| {
                if absent && field.presence == Presence::Required {
                    field.presence = Presence::Optional;
                }
                field
            }));
            object.flattened.extend(inner.flattened);
        }
        other if absent => object.flattened.push(Shape::Nullable(Box::new(other))),
        other => object.flattened.push(other),
    }
}

/// Whether the shape refers to the one `depth` steps further out, or beyond: it would point elsewhere once that one is dissolved.
fn leads_out(shape: &Shape, depth: usize) -> bool {
    match shape {
        Shape::Again(steps) => *steps >= depth,
        other => other.inside().into_iter().any(|inner| leads_out(inner, depth + 1)),
    }
}
