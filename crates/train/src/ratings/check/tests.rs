//! A file that is read in pieces gives the same as the whole file.

use std::io::Read;

use proptest::prelude::*;
use proptest::sample::select;

use super::*;

const MOVIES: &str = "movieId,title,genres\n1,One,\n2,Two,\n3,Three,\n4,Four,\n";

/// Lines as they should be, with commas.
const RECORDS: [&str; 8] = [
    "1,1,4,100",
    "1,2,3.5,200",
    "2,1,5,100",
    "2,3,1,300",
    "3,2,2,1656105611",
    "3,3,4,1656105611.5",
    "4,4,0.5,2022-06-24",
    "5,1,3,400",
];
/// Lines that are faults, notes, or are not what they seem to be.
const OTHERS: [&str; 20] = [
    "",
    "",
    "  ",
    "1,1",
    "1,2,nine,100",
    "1,2,9,100",
    "1,2,3,today",
    ",2,3,100",
    "nan,2,3,100",
    "6,unknown,3,100",
    "\u{feff}1,3,4,100",
    "Zoë,1,4,100",
    "7,1,4,100\r8,1,4,100",
    "\"1\",\"2\",4,500",
    "\"say \"\"no\"\"\",2,4,500",
    "\"two\nlines\",1,4,100",
    "9,\"1\" 2,4,100",
    "9, \"1\",4,100",
    "10,12\",4,100",
    "1.0,1,3,100",
];
/// Lines with quotes that are not closed.
const OPEN: [&str; 3] = ["11,\"1,4,100", "\"11,1,4,100", "11,1,4,\"100"];

const HEADERS: [&str; 9] = [
    "userId,movieId,rating,timestamp\n",
    "userId,movieId,rating,timestamp\r\n",
    "\u{feff}userId,movieId,rating,timestamp\n",
    "\r\n\nuserId,movieId,rating,timestamp\n",
    "\"userId\",\"movieId\",\"rating\", \"timestamp\"\n",
    "user,item,stars,comment\n",
    "userId,movieId,rating,timestamp\r",
    "userId;movieId\n",
    "userId,movieId,\"rating,timestamp\n",
];

fn file(name: &str, bytes: Vec<u8>) -> CsvFile {
    CsvFile { name: name.to_owned(), bytes }
}

fn inputs(ratings: Vec<CsvFile>) -> Inputs {
    Inputs { ratings, movies: Some(file("movies.csv", MOVIES.into())), links: None }
}

/// Lines of which most are records, more than a first piece has.
fn lines() -> impl Strategy<Value = Vec<&'static str>> {
    let line = prop_oneof![40 => select(&RECORDS[..]), 2 => select(&OTHERS[..])];
    let few = prop_oneof![6 => Just(Vec::new()), 1 => prop::collection::vec((any::<usize>(), select(&OPEN[..])), 1..3)];
    (prop::collection::vec(line, 400..900), few).prop_map(|(mut lines, open)| {
        for (at, line) in open {
            let at = at % lines.len();
            lines.insert(at, line);
        }
        lines
    })
}

/// A file in one of the formats.
fn ratings_file() -> impl Strategy<Value = CsvFile> {
    let ends = select(&["\n", "\n", "\r\n", "\r"][..]);
    let csv = (select(&HEADERS[..]), lines(), ends.clone(), select(&["", "\n", "\n\n"][..])).prop_map(
        |(header, lines, end, last)| {
            file("ratings.csv", (header.to_owned() + &lines.join(end) + last).into())
        },
    );
    let separated = select(&[("ratings.dat", "::"), ("u.data", "\t")][..]);
    let latin = prop_oneof![3 => Just(None), 1 => any::<usize>().prop_map(Some)];
    let movielens = (separated, lines(), ends, latin).prop_map(|((name, separator), lines, end, latin)| {
        let text = ["1,1,4,100"].into_iter().chain(lines).collect::<Vec<_>>().join(end);
        let mut bytes = text.replace(',', separator).into_bytes();
        if let Some(at) = latin {
            let at = at % bytes.len();
            bytes[at] = b'\xe9';
        }
        file(name, bytes)
    });
    let blank = (0_usize..9000).prop_map(|count| file("part.csv", " \r\n".repeat(count).into()));
    prop_oneof![8 => csv, 4 => movielens, 1 => blank]
}

fn assert_same_in_pieces(inputs: &Inputs, piece_length: usize) {
    let scale = RatingScale::MOVIELENS;
    let (whole, report) = check(inputs, scale);
    let checked = check_in_pieces(inputs, scale, piece_length).unwrap();
    assert_eq!(checked.report.to_string(), report.to_string());
    assert_eq!(checked.report, report);
    assert_eq!(checked.digests, inputs.digests());
    let parts = |dataset: &Dataset| {
        let Dataset { user_ids, movie_ids, ratings, timestamps, records, record_count, .. } = dataset;
        (
            user_ids.clone(),
            movie_ids.clone(),
            ratings.clone(),
            timestamps.clone(),
            records.clone(),
            *record_count,
        )
    };
    assert!(parts(&checked.dataset) == parts(&whole));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn pieces_of_any_length_are_the_whole(files in prop::collection::vec(ratings_file(), 1..4), piece_length in 1_usize..64) {
        assert_same_in_pieces(&inputs(files), piece_length);
    }
}

#[test]
fn messages_name_the_lines_of_the_file() {
    let plain = "1,1,4,100\n".repeat(1000);
    let text = format!(
        "userId,movieId,rating,timestamp\n{plain}2,\"1,4,5\n\n2,1,nine,5\n2,9,4,5\n3,1,4,5\n3,\"2\",4,5\n"
    );
    let inputs = inputs(vec![file("ratings.csv", text.into_bytes())]);
    let report = check_in_pieces(&inputs, RatingScale::MOVIELENS, 16).unwrap().report;
    for (kind, line, words) in [
        (FaultKind::OpenQuote, 1002, "in the middle of line 1007"),
        (FaultKind::UnparsableRating, 1004, "`nine`"),
        (FaultKind::UnknownMovie, 1005, "user 2, movie 9"),
        (FaultKind::DuplicateRating, 2, "user 1, movie 1"),
    ] {
        let fault = &report.findings(kind).unwrap().first[0];
        assert!(fault.line == line && fault.detail.contains(words), "{report}");
    }
}

/// A file that cannot be read to its end.
struct Torn;

impl Read for Torn {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("cannot read it"))
    }
}

impl Source for Torn {
    fn name(&self) -> &'static str {
        "ratings.csv"
    }

    fn open(&self) -> io::Result<Box<dyn Read + '_>> {
        Ok(Box::new("userId,movieId,rating\n1,1,4\n".as_bytes().chain(Self)))
    }
}

#[test]
fn a_file_that_cannot_be_read_to_its_end_is_an_error() {
    let inputs = Inputs { ratings: vec![Torn], movies: None, links: None };
    let error = check_files(&inputs, RatingScale::MOVIELENS).unwrap_err();
    assert_eq!(error.to_string(), "cannot read it");
}
