//! The files of the crate that is being compiled, from its root on.

use std::path::{Path, PathBuf};
use std::{env, fs};

use crate::source::structure;

/// The files, the root first. `None` where that is not certain: the root is not known, or a file
/// is included in a way that is not read here.
pub(super) fn files() -> Option<Vec<PathBuf>> {
    let root = root()?;
    let mut files = vec![root.clone()];
    let home = root.parent()?.to_path_buf();
    collect(&root, &home, &mut files)?;
    Some(files)
}

/// The file that the compiler was started with.
pub(super) fn root() -> Option<PathBuf> {
    let named = env::args_os().skip(1).map(PathBuf::from);
    let mut roots = named.filter(|named| named.extension().is_some_and(|extension| extension == "rs"));
    let root = roots.next()?;
    if roots.next().is_some() {
        return None;
    }
    root.canonicalize().ok()
}

fn collect(file: &Path, folder: &Path, files: &mut Vec<PathBuf>) -> Option<()> {
    let text = fs::read_to_string(file).ok()?;
    if text.contains("include!") {
        return None;
    }
    for module in modules(&text)? {
        let Some(inner) = find(folder, &module) else {
            // It may not be part of this build.
            continue;
        };
        let inner = inner.canonicalize().ok()?;
        if files.contains(&inner) {
            continue;
        }
        files.push(inner.clone());
        let folder = module.iter().fold(folder.to_path_buf(), |folder, name| folder.join(name));
        collect(&inner, &folder, files)?;
    }
    Some(())
}

/// The file of the module, of which the last name is declared within the others.
pub(super) fn find(folder: &Path, module: &[String]) -> Option<PathBuf> {
    let (name, outer) = module.split_last()?;
    let folder = outer.iter().fold(folder.to_path_buf(), |folder, name| folder.join(name));
    let places = [folder.join(format!("{name}.rs")), folder.join(name).join("mod.rs")];
    places.into_iter().find(|place| place.is_file())
}

/// The modules that are in files of their own, each after the modules around it. `None` if one of
/// them says where its file is.
fn modules(text: &str) -> Option<Vec<Vec<String>>> {
    let (mut found, mut open, mut begun) = (Vec::new(), Vec::new(), 0);
    for (at, letter) in structure(text) {
        let header = text.get(begun..at).unwrap_or_default();
        begun = at + 1;
        if letter == '}' {
            open.pop();
            continue;
        }
        let mut words = header.split_whitespace().rev();
        let name = words.next().filter(|_| words.next() == Some("mod"));
        let name = name.map(|name| name.trim_start_matches("r#").to_owned());
        match name {
            Some(name) if letter == ';' => {
                if header.contains("path") && header.contains("#[") {
                    return None;
                }
                let outer = open.iter().flatten().cloned();
                found.push(outer.chain([name]).collect());
            }
            name if letter == '{' => open.push(name),
            _ => {}
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::modules;

    #[test]
    fn modules_of_other_files_are_found() {
        let text =
            "//! mod a;\n#[cfg(test)] mod b; pub mod c { fn f() { } mod d; } pub(crate) mod r#type; mod e {}";
        let expected = ["b", "c/d", "type"];
        let found: Vec<String> = modules(text).unwrap().iter().map(|module| module.join("/")).collect();
        assert_eq!(found, expected);
        assert!(modules("#[path = \"x.rs\"] mod a;").is_none());
    }
}
