//! What is read from files, and what is reported about them.

use matinee_model::{MAX_ID_BYTES, RatingScale};
use matinee_train::ratings::{Dataset, FaultKind, Inputs, Report, check};
use proptest::prelude::*;

use crate::sample_data::{csv, movielens, movielens_files};

const MOVIES: &str = "movieId,title,genres\n10,Ten (2010),Drama\n20,Twenty (2020),Comedy\n";

fn checked(ratings: &str) -> (Dataset, Report) {
    let inputs = Inputs {
        ratings: vec![csv("ratings.csv", ratings)],
        movies: Some(csv("movies.csv", MOVIES)),
        links: None,
    };
    check(&inputs, RatingScale::MOVIELENS)
}

fn values(dataset: &Dataset) -> Vec<(&str, &str, f32)> {
    let (users, movies) = (dataset.user_ids.table(), dataset.movie_ids.table());
    let ratings = dataset.ratings.iter();
    ratings
        .map(|rating| (users.id(rating.user.index()), movies.id(rating.movie.index()), rating.value))
        .collect()
}

/// The only findings of a report: kind, count and locations.
fn found(report: &Report, kind: FaultKind) -> (u64, Vec<String>) {
    let findings = report.findings(kind).unwrap();
    assert_eq!(report.count(), findings.count, "there are other findings: {report}");
    (findings.count, findings.first.iter().map(|fault| format!("{}:{}", fault.file, fault.line)).collect())
}

#[test]
fn the_data_of_the_repository_are_clean_and_complete() {
    let dataset = movielens();
    assert_eq!(dataset.ratings.len(), 100_004);
    assert_eq!((dataset.user_count(), dataset.movie_count(), dataset.catalogue.len()), (671, 9_066, 9_066));
    assert!(dataset.timestamps.is_some());
    assert_eq!(dataset.catalogue.find(&"2959".into()).unwrap().title, "Fight Club (1999)");
}

#[test]
fn the_data_of_the_repository_have_the_documented_checksums() {
    let readme =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/README.md")).unwrap();
    let inputs = movielens_files();
    for file in inputs.ratings.iter().chain(&inputs.movies) {
        let sum = matinee_model::artifact::sha256_hex(&file.bytes);
        let row = readme.lines().find(|line| line.starts_with(&format!("| `{}` |", file.name))).unwrap();
        assert!(row.contains(&sum), "{}: {sum}", file.name);
    }
}

#[test]
fn reads_what_movielens_and_others_write() {
    let plain = "userId,movieId,rating,timestamp\n1,10,4.5,100\n2,20,3,200\n";
    let (dataset, report) = checked(plain);
    assert!(report.is_clean(), "{report}");
    let expected = vec![("1", "10", 4.5), ("2", "20", 3.0)];
    assert_eq!(values(&dataset), expected);
    assert_eq!(dataset.timestamps, Some([100, 200].into_iter().collect()));

    for variant in [
        plain.replace('\n', "\r\n"),
        format!("\u{feff}{plain}"),
        "rating,movieId,userId\n4.5,10,1\n3.0,20,2\n".to_owned(),
        "userId,movieId,rating,tag\n\"1\",10, 4.5 ,x\n2, 20 ,3,\"a,b\"\n\n".to_owned(),
    ] {
        let (dataset, report) = checked(&variant);
        assert!(report.is_clean(), "{variant:?}: {report}");
        assert_eq!(values(&dataset), expected, "{variant:?}");
    }
}

#[test]
fn ids_are_any_text() {
    let ratings = "userId,movieId,rating\nAnna Müller,10,4\n\"a,b\"\"c\",20,5\n007,10,3\n8,10,2\n";
    let (dataset, report) = checked(ratings);
    assert!(report.is_clean(), "{report}");
    assert_eq!(dataset.user_ids.table().iter().collect::<Vec<_>>(), ["007", "8", "Anna Müller", "a,b\"c"]);
}

#[test]
fn an_id_in_two_spellings_is_refused_with_both() {
    for (ratings, expected) in [
        (
            "1,10,4\n1,20,5\n1.0,10,3\n2,10,3\n",
            "the users `1` (2 ratings) and `1.0` (1 ratings) look like one",
        ),
        ("01,10,4\n1,20,5\n", "the users `01` (1 ratings) and `1` (1 ratings) look like one"),
        (
            "1,10,4\n2,10,5\n2,20,4\n3,20,5\n3,10.0,1\n4,10,2\n5,10,2\n6,10,2\n7,10,2\n8,10,2\n9,10,2\n",
            "the movies `10` (8 ratings) and `10.0` (1 ratings) look like one",
        ),
    ] {
        let ratings = format!("userId,movieId,rating\n{ratings}");
        let (_, report) = checked(&ratings);
        let findings = report.findings(FaultKind::TwoSpellings).unwrap_or_else(|| panic!("{report}"));
        assert!(findings.count == 1 && findings.first[0].detail.contains(expected), "{report}");
        assert!(report.refuses_training());
    }
    let inputs = Inputs {
        ratings: vec![csv("ratings.csv", "userId,movieId,rating\n1,10,4\n2,10.0,4\n")],
        movies: None,
        links: None,
    };
    let (_, report) = check(&inputs, RatingScale::MOVIELENS);
    assert!(report.findings(FaultKind::TwoSpellings).is_some(), "{report}");
    let (_, report) = checked("userId,movieId,rating\n1.0,10,4\n2.0,20,5\n");
    assert!(report.is_clean() && report.to_string().contains("2 of 2 users have a fraction"), "{report}");
}

#[test]
fn an_id_that_stands_for_a_missing_value_is_refused_at_its_line() {
    for id in ["nan", "NaN", "null", "NULL", "None", "<NA>", "N/A", "undefined", "\\N", "NA"] {
        for record in [format!("{id},20,5"), format!("2,{id},5")] {
            let (_, report) = checked(&format!("userId,movieId,rating\n1,10,4\n{record}\n"));
            assert_eq!(found(&report, FaultKind::EmptyId), (1, vec!["ratings.csv:3".to_owned()]), "{record}");
            assert!(report.refuses_training() && report.to_string().contains(id), "{report}");
        }
        let movies = format!("movieId,title\n10,Ten\n{id},Other\n");
        let ratings = vec![csv("ratings.csv", "userId,movieId,rating\n1,10,4\n")];
        let inputs = Inputs { ratings, movies: Some(csv("movies.csv", &movies)), links: None };
        let (_, report) = check(&inputs, RatingScale::MOVIELENS);
        assert_eq!(found(&report, FaultKind::EmptyId), (1, vec!["movies.csv:3".to_owned()]), "{id}");
    }
    let (_, report) = checked("userId,movieId,rating\nNancy,10,4\nna,20,4\nnone7,20,4\n");
    assert!(report.is_clean(), "{report}");
}

#[test]
fn several_parts_are_one_data_set() {
    let parts = ["userId,movieId,rating\n1,10,4\n", "rating,userId,movieId\n3,1,10\n2,2,20\n"];
    let inputs =
        Inputs { ratings: parts.map(|part| csv("part.csv", part)).into(), movies: None, links: None };
    let (dataset, report) = check(&inputs, RatingScale::MOVIELENS);
    assert_eq!(values(&dataset), [("1", "10", 3.0), ("2", "20", 2.0)]);
    assert_eq!(found(&report, FaultKind::DuplicateRating), (1, vec!["part.csv:2".to_owned()]));
}

#[test]
fn each_fault_is_told_with_file_and_line() {
    for (ratings, kind, line) in [
        ("userId,rating\n1,4\n", FaultKind::MissingColumn, 1),
        ("userId,movieId,rating\n1,10,4\n1,20\n", FaultKind::FieldCount, 3),
        ("userId,movieId,rating\n1,10,4\n1,20,four\n", FaultKind::UnparsableRating, 3),
        ("userId,movieId,rating\n1,10,4\n1,20,\n", FaultKind::UnparsableRating, 3),
        ("userId,movieId,rating\n1,10,4\n1,20,NaN\n", FaultKind::NonFiniteRating, 3),
        ("userId,movieId,rating\r\n1,10,4\r\n1,20,inf\r\n", FaultKind::NonFiniteRating, 3),
        ("userId,movieId,rating\n1,10,4\n1,20,0\n", FaultKind::OffScaleRating, 3),
        ("userId,movieId,rating\n1,10,4\n1,20,5.5\n", FaultKind::OffScaleRating, 3),
        ("userId,movieId,rating\n1,10,4\n,20,5\n", FaultKind::EmptyId, 3),
        ("userId,movieId,rating\n1,10,4\n2,\" \",5\n", FaultKind::EmptyId, 3),
        ("userId,movieId,rating,timestamp\n1,10,4,1\n1,20,4,today\n", FaultKind::UnparsableTimestamp, 3),
        ("userId,movieId,rating\n1,10,4\n2,30,5\n", FaultKind::UnknownMovie, 3),
        ("userId,movieId,rating\n1,10,4\n2,20,5\n1,10,3\n", FaultKind::DuplicateRating, 2),
    ] {
        let (_, report) = checked(ratings);
        assert_eq!(found(&report, kind), (1, vec![format!("ratings.csv:{line}")]), "{ratings:?}");
        let tolerated = matches!(kind, FaultKind::UnknownMovie | FaultKind::DuplicateRating);
        assert_eq!(report.refuses_training(), !tolerated);
    }
}

#[test]
fn an_id_has_a_longest_length() {
    let of_length = |length: usize| {
        let id = "x".repeat(length);
        let inputs = Inputs {
            ratings: vec![csv(
                "ratings.csv",
                &format!("userId,movieId,rating\n1,10,4\n{id},10,4\n2,{id},4\n"),
            )],
            movies: Some(csv("movies.csv", &format!("movieId,title\n10,Ten\n{id},Other\n"))),
            links: None,
        };
        check(&inputs, RatingScale::MOVIELENS).1
    };
    assert_eq!(of_length(MAX_ID_BYTES), Report::default());
    let report = of_length(MAX_ID_BYTES + 1);
    let places = ["movies.csv:3", "ratings.csv:3", "ratings.csv:4"].map(str::to_owned);
    assert_eq!(found(&report, FaultKind::LongId), (3, places.into()));
    let detail = &report.findings(FaultKind::LongId).unwrap().first[0].detail;
    assert_eq!(detail, "the movieId has 257 bytes; an id has at most 256");
    assert!(report.refuses_training());
}

#[test]
fn a_field_that_is_not_utf8_is_told() {
    let mut inputs = Inputs {
        ratings: vec![csv("ratings.csv", "userId,movieId,rating\n1,10,4\n")],
        movies: None,
        links: None,
    };
    inputs.ratings[0].bytes.extend(b"\xff,10,4\n");
    let (_, report) = check(&inputs, RatingScale::MOVIELENS);
    assert_eq!(found(&report, FaultKind::Encoding), (1, vec!["ratings.csv:3".to_owned()]));
}

/// The beginning of a file tells that it is not text. This is about the rest.
#[test]
fn a_nul_byte_far_into_a_file_is_told_with_its_line() {
    let lines = |line: fn(u32) -> String| (0..3_000).map(line).collect::<String>();
    let ratings = lines(|user| format!("{user},10,4\n"));
    for broken in ["a\0b,10,4", "1,1\0,4"] {
        let (_, report) = checked(&format!("userId,movieId,rating\n{ratings}{broken}\n"));
        assert_eq!(found(&report, FaultKind::Encoding), (1, vec!["ratings.csv:3002".to_owned()]));
    }
    let movies = lines(|movie| format!("{movie},Title\n"));
    for broken in ["a\0b,Alpha", "b,Be\0ta"] {
        let inputs = Inputs {
            ratings: vec![csv("ratings.csv", "userId,movieId,rating\n1,10,4\n")],
            movies: Some(csv("movies.csv", &format!("movieId,title\n{movies}{broken}\n"))),
            links: None,
        };
        let (_, report) = check(&inputs, RatingScale::MOVIELENS);
        assert_eq!(found(&report, FaultKind::Encoding), (1, vec!["movies.csv:3002".to_owned()]));
    }
}

#[test]
fn catalogue_faults_are_told() {
    let ratings = vec![csv("ratings.csv", "userId,movieId,rating\n1,10,4\n")];
    for (movies, kind, line) in [
        ("movieId,name\n10,Ten\n", FaultKind::MissingColumn, 1),
        ("movieId,title\n10,Ten, or not\n", FaultKind::FieldCount, 2),
        ("movieId,title\n10,Ten\n,Nothing\n", FaultKind::EmptyId, 3),
        ("movieId,title\n10,Ten\n10,Ten again\n", FaultKind::DuplicateMovie, 3),
    ] {
        let inputs =
            Inputs { ratings: ratings.clone(), movies: Some(csv("movies.csv", movies)), links: None };
        let (_, report) = check(&inputs, RatingScale::MOVIELENS);
        let fault = &report.findings(kind).unwrap().first[0];
        assert_eq!((fault.file.as_str(), fault.line), ("movies.csv", line), "{movies:?}");
    }
}

#[test]
fn the_newest_of_equal_pairs_counts() {
    let newest = "userId,movieId,rating,timestamp\n1,10,4,8\n2,10,3,6\n1,10,2,7\n1,10,1,5\n";
    let (dataset, report) = checked(newest);
    assert_eq!(values(&dataset), [("1", "10", 4.0), ("2", "10", 3.0)]);
    assert_eq!(dataset.timestamps, Some([8, 6].into_iter().collect()));
    assert_eq!(dataset.align(&['a', 'b', 'c', 'd']).unwrap(), ['a', 'b']);
    let places = ["ratings.csv:4", "ratings.csv:5"].map(str::to_owned);
    assert_eq!(found(&report, FaultKind::DuplicateRating), (2, places.into()));

    let parts = [
        "userId,movieId,rating,timestamp\n1,10,4,2022-06-24 21:20:11.5\n",
        "userId,movieId,rating,timestamp\n1,10,2,2022-06-24 21:20:11.25\n",
    ];
    for order in [[0, 1], [1, 0]] {
        let ratings = order.map(|part| csv("part.csv", parts[part])).into();
        let (dataset, _) = check(&Inputs { ratings, movies: None, links: None }, RatingScale::MOVIELENS);
        assert_eq!(values(&dataset), [("1", "10", 4.0)], "{order:?}");
    }
}

#[test]
fn the_last_of_equally_new_pairs_counts() {
    let (dataset, _) = checked("userId,movieId,rating,timestamp\n1,10,1,7\n1,10,2,7\n");
    assert_eq!(values(&dataset), [("1", "10", 2.0)]);
    let parts = ["userId,movieId,rating,timestamp\n1,10,4,9\n", "userId,movieId,rating\n1,10,2\n"];
    let ratings = parts.map(|part| csv("part.csv", part)).into();
    let (dataset, report) = check(&Inputs { ratings, movies: None, links: None }, RatingScale::MOVIELENS);
    assert_eq!((values(&dataset), &dataset.timestamps), (vec![("1", "10", 2.0)], &None));
    assert!(report.to_string().contains("note: part.csv: it has no timestamps"), "{report}");
}

#[test]
fn times_are_read_as_data_frames_write_them() {
    let (dataset, report) = checked(
        "userId,movieId,rating,Timestamp\n1,10,4,1500001011.0\n2,10,3,2022-06-24T21:20:11Z\n3,10,3,1656105611000\n",
    );
    assert_eq!(report, Report::default());
    assert_eq!(dataset.timestamps, Some([1_500_001_011, 1_656_105_611, 1_656_105_611].into_iter().collect()));
}

#[test]
fn the_last_of_equal_pairs_counts() {
    let (dataset, _) = checked("userId,movieId,rating,timestamp\n1,10,1,5\n2,10,3,6\n1,10,2,7\n1,10,4,8\n");
    assert_eq!(values(&dataset), [("2", "10", 3.0), ("1", "10", 4.0)]);
    assert_eq!(dataset.timestamps, Some([6, 8].into_iter().collect()));
    assert_eq!(dataset.align(&['a', 'b', 'c', 'd']).unwrap(), ['b', 'd']);
    assert!(dataset.align(&[0; 3]).is_err());
}

#[test]
fn every_fault_is_counted_and_the_first_twenty_are_shown() {
    let mut ratings = "userId,movieId,rating\n1,10,4\n".to_owned();
    ratings.push_str(&"1,20,four\n".repeat(50));
    let (_, report) = checked(&ratings);
    let (count, places) = found(&report, FaultKind::UnparsableRating);
    assert_eq!((count, places.len()), (50, 20));
    assert!(report.to_string().contains("... and 30 more"));
}

#[test]
fn files_without_ratings_are_refused() {
    for ratings in ["", "userId,movieId,rating\n"] {
        let (_, report) = checked(ratings);
        assert!(report.findings(FaultKind::NoRatings).is_some());
        assert!(report.refuses_training());
    }
}

#[test]
fn columns_that_are_not_used_are_named_in_a_note() {
    let (_, report) = checked("userId,movieId,rating,review\n1,10,4,good\n");
    assert!(report.is_clean());
    assert_eq!(report.to_string(), "note: ratings.csv: the column `review` is not used\n");
}

#[test]
fn a_scale_that_all_ratings_are_on_is_named() {
    let (_, report) = checked("userId,movieId,rating\n1,10,1\n1,20,7\n2,10,10\n");
    let findings = report.findings(FaultKind::OffScaleRating).unwrap();
    assert_eq!((findings.count, findings.first.len()), (2, 1));
    assert_eq!(
        findings.first[0].detail,
        "7 is not on the scale 0.5..5, but all ratings are on 1..10; if that is their scale, give --scale 1..10 \
         (in a job, the hyperparameter `scale`)"
    );
}

#[test]
fn ratings_on_no_common_scale_are_one_line_with_their_range() {
    for (highest, range) in [(20, "from 1 to 20"), (1234, "from 1 to 1234")] {
        let lines = format!("1,10,{highest}\n").repeat(40);
        let (_, report) = checked(&format!("userId,movieId,rating\n1,20,1\n{lines}"));
        let findings = report.findings(FaultKind::OffScaleRating).unwrap();
        assert_eq!((findings.count, findings.first.len()), (40, 1));
        let detail = &findings.first[0].detail;
        assert!(detail.contains(range) && detail.contains("--scale LOW..HIGH"), "{detail}");
    }
}

#[test]
fn a_few_ratings_off_the_scale_are_all_reported_with_one_remedy() {
    let right = (0..40).map(|user| format!("{user},10,4\n")).collect::<Vec<_>>().concat();
    let (_, report) = checked(&format!("userId,movieId,rating\n{right}1,20,7\n2,20,9\n"));
    let findings = report.findings(FaultKind::OffScaleRating).unwrap();
    let details: Vec<&str> = findings.first.iter().map(|fault| fault.detail.as_str()).collect();
    assert_eq!(
        details,
        [
            "7 is not on the scale 0.5..5; correct it, or, if the ratings are on 1..10, give --scale 1..10 (in a job, the \
             hyperparameter `scale`)",
            "9 is not on the scale 0.5..5"
        ]
    );
}

#[test]
fn movies_can_be_called_by_their_ids() {
    let inputs = Inputs {
        ratings: vec![csv("ratings.csv", "userId,movieId,rating\n1,10,4\n1,7,3\n")],
        movies: None,
        links: None,
    };
    let (mut dataset, _) = check(&inputs, RatingScale::MOVIELENS);
    assert!(dataset.catalogue.is_empty());
    dataset.title_movies_by_id();
    let titles: Vec<&str> = dataset.catalogue.iter().map(|movie| movie.title).collect();
    assert_eq!(titles, ["10", "7"]);
}

#[test]
fn links_that_are_no_numbers_are_left_out_with_a_note() {
    let linked = |links: &str| {
        let inputs = Inputs {
            ratings: vec![csv("ratings.csv", "userId,movieId,rating\n1,10,4\n")],
            movies: Some(csv("movies.csv", MOVIES)),
            links: Some(csv("links.csv", links)),
        };
        let (dataset, report) = check(&inputs, RatingScale::MOVIELENS);
        assert_eq!(report.count(), 0, "{report}");
        let of = |id: &str| {
            let movie = dataset.catalogue.find(&id.into()).unwrap();
            [movie.imdb_id(), movie.tmdb_id()].map(|id| id.unwrap_or_default().to_owned())
        };
        ([of("10"), of("20")].concat(), report.to_string())
    };
    let (links, report) = linked("movieId,imdbId,tmdbId\n10,0114709,862\n20,tt7,\n30,1,1\n");
    assert_eq!(links, ["0114709", "862", "7", ""]);
    assert!(!report.contains("links.csv"), "{report}");
    let (links, report) = linked("movieId,imdbId,tmdbId\n10,javascript:x,862\n20,1\n");
    assert_eq!(links, ["", "862", "1", ""]);
    assert!(report.contains("links.csv: 1 line has an id that is not a number"), "{report}");
    let (links, report) = linked("id,imdb\n10,1\n");
    assert_eq!(links.concat(), "");
    assert!(report.contains("links.csv: it has no column `movieId`"), "{report}");
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_reported(bytes in prop::collection::vec(any::<u8>(), 0..300), header: bool) {
        let mut file = csv("ratings.csv", if header { "userId,movieId,rating,timestamp\n" } else { "" });
        file.bytes.extend(bytes);
        let movies = Some(csv("movies.csv", MOVIES));
        let (dataset, report) = check(&Inputs { ratings: vec![file], movies, links: None }, RatingScale::MOVIELENS);
        prop_assert!(!dataset.ratings.is_empty() || report.refuses_training());
        prop_assert!(dataset.ratings.iter().all(|rating| RatingScale::MOVIELENS.contains(rating.value)));
    }

    #[test]
    fn what_is_written_is_read(rows in prop::collection::vec(("[a-c]{1,2}", "[a-c]{1,2}", 1_u8..=10), 1..40)) {
        let lines: Vec<String> = rows.iter().map(|(user, movie, half)| format!("{user},{movie},{}\n", f32::from(*half) / 2.0)).collect();
        let inputs = Inputs { ratings: vec![csv("r", &format!("userId,movieId,rating\n{}", lines.concat()))], movies: None, links: None };
        let (dataset, _) = check(&inputs, RatingScale::MOVIELENS);
        let last = |index: usize| !rows[index + 1..].iter().any(|row| (&row.0, &row.1) == (&rows[index].0, &rows[index].1));
        let expected: Vec<_> = rows.iter().enumerate().filter(|(index, _)| last(*index))
            .map(|(_, (user, movie, half))| (user.as_str(), movie.as_str(), f32::from(*half) / 2.0)).collect();
        prop_assert_eq!(values(&dataset), expected);
    }
}
