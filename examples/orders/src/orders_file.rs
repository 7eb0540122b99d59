//! The file: its lines, gathered into orders.

use std::collections::{HashSet, VecDeque};
use std::io::{self, BufRead, Read};
use std::mem;

use time::OffsetDateTime;

use crate::line::{self, COLUMNS, Line, Problem};
use crate::{CustomerId, LineItem, OrderId, PlaceOrder};

/// The most bytes in one line: far more than six numbers need.
const MAX_LINE: usize = 4_096;

/// The most items of one order: as many as fit into one event's payload, with room to spare.
const MAX_ITEMS: usize = 10_000;

/// A second appearance of an order is noticed when at most that many others stand in between, and at the latest after twice as many.
const REMEMBERED: usize = 500_000;

/// What is found in the file, in the order in which it is found.
#[derive(Debug, PartialEq)]
pub enum Entry {
    /// A whole order.
    Order(FileOrder),
    /// A malformed line; `order_id` is the order that is skipped for it, where that is legible.
    Malformed { line: u64, order_id: Option<OrderId>, problem: Problem },
    /// The end of an order that is skipped, with its well-formed lines; `again` if it has been in the file before.
    Skipped { lines: u64, dropped: u64, again: bool },
}

/// A whole order.
#[derive(Debug, PartialEq)]
pub struct FileOrder {
    /// The number of its first line.
    pub line: u64,
    /// How many lines it has.
    pub lines: u64,
    /// How many of them have the quantity 0 and are no items of it.
    pub dropped: u64,
    pub command: PlaceOrder,
}

/// Why a file cannot be read, or not any further.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error("the file cannot be read")]
    Io(#[from] io::Error),
    #[error("the file is empty; its first line has to be `{}`", COLUMNS.join(","))]
    Empty,
    #[error("the first line of the file has to be `{}`, it is {found:?}", COLUMNS.join(","))]
    Header { found: String },
}

/// Reads a file entry by entry. What it holds in memory is bounded, however large the file is.
pub struct OrdersFile<R> {
    lines: Lines<R>,
    order: Option<Gathering>,
    seen: Seen,
    found: VecDeque<Entry>,
}

impl<R: BufRead> OrdersFile<R> {
    /// Reads and checks the header.
    ///
    /// # Errors
    ///
    /// [`FileError`]: the file cannot be read, or has another header.
    pub fn open(input: R) -> Result<Self, FileError> {
        let mut lines = Lines { input, line: Vec::new(), number: 0, bytes: 0 };
        if !lines.advance()? {
            return Err(FileError::Empty);
        }
        let header = lines.line();
        let header = header.strip_prefix(b"\xef\xbb\xbf").unwrap_or(header);
        if !line::cells(header).iter().eq(COLUMNS.map(str::as_bytes)) {
            let found = String::from_utf8_lossy(header).chars().take(100).collect();
            return Err(FileError::Header { found });
        }
        Ok(Self { lines, order: None, seen: Seen::default(), found: VecDeque::new() })
    }

    /// How much of the file has been read.
    pub fn bytes(&self) -> u64 {
        self.lines.bytes
    }

    fn take_line(&mut self) {
        let Lines { number, .. } = self.lines;
        let order_id = match line::order_id(&line::cells(self.lines.line())) {
            Ok(order_id) => order_id,
            Err(problem) => {
                // Whose line this is shows when the next one comes: the order's that goes on after it, or else nobody's.
                if let Some(order) = &mut self.order {
                    order.stray = true;
                }
                return self.found.push_back(Entry::Malformed { line: number, order_id: None, problem });
            }
        };
        let same = self.order.take_if(|order| order.order_id == order_id);
        let mut order = same.unwrap_or_else(|| {
            self.finish();
            Gathering::new(order_id, number, self.seen.before(order_id))
        });
        if let Err(problem) = order.add(self.lines.parse()) {
            self.found.push_back(Entry::Malformed { line: number, order_id: Some(order_id), problem });
        }
        self.order = Some(order);
    }

    fn finish(&mut self) {
        self.found.extend(self.order.take().map(Gathering::finish));
    }
}

impl<R: BufRead> Iterator for OrdersFile<R> {
    type Item = Result<Entry, FileError>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.found.is_empty() {
            match self.lines.advance() {
                Ok(true) => self.take_line(),
                Ok(false) if self.order.is_some() => self.finish(),
                Ok(false) => return None,
                Err(error) => return Some(Err(error.into())),
            }
        }
        self.found.pop_front().map(Ok)
    }
}

/// The lines of a file, one at a time.
struct Lines<R> {
    input: R,
    line: Vec<u8>,
    number: u64,
    bytes: u64,
}

impl<R: BufRead> Lines<R> {
    /// Goes to the next line that is not blank; `false` at the end.
    fn advance(&mut self) -> io::Result<bool> {
        loop {
            self.line.clear();
            let limit = MAX_LINE as u64 + 1;
            let mut read = (&mut self.input).take(limit).read_until(b'\n', &mut self.line)? as u64;
            if read == 0 {
                return Ok(false);
            }
            if read == limit && !self.line.ends_with(b"\n") {
                read += self.input.skip_until(b'\n')? as u64;
            }
            self.bytes += read;
            self.number += 1;
            if !self.line.trim_ascii().is_empty() {
                return Ok(true);
            }
        }
    }

    fn line(&self) -> &[u8] {
        self.line.trim_ascii()
    }

    fn parse(&self) -> Result<Line, Problem> {
        if self.line.len() > MAX_LINE { Err(Problem::TooLong(MAX_LINE)) } else { line::parse(self.line()) }
    }
}

/// An order of which more lines may come.
struct Gathering {
    order_id: OrderId,
    first: u64,
    lines: u64,
    dropped: u64,
    owner: Option<(CustomerId, OffsetDateTime)>,
    items: Vec<LineItem>,
    spoilt: bool,
    again: bool,
    stray: bool,
}

impl Gathering {
    fn new(order_id: OrderId, first: u64, again: bool) -> Self {
        Self {
            order_id,
            first,
            lines: 0,
            dropped: 0,
            owner: None,
            items: Vec::new(),
            spoilt: false,
            again,
            stray: false,
        }
    }

    fn add(&mut self, line: Result<Line, Problem>) -> Result<(), Problem> {
        let added = line.and_then(|line| self.take(line));
        if added.is_err() || self.stray {
            self.spoilt = true;
            self.items = Vec::new();
        }
        added
    }

    fn take(&mut self, Line { customer_id, placed_at, item }: Line) -> Result<(), Problem> {
        if self.again && !mem::replace(&mut self.spoilt, true) {
            return Err(Problem::CameBefore);
        }
        if *self.owner.get_or_insert((customer_id, placed_at)) != (customer_id, placed_at) {
            return Err(Problem::Contradiction);
        }
        if self.items.len() == MAX_ITEMS {
            return Err(Problem::TooManyLines(MAX_ITEMS));
        }
        self.lines += 1;
        if item.quantity == 0 {
            self.dropped += 1;
        } else if !self.spoilt {
            self.items.push(item);
        }
        Ok(())
    }

    fn finish(self) -> Entry {
        let Self { order_id, first, lines, dropped, again, .. } = self;
        match self.owner {
            Some((customer_id, placed_at)) if !self.spoilt => Entry::Order(FileOrder {
                line: first,
                lines,
                dropped,
                command: PlaceOrder { order_id, customer_id, placed_at, items: self.items },
            }),
            _ => Entry::Skipped { lines, dropped, again },
        }
    }
}

/// The orders that came before, as many as the bound allows: the older half is forgotten when the newer is full.
#[derive(Default)]
struct Seen {
    newer: HashSet<OrderId>,
    older: HashSet<OrderId>,
}

impl Seen {
    fn before(&mut self, order_id: OrderId) -> bool {
        if self.newer.len() == REMEMBERED {
            self.older = mem::take(&mut self.newer);
        }
        !self.newer.insert(order_id) || self.older.contains(&order_id)
    }
}

#[cfg(test)]
mod tests;
