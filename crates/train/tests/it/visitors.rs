//! Visitors are folded in as a server does it, and compared with users who were trained on the same ratings.

use matinee_model::{Model, RatingScale};
use matinee_train::algorithms::configure;
use matinee_train::evaluation::{VisitorError, evaluate_visitors};
use matinee_train::progress::Silent;
use matinee_train::ratings::{Dataset, Inputs, check};
use matinee_train::training::{Plan, served, train, write};

use crate::sample_data::{csv, movielens, movielens_files};

fn plan(algorithm: &str) -> Plan {
    let algorithm = configure(algorithm, []).unwrap();
    Plan::new(algorithm, 0, 0.1)
}

/// Ratings of `users` users, each of movies 0 to `movies`.
fn ratings(users: u32, movies: u32, value: impl Fn(u32, u32) -> u32) -> Dataset {
    let line = |(user, movie): (u32, u32)| format!("{user},{movie},{}\n", value(user, movie));
    let pairs = (0..users).flat_map(|user| (0..movies).map(move |movie| (user, movie)));
    let lines: String = pairs.map(line).collect();
    let ratings = csv("ratings.csv", &format!("userId,movieId,rating\n{lines}"));
    let (dataset, report) =
        check(&Inputs { ratings: vec![ratings], movies: None, links: None }, RatingScale::MOVIELENS);
    assert!(!report.refuses_training(), "{report}");
    dataset
}

#[test]
fn each_number_of_ratings_has_the_visitors_who_have_as_many() {
    // Everything is one star from the mean, 3. Users have 12 ratings, so 6 are known and 6 are tested.
    let dataset = ratings(20, 12, |_, movie| if movie % 2 == 0 { 2 } else { 4 });
    let found = evaluate_visitors(&dataset, &plan("mean"), &Silent).unwrap();
    assert_eq!(found.visitor_count, 4, "a fifth");
    let counts: Vec<_> = found
        .results
        .iter()
        .map(|result| (result.rating_count, result.visitor_count, result.test_count))
        .collect();
    assert_eq!(counts, [(3, 4, 24), (5, 4, 24)]);
    for result in found.results {
        for accuracy in [result.folded_in, result.trained] {
            let errors = accuracy.errors;
            assert!((errors.rmse - 1.0).abs() < 0.01 && (errors.mae - 1.0).abs() < 0.01, "{result:?}");
        }
    }
}

/// Half of the users rate everything 1, the others everything 5. The bias of a user with n ratings is shrunk by
/// n / (n + 4), so 2 * 4 / (n + 4) stars of the 2 stars from the mean are left.
#[test]
fn the_known_ratings_count() {
    let dataset = ratings(40, 20, |user, _| if user % 2 == 0 { 1 } else { 5 });
    let found = evaluate_visitors(&dataset, &plan("bias"), &Silent).unwrap();
    assert_eq!(found.results.len(), 3);
    for result in found.results {
        let expected = 8.0 / (result.rating_count as f64 + 4.0);
        for accuracy in [result.folded_in, result.trained] {
            let errors = accuracy.errors;
            assert!((errors.rmse - expected).abs() < 0.05, "{result:?} {expected}");
            assert!((errors.mae - expected).abs() < 0.05, "{result:?} {expected}");
        }
    }
}

#[test]
fn visitors_of_movielens_are_predicted_nearly_as_well_as_trained_users() {
    let dataset = movielens().with_only(|index| movielens().ratings.get(index).user.0.is_multiple_of(12));
    let found = evaluate_visitors(&dataset, &plan("bias"), &Silent).unwrap();
    assert_eq!((found.visitor_count, found.results.len()), (11, 4));
    for result in &found.results {
        let (folded_in, trained) = (result.folded_in, result.trained);
        assert!(folded_in.errors.rmse < trained.errors.rmse + 0.05, "{result:?}");
        for accuracy in [folded_in, trained] {
            let coverage = accuracy.coverage.unwrap();
            assert!((0.65..0.95).contains(&coverage), "{result:?}");
        }
    }
}

#[test]
fn the_model_in_memory_is_the_one_that_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    let dataset = movielens().with_only(|index| movielens().ratings.get(index).user.0.is_multiple_of(12));
    let plan = plan("bias");
    let trained = train(&dataset, &plan, &Silent);
    write(&path, &dataset, &plan, &trained, &movielens_files().digests()).unwrap();
    let (written, in_memory) = (Model::open(&path).unwrap(), served(&dataset, &plan, &trained).unwrap());
    assert_eq!(written.manifest().version, in_memory.manifest().version);
    assert_eq!(written.manifest().files, in_memory.manifest().files);
}

#[test]
fn without_visitors_or_others_nothing_is_measured() {
    let error = |dataset: &Dataset| evaluate_visitors(dataset, &plan("mean"), &Silent).unwrap_err();
    let few = error(&ratings(20, 5, |_, _| 3));
    assert!(matches!(few, VisitorError::TooFewRatings));
    assert!(few.to_string().contains("no user has 6 ratings of movies in the catalogue"), "{few}");
    let alone = error(&ratings(1, 30, |_, _| 3));
    assert!(matches!(alone, VisitorError::TooFewUsers), "{alone}");
}
