//! The flow of commands and events as one picture.

use std::collections::BTreeSet;

use super::chart::{Chart, Class, Line, Node, Outline};
use crate::catalog::{Catalog, SagaEntry, SagaSends};

pub(super) fn drawn(catalog: &Catalog) -> String {
    let mut chart = Chart::new("LR");
    let sagas: Vec<_> = catalog.sagas().filter(|saga| catalog.find_saga(saga.name) == Some(*saga)).collect();
    commands(&mut chart, catalog, &sagas);
    events(&mut chart, catalog);
    followers(&mut chart, catalog);
    for saga in sagas {
        draw_saga(&mut chart, saga);
    }
    chart.finish()
}

/// The commands that are listed or sent, and who decides on them.
fn commands(chart: &mut Chart, catalog: &Catalog, sagas: &[&SagaEntry]) {
    let listed = catalog.commands().map(|command| (command.category, command.name));
    let sent = sagas.iter().flat_map(|saga| &saga.sends).map(|sent| (sent.category, sent.command));
    let commands: BTreeSet<_> = listed.chain(sent).collect();
    let categories: BTreeSet<_> = commands
        .iter()
        .map(|(category, _)| *category)
        .chain(catalog.aggregates().map(|aggregate| aggregate.category))
        .collect();
    for (category, name) in &commands {
        chart.node("command", &key(category, name), Outline::Slant, &[name], Class::Command);
    }
    for category in categories {
        let aggregate = chart.node("aggregate", category, Outline::Double, &[category], Class::Aggregate);
        for (_, name) in commands.iter().filter(|(of, _)| *of == category) {
            if let Some(command) = chart.find("command", &key(category, name)) {
                chart.edge(&command, &aggregate, Line::Solid, "");
            }
        }
    }
}

/// Two aggregates may have commands of one name.
fn key(category: &str, command: &str) -> String {
    format!("{category} {command}")
}

fn events(chart: &mut Chart, catalog: &Catalog) {
    for event in catalog.events() {
        chart.node("event", event.name, Outline::Round, &[event.name], Class::Event);
    }
    for aggregate in catalog.aggregates() {
        let Some(from) = chart.find("aggregate", aggregate.category) else { continue };
        for event in &aggregate.events {
            if let Some(event) = chart.find("event", event) {
                chart.edge(&from, &event, Line::Solid, "");
            }
        }
    }
}

fn followers(chart: &mut Chart, catalog: &Catalog) {
    for model in catalog.read_models() {
        let to = chart.node("view", model.table, Outline::Cylinder, &[model.table], Class::View);
        follow(chart, &model.handles, &to, "");
    }
    for projection in catalog.projections() {
        let to =
            chart.node("projection", projection.name, Outline::Cylinder, &[projection.name], Class::View);
        let handled = projection.events.iter().copied().filter(|event| !projection.ignores.contains(event));
        follow(chart, &handled.collect::<Vec<_>>(), &to, "");
    }
    for reactor in catalog.reactors() {
        let to = chart.node("reactor", reactor.name, Outline::Hexagon, &[reactor.name], Class::Reactor);
        follow(chart, &reactor.events, &to, "");
    }
}

fn draw_saga(chart: &mut Chart, saga: &SagaEntry) {
    let node = chart.node("saga", saga.name, Outline::Hexagon, &[saga.name], Class::Saga);
    follow(chart, &saga.starts, &node, "starts");
    follow(chart, &saga.waits, &node, "is waited for by");
    let mut drawn = BTreeSet::new();
    for sent in &saga.sends {
        let key = key(sent.category, sent.command);
        let (line, label) = match sent.when {
            SagaSends::Step(_) => (Line::Solid, "sends"),
            SagaSends::Undo(_) => (Line::Dotted, "undoes by"),
            SagaSends::Failed => (Line::Dotted, "has failed"),
        };
        if drawn.insert((key.clone(), label))
            && let Some(command) = chart.find("command", &key)
        {
            chart.edge(&node, &command, line, label);
        }
    }
}

fn follow(chart: &mut Chart, events: &[&str], to: &Node, label: &str) {
    for event in events {
        if let Some(event) = chart.find("event", event) {
            chart.edge(&event, to, Line::Solid, label);
        }
    }
}
