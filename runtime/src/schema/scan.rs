//! Reading one line, from left to right.

/// What is left of a line.
pub(crate) struct Scan<'a> {
    rest: &'a str,
}

/// What is wrong with a line.
pub(crate) type Scanned<T> = Result<T, String>;

impl<'a> Scan<'a> {
    pub(crate) fn new(line: &'a str) -> Self {
        Self { rest: line }
    }

    /// Takes the text if it is next.
    pub(crate) fn eat(&mut self, text: &str) -> bool {
        self.rest.strip_prefix(text).inspect(|rest| self.rest = rest).is_some()
    }

    /// Takes the text, which must be next.
    pub(crate) fn expect(&mut self, text: &str) -> Scanned<()> {
        if self.eat(text) { Ok(()) } else { Err(self.expected(&format!("`{text}`"))) }
    }

    /// Takes what stands before the next separator; nothing, if one is next.
    pub(crate) fn word(&mut self) -> &'a str {
        let end = self.rest.find([' ', ',', ':', '(', ')', '[', ']']).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    /// A name, plain or quoted.
    pub(crate) fn name(&mut self) -> Scanned<String> {
        if self.rest.starts_with('"') {
            return self.quoted();
        }
        match self.word() {
            "" => Err(self.expected("a name")),
            word => Ok(word.to_owned()),
        }
    }

    /// A JSON string.
    pub(crate) fn quoted(&mut self) -> Scanned<String> {
        let mut values = serde_json::Deserializer::from_str(self.rest).into_iter::<String>();
        match values.next() {
            Some(Ok(text)) => {
                self.rest = self.rest.get(values.byte_offset()..).unwrap_or("");
                Ok(text)
            }
            Some(Err(_)) | None => Err(self.expected("a text in quotes")),
        }
    }

    /// A number in decimal digits.
    pub(crate) fn number<T: std::str::FromStr>(&mut self) -> Scanned<T> {
        let end = self.rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.rest.len());
        let (digits, rest) = self.rest.split_at(end);
        let number = digits.parse().map_err(|_| self.expected("a number"))?;
        self.rest = rest;
        Ok(number)
    }

    /// Nothing may be left.
    pub(crate) fn end(&self) -> Scanned<()> {
        if self.rest.is_empty() { Ok(()) } else { Err(self.expected("the end of the line")) }
    }

    pub(crate) fn expected(&self, what: &str) -> String {
        match self.rest {
            "" => format!("{what} is missing at the end of the line"),
            rest => format!("{what} should stand before `{rest}`"),
        }
    }
}
