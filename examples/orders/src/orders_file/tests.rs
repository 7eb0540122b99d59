use std::io::BufReader;

use super::*;

const HEADER: &str = "order_id,customer_id,placed_at,product_id,quantity,amount\n";

fn read(text: impl AsRef<[u8]>) -> Vec<Entry> {
    // A buffer of seven bytes: no line arrives in one piece.
    OrdersFile::open(BufReader::with_capacity(7, text.as_ref())).unwrap().collect::<Result<_, _>>().unwrap()
}

/// The entries of these lines under a sound header, each in a short form.
fn found(lines: &[&str]) -> Vec<String> {
    read(format!("{HEADER}{}\n", lines.join("\n"))).iter().map(short).collect()
}

fn short(entry: &Entry) -> String {
    match entry {
        Entry::Order(FileOrder { line, lines, dropped, command }) => {
            let items = command.items.len();
            format!("{line}: order {} of {lines} lines, {dropped} dropped, {items} items", command.order_id)
        }
        Entry::Malformed { line, order_id: Some(order_id), problem } => {
            format!("{line}: {problem} ({order_id})")
        }
        Entry::Malformed { line, order_id: None, problem } => format!("{line}: {problem}"),
        Entry::Skipped { lines, again, .. } => {
            format!("skipped {lines} lines{}", if *again { " again" } else { "" })
        }
    }
}

fn good(order: u64) -> String {
    format!("{order},2,2017-01-01T11:53:26Z,3,4,5.00")
}

#[test]
fn lines_are_gathered_into_orders() {
    let none = "2,9,2017-01-01T11:53:26Z,3,0,0.00";
    assert_eq!(
        found(&[&good(1), &good(1), "", none, none, "  ", &good(3), "3,2,2017-01-01T11:53:26Z,3,0,0.00"]),
        [
            "2: order 1 of 2 lines, 0 dropped, 2 items",
            "5: order 2 of 2 lines, 2 dropped, 0 items",
            "8: order 3 of 2 lines, 1 dropped, 1 items",
        ]
    );
}

#[test]
fn a_malformed_line_skips_its_order_and_no_other() {
    let bad = "2,2,2017-01-01T11:53:26Z,3,4,-5.00";
    for lines in [[bad, &good(2), &good(2)], [&good(2), bad, &good(2)], [&good(2), &good(2), bad]] {
        let nth = 3 + lines.iter().position(|line| *line == bad).unwrap();
        assert_eq!(
            found(&[&good(1), lines[0], lines[1], lines[2], &good(3)]),
            [
                "2: order 1 of 1 lines, 0 dropped, 1 items",
                &format!(r#"{nth}: amount "-5.00" is negative (2)"#),
                "skipped 2 lines",
                "6: order 3 of 1 lines, 0 dropped, 1 items",
            ]
        );
    }
}

#[test]
fn a_line_without_an_order_id_spoils_the_order_around_it() {
    assert_eq!(
        found(&[&good(1), "rubbish", &good(1), &good(2)]),
        [
            r#"3: order_id "rubbish" is not a number"#,
            "skipped 2 lines",
            "5: order 2 of 1 lines, 0 dropped, 1 items"
        ]
    );
    assert_eq!(
        found(&["rubbish", &good(1), ",", &good(2), "rubbish"]),
        [
            r#"2: order_id "rubbish" is not a number"#,
            r#"4: order_id "" is not a number"#,
            "3: order 1 of 1 lines, 0 dropped, 1 items",
            r#"6: order_id "rubbish" is not a number"#,
            "5: order 2 of 1 lines, 0 dropped, 1 items",
        ]
    );
}

#[test]
fn an_order_that_comes_again_is_skipped() {
    assert_eq!(
        found(&[&good(1), &good(2), &good(1), &good(1), &good(3)]),
        [
            "2: order 1 of 1 lines, 0 dropped, 1 items",
            "3: order 2 of 1 lines, 0 dropped, 1 items",
            "4: the order came before: the lines of an order stand together (1)",
            "skipped 1 lines again",
            "6: order 3 of 1 lines, 0 dropped, 1 items",
        ]
    );
}

#[test]
fn the_lines_of_an_order_agree() {
    assert_eq!(
        found(&[&good(1), "1,3,2017-01-01T11:53:26Z,3,4,5.00"]),
        ["3: the order's lines do not agree on its customer_id and placed_at (1)", "skipped 1 lines"]
    );
}

#[test]
fn an_open_quote_or_a_broken_character_spoils_one_line() {
    let mut text = format!("{HEADER}1,2,2017-01-01T11:53:26Z,3,4,\"5.00\n{}\n", good(2)).into_bytes();
    text.extend_from_slice(b"3,2,2017-01-01T11:53:26Z,\xff,4,5.00\n");
    text.extend_from_slice(good(4).as_bytes());
    assert_eq!(
        read(text).iter().map(short).collect::<Vec<_>>(),
        [
            "2: a quote is not closed (1)",
            "skipped 0 lines",
            "3: order 2 of 1 lines, 0 dropped, 1 items",
            "4: product_id \"\u{fffd}\" is not a number (3)",
            "skipped 0 lines",
            "5: order 4 of 1 lines, 0 dropped, 1 items",
        ]
    );
}

#[test]
fn no_line_and_no_order_takes_memory_without_bound() {
    let long = format!("1,2,2017-01-01T11:53:26Z,3,4,5.00{}", "0".repeat(3 * MAX_LINE));
    assert_eq!(
        found(&[&long, &good(2)]),
        [
            "2: it is longer than 4096 bytes (1)",
            "skipped 0 lines",
            "3: order 2 of 1 lines, 0 dropped, 1 items"
        ]
    );
    let line = good(1);
    let mut lines = vec![line.as_str(); MAX_ITEMS];
    assert_eq!(found(&lines), ["2: order 1 of 10000 lines, 0 dropped, 10000 items"]);
    lines.extend([line.as_str(); 3]);
    assert_eq!(found(&lines), ["10002: the order has more than 10000 lines (1)", "skipped 10002 lines"]);
}

#[test]
fn the_header_is_checked() {
    let header = |text: &str| OrdersFile::open(text.as_bytes()).map(drop).map_err(|error| error.to_string());
    assert_eq!(header(HEADER), Ok(()));
    assert_eq!(header("\u{feff}\"order_id\",customer_id, placed_at ,product_id,quantity,amount\r\n"), Ok(()));
    assert_eq!(
        header(""),
        Err("the file is empty; its first line has to be `order_id,customer_id,placed_at,product_id,quantity,amount`".to_owned())
    );
    for other in
        [&good(1), "order_id,customer_id", "customer_id,order_id,placed_at,product_id,quantity,amount"]
    {
        assert!(header(other).is_err_and(|error| error.contains(other)), "{other}");
    }
}

#[test]
fn foreign_line_ends_and_a_missing_last_one_change_nothing() {
    let sound = format!("{HEADER}{}\n{}\n", good(1), good(2));
    let entries = read(&sound);
    assert_eq!(entries.len(), 2);
    assert_eq!(read(sound.replace('\n', "\r\n")), entries);
    assert_eq!(read(format!("\u{feff}{}", sound.trim_end())), entries);
    assert_eq!(read(HEADER), []);
}

#[test]
fn an_error_of_the_disk_ends_the_file_without_half_an_order() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the disk is gone"))
        }
    }
    let text = format!("{HEADER}{}\n{}\n", good(1), good(2));
    let mut file = OrdersFile::open(BufReader::new(text.as_bytes().chain(Broken))).unwrap();
    assert_eq!(
        file.next().map(|entry| short(&entry.unwrap())),
        Some("2: order 1 of 1 lines, 0 dropped, 1 items".to_owned())
    );
    assert!(matches!(file.next(), Some(Err(FileError::Io(_)))));
}

#[test]
fn the_bytes_read_are_counted_to_the_last() {
    let text = format!("{HEADER}{}\r\n\r\n{}{}\n{}", good(1), good(2), "0".repeat(2 * MAX_LINE), good(3));
    let mut file = OrdersFile::open(text.as_bytes()).unwrap();
    assert_eq!(file.by_ref().map(Result::unwrap).count(), 4);
    assert_eq!(file.bytes(), text.len() as u64);
}
