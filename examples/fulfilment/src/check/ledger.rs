//! The ledger as a file.

use std::fs;
use std::io;
use std::path::Path;

use serde::Deserialize;
use uuid::Uuid;

use crate::action::Action;

/// An effect.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Line {
    pub(crate) action: Action,
    pub(crate) key: Uuid,
    pub(crate) order_id: String,
    pub(crate) amount: i64,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum LedgerError {
    #[error("it cannot be read: {0}")]
    Io(#[from] io::Error),
    #[error("line {line} is none of a ledger: {source}")]
    Unreadable { line: usize, source: serde_json::Error },
}

/// Reads the effects in order. A last line without its end has not happened: the services, which were killed over it, cut it off when they start.
pub(crate) fn read(path: &Path) -> Result<Vec<Line>, LedgerError> {
    let bytes = fs::read(path)?;
    let whole = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
    let lines = bytes[..whole].split_inclusive(|&byte| byte == b'\n').enumerate();
    let parse = |(index, line)| {
        serde_json::from_slice(line).map_err(|source| LedgerError::Unreadable { line: index + 1, source })
    };
    lines.map(parse).collect()
}

#[cfg(test)]
mod tests {
    use tempfile::NamedTempFile;

    use super::*;

    const LINES: &str = concat!(
        r#"{"service":"payment","action":"charge","key":"01890a5d-ac96-774b-bcce-b302099a8057","order_id":"order-1","amount":5}"#,
        "\n",
        r#"{"service":"shipping","action":"cancel_shipment","key":"01890a5d-ac96-774b-bcce-b302099a8058","order_id":"order-2","amount":6}"#,
        "\n"
    );

    fn read_text(text: &str) -> Result<Vec<Line>, LedgerError> {
        let file = NamedTempFile::new().unwrap();
        fs::write(file.path(), text).unwrap();
        read(file.path())
    }

    #[test]
    fn the_lines_in_order_without_a_torn_one() {
        for torn in ["", "{\"service\":\"pay"] {
            let lines = read_text(&format!("{LINES}{torn}")).unwrap();
            assert_eq!(lines.len(), 2);
            assert_eq!(
                (lines[0].action, lines[0].amount, &*lines[0].order_id),
                (Action::Charge, 5, "order-1")
            );
            assert_eq!(lines[1].action, Action::CancelShipment);
        }
        assert_eq!(read_text("").unwrap().len(), 0);
        assert_eq!(read_text("{").unwrap().len(), 0);
    }

    #[test]
    fn any_other_line_is_an_error() {
        let error = read_text(&format!("{LINES}\n{LINES}")).unwrap_err();
        assert!(error.to_string().starts_with("line 3 is none of a ledger: "), "{error}");
        let unknown = LINES.replace("charge", "sail");
        assert!(read_text(&unknown).unwrap_err().to_string().starts_with("line 1 "));
        assert!(
            read(Path::new("/nowhere/ledger")).unwrap_err().to_string().starts_with("it cannot be read: ")
        );
    }
}
