//! Texts that begin alike, as a range of texts.

/// The smallest text after all those that begin so, in the order of their bytes; `None`: there is none after them.
///
/// Of UTF-8 the order of the bytes is that of the characters, so it ends with the character after the last one that has one.
pub(super) fn end(beginning: &str) -> Option<String> {
    let mut end = beginning.to_owned();
    while let Some(last) = end.pop() {
        if let Some(next) = (last..=char::MAX).nth(1) {
            end.push(next);
            return Some(end);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::end;

    #[test]
    fn ends_with_the_next_character() {
        for (beginning, next) in [
            ("a", Some("b")),
            ("az", Some("a{")),
            ("a\u{7f}", Some("a\u{80}")),
            ("\u{d7ff}", Some("\u{e000}")),
            ("a\u{10ffff}\u{10ffff}", Some("b")),
            ("\u{10ffff}", None),
            ("", None),
        ] {
            assert_eq!(end(beginning).as_deref(), next, "{beginning:?}");
        }
    }
}
