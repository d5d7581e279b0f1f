//! What does not change in a run: the ratings and features of each entity.
//!
//! An entity is a user or a movie with ratings. Each side of the model is one of the two blocks of Rendle,
//! "Scaling Factorization Machines to Relational Data" (2013): entities by features, sparse. The first two
//! groups of features are the same on both sides: the id of the entity, and the set of the other side's
//! entities that it has ratings with, scaled by `|N|^-1/2`.

use std::ops::Range;

use crate::ratings::Rating;

/// One side of the model: the users, or the movies.
pub(super) struct Side {
    /// For each entity, its row in the factor matrices, ascending.
    pub(super) rows: Vec<u32>,
    /// For each row, its entity, if it has ratings.
    pub(super) entities: Vec<Option<u32>>,
    /// Where each entity's ratings begin, and the last one's end.
    pub(super) starts: Vec<u32>,
    /// For each rating, the entity of the other side.
    pub(super) others: Vec<u32>,
    /// For each rating, its index among the other side's ratings.
    pub(super) mirror: Vec<u32>,
    pub(super) features: Features,
}

/// The features of one side, by groups.
pub(super) struct Features {
    pub(super) groups: Vec<Range<usize>>,
    /// Where each feature's entities begin, and the last one's end.
    pub(super) starts: Vec<u32>,
    /// The entities that have a feature.
    pub(super) entities: Vec<u32>,
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

/// The group of scaled sets; all others have the value 1. The first group is the one-hot ids.
pub(super) const SET: usize = 1;

/// Both sides, and the ratings in the users' order: by user, then in their original order.
pub(super) struct Layout {
    pub(super) users: Side,
    pub(super) movies: Side,
    pub(super) values: Vec<f32>,
}

impl Layout {
    /// `movie_attributes` has, group by group and feature by feature, the movie rows with an attribute.
    pub(super) fn new(
        user_count: usize,
        movie_count: usize,
        ratings: &[Rating],
        movie_attributes: &[Vec<Vec<u32>>],
    ) -> Self {
        let user_rows = Rows::new(user_count, ratings.iter().map(|rating| rating.user.0));
        let movie_rows = Rows::new(movie_count, ratings.iter().map(|rating| rating.movie.0));
        let user_order = user_rows.order(ratings, |rating| rating.user.0);
        let movie_order = movie_rows.order(ratings, |rating| rating.movie.0);
        let values = user_order.iter().map(|&index| ratings[index as usize].value).collect();
        let (in_user_order, in_movie_order) = (places(&user_order), places(&movie_order));
        let movies_of_users: Vec<u32> =
            user_order.iter().map(|&index| movie_rows.entity(ratings[index as usize].movie.0)).collect();
        let users_of_movies: Vec<u32> =
            movie_order.iter().map(|&index| user_rows.entity(ratings[index as usize].user.0)).collect();

        let mut user_features = Features::new(&user_rows);
        user_features.push_group(sets(&movie_rows, &users_of_movies));
        let mut movie_features = Features::new(&movie_rows);
        movie_features.push_group(sets(&user_rows, &movies_of_users));
        for group in movie_attributes {
            let rated =
                |rows: &Vec<u32>| rows.iter().filter_map(|&row| movie_rows.entities[row as usize]).collect();
            movie_features.push_group(group.iter().map(rated));
        }
        let mirror =
            |order: &[u32], places: &[u32]| order.iter().map(|&index| places[index as usize]).collect();
        let users = Side {
            mirror: mirror(&user_order, &in_movie_order),
            others: movies_of_users,
            features: user_features,
            rows: user_rows.rated,
            entities: user_rows.entities,
            starts: user_rows.starts,
        };
        let movies = Side {
            mirror: mirror(&movie_order, &in_user_order),
            others: users_of_movies,
            features: movie_features,
            rows: movie_rows.rated,
            entities: movie_rows.entities,
            starts: movie_rows.starts,
        };
        Self { users, movies, values }
    }
}

impl Side {
    /// The number of entities.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The places of an entity's ratings.
    pub(super) fn ratings(&self, entity: usize) -> Range<usize> {
        self.starts[entity] as usize..self.starts[entity + 1] as usize
    }
}

impl Features {
    /// The one-hot ids, and the scales of the sets.
    fn new(rows: &Rows) -> Self {
        let count = rows.rated.len() as u32;
        let size = |count: f32| Size { count, scale: count.sqrt().recip() };
        let sizes = rows.starts.windows(2).map(|set| size((set[1] - set[0]) as f32)).collect();
        let ids = 0..rows.rated.len();
        Self { groups: vec![ids], starts: (0..=count).collect(), entities: (0..count).collect(), sizes }
    }

    fn push_group(&mut self, features: impl IntoIterator<Item = Vec<u32>>) {
        let first = self.len();
        for entities in features {
            self.entities.extend(entities);
            self.starts.push(self.entities.len() as u32);
        }
        self.groups.push(first..self.len());
    }

    /// The number of features.
    pub(super) fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// The entities that have a feature.
    pub(super) fn having(&self, feature: usize) -> &[u32] {
        &self.entities[self.starts[feature] as usize..self.starts[feature + 1] as usize]
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
    fn order(&self, ratings: &[Rating], row: impl Fn(&Rating) -> u32) -> Vec<u32> {
        let mut next = self.starts.clone();
        let mut order = vec![0; ratings.len()];
        for (index, rating) in (0..).zip(ratings) {
            let place = &mut next[self.entity(row(rating)) as usize];
            order[*place as usize] = index;
            *place += 1;
        }
        order
    }
}

/// For each entity of `rows`, the entities that it has ratings with: the features of its set.
fn sets<'a>(rows: &'a Rows, others: &'a [u32]) -> impl Iterator<Item = Vec<u32>> + 'a {
    rows.starts.windows(2).map(|set| others[set[0] as usize..set[1] as usize].to_vec())
}

/// The position of each index in `order`.
fn places(order: &[u32]) -> Vec<u32> {
    let mut places = vec![0; order.len()];
    for (place, &index) in (0..).zip(order) {
        places[index as usize] = place;
    }
    places
}
