//! One line of the file.

use std::borrow::Cow;
use std::cell::RefCell;

use csv_core::Reader;
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

use crate::{Cents, CustomerId, LineItem, OrderId, ProductId};

/// The columns, in their order.
pub(crate) const COLUMNS: [&str; 6] =
    ["order_id", "customer_id", "placed_at", "product_id", "quantity", "amount"];

/// What a line says; every line of an order repeats whose the order is and when it was placed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Line {
    pub customer_id: CustomerId,
    pub placed_at: OffsetDateTime,
    pub item: LineItem,
}

/// Why a line is malformed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    #[error("it is longer than {0} bytes")]
    TooLong(usize),
    #[error("it has {0} columns, not {n}", n = COLUMNS.len())]
    Columns(usize),
    #[error("a quote is not closed")]
    OpenQuote,
    #[error("{column} {text:?} is not a number")]
    NotANumber { column: &'static str, text: String },
    #[error("{column} {text:?} is negative")]
    Negative { column: &'static str, text: String },
    #[error("{column} {text:?} is too large")]
    TooLarge { column: &'static str, text: String },
    #[error("{column} {text:?} has a part of a cent")]
    PartOfACent { column: &'static str, text: String },
    #[error("{column} {text:?} is not a date and time like 2017-01-01T11:53:26Z")]
    Date { column: &'static str, text: String },
    #[error("the order's lines do not agree on its customer_id and placed_at")]
    Contradiction,
    #[error("the order has more than {0} lines")]
    TooManyLines(usize),
    #[error("the order came before: the lines of an order stand together")]
    CameBefore,
}

/// The cells of a line, without the blanks around them.
#[derive(Default)]
pub(crate) struct Cells {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Cells {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| self.bytes[start..*end].trim_ascii())
    }
}

thread_local! {
    /// Takes longer to make than to read with.
    static READER: RefCell<Reader> = RefCell::new(Reader::new());
}

/// Splits a line into its cells. Each line is read by itself: no column can hold a line break, so an open quote spoils one line, not the rest of the
/// file.
pub(crate) fn cells(line: &[u8]) -> Cells {
    READER.with_borrow_mut(|reader| {
        reader.reset();
        // No more than these can come of the line.
        let most = line.iter().filter(|byte| **byte == b',').count() + 1;
        let mut cells = Cells { bytes: vec![0; line.len()], ends: vec![0; most] };
        let (_, read, mut written, mut ends) = reader.read_record(line, &mut cells.bytes, &mut cells.ends);
        // Nothing comes after it, which ends its last cell.
        let (_, _, more, last) =
            reader.read_record(&line[read..], &mut cells.bytes[written..], &mut cells.ends[ends..]);
        (written, ends) = (written + more, ends + last);
        cells.bytes.truncate(written);
        cells.ends.truncate(ends);
        cells
    })
}

/// Reads which order a line belongs to. That can be known of a line whose rest is malformed.
pub(crate) fn order_id(cells: &Cells) -> Result<OrderId, Problem> {
    Cell::new(COLUMNS[0], cells.iter().next().unwrap_or_default()).number().map(OrderId)
}

/// Reads the rest of a line, up to the first cell that is malformed.
pub(crate) fn parse(line: &[u8]) -> Result<Line, Problem> {
    if line.iter().filter(|byte| **byte == b'"').count() % 2 != 0 {
        return Err(Problem::OpenQuote);
    }
    let cells = cells(line);
    let columns: Vec<_> = cells.iter().collect();
    let [_, customer_id, placed_at, product_id, quantity, amount] = *columns else {
        return Err(Problem::Columns(columns.len()));
    };
    Ok(Line {
        customer_id: CustomerId(Cell::new(COLUMNS[1], customer_id).number()?),
        placed_at: Cell::new(COLUMNS[2], placed_at).date()?,
        item: LineItem {
            product_id: ProductId(Cell::new(COLUMNS[3], product_id).number()?),
            quantity: Cell::new(COLUMNS[4], quantity).number()?,
            amount: Cell::new(COLUMNS[5], amount).cents()?,
        },
    })
}

/// What stands in one column of one line.
struct Cell<'a> {
    column: &'static str,
    text: Cow<'a, str>,
}

impl<'a> Cell<'a> {
    fn new(column: &'static str, text: &'a [u8]) -> Self {
        // What is not UTF-8 becomes U+FFFD, which no column may have: it is reported like any other wrong character.
        Self { column, text: String::from_utf8_lossy(text) }
    }

    fn number<N: TryFrom<i64>>(&self) -> Result<N, Problem> {
        let (negative, digits) = self.sign();
        if !is_digits(digits) {
            return Err(Problem::NotANumber { column: self.column, text: self.shown() });
        }
        if negative {
            return Err(Problem::Negative { column: self.column, text: self.shown() });
        }
        let number = digits.parse::<i64>().ok().and_then(|number| N::try_from(number).ok());
        number.ok_or_else(|| Problem::TooLarge { column: self.column, text: self.shown() })
    }

    /// Dollars with at most two decimals, exactly: no float comes near them.
    fn cents(&self) -> Result<Cents, Problem> {
        let (negative, digits) = self.sign();
        let (dollars, decimals) = digits.split_once('.').unwrap_or((digits, "0"));
        if !is_digits(dollars) || !is_digits(decimals) {
            return Err(Problem::NotANumber { column: self.column, text: self.shown() });
        }
        if negative {
            return Err(Problem::Negative { column: self.column, text: self.shown() });
        }
        let cents = match *decimals.as_bytes() {
            [tens] => i64::from(tens - b'0') * 10,
            [tens, ones] => i64::from(tens - b'0') * 10 + i64::from(ones - b'0'),
            _ => return Err(Problem::PartOfACent { column: self.column, text: self.shown() }),
        };
        let dollars = dollars.parse::<i64>().ok();
        let sum = dollars.and_then(|dollars| dollars.checked_mul(100)?.checked_add(cents));
        sum.map(Cents).ok_or_else(|| Problem::TooLarge { column: self.column, text: self.shown() })
    }

    fn date(&self) -> Result<OffsetDateTime, Problem> {
        OffsetDateTime::parse(&self.text, &Rfc3339)
            .ok()
            .and_then(|time| time.checked_to_offset(UtcOffset::UTC))
            .ok_or_else(|| Problem::Date { column: self.column, text: self.shown() })
    }

    fn sign(&self) -> (bool, &str) {
        self.text.strip_prefix('-').map_or((false, &*self.text), |digits| (true, digits))
    }

    /// As much of the text as fits into a message.
    fn shown(&self) -> String {
        self.text.chars().take(40).collect()
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    fn read(line: &[u8]) -> Result<(OrderId, Line), Problem> {
        Ok((order_id(&cells(line))?, parse(line)?))
    }

    fn amount(text: &str) -> Result<Cents, Problem> {
        read(format!("1,2,2017-01-01T11:53:26Z,3,4,{text}").as_bytes()).map(|(_, line)| line.item.amount)
    }

    #[test]
    fn a_line_is_read() {
        let expected = Line {
            customer_id: CustomerId(2),
            placed_at: datetime!(2017-01-01 11:53:26 UTC),
            item: LineItem { product_id: ProductId(3), quantity: 4, amount: Cents(1_050) },
        };
        assert_eq!(read(b"1,2,2017-01-01T11:53:26Z,3,4,10.50"), Ok((OrderId(1), expected.clone())));
        assert_eq!(
            read(b" 1 ,\"2\",2017-01-01T12:53:26+01:00,3,\"4\",\"10.5\""),
            Ok((OrderId(1), expected)),
            "spaces, quotes and offsets change nothing"
        );
    }

    #[test]
    fn amounts_are_exact() {
        for (text, cents) in [("0", 0), ("0.00", 0), ("0.29", 29), ("1.1", 110), ("19.99", 1_999)] {
            assert_eq!(amount(text), Ok(Cents(cents)), "{text}");
        }
        assert_eq!(amount("92233720368547758.07"), Ok(Cents::MAX));
        assert!(matches!(amount("92233720368547758.08"), Err(Problem::TooLarge { .. })));
        assert!(matches!(amount("99999999999999999999999"), Err(Problem::TooLarge { .. })));
        assert!(matches!(amount("0.001"), Err(Problem::PartOfACent { .. })));
        assert!(matches!(amount("1.000"), Err(Problem::PartOfACent { .. })));
        assert!(matches!(amount("-1.00"), Err(Problem::Negative { .. })));
        for text in ["", ".", "1.", ".5", "1,0", "1e3", "+1", "--1", "$1", "NaN", "1 0", "\u{661}", "1.-5"] {
            assert!(amount(text).is_err(), "{text:?} is no amount");
        }
    }

    #[test]
    fn every_column_is_checked() {
        let column = |nth: usize, text: &str| {
            let mut columns = ["1", "2", "2017-01-01T11:53:26Z", "3", "4", "5.00"];
            columns[nth] = text;
            read(columns.join(",").as_bytes()).unwrap_err().to_string()
        };
        assert_eq!(column(0, "A"), r#"order_id "A" is not a number"#);
        assert_eq!(column(1, "-2"), r#"customer_id "-2" is negative"#);
        assert_eq!(
            column(2, "2017-02-30T00:00:00Z"),
            r#"placed_at "2017-02-30T00:00:00Z" is not a date and time like 2017-01-01T11:53:26Z"#
        );
        assert_eq!(column(3, ""), r#"product_id "" is not a number"#);
        assert_eq!(column(4, "4294967296"), r#"quantity "4294967296" is too large"#);
        assert_eq!(column(4, "1.5"), r#"quantity "1.5" is not a number"#);
    }

    #[test]
    fn a_line_of_another_form_is_malformed() {
        assert_eq!(read(b"1,2,2017-01-01T11:53:26Z,3,4"), Err(Problem::Columns(5)));
        assert_eq!(read(b"1,2,2017-01-01T11:53:26Z,3,4,5.00,6"), Err(Problem::Columns(7)));
        assert!(matches!(read(b"1,2,2017-01-01T11:53:26Z,3,4,\"5,00\""), Err(Problem::NotANumber { .. })));
        assert_eq!(read(b"1,2,2017-01-01T11:53:26Z,3,4,\"5.00"), Err(Problem::OpenQuote));
        assert!(matches!(
            read(b"1,2,2017-01-01T11:53:26Z,\xff,4,5.00"),
            Err(Problem::NotANumber { column: "product_id", .. })
        ));
        assert!(matches!(read(b"1,2,9999-12-31T23:59:59-01:00,3,4,5.00"), Err(Problem::Date { .. })));
    }

    #[test]
    fn the_order_of_a_malformed_line_is_known() {
        for line in ["17", "17,2", "17,2,2017-01-01T11:53:26Z,3,4,\"5.00", "\"17\",,,,,", " 17 ,\u{fffd}"] {
            assert_eq!(order_id(&cells(line.as_bytes())), Ok(OrderId(17)), "{line}");
            assert!(parse(line.as_bytes()).is_err(), "{line}");
        }
        for line in ["", ",", "x17,2", "-17,2", "\"17,2", "\"\"\"17\"\"\""] {
            assert!(order_id(&cells(line.as_bytes())).is_err(), "{line}");
        }
    }
}
