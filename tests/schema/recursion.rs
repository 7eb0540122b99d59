use kenning::{Schema, fingerprint};

use super::text;

#[derive(Schema)]
#[expect(dead_code, reason = "only its schema is asked")]
struct Tree {
    name: String,
    children: Vec<Tree>,
    parent: Option<Box<Tree>>,
}

#[derive(Schema)]
#[expect(dead_code, reason = "only its schema is asked")]
struct Nested(Vec<Nested>);

#[derive(Schema)]
#[expect(dead_code, reason = "only its schema is asked")]
struct Even {
    odd: Option<Box<Odd>>,
}

#[derive(Schema)]
#[expect(dead_code, reason = "only its schema is asked")]
struct Odd {
    even: Vec<Even>,
    odd: Option<Box<Odd>>,
}

#[derive(Schema)]
#[expect(dead_code, reason = "only its schema is asked")]
enum Expression {
    Number(i64),
    Sum(Box<Expression>, Box<Expression>),
}

#[derive(Schema)]
#[expect(dead_code, reason = "only its schema is asked")]
struct Flattened {
    id: u8,
    inner: Box<Tree>,
}

#[test]
fn a_type_that_holds_itself_has_a_finite_shape() {
    assert_eq!(
        text::<Tree>(),
        "object\n  children: list of again 2\n  name: string\n  parent: nullable again 2, optional\n"
    );
    assert_eq!(text::<Nested>(), "list of again 1\n");
    assert_eq!(text::<Expression>(), "enum\n  Number: i64\n  Sum: tuple\n    0: again 2\n    1: again 2\n");
    assert_eq!(
        text::<Even>(),
        "object\n  odd: nullable object, optional\n    even: list of again 4\n    odd: nullable again 2, optional\n"
    );
}

/// The names of the types do not matter, nor does the place at which a recursive type stands.
#[test]
fn recursion_is_told_by_depth() {
    mod elsewhere {
        #[derive(kenning::Schema)]
        #[expect(dead_code, reason = "only its schema is asked")]
        pub(super) struct Knot {
            parent: Option<Box<Knot>>,
            children: Vec<Knot>,
            name: String,
        }
    }
    assert_eq!(fingerprint::<Tree>(), fingerprint::<elsewhere::Knot>());
    let indented: String = text::<Tree>().lines().skip(1).map(|line| format!("  {line}\n")).collect();
    assert!(text::<Flattened>().contains(&indented));
}
