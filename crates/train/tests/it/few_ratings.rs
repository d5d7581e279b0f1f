//! With very few ratings, every prediction is close to their mean.

use matinee_model::{MovieRow, RatingScale, UserRow};
use matinee_train::algorithms::{CHOICES, configure};
use matinee_train::progress::Silent;
use matinee_train::ratings::{Dataset, Inputs, check};

use crate::sample_data::csv;

/// Movie 5 is unrated and has no genre, no year, and no word that another title has.
const MOVIES: &str = "movieId,title,genres\n1,Alpha Story (1995),Drama\n2,Beta Story (1996),Comedy|Drama\n\
                      3,Gamma (1995),Action\n4,Delta (1997),Drama\n5,Nothing,\n6,Epsilon (2003),Horror\n";

fn dataset(ratings: &str, scale: RatingScale) -> Dataset {
    let ratings = csv("ratings.csv", &format!("userId,movieId,rating\n{ratings}"));
    let inputs = Inputs { ratings: vec![ratings], movies: Some(csv("movies.csv", MOVIES)), links: None };
    let (dataset, report) = check(&inputs, scale);
    assert!(report.is_clean(), "{report}");
    dataset
}

/// The largest distance of an algorithm's predictions from the mean of the ratings, with this seed: for users and movies
/// with ratings, for an unknown user, and for the movie about which nothing is known.
fn distances(dataset: &Dataset, algorithm: &str, seed: u64) -> [f32; 3] {
    let mean = dataset.ratings.iter().map(|rating| rating.value).sum::<f32>() / dataset.ratings.len() as f32;
    let configured = configure(algorithm, []).unwrap();
    let factors = configured.fit(&dataset.training(&dataset.ratings, seed), &Silent).factors;
    assert!(factors.are_finite(), "{algorithm}, seed {seed}");
    let bare = dataset.movie_ids.table().find("5").map(MovieRow);
    let users = || (0..dataset.user_count() as u32).map(|row| Some(UserRow(row))).chain([None]);
    let movies = || (0..dataset.movie_count() as u32).map(|row| Some(MovieRow(row)));
    let distance = |user, movie| (factors.view().score(user, movie) - mean).abs();
    let largest = |distances: &mut dyn Iterator<Item = f32>| distances.fold(0.0, f32::max);
    [
        largest(&mut users().flat_map(|user| movies().map(move |movie| distance(user, movie)))),
        largest(&mut movies().map(|movie| distance(None, movie))),
        distance(None, bare),
    ]
}

#[test]
fn three_ratings_are_predicted_near_their_mean_by_every_algorithm() {
    for ratings in ["1,1,4\n2,2,4\n3,3,5\n", "1,1,4\n1,2,4\n2,1,5\n", "1,1,4\n1,2,4\n1,3,5\n"] {
        let dataset = dataset(ratings, RatingScale::MOVIELENS);
        for choice in CHOICES {
            for seed in 0..20 {
                let [known, unknown, bare] = distances(&dataset, choice.name, seed);
                let context =
                    format!("{} of {ratings:?}, seed {seed}: {known} {unknown} {bare}", choice.name);
                // The highest rating is 0.67 from the mean, and als comes close to it: for a movie that one user rated, by
                // the movie's bias alone.
                let widest = if ["bayes", "vb"].contains(&choice.name) { 0.45 } else { 0.68 };
                assert!(known < widest && unknown < widest && bare < 0.15, "{context}");
            }
        }
    }
}

#[test]
fn one_rating_is_what_everything_is_predicted() {
    for value in ["5", "0.5", "3"] {
        let dataset = dataset(&format!("1,1,{value}\n"), RatingScale::MOVIELENS);
        for choice in CHOICES {
            for seed in 0..20 {
                let [known, ..] = distances(&dataset, choice.name, seed);
                // The first factors of svd are random: their product has a standard deviation of 0.1.
                assert!(known < 0.35, "{} of {value}, seed {seed}: {known}", choice.name);
            }
        }
    }
}

#[test]
fn the_same_ratings_on_another_scale_are_as_near_for_it() {
    let wide = RatingScale::new(0.0, 100.0).unwrap();
    let dataset = dataset("1,1,70\n2,2,70\n3,3,80\n", wide);
    for seed in 0..20 {
        let [known, unknown, bare] = distances(&dataset, "bayes", seed);
        assert!(known < 7.0 && unknown < 7.0 && bare < 4.0, "seed {seed}: {known} {unknown} {bare}");
    }
}
