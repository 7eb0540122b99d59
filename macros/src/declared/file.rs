//! The structs and enums that a file declares, each with the scope that it is in.

use std::collections::HashMap;

use syn::parse::{ParseStream, Parser};
use syn::{Attribute, DeriveInput, ItemMod};

use crate::source::structure;

/// A file of the crate that is being compiled.
pub(super) struct File {
    pub(super) text: String,
    /// Sorted by where they begin. The first one is the file.
    scopes: Vec<Scope>,
    items: Vec<Item>,
    /// The items that may have the name. That an item has it is known when it was parsed.
    names: HashMap<String, Vec<usize>>,
    /// The `impl` blocks: where the header begins, where it ends, and where the body does.
    impls: Vec<(usize, usize, usize)>,
}

/// What is within braces.
struct Scope {
    parent: usize,
    begin: usize,
    end: usize,
    /// Names are not looked up further out.
    module: bool,
    /// A macro decides what is in it.
    opaque: bool,
}

struct Item {
    scope: usize,
    begin: usize,
    end: usize,
}

/// A struct or an enum, as it is written.
pub(super) struct Found {
    pub(super) item: DeriveInput,
    /// Where it begins in the text.
    pub(super) place: usize,
}

impl File {
    pub(super) fn new(text: String) -> Self {
        let whole = Scope { parent: 0, begin: 0, end: text.len(), module: true, opaque: false };
        let mut file =
            Self { text, scopes: vec![whole], items: Vec::new(), names: HashMap::new(), impls: Vec::new() };
        let text = std::mem::take(&mut file.text);
        let (mut open, mut begun) = (vec![(0, None, None)], 0);
        for (at, letter) in structure(&text) {
            let scope = open.last().map_or(0, |(scope, ..)| *scope);
            let header = text.get(begun..at).unwrap_or_default();
            match letter {
                '{' => {
                    let item = file.begin(header, scope, begun, at);
                    let (module, opaque) = (is_module(header), is_opaque(header));
                    let inner = Scope { parent: scope, begin: at, end: text.len(), module, opaque };
                    let block = header.contains("impl").then_some(file.impls.len());
                    file.impls.extend(block.map(|_| (begun, at, at)));
                    open.push((file.scopes.len(), item, block));
                    file.scopes.push(inner);
                }
                '}' if open.len() > 1 => {
                    if let Some((scope, item, block)) = open.pop() {
                        file.scopes[scope].end = at;
                        if let Some(block) = block {
                            file.impls[block].2 = at;
                        }
                        if let Some(item) = item {
                            file.items[item].end = at + 1;
                        }
                    }
                }
                _ => drop(file.begin(header, scope, begun, at + 1)),
            }
            begun = at + 1;
        }
        file.text = text;
        file
    }

    /// Records what the header declares, if it is a type.
    fn begin(&mut self, header: &str, scope: usize, begin: usize, end: usize) -> Option<usize> {
        let named: Vec<&str> = ["struct ", "enum "].iter().flat_map(|word| after(header, word)).collect();
        if named.is_empty() {
            return None;
        }
        let item = self.items.len();
        self.items.push(Item { scope, begin, end });
        for name in named {
            self.names.entry(name.to_owned()).or_default().push(item);
        }
        Some(item)
    }

    /// Whether a type of this name may be in the file.
    pub(super) fn mentions(&self, name: &str) -> bool {
        self.names.contains_key(name)
    }

    /// Whether a type of this name may be generic, or borrow.
    pub(super) fn may_be_broken(&self, name: &str) -> bool {
        let items = self.names.get(name).into_iter().flatten().map(|item| &self.items[*item]);
        let mut texts = items.filter_map(|item| self.text.get(item.begin..item.end));
        texts.any(|text| text.contains('&') || text.contains(&format!("{name}<")))
    }

    /// The headers and bodies of the `impl` blocks of the name.
    pub(super) fn impls(&self, name: &str) -> impl Iterator<Item = (&str, &str)> {
        let blocks = self.impls.iter().filter_map(|(begin, open, end)| {
            Some((self.text.get(*begin..*open)?, self.text.get(*open..*end)?))
        });
        blocks.filter(move |(header, _)| {
            let mut words = header.split_whitespace().rev();
            words.next().and_then(|last| last.rsplit("::").next()) == Some(name)
                && words.next().is_some_and(|word| word.ends_with("impl") || word == "for")
        })
    }

    /// The types that are declared beside the one at the place.
    pub(super) fn beside(&self, place: usize) -> Vec<DeriveInput> {
        let Some(this) = self.items.iter().find(|item| (item.begin..item.end).contains(&place)) else {
            return Vec::new();
        };
        let beside = self.items.iter().filter(|item| item.scope == this.scope);
        let parse = |item: &Item| {
            let text = self.text.get(item.begin..item.end)?;
            syn::parse_str::<DeriveInput>(text).ok()
        };
        beside.filter_map(parse).collect()
    }

    /// What the name means at the place, if that is a type of this file: several ones under `cfg`.
    pub(super) fn declared(&self, name: &str, place: usize) -> Vec<Found> {
        let Some(items) = self.names.get(name) else { return Vec::new() };
        let mut scope = self.scopes.partition_point(|scope| scope.begin <= place).saturating_sub(1);
        while self.scopes[scope].end <= place && scope > 0 {
            scope = self.scopes[scope].parent;
        }
        if self.is_opaque(scope) {
            return Vec::new();
        }
        loop {
            let here = items.iter().map(|item| &self.items[*item]).filter(|item| item.scope == scope);
            let found: Vec<Found> = here.filter_map(|item| self.parse(item, name)).collect();
            if !found.is_empty() || self.scopes[scope].module {
                return found;
            }
            scope = self.scopes[scope].parent;
        }
    }

    /// How many types of the file have this name, in all of its modules.
    pub(super) fn types_named(&self, name: &str) -> usize {
        self.names.get(name).map_or(0, Vec::len)
    }

    fn is_opaque(&self, mut scope: usize) -> bool {
        while scope > 0 && !self.scopes[scope].opaque {
            scope = self.scopes[scope].parent;
        }
        self.scopes[scope].opaque
    }

    fn parse(&self, item: &Item, name: &str) -> Option<Found> {
        let parse = |input: ParseStream<'_>| {
            input.call(Attribute::parse_inner)?;
            input.parse::<DeriveInput>()
        };
        let text = self.text.get(item.begin..item.end)?;
        let place = item.begin + (text.len() - text.trim_start().len());
        let item = parse.parse_str(text).ok().filter(|item| item.ident == name)?;
        Some(Found { item, place })
    }

    /// The line of the place, as editors count it.
    pub(super) fn line(&self, place: usize) -> usize {
        self.text.get(..place).unwrap_or_default().matches('\n').count() + 1
    }

    /// Where the line and the column are, which count from 1.
    pub(super) fn place(&self, line: usize, column: usize) -> Option<usize> {
        let before = self.text.split_inclusive('\n').take(line.checked_sub(1)?);
        Some(before.map(str::len).sum::<usize>() + column.checked_sub(1)?)
    }
}

/// The names that come after the word.
fn after<'a>(header: &'a str, word: &'static str) -> impl Iterator<Item = &'a str> {
    header.match_indices(word).filter_map(move |(at, _)| {
        let rest = header.get(at + word.len()..)?.trim_start();
        let end = rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(rest.len());
        rest.get(..end).filter(|name| !name.is_empty())
    })
}

fn is_module(header: &str) -> bool {
    header.split_whitespace().rev().nth(1) == Some("mod")
}

/// Whether it is the body of a macro call, or of a module that a macro changes.
fn is_opaque(header: &str) -> bool {
    let mut words = header.split_whitespace().rev();
    if [words.next(), words.next()].into_iter().flatten().any(|word| word.ends_with('!')) {
        return true;
    }
    if !is_module(header) || !header.contains("#[") {
        return false;
    }
    let attrs = |input: ParseStream<'_>| {
        input.call(Attribute::parse_inner)?;
        input.parse::<ItemMod>()
    };
    let known = |attr: &Attribute| {
        ["allow", "cfg", "doc", "expect", "warn", "deny"].iter().any(|name| attr.path().is_ident(name))
    };
    !attrs.parse_str(&format!("{header}{{}}")).is_ok_and(|item| item.attrs.iter().all(known))
}

#[cfg(test)]
mod tests {
    use super::File;

    const FILE: &str = r#"//! Docs of the struct Wrong.
        #![allow(unused)]
        #[derive(Clone)] struct A { a: u8 } // struct B;
        mod inner { struct A; fn f(a: A) { let here = 1; } }
        fn f() { enum C { D } let here = 2; }
        define! { struct E; here }
        #[changed] mod other { struct F; const HERE: F; }
        #[cfg(a)] struct G(u8);
        #[cfg(not(a))] #[derive(Clone)] struct G(u16);
    "#;

    fn derived(name: &str, at: &str) -> Vec<usize> {
        let file = File::new(FILE.to_owned());
        let found = file.declared(name, FILE.find(at).unwrap());
        found.iter().map(|found| found.item.attrs.len()).collect()
    }

    #[test]
    fn a_name_means_what_it_means_at_its_place() {
        assert_eq!(derived("A", "// struct B"), [1]);
        assert_eq!(derived("A", "here = 1"), [0]);
        assert_eq!(derived("A", "here = 2"), [1]);
        assert_eq!(derived("C", "here = 2"), [0]);
        assert_eq!(derived("G", "struct G"), [1, 2]);
    }

    #[test]
    fn blocks_are_found_by_their_type() {
        let text = "#[saga(a = B)] impl A { fn f() {} } impl x::A { } impl T for A {} impl AA {}".to_owned();
        let file = File::new(text);
        let blocks: Vec<_> = file.impls("A").map(|(header, body)| (header.trim(), body.trim())).collect();
        assert_eq!(
            blocks,
            [("#[saga(a = B)] impl A", "{ fn f() {}"), ("impl x::A", "{"), ("impl T for A", "{")]
        );
    }

    #[test]
    fn what_is_not_certain_is_not_found() {
        for (name, at) in
            [("B", "struct G"), ("C", "struct G"), ("E", "here }"), ("F", "const HERE"), ("Wrong", "fn f()")]
        {
            assert!(derived(name, at).is_empty(), "{name}");
        }
    }
}
