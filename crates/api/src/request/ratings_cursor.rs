//! Where the next page of a user's ratings begins: after a certain rating. So a rating that comes in between two pages
//! neither repeats nor hides another.

use std::fmt;
use std::str::FromStr;

use matinee_live_ratings::Moment;
use matinee_model::MovieId;

use super::cursor::{TIME_DIGITS, versioned};

/// The number of hexadecimal digits of a rating's bits.
const RATING_DIGITS: usize = 8;

/// A position in the ratings of a user.
#[derive(Debug, Clone, PartialEq)]
pub struct RatingsCursor {
    /// The version of the model that made the list.
    pub version: String,
    /// The last rating on the previous page.
    pub last: LastRating,
}

/// The last rating on a page.
#[derive(Debug, Clone, PartialEq)]
pub enum LastRating {
    /// The newest come first, and this one came in after the model was trained.
    Kept {
        /// When.
        time: Moment,
        /// The rated movie.
        movie: MovieId,
    },
    /// The newest come first, and the model was trained on this one.
    Learned {
        /// Its place among the ratings that the model was trained on, the oldest being 0.
        place: u32,
    },
    /// The highest come first.
    Rated {
        /// The rating.
        rating: f32,
        /// The rated movie.
        movie: MovieId,
    },
}

impl FromStr for RatingsCursor {
    type Err = ();

    /// The version, a letter for the kind, and what identifies the rating.
    fn from_str(text: &str) -> Result<Self, ()> {
        let (version, rest) = versioned(text)?;
        let (kind, rest) = rest.split_at_checked(1).ok_or(())?;
        let last = match kind {
            "k" => {
                let (time, movie) = with_movie(rest, TIME_DIGITS)?;
                let time = Moment(i64::from_str_radix(time, 16).map_err(|_| ())?);
                LastRating::Kept { time, movie }
            }
            "l" => {
                LastRating::Learned { place: u32::from_str_radix(hexadecimal(rest)?, 16).map_err(|_| ())? }
            }
            "r" => {
                let (bits, movie) = with_movie(rest, RATING_DIGITS)?;
                let rating = u32::from_str_radix(bits, 16).map(f32::from_bits).map_err(|_| ())?;
                LastRating::Rated { rating, movie }
            }
            _ => return Err(()),
        };
        Ok(Self { version: version.to_owned(), last })
    }
}

impl fmt::Display for RatingsCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.version)?;
        match &self.last {
            LastRating::Kept { time, movie } => write!(f, "k{:012x}{movie}", time.0),
            LastRating::Learned { place } => write!(f, "l{place:x}"),
            LastRating::Rated { rating, movie } => write!(f, "r{:08x}{movie}", rating.to_bits()),
        }
    }
}

/// So many hexadecimal digits, and the id after them.
fn with_movie(text: &str, digits: usize) -> Result<(&str, MovieId), ()> {
    let (number, movie) = text.split_at_checked(digits).ok_or(())?;
    if movie.is_empty() { Err(()) } else { Ok((hexadecimal(number)?, movie.into())) }
}

fn hexadecimal(text: &str) -> Result<&str, ()> {
    if text.bytes().all(|byte| byte.is_ascii_hexdigit()) { Ok(text) } else { Err(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_cursor_reads_back(
            version in "[0-9a-f]{16}", movie in "[ -~]{1,20}", time in 0_i64..1 << 47, place: u32, rating in 0.5_f32..5.0,
        ) {
            let movie = MovieId::from(movie);
            for last in [
                LastRating::Kept { time: Moment(time), movie: movie.clone() },
                LastRating::Learned { place },
                LastRating::Rated { rating, movie },
            ] {
                let cursor = RatingsCursor { version: version.clone(), last };
                prop_assert_eq!(cursor.to_string().parse(), Ok(cursor));
            }
        }

        #[test]
        fn any_text_is_read_or_refused(text in prop_oneof![".{0,40}", "[0-9a-f]{16}[klr][0-9a-f+-]{0,14}.{0,9}"]) {
            if let Ok(RatingsCursor { last: LastRating::Kept { time, .. }, .. }) = text.parse() {
                prop_assert!(time.0 >= 0);
            }
        }
    }
}
