//! `like`, as PostgreSQL has it.

/// A pattern, taken apart.
pub(super) struct Pattern {
    parts: Vec<Part>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// `%`
    Any,
    /// `_`
    One,
    /// Itself, whatever it means unescaped.
    Exactly(char),
}

impl Pattern {
    /// A pattern that was found [whole](crate::store::Condition::check_pattern).
    pub(super) fn new(pattern: &str) -> Self {
        let mut parts = Vec::with_capacity(pattern.len());
        let mut letters = pattern.chars();
        while let Some(letter) = letters.next() {
            parts.push(match letter {
                '%' => Part::Any,
                '_' => Part::One,
                '\\' => Part::Exactly(letters.next().unwrap_or('\\')),
                letter => Part::Exactly(letter),
            });
        }
        Self { parts }
    }

    /// Whether the whole text matches. What a `%` takes is tried again only for the last one that was met: an earlier one could take no more than what it has
    /// without the later ones losing. So the time is at most that of the text times the pattern.
    pub(super) fn matches(&self, text: &str) -> bool {
        let mut parts = 0;
        let mut rest = text.chars();
        let mut retry: Option<(usize, std::str::Chars<'_>)> = None;
        loop {
            let mut ahead = rest.clone();
            let letter = ahead.next();
            match (self.parts.get(parts), letter) {
                (Some(Part::Any), _) => {
                    parts += 1;
                    retry = Some((parts, rest.clone()));
                    continue;
                }
                (Some(Part::One), Some(_)) => {
                    parts += 1;
                    rest = ahead;
                    continue;
                }
                (Some(Part::Exactly(wanted)), Some(letter)) if *wanted == letter => {
                    parts += 1;
                    rest = ahead;
                    continue;
                }
                (None, None) => return true,
                _ => {}
            }
            let Some((after, from)) = &mut retry else { return false };
            if from.next().is_none() {
                return false;
            }
            parts = *after;
            rest = from.clone();
        }
    }
}
