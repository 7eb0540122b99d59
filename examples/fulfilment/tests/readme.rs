//! The README shows what the code says, and names only what the program has.

use std::process::Output;

use crate::server::command;

const README: &str = include_str!("../README.md");

#[test]
fn the_readme_shows_the_saga_as_it_is() {
    let diagram = fulfilment::saga_catalog().mermaid().saga("order-fulfilment").unwrap();
    assert!(
        README.contains(&format!("```mermaid\n{diagram}```\n")),
        "examples/fulfilment/README.md is stale; the saga is now\n```mermaid\n{diagram}```"
    );
}

#[test]
fn the_readme_shows_the_flow_of_the_reactors_as_it_is() {
    let diagram = fulfilment::reactor_catalog().mermaid().flow();
    assert!(
        README.contains(&format!("```mermaid\n{diagram}```\n")),
        "examples/fulfilment/README.md is stale; the flow is now\n```mermaid\n{diagram}```"
    );
}

#[test]
fn every_command_and_option_of_the_readme_is_there() {
    let commands: Vec<_> =
        README.lines().filter_map(|line| line.split("cargo run -p fulfilment -- ").nth(1)).collect();
    assert!(commands.len() > 5, "{commands:?}");
    for line in commands {
        let words: Vec<_> = line.split('#').next().unwrap_or_default().split_whitespace().collect();
        let Some(name) = words.first().filter(|word| !word.starts_with("--")) else { continue };
        let Output { status, stdout, .. } = command(&[name, "--help"]).output().unwrap();
        assert!(status.success(), "there is no `{name}`");
        let help = String::from_utf8(stdout).unwrap();
        for option in words.iter().filter(|word| word.starts_with("--")) {
            assert!(help.contains(*option), "`{name}` has no `{option}`");
        }
    }
}
