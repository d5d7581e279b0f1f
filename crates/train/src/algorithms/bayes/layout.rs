//! What does not change in a run: the ratings and features of each entity.
//!
//! An entity is a user or a movie with ratings. Each side of the model is one of the two blocks of Rendle,
//! "Scaling Factorization Machines to Relational Data" (2013): entities by features, sparse. The first two
//! groups of features are the same on both sides: the id of the entity, and the set of the other side's
//! entities that it has ratings with, scaled by `|N|^-1/2`. The entities with a feature of the second group are those
//! with whom the other side's entity has ratings, so both sides share these lists.

use std::iter;
use std::ops::Range;
use std::sync::Arc;

use crate::ratings::{Rating, Ratings};

/// One side of the model: the users, or the movies.
pub(super) struct Side {
    /// For each entity, its row in the factor matrices, ascending.
    pub(super) rows: Vec<u32>,
    /// For each row, its entity, if it has ratings.
    pub(super) entities: Vec<Option<u32>>,
    /// The entities in parts that threads can pass over at the same time.
    pub(super) parts: Vec<Range<usize>>,
    rated: Arc<Rated>,
    pub(super) features: Features,
}

/// The ratings of one side: for each entity, the entities of the other side that it has ratings with.
struct Rated {
    /// Where each entity's ratings begin, and the last one's end.
    starts: Vec<u32>,
    /// For each rating, the entity of the other side.
    others: Vec<u32>,
}

/// The features of one side, by groups.
pub(super) struct Features {
    pub(super) groups: Vec<Range<usize>>,
    /// The entities, each of which has its own id.
    ids: Vec<u32>,
    /// The sets with a feature are those of the entities that the other side's entity has ratings with.
    sets: Arc<Rated>,
    /// Where each attribute's entities begin, and the last one's end.
    attribute_starts: Vec<u32>,
    /// The entities that have an attribute.
    attributes: Vec<u32>,
    /// By entity.
    pub(super) sizes: Vec<Size>,
}

/// The number of ratings of an entity, and the value of the features of its set.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    pub(super) count: f32,
    /// `count^-1/2`
    pub(super) scale: f32,
}

impl Size {
    /// The weight of an entity in the average that stands for entities without ratings: `count^1/2`.
    pub(super) fn typicality(self) -> f32 {
        self.count.sqrt()
    }
}

/// The group of one-hot ids.
pub(super) const ID: usize = 0;
/// The group of scaled sets; all others have the value 1.
pub(super) const SET: usize = 1;

/// How many parts a side has for each thread: as some take longer, threads that are done take others.
const PARTS_PER_THREAD: usize = 4;
/// Passing over fewer ratings takes less time than waking a thread for it.
const MIN_RATINGS_OF_PART: usize = 16_384;

/// Both sides, and their ratings.
pub(super) struct Layout {
    pub(super) users: Side,
    pub(super) movies: Side,
    pub(super) values: Values<f32>,
}

/// The ratings in the order of each side: by entity, then in their original order.
pub(super) struct Values<T> {
    pub(super) by_user: Vec<T>,
    pub(super) by_movie: Vec<T>,
}

impl Layout {
    /// `movie_attributes` has, group by group and feature by feature, the movie rows with an attribute.
    pub(super) fn new(
        user_count: usize,
        movie_count: usize,
        ratings: &Ratings,
        movie_attributes: &[Vec<Vec<u32>>],
    ) -> Self {
        let user_rows = Rows::new(user_count, ratings.iter().map(|rating| rating.user.0));
        let movie_rows = Rows::new(movie_count, ratings.iter().map(|rating| rating.movie.0));
        let by_user = user_rows.order(ratings, |rating| rating.user.0);
        let (movies_of_users, by_user) =
            in_order(&by_user, ratings, |rating| movie_rows.entity(rating.movie.0));
        let by_movie = movie_rows.order(ratings, |rating| rating.movie.0);
        let (users_of_movies, by_movie) =
            in_order(&by_movie, ratings, |rating| user_rows.entity(rating.user.0));
        let of_users = Arc::new(Rated { starts: user_rows.starts, others: movies_of_users });
        let of_movies = Arc::new(Rated { starts: movie_rows.starts, others: users_of_movies });
        let mut movie_features = Features::new(&of_movies, &of_users);
        for group in movie_attributes {
            let rated = |row: &u32| movie_rows.entities[*row as usize];
            movie_features.push_group(group.iter().map(|rows| rows.iter().filter_map(rated)));
        }
        let users = Side {
            rows: user_rows.rated,
            parts: iter::once(0..of_users.len()).collect(),
            entities: user_rows.entities,
            features: Features::new(&of_users, &of_movies),
            rated: of_users,
        };
        let movies = Side {
            rows: movie_rows.rated,
            parts: iter::once(0..of_movies.len()).collect(),
            entities: movie_rows.entities,
            features: movie_features,
            rated: of_movies,
        };
        Self { users, movies, values: Values { by_user, by_movie } }
    }

    /// Divides each side into parts for this many threads.
    pub(super) fn divide(&mut self, threads: usize) {
        for side in [&mut self.users, &mut self.movies] {
            side.divide(threads * PARTS_PER_THREAD);
        }
    }
}

impl Side {
    /// The number of entities.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The number of ratings.
    pub(super) fn rating_count(&self) -> usize {
        self.rated.others.len()
    }

    /// Divides the entities into at most so many parts, with about the same numbers of ratings.
    fn divide(&mut self, parts: usize) {
        let ratings = self.rating_count().div_ceil(parts).max(MIN_RATINGS_OF_PART);
        self.parts.clear();
        let mut first = 0;
        while first < self.len() {
            let end = self.rated.starts[first] as usize + ratings;
            let next = self.rated.starts.partition_point(|&start| (start as usize) < end).min(self.len());
            self.parts.push(first..next);
            first = next;
        }
    }

    /// The places of the ratings of some neighbouring entities.
    pub(super) fn ratings_of(&self, entities: &Range<usize>) -> Range<usize> {
        self.rated.starts[entities.start] as usize..self.rated.starts[entities.end] as usize
    }

    /// The places of an entity's ratings.
    pub(super) fn ratings(&self, entity: usize) -> Range<usize> {
        self.rated.places(entity)
    }

    /// For each of an entity's ratings, the entity of the other side.
    #[inline(always)]
    pub(super) fn others(&self, entity: usize) -> &[u32] {
        self.rated.others(entity)
    }
}

impl Rated {
    /// The number of entities.
    fn len(&self) -> usize {
        self.starts.len() - 1
    }

    #[inline(always)]
    fn places(&self, entity: usize) -> Range<usize> {
        self.starts[entity] as usize..self.starts[entity + 1] as usize
    }

    #[inline(always)]
    fn others(&self, entity: usize) -> &[u32] {
        &self.others[self.places(entity)]
    }
}

impl Features {
    /// The one-hot ids, and the sets of entities with ratings `own`. `others` are the ratings of the other side.
    fn new(own: &Rated, others: &Arc<Rated>) -> Self {
        let count = own.len();
        let size = |count: f32| Size { count, scale: count.sqrt().recip() };
        Self {
            groups: vec![0..count, count..count + others.len()],
            ids: (0..count as u32).collect(),
            sets: Arc::clone(others),
            attribute_starts: vec![0],
            attributes: Vec::new(),
            sizes: (0..count).map(|entity| size(own.places(entity).len() as f32)).collect(),
        }
    }

    fn push_group(&mut self, features: impl Iterator<Item = impl Iterator<Item = u32>>) {
        let first = self.len();
        for entities in features {
            self.attributes.extend(entities);
            self.attribute_starts.push(self.attributes.len() as u32);
        }
        self.groups.push(first..self.len());
    }

    /// The number of features.
    pub(super) fn len(&self) -> usize {
        self.ids.len() + self.sets.len() + self.attribute_starts.len() - 1
    }

    /// The entities that have a feature.
    #[inline(always)]
    pub(super) fn having(&self, feature: usize) -> &[u32] {
        let Some(set) = feature.checked_sub(self.ids.len()) else {
            return std::slice::from_ref(&self.ids[feature]);
        };
        match set.checked_sub(self.sets.len()) {
            None => self.sets.others(set),
            Some(attribute) => {
                let [start, end] = [attribute, attribute + 1].map(|index| self.attribute_starts[index]);
                &self.attributes[start as usize..end as usize]
            }
        }
    }

    /// The value of a feature of `group` for an entity that has it.
    #[inline(always)]
    pub(super) fn value(&self, group: usize, entity: usize) -> f32 {
        if group == SET { self.sizes[entity].scale } else { 1.0 }
    }
}

/// The rows with ratings, numbered without gaps.
struct Rows {
    rated: Vec<u32>,
    entities: Vec<Option<u32>>,
    starts: Vec<u32>,
}

impl Rows {
    fn new(count: usize, occurring: impl Iterator<Item = u32>) -> Self {
        let mut counts = vec![0_u32; count];
        for row in occurring {
            counts[row as usize] += 1;
        }
        let mut rows = Self { rated: Vec::new(), entities: vec![None; count], starts: vec![0] };
        let mut end = 0;
        for (row, &ratings) in (0..).zip(&counts).filter(|(_, ratings)| **ratings > 0) {
            rows.entities[row as usize] = Some(rows.rated.len() as u32);
            rows.rated.push(row);
            end += ratings;
            rows.starts.push(end);
        }
        rows
    }

    /// The entity of a row that has ratings.
    fn entity(&self, row: u32) -> u32 {
        self.entities[row as usize].unwrap_or_default()
    }

    /// The ratings by entity: a stable counting sort.
    fn order(&self, ratings: &Ratings, row: impl Fn(&Rating) -> u32) -> Vec<u32> {
        let mut next = self.starts.clone();
        let mut order = vec![0; ratings.len()];
        for (index, rating) in (0..).zip(ratings) {
            let place = &mut next[self.entity(row(&rating)) as usize];
            order[*place as usize] = index;
            *place += 1;
        }
        order
    }
}

/// The other side's entities and the values of the ratings, in this order.
fn in_order(order: &[u32], ratings: &Ratings, other: impl Fn(&Rating) -> u32) -> (Vec<u32>, Vec<f32>) {
    order
        .iter()
        .map(|&index| ratings.get(index as usize))
        .map(|rating| (other(&rating), rating.value))
        .unzip()
}
