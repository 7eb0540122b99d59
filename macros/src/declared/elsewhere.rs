//! Whether a type has an impl that is no derive: written by hand or by a macro, in any file of the crate.

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::{env, fs};

use super::tree;

/// More files or bytes than this are not read: it is then not known.
const FILES: usize = 4000;
const BYTES: usize = 64 << 20;

/// Macros of expressions, which declare nothing.
const HARMLESS: &[&str] = &[
    "anyhow",
    "bail",
    "dbg",
    "debug",
    "ensure",
    "eprintln",
    "error",
    "format",
    "format_args",
    "info",
    "join",
    "json",
    "matches",
    "panic",
    "print",
    "println",
    "query",
    "query_as",
    "query_scalar",
    "select",
    "span",
    "todo",
    "trace",
    "try_join",
    "unreachable",
    "vec",
    "warn",
    "write",
    "writeln",
];

/// Whether one of the traits may be implemented for the type somewhere.
pub(super) fn implemented(file: &Path, name: &str, traits: &[&str]) -> bool {
    // First here, where it is most often.
    if fs::read_to_string(file).is_ok_and(|text| mentions(&text, name, traits)) {
        return true;
    }
    let Some(texts) = texts(file) else { return true };
    texts.iter().any(|(_, text)| mentions(text, name, traits))
}

/// Whether a file other than this one may have a block with the attribute for the type.
pub(super) fn blocks(file: &Path, name: &str, attribute: &str, marks: &[&str]) -> bool {
    let (Some(texts), Ok(this)) = (texts(file), file.canonicalize()) else { return true };
    texts.iter().filter(|(file, _)| *file != this).any(|(_, text)| {
        let word = |letter: char| letter.is_alphanumeric() || letter == '_';
        let block = |(at, _)| {
            let before: &str = text.get(..at).unwrap_or_default();
            let path = before.trim_end_matches(|letter: char| word(letter) || letter == ':');
            path.trim_end().ends_with("impl")
        };
        let marked = [attribute].iter().chain(marks).any(|mark| text.contains(mark));
        marked && text.match_indices(name).any(block)
    })
}

type Texts = Arc<Vec<(PathBuf, String)>>;

/// One compiler compiles one package.
static TEXTS: LazyLock<Mutex<Option<Texts>>> = LazyLock::new(Mutex::default);

/// The files with their texts, which are read once: those of the crate, else those of the package.
fn texts(file: &Path) -> Option<Texts> {
    let mut texts = TEXTS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(texts) = &*texts {
        return Some(Arc::clone(texts));
    }
    let (mut read, mut bytes) = (Vec::new(), 0);
    let this = file.canonicalize().ok()?;
    let files = match tree::files().filter(|files| files.contains(&this)) {
        Some(files) => files,
        None => files(file)?,
    };
    for file in files {
        let text = fs::read_to_string(&file).ok()?;
        bytes += text.len();
        if bytes > BYTES {
            return None;
        }
        read.push((file, text));
    }
    let read = Arc::new(read);
    *texts = Some(Arc::clone(&read));
    Some(read)
}

/// The files of the package, and those that its build script has written.
fn files(file: &Path) -> Option<Vec<PathBuf>> {
    let file = file.canonicalize().ok()?;
    let home = file.ancestors().skip(1).take(16).find(|folder| folder.join("Cargo.toml").exists());
    let home = home.or_else(|| file.parent())?.to_path_buf();
    let mut folders = vec![home];
    folders.extend(env::var_os("OUT_DIR").map(PathBuf::from));
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).ok()?.flatten() {
            let (path, name) = (entry.path(), entry.file_name());
            let name = name.to_string_lossy();
            if path.is_dir() {
                let hidden = name.starts_with('.') || name == "target" || name == "node_modules";
                folders.extend((!hidden).then_some(path));
            } else if name.ends_with(".rs") {
                files.push(path);
            }
        }
        if files.len() > FILES {
            return None;
        }
    }
    Some(files)
}

fn mentions(text: &str, name: &str, traits: &[&str]) -> bool {
    let word = |letter: char| letter.is_alphanumeric() || letter == '_';
    text.match_indices(name).any(|(at, _)| {
        let (before, after) = (text.get(..at).unwrap_or_default(), text.get(at + name.len()..));
        if before.ends_with(word) || after.unwrap_or_default().starts_with(word) {
            return false;
        }
        let begun = before.rfind(['{', '}', ';']).map_or(0, |end| end + 1);
        let (outer, statement) = before.split_at(begun);
        let mut words = statement.split(|letter| !word(letter));
        let by_hand = statement.contains("impl") && words.any(|word| traits.contains(&word));
        by_hand || renamed(statement, after.unwrap_or_default()) || called(statement, outer)
    })
}

/// Whether the type gets another name there, under which it may have the impl.
fn renamed(statement: &str, after: &str) -> bool {
    let statement = statement.trim_start().trim_start_matches("pub ");
    (statement.starts_with("type ") && statement.trim_end().ends_with('='))
        || (statement.starts_with("use ") && after.trim_start().starts_with("as "))
}

/// Whether it is within a macro call that may declare something.
fn called(statement: &str, outer: &str) -> bool {
    let calls = statement.match_indices('!').map(|(at, _)| statement.get(..at).unwrap_or_default());
    let opened = outer.strip_suffix('{').map(str::trim_end).and_then(|outer| outer.strip_suffix('!'));
    calls.chain(opened).any(|before| {
        let name = before.rsplit(|letter: char| !letter.is_alphanumeric() && letter != '_').next();
        name.is_some_and(|name| !name.is_empty() && !HARMLESS.contains(&name) && !name.contains("assert"))
    })
}

#[cfg(test)]
mod tests {
    use super::mentions;

    #[test]
    fn impls_by_hand_and_by_macros_are_found() {
        for text in [
            "impl Schema for Id { }",
            "impl<'de> serde::Deserialize<'de> for crate::Id {",
            "newtype!(Id);",
            "mod a; newtype! { Id, Other }",
            "type Alias = Id;",
            "use crate::ids::Id as Alias;",
        ] {
            assert!(mentions(text, "Id", &["Schema", "Deserialize"]), "{text}");
        }
    }

    #[test]
    fn uses_are_no_impls() {
        for text in [
            "impl Display for Id { }",
            "impl Schema for OrderId { }",
            "fn f(id: Id) -> String { format!(\"{}\", Id(1)) }",
            "fn f() { assert_eq!(id, Id(1)); }",
            "use crate::ids::Id;",
            "struct Order { id: Id }",
        ] {
            assert!(!mentions(text, "Id", &["Schema"]), "{text}");
        }
    }
}
