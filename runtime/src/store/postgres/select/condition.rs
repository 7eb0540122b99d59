//! Conditions in SQL. Both have the same three-valued logic.

use super::{Bound, Writer, prefix};
use crate::read_model::Value;
use crate::store::{Comparison, Condition};

impl<'s> Writer<'s> {
    /// Writes a condition, within parentheses where it is more than one word of SQL.
    pub(super) fn condition(&mut self, condition: &'s Condition) {
        match condition {
            Condition::Compare(column, comparison, value) => {
                let value = self.value(*column, value);
                self.compare(*column, operator(*comparison), &value);
            }
            Condition::In(column, values) => {
                let of = self.column_type(*column);
                let values = self.bind(Bound::Many(of, values));
                self.compare(*column, "=", &format!("any({values})"));
            }
            Condition::IsNull(column) => {
                self.push("(");
                self.column(*column);
                self.push(" is null)");
            }
            Condition::Like(column, pattern) => {
                let pattern = self.bind(Bound::Text(pattern.clone()));
                self.compare(*column, "like", &pattern);
            }
            Condition::StartsWith(column, beginning) => self.starts_with(*column, beginning),
            Condition::All(conditions) => self.several(conditions, " and ", "true"),
            Condition::Any(conditions) => self.several(conditions, " or ", "false"),
            Condition::Not(condition) => {
                self.push("(not ");
                self.condition(condition);
                self.push(")");
            }
            Condition::Unknown => self.push("(null::boolean)"),
        }
    }

    pub(super) fn compare(&mut self, column: usize, operator: &str, with: &str) {
        self.push("(");
        self.column(column);
        self.push(" ");
        self.push(operator);
        self.push(" ");
        self.push(with);
        self.push(")");
    }

    /// As a range, which every plan can take from an index: of `^@` that is true since PostgreSQL 15, and of `like` only when the pattern is known to the planner.
    fn starts_with(&mut self, column: usize, beginning: &str) {
        let from = self.bind(Bound::Text(beginning.to_owned()));
        self.push("(");
        self.compare(column, ">=", &from);
        if let Some(end) = prefix::end(beginning) {
            let end = self.bind(Bound::Text(end));
            self.push(" and ");
            self.compare(column, "<", &end);
        }
        self.push(")");
    }

    fn several(&mut self, conditions: &'s [Condition], between: &str, none: &str) {
        self.push("(");
        for (nth, condition) in conditions.iter().enumerate() {
            self.push(if nth == 0 { "" } else { between });
            self.condition(condition);
        }
        self.push(if conditions.is_empty() { none } else { "" });
        self.push(")");
    }
}

fn operator(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Eq => "=",
        Comparison::Ne => "<>",
        Comparison::Lt => "<",
        Comparison::Le => "<=",
        Comparison::Gt => ">",
        Comparison::Ge => ">=",
    }
}

/// Whether a value is nothing.
pub(super) fn is_null(value: &Value) -> bool {
    matches!(value, Value::Null)
}
