//! Ctrl-C.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};

use serde_json::json;

use crate::program::{HEADER, Run, command};

#[test]
fn ctrl_c_finishes_what_was_sent_and_prints_it() {
    let mut child = command(&["--json", "--file", "/dev/stdin"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut file = child.stdin.take().unwrap();
    writeln!(file, "{HEADER}").unwrap();
    writeln!(file, "1,10,2026-03-02T08:00:00Z,7,1,1.00").unwrap();
    writeln!(file, "2,10,2026-03-02T08:00:00Z,7,0,0.00").unwrap();
    // Of this order more lines might come: it is not sent.
    writeln!(file, "3,10,2026-03-02T08:00:00Z,7,1,1.00").unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut report = String::new();
    stderr.read_line(&mut report).unwrap();
    assert_eq!(report, "line 3: order 2 is rejected: it has no items\n");

    let signal = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(signal.success());
    let mut run = Run::of(child.wait_with_output());
    stderr.read_to_string(&mut run.stderr).unwrap();
    assert_eq!(run.code, Some(130));
    assert_eq!(run.stderr, "orders: interrupted; run it again to place the rest\n");
    assert_eq!(
        run.json(),
        json!({
            "orders": 2, "placed": 1, "already_placed": 0, "rejected": 1, "malformed": 0, "lines": 2,
            "lines_dropped": 1, "events": 1, "total_cents": 100,
        })
    );
    drop(file);
}
