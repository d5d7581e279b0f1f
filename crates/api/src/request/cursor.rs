//! Where the next page of a list begins. A cursor contains the version of the model that made it: another model orders
//! the movies differently, so the next page would skip some movies or repeat them.

use std::fmt;
use std::str::FromStr;

use matinee_model::MovieId;

use super::MAX_ID_BYTES;

/// The number of hexadecimal digits of a model's version.
const VERSION_DIGITS: usize = 16;

/// The number of hexadecimal digits of a score's bits.
const SCORE_DIGITS: usize = 8;

/// The number of hexadecimal digits of a time in milliseconds. They last for 8,000 years.
pub(super) const TIME_DIGITS: usize = 12;

/// The longest cursor: a version, a kind, a time, and the id of a movie.
pub(super) const MAX_CURSOR_BYTES: usize = VERSION_DIGITS + 1 + TIME_DIGITS + MAX_ID_BYTES;

/// A position in a ranking: after this movie, which has this score.
#[derive(Debug, Clone, PartialEq)]
pub struct Cursor {
    /// The version of the model that made the ranking.
    pub version: String,
    /// The score of the last movie on the previous page.
    pub score: f32,
    /// That movie.
    pub movie: MovieId,
}

/// A position in a list of movies: after this many movies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offset {
    /// The version of the model, or of the catalogue, that made the list.
    pub version: String,
    /// The number of movies before it.
    pub count: u32,
}

impl FromStr for Cursor {
    type Err = ();

    /// The version, the hexadecimal digits of the score's bits, and the movie's id.
    fn from_str(text: &str) -> Result<Self, ()> {
        let (version, rest) = versioned(text)?;
        let (bits, movie) = rest.split_at_checked(SCORE_DIGITS).ok_or(())?;
        let score = u32::from_str_radix(bits, 16).map(f32::from_bits).map_err(|_| ())?;
        if movie.is_empty() || score.is_nan() {
            Err(())
        } else {
            Ok(Self { version: version.to_owned(), score, movie: movie.into() })
        }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{:08x}{}", self.version, self.score.to_bits(), self.movie)
    }
}

impl FromStr for Offset {
    type Err = ();

    /// The version and the count.
    fn from_str(text: &str) -> Result<Self, ()> {
        let (version, count) = versioned(text)?;
        let is_number = !count.is_empty() && count.bytes().all(|byte| byte.is_ascii_digit());
        let count = count.parse().ok().filter(|_| is_number).ok_or(())?;
        Ok(Self { version: version.to_owned(), count })
    }
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.version, self.count)
    }
}

/// The version at the start of a cursor, and the rest.
pub(super) fn versioned(text: &str) -> Result<(&str, &str), ()> {
    let (version, rest) = text.split_at_checked(VERSION_DIGITS).ok_or(())?;
    let is_version = version.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_version && text.len() <= MAX_CURSOR_BYTES { Ok((version, rest)) } else { Err(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "3e705800260", "00112233445566773e705800", "0011223344556677nan", "001122334455667+"]
        {
            assert_eq!(text.parse::<Cursor>(), Err(()), "{text}");
        }
        for text in
            ["", "20", "0011223344556677", "0011223344556677x", "0011223344556677+2", "z011223344556677"]
        {
            assert_eq!(text.parse::<Offset>(), Err(()), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_cursor_reads_back(version in "[0-9a-f]{16}", score in -1e3_f32..1e3, movie in "[ -~]{1,20}", count: u32) {
            let cursor = Cursor { version: version.clone(), score, movie: movie.into() };
            prop_assert_eq!(cursor.to_string().parse(), Ok(cursor));
            let offset = Offset { version, count };
            prop_assert_eq!(offset.to_string().parse(), Ok(offset));
        }

        #[test]
        fn any_cursor_is_read_or_refused(text in prop_oneof![".{0,40}", "[0-9a-f]{24}.{0,20}"]) {
            if let Ok(cursor) = text.parse::<Cursor>() {
                prop_assert_eq!(cursor.to_string().parse(), Ok(cursor));
            }
            if let Ok(offset) = text.parse::<Offset>() {
                prop_assert_eq!(offset.to_string().parse(), Ok(offset));
            }
        }
    }
}
