//! Generated ratings as files, in the form of `MovieLens`.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::Result;
use matinee_train::ratings::Rating;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::planted::Planted;

const GENRES: [&str; 6] = ["Action", "Comedy", "Comedy|Romance", "Documentary", "Drama", "Drama|Thriller"];
/// In 2001.
const FIRST_TIME: i64 = 1_000_000_000;
const TWENTY_YEARS: i64 = 630_000_000;

/// Writes `ratings.csv`, user by user, and `movies.csv`.
pub fn run(count: usize, folder: &Path, ratings_per_user: f64) -> Result<()> {
    let planted = Planted::new(count, ratings_per_user, 0);
    std::fs::create_dir_all(folder)?;
    write_movies(&folder.join("movies.csv"), planted.movie_count)?;
    write_ratings(&folder.join("ratings.csv"), &planted)?;
    println!(
        "{} ratings of {} movies by {} users",
        planted.ratings.len(),
        planted.movie_count,
        planted.user_count
    );
    Ok(())
}

fn write_movies(path: &Path, count: usize) -> Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    writeln!(file, "movieId,title,genres")?;
    for movie in 0..count {
        writeln!(
            file,
            "{},Title {movie} ({}),{}",
            movie + 1,
            1930 + movie % 95,
            GENRES[movie % GENRES.len()]
        )?;
    }
    Ok(file.flush()?)
}

/// Users rate their movies in random order. Ratings are whole half stars.
fn write_ratings(path: &Path, planted: &Planted) -> Result<()> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(1);
    let mut file = BufWriter::new(File::create(path)?);
    writeln!(file, "userId,movieId,rating,timestamp")?;
    let ratings: Vec<Rating> = planted.ratings.iter().collect();
    for own in ratings.chunk_by(|a, b| a.user == b.user) {
        let mut own = own.to_vec();
        own.shuffle(&mut random);
        let mut time = FIRST_TIME + random.random_range(0..TWENTY_YEARS);
        for rating in own {
            time += random.random_range(1..10_000);
            let value = (rating.value * 2.0).round() / 2.0;
            writeln!(file, "{},{},{value:.1},{time}", rating.user.0 + 1, rating.movie.0 + 1)?;
        }
    }
    Ok(file.flush()?)
}
