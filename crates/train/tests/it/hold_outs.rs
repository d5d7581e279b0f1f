//! Hold-outs of successive data hold the same ratings.

use std::collections::BTreeMap;

use matinee_model::RatingScale;
use matinee_train::ratings::{CsvFile, Dataset, Inputs, check};

use crate::sample_data::{movielens, movielens_files};

/// Whether each rating is held out, by the ids of user and movie.
fn marks(dataset: &Dataset, seed: u64) -> BTreeMap<(String, String), bool> {
    let marks = dataset.hold_out(&dataset.ratings, 0.1, seed);
    let id = |row: u32, ids: &matinee_model::Ids| ids.table().id(row as usize).to_owned();
    let pair = |index: usize| {
        let rating = dataset.ratings.get(index);
        (id(rating.user.0, &dataset.user_ids), id(rating.movie.0, &dataset.movie_ids))
    };
    (0..marks.len()).map(|index| (pair(index), marks[index])).collect()
}

/// The ratings of `data/` in the order that `arrange` gives their lines.
fn arranged(arrange: impl FnOnce(&mut Vec<&str>)) -> Dataset {
    let Inputs { ratings, movies, links } = movielens_files();
    let text = String::from_utf8(ratings[0].bytes.clone()).unwrap();
    let (header, rest) = text.split_once('\n').unwrap();
    let mut lines: Vec<&str> = rest.lines().collect();
    arrange(&mut lines);
    let bytes = [header, &lines.join("\n"), ""].join("\n").into_bytes();
    let ratings = vec![CsvFile { name: "ratings.csv".to_owned(), bytes }];
    check(&Inputs { ratings, movies, links }, RatingScale::MOVIELENS).0
}

#[test]
fn other_ratings_and_their_order_do_not_move_the_hold_out() {
    let all = marks(movielens(), 0);
    for dropped in 1..12 {
        let fewer = marks(&arranged(|lines| drop(lines.drain(..dropped))), 0);
        assert_eq!(fewer.len(), all.len() - dropped);
        assert!(fewer.iter().all(|(pair, mark)| all[pair] == *mark), "without the first {dropped}");
    }
    assert!(marks(&arranged(|lines| lines.reverse()), 0) == all);
}

#[test]
fn a_hold_out_is_a_share_that_the_seed_chooses() {
    let all = marks(movielens(), 0);
    let count = all.values().filter(|mark| **mark).count();
    // 10,000.4 are expected, with a standard deviation of 95.
    assert!(count.abs_diff(10_000) < 400, "{count}");
    let both = marks(movielens(), 1).iter().filter(|(pair, mark)| **mark && all[*pair]).count();
    assert!(both.abs_diff(1_000) < 150, "{both}");
}

#[test]
fn of_few_ratings_one_is_held_out_and_of_hardly_any_none() {
    let dataset = movielens();
    let first = |count| dataset.ratings.iter().take(count).collect();
    for seed in 0..50 {
        for count in 1..12 {
            let marks = dataset.hold_out(&first(count), 0.1, seed);
            let held_out = marks.iter().filter(|mark| **mark).count();
            assert!(
                if count < 5 { held_out == 0 } else { held_out >= 1 },
                "{held_out} of {count}, seed {seed}"
            );
        }
    }
}

#[test]
fn no_rating_is_in_two_hold_outs_and_the_first_is_the_only_one_of_one() {
    let dataset = movielens();
    for (fraction, count) in [(0.1, 2), (0.5, 2), (0.05, 4)] {
        let marks = dataset.hold_outs(&dataset.ratings, fraction, count, 3);
        assert_eq!(marks[0], dataset.hold_out(&dataset.ratings, fraction, 3));
        let times = |index: usize| marks.iter().filter(|marks| marks[index]).count();
        assert!((0..dataset.ratings.len()).all(|index| times(index) <= 1), "{fraction} {count}");
        for marks in &marks {
            let share = marks.iter().filter(|mark| **mark).count() as f64 / marks.len() as f64;
            assert!((share - fraction).abs() < 0.01, "{share}");
        }
    }
    let few = dataset.hold_outs(&dataset.ratings.iter().take(7).collect(), 0.1, 2, 3);
    assert!(few.iter().all(|marks| marks.contains(&true)));
}
