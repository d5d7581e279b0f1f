//! Generates ratings from a known model: no prediction can be more accurate than the added noise.

use matinee_model::{MovieRow, RatingScale, UserRow};
use matinee_train::ratings::{Rating, Ratings};
use rand::{Rng, RngExt, SeedableRng};
use rand_distr::{Distribution, LogNormal, StandardNormal, Zipf};
use rand_xoshiro::Xoshiro256PlusPlus;

/// The standard deviation of the noise.
pub const NOISE: f64 = 0.5;
/// Standard deviations of the parts of a score.
const USER_BIAS: f32 = 0.3;
const MOVIE_BIAS: f32 = 0.3;
const INTERACTION: f32 = 0.35;
/// In the middle of the scale, so that few ratings are clipped.
const MEAN: f32 = 2.9;
const RANK: usize = 8;
/// As in MovieLens: about 150 ratings per user, spread by a factor of three. The first 10 movies get a third of the
/// ratings of the first 100.
pub const RATINGS_PER_USER: f64 = 145.0;
const SPREAD: f64 = 1.1;
const ZIPF_EXPONENT: f64 = 0.8;

/// Generated ratings.
pub struct Planted {
    pub ratings: Ratings,
    pub user_count: usize,
    pub movie_count: usize,
}

/// One side of the model.
struct Side {
    biases: Vec<f32>,
    factors: Vec<[f32; RANK]>,
}

impl Planted {
    /// About `count` ratings, user by user, with so many of each on average. Each user rates distinct movies, drawn by popularity.
    pub fn new(count: usize, ratings_per_user: f64, seed: u64) -> Self {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        let user_count = (count as f64 / ratings_per_user).ceil() as usize;
        // As catalogues grow: 9,000 movies for 100,000 ratings, 60,000 for 10 million.
        let movie_count = (9_000.0 * (count as f64 / 1e5).powf(0.41)) as usize;
        let users = Side::new(user_count, USER_BIAS, &mut random);
        let movies = Side::new(movie_count, MOVIE_BIAS, &mut random);
        let mut ratings = Ratings::with_capacity(count);
        for (user, activity) in activities(count, user_count, &mut random).into_iter().enumerate() {
            for movie in popular(activity.min(movie_count / 2), movie_count, &mut random) {
                let noise: f32 = StandardNormal.sample(&mut random);
                let exact = MEAN
                    + users.biases[user]
                    + movies.biases[movie]
                    + users.interaction(user, &movies, movie);
                let value = RatingScale::MOVIELENS.clip(exact + NOISE as f32 * noise);
                ratings.push(Rating { user: UserRow(user as u32), movie: MovieRow(movie as u32), value });
            }
        }
        Self { ratings, user_count, movie_count }
    }
}

/// The number of ratings of each user: log-normal, `count` in total.
fn activities(count: usize, user_count: usize, random: &mut impl Rng) -> Vec<usize> {
    let Ok(distribution) = LogNormal::new(0.0, SPREAD) else { return Vec::new() };
    let drawn: Vec<f64> = (0..user_count).map(|_| distribution.sample(random)).collect();
    let total: f64 = drawn.iter().sum();
    drawn.into_iter().map(|share| ((share / total * count as f64).round() as usize).max(1)).collect()
}

/// Distinct movies, drawn from a Zipf distribution.
fn popular(count: usize, movie_count: usize, random: &mut impl Rng) -> Vec<usize> {
    let Ok(zipf) = Zipf::new(movie_count as f64, ZIPF_EXPONENT) else { return Vec::new() };
    let mut drawn = Vec::with_capacity(count);
    while drawn.len() < count {
        drawn.extend((drawn.len()..count).map(|_| zipf.sample(random) as usize - 1));
        drawn.sort_unstable();
        drawn.dedup();
    }
    drawn
}

impl Side {
    fn new(rows: usize, bias: f32, random: &mut impl RngExt) -> Self {
        // Products of two such factors, summed over the rank, have the standard deviation of the interaction.
        let factor = (INTERACTION * INTERACTION / RANK as f32).sqrt().sqrt();
        let mut normal = |deviation: f32| {
            let z: f32 = StandardNormal.sample(random);
            z * deviation
        };
        let biases = (0..rows).map(|_| normal(bias)).collect();
        let factors = (0..rows).map(|_| std::array::from_fn(|_| normal(factor))).collect();
        Self { biases, factors }
    }

    fn interaction(&self, row: usize, other: &Self, other_row: usize) -> f32 {
        self.factors[row].iter().zip(&other.factors[other_row]).map(|(a, b)| a * b).sum()
    }
}
