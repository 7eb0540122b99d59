//! What is said when the program cannot go on.

use std::error::Error;

/// Tells an error with all its causes, those left out that it has told itself.
pub(crate) fn complain(error: &(dyn Error + 'static)) {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let told = error.to_string();
        if !text.contains(&told) {
            text = format!("{text}: {told}");
        }
        cause = error.source();
    }
    eprintln!("fulfilment: {text}");
}
