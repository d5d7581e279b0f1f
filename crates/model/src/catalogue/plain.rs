//! The catalogue of an artifact as this crate writes it, read several times as fast as any CSV.
//!
//! It is a subset of CSV in which nothing can be read in two ways: UTF-8, the three columns in order, records that
//! end with a line feed, and quotes only around whole fields. [`MovieReader`](super::MovieReader) reads the rest.

use memchr::{memchr, memchr2};

use crate::MAX_ID_BYTES;

const HEADER: &str = "movieId,title,genres\n";

/// The records of a plain `movies.csv`.
pub(super) struct PlainRecords<'a> {
    rest: &'a str,
    unquoted: [String; 3],
}

/// A record that is not plain.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NotPlain;

impl<'a> PlainRecords<'a> {
    /// `None` if the file is not plain from its beginning.
    pub(super) fn new(csv: &'a [u8]) -> Option<Self> {
        let text = std::str::from_utf8(csv).ok()?;
        Some(Self { rest: text.strip_prefix(HEADER)?, unquoted: Default::default() })
    }

    /// Id, title and genres of the next record.
    pub(super) fn next(&mut self) -> Option<Result<[&str; 3], NotPlain>> {
        if self.rest.is_empty() {
            return None;
        }
        let [mut id, mut title, mut genres] = [Field::Whole(""); 3];
        let ends = [(b',', &mut id), (b',', &mut title), (b'\n', &mut genres)];
        for ((end, field), buffer) in ends.into_iter().zip(&mut self.unquoted) {
            let Some((found, rest)) = take_field(self.rest, end, buffer) else { return Some(Err(NotPlain)) };
            *field = found;
            self.rest = rest;
        }
        let [id_buffer, title_buffer, genres_buffer] = &self.unquoted;
        let record = [id.text(id_buffer), title.text(title_buffer), genres.text(genres_buffer)];
        // Spaces around an id are no part of it, and an empty or long one is a fault.
        let is_plain = (1..=MAX_ID_BYTES).contains(&record[0].len()) && record[0].trim() == record[0];
        Some(if is_plain { Ok(record) } else { Err(NotPlain) })
    }
}

#[derive(Clone, Copy)]
enum Field<'a> {
    /// It stands in the file as it is.
    Whole(&'a str),
    /// It was quoted with quotes in it, and stands in the buffer.
    Unquoted,
}

impl<'a> Field<'a> {
    fn text(self, buffer: &'a str) -> &'a str {
        match self {
            Self::Whole(text) => text,
            Self::Unquoted => buffer,
        }
    }
}

/// The field that `text` begins with and `end` ends, and what comes after that.
fn take_field<'a>(text: &'a str, end: u8, buffer: &mut String) -> Option<(Field<'a>, &'a str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let length = memchr(end, text.as_bytes())?;
        let field = &text[..length];
        // Another separator, or what begins a quote or ends a line elsewhere: not plain.
        let is_plain = memchr2(b'"', b'\r', field.as_bytes()).is_none()
            && memchr2(b',', b'\n', field.as_bytes()).is_none();
        return is_plain.then(|| (Field::Whole(field), &text[length + 1..]));
    };
    let first = memchr(b'"', quoted.as_bytes())?;
    let mut rest = &quoted[first + 1..];
    if rest.as_bytes().first() == Some(&end) {
        return Some((Field::Whole(&quoted[..first]), &rest[1..]));
    }
    buffer.clear();
    buffer.push_str(&quoted[..first]);
    while let Some(more) = rest.strip_prefix('"') {
        let length = memchr(b'"', more.as_bytes())?;
        buffer.push('"');
        buffer.push_str(&more[..length]);
        rest = &more[length + 1..];
    }
    (rest.as_bytes().first() == Some(&end)).then(|| (Field::Unquoted, &rest[1..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MovieReader;
    use proptest::prelude::*;

    fn plain(csv: &str) -> Option<Vec<[String; 3]>> {
        let mut records = PlainRecords::new(csv.as_bytes())?;
        let mut read = Vec::new();
        while let Some(record) = records.next() {
            read.push(record.ok()?.map(str::to_owned));
        }
        Some(read)
    }

    #[test]
    fn what_this_crate_writes_is_plain() {
        let read =
            plain("movieId,title,genres\n1,\"A, b\",c|d\n2,\"say \"\"no\"\"\",\n\"3\",\"two\nlines\",x\n");
        let expected = [["1", "A, b", "c|d"], ["2", "say \"no\"", ""], ["3", "two\nlines", "x"]];
        assert_eq!(read.unwrap(), expected.map(|record| record.map(str::to_owned)));
    }

    #[test]
    fn the_rest_is_left_to_the_other_reader() {
        for record in [
            "1,a\n",
            "1,a,b,c\n",
            ",a,b\n",
            " 1,a,b\n",
            "1,a\"b,c\n",
            "1,\"a\"b,c\n",
            "1,a,b\r\n",
            "1,a,b",
            "\n",
        ] {
            assert_eq!(plain(&format!("movieId,title,genres\n{record}")), None, "{record:?}");
        }
        assert!(plain("title,movieId,genres\n").is_none());
        let with_id = |bytes: usize| plain(&format!("{HEADER}{},a,b\n", "x".repeat(bytes)));
        assert!(with_id(MAX_ID_BYTES).is_some() && with_id(MAX_ID_BYTES + 1).is_none());
    }

    proptest! {
        #[test]
        fn both_readers_read_the_same(records in "([0-9 ]{0,2}|[a\",\n\r\"]{0,4}){0,30}") {
            let csv = format!("{HEADER}{records}");
            if let Some(read) = plain(&csv) {
                let other: Result<Vec<_>, _> = MovieReader::new(csv.as_bytes()).unwrap().collect();
                let other = other.unwrap().into_iter().map(|record| [record.id, record.title, record.genres]);
                prop_assert_eq!(read, other.collect::<Vec<_>>());
            }
        }
    }
}
