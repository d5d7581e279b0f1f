//! How well a title matches a query: word by word, and as a whole.

/// How well a word of a title matches a word of the query. Greater is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fit {
    None,
    /// Starts with something similar.
    MisspeltPrefix,
    Misspelt,
    Year,
    Prefix,
    /// Two words of the title, written in one.
    Joined,
    Exact,
}

/// A movie that matches every word so far.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    pub(super) row: usize,
    /// The sum of the matches.
    pub(super) fit: u32,
    /// The number of words of the title that match.
    pub(super) words: usize,
    /// Whether each word matches a whole word of the title.
    pub(super) are_whole_words: bool,
}

impl Fit {
    /// What the match of a word adds to the match of the whole query.
    pub(super) fn value(self) -> u32 {
        match self {
            Self::None => 0,
            Self::MisspeltPrefix => 1,
            Self::Misspelt => 2,
            Self::Year => 3,
            Self::Prefix => 4,
            Self::Joined | Self::Exact => 5,
        }
    }
}

impl Found {
    /// The movie in this row of the catalogue, before any word was compared.
    pub(super) fn nothing(row: usize) -> Self {
        Self { row, fit: 0, words: 0, are_whole_words: true }
    }

    /// With another word that matches.
    pub(super) fn with(self, fit: Fit) -> Self {
        let is_whole = matches!(fit, Fit::Misspelt | Fit::Year | Fit::Joined | Fit::Exact);
        Self {
            row: self.row,
            fit: self.fit + fit.value(),
            words: self.words + if fit == Fit::Joined { 2 } else { 1 },
            are_whole_words: self.are_whole_words && is_whole,
        }
    }
}
