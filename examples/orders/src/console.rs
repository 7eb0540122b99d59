//! What is said while the import runs: on stderr, beside a progress bar if a person is watching.

use std::io::{self, IsTerminal};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::import::{Answer, Step};
use orders::Entry;

/// The bar of a file whose size is known.
const BAR: &str = "{bar:40} {percent:>3} %  {elapsed}";

/// What shows that a pipe is being read.
const SPINNER: &str = "{spinner} {binary_bytes}  {elapsed}";

pub(crate) struct Console {
    bar: ProgressBar,
}

impl Console {
    /// A console that shows how much of so many bytes has been read; without a number, just that something happens.
    pub(crate) fn new(bytes: Option<u64>) -> Self {
        let bar = ProgressBar::with_draw_target(bytes, watched());
        let template = if bytes.is_some() { BAR } else { SPINNER };
        // A template that is wrong costs the looks of the bar, nothing else; the test below would see it.
        bar.set_style(
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        Self { bar }
    }

    /// Reports what went wrong in a step, if anything did, and moves the bar.
    pub(crate) fn report(&self, step: &Step, bytes: u64) {
        if let Some(message) = message(step) {
            self.bar.suspend(|| eprintln!("{message}"));
        }
        self.bar.set_position(bytes);
    }

    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// Where a bar is drawn: nowhere if nobody is watching.
pub(crate) fn watched() -> ProgressDrawTarget {
    if io::stderr().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() }
}

fn message(step: &Step) -> Option<String> {
    match step {
        Step::Sent { order_id, line, answer, .. } => {
            let what = match answer {
                Answer::Placed { .. } | Answer::AlreadyPlaced { .. } | Answer::Failed(_) => return None,
                Answer::Rejected(error) => format!("is rejected: {error}"),
                Answer::Contradicts => {
                    "is rejected: it was placed before with other contents, which stay".to_owned()
                }
                Answer::Unfit(error) => format!("is rejected: {error}"),
            };
            Some(format!("line {line}: order {order_id} {what}"))
        }
        Step::Passed(Entry::Malformed { line, order_id: Some(order_id), problem }) => {
            Some(format!("line {line}: {problem}; order {order_id} is skipped"))
        }
        Step::Passed(Entry::Malformed { line, order_id: None, problem }) => Some(format!(
            "line {line}: {problem}; it belongs to no order, unless it stands between two lines of one"
        )),
        Step::Passed(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_templates_are_sound() {
        for template in [BAR, SPINNER] {
            assert!(ProgressStyle::with_template(template).is_ok(), "{template}");
        }
    }
}
