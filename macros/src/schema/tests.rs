//! Expansions, and mistakes with their texts.

use quote::ToTokens;
use syn::{DeriveInput, parse_quote};

use super::{Model, check_complete, derive};
use crate::ctxt::Ctxt;
use crate::keys::Place;

fn expanded(input: &DeriveInput) -> String {
    let tokens = derive(Ctxt::new(), input);
    let file = syn::parse2(tokens.clone()).unwrap_or_else(|error| panic!("{error} in {tokens}"));
    prettyplease::unparse(&file)
}

/// The messages of `compile_error!`, in order.
fn mistakes(input: &DeriveInput) -> Vec<String> {
    let file: syn::File = syn::parse2(derive(Ctxt::new(), input)).unwrap();
    let macros = file.items.iter().filter_map(|item| match item {
        syn::Item::Macro(item) => Some(item.mac.tokens.to_token_stream()),
        _ => None,
    });
    macros.map(|tokens| syn::parse2::<syn::LitStr>(tokens).unwrap().value()).collect()
}

#[test]
fn a_struct_is_a_table() {
    insta::assert_snapshot!(expanded(&parse_quote! {
        #[serde(rename_all = "camelCase")]
        struct LineItem {
            #[serde(alias = "article")]
            product_id: Sku,
            #[serde(default)]
            quantity: u32,
            #[serde(with = "rfc3339")]
            #[kenning(schema = "rfc3339")]
            at: OffsetDateTime,
        }
    }), @r#"
    #[automatically_derived]
    impl ::kenning::Schema for LineItem {
        fn shape(shapes: &mut ::kenning::Shapes) -> ::kenning::Shape {
            shapes
                .object::<
                    Self,
                >(const {
                    &[
                        ::kenning::__private::Member::of::<Sku>("productId")
                            .aliased(&["article"]),
                        ::kenning::__private::Member::of::<u32>("quantity").optional(),
                        ::kenning::__private::Member::opaque("at", "rfc3339").required(),
                    ]
                })
        }
    }
    const _: () = {
        ::kenning::__private::assert_read_back(::kenning::__private::Member::of::<Sku>(""));
    };
    "#);
}

#[test]
fn a_newtype_forwards() {
    insta::assert_snapshot!(expanded(&parse_quote! { struct OrderId(Uuid); }), @r#"
    #[automatically_derived]
    impl ::kenning::Schema for OrderId {
        const SCALAR: bool = ::kenning::__private::Member::of::<Uuid>("").is_scalar();
        const NULLABLE: bool = ::kenning::__private::Member::of::<Uuid>("").is_nullable();
        const COLUMN: ::core::option::Option<::kenning::__private::ColumnType> = ::kenning::__private::Member::of::<
            Uuid,
        >("")
            .required_column();
        fn shape(shapes: &mut ::kenning::Shapes) -> ::kenning::Shape {
            shapes.newtype::<Self>(::kenning::__private::Member::of::<Uuid>(""))
        }
    }
    "#);
}

#[test]
fn an_enum_is_a_table_of_cases() {
    insta::assert_snapshot!(expanded(&parse_quote! {
        #[serde(tag = "kind", rename_all = "snake_case")]
        enum Payment {
            Cash,
            Card { digits: String },
        }
    }), @r#"
    #[automatically_derived]
    impl ::kenning::Schema for Payment {
        fn shape(shapes: &mut ::kenning::Shapes) -> ::kenning::Shape {
            shapes
                .variants::<
                    Self,
                >(
                    &::kenning::__private::Tagging::internal("kind"),
                    const {
                        &[
                            ::kenning::__private::Case::unit("cash"),
                            ::kenning::__private::Case::object(
                                "card",
                                const {
                                    &[::kenning::__private::Member::of::<String>("digits")]
                                },
                            ),
                        ]
                    },
                )
        }
    }
    "#);
}

#[test]
fn every_mistake_is_reported_at_once() {
    let mistakes = mistakes(&parse_quote! {
        #[kenning(colour = "x")]
        #[serde(rename_all(serialize = "lowercase"))]
        struct Wrong<'a> {
            #[serde(with = "rfc3339")]
            at: OffsetDateTime,
            #[serde(skip_serializing_if = "Vec::is_empty")]
            items: Vec<u8>,
            #[serde(rename(serialize = "a", deserialize = "b"))]
            name: &'a str,
        }
    });
    insta::assert_snapshot!(mistakes.join("\n\n"), @r#"
    unknown key `colour`
    help: legal here: `crate = ::path::to::kenning`, `schema = "rfc3339"`

    a type that borrows cannot be read back from the store
    help: own the data, as in `String` for `&str`

    `with` writes a format that nothing here tells
    help: write `#[kenning(schema = "rfc3339")]` beside it: a name that is changed with the format, or a type like it

    names are written in one spelling and read in another
    help: write `rename_all = "…"`

    `skip_serializing_if` leaves the field out, and without a default it cannot be read back
    help: write `default` beside it

    it is written under one name and read under another
    help: write `rename = "…"`, and `alias = "…"` for each former name
    "#);
}

#[test]
fn what_serde_does_not_know_is_left_alone() {
    let known = expanded(&parse_quote! { struct A { a: u8 } });
    let unknown = expanded(&parse_quote! {
        #[serde(bound = "", whatever(a = 1, b), some = 7)]
        struct A {
            #[serde(borrow, getter = "x")]
            a: u8,
        }
    });
    assert_eq!(known, unknown);
}

#[test]
fn keys_of_other_derives_are_left_to_them() {
    let none: Vec<String> = Vec::new();
    let input = parse_quote! {
        #[kenning(aggregate = Order)]
        struct PlaceOrder {
            #[kenning(id)]
            order_id: OrderId,
        }
    };
    assert_eq!(mistakes(&input), none);
}

#[test]
fn a_snapshot_leaves_nothing_out() {
    let input: DeriveInput = parse_quote! {
        struct State {
            #[serde(skip)]
            cache: u8,
            #[serde(skip)]
            marker: PhantomData<u8>,
            #[serde(default, skip_serializing_if = "Vec::is_empty")]
            items: Vec<u8>,
        }
    };
    let cx = Ctxt::new();
    check_complete(&cx, &Model::parse(&cx, &input, Place::AggregateField));
    let mistakes: Vec<String> = cx.check().unwrap_err().into_iter().map(|error| error.to_string()).collect();
    assert_eq!(
        mistakes,
        [
            "`skip` leaves the field out of snapshots, and a state read from one would differ from a replayed one\n\
          help: store the field, or leave out `snapshot_every`"
        ]
    );
}
