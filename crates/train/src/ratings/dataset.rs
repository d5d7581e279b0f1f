//! The ratings that algorithms learn from.

use matinee_model::{Catalogue, Ids, Links, MovieRecord, MovieRow, RatingScale, UserRow};

use super::{Ratings, Timestamps};
use crate::attributes::MovieAttributes;

/// One rating, by rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rating {
    /// Who rated.
    pub user: UserRow,
    /// What was rated.
    pub movie: MovieRow,
    /// The rating, on the scale of the data set.
    pub value: f32,
}

/// Checked ratings with their ids. Every (user, movie) pair occurs at most once.
#[derive(Debug, Clone)]
pub struct Dataset {
    /// The users who rated, by row.
    pub user_ids: Ids,
    /// The movies of the catalogue and those that were rated, by row.
    pub movie_ids: Ids,
    /// The ratings in the order of the file.
    pub ratings: Ratings,
    /// When each rating was given, in seconds since 1970, if the file has timestamps.
    pub timestamps: Option<Timestamps>,
    /// The movies that requests can ask for. Empty if no `movies.csv` was given.
    pub catalogue: Catalogue,
    /// For each movie row, whether requests can ask for it: it is in the catalogue, or there is no catalogue.
    pub listed: Vec<bool>,
    /// The attributes of the movies in the catalogue, by row.
    pub attributes: MovieAttributes,
    /// The scale that all ratings are on.
    pub scale: RatingScale,
    /// For each rating, its record in the file, from 0. `None` if each record is a rating.
    pub(super) records: Option<Vec<u32>>,
    /// The number of records in the file.
    pub(super) record_count: usize,
}

/// A per-record column that does not fit the ratings file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{found} values for {expected} ratings; there must be one per rating, in the order of the ratings file"
)]
pub struct RecordCountMismatch {
    expected: usize,
    found: usize,
}

impl Dataset {
    /// These ratings by rows, in their order. `movie_ids` has the movies of the catalogue too, if there is one.
    pub(crate) fn new(
        user_ids: Ids,
        movie_ids: Ids,
        ratings: Ratings,
        timestamps: Option<Timestamps>,
        catalogue: Option<Catalogue>,
        scale: RatingScale,
    ) -> Self {
        let listing = catalogue.as_ref().map(Catalogue::ids);
        let is_listed = |id| listing.is_none_or(|listing| listing.find(id).is_some());
        let listed = movie_ids.table().iter().map(is_listed).collect();
        let catalogue = catalogue.unwrap_or_else(Catalogue::empty);
        Self {
            attributes: MovieAttributes::new(&catalogue, movie_ids.table()),
            user_ids,
            movie_ids,
            record_count: ratings.len(),
            ratings,
            timestamps,
            listed,
            catalogue,
            scale,
            records: None,
        }
    }

    /// Makes a catalogue of the rated movies, each with its id as title. Without a catalogue, requests could not ask for
    /// any of them.
    pub fn title_movies_by_id(&mut self) {
        let record = |id: &str| MovieRecord {
            id: id.to_owned(),
            title: id.to_owned(),
            genres: String::new(),
            links: Links::default(),
            line: 0,
        };
        self.catalogue = Catalogue::from_records(self.movie_ids.table().iter().map(record).collect());
        self.attributes = MovieAttributes::new(&self.catalogue, self.movie_ids.table());
        self.listed.fill(true);
    }

    /// The number of records in the file, of which [`Self::ratings`] are those that count.
    pub(crate) fn record_count(&self) -> usize {
        self.record_count
    }

    /// The number of user rows.
    pub fn user_count(&self) -> usize {
        self.user_ids.table().len()
    }

    /// The number of movie rows.
    pub fn movie_count(&self) -> usize {
        self.movie_ids.table().len()
    }

    /// The same data set with some of its ratings. Users and movies keep their rows.
    #[must_use]
    pub fn with_only(&self, keep: impl Fn(usize) -> bool) -> Self {
        let kept: Vec<usize> = (0..self.ratings.len()).filter(|&index| keep(index)).collect();
        let record = |&index: &usize| self.records.as_ref().map_or(index as u32, |records| records[index]);
        Self {
            ratings: kept.iter().map(|&index| self.ratings.get(index)).collect(),
            timestamps: self
                .timestamps
                .as_ref()
                .map(|times| kept.iter().map(|&index| times.get(index)).collect()),
            records: Some(kept.iter().map(record).collect()),
            user_ids: self.user_ids.clone(),
            movie_ids: self.movie_ids.clone(),
            catalogue: self.catalogue.clone(),
            listed: self.listed.clone(),
            attributes: self.attributes.clone(),
            ..*self
        }
    }

    /// Takes those values of a column that belong to [`Self::ratings`]. The column has one value per record of the file.
    pub fn align<T: Copy>(&self, column: &[T]) -> Result<Vec<T>, RecordCountMismatch> {
        if column.len() != self.record_count {
            return Err(RecordCountMismatch { expected: self.record_count, found: column.len() });
        }
        Ok(match &self.records {
            None => column.to_vec(),
            Some(records) => records.iter().map(|&record| column[record as usize]).collect(),
        })
    }
}
