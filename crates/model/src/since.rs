//! What a person rated, changed and took back since the model was trained, merged with what the model was trained on.
//!
//! The rating head moves the trained vector by what the changes do to a fold-in: `trained + fold_in(merged) -
//! fold_in(trained ratings)`. So the answer does not jump when the first rating comes in, and a user without changes has
//! exactly the trained vector. The ranking head needs no vector: its scores are sums over the merged ratings.

use std::collections::HashMap;

use crate::{Filter, Model, Movie, MovieRow, Rated, TrainedUser, UserPrior, UserVector};

/// What a person changed since the model was trained.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Since {
    /// The changes, oldest first.
    pub changes: Vec<Changed>,
    /// Whether the person was deleted before these changes, so that nothing else that the model was trained on counts.
    pub is_forgotten: bool,
}

/// A movie whose rating was given, changed or taken back.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Changed {
    /// The movie.
    pub movie: MovieRow,
    /// The new rating; `None` if it was taken back.
    pub rating: Option<f32>,
}

/// A rating of a person, from the training data or from what came in since.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OwnRating<'m> {
    /// The movie in the catalogue.
    pub movie: Movie<'m>,
    /// The rating.
    pub rated: Rated,
    /// Whether the model was trained on it.
    pub is_learned: bool,
    /// Its place among the ratings that the model was trained on, the oldest being 0; `None` if it came in since, and so
    /// is newer than all of them.
    pub trained_place: Option<usize>,
}

/// A person with merged ratings.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Merged {
    /// By ascending movie rows, one per movie.
    pub(crate) rated: Vec<Rated>,
    /// The position of each rating in the order in which they were given.
    pub(crate) order: Vec<u32>,
    pub(crate) vector: UserVector,
}

impl Model {
    /// The ratings of a person whose movies `filter` admits, the newest first as far as the order is known.
    pub fn ratings_since(
        &self,
        user: Option<&TrainedUser>,
        since: &Since,
        filter: &Filter,
    ) -> Vec<OwnRating<'_>> {
        let trained = user.map_or_else(Vec::new, rated_in_order);
        let kept = if since.is_forgotten { &[][..] } else { &trained };
        let learned: HashMap<MovieRow, (f32, usize)> =
            trained.iter().enumerate().map(|(place, rated)| (rated.movie, (rated.rating, place))).collect();
        let resolved = self.movie_index().resolve(filter, self.movie_ids());
        let merged = merge(kept, &since.changes).into_iter().rev();
        let own = merged.filter(|rated| resolved.admits(rated.movie)).filter_map(|rated| {
            let same =
                learned.get(&rated.movie).filter(|(rating, _)| rating.total_cmp(&rated.rating).is_eq());
            // What a deleted person rates again is new.
            let trained_place = same.filter(|_| !since.is_forgotten).map(|&(_, place)| place);
            Some(OwnRating {
                movie: self.entry(rated.movie)?,
                rated,
                is_learned: same.is_some(),
                trained_place,
            })
        });
        own.collect()
    }

    /// Whether any rating of a person is left.
    pub fn has_ratings(&self, user: Option<&TrainedUser>, since: &Since) -> bool {
        let trained = user.filter(|_| !since.is_forgotten).map_or_else(Vec::new, rated_in_order);
        !merge(&trained, &since.changes).is_empty()
    }

    /// The person with the trained ratings of `user`, if the model knows them, and these changes. `None` if no rating is
    /// left.
    pub(crate) fn merge(&self, user: Option<&TrainedUser>, since: &Since) -> Option<Merged> {
        let trained = user.map_or_else(Vec::new, rated_in_order);
        let kept = if since.is_forgotten { Vec::new() } else { trained.clone() };
        let merged = merge(&kept, &since.changes);
        if merged.is_empty() {
            return None;
        }
        let (rated, order) = by_row(&merged);
        let is_as_trained = user.is_some() && rated == by_row(&trained).0;
        let vector = match user {
            Some(user) if is_as_trained => user.vector.clone(),
            Some(user) if !since.is_forgotten => {
                let (before, after) = (self.fold_in(&by_row(&trained).0), self.fold_in(&rated));
                moved(user.vector.clone(), &before, &after)
            }
            _ => self.fold_in(&rated),
        };
        Some(Merged { rated, order, vector })
    }

    /// The vector of somebody with these ratings of different movies.
    pub(crate) fn fold_in(&self, rated: &[Rated]) -> UserVector {
        let factors = self.factors();
        match self.user_prior() {
            Some(prior) => prior.fold_in(&factors, rated),
            None => UserPrior::uninformed(factors.rank()).view().fold_in(&factors, rated),
        }
    }
}

/// The ratings that the model was trained on, oldest first if it knows their order.
fn rated_in_order(user: &TrainedUser) -> Vec<Rated> {
    let Some(order) = &user.order else { return user.rated.clone() };
    let mut placed: Vec<(u32, Rated)> = order.iter().copied().zip(user.rated.iter().copied()).collect();
    placed.sort_by_key(|&(place, _)| place);
    placed.into_iter().map(|(_, rated)| rated).collect()
}

/// The ratings with the changes, oldest first. A change that says what the model was trained on changes nothing.
fn merge(trained: &[Rated], changes: &[Changed]) -> Vec<Rated> {
    let mut last: HashMap<MovieRow, Option<f32>> =
        changes.iter().map(|change| (change.movie, change.rating)).collect();
    for rated in trained {
        if last.get(&rated.movie) == Some(&Some(rated.rating)) {
            last.remove(&rated.movie);
        }
    }
    let unchanged = trained.iter().filter(|rated| !last.contains_key(&rated.movie)).copied();
    let mut merged: Vec<Rated> = unchanged.collect();
    // The last change of a movie has the place.
    let mut newest: Vec<Rated> = Vec::new();
    for &Changed { movie, .. } in changes.iter().rev() {
        if let Some(Some(rating)) = last.remove(&movie) {
            newest.push(Rated { movie, rating });
        }
    }
    merged.extend(newest.into_iter().rev());
    merged
}

/// The ratings by ascending rows, each with its position in `given`.
fn by_row(given: &[Rated]) -> (Vec<Rated>, Vec<u32>) {
    let mut placed: Vec<(Rated, u32)> = given.iter().copied().zip(0..).collect();
    placed.sort_by_key(|(rated, _)| rated.movie);
    placed.into_iter().unzip()
}

/// `vector + (after - before)`.
fn moved(vector: UserVector, before: &UserVector, after: &UserVector) -> UserVector {
    let steps = before.factors.iter().zip(&after.factors).map(|(before, after)| after - before);
    UserVector {
        bias: vector.bias + (after.bias - before.bias),
        factors: vector.factors.iter().zip(steps).map(|(value, step)| value + step).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn rated(movie: u32, rating: f32) -> Rated {
        Rated { movie: MovieRow(movie), rating }
    }

    fn changed(movie: u32, rating: Option<f32>) -> Changed {
        Changed { movie: MovieRow(movie), rating }
    }

    #[test]
    fn changes_come_after_what_was_trained() {
        let trained = [rated(5, 1.0), rated(2, 2.0), rated(9, 3.0)];
        let changes = [changed(2, Some(4.0)), changed(1, Some(5.0)), changed(9, None)];
        assert_eq!(merge(&trained, &changes), [rated(5, 1.0), rated(2, 4.0), rated(1, 5.0)]);
        assert_eq!(merge(&trained, &[]), trained);
    }

    #[test]
    fn what_the_model_learned_keeps_its_place() {
        let trained = [rated(5, 1.0), rated(2, 2.0)];
        assert_eq!(merge(&trained, &[changed(5, Some(1.0)), changed(7, None)]), trained);
        let twice = [changed(5, Some(3.0)), changed(5, Some(1.0))];
        assert_eq!(merge(&trained, &twice), trained, "back to what it was");
    }

    proptest! {
        #[test]
        fn the_last_change_of_a_movie_counts(
            trained in prop::collection::btree_map(0_u32..12, 1_u8..5, 0..12),
            changes in prop::collection::vec((0_u32..12, prop::option::of(1_u8..5)), 0..30),
        ) {
            let mut expected: BTreeMap<u32, u8> = trained.clone();
            for (movie, rating) in &changes {
                match rating {
                    Some(rating) => expected.insert(*movie, *rating),
                    None => expected.remove(movie),
                };
            }
            let trained: Vec<Rated> = trained.into_iter().map(|(movie, rating)| rated(movie, rating.into())).collect();
            let changes: Vec<Changed> =
                changes.into_iter().map(|(movie, rating)| changed(movie, rating.map(f32::from))).collect();
            let (merged, order) = by_row(&merge(&trained, &changes));
            let expected: Vec<Rated> = expected.into_iter().map(|(movie, rating)| rated(movie, rating.into())).collect();
            prop_assert_eq!(merged, expected);
            let mut places = order;
            places.sort_unstable();
            prop_assert_eq!(&places, &(0..places.len() as u32).collect::<Vec<_>>());
        }
    }
}
