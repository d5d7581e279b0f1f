//! The ratings in the repository, and ratings with a known structure.

use std::path::Path;
use std::sync::OnceLock;

use matinee_model::{MovieRow, RatingScale, UserRow};
use matinee_train::ratings::{CsvFile, Dataset, Inputs, Rating, Ratings, check};

/// A CSV file under any name.
pub fn csv(name: &str, content: &str) -> CsvFile {
    CsvFile { name: name.to_owned(), bytes: content.as_bytes().to_vec() }
}

/// The files in `data/`.
pub fn movielens_files() -> Inputs {
    let read = |name: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data").join(name);
        CsvFile { name: name.to_owned(), bytes: std::fs::read(path).unwrap() }
    };
    Inputs { ratings: vec![read("ratings.csv")], movies: Some(read("movies.csv")), links: None }
}

/// The ratings in `data/`, read once.
pub fn movielens() -> &'static Dataset {
    static DATASET: OnceLock<Dataset> = OnceLock::new();
    DATASET.get_or_init(|| {
        let (dataset, report) = check(&movielens_files(), RatingScale::MOVIELENS);
        assert!(report.is_clean(), "{report}");
        dataset
    })
}

/// `users` x `movies` ratings of 1 and 5 in a checkerboard pattern, without every seventh. Only an interaction of users and
/// movies can express this structure.
pub fn checkerboard(users: u32, movies: u32) -> Ratings {
    let pairs = (0..users).flat_map(|user| (0..movies).map(move |movie| (user, movie)));
    pairs
        .filter(|(user, movie)| !(user * movies + movie).is_multiple_of(7))
        .map(|(user, movie)| field(user, movie))
        .collect()
}

/// One field of the checkerboard.
pub fn field(user: u32, movie: u32) -> Rating {
    let value = if (user + movie).is_multiple_of(2) { 5.0 } else { 1.0 };
    Rating { user: UserRow(user), movie: MovieRow(movie), value }
}
