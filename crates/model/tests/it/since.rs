//! What came in since a model was trained.

use matinee_model::{Changed, Filter, Model, MovieRow, Rater, Since, TrainedUser, UserRow};

use crate::lying_ranking::ease;
use crate::sample;

/// User 0 rated movie 0 with 4 and movie 1 with 5; user 1 rated movie 1 with 1.5.
fn model() -> Model {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    sample::write_ranked(&path, &ease());
    Model::open(&path).unwrap()
}

fn changed(movie: u32, rating: Option<f32>) -> Changed {
    Changed { movie: MovieRow(movie), rating }
}

fn since(changes: &[Changed]) -> Since {
    Since { changes: changes.to_vec(), is_forgotten: false }
}

fn score(rater: &Rater<'_>) -> f32 {
    rater.predict(&"2959".into()).unwrap().score
}

fn user(model: &Model) -> TrainedUser {
    model.trained_user(UserRow(0))
}

/// The rated movies of user 0, with their ratings.
fn trained(model: &Model) -> Vec<Changed> {
    let rated = model.rated_movies(UserRow(0));
    let pairs = rated.movies.iter().zip(rated.values);
    pairs.map(|(&movie, &rating)| changed(movie, Some(rating))).collect()
}

#[test]
fn without_a_real_change_the_trained_vector_answers() {
    let model = model();
    let expected = score(&Rater::of_user(&model, user(&model)));
    let learned = trained(&model);
    let removed: Vec<Changed> = (0..3).map(|movie| changed(movie, None)).collect();
    let unrated = removed.iter().filter(|gone| learned.iter().all(|rated| rated.movie != gone.movie));
    for changes in [vec![], learned.clone(), unrated.copied().collect()] {
        let rater = Rater::since(&model, Some(&user(&model)), &since(&changes)).unwrap();
        assert_eq!(score(&rater), expected, "{changes:?}");
    }
    let relearned = Since { changes: learned, is_forgotten: true };
    let rater = Rater::since(&model, Some(&user(&model)), &relearned).unwrap();
    assert_eq!(score(&rater), expected, "the model learned just what came in after the deletion");
}

#[test]
fn a_new_rating_moves_the_trained_vector_as_it_moves_a_visitor() {
    let model = model();
    let new = trained(&model).iter().map(|rated| changed(rated.movie.0, Some(0.5))).collect::<Vec<_>>();
    let before = score(&Rater::of_user(&model, user(&model)));
    let after = score(&Rater::since(&model, Some(&user(&model)), &since(&new)).unwrap());
    let visitor = |changes: &[Changed]| {
        let rated = changes
            .iter()
            .map(|change| matinee_model::Rated { movie: change.movie, rating: change.rating.unwrap() });
        score(&Rater::new(&model, rated.collect()))
    };
    let moved = visitor(&new) - visitor(&trained(&model));
    assert!(moved < -0.01, "{moved}");
    let scale = model.manifest().rating_scale;
    assert!((after - scale.clip(before + moved)).abs() < 1e-5, "{before} {after} {moved}");
}

#[test]
fn without_any_rating_left_there_is_nobody() {
    let model = model();
    let gone: Vec<Changed> = (0..3).map(|movie| changed(movie, None)).collect();
    assert!(Rater::since(&model, Some(&user(&model)), &since(&gone)).is_none());
    assert!(model.user_since(None, &since(&[])).is_none());
    let forgotten = Since { changes: Vec::new(), is_forgotten: true };
    assert!(model.user_since(Some(&user(&model)), &forgotten).is_none());
    let user = user(&model);
    assert!(!model.has_ratings(Some(&user), &forgotten) && model.has_ratings(Some(&user), &since(&[])));
}

#[test]
fn a_deleted_user_who_comes_back_is_a_visitor() {
    let model = model();
    let back = Since { changes: vec![changed(2, Some(5.0))], is_forgotten: true };
    let returned = Rater::since(&model, Some(&user(&model)), &back).unwrap();
    let stranger = Rater::since(&model, None, &back).unwrap();
    assert_eq!((score(&returned), returned.rating_count()), (score(&stranger), 1));
}

#[test]
fn new_ratings_are_the_newest_and_are_not_recommended() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    crate::recency::write(&path, Some(0.5), Some(&[0, 1, 0]));
    let model = Model::open(&path).unwrap();
    let learned = trained(&model);
    let unrated = (0..3).find(|movie| learned.iter().all(|rated| rated.movie.0 != *movie)).unwrap();
    let since = since(&[changed(unrated, Some(5.0))]);
    let visitor = model.user_since(Some(&user(&model)), &since).unwrap();
    let visited: Vec<matinee_model::Rated> = model
        .ratings_since(Some(&user(&model)), &since, &Filter::default())
        .iter()
        .rev()
        .map(|own| own.rated)
        .collect();
    assert_eq!(visited.last().unwrap().movie, MovieRow(unrated), "the newest");
    let filter = Filter { include_rated: true, ..Filter::default() };
    let ranked = |visitor: &matinee_model::Visitor<'_>| -> Vec<f32> {
        visitor.recommend(&filter, 9, None).iter().map(|found| found.ranked.score).collect()
    };
    assert_eq!(ranked(&visitor), ranked(&model.visitor(visited)), "signals fade alike");
    assert!(visitor.recommend(&Filter::default(), 9, None).is_empty(), "all three movies are rated");
}
