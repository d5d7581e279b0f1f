//! The names of tables.

use std::str::FromStr;

/// The name of a table: 3 to 255 letters, digits, dots, hyphens and underscores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableName(String);

/// Text that is not the name of a table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the name of a table; it must be 3 to 255 letters, digits, `.`, `-` and `_`")]
pub struct TableNameError(String);

impl TableName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TableName {
    type Err = TableNameError;

    fn from_str(text: &str) -> Result<Self, TableNameError> {
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
        let is_name = (3..=255).contains(&text.len()) && text.bytes().all(is_letter);
        if is_name { Ok(Self(text.to_owned())) } else { Err(TableNameError(text.to_owned())) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_texts_are_refused() {
        assert_eq!("matinee-Ratings_1.2".parse::<TableName>().unwrap().as_str(), "matinee-Ratings_1.2");
        for text in ["", "ab", "a table", "arn:aws:dynamodb:eu-west-1:1:table/t", &"x".repeat(256)] {
            assert!(text.parse::<TableName>().unwrap_err().to_string().contains(text), "{text}");
        }
    }
}
