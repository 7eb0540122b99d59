//! Where a page goes on, in SQL.
//!
//! Columns of one direction that follow each other are compared as one row, which an index over them answers. Where the direction changes, `a desc, b asc` after
//! (x, y) is `a <= x and (a < x or b > y)`: an index on the first columns finds where to begin, and the rest is looked at for the rows that are equal to it.

use super::Writer;
use super::condition::is_null;
use crate::read_model::Value;
use crate::store::OrderKey;

type Place<'s> = (OrderKey, Option<&'s Value>);

impl<'s> Writer<'s> {
    /// Writes the condition that a row comes after a place. The last column is the key, which is never nothing.
    pub(super) fn after(&mut self, places: &[Place<'s>]) {
        let Some((first, others)) = places.split_first() else {
            return self.push("false");
        };
        let run = 1 + others.iter().take_while(|place| self.together(first, place)).count();
        let (run, rest) = places.split_at(run);
        match first.1 {
            Some(value) if !is_null(value) && self.comparable(first) => self.after_run(run, rest),
            Some(value) if !is_null(value) => self.after_value_before_nulls(first.0, value, rest),
            _ => self.after_null(first.0, rest),
        }
    }

    /// Whether what is nothing in the column need not be looked at: there is nothing, or it comes before every value.
    fn comparable(&self, (key, _): &Place<'s>) -> bool {
        key.descending || !self.nullable(*key)
    }

    /// Whether both are compared as one row.
    fn together(&self, first: &Place<'s>, place: &Place<'s>) -> bool {
        first.0.descending == place.0.descending
            && [first, place]
                .iter()
                .all(|place| self.comparable(place) && place.1.is_some_and(|value| !is_null(value)))
    }

    fn after_run(&mut self, run: &[Place<'s>], rest: &[Place<'s>]) {
        let (beyond, at_least) = match run {
            [(key, _), ..] if key.descending => (" < ", " <= "),
            _ => (" > ", " >= "),
        };
        let values: Vec<_> =
            run.iter().filter_map(|(key, value)| Some(self.value(key.column, (*value)?))).collect();
        if rest.is_empty() {
            return self.row(run, beyond, &values);
        }
        self.push("(");
        self.row(run, at_least, &values);
        self.push(" and (");
        self.row(run, beyond, &values);
        self.push(" or ");
        self.after(rest);
        self.push("))");
    }

    fn row(&mut self, run: &[Place<'s>], operator: &str, values: &[String]) {
        self.push("((");
        for (nth, (key, _)) in run.iter().enumerate() {
            self.push(if nth == 0 { "" } else { ", " });
            self.column(key.column);
        }
        self.push(")");
        self.push(operator);
        self.push(&format!("({}))", values.join(", ")));
    }

    /// Ascending after a value: greater ones, and then rows without any.
    fn after_value_before_nulls(&mut self, key: OrderKey, value: &'s Value, rest: &[Place<'s>]) {
        let value = self.value(key.column, value);
        self.push("(");
        self.compare(key.column, ">", &value);
        self.push(" or ");
        self.null(key, "is null");
        self.push(" or (");
        self.compare(key.column, "=", &value);
        self.push(" and ");
        self.after(rest);
        self.push("))");
    }

    /// After a row without a value: ascending it is among the last, descending among the first.
    fn after_null(&mut self, key: OrderKey, rest: &[Place<'s>]) {
        self.push("(");
        match key.descending {
            true => self.null(key, "is not null or "),
            false => self.null(key, "is null and "),
        }
        self.after(rest);
        self.push(")");
    }

    fn null(&mut self, key: OrderKey, is: &str) {
        self.column(key.column);
        self.push(" ");
        self.push(is);
    }
}
