//! Whatever things are named, a diagram is one. The rules here are a part of Mermaid's grammar, the part that diagrams are made of; its own parser has taken diagrams with such names.

use std::collections::BTreeSet;

use proptest::prelude::*;

use crate::saga::{Purchase, SagaDescription, StepKind, StepStatus, WayBack};

/// Says what is wrong with the first line that is.
pub(super) fn check(diagram: &str) -> Result<(), String> {
    let mut nodes = BTreeSet::new();
    let mut mentions = BTreeSet::new();
    let mut styles = BTreeSet::new();
    for (number, line) in diagram.lines().enumerate() {
        let wrong = || format!("line {}: {line}", number + 1);
        if number == 0 {
            if !["flowchart LR", "flowchart TD"].contains(&line) {
                return Err(wrong());
            }
            continue;
        }
        let line = line.strip_prefix("  ").ok_or_else(wrong)?;
        if let Some(definition) = line.strip_prefix("classDef ") {
            let (name, _) = definition.split_once(' ').ok_or_else(wrong)?;
            styles.insert(name.to_owned());
        } else if let Some(use_of) = line.strip_prefix("class ") {
            let (ids, name) = use_of.split_once(' ').ok_or_else(wrong)?;
            mentions.extend(ids.split(',').map(str::to_owned));
            if !styles.contains(name) {
                return Err(wrong());
            }
        } else if let Some((from, to)) = edge(line) {
            mentions.extend([from.to_owned(), to.to_owned()]);
        } else {
            let id = node(line).ok_or_else(wrong)?;
            if !nodes.insert(id.to_owned()) {
                return Err(wrong());
            }
        }
    }
    match mentions.difference(&nodes).next() {
        Some(unknown) => Err(format!("`{unknown}` is no node")),
        None => Ok(()),
    }
}

/// `from -->|"label"| to`
fn edge(line: &str) -> Option<(&str, &str)> {
    let (from, rest) = line.split_once(' ')?;
    let (arrow, to) = rest.rsplit_once(' ')?;
    let label = arrow.strip_prefix("-->").or_else(|| arrow.strip_prefix("-.->"))?;
    let labelled = label.strip_prefix("|\"").and_then(|label| label.strip_suffix("\"|")).is_some_and(is_text);
    ((label.is_empty() || labelled) && is_id(from) && is_id(to)).then_some((from, to))
}

/// `id["label"]`, in any outline.
fn node(line: &str) -> Option<&str> {
    let id = line.split(['[', '(', '{']).next().filter(|id| is_id(id))?;
    let (open, rest) = line[id.len()..].split_once('"')?;
    let (label, close) = rest.rsplit_once('"')?;
    let outlines =
        [("[", "]"), ("(", ")"), ("((", "))"), ("[/", "/]"), ("{{", "}}"), ("[(", ")]"), ("[[", "]]")];
    (outlines.contains(&(open, close)) && label.split("<br/>").all(is_text)).then_some(id)
}

fn is_id(id: &str) -> bool {
    id.starts_with(|c: char| c.is_ascii_alphabetic())
        && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !["end", "class", "classDef", "subgraph", "style"].contains(&id)
}

fn is_text(text: &str) -> bool {
    !text.is_empty() && !text.contains(['"', '<', '>', '&', '`', '|']) && !text.contains(char::is_control)
}

/// A saga with these names.
fn named(names: &[String]) -> SagaDescription {
    let mut saga = SagaDescription::of::<Purchase>();
    let name = |place: usize| names[place % names.len()].clone();
    saga.name = name(0);
    for (place, step) in saga.steps.iter_mut().enumerate() {
        step.name = name(place);
    }
    saga.steps[0].way_back = WayBack::Undo(name(5));
    saga.steps[1].way_back = WayBack::Irreversible(name(6));
    saga.steps[2].after = vec![name(0), name(1)];
    saga.steps[2].kind = StepKind::Wait { event: name(7), fails: true };
    saga.steps[3].after = vec![name(2)];
    saga.steps[4].after = vec![name(3)];
    saga.steps[4].kind = StepKind::Send { command: name(8), category: name(9) };
    saga
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn any_names_are_drawn(names in proptest::collection::vec(".{0,12}", 1..11)) {
        let saga = named(&names);
        prop_assert_eq!(check(&saga.mermaid()), Ok(()));
        let steps: Vec<_> = saga.steps.iter().map(|step| (step.name.as_str(), StepStatus::Done)).collect();
        prop_assert_eq!(check(&saga.mermaid_of_instance(steps)), Ok(()));
    }
}

#[test]
fn names_that_are_words_of_the_language_are_drawn() {
    let names = [
        "end",
        "a\"]; click x",
        "a|b",
        "<b>&amp;",
        "`code`",
        "#quot;",
        "%%{init}%%",
        "]]",
        "été ☃",
        "a b",
        "a-b",
        "a_b",
    ];
    let saga = named(&names.map(str::to_owned));
    let diagram = saga.mermaid();
    assert_eq!(check(&diagram), Ok(()));
    assert!(diagram.contains("  step_end[\"end\"]\n"), "{diagram}");
    assert!(
        diagram.contains(
            "[\"a#quot;]#59; click x<br/>irreversible: %%{init}%%\"]".replace('%', "#37;").as_str()
        ),
        "{diagram}"
    );
}

#[test]
fn names_that_differ_have_nodes_that_differ() {
    let names = ["a b", "a-b", "a_b", "a.b", "a/b"].map(str::to_owned);
    let diagram = named(&names).mermaid();
    assert_eq!(check(&diagram), Ok(()));
    for id in ["step_a_b", "step_a_b_2", "step_a_b_3", "step_a_b_4", "step_a_b_5"] {
        assert_eq!(
            diagram.matches(&format!("  {id}[")).count() + diagram.matches(&format!("  {id}{{")).count(),
            1,
            "{diagram}"
        );
    }
}
