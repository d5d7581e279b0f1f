//! The recommendations of a loaded model.

use matinee_model::artifact::write_folder;
use matinee_model::ranking::RankingHead;
use matinee_model::{Catalogue, Filter, Group, Model, MovieRow, Rated, Rater, UserRow, varied};

use crate::lying_ranking::{Head, ease, ials};
use crate::sample;

fn open((method, weights): &Head, catalogue: &Catalogue) -> Model {
    let factors = sample::factors();
    let mut artifact = sample::artifact(&factors, &[4.0, 5.0, 1.5]);
    artifact.description.ranking_head = Some(RankingHead::unmeasured(*method));
    (artifact.ranking, artifact.catalogue) = (Some(weights), catalogue);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    write_folder(&path, &artifact).unwrap();
    Model::open(&path).unwrap()
}

fn rated(movie: u32, rating: f32) -> Rated {
    Rated { movie: MovieRow(movie), rating }
}

fn recommended(model: &Model, user: u32, include_rated: bool) -> Vec<u32> {
    let filter = Filter { include_rated, ..Filter::default() };
    let best = model.user(model.trained_user(UserRow(user))).recommend(&filter, 10, None);
    best.iter().map(|recommendation| recommendation.ranked.movie.0).collect()
}

#[test]
fn a_visitors_ratings_are_sorted_and_the_last_of_a_movie_counts() {
    let model = open(&ease(), &sample::catalogue());
    let visitor = model.visitor(vec![rated(1, 2.0), rated(0, 5.0), rated(1, 4.0)]);
    assert_eq!(visitor.rated(), [rated(0, 5.0), rated(1, 4.0)]);
    assert!(!visitor.is_ranked_by_popularity());
    assert!(model.visitor(vec![rated(0, 1.0)]).is_ranked_by_popularity());
}

#[test]
fn what_a_user_has_rated_is_recommended_if_asked_for() {
    let model = open(&ease(), &sample::catalogue());
    assert_eq!(recommended(&model, 0, false), [2], "the user has rated the others");
    // A low rating has no signal, so movies are ranked by popularity.
    assert_eq!(recommended(&model, 1, false), [0, 2]);
    assert_eq!(recommended(&model, 1, true), [1, 0, 2]);
}

#[test]
fn a_recommendation_tells_what_it_comes_from() {
    let model = open(&ease(), &sample::catalogue());
    let best = model.visitor(vec![rated(0, 5.0)]).recommend(&Filter::default(), 1, None);
    assert_eq!(best[0].movie.title, "Usual Suspects, The (1995)");
    assert_eq!((best[0].ranked.score, &best[0].contributions), (0.5, &vec![(rated(0, 5.0), 0.5)]));
}

#[test]
fn a_movie_is_like_others_of_the_catalogue_and_not_like_itself() {
    for head in [ease(), ials()] {
        let similar = |catalogue: &str| -> Vec<(u32, String)> {
            let model = open(&head, &Catalogue::parse(catalogue.as_bytes()).unwrap());
            let best = model.similar(MovieRow(0), &Filter::default(), 5);
            best.into_iter().map(|(ranked, movie)| (ranked.movie.0, movie.id.to_owned())).collect()
        };
        assert_eq!(similar("movieId,title\n50,a\n2959,b\n9,c\n"), [(1, "50".to_owned())]);
        assert_eq!(similar("movieId,title\n2959,b\n9,c\n"), []);
    }
}

#[test]
fn genres_are_those_of_the_catalogue_in_any_case() {
    let model = open(&ease(), &sample::catalogue());
    assert!(model.has_genre("DRAMA") && model.has_genre("crime") && !model.has_genre("Western"));
}

#[test]
fn the_popular_come_first_of_those_that_are_admitted() {
    let model = open(&ease(), &sample::catalogue());
    let popular = |filter: &Filter, limit| -> Vec<u32> {
        model.popular(filter, limit).into_iter().map(|(ranked, _)| ranked.movie.0).collect()
    };
    let all = popular(&Filter::default(), 9);
    assert!(all.is_sorted_by_key(|&row| std::cmp::Reverse(model.rating_count(MovieRow(row)))), "{all:?}");
    assert_eq!(all.len(), model.catalogue().len());
    assert_eq!(popular(&Filter::default(), 1), all[..1]);
    let excluded = [model.movie_ids().id(all[0] as usize).into()].into();
    assert_eq!(popular(&Filter { excluded, ..Filter::default() }, 9), all[1..]);
}

#[test]
fn a_rater_is_predicted_what_a_visitor_is() {
    let model = open(&ease(), &sample::catalogue());
    let ratings = vec![rated(1, 2.0), rated(0, 5.0), rated(1, 4.0)];
    let (rater, visitor) = (Rater::new(&model, ratings.clone()), model.visitor(ratings));
    assert_eq!(rater.rating_count(), 2);
    for row in 0..2 {
        let id = model.movie_ids().id(row).into();
        let prediction = rater.predict(&id).unwrap();
        let estimate = visitor.estimate(MovieRow(row as u32));
        assert_eq!((prediction.score, prediction.interval), (estimate.score, estimate.interval));
        assert!(prediction.known_user && prediction.known_movie);
    }
    let nobody = Rater::new(&model, Vec::new());
    let prediction = nobody.predict(&model.movie_ids().id(0).into()).unwrap();
    assert!(!prediction.known_user, "no rating counts");
    assert!(nobody.predict(&"no such movie".into()).is_err());
}

#[test]
fn a_floor_leaves_out_what_would_be_rated_lower() {
    let model = open(&ease(), &sample::catalogue());
    let visitor = || model.visitor(vec![rated(0, 5.0)]);
    let movies = |floor: f32| -> Vec<u32> {
        let found = visitor().above(floor).recommend(&Filter::default(), 10, None);
        found.iter().map(|found| found.ranked.movie.0).collect()
    };
    let all = movies(f32::NEG_INFINITY);
    let scores: Vec<f32> = all.iter().map(|&movie| visitor().estimate(MovieRow(movie)).score).collect();
    for &floor in &scores {
        let expected: Vec<u32> =
            all.iter().zip(&scores).filter(|(_, score)| **score >= floor).map(|(movie, _)| *movie).collect();
        assert_eq!(movies(floor), expected, "{floor}");
    }
    assert_eq!(movies(5.5), [0; 0]);
    let floor = visitor().usual_floor();
    assert!((0.5..=3.0).contains(&floor), "{floor}");
}

#[test]
fn a_group_is_shown_what_all_bear_by_the_mean_of_their_shares() {
    let model = open(&ease(), &sample::catalogue());
    let filter = Filter { include_rated: true, ..Filter::default() };
    let member = |movie: u32| model.visitor(vec![rated(movie, 5.0)]);
    let group = Group::new(&model, vec![member(0), member(1)]);
    let found = group.recommend(&filter, 10);
    assert_eq!(found.len(), 3);
    assert!(found.is_sorted_by(|a, b| a.ranked.score >= b.ranked.score));
    for found in &found {
        let shares = [0, 1].map(|movie| {
            let best = member(movie).recommend(&filter, 1, None)[0].ranked.score;
            let own = member(movie).recommend(&filter, 10, None);
            own.iter().find(|own| own.ranked.movie == found.ranked.movie).unwrap().ranked.score / best
        });
        let mean = f32::midpoint(shares[0], shares[1]);
        assert!((found.ranked.score - mean).abs() < 1e-6, "{} {mean}", found.ranked.score);
        assert_eq!(found.estimates, [0, 1].map(|movie| member(movie).estimate(found.ranked.movie)));
    }
    let unseen = group.recommend(&Filter::default(), 10);
    assert_eq!(unseen.iter().map(|found| found.ranked.movie.0).collect::<Vec<_>>(), [2]);
    let never = Group::new(&model, vec![member(0).above(0.5), member(1).above(5.5)]);
    assert!(never.recommend(&filter, 10).is_empty());
}

#[test]
fn variety_prefers_other_genres_among_nearly_equal_movies() {
    let csv = "movieId,title,genres\n2959,A,Drama\n50,B,Drama\n9,C,Comedy\n";
    let model = open(&ease(), &Catalogue::parse(csv.as_bytes()).unwrap());
    let filter = Filter { include_rated: true, ..Filter::default() };
    let mut found = model.visitor(Vec::new()).recommend(&filter, 10, None);
    for (found, score) in found.iter_mut().zip([1.0, 0.9, 0.8]) {
        found.ranked.score = score;
    }
    found.sort_by(|a, b| b.ranked.score.total_cmp(&a.ranked.score));
    let genres = |list: &[matinee_model::Recommendation<'_>]| -> Vec<String> {
        list.iter().map(|found| found.movie.genres().collect()).collect()
    };
    assert_eq!(genres(&found), ["Drama", "Drama", "Comedy"]);
    assert_eq!(genres(&varied(found, 10)), ["Drama", "Comedy", "Drama"]);
}
