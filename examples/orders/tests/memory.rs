//! On the memory store: every run begins with nothing.

use serde_json::json;

use crate::program::{HEADER, Run, command, file, orders};

#[test]
fn the_sample_is_placed_and_shown_as_a_table() {
    let run = Run::of(command(&[]).output());
    let stdout: String = run.stdout.lines().map(|line| format!("{}\n", without_time(line))).collect();
    assert_eq!(stdout, include_str!("sample.out"));
    assert_eq!(run.stderr, include_str!("sample.err"));
    assert_eq!(run.code, Some(0));
}

/// The one figure that differs from run to run.
fn without_time(line: &str) -> String {
    if !line.contains("seconds") {
        return line.to_owned();
    }
    line.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect()
}

#[test]
fn the_sample_is_placed_and_shown_as_json() {
    let run = Run::of(command(&["--json", "--concurrency", "1"]).output());
    assert_eq!(
        run.json(),
        json!({
            "orders": 12, "placed": 10, "already_placed": 0, "rejected": 2, "malformed": 0, "lines": 24,
            "lines_dropped": 5, "events": 10, "total_cents": 79_208,
        })
    );
    assert_eq!(run.code, Some(0));
}

#[test]
fn malformed_lines_are_reported_in_order_and_skip_their_orders() {
    let file = file(&[
        "1,10,2026-03-02T08:00:00Z,7,1,1.00",
        "2,10,2026-03-02T08:00:00Z,7,1,1.00",
        "2,10,2026-03-02T08:00:00Z,7,1",
        "3,10,2026-03-02T08:00:00Z,7,one,1.00",
        "4,10,2026-03-02T08:00:00Z,7,1,-1.00",
        "5,10,2026-03-32T08:00:00Z,7,1,1.00",
        "6,10,2026-03-02T08:00:00Z,7,0,0.00",
        "7,10,2026-03-02T08:00:00Z,7,1,1.005",
        "rubbish",
        "8,10,2026-03-02T08:00:00Z,7,2,2.50",
        "8,10,2026-03-02T08:00:00Z,8,0,0.00",
        "1,10,2026-03-02T08:00:00Z,7,1,1.00",
        "9,10,2026-03-02T08:00:00Z,7,1,92233720368547758.07",
        "9,10,2026-03-02T08:00:00Z,7,1,0.01",
    ]);
    let run = orders(&file, &["--json"]);
    assert_eq!(
        run.stderr.lines().collect::<Vec<_>>(),
        [
            "line 4: it has 5 columns, not 6; order 2 is skipped",
            r#"line 5: quantity "one" is not a number; order 3 is skipped"#,
            r#"line 6: amount "-1.00" is negative; order 4 is skipped"#,
            r#"line 7: placed_at "2026-03-32T08:00:00Z" is not a date and time like 2017-01-01T11:53:26Z; order 5 is skipped"#,
            "line 8: order 6 is rejected: it has no items",
            r#"line 9: amount "1.005" has a part of a cent; order 7 is skipped"#,
            r#"line 10: order_id "rubbish" is not a number; it belongs to no order, unless it stands between two lines of one"#,
            "line 13: the order came before: the lines of an order stand together; order 1 is skipped",
            "line 14: order 9 is rejected: its total is too large",
        ]
    );
    assert_eq!(
        run.json(),
        json!({
            "orders": 9, "placed": 2, "already_placed": 0, "rejected": 2, "malformed": 7, "lines": 14,
            "lines_dropped": 2, "events": 2, "total_cents": 350,
        })
    );
    assert_eq!(run.code, Some(1));
}

#[test]
fn the_concurrency_changes_nothing_but_the_time() {
    let lines: Vec<_> = (0..500)
        .map(|order| format!("{order},10,2026-03-02T08:00:00Z,7,{},{}.05", order % 7, order))
        .collect();
    let file = file(&lines);
    let one = orders(&file, &["--json", "--concurrency", "1"]);
    let many = orders(&file, &["--json", "--concurrency", "256"]);
    assert_eq!(one.json()["placed"], 428);
    assert_eq!(one.json(), many.json());
    assert_eq!(one.stderr, many.stderr);
}

#[test]
fn a_file_of_a_header_is_an_import_of_nothing() {
    let run = orders(&file(&[""; 0]), &["--json"]);
    assert_eq!((run.json()["orders"].as_u64(), run.code), (Some(0), Some(0)));
}

#[test]
fn what_cannot_start_exits_with_2_and_prints_nothing() {
    let wrong = |args: &[&str], words: &str| {
        let run = Run::of(command(args).output());
        assert_eq!((run.code, &*run.stdout), (Some(2), ""), "{args:?}: {run:?}");
        assert!(run.stderr.contains(words), "{args:?}: {run:?}");
    };
    wrong(&["--file", "no/such/file.csv"], "orders: no/such/file.csv cannot be read: No such file");
    wrong(&["--file", "."], "cannot be read");
    wrong(&["--file", "/dev/null"], "the file is empty; its first line has to be `order_id,");
    wrong(&["--file", "Cargo.toml"], "the first line of the file has to be `order_id,");
    wrong(&["--store", "mysql://localhost"], "write `memory` or the URL of a PostgreSQL database");
    wrong(&["--concurrency", "0"], "write a number from 1 to 4096");
}

#[test]
fn the_help_explains_the_file_and_the_exit_codes() {
    let run = Run::of(command(&["--help"]).output());
    assert_eq!(run.code, Some(0));
    for words in [HEADER, "--file", "--store", "--concurrency", "--json", "Exit codes:", "  130  "] {
        assert!(run.stdout.contains(words), "{words} is missing in {}", run.stdout);
    }
}
