//! The example without arguments: it prints what stands in a file beside this one.

use std::fs;

use tempfile::TempDir;

use crate::server::command;

#[test]
fn twenty_orders_come_to_the_ends_that_they_come_to_every_time() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("diagrams.md");
    let path = path.to_str().unwrap();
    let output = command(&["--diagram", path]).output().unwrap();
    let (stdout, stderr) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!((output.status.code(), &*stderr), (Some(0), ""));
    assert_eq!(stdout.replace(path, "FILE"), include_str!("sample.out"));

    let diagrams = fs::read_to_string(path).unwrap();
    let saga = fulfilment::saga_catalog().mermaid().saga("order-fulfilment").unwrap();
    assert!(diagrams.contains(&saga), "{diagrams}");
    assert_eq!(diagrams.matches("```mermaid\n").count(), 3, "two flows and a saga: {diagrams}");
}

#[test]
fn a_diagram_that_cannot_be_written_is_said_in_words() {
    let output = command(&["--diagram", "/nowhere/diagrams.md"]).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr.starts_with("fulfilment: /nowhere/diagrams.md cannot be written: "), "{stderr}");
}
