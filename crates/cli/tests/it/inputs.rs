//! Data as users have it: every release of MovieLens, folders of parts, ratings without a catalogue, and wrong files.

use std::path::{Path, PathBuf};

use crate::serve::Server;
use crate::support::{fail, matinee, run, succeed};

/// A line with this user, movie, rating and time.
type RatingLine = fn(u32, u32, u32, u32) -> String;

/// The file names and the format of a release.
struct Release {
    ratings: (&'static str, RatingLine),
    movies: (&'static str, fn(u32) -> Vec<u8>),
}

const RELEASES: [Release; 4] = [
    Release {
        ratings: ("u.data", |user, movie, rating, time| format!("{user}\t{movie}\t{rating}\t{time}\n")),
        movies: ("u.item", |movie| {
            let mut line = format!("{movie}|Caf").into_bytes();
            line.extend(b"\xe9 (1990)|01-Jan-1990||http://x|0|0|0|1|0|1|0|0|0|0|0|0|0|0|0|0|0|0|0\n");
            line
        }),
    },
    Release {
        ratings: ("ratings.dat", |user, movie, rating, time| format!("{user}::{movie}::{rating}::{time}\n")),
        movies: ("movies.dat", |movie| {
            let mut line = format!("{movie}::Caf").into_bytes();
            line.extend(b"\xe9 (1990)::Animation|Comedy\n");
            line
        }),
    },
    Release {
        ratings: ("ratings.dat", |user, movie, rating, time| {
            format!("{user}::{movie}::{}::{time}\n", f64::from(rating) - 0.5)
        }),
        movies: ("movies.dat", |movie| format!("{movie}::Café (1990)::Animation|Comedy\n").into_bytes()),
    },
    Release {
        ratings: ("ratings.csv", |user, movie, rating, time| {
            let header = if (user, movie) == (1, 1) { "userId,movieId,rating,timestamp\n" } else { "" };
            format!("{header}{user},{movie},{rating}.0,{time}\n")
        }),
        movies: ("movies.csv", |movie| {
            let header = if movie == 1 { "movieId,title,genres\n" } else { "" };
            format!("{header}{movie},Café (1990),Animation|Comedy\n").into_bytes()
        }),
    },
];

impl Release {
    fn write(&self, folder: &Path) {
        let pairs = (1..=12).flat_map(|user| (1..=6).map(move |movie| (user, movie)));
        let line =
            |(user, movie)| self.ratings.1(user, movie, 1 + (user + movie) % 5, 978_300_000 + user * movie);
        std::fs::create_dir_all(folder).unwrap();
        std::fs::write(folder.join(self.ratings.0), pairs.map(line).collect::<String>()).unwrap();
        let movies: Vec<u8> = (1..=6).flat_map(self.movies.1).collect();
        std::fs::write(folder.join(self.movies.0), movies).unwrap();
    }
}

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    folder
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// What `matinee check` prints.
fn checked(folder: &Path) -> String {
    let output = run(&["check", text(folder)]);
    String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap()
}

/// Trains a small model on a folder.
fn train(data: &Path, arguments: &[&str]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("model");
    let common = ["train", "--data", text(data), "--output", text(&model), "--algorithm", "bias"];
    succeed(&[common.as_slice(), arguments].concat());
    (folder, model)
}

const RATINGS: &str = "userId,movieId,rating\n1,1,4\n1,2,3\n2,1,5\n2,2,2\n";
const MOVIES: &str = "movieId,title,genres\n1,Alpha (1990),Drama\n2,Beta (1991),Comedy\n";

#[test]
fn every_release_of_movielens_is_trained_on_and_served() {
    for release in &RELEASES {
        let data = tempfile::tempdir().unwrap();
        release.write(&data.path().join("ml"));
        let (_folder, model) = train(data.path(), &[]);
        let mut command = matinee();
        command.args(["serve", "--port", "0", "--model", text(&model)]);
        let mut server = Server::start(&mut command);
        let curl = server.line_with("curl -s");
        let (url, _) = curl.trim().strip_prefix("curl -s ").unwrap().split_once(" -d ").unwrap();
        let ask = |body: &str| ureq::post(url).send(body).unwrap().into_body().read_to_string().unwrap();
        let answer = ask(r#"{"userId":"3","movieId":"2"}"#);
        assert!(answer.contains(r#""movie_title":"Café (1990)""#), "{answer}");
        assert!(answer.contains(r#""known_user":true,"known_movie":true"#), "{answer}");
        let movie = ureq::get(url.replace("/predict", "/movies/2")).call().unwrap();
        let movie = movie.into_body().read_to_string().unwrap();
        assert!(movie.contains(r#""genres":["Animation","Comedy"]"#), "{movie}");
        server.terminate();
    }
}

#[test]
fn hidden_and_empty_files_are_not_read_and_folders_of_parts_are() {
    let data = folder(&[
        ("ratings.csv/_SUCCESS", ""),
        ("ratings.csv/.part-0.csv.crc", "crc"),
        ("ratings.csv/part-0.csv", RATINGS),
        ("ratings.csv/part-1.csv", ""),
        ("ratings.csv/.ipynb_checkpoints/part-0-checkpoint.csv", "userId,movieId,rating\nerased,1,5\n"),
        ("ratings.csv/._part-0.csv", "\0\u{5}\u{16}\u{7}"),
        ("movies.csv/part-0.csv", MOVIES),
    ]);
    let printed = checked(data.path());
    assert!(
        printed.contains("4 ratings of 2 movies by 2 users; 2 movies in the catalogue; faults: 0"),
        "{printed}"
    );
    assert!(printed.contains("not reading ratings.csv/._part-0.csv"), "{printed}");
    assert!(printed.contains("ratings.csv/part-1.csv (it is empty)"), "{printed}");
    assert!(printed.contains("ratings.csv/.ipynb_checkpoints/part-0-checkpoint.csv (hidden"), "{printed}");
}

#[test]
fn no_part_of_a_data_set_is_ignored_silently() {
    let more = "userId,movieId,rating\n3,1,4\n3,2,3\n";
    for part in ["000001_0", "part-1.txt", "part_1", "chunk2"] {
        let data = folder(&[
            ("ratings.csv/part-0.csv", RATINGS),
            (&format!("ratings.csv/{part}"), more),
            ("movies.csv", MOVIES),
        ]);
        let printed = checked(data.path());
        assert!(
            printed.contains("6 ratings of 2 movies by 3 users") && printed.contains("faults: 0"),
            "{printed}"
        );
    }
    for (part, content, remedy) in [
        ("part-1.csv.bz2", "BZh91AY", "it is compressed by bzip2; unpack it, or compress it by gzip"),
        ("part-1.snappy.parquet", "PAR1", "it is Parquet; write it as CSV"),
        ("part-1.zip", "PK\u{3}\u{4}", "it is a zip archive; unpack it"),
        ("part-1.tsv", "userId\tmovieId\trating\n", "separated by tabs"),
        ("tags.csv", "userId,movieId,tag,timestamp\n", "has no column `rating`"),
    ] {
        let data = folder(&[
            ("ratings/part-0.csv", RATINGS),
            (&format!("ratings/{part}"), content),
            ("movies.csv", MOVIES),
        ]);
        let printed = checked(data.path());
        assert!(printed.contains(&format!("ratings/{part}:1: ")) && printed.contains(remedy), "{printed}");
    }
    let data = folder(&[
        ("ratings.csv", RATINGS),
        ("movies.csv", MOVIES),
        ("ratings.csv.1", more),
        ("README.txt", ""),
    ]);
    let printed = checked(data.path());
    assert!(
        printed.contains("not reading ratings.csv.1 (it does not end in .csv; rename it")
            && !printed.contains("README"),
        "{printed}"
    );
}

#[test]
fn a_data_set_in_a_subfolder_of_another_is_not_read() {
    let data = folder(&[
        ("ratings.csv", RATINGS),
        ("movies.csv", MOVIES),
        ("ml/ratings.csv", RATINGS),
        ("ml/movies.csv", MOVIES),
    ]);
    let printed = checked(data.path());
    assert!(
        printed.contains("4 ratings of 2 movies by 2 users") && printed.contains("faults: 0"),
        "{printed}"
    );
    assert!(printed.contains("not reading ml/movies.csv"), "{printed}");
}

#[test]
fn the_error_says_what_a_folder_without_data_contains() {
    for (files, printed) in [
        (&[("ml-1m.zip", "PK")][..], "it holds ml-1m.zip; unpack the archive"),
        (&[("ratings.parquet", "PAR1")], "ratings.parquet is not read (it is Parquet; write it as CSV)"),
        (&[("reviews.parquet", "PAR1")], "only CSV and the formats of MovieLens can be read"),
        (&[("ratings.csv.bz2", "BZh9")], "ratings.csv.bz2 is not read (it is compressed by bzip2; unpack it"),
        (&[("ratings.csv", "")], "ratings.csv is not read (it is empty)"),
        (&[("ratings.csv", RATINGS), ("ratings.csv.gz", RATINGS)], "both exist"),
    ] {
        let error = fail(&["check", text(folder(files).path())]);
        assert!(error.contains(printed), "{error}");
    }
    let data = folder(&[("ratings.csv", RATINGS)]);
    let error = fail(&["check", text(&data.path().join("ratings.csv"))]);
    assert!(error.contains("is a file; give the folder"), "{error}");
}

#[test]
fn ratings_without_a_catalogue_need_an_option_and_have_ids_as_titles() {
    let data = folder(&[("ratings.csv", RATINGS)]);
    let error = fail(&["train", "--data", text(data.path()), "--output", "no/model"]);
    assert!(error.contains("has no movies.csv") && error.contains("--titles-from-ids"), "{error}");
    for (ratings, catalogue) in [("u.data", "u.item"), ("ml/ratings.dat.gz", "movies.dat")] {
        let lines = if ratings == "u.data" { "1\t1\t4\t9\n" } else { "1::1::4::9\n" };
        let error = fail(&["check", text(folder(&[(ratings, lines)]).path())]);
        assert!(error.contains(&format!("has no {catalogue}, which")), "{error}");
    }
    let (_folder, model) = train(data.path(), &["--titles-from-ids"]);
    let answer = succeed(&["predict", "--model", text(&model), "--user", "1", "--movie", "2"]);
    assert!(answer.contains(r#""movie_title":"2""#), "{answer}");
}

#[test]
fn every_wrong_file_has_one_fault_with_its_cause() {
    let quotes = "movieId,title,genres\n1,Alpha,Drama\n2,\"Beta,Drama\n3,Gamma,War\n4,\"Delta\",Drama\n";
    for (ratings, movies, cause) in [
        (RATINGS, quotes, "movies.csv:3: the quote that opens here"),
        (&RATINGS.replace(',', ";"), MOVIES, "ratings.csv:1: the first line is `userId;movieId;rating`"),
        (
            RATINGS,
            &MOVIES.replace("movieId", "number"),
            "movies.csv:1: the header `number,title,genres` has no column",
        ),
        ("1,1,4\n1,2,3\n", MOVIES, "no header"),
        ("userId,movieId,rating\n1,1,7\n2,2,10\n", MOVIES, "give --scale 1..10"),
    ] {
        let printed = checked(folder(&[("ratings.csv", ratings), ("movies.csv", movies)]).path());
        assert!(printed.contains(cause), "{printed}");
        assert_eq!(printed.matches(".csv:").count(), 1, "{printed}");
    }
}

#[test]
fn negative_values_need_no_equals_sign() {
    let data = folder(&[
        ("ratings.csv", "userId,movieId,rating\n-5,1,-10\n-5,2,3\n7,1,10\n7,2,-1\n"),
        ("movies.csv", MOVIES),
    ]);
    succeed(&["check", text(data.path()), "--scale", "-10..10"]);
    let (_folder, model) = train(data.path(), &["--scale", "-10..10"]);
    let answer = succeed(&["predict", "--model", text(&model), "--user", "-5", "--movie", "1"]);
    assert!(answer.contains(r#""known_user":true"#), "{answer}");
    let error = fail(&["train", "--hold-out", "-1"]);
    assert!(error.contains("--hold-out is -1"), "{error}");
}

#[test]
fn the_newest_rating_of_a_pair_counts() {
    let ratings = "userId,movieId,rating,timestamp\n1,1,5,1500000900\n1,1,1,1500000100\n1,1,2,1500000500\n2,1,3,1500000000\n";
    let data = folder(&[("ratings.csv", ratings), ("movies.csv", MOVIES)]);
    let printed = checked(data.path());
    assert!(printed.contains("ratings.csv:3: user 1, movie 1 is replaced by a newer rating"), "{printed}");
    assert!(printed.contains("ratings.csv:4:") && !printed.contains("ratings.csv:2:"), "{printed}");
}
