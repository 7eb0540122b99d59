//! The spellings of serde's `rename_all`, letter by letter as serde spells them.

/// A spelling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spelling {
    Lower,
    Upper,
    Pascal,
    Camel,
    Snake,
    ScreamingSnake,
    Kebab,
    ScreamingKebab,
}

impl Spelling {
    /// `None` for one that serde refuses as well.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "lowercase" => Self::Lower,
            "UPPERCASE" => Self::Upper,
            "PascalCase" => Self::Pascal,
            "camelCase" => Self::Camel,
            "snake_case" => Self::Snake,
            "SCREAMING_SNAKE_CASE" => Self::ScreamingSnake,
            "kebab-case" => Self::Kebab,
            "SCREAMING-KEBAB-CASE" => Self::ScreamingKebab,
            _ => return None,
        })
    }

    /// Spells a variant, which is `PascalCase` in Rust.
    pub(super) fn of_variant(self, name: &str) -> String {
        match self {
            Self::Pascal => name.to_owned(),
            Self::Lower => name.to_ascii_lowercase(),
            Self::Upper => name.to_ascii_uppercase(),
            Self::Camel => first_lower(name),
            Self::Snake => snake(name),
            Self::ScreamingSnake => snake(name).to_ascii_uppercase(),
            Self::Kebab => snake(name).replace('_', "-"),
            Self::ScreamingKebab => snake(name).to_ascii_uppercase().replace('_', "-"),
        }
    }

    /// Spells a field, which is `snake_case` in Rust.
    pub(super) fn of_field(self, name: &str) -> String {
        match self {
            Self::Lower | Self::Snake => name.to_owned(),
            Self::Upper | Self::ScreamingSnake => name.to_ascii_uppercase(),
            Self::Pascal => pascal(name),
            Self::Camel => first_lower(&pascal(name)),
            Self::Kebab => name.replace('_', "-"),
            Self::ScreamingKebab => name.to_ascii_uppercase().replace('_', "-"),
        }
    }
}

fn first_lower(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect()
}

fn snake(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    for (index, letter) in name.char_indices() {
        if index > 0 && letter.is_uppercase() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

fn pascal(name: &str) -> String {
    let mut pascal = String::with_capacity(name.len());
    let mut capital = true;
    for letter in name.chars() {
        if letter == '_' {
            capital = true;
        } else {
            pascal.push(if capital { letter.to_ascii_uppercase() } else { letter });
            capital = false;
        }
    }
    pascal
}

#[cfg(test)]
mod tests {
    use super::Spelling;

    #[test]
    fn spells_as_serde_does() {
        let table = [
            ("lowercase", "veryshort", "very_short"),
            ("UPPERCASE", "VERYSHORT", "VERY_SHORT"),
            ("PascalCase", "VeryShort", "VeryShort"),
            ("camelCase", "veryShort", "veryShort"),
            ("snake_case", "very_short", "very_short"),
            ("SCREAMING_SNAKE_CASE", "VERY_SHORT", "VERY_SHORT"),
            ("kebab-case", "very-short", "very-short"),
            ("SCREAMING-KEBAB-CASE", "VERY-SHORT", "VERY-SHORT"),
        ];
        for (name, variant, field) in table {
            let spelling = Spelling::named(name).unwrap();
            assert_eq!(spelling.of_variant("VeryShort"), variant, "{name}");
            assert_eq!(spelling.of_field("very_short"), field, "{name}");
        }
        assert_eq!(Spelling::named("Snake"), None);
    }
}
