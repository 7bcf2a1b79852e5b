//! TOML of a lock, every value with the line that it stands in.
//!
//! Enters: the text of pylock.toml, poetry.lock, uv.lock or pyproject.toml, which nobody vouches for. Leaves: tables that are asked for
//! values of a type, and answer with the value or with a refusal that names file and line. Keys that are not asked for are
//! not looked at; duplicate keys and deep nesting are errors of the TOML parser. What a lock means is deliberately absent.

use crate::code::Code;
use crate::refusal::Refusal;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Largest file that is parsed, in bytes: the largest known lock of uv has some 2 MB, and the parser takes 70 times the size.
const MAXIMUM_SIZE: usize = 8 << 20;

/// A parsed file.
pub(super) struct Document<'a> {
    file: &'a str,
    /// Offset of the beginning of each line.
    lines: Vec<usize>,
    root: Spanned<DeTable<'a>>,
}

/// A table of a [`Document`].
#[derive(Clone, Copy)]
pub(super) struct Table<'d> {
    document: &'d Document<'d>,
    table: &'d DeTable<'d>,
    at: usize,
}

/// A value that is not a table, with its place.
#[derive(Clone, Copy)]
pub(super) struct Text<'d> {
    /// The value.
    pub(super) value: &'d str,
    document: &'d Document<'d>,
    at: usize,
}

impl Text<'_> {
    /// `FILE line N`.
    pub(super) fn origin(&self) -> String {
        self.document.origin(self.at)
    }
}

/// A refusal that says what is wrong in which line.
pub(super) fn malformed(origin: &str, why: impl std::fmt::Display) -> Refusal {
    Refusal::new(Code::LockMalformed, format!("{origin}: {why}"))
}

impl<'a> Document<'a> {
    /// Parses `text`; `file` is what messages call it.
    ///
    /// # Errors
    /// When it is no TOML, or larger than any real one.
    pub(super) fn parse(file: &'a str, text: &'a str) -> Result<Self, Refusal> {
        if text.len() > MAXIMUM_SIZE {
            return Err(malformed(file, format!("larger than {MAXIMUM_SIZE} bytes")));
        }
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let parsed = DeTable::parse(text);
        let mut document = Self { file, lines, root: Spanned::new(0..0, DeTable::new()) };
        match parsed {
            Ok(root) => document.root = root,
            Err(error) => {
                let origin = document.origin(error.span().map_or(0, |span| span.start));
                return Err(malformed(&origin, error.message().replace('\n', " ")));
            }
        }
        Ok(document)
    }

    /// The whole file as a table.
    pub(super) fn root(&self) -> Table<'_> {
        Table { document: self, table: self.root.get_ref(), at: 0 }
    }

    fn origin(&self, at: usize) -> String {
        format!("{} line {}", self.file, self.lines.partition_point(|start| *start <= at))
    }
}

impl<'d> Table<'d> {
    /// `FILE line N`.
    pub(super) fn origin(&self) -> String {
        self.document.origin(self.at)
    }

    /// Every key, with its place.
    pub(super) fn keys(&self) -> impl Iterator<Item = Text<'d>> {
        let document = self.document;
        self.table.keys().map(move |key| Text { value: key.get_ref(), document, at: key.span().start })
    }

    /// Whether there is a value of this name.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    fn get(&self, key: &str) -> Option<(&'d DeValue<'d>, usize)> {
        let value = self.table.get(key)?;
        Some((value.get_ref(), value.span().start))
    }

    fn wrong_type(&self, key: &str, at: usize, expected: &str, found: &DeValue<'_>) -> Refusal {
        malformed(&self.document.origin(at), format!("`{key}` is {expected}, and not {}", found.type_str()))
    }

    /// Refuses a value that is not there.
    pub(super) fn required<T>(&self, key: &str, value: Option<T>) -> Result<T, Refusal> {
        value.ok_or_else(|| malformed(&self.origin(), format!("`{key}` is missing")))
    }

    /// A text.
    pub(super) fn text(&self, key: &str) -> Result<Option<Text<'d>>, Refusal> {
        let Some((value, at)) = self.get(key) else { return Ok(None) };
        let DeValue::String(text) = value else { return Err(self.wrong_type(key, at, "a text", value)) };
        Ok(Some(Text { value: text, document: self.document, at }))
    }

    /// A text, or what a table has: `"*"`, `{version = "*"}`.
    pub(super) fn text_or_table(&self, key: &str) -> Result<Option<Result<Text<'d>, Table<'d>>>, Refusal> {
        if self.get(key).is_some_and(|(value, _)| value.is_table()) {
            return Ok(self.table(key)?.map(Err));
        }
        Ok(self.text(key)?.map(Ok))
    }

    /// A whole number that is not negative.
    pub(super) fn number(&self, key: &str) -> Result<Option<u64>, Refusal> {
        let Some((value, at)) = self.get(key) else { return Ok(None) };
        let number = value.as_integer().and_then(|number| u64::from_str_radix(number.as_str(), number.radix()).ok());
        number.map(Some).ok_or_else(|| self.wrong_type(key, at, "a whole number from 0 to 2⁶⁴-1", value))
    }

    /// True or false.
    pub(super) fn boolean(&self, key: &str) -> Result<Option<bool>, Refusal> {
        let Some((value, at)) = self.get(key) else { return Ok(None) };
        value.as_bool().map(Some).ok_or_else(|| self.wrong_type(key, at, "true or false", value))
    }

    /// A list of texts; none when it is not there.
    pub(super) fn texts(&self, key: &str) -> Result<Option<Vec<Text<'d>>>, Refusal> {
        let Some((value, at)) = self.get(key) else { return Ok(None) };
        let expected = "a list of texts";
        let list = value.as_array().ok_or_else(|| self.wrong_type(key, at, expected, value))?;
        let mut texts = Vec::new();
        for value in list {
            let at = value.span().start;
            let text = value.get_ref().as_str().ok_or_else(|| self.wrong_type(key, at, expected, value.get_ref()))?;
            texts.push(Text { value: text, document: self.document, at });
        }
        Ok(Some(texts))
    }

    /// A table.
    pub(super) fn table(&self, key: &str) -> Result<Option<Table<'d>>, Refusal> {
        let Some((value, at)) = self.get(key) else { return Ok(None) };
        let DeValue::Table(table) = value else { return Err(self.wrong_type(key, at, "a table", value)) };
        Ok(Some(Table { document: self.document, table, at }))
    }

    /// A list of tables; an empty one when it is not there.
    pub(super) fn tables(&self, key: &str) -> Result<Vec<Table<'d>>, Refusal> {
        match self.table.get(key) {
            Some(value) => self.tables_of(value, key, "a list of tables"),
            None => Ok(Vec::new()),
        }
    }

    fn tables_of(&self, value: &'d Spanned<DeValue<'d>>, key: &str, expected: &str) -> Result<Vec<Table<'d>>, Refusal> {
        let list = value.get_ref().as_array();
        let list = list.ok_or_else(|| self.wrong_type(key, value.span().start, expected, value.get_ref()))?;
        let mut tables = Vec::new();
        for value in list {
            let at = value.span().start;
            let DeValue::Table(table) = value.get_ref() else {
                return Err(self.wrong_type(key, at, expected, value.get_ref()));
            };
            tables.push(Table { document: self.document, table, at });
        }
        Ok(tables)
    }

    /// A list of lists of tables; an empty one when it is not there.
    pub(super) fn lists_of_tables(&self, key: &str) -> Result<Vec<Vec<Table<'d>>>, Refusal> {
        let Some((value, at)) = self.get(key) else { return Ok(Vec::new()) };
        let expected = "a list of lists of tables";
        let list = value.as_array().ok_or_else(|| self.wrong_type(key, at, expected, value))?;
        list.iter().map(|value| self.tables_of(value, key, expected)).collect()
    }

    /// Whether the value of this name is a list.
    pub(super) fn is_list(&self, key: &str) -> bool {
        self.get(key).is_some_and(|(value, _)| value.is_array())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_has_its_line() {
        let text = "a = 1\n[[p]]\nname = 'x'\nlist = [\n 'y',\n 'z']\n[[p]]\ninner = {n = -1}\n[p.below]\nk = true\n";
        let document = Document::parse("f", text).unwrap();
        let tables = document.root().tables("p").unwrap();
        let origins: Vec<String> = tables.iter().map(Table::origin).collect();
        assert_eq!(origins, ["f line 2", "f line 7"]);
        assert_eq!(tables[0].text("name").unwrap().unwrap().origin(), "f line 3");
        assert_eq!(tables[0].texts("list").unwrap().unwrap()[1].origin(), "f line 6");
        assert_eq!(tables[1].table("below").unwrap().unwrap().origin(), "f line 9");
        assert_eq!(document.root().number("a").unwrap(), Some(1));
        let inner = tables[1].table("inner").unwrap().unwrap();
        let refusal = inner.number("n").err().unwrap();
        assert!(refusal.message.starts_with("f line 8: `n` is a whole number"), "{}", refusal.message);
        for refusal in [
            tables[0].number("name").err().unwrap(),
            tables[0].table("name").err().unwrap(),
            tables[0].tables("list").err().unwrap(),
            document.root().text("p").err().unwrap(),
            document.root().texts("p").err().unwrap(),
            document.root().boolean("a").err().unwrap(),
            document.root().required::<()>("q", None).err().unwrap(),
        ] {
            assert!(refusal.message.starts_with("f line "), "{}", refusal.message);
        }
    }

    #[test]
    fn what_is_no_toml_is_refused_with_its_line() {
        let large = Document::parse("f", &" ".repeat(MAXIMUM_SIZE + 1)).err().unwrap();
        assert!(large.message.contains("larger"), "{}", large.message);
        for (text, line) in [
            ("a = 1\na = 2\n", 2),
            ("a = \n", 1),
            ("\n[a]\n[a]\n", 3),
            ("a = 99999999999999999999999999999999999999999999999", 1),
            (&format!("\na = {}{}", "[".repeat(1000), "]".repeat(1000)), 2),
        ] {
            let found = Document::parse("f", text).and_then(|document| document.root().number("a"));
            let message = found.err().unwrap().message;
            assert!(message.starts_with(&format!("f line {line}: ")), "{text}: {message}");
        }
    }
}
