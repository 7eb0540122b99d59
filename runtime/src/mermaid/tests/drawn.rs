//! What is drawn, letter by letter.

use super::language::check;
use crate::Catalog;
use crate::app::tests::account::{Account, Move};
use crate::saga::{Purchase, SagaDescription, StepStatus, WayBack};

fn catalog() -> Catalog {
    Catalog::new().aggregate::<Account>().command::<Move>().saga::<Purchase>()
}

/// The diagram without its colours.
fn plain(diagram: &str) -> String {
    assert_eq!(check(diagram), Ok(()));
    diagram.lines().filter(|line| !line.starts_with("  class")).map(|line| format!("{line}\n")).collect()
}

#[test]
fn the_flow_is_one_picture() {
    let flow = catalog().mermaid().flow();
    assert_eq!(
        plain(&flow),
        "\
flowchart LR
  command_account_Move[/\"Move\"/]
  command_account_Open[/\"Open\"/]
  aggregate_account[[\"account\"]]
  command_account_Move --> aggregate_account
  command_account_Open --> aggregate_account
  event_account_moved(\"account.moved\")
  event_account_opened(\"account.opened\")
  aggregate_account --> event_account_moved
  aggregate_account --> event_account_opened
  saga_purchase{{\"purchase\"}}
  event_account_opened -->|\"starts\"| saga_purchase
  event_account_moved -->|\"is waited for by\"| saga_purchase
  saga_purchase -->|\"sends\"| command_account_Move
  saga_purchase -.->|\"has failed\"| command_account_Open
"
    );
    assert!(flow.contains("  class event_account_moved,event_account_opened event\n"), "{flow}");
}

#[test]
fn a_saga_is_drawn_with_its_undos_pivot_and_waits() {
    let drawn = catalog().mermaid().saga("purchase").unwrap();
    assert_eq!(
        plain(&drawn),
        "\
flowchart TD
  step_reserve[\"reserve\"]
  step_check[\"check<br/>read only\"]
  step_settled{{\"settled<br/>waits for account.moved, else fails\"}}
  step_ship[\"ship<br/>pivot\"]
  step_thank[/\"thank<br/>sends Move to account\"/]
  saga_start((\"start\"))
  event_account_opened(\"account.opened\")
  event_account_opened -->|\"starts\"| saga_start
  saga_start --> step_reserve
  saga_start --> step_check
  step_reserve --> step_settled
  step_check --> step_settled
  step_settled --> step_ship
  step_ship --> step_thank
  saga_completed((\"completed\"))
  step_thank --> saga_completed
  undo_reserve[\"release\"]
  step_reserve -.->|\"undo\"| undo_reserve
  saga_compensated((\"compensated\"))
  undo_reserve -.-> saga_compensated
  saga_failed[/\"sends Open to account\"/]
  saga_compensated -.-> saga_failed
"
    );
    assert!(drawn.contains("  class step_ship pivot\n"), "{drawn}");
    assert_eq!(catalog().mermaid().saga("none"), None);
}

#[test]
fn undos_follow_each_other_in_the_order_of_compensation() {
    let mut saga = SagaDescription::of::<Purchase>();
    saga.steps[1].way_back = WayBack::Undo("uncheck".to_owned());
    saga.steps[3].pivot = false;
    saga.steps[3].way_back = WayBack::Undo("take_back".to_owned());
    saga.steps[4].way_back = WayBack::Undo("forget".to_owned());
    let undos: Vec<_> = plain(&saga.mermaid())
        .lines()
        .filter(|line| line.starts_with("  undo_") && line.contains("-.->"))
        .map(|line| line.trim().to_owned())
        .collect();
    assert_eq!(
        undos,
        [
            "undo_reserve -.-> saga_compensated",
            "undo_check -.-> saga_compensated",
            "undo_ship -.-> undo_reserve",
            "undo_ship -.-> undo_check",
            "undo_thank -.-> undo_ship",
        ]
    );
}

#[test]
fn an_instance_is_drawn_with_how_far_its_steps_are() {
    let drawn = SagaDescription::of::<Purchase>().mermaid_of_instance([
        ("reserve", StepStatus::Undoing),
        ("check", StepStatus::Done),
        ("settled", StepStatus::Failed),
        ("no such step", StepStatus::Done),
    ]);
    let text = plain(&drawn);
    for node in [
        "step_reserve[\"reserve<br/>undoing\"]",
        "step_check[\"check<br/>read only<br/>done\"]",
        "step_settled{{\"settled<br/>waits for account.moved, else fails<br/>failed\"}}",
        "step_ship[\"ship<br/>pivot<br/>pending\"]",
    ] {
        assert!(text.contains(node), "{node}: {text}");
    }
    for class in [
        "class step_reserve,undo_reserve undoing",
        "class step_check done",
        "class step_settled failed",
        "class step_ship,step_thank pending",
    ] {
        assert!(drawn.contains(class), "{class}: {drawn}");
    }
}

#[test]
fn a_page_has_every_diagram_once() {
    let catalog = catalog();
    let page = catalog.mermaid().to_string();
    let blocks: Vec<_> =
        page.split("```mermaid\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert_eq!(blocks, [catalog.mermaid().flow(), catalog.mermaid().saga("purchase").unwrap()]);
    assert!(page.contains("## The saga `purchase`, version 1\n"), "{page}");
    assert_eq!(check(&Catalog::new().mermaid().flow()), Ok(()));
}
