//! Reads what serde is told. A mistake in it is serde's to report, an attribute that is not known here is nobody's.

use syn::ext::IdentExt;
use syn::meta::ParseNestedMeta;
use syn::{Attribute, Expr, Ident, Lit, LitStr, Token};

use crate::symbol::SERDE;

/// All that one item's `#[serde(…)]` attributes say.
#[derive(Default)]
pub(crate) struct Serde {
    entries: Vec<Entry>,
}

/// `key`, `key = "text"` or `key(serialize = "text", deserialize = "text")`.
pub(crate) struct Entry {
    pub(crate) key: Ident,
    /// What it says for writing and for reading.
    written: Option<LitStr>,
    read: Option<LitStr>,
}

impl Serde {
    pub(crate) fn read(attrs: &[Attribute]) -> Self {
        let mut serde = Self::default();
        for attr in attrs.iter().filter(|attr| attr.path().is_ident(SERDE)) {
            let read = attr.parse_nested_meta(|meta| serde.take(&meta));
            // Whatever came before the mistake has been taken.
            drop(read);
        }
        serde
    }

    fn take(&mut self, meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
        let (mut written, mut read) = (None, None);
        if meta.input.peek(Token![=]) {
            written = text(meta)?;
            read.clone_from(&written);
        } else if meta.input.peek(syn::token::Paren) {
            meta.parse_nested_meta(|side| {
                let value = text(&side)?;
                if side.path.is_ident("serialize") {
                    written = value;
                } else if side.path.is_ident("deserialize") {
                    read = value;
                }
                Ok(())
            })?;
        }
        if let Some(key) = meta.path.get_ident() {
            self.entries.push(Entry { key: key.unraw(), written, read });
        }
        Ok(())
    }

    fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a Entry> {
        self.entries.iter().filter(move |entry| entry.key == key)
    }

    /// The first of these keys that is there.
    pub(crate) fn first(&self, keys: &[&str]) -> Option<&Entry> {
        self.entries.iter().find(|entry| keys.iter().any(|key| entry.key == key))
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.all(key).next().is_some()
    }

    /// What the key says for writing.
    pub(crate) fn written(&self, key: &str) -> Option<String> {
        self.all(key).find_map(|entry| entry.written.as_ref()).map(LitStr::value)
    }

    /// What the key says for reading.
    pub(crate) fn read_as(&self, key: &str) -> Option<String> {
        self.literal(key).map(LitStr::value)
    }

    /// As [`read_as`](Self::read_as), with its place.
    pub(crate) fn literal(&self, key: &str) -> Option<&LitStr> {
        self.entries.iter().filter(|entry| entry.key == key).find_map(|entry| entry.read.as_ref())
    }

    pub(crate) fn aliases(&self) -> Vec<String> {
        self.all("alias").filter_map(|entry| entry.read.as_ref()).map(LitStr::value).collect()
    }
}

/// The text of `= "text"`; a value of another kind is read and forgotten.
fn text(meta: &ParseNestedMeta<'_>) -> syn::Result<Option<LitStr>> {
    Ok(match meta.value()?.parse()? {
        Expr::Lit(literal) => match literal.lit {
            Lit::Str(text) => Some(text),
            _ => None,
        },
        _ => None,
    })
}
