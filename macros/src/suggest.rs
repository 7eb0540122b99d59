//! "Did you mean": the legal word that a mistyped one was probably meant to be.

/// The nearest candidate, unless all of them are too far away to be what was meant.
pub(crate) fn nearest<'a>(typed: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // A third of the letters may differ, as in rustc's own suggestions.
    let limit = (typed.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (distance(typed, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// How many letters have to be put in, left out, changed or swapped with their neighbour (optimal string alignment).
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=to.len()).collect();
    let mut last = None;
    for (row, letter) in from.chars().enumerate() {
        let mut current = vec![row + 1];
        for (column, wanted) in to.iter().enumerate() {
            let changed = above[column] + usize::from(letter != *wanted);
            let mut best = changed.min(above[column + 1] + 1).min(current[column] + 1);
            if column > 0 && last == Some(*wanted) && letter == to[column - 1] {
                best = best.min(before[column - 1] + 1);
            }
            current.push(best);
        }
        before = std::mem::replace(&mut above, current);
        last = Some(letter);
    }
    above[to.len()]
}

#[cfg(test)]
mod tests {
    use super::{distance, nearest};

    #[test]
    fn counts_edits() {
        assert_eq!(distance("name", "name"), 0);
        assert_eq!(distance("nmae", "name"), 1);
        assert_eq!(distance("", "id"), 2);
        assert_eq!(distance("versoin", "version"), 1);
        assert_eq!(distance("kitten", "sitting"), 3);
    }

    #[test]
    fn offers_only_what_is_near() {
        let keys = ["name", "version", "from", "crate"];
        assert_eq!(nearest("nam", keys), Some("name"));
        assert_eq!(nearest("form", keys), Some("from"));
        assert_eq!(nearest("verison", keys), Some("version"));
        assert_eq!(nearest("table", keys), None);
    }
}
