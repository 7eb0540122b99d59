//! What the macros cost the compiler: `cargo check` of a hundred aggregates, and of thirty sagas, declared by macros, and of the same written by hand on the public traits.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

use crate::Result;
use crate::cpu;
use crate::measure::{Comparison, Sample, Side, Target, Unit, Workload};

/// How many aggregates, of three events and three commands each.
const AGGREGATES: usize = 100;

const DECLARED: &str = include_str!("compile/declared.rs");
const BY_HAND: &str = include_str!("compile/by_hand.rs");

/// How many sagas, of eight steps and five undos each.
const SAGAS: usize = 30;

const DECLARED_SAGA: &str = include_str!("compile/declared_saga.rs");
const SAGA_BY_HAND: &str = include_str!("compile/saga_by_hand.rs");

/// What is compiled: a module, so many times, each with a number in place of the 0 of its name.
struct Modules {
    count: usize,
    name: &'static str,
    declared: &'static str,
    by_hand: &'static str,
}

/// A hundred aggregates.
pub(crate) async fn aggregates() -> Result<Workload> {
    compile(Modules { count: AGGREGATES, name: "account", declared: DECLARED, by_hand: BY_HAND }).await
}

/// Thirty sagas.
pub(crate) async fn sagas() -> Result<Workload> {
    compile(Modules { count: SAGAS, name: "saga", declared: DECLARED_SAGA, by_hand: SAGA_BY_HAND }).await
}

async fn compile(modules: Modules) -> Result<Workload> {
    let project = Arc::new(project(&modules)?);
    let side = |name, package| {
        let project = Arc::clone(&project);
        Side::new(name, move |_| {
            let folder = project.path().to_owned();
            async move { tokio::task::spawn_blocking(move || check(&folder, package)).await? }
        })
    };
    // Dependencies first, and everything once.
    check(project.path(), "declared")?;
    check(project.path(), "by_hand")?;
    Ok(Workload {
        unit: Unit::Milliseconds,
        sides: vec![side("macros", "declared"), side("by hand", "by_hand")],
        comparisons: vec![Comparison::new(0, 1, Target::AtMost(1.5))],
    })
}

/// A workspace of two crates outside the repository.
fn project(modules: &Modules) -> Result<TempDir> {
    let Modules { count, name, declared, by_hand } = modules;
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
    let folder = tempfile::tempdir()?;
    let manifest = "[workspace]\nresolver = \"3\"\nmembers = [\"declared\", \"by_hand\"]\n";
    fs::write(folder.path().join("Cargo.toml"), manifest)?;
    for file in ["Cargo.lock", "rust-toolchain.toml"] {
        fs::copy(repository.join(file), folder.path().join(file))?;
    }
    for (package, template) in [("declared", declared), ("by_hand", by_hand)] {
        let sources = folder.path().join(package).join("src");
        fs::create_dir_all(&sources)?;
        let manifest = format!(
            "[package]\nname = \"{package}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[dependencies]\n\
             kenning = {{ path = {:?} }}\nserde = {{ version = \"1\", features = [\"derive\"] }}\n\
             uuid = \"1\"\n",
            repository.join("runtime")
        );
        fs::write(folder.path().join(package).join("Cargo.toml"), manifest)?;
        let mut root = String::new();
        for nth in 0..*count {
            writeln!(root, "pub mod {name}_{nth};")?;
            let module = template.replace(&format!("{name}_0"), &format!("{name}_{nth}"));
            fs::write(sources.join(format!("{name}_{nth}.rs")), module)?;
        }
        fs::write(sources.join("lib.rs"), root)?;
    }
    Ok(folder)
}

/// Checks one of the crates anew and returns the CPU time in milliseconds: unlike the wall's, it does not grow when others use the machine.
fn check(folder: &Path, package: &str) -> Result<Sample> {
    let root: PathBuf = folder.join(package).join("src/lib.rs");
    File::options().append(true).open(root)?.set_modified(SystemTime::now())?;
    let before = cpu::children().unwrap_or_default();
    let checked = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["check", "--offline", "--quiet", "--package", package])
        .current_dir(folder)
        .env("CARGO_INCREMENTAL", "0")
        .env("CARGO_TARGET_DIR", folder.join("target"))
        .stdin(Stdio::null())
        .output()?;
    if !checked.status.success() {
        // One mistake of the template is there a hundred times.
        let errors = String::from_utf8_lossy(&checked.stderr);
        return Err(errors.lines().take(20).collect::<Vec<_>>().join("\n").into());
    }
    let used: Duration = cpu::children().unwrap_or_default().saturating_sub(before);
    Ok(Sample::time(used.as_secs_f64() * 1e3, 1))
}
