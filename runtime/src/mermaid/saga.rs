//! A saga, or an instance of one.

use std::collections::{BTreeMap, BTreeSet};

use super::chart::{Chart, Class, Line, Node, Outline};
use crate::catalog::{SagaCommandEntry, SagaEntry, SagaSends};
use crate::saga::{SagaDescription, StepDescription, StepKind, StepStatus, WayBack};

/// How far each step of an instance is.
pub(super) type Statuses<'a> = BTreeMap<&'a str, StepStatus>;

/// What is drawn.
struct Picture<'a> {
    saga: &'a SagaDescription,
    /// What starts it and what it sends, where that is known.
    entry: Option<&'a SagaEntry>,
    statuses: Option<&'a Statuses<'a>>,
    chart: Chart,
}

pub(super) fn drawn(
    saga: &SagaDescription,
    entry: Option<&SagaEntry>,
    statuses: Option<&Statuses<'_>>,
) -> String {
    let mut picture = Picture { saga, entry, statuses, chart: Chart::new("TD") };
    let nodes: Vec<_> = saga.steps.iter().map(|step| picture.step(step)).collect();
    picture.start(&nodes);
    picture.order();
    picture.end(&nodes);
    picture.back(&nodes);
    picture.chart.finish()
}

impl Picture<'_> {
    fn step(&mut self, step: &StepDescription) -> Node {
        let (outline, class, does) = match &step.kind {
            StepKind::Step => (Outline::Box, Class::Step, None),
            StepKind::Send { command, category } => {
                (Outline::Slant, Class::Command, Some(format!("sends {command} to {category}")))
            }
            StepKind::Wait { event, fails } => {
                let else_does = if *fails { "fails" } else { "goes on" };
                (Outline::Hexagon, Class::Wait, Some(format!("waits for {event}, else {else_does}")))
            }
        };
        let way_back = match &step.way_back {
            WayBack::ReadOnly => Some("read only".to_owned()),
            WayBack::Irreversible(reason) => Some(format!("irreversible: {reason}")),
            WayBack::Undo(_) | WayBack::NotNeeded => None,
        };
        let pivot = step.pivot.then(|| "pivot".to_owned());
        let status = self.status(step);
        let status_line = status.map(|status| status.to_string());
        let lines = [Some(step.name.clone()), does, way_back, pivot, status_line];
        let lines: Vec<_> = lines.iter().flatten().map(String::as_str).collect();
        let node = self.chart.node("step", &step.name, outline, &lines, status.map_or(class, class_of));
        if step.pivot {
            self.chart.class(&node, Class::Pivot);
        }
        node
    }

    fn status(&self, step: &StepDescription) -> Option<StepStatus> {
        self.statuses.map(|statuses| statuses.get(step.name.as_str()).copied().unwrap_or_default())
    }

    /// What starts it, and the steps that are begun at once.
    fn start(&mut self, nodes: &[Node]) {
        let start = self.chart.node("saga", "start", Outline::Circle, &["start"], Class::End);
        for event in self.entry.map_or(&[][..], |entry| &entry.starts) {
            let event = self.chart.node("event", event, Outline::Round, &[event], Class::Event);
            self.chart.edge(&event, &start, Line::Solid, "starts");
        }
        for (_, node) in self.saga.steps.iter().zip(nodes).filter(|(step, _)| step.after.is_empty()) {
            self.chart.edge(&start, node, Line::Solid, "");
        }
    }

    /// Which step comes after which.
    fn order(&mut self) {
        for step in &self.saga.steps {
            let Some(to) = self.chart.find("step", &step.name) else { continue };
            for before in &step.after {
                if let Some(from) = self.chart.find("step", before) {
                    self.chart.edge(&from, &to, Line::Solid, "");
                }
            }
        }
    }

    /// The end, after the steps that nothing comes after.
    fn end(&mut self, nodes: &[Node]) {
        let end = self.chart.node("saga", "completed", Outline::Circle, &["completed"], Class::End);
        let followed: BTreeSet<_> = self.saga.steps.iter().flat_map(|step| &step.after).collect();
        for (_, node) in self.saga.steps.iter().zip(nodes).filter(|(step, _)| !followed.contains(&step.name))
        {
            self.chart.edge(node, &end, Line::Solid, "");
        }
    }

    /// The undos, in the order of compensation, and what is sent at its end.
    fn back(&mut self, nodes: &[Node]) {
        let mut undos = Vec::new();
        for (step, node) in self.saga.steps.iter().zip(nodes) {
            if let WayBack::Undo(function) = &step.way_back {
                let undo = self.undo(step, function);
                self.chart.edge(node, &undo, Line::Dotted, "undo");
                undos.push((step.name.as_str(), undo));
            }
        }
        let last_word = self.sends().find(|sent| sent.when == SagaSends::Failed).cloned();
        if undos.is_empty() && last_word.is_none() {
            return;
        }
        let end = self.chart.node("saga", "compensated", Outline::Circle, &["compensated"], Class::End);
        for (step, undo) in &undos {
            let next = self.undone_after(step, &undos);
            for next in &next {
                self.chart.edge(undo, next, Line::Dotted, "");
            }
            if next.is_empty() {
                self.chart.edge(undo, &end, Line::Dotted, "");
            }
        }
        if let Some(SagaCommandEntry { command, category, .. }) = last_word {
            let text = format!("sends {command} to {category}");
            let sent = self.chart.node("saga", "failed", Outline::Slant, &[&text], Class::Command);
            self.chart.edge(&end, &sent, Line::Dotted, "");
        }
    }

    fn undo(&mut self, step: &StepDescription, function: &str) -> Node {
        let sent = self.sends().find(|sent| matches!(sent.when, SagaSends::Undo(of) if of == step.name));
        let sends = sent.map(|sent| format!("sends {} to {}", sent.command, sent.category));
        let lines: Vec<_> = std::iter::once(function).chain(sends.as_deref()).collect();
        let outline = if sends.is_some() { Outline::Slant } else { Outline::Box };
        let class = match self.status(step) {
            Some(status @ (StepStatus::Undoing | StepStatus::Stuck | StepStatus::Undone)) => class_of(status),
            _ => Class::Undo,
        };
        self.chart.node("undo", &step.name, outline, &lines, class)
    }

    /// The undos that come next after that of a step: no other one lies between.
    fn undone_after(&self, step: &str, undos: &[(&str, Node)]) -> Vec<Node> {
        let before = self.saga.before(step);
        let earlier: Vec<_> = undos.iter().filter(|(other, _)| before.contains(other)).collect();
        let between = |name: &str| earlier.iter().any(|(other, _)| self.saga.before(other).contains(name));
        earlier.iter().filter(|(other, _)| !between(other)).map(|(_, undo)| undo.clone()).collect()
    }

    fn sends(&self) -> impl Iterator<Item = &SagaCommandEntry> {
        self.entry.into_iter().flat_map(|entry| &entry.sends)
    }
}

const fn class_of(status: StepStatus) -> Class {
    match status {
        StepStatus::Pending => Class::Pending,
        StepStatus::Running => Class::Running,
        StepStatus::Waiting => Class::Waiting,
        StepStatus::Done => Class::Done,
        StepStatus::Skipped => Class::Skipped,
        StepStatus::Failed => Class::Failed,
        StepStatus::Unknown => Class::Unknown,
        StepStatus::Undoing => Class::Undoing,
        StepStatus::Stuck => Class::Stuck,
        StepStatus::Undone => Class::Undone,
    }
}
