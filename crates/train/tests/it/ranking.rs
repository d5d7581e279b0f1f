//! The ranking head on the ratings of `data/`, and visitors compared to trained users.

use matinee_model::ranking::{RankingWeights, Taste};
use matinee_model::{MovieRow, Rated, UserRow};
use matinee_train::algorithms::{Configured, DEFAULT, configure};
use matinee_train::prior::user_prior;
use matinee_train::progress::Silent;
use matinee_train::ranking::evaluation::evaluate;
use matinee_train::ratings::Dataset;
use matinee_train::split::{divide, latest_per_user, random_per_user};

use crate::sample_data::movielens;

fn rated_by(dataset: &Dataset, user: UserRow) -> Vec<Rated> {
    let own = dataset.ratings.iter().filter(|rating| rating.user == user);
    let mut rated: Vec<Rated> = own.map(|of| Rated { movie: of.movie, rating: of.value }).collect();
    rated.sort_by_key(|rated| rated.movie);
    rated
}

/// The bands are wide enough for the rounding of other machines, and narrow enough to find a broken formula.
#[test]
fn both_methods_rank_far_better_than_popularity() {
    let dataset = movielens();
    let timestamps = dataset.timestamps.as_ref().unwrap();
    for (name, marks, least, chosen) in [
        ("random", random_per_user(&dataset.ratings, 0.2, 0), 1.9, "ease"),
        ("time", latest_per_user(&dataset.ratings, timestamps, 0.2), 1.6, "ease_by_recency"),
    ] {
        let found = evaluate(dataset, name, &marks, 0, &Silent).unwrap();
        let ndcg = |method: &str| {
            found.methods.iter().find(|result| result.method == method).unwrap().metrics.ndcg_at_10
        };
        for method in ["ease", "ials"] {
            let times = ndcg(method) / ndcg("popularity");
            assert!((least..2.6).contains(&times), "{name}: {method} {times}");
        }
        assert_eq!(found.chosen, chosen, "{name}");
    }
}

#[test]
fn the_head_is_the_same_on_any_number_of_threads() {
    let learn = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| movielens().ranking_training(5).learn(&Silent))
    };
    assert!(learn(1) == learn(3));
}

/// How far folding in a user's own ratings is from the trained user, as a share of how far users are from the average one.
fn distance_of_fold_in(algorithm: &Configured) -> f64 {
    let dataset = movielens();
    let factors = algorithm.fit(&dataset.training(&dataset.ratings, 0), &Silent).factors;
    let prior = user_prior(factors.view(), &dataset.ratings, dataset.scale);
    let (mut squares, mut spread) = (0.0, 0.0);
    for user in (0..dataset.user_count() as u32).step_by(10).map(UserRow) {
        let visitor = prior.view().fold_in(&factors.view(), &rated_by(dataset, user));
        for movie in (0..dataset.movie_count() as u32).step_by(50).map(MovieRow) {
            let trained = factors.view().score(Some(user), Some(movie));
            let folded = factors.view().score_vector(&visitor, movie);
            let stranger = factors.view().score(None, Some(movie));
            squares += f64::from(trained - folded).powi(2);
            spread += f64::from(trained - stranger).powi(2);
        }
    }
    let share = (squares / spread).sqrt();
    println!("{}: {share:.3} of the distance between users", algorithm.name());
    share
}

#[test]
fn a_trained_users_ratings_folded_in_give_nearly_the_trained_user() {
    assert!(distance_of_fold_in(&configure("als", [("n_factors", "8")]).unwrap()) < 0.3);
    assert!(distance_of_fold_in(&configure(DEFAULT, []).unwrap()) < 0.32);
}

#[test]
fn ten_ratings_of_somebody_new_predict_the_others() {
    let dataset = movielens();
    let is_new = |user: UserRow| user.0.is_multiple_of(5);
    let (train, _) = divide(&dataset.ratings, |index| is_new(dataset.ratings.get(index).user));
    let algorithm = configure("svd", [("n_factors", "16")]).unwrap();
    let factors = algorithm.fit(&dataset.training(&train, 0), &Silent).factors;
    let prior = user_prior(factors.view(), &train, dataset.scale);
    let (mut with, mut without, mut count) = (0.0, 0.0, 0.0_f64);
    for user in (0..dataset.user_count() as u32).map(UserRow).filter(|&user| is_new(user)) {
        let rated = rated_by(dataset, user);
        let known: Vec<Rated> = rated.iter().copied().step_by(rated.len().div_ceil(10)).collect();
        let visitor = prior.view().fold_in(&factors.view(), &known);
        for Rated { movie, rating } in rated.into_iter().filter(|rated| !known.contains(rated)) {
            let error = |score: f32| f64::from(dataset.scale.clip(score) - rating).powi(2);
            with += error(factors.view().score_vector(&visitor, movie));
            without += error(factors.view().score(None, Some(movie)));
            count += 1.0;
        }
    }
    let (with, without) = ((with / count).sqrt(), (without / count).sqrt());
    println!("RMSE for new users: {without:.4} without their ratings, {with:.4} with ten of them");
    assert!(with < 0.97 * without, "{with} with ten ratings, {without} without");
}

#[test]
fn a_user_row_of_ials_is_what_is_folded_in() {
    let training = movielens().ranking_training(0);
    let method = training.methods().into_iter().find(|method| method.name() == "ials").unwrap();
    let weights = training.learn_by(method);
    let RankingWeights::Ials { factors, .. } = &weights else { panic!("factors") };
    let counts = vec![0; movielens().movie_count()];
    let rated = rated_by(movielens(), UserRow(14));
    let taste = Taste::new(Some((method, weights.view())), &rated, movielens().scale);
    let liked: f32 =
        rated.iter().map(|rated| taste.score(rated.movie, &counts)).sum::<f32>() / rated.len() as f32;
    let all = (0..factors.nrows() as u32).map(|row| taste.score(MovieRow(row), &counts)).sum::<f32>();
    let mean = all / factors.nrows() as f32;
    assert!(liked > 5.0 * mean.abs() && liked > 0.3, "{liked} for what was rated, {mean} for all");
}
