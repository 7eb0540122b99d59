//! Building shapes, and ending recursion.

use std::any::TypeId;

use super::member::{Body, Case, Member};
use super::{Field, Object, Presence, Schema, Shape, Tagging, Variant, Variants};

/// Remembers the types that are being described, so that a type that holds itself has a shape of finite size.
#[derive(Debug, Default)]
pub struct Shapes {
    open: Vec<TypeId>,
}

impl Shapes {
    /// The shape of `T`, by itself.
    #[must_use]
    pub fn shape_of<T: Schema + ?Sized>() -> Shape {
        T::shape(&mut Self::default())
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
        self.within(TypeId::of::<T>(), &mut |shapes| member.shape(shapes))
    }

    /// An enum.
    pub fn variants<T: ?Sized + 'static>(&mut self, tagging: &Tagging, cases: &[Case]) -> Shape {
        self.within(TypeId::of::<T>(), &mut |shapes| {
            let variants = cases.iter().map(|case| shapes.variant(tagging, case)).collect();
            let mut sum = Variants { tagging: tagging.clone(), variants };
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
            let shape = member.shape(self);
            if member.flattened {
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
        object
    }

    fn places(&mut self, members: &[Member]) -> Shape {
        Shape::Tuple(members.iter().map(|member| member.shape(self)).collect())
    }

    fn variant(&mut self, tagging: &Tagging, case: &Case) -> Variant {
        let named = *tagging != Tagging::Untagged && !case.untagged;
        Variant {
            name: if named { case.name.to_owned() } else { String::new() },
            aliases: if named { sorted(case.aliases) } else { Vec::new() },
            body: match case.body {
                Body::Unit => None,
                Body::Newtype(member) => Some(member.shape(self)),
                Body::Tuple(members) => Some(self.places(members)),
                Body::Object(members) => Some(Shape::Object(self.fields(members, case.closed))),
            },
            other: case.other,
            untagged: case.untagged,
        }
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
