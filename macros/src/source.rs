//! What is written around a mark that is outside of its block: the macro of a mark is handed its function alone, so that the rest is read from the file.
//! Only to report one mistake once, and better; where the file cannot be read, as in an editor, each mark speaks for itself.

use std::fs;

use proc_macro2::TokenStream;

use crate::impl_block::ImplBlock;

/// The `impl` block that a mark is in.
pub(crate) struct Around {
    pub(crate) block: ImplBlock,
    /// Whether another mark of the block comes before this one, in every build.
    pub(crate) told: bool,
    text: String,
}

impl Around {
    /// Whether the file has another block of the type that has the attribute.
    pub(crate) fn has_another(&self, attribute: &str, of: &str) -> bool {
        self.text.match_indices(attribute).any(|(at, _)| {
            let header = self.text.get(at..).and_then(|rest| rest.split('{').next()).unwrap_or_default();
            header.split_whitespace().any(|word| word == "impl") && header.trim_end().ends_with(of)
        })
    }
}

/// Reads the file that is being compiled.
pub(crate) fn around(marks: &[&str]) -> Option<Around> {
    if !proc_macro::is_available() {
        return None;
    }
    let mark = proc_macro::Span::call_site();
    let text = fs::read_to_string(mark.local_file()?).ok()?;
    let lines = text.split_inclusive('\n').take(mark.line().checked_sub(1)?);
    let place = lines.map(str::len).sum::<usize>() + mark.column().checked_sub(1)?;
    within(&text, place, marks)
}

fn within(text: &str, place: usize, marks: &[&str]) -> Option<Around> {
    let (header, body) = enclosing(text, place)?;
    let end = body + length(text.get(body..)?);
    let block: TokenStream =
        format!("{} {{{}}}", text.get(header..body - 1)?, text.get(body..end)?).parse().ok()?;
    let before = text.get(body..place)?;
    let told = !before.contains("cfg") && marked(before, marks);
    Some(Around { block: ImplBlock::parse(&block).ok()?, told, text: text.to_owned() })
}

/// Whether one of the marks is in the text, on a function that is complete.
fn marked(text: &str, marks: &[&str]) -> bool {
    let Ok(block) = format!("impl X {{{text}}}").parse() else { return false };
    let Ok(block) = ImplBlock::parse(&block) else { return false };
    block.functions().flat_map(|function| &function.attrs).any(|attr| {
        attr.path().segments.last().is_some_and(|last| marks.iter().any(|mark| last.ident == mark))
    })
}

/// Where the innermost braces around the place begin, and what is before them.
fn enclosing(text: &str, place: usize) -> Option<(usize, usize)> {
    let (mut open, mut begun) = (Vec::new(), 0);
    for (at, letter) in structure(text).take_while(|(at, _)| *at < place) {
        match letter {
            '{' => {
                open.push((begun, at + 1));
                begun = at + 1;
            }
            '}' => {
                open.pop();
                begun = at + 1;
            }
            _ => begun = at + 1,
        }
    }
    open.pop()
}

/// How long the text is up to the brace that closes what is open before it.
fn length(text: &str) -> usize {
    let mut depth = 0_usize;
    for (at, letter) in structure(text) {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => return at,
            '}' => depth -= 1,
            _ => {}
        }
    }
    text.len()
}

/// The braces and semicolons of the text, without those in comments and literals.
pub(crate) fn structure(text: &str) -> impl Iterator<Item = (usize, char)> {
    let mut rest = text.char_indices().peekable();
    std::iter::from_fn(move || {
        while let Some((at, letter)) = rest.next() {
            let after = text.get(at + letter.len_utf8()..)?;
            let skipped = match letter {
                '{' | '}' | ';' => return Some((at, letter)),
                '/' if after.starts_with('/') => after.find('\n').unwrap_or(after.len()),
                '/' if after.starts_with('*') => comment(after),
                '"' => string(after),
                'r' if !text
                    .get(..at)?
                    .ends_with(|before: char| before.is_alphanumeric() || before == '_') =>
                {
                    raw(after).unwrap_or_default()
                }
                '\'' => character(after),
                _ => 0,
            };
            while rest.next_if(|(next, _)| *next < at + letter.len_utf8() + skipped).is_some() {}
        }
        None
    })
}

/// The length of a comment after its first letter, with those inside of it.
fn comment(text: &str) -> usize {
    let (mut depth, mut at) = (1, 1);
    while depth > 0 {
        let Some(rest) = text.get(at..) else { return text.len() };
        let Some(next) = rest.find(['*', '/']) else { return text.len() };
        at += next + 1;
        let pair = text.get(at - 1..=at);
        depth = if pair == Some("/*") {
            depth + 1
        } else if pair == Some("*/") {
            depth - 1
        } else {
            continue;
        };
        at += 1;
    }
    at
}

/// The length of a string after its first quote.
fn string(text: &str) -> usize {
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => drop(letters.next()),
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of a raw string after its `r`, if it is one.
fn raw(text: &str) -> Option<usize> {
    let hashes = text.len() - text.trim_start_matches('#').len();
    let inner = text.get(hashes..)?.strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    Some(hashes + 1 + inner.find(&end)? + end.len())
}

/// The length of a character after its first quote, or nothing of a lifetime.
fn character(text: &str) -> usize {
    let mut letters = text.char_indices();
    match letters.next() {
        Some((_, '\\')) => {
            let escaped = letters.next().map_or(0, |(at, letter)| at + letter.len_utf8());
            escaped + text.get(escaped..).and_then(|rest| rest.find('\'')).map_or(0, |end| end + 1)
        }
        Some(_) => letters.next().filter(|(_, second)| *second == '\'').map_or(0, |(at, _)| at + 1),
        None => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::within;
    use crate::text::text;

    const FILE: &str = r##"
        mod other { fn x() -> char { '{' } const Y: &str = "}{\"}"; } // }
        /// Docs; with { braces.
        #[derive(Debug)] struct A;
        /* { /* } */ */
        impl A {
            const Z: &'static str = r#"}"}"#;
            #[step] async fn first<'a>(&'a self) { let _ = '\''; { } }
            /// More.
            #[kenning::step(undo = b)] async fn second(&self) {}
        }
        fn free() {}
    "##;

    #[test]
    fn the_block_of_a_mark_is_found() {
        let first = within(FILE, FILE.find("#[step]").unwrap(), &["step"]).unwrap();
        assert_eq!(text(&first.block.header.self_ty), "A");
        assert_eq!(first.block.functions().count(), 2);
        assert!(!first.told);
        let second = within(FILE, FILE.find("#[kenning::step").unwrap(), &["step"]).unwrap();
        assert!(second.told);
        assert!(within(FILE, FILE.find("fn free").unwrap(), &["step"]).is_none());
        assert!(within(FILE, FILE.find("'{'").unwrap(), &["step"]).is_none());
    }

    #[test]
    fn a_mark_that_is_not_there_in_every_build_tells_nothing() {
        let file = "impl A { #[cfg(test)] #[step] fn a() {} #[step] fn b() {} }";
        assert!(!within(file, file.rfind("#[step]").unwrap(), &["step"]).unwrap().told);
    }
}
