//! A column of strings.

/// Strings stored end to end in one allocation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct TextColumn {
    text: String,
    ends: Vec<usize>,
}

impl TextColumn {
    pub(super) fn with_capacity(rows: usize, bytes: usize) -> Self {
        Self { text: String::with_capacity(bytes), ends: Vec::with_capacity(rows) }
    }

    /// The number of rows.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.ends.push(self.text.len());
    }

    /// Adds the text of a row to a column in which most rows may be empty: it has no rows before the first text, and none
    /// after the last.
    pub(super) fn push_if_any(&mut self, row: usize, text: &str) {
        if text.is_empty() {
            return;
        }
        self.ends.resize(row, self.text.len());
        self.push(text);
    }

    /// The text of a row of such a column.
    pub(super) fn get_if_any(&self, row: usize) -> &str {
        if row < self.len() { self.get(row) } else { "" }
    }

    pub(super) fn get(&self, row: usize) -> &str {
        let start = if row == 0 { 0 } else { self.ends[row - 1] };
        &self.text[start..self.ends[row]]
    }
}

impl<'a> FromIterator<&'a str> for TextColumn {
    fn from_iter<T: IntoIterator<Item = &'a str>>(texts: T) -> Self {
        let mut column = Self::default();
        for text in texts {
            column.push(text);
        }
        column
    }
}
