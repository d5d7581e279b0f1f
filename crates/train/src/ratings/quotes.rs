//! Finds quotes that are not closed where they should be.
//!
//! For a CSV reader, a quote that is not closed starts a field that ends at the next quote, perhaps many lines later, and
//! swallows the records in between. A quote that closes within its field is lost, and one after a space becomes part of the
//! text. Here each of them is a fault of its line, and the records after it are read.

use std::borrow::Cow;
use std::ops::Range;

use memchr::{memchr, memchr_iter, memchr2, memchr3, memrchr2};

/// A CSV file in which the records with unclosed quotes are replaced by blank lines.
pub(super) struct Closed<'a> {
    pub(super) csv: Cow<'a, [u8]>,
    /// The lines on which these quotes open, from 1, and what is wrong there.
    pub(super) faults: Vec<(u64, String)>,
    /// Whether a quote is not closed before the end.
    pub(super) is_open: bool,
}

/// Removes the records, from the byte `from` on, with a quoted field that does not end where its quote closes, or never
/// ends, or swallows a line that `is_record` recognises as a record. It takes one pass, and does not copy files without
/// quotes. The first line has the number 1 + `line_offset`.
pub(super) fn close(
    csv: &[u8],
    from: usize,
    line_offset: u64,
    is_record: impl Fn(&[&str]) -> bool,
) -> Closed<'_> {
    let mut cuts: Vec<Range<usize>> = Vec::new();
    let mut faults = Vec::new();
    let mut is_open = false;
    let mut lines = Lines { csv, counted: 0, line: 1 + line_offset };
    let mut at = from;
    while let Some(quote) = memchr(b'"', &csv[at..]) {
        let begin = memrchr2(b'\n', b'\r', &csv[at..at + quote]).map_or(at, |end| at + end + 1);
        match record(csv, begin, &is_record) {
            Ok(end) => at = end,
            Err(open) => {
                is_open |= matches!(open.problem, Problem::Never);
                let line = lines.at(open.at);
                faults.push((line, open.problem.describe(&mut lines)));
                at = open.end;
                cuts.push(begin..at);
            }
        }
    }
    Closed { csv: without(csv, &cuts), faults, is_open }
}

/// What is wrong with the quotes of a header, if anything is.
pub(super) fn fault_of_header(line: &[u8]) -> Option<String> {
    let open = record(line, 0, |_| false).err()?;
    // The names of columns are recognised despite such quotes.
    let matters = !matches!(open.problem, Problem::AfterSpace);
    matters.then(|| open.problem.describe(&mut Lines { csv: line, counted: 0, line: 1 }))
}

/// Whether a quote of this line is not closed before its end.
pub(super) fn is_open(line: &[u8]) -> bool {
    record(line, 0, |_| false).is_err_and(|open| matches!(open.problem, Problem::Never))
}

/// A quote that opens at the byte `at` and is not closed as it should be.
struct Open {
    at: usize,
    problem: Problem,
    /// Where the next record may begin.
    end: usize,
}

enum Problem {
    /// It closes in the middle of its field, on the same line.
    Within,
    /// There is a space before it, so it opens nothing.
    AfterSpace,
    /// It closes at this byte, in the middle of a field of another line.
    Stray(usize),
    /// It swallows the record that begins at this byte.
    Swallows(usize),
    /// The file ends first.
    Never,
}

impl Problem {
    fn describe(&self, lines: &mut Lines<'_>) -> String {
        let remedy = "close it on this line, or write a quote within a field as two";
        match self {
            Self::Within => {
                "the quote that opens here ends within the field; write each quote within a quoted field as two"
                    .to_owned()
            }
            Self::AfterSpace => {
                "there is a space before a quote, which makes the quote a part of the text; remove the space".to_owned()
            }
            Self::Stray(at) => {
                format!("the quote that opens here ends in the middle of line {}; {remedy}", lines.ahead(*at))
            }
            Self::Swallows(at) => {
                format!("the quote that opens here swallows line {}; {remedy}", lines.ahead(*at))
            }
            Self::Never => format!("the quote that opens here is never closed; {remedy}"),
        }
    }
}

/// Reads the record that begins at `begin`. Returns where the next one begins.
fn record(csv: &[u8], begin: usize, is_record: impl Fn(&[&str]) -> bool) -> Result<usize, Open> {
    let mut at = begin;
    loop {
        let text = after_spaces(csv, at);
        if csv.get(text) == Some(&b'"') {
            let open = |problem| Open { at: text, problem, end: line_end(csv, text) };
            if text > at {
                return Err(open(Problem::AfterSpace));
            }
            let close = closing(csv, at + 1).ok_or_else(|| open(Problem::Never))?;
            let breaks = memchr2(b'\n', b'\r', &csv[at..close]);
            if !matches!(csv.get(after_spaces(csv, close + 1)), None | Some(b',' | b'\n' | b'\r')) {
                return Err(open(if breaks.is_some() { Problem::Stray(close) } else { Problem::Within }));
            }
            if let Some(first_break) = breaks {
                let taken = at + first_break + 1..line_end(csv, close);
                if let Some(line) = own_record(csv, taken.clone(), &is_record) {
                    let last = memrchr2(b'\n', b'\r', &csv[taken.start..close])
                        .map_or(taken.start, |end| taken.start + end + 1);
                    // If the last line is not a record, all of the lines are the text of one field.
                    let is_text = own_record(csv, last..taken.end, &is_record).is_none();
                    let end = if is_text { taken.end } else { line_end(csv, at) };
                    return Err(Open { end, ..open(Problem::Swallows(line)) });
                }
            }
            at = close + 1;
        }
        let Some(length) = memchr3(b',', b'\n', b'\r', &csv[at..]) else { return Ok(csv.len()) };
        at += length + 1;
        if csv[at - 1] != b',' {
            return Ok(at);
        }
    }
}

/// The first byte from `at` on that is not a space.
fn after_spaces(csv: &[u8], at: usize) -> usize {
    at + csv.get(at..).unwrap_or_default().iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count()
}

/// The quote that closes the field whose content begins at `at`: the first that is not doubled.
fn closing(csv: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let quote = at + memchr(b'"', csv.get(at..)?)?;
        if csv.get(quote + 1) != Some(&b'"') {
            return Some(quote);
        }
        at = quote + 2;
    }
}

/// The first line in `range` that is a record of its own.
fn own_record(csv: &[u8], range: Range<usize>, is_record: impl Fn(&[&str]) -> bool) -> Option<usize> {
    let mut begin = range.start;
    while begin < range.end {
        let end = line_end(csv, begin).min(range.end);
        let fields = fields(&csv[begin..end]);
        let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
        if is_record(&fields) {
            return Some(begin);
        }
        begin = end;
    }
    None
}

/// The fields of one line of CSV.
pub(super) fn fields(line: &[u8]) -> Vec<String> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(line);
    let record = reader.byte_records().next().and_then(Result::ok).unwrap_or_default();
    record.iter().map(|field| String::from_utf8_lossy(field).trim().to_owned()).collect()
}

/// Where the line after that of `at` begins.
fn line_end(csv: &[u8], at: usize) -> usize {
    memchr2(b'\n', b'\r', &csv[at..]).map_or(csv.len(), |length| at + length + 1)
}

/// `csv` without the content of the ranges, except for line ends, so that lines keep their numbers.
fn without<'a>(csv: &'a [u8], cuts: &[Range<usize>]) -> Cow<'a, [u8]> {
    if cuts.is_empty() {
        return Cow::Borrowed(csv);
    }
    let mut left = Vec::with_capacity(csv.len());
    let mut at = 0;
    for cut in cuts {
        left.extend_from_slice(&csv[at..cut.start]);
        left.extend(csv[cut.clone()].iter().filter(|byte| matches!(byte, b'\n' | b'\r')));
        at = cut.end;
    }
    left.extend_from_slice(&csv[at..]);
    Cow::Owned(left)
}

/// Counts lines while going forward.
struct Lines<'a> {
    csv: &'a [u8],
    counted: usize,
    line: u64,
}

impl Lines<'_> {
    /// The line of the byte `at`, which must not be before the previous one.
    fn at(&mut self, at: usize) -> u64 {
        self.line = self.ahead(at);
        self.counted = at;
        self.line
    }

    /// The line of a byte further on.
    fn ahead(&self, at: usize) -> u64 {
        self.line + memchr_iter(b'\n', &self.csv[self.counted..at]).count() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn is_movie(fields: &[&str]) -> bool {
        fields.len() == 3 && fields[0].bytes().all(|byte| byte.is_ascii_digit())
    }

    /// The lines of the faults, and what is left.
    fn closed(csv: &str) -> (Vec<u64>, String) {
        let closed = close(csv.as_bytes(), 0, 0, is_movie);
        let lines = closed.faults.iter().map(|(line, _)| *line).collect();
        (lines, String::from_utf8(closed.csv.into_owned()).unwrap())
    }

    #[test]
    fn a_quote_that_does_not_close_is_a_fault_of_its_line() {
        for (csv, lines, left) in [
            ("h\n1,\"a,b\n2,c,d\n3,\"e\",f\n", vec![2], "h\n\n2,c,d\n3,\"e\",f\n"),
            ("h\n1,\"a,b\n2,c,d\n3,e \"f\",g\n", vec![2], "h\n\n2,c,d\n3,e \"f\",g\n"),
            ("h\n1,\"a,b\n2,c\",d\n3,e,f\n", vec![2], "h\n\n2,c\",d\n3,e,f\n"),
            ("h\n1,\"a,b\n2,c,d\n", vec![2], "h\n\n2,c,d\n"),
            ("h\n1,a,\"b", vec![2], "h\n"),
            ("h\n1,\"a\"\"b,c\n2,\"d,e\n3,f,g\n", vec![2, 3], "h\n\n\n3,f,g\n"),
            ("h\r\n1,\"a,b\r\n2,\"c\",d\r\n", vec![2], "h\r\n\r\n2,\"c\",d\r\n"),
            ("h\n1,\"two\nlines\",\"a\n2,b,c\n", vec![3], "h\n\n\n2,b,c\n"),
            ("h\n5,\"one\n7,two,d\nthree\",e\n8,f,g\n", vec![2], "h\n\n\n\n8,f,g\n"),
            ("h\n5,\"12\" Monkeys (1990)\",d\n6,e,f\n", vec![2], "h\n\n6,e,f\n"),
            ("h\n5,\"Five \\\"the\\\" (1990)\",d\n6,e,f\n", vec![2], "h\n\n6,e,f\n"),
            ("h\n5,\"\"12\" Monkeys\",d\n", vec![2], "h\n\n"),
            ("h\n5,\"a\"b,c\n6,e,f\n", vec![2], "h\n\n6,e,f\n"),
            ("h\n5, \"Beta\", d\n6,e,f\n", vec![2], "h\n\n6,e,f\n"),
        ] {
            assert_eq!(closed(csv), (lines, left.to_owned()), "{csv:?}");
        }
    }

    #[test]
    fn quotes_that_close_are_left() {
        for csv in [
            "",
            "h\n1,a,b\n",
            "h\n1,\"a, b\",c\n2,\"say \"\"no\"\"\",d\n3,a \"quote\" within,e\n",
            "h\n1,\"two\nlines\",a\n2,\"\",\"\"\n",
            "h\n1,\"a\" ,c\n2, \t,d\n",
            "h\n1,\"a\"",
        ] {
            assert_eq!(closed(csv), (vec![], csv.to_owned()), "{csv:?}");
            assert!(matches!(close(csv.as_bytes(), 0, 0, is_movie).csv, Cow::Borrowed(_)));
        }
    }

    #[test]
    fn the_fault_of_a_quote_within_its_field_says_how_to_write_it() {
        let fault = |csv: &[u8]| close(csv, 0, 0, is_movie).faults.remove(0).1;
        assert!(fault(b"5,\"12\" Monkeys\",d").contains("write each quote within a quoted field as two"));
        assert!(fault(b"5, \"Beta\",d").contains("remove the space"));
    }

    #[test]
    fn a_header_may_have_spaces_before_its_quotes_and_nothing_else() {
        assert_eq!(fault_of_header(b"\"userId\", \"movieId\""), None);
        for header in ["movieId,\"title,genres", "movieId,\"ti\"tle\",genres"] {
            assert!(fault_of_header(header.as_bytes()).is_some(), "{header}");
        }
    }

    #[test]
    fn the_fault_says_where_the_quote_went() {
        let closed = close(b"h\n1,\"a,b\n2,c,d\n3,\"e\",f\n4,\"g\n", 0, 0, is_movie);
        assert!(closed.faults[0].1.contains("in the middle of line 4"), "{:?}", closed.faults);
        assert!(closed.faults[1].1.contains("is never closed"), "{:?}", closed.faults);
    }

    proptest! {
        #[test]
        fn what_is_left_has_the_same_lines_and_closes(csv in "([0-9a,\"\n\r]{0,6}|\"\"|\",\"){0,20}") {
            let first = close(csv.as_bytes(), 0, 0, is_movie);
            let ends = |csv: &[u8]| csv.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count();
            prop_assert_eq!(ends(csv.as_bytes()), ends(&first.csv));
            prop_assert!(close(&first.csv, 0, 0, is_movie).faults.is_empty());
        }

        #[test]
        fn what_a_writer_quotes_is_left(rows in prop::collection::vec(("[a-z]{1,3}", "[a-z \",]{0,6}", "[a-z \"\n]{0,6}"), 0..8)) {
            let mut writer = csv::Writer::from_writer(Vec::new());
            for (id, title, genres) in &rows {
                writer.write_record([id, title, genres]).unwrap();
            }
            let csv = writer.into_inner().unwrap();
            prop_assert!(close(&csv, 0, 0, is_movie).faults.is_empty());
        }
    }
}
