//! Files in every format: recognised and read, or refused with one fault, the first line and a guess.

use matinee_model::RatingScale;
use matinee_train::ratings::{CsvFile, Dataset, FaultKind, Inputs, Report, check};

use crate::sample_data::csv;

const RATINGS: &str = "userId,movieId,rating\n1,1,4\n1,2,3\n2,1,5\n";
const MOVIES: &str = "movieId,title,genres\n1,Alpha (1990),Drama\n2,Beta (1991),Comedy\n";

fn file(name: &str, bytes: &[u8]) -> CsvFile {
    CsvFile { name: name.to_owned(), bytes: bytes.to_vec() }
}

fn checked(ratings: CsvFile, movies: CsvFile) -> (Dataset, Report) {
    check(&Inputs { ratings: vec![ratings], movies: Some(movies), links: None }, RatingScale::MOVIELENS)
}

fn titles(dataset: &Dataset) -> Vec<(&str, &str, Vec<&str>)> {
    dataset.catalogue.iter().map(|movie| (movie.id, movie.title, movie.genres().collect())).collect()
}

/// The one fault of a report: its kind, line and detail.
#[track_caller]
fn only_fault(report: &Report, kind: FaultKind) -> (u64, String) {
    assert_eq!(report.count(), 1, "{report}");
    let fault = &report.findings(kind).unwrap_or_else(|| panic!("{report}")).first[0];
    (fault.line, fault.detail.clone())
}

#[test]
fn ml_100k_is_read_as_it_comes() {
    let item = b"1|Alpha (1990)|01-Jan-1990||http://x|0|0|0|1|1|1|0|0|0|0|0|0|0|0|0|0|0|0|0\n\
                 2|Caf\xe9, \"the\" (1991)|01-Jan-1991||http://x|0|1|1|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0\n\
                 3|unknown||||1|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0\n";
    let data = b"1\t1\t5\t874965758\n1\t2\t3\t876893171\n2\t1\t4\t888550871\n";
    let (dataset, report) = checked(file("u.data", data), file("u.item", item));
    assert!(report.is_clean(), "{report}");
    assert!(report.to_string().contains("read as Latin-1"), "{report}");
    assert_eq!(dataset.ratings.len(), 3);
    assert_eq!(dataset.timestamps.as_ref().unwrap().get(2), 888_550_871);
    assert_eq!(
        titles(&dataset),
        [
            ("1", "Alpha (1990)", vec!["Animation", "Children's", "Comedy"]),
            ("2", "Café, \"the\" (1991)", vec!["Action", "Adventure"]),
            ("3", "unknown", vec![]),
        ]
    );
}

#[test]
fn ml_1m_and_ml_10m_are_read_as_they_come() {
    let ratings = b"1::1::5::978300760\n1::2::3::978302109\n2::1::4.5::978298413\n";
    for movies in [
        &b"1::Alpha (1990)::Animation|Children's\n2::Caf\xe9: here::there (1991)::Drama\n"[..],
        "1::Alpha (1990)::Animation|Children's\r\n2::Café: here::there (1991)::Drama\r\n".as_bytes(),
    ] {
        let (dataset, report) = checked(file("ratings.dat", ratings), file("movies.dat", movies));
        assert!(report.is_clean(), "{report}");
        assert_eq!(dataset.ratings.len(), 3);
        assert_eq!(titles(&dataset)[1], ("2", "Café: here::there (1991)", vec!["Drama"]));
    }
}

#[test]
fn faults_of_movielens_files_have_the_lines_of_the_file() {
    let ratings = file("ratings.dat", b"1::1::5::1\n1::2::3\n2::1::9::1\n2::7::4::1\n");
    let (_, report) = checked(ratings, file("movies.dat", b"1::Alpha::Drama\n2::Beta::Comedy\n"));
    for (kind, line) in
        [(FaultKind::FieldCount, 2), (FaultKind::OffScaleRating, 3), (FaultKind::UnknownMovie, 4)]
    {
        assert_eq!(report.findings(kind).unwrap().first[0].line, line, "{report}");
    }
}

/// A tar archive of ratings with this number of zeros at its end.
fn tar(zeros: usize) -> Vec<u8> {
    let mut tar = vec![0; 512];
    tar[..11].copy_from_slice(b"ratings.csv");
    tar[257..263].copy_from_slice(b"ustar\0");
    tar.extend(RATINGS.as_bytes());
    tar.resize(tar.len() + zeros, 0);
    tar
}

#[test]
fn u_data_is_known_by_its_name_in_any_case() {
    for name in ["u.data", "U.DATA", "ml-100k/U.Data.gz"] {
        let (dataset, report) = checked(file(name, b"1\t1\t5\t9\n2\t1\t4\t9\n"), csv("movies.csv", MOVIES));
        assert!(report.is_clean() && dataset.ratings.len() == 2, "{report}");
    }
}

#[test]
fn other_forms_are_refused_with_the_first_line_and_a_guess() {
    let utf16: Vec<u8> =
        [0xfeff].into_iter().chain(RATINGS.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    for (bytes, quoted, guess) in [
        (RATINGS.replace(',', ";").into_bytes(), "`userId;movieId;rating`", "separated by semicolons"),
        (RATINGS.replace(',', "\t").into_bytes(), "`userId\\tmovieId\\trating`", "separated by tabs"),
        (b"1,1,4\n1,2,3\n".to_vec(), "`1,1,4`", "no header"),
        (b"1\t1\t4\t99\n".to_vec(), "`1\\t1\\t4\\t99`", "the u.data of ml-100k"),
        (b"1;1;3,5;99\n".to_vec(), "`1;1;3,5;99`", "separated by semicolons"),
        (utf16[2..].to_vec(), "`userId,movieId,rating`", "UTF-16"),
        (utf16.clone(), "`userId,movieId,rating`", "UTF-16"),
        (
            [0x0000_feff]
                .into_iter()
                .chain(RATINGS.chars().map(u32::from))
                .flat_map(u32::to_le_bytes)
                .collect(),
            "`userId,movieId,rating`",
            "UTF-32",
        ),
        (tar(0), "`ratings.csv", "a tar archive; unpack it"),
        (tar(4096), "`ratings.csv", "a tar archive; unpack it"),
        ([b"abc".as_slice(), &[0; 600]].concat(), "`abc", "not text"),
        (
            b"sep=;\nuserId;movieId;rating\n".to_vec(),
            "`sep=;`",
            "remove that line, and separate the fields by commas",
        ),
        (b"SEP=,\nuserId,movieId,rating\n".to_vec(), "`SEP=,`", "remove that line"),
        (b"PK\x03\x04\x14\0\0\0ml-1m/ratings.dat".to_vec(), "`PK", "zip archive"),
        (b"PK\x03\x04\x14\0\0\0xl/workbook.xml".to_vec(), "`PK", "Excel"),
        (b"PAR1\x15\x04".to_vec(), "`PAR1", "Parquet"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n".to_vec(), "git-lfs", "git lfs pull"),
        (b"[{\"userId\":1}]".to_vec(), "`[{\"userId\":1}]`", "JSON"),
        (b"<!DOCTYPE html><html>".to_vec(), "`<!DOCTYPE html><html>`", "web page"),
        (b"abc\0\x01\x02defghi".to_vec(), "`abc", "not text"),
    ] {
        let (_, report) = checked(file("ratings.csv", &bytes), csv("movies.csv", MOVIES));
        let (line, detail) = only_fault(&report, FaultKind::UnknownForm);
        assert!(line == 1 && detail.contains(quoted) && detail.contains(guess), "{detail}");
    }
}

#[test]
fn a_catalogue_of_another_form_is_one_fault() {
    for (movies, kind, expected) in [
        ("id;title;genres\n1;Alpha;Drama\n", FaultKind::UnknownForm, "semicolons"),
        ("1,Alpha,Drama\n2,Beta,Drama\n", FaultKind::UnknownForm, "no header"),
        ("movie,title,genres\n1,Alpha,Drama\n", FaultKind::MissingColumn, "no column `movieId`"),
        ("a,b\n1,Alpha\n", FaultKind::MissingColumn, "no columns `movieId`, `title`"),
        ("", FaultKind::UnknownForm, "it is empty"),
        ("movieId,title,title\n1,Alpha,Beta\n", FaultKind::UnknownForm, "several columns `title`"),
    ] {
        let (_, report) = checked(csv("ratings.csv", RATINGS), csv("movies.csv", movies));
        let (_, detail) = only_fault(&report, kind);
        assert!(detail.contains(expected), "{detail}");
    }
}

#[test]
fn a_column_that_is_there_twice_is_refused_if_it_is_read() {
    for (header, repeated) in [
        ("userId,movieId,rating,rating", Some("rating")),
        ("userId,userId ,movieId,rating", Some("userId")),
        ("user,movie,stars,date,date", Some("date")),
        ("userId,movieId,rating,note,note", None),
        ("userId,movieId,rating,Rating", None),
    ] {
        let fields = header.split(',').map(|_| "1").collect::<Vec<_>>().join(",");
        let (dataset, report) =
            checked(csv("ratings.csv", &format!("{header}\n{fields}\n")), csv("movies.csv", MOVIES));
        match repeated {
            Some(name) => {
                let (line, detail) = only_fault(&report, FaultKind::UnknownForm);
                assert!(line == 1 && detail.contains(&format!("several columns `{name}`")), "{detail}");
            }
            None => assert_eq!((report.count(), dataset.ratings.len()), (0, 1), "{header}"),
        }
    }
}

#[test]
fn one_cause_is_one_fault() {
    let latin = b"movieId,title\n1,Caf\xe9\n2,Th\xe9\n";
    let (_, report) = checked(csv("ratings.csv", RATINGS), file("movies.csv", latin));
    only_fault(&report, FaultKind::Encoding);
    let dates = "userId,movieId,rating,date\n1,1,4,24/06/2022\n1,2,4,25/06/2022\n2,1,4,26/06/2022\n";
    let (_, report) = checked(csv("ratings.csv", dates), csv("movies.csv", MOVIES));
    let (line, detail) = only_fault(&report, FaultKind::UnparsableTimestamp);
    assert!(
        line == 2 && detail.contains("`24/06/2022`") && detail.contains("every other record"),
        "{detail}"
    );
    let part = |user: u32| csv(&format!("part-{user}.csv"), &format!("{user},1,4\n"));
    let inputs = Inputs { ratings: vec![part(1), part(2), part(3)], movies: None, links: None };
    let (_, report) = check(&inputs, RatingScale::MOVIELENS);
    let (_, detail) = only_fault(&report, FaultKind::UnknownForm);
    assert!(detail.contains("`1,1,4`") && detail.ends_with("the same is true of 2 other files"), "{detail}");
}

#[test]
fn a_quote_that_is_not_closed_loses_its_own_line_alone() {
    let movies = "movieId,title,genres\n1,Alpha,Drama\n2,\"Beta,Drama\n3,Gamma,War\n4,\"Delta\",Drama\n";
    let ratings = "userId,movieId,rating\n1,2,4\n1,3,3\n2,4,5\n";
    let (dataset, report) = checked(csv("ratings.csv", ratings), csv("movies.csv", movies));
    let (line, detail) = only_fault(&report, FaultKind::OpenQuote);
    assert!(line == 3 && detail.contains("in the middle of line 5"), "{detail}");
    assert_eq!(dataset.catalogue.ids().iter().collect::<Vec<_>>(), ["1", "3", "4"]);

    let ratings = "userId,movieId,rating,review\n1,1,4,\"good\n1,2,3,\"so, so\"\n2,1,5,\"two\nlines\"\n";
    let (dataset, report) = checked(csv("ratings.csv", ratings), csv("movies.csv", MOVIES));
    let (line, _) = only_fault(&report, FaultKind::OpenQuote);
    assert_eq!((line, dataset.ratings.len()), (2, 2));
}

#[test]
fn titles_are_read_exactly_or_refused() {
    let movies = "movieId,title,genres\n1,\"  Eps (1994)  \",Drama\n2, Beta (1991) ,War\n3,12\" Monkeys,War\n4,\"12\"\" Monkeys\",War\n";
    let (dataset, report) = checked(csv("ratings.csv", RATINGS), csv("movies.csv", movies));
    assert!(report.is_clean(), "{report}");
    let found: Vec<&str> = titles(&dataset).iter().map(|(_, title, _)| *title).collect();
    assert_eq!(found, ["Eps (1994)", "Beta (1991)", "12\" Monkeys", "12\" Monkeys"]);
    for title in ["\"12\" Monkeys (1990)\"", "\"Five \\\"the\\\" (1990)\"", " \"Beta (1991)\""] {
        let movies = format!("movieId,title,genres\n1,Alpha,Drama\n2,{title},War\n");
        let (_, report) = checked(csv("ratings.csv", RATINGS), csv("movies.csv", &movies));
        assert_eq!(only_fault(&report, FaultKind::OpenQuote).0, 3, "{title}");
        let ratings = format!("userId,movieId,rating,review\n1,1,4,\n1,2,4,{title}\n");
        let (_, report) = checked(csv("ratings.csv", &ratings), csv("movies.csv", MOVIES));
        assert_eq!(only_fault(&report, FaultKind::OpenQuote).0, 3, "{title}");
    }
}

#[test]
fn a_title_that_contains_a_line_like_a_record_is_one_fault() {
    let movies = "movieId,title,genres\n1,Alpha,Drama\n2,\"Beta\n1,Gamma,War\nthe end\",Drama\n";
    let (_, report) = checked(csv("ratings.csv", RATINGS), csv("movies.csv", movies));
    let (line, detail) = only_fault(&report, FaultKind::OpenQuote);
    assert!(line == 3 && detail.contains("swallows line 4"), "{detail}");
}

#[test]
fn a_header_with_an_open_quote_is_reported_as_one() {
    let (_, report) =
        checked(csv("ratings.csv", RATINGS), csv("movies.csv", "movieId,\"title,genres\n1,Alpha,Drama\n"));
    let (line, detail) = only_fault(&report, FaultKind::OpenQuote);
    assert!(
        line == 1 && detail.contains("`movieId,\"title,genres`") && detail.contains("never closed"),
        "{detail}"
    );
}

#[test]
fn other_names_of_columns_are_read() {
    let movies = "Movie_ID,Movie Title,genre,imdb\n1,Alpha,Drama,x\n2,Beta,War,y\n";
    let ratings = "user_id,item_id,Rating,rated_at\n1,1,4,2022-06-24\n2,2,3,2022-06-25\n";
    let (dataset, report) = checked(csv("ratings.csv", ratings), csv("movies.csv", movies));
    assert!(report.is_clean(), "{report}");
    assert_eq!(report.to_string(), "note: movies.csv: the column `imdb` is not used\n");
    assert_eq!(titles(&dataset), [("1", "Alpha", vec!["Drama"]), ("2", "Beta", vec!["War"])]);
    assert_eq!(dataset.timestamps, Some([1_656_028_800, 1_656_115_200].into_iter().collect()));
}

#[test]
fn empty_parts_are_skipped() {
    let parts = [RATINGS, "", "\u{feff}\n", "userId,movieId,rating\n"].map(|part| csv("part.csv", part));
    let (dataset, report) =
        check(&Inputs { ratings: parts.into(), movies: None, links: None }, RatingScale::MOVIELENS);
    assert!(report.is_clean() && dataset.ratings.len() == 3, "{report}");
}
