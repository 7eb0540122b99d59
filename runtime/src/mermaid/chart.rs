//! Writing a flowchart.

use std::collections::{BTreeMap, BTreeSet};

/// A flowchart that is being written. What is declared and drawn appears in that order.
pub(super) struct Chart {
    text: String,
    /// The identifiers that were given to things of a kind and a name.
    ids: BTreeMap<(&'static str, String), String>,
    classes: BTreeMap<Class, Vec<String>>,
}

/// A node, once it is declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Node(String);

/// The outline of a node.
#[derive(Clone, Copy, Debug)]
pub(super) enum Outline {
    Box,
    Round,
    Circle,
    Slant,
    Hexagon,
    Cylinder,
    Double,
}

/// How a line is drawn.
#[derive(Clone, Copy, Debug)]
pub(super) enum Line {
    Solid,
    Dotted,
}

/// What a node is, or how it is: its colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    Command,
    Aggregate,
    Event,
    View,
    Reactor,
    Saga,
    Step,
    Wait,
    Pivot,
    Undo,
    End,
    Pending,
    Running,
    Waiting,
    Done,
    Skipped,
    Failed,
    Unknown,
    Undoing,
    Stuck,
    Undone,
}

impl Chart {
    /// `LR` from left to right, `TD` from top to bottom.
    pub(super) fn new(direction: &str) -> Self {
        Self { text: format!("flowchart {direction}\n"), ids: BTreeMap::new(), classes: BTreeMap::new() }
    }

    /// Declares a node with the lines of its label. One of a kind and a name that is there already stays as it is.
    pub(super) fn node(
        &mut self,
        kind: &'static str,
        name: &str,
        outline: Outline,
        label: &[&str],
        class: Class,
    ) -> Node {
        if let Some(known) = self.find(kind, name) {
            return known;
        }
        let id = self.free_id(kind, name);
        self.ids.insert((kind, name.to_owned()), id.clone());
        let (open, close) = outline.brackets();
        let label: Vec<_> = label.iter().map(|line| escaped(line)).collect();
        self.text.push_str(&format!("  {id}{open}\"{}\"{close}\n", label.join("<br/>")));
        let node = Node(id);
        self.class(&node, class);
        node
    }

    pub(super) fn find(&self, kind: &'static str, name: &str) -> Option<Node> {
        self.ids.get(&(kind, name.to_owned())).cloned().map(Node)
    }

    /// Gives a node further colours.
    pub(super) fn class(&mut self, node: &Node, class: Class) {
        self.classes.entry(class).or_default().push(node.0.clone());
    }

    pub(super) fn edge(&mut self, from: &Node, to: &Node, line: Line, label: &str) {
        let arrow = match line {
            Line::Solid => "-->",
            Line::Dotted => "-.->",
        };
        let label = if label.is_empty() { String::new() } else { format!("|\"{}\"|", escaped(label)) };
        self.text.push_str(&format!("  {} {arrow}{label} {}\n", from.0, to.0));
    }

    /// The text of the diagram.
    pub(super) fn finish(self) -> String {
        let mut text = self.text;
        for (class, nodes) in self.classes {
            let (name, style) = class.style();
            text.push_str(&format!("  classDef {name} {style}\n  class {} {name}\n", nodes.join(",")));
        }
        text
    }

    /// An identifier that a person recognises and no other node has.
    fn free_id(&self, kind: &str, name: &str) -> String {
        let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
        let id = format!("{kind}_{}", name.chars().map(plain).collect::<String>());
        let taken: BTreeSet<&str> = self.ids.values().map(String::as_str).collect();
        if !taken.contains(id.as_str()) {
            return id;
        }
        let mut numbered = (2..).map(|number: usize| format!("{id}_{number}"));
        numbered.find(|id| !taken.contains(id.as_str())).unwrap_or(id)
    }
}

impl Outline {
    const fn brackets(self) -> (&'static str, &'static str) {
        match self {
            Self::Box => ("[", "]"),
            Self::Round => ("(", ")"),
            Self::Circle => ("((", "))"),
            Self::Slant => ("[/", "/]"),
            Self::Hexagon => ("{{", "}}"),
            Self::Cylinder => ("[(", ")]"),
            Self::Double => ("[[", "]]"),
        }
    }
}

impl Class {
    /// The name of the class, and its style. Each sets its own text's colour, so that it can be read on a dark page.
    const fn style(self) -> (&'static str, &'static str) {
        match self {
            Self::Command => ("command", "fill:#d0ebff,stroke:#1971c2,color:#000"),
            Self::Aggregate => ("aggregate", "fill:#fff3bf,stroke:#e67700,color:#000"),
            Self::Event => ("event", "fill:#ffe8cc,stroke:#d9480f,color:#000"),
            Self::View => ("view", "fill:#d3f9d8,stroke:#2b8a3e,color:#000"),
            Self::Reactor => ("reactor", "fill:#e5dbff,stroke:#5f3dc4,color:#000"),
            Self::Saga => ("saga", "fill:#ffdeeb,stroke:#a61e4d,color:#000"),
            Self::Step => ("step", "fill:#f8f9fa,stroke:#495057,color:#000"),
            Self::Wait => ("wait", "fill:#ffe8cc,stroke:#d9480f,color:#000"),
            Self::Pivot => ("pivot", "stroke-width:4px"),
            Self::Undo => ("undo", "fill:#fff,stroke:#868e96,color:#000,stroke-dasharray:4 3"),
            Self::End => ("terminal", "fill:#343a40,stroke:#343a40,color:#fff"),
            Self::Pending => ("pending", "fill:#fff,stroke:#ced4da,color:#868e96"),
            Self::Running => ("running", "fill:#a5d8ff,stroke:#1971c2,color:#000"),
            Self::Waiting => ("waiting", "fill:#ffec99,stroke:#e67700,color:#000"),
            Self::Done => ("done", "fill:#b2f2bb,stroke:#2b8a3e,color:#000"),
            Self::Skipped => ("skipped", "fill:#e9ecef,stroke:#2b8a3e,color:#000"),
            Self::Failed => ("failed", "fill:#ffa8a8,stroke:#c92a2a,color:#000"),
            Self::Unknown => ("unknown", "fill:#ffd8a8,stroke:#c92a2a,color:#000"),
            Self::Undoing => ("undoing", "fill:#d0bfff,stroke:#5f3dc4,color:#000"),
            Self::Stuck => ("stuck", "fill:#c92a2a,stroke:#c92a2a,color:#fff"),
            Self::Undone => ("undone", "fill:#dee2e6,stroke:#5f3dc4,color:#000"),
        }
    }
}

/// A text that cannot end its quotes, nor be taken for markup or for Markdown. There is no empty text in the language.
fn escaped(text: &str) -> String {
    if text.is_empty() {
        return " ".to_owned();
    }
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' => safe.push_str("#quot;"),
            '<' => safe.push_str("#lt;"),
            '>' => safe.push_str("#gt;"),
            '&' => safe.push_str("#amp;"),
            '#' | '`' | '*' | '\\' | '%' | ';' | '~' | '|' => safe.push_str(&format!("#{};", u32::from(c))),
            c if c.is_control() => safe.push(' '),
            c => safe.push(c),
        }
    }
    safe
}
