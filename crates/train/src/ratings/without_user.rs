//! Removes a user from a file of ratings, without reading it into memory. All other lines keep their bytes.

use std::io::{self, BufRead, Write};

use matinee_model::columns::{MOVIE, RATING, USER};
use memchr::{memchr_iter, memchr2, memmem};

use super::form::{BYTE_ORDER_MARK, Content, MovieLens};
use super::quotes::fields;

/// Why a user cannot be removed from a file.
#[derive(Debug, thiserror::Error)]
pub enum RemovalError {
    /// It is not a file of ratings in a form that training reads.
    #[error("it has no columns of users, movies and ratings")]
    NotRatings,
    /// A quoted field continues on another line, so lines are not records.
    #[error(
        "a quote that opens on line {line} does not close there, so it is not clear which lines are ratings; correct the file"
    )]
    OpenQuote {
        /// The line, from 1.
        line: u64,
    },
    /// The operating system reported an error.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Where a line has its user.
enum UserField {
    /// In this column of a CSV file.
    Csv(usize),
    /// Before this separator, in a form of `MovieLens`.
    Before(&'static str),
}

/// Copies a file of ratings from `input` to `output` without the lines of a user, whose number it returns. `name` is the name of
/// the file, by which `u.data` is recognised.
pub fn without_user(
    mut input: impl BufRead,
    mut output: impl Write,
    name: &str,
    user: &str,
) -> Result<u64, RemovalError> {
    let (mut line, mut number, mut removed) = (Vec::new(), 0, 0);
    let mut field = None;
    // A quote in an id is doubled in a CSV file.
    let quick = memmem::Finder::new(if user.contains('"') { "" } else { user });
    while next_line(&mut input, &mut line)? {
        number += 1;
        let text = if number == 1 { line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&line) } else { &line };
        let is_of_user = match &field {
            None if text.trim_ascii().is_empty() => false,
            None => {
                let found = UserField::of(text.trim_ascii_end(), name).ok_or(RemovalError::NotRatings)?;
                let is_of_user = matches!(found, UserField::Before(_)) && found.is(text, user);
                field = Some(found);
                is_of_user
            }
            Some(field) => {
                if matches!(field, UserField::Csv(_)) && memchr_iter(b'"', text).count() % 2 == 1 {
                    return Err(RemovalError::OpenQuote { line: number });
                }
                quick.find(text).is_some() && field.is(text, user)
            }
        };
        if is_of_user {
            removed += 1;
        } else {
            output.write_all(&line)?;
        }
    }
    if field.is_none() { Err(RemovalError::NotRatings) } else { Ok(removed) }
}

impl UserField {
    /// By the first line of a file, without its end.
    fn of(line: &[u8], name: &str) -> Option<Self> {
        if let Some(form) = MovieLens::of(line, name, Content::Ratings) {
            return Some(Self::Before(form.separator()));
        }
        let header = fields(line);
        let [user, _, _] = [USER, MOVIE, RATING].map(|column| column.find(&header));
        let is_complete = [MOVIE, RATING].iter().all(|column| column.find(&header).is_some());
        user.filter(|_| is_complete).map(Self::Csv)
    }

    /// Whether a line is of this user.
    fn is(&self, line: &[u8], user: &str) -> bool {
        match self {
            Self::Csv(column) => fields(line).get(*column).is_some_and(|field| field.trim() == user),
            Self::Before(separator) => {
                String::from_utf8_lossy(line).split(separator).next().is_some_and(|id| id.trim() == user)
            }
        }
    }
}

/// Reads a line with its end: LF, CR LF, or CR. `false` at the end of the file.
fn next_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    loop {
        let buffer = input.fill_buf()?;
        if buffer.is_empty() {
            return Ok(!line.is_empty());
        }
        if line.last() == Some(&b'\r') {
            // It has ended, unless its LF is in this piece.
            if buffer[0] == b'\n' {
                line.push(b'\n');
                input.consume(1);
            }
            return Ok(true);
        }
        let end = memchr2(b'\n', b'\r', buffer).map_or(buffer.len(), |end| end + 1);
        line.extend_from_slice(&buffer[..end]);
        input.consume(end);
        if line.last() == Some(&b'\n') {
            return Ok(true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ratings::{CsvFile, read_ratings};
    use matinee_model::RatingScale;
    use proptest::prelude::*;

    /// What is left, and how many lines were removed. Pieces of one byte show that no piece has to hold a line.
    fn left(name: &str, text: &str, user: &str) -> Result<(String, u64), RemovalError> {
        let mut output = Vec::new();
        let input = io::BufReader::with_capacity(1, text.as_bytes());
        let removed = without_user(input, &mut output, name, user)?;
        Ok((String::from_utf8(output).unwrap(), removed))
    }

    #[test]
    fn every_form_loses_the_lines_of_the_user_and_no_byte_else() {
        for (name, text, expected, count) in [
            ("r.csv", "userId,movieId,rating\n1,1,5\n11,1,4\n1,2,3\n", "userId,movieId,rating\n11,1,4\n", 2),
            ("r.csv", "rating,film,user\r\n5,1,\"1\"\r\n1,1,2\r\n", "rating,film,user\r\n1,1,2\r\n", 1),
            ("r.csv", "\u{feff}userId,movieId,rating\n 1 ,1,5", "\u{feff}userId,movieId,rating\n", 1),
            ("r.csv", "\nuserId,movieId,rating\r1,1,5\r2,1,5\r", "\nuserId,movieId,rating\r2,1,5\r", 1),
            ("ratings.dat", "1::1193::5::978300760\n2::1::3::1\n", "2::1::3::1\n", 1),
            ("ratings.dat", "12::1::3::1\n1::1193::5::978300760\n", "12::1::3::1\n", 1),
            ("u.data", "1\t242\t3\t881250949\n186\t302\t3\t1\n", "186\t302\t3\t1\n", 1),
            ("u.data.gz", "\u{feff}1\t242\t3\t881250949\n186\t302\t3\t1\n", "186\t302\t3\t1\n", 1),
        ] {
            let (left, removed) = left(name, text, "1").unwrap();
            assert_eq!(
                (left.trim_start_matches('\u{feff}'), removed),
                (expected.trim_start_matches('\u{feff}'), count),
                "{text:?}"
            );
        }
        let quoted = left("r.csv", "userId,movieId,rating\n\"a\"\"b\",1,5\nab,1,4\n", "a\"b").unwrap();
        assert_eq!(quoted, ("userId,movieId,rating\nab,1,4\n".to_owned(), 1));
    }

    #[test]
    fn what_is_not_ratings_is_refused() {
        for text in ["", "\n\n", "userId,movieId,tag\n1,1,dark\n", "movieId,title\n1,One\n", "{\"userId\":1}"]
        {
            assert!(matches!(left("tags.csv", text, "1"), Err(RemovalError::NotRatings)), "{text:?}");
        }
        let open = left("r.csv", "userId,movieId,rating,note\n2,1,5,\"a\n1,1,4,b\"\n", "1");
        assert!(matches!(open, Err(RemovalError::OpenQuote { line: 2 })), "{open:?}");
    }

    proptest! {
        /// Whatever the ids: training reads all ratings of the others from what is left, and none of the user.
        #[test]
        fn training_reads_the_others_alone(
            pairs in prop::collection::vec(("[1-3a\" ,é]{1,2}", 0_u32..50), 1..30),
            chosen in 0_usize..30,
        ) {
            let mut csv = csv::Writer::from_writer(Vec::new());
            csv.write_record(["movieId", "userId", "rating"]).unwrap();
            for (user, movie) in &pairs {
                csv.write_record([&movie.to_string(), user, "4"]).unwrap();
            }
            let text = String::from_utf8(csv.into_inner().unwrap()).unwrap();
            let user = pairs[chosen % pairs.len()].0.trim();
            prop_assume!(!user.is_empty());
            let read = |text: String| {
                let file = CsvFile { name: "ratings.csv".to_owned(), bytes: text.into_bytes() };
                read_ratings(&file, RatingScale::MOVIELENS).0.into_iter().map(|rating| (rating.user, rating.movie)).collect::<Vec<_>>()
            };
            let (rest, removed) = left("ratings.csv", &text, user).unwrap();
            let others: Vec<_> = read(text).into_iter().filter(|(other, _)| other != user).collect();
            prop_assert_eq!(read(rest), others);
            prop_assert_eq!(removed as usize, pairs.iter().filter(|(other, _)| other.trim() == user).count());
        }
    }
}
