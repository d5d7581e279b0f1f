//! What folding in ratings that came in is worth, compared with training on them.
//!
//! The newest rating of each user is predicted by three models: (a) one trained without the user's `n` ratings before it,
//! (b) the same with those `n` merged, as the API does, and (c) one trained on them. `fold-in alone` is (b) without the
//! trained vector. Users with fewer than `n + 6` ratings are left out. It prints a table. Run it in the root of the repository.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::Path;

use matinee_model::{Changed, Model, MovieId, Rater, RatingScale, Since, UserId};
use matinee_train::algorithms::{DEFAULT, configure};
use matinee_train::progress::Silent;
use matinee_train::ratings::{CsvFile, Inputs, check};
use matinee_train::training::{Plan, train, write};

type Failure = Box<dyn std::error::Error>;

/// User, movie, rating and time.
type Line = (String, String, f32, i64);

fn main() -> Result<(), Failure> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "data".to_owned());
    let users = by_user(&std::fs::read_to_string(Path::new(&folder).join("ratings.csv"))?)?;
    let movies = std::fs::read(Path::new(&folder).join("movies.csv"))?;
    let trained_with = trained(&users, &movies, 0)?;
    println!("| `n` | users | (a) without them | (b) merged | fold-in alone | (c) trained on them |");
    println!("|---|---|---|---|---|---|");
    for count in [1, 5, 20] {
        let without = trained(&users, &movies, count)?;
        let mut errors = [0.0; 4];
        let mut tested = 0;
        for (user, ratings) in users.iter().filter(|(_, ratings)| ratings.len() >= count + 6) {
            let Some((_, movie, rating, _)) = ratings.last() else { continue };
            let movie = MovieId::from(movie.as_str());
            let new = &ratings[ratings.len() - 1 - count..ratings.len() - 1];
            let all = &ratings[..ratings.len() - 1];
            let trained = without.find_user_here(&UserId::from(user.as_str()))?;
            let merged = Rater::since(&without, trained.as_ref(), &since(&without, new));
            let alone = Rater::since(&without, None, &since(&without, all));
            let user = UserId::from(user.as_str());
            let (Some(merged), Some(alone)) = (merged, alone) else { continue };
            let answers = [
                without.predict(&user, &movie)?.score,
                merged.predict(&movie)?.score,
                alone.predict(&movie)?.score,
                trained_with.predict(&user, &movie)?.score,
            ];
            tested += 1;
            for (sum, answer) in errors.iter_mut().zip(answers) {
                *sum += f64::from(answer - rating).powi(2);
            }
        }
        let rmse = errors.map(|sum| format!("{:.4}", (sum / f64::from(tested)).sqrt()));
        println!("| {count} | {tested} | {} |", rmse.join(" | "));
    }
    Ok(())
}

/// The ratings of each user, oldest first.
fn by_user(csv: &str) -> Result<Vec<(String, Vec<Line>)>, Failure> {
    let mut users: HashMap<String, Vec<Line>> = HashMap::new();
    for line in csv.lines().skip(1) {
        let [user, movie, rating, time] = line.split(',').collect::<Vec<_>>()[..] else { continue };
        let line = (user.to_owned(), movie.to_owned(), rating.parse()?, time.parse()?);
        users.entry(user.to_owned()).or_default().push(line);
    }
    let mut users: Vec<_> = users.into_iter().collect();
    users.sort_by(|a, b| a.0.cmp(&b.0));
    for (_, ratings) in &mut users {
        ratings.sort_by_key(|rating| rating.3);
    }
    Ok(users)
}

/// A model without the newest rating of each user, and without the `count` before it.
fn trained(users: &[(String, Vec<Line>)], movies: &[u8], count: usize) -> Result<Model, Failure> {
    let mut csv = String::from("userId,movieId,rating,timestamp\n");
    for (_, ratings) in users {
        let left_out = if ratings.len() >= count + 6 { count + 1 } else { 1 };
        for (user, movie, rating, time) in &ratings[..ratings.len() - left_out] {
            writeln!(csv, "{user},{movie},{rating},{time}")?;
        }
    }
    let file = |name: &str, bytes: Vec<u8>| CsvFile { name: name.to_owned(), bytes };
    let inputs = Inputs {
        ratings: vec![file("ratings.csv", csv.into_bytes())],
        movies: Some(file("movies.csv", movies.to_vec())),
        links: None,
    };
    let (dataset, _) = check(&inputs, RatingScale::MOVIELENS);
    let plan = Plan::new(configure(DEFAULT, [])?, 0, 0.1);
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("model");
    write(&path, &dataset, &plan, &train(&dataset, &plan, &Silent), &inputs.digests())?;
    Ok(Model::open(&path)?)
}

fn since(model: &Model, ratings: &[Line]) -> Since {
    let changed = ratings.iter().filter_map(|(_, movie, rating, _)| {
        Some(Changed { movie: model.movie_row(&movie.as_str().into())?, rating: Some(*rating) })
    });
    Since { changes: changed.collect(), is_forgotten: false }
}
