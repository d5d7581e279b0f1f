//! What filters need to know about each movie, by model row. The first request that needs it builds it from the catalogue.

use std::collections::HashMap;

use super::Filter;
use crate::{Catalogue, IdTable, MovieId, MovieRow};

/// The year, genres and catalogue row of every movie of the model.
#[derive(Debug)]
pub(crate) struct MovieIndex {
    movies: Vec<Entry>,
    /// Each combination of genres that a movie has, once.
    genre_sets: Vec<Vec<Box<str>>>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    catalogue_row: u32,
    genre_set: u32,
    /// 0 for a title without a year.
    year: u16,
}

/// Stands for a movie that is not in the catalogue.
const NONE: u32 = u32::MAX;

/// A [`Filter`] with its genres and ids resolved to those of the movies.
pub(crate) struct ResolvedFilter<'f> {
    movies: &'f [Entry],
    genre_sets: Vec<bool>,
    years: std::ops::RangeInclusive<u16>,
    /// Sorted.
    excluded: Vec<MovieRow>,
}

impl MovieIndex {
    /// Joins the sorted ids of model and catalogue.
    pub(crate) fn new(ids: IdTable<'_>, catalogue: &Catalogue) -> Self {
        let mut sets: HashMap<&str, u32> = HashMap::new();
        let mut genre_sets = Vec::new();
        let mut entries = (0..).zip(catalogue.iter()).peekable();
        let movies = ids.iter().map(|id| {
            while entries.next_if(|(_, movie)| movie.id < id).is_some() {}
            let Some((catalogue_row, movie)) = entries.next_if(|(_, movie)| movie.id == id) else {
                return Entry { catalogue_row: NONE, genre_set: 0, year: 0 };
            };
            let genre_set = *sets.entry(movie.genre_text()).or_insert_with(|| {
                genre_sets.push(movie.genres().map(Box::from).collect());
                genre_sets.len() as u32 - 1
            });
            Entry { catalogue_row, genre_set, year: movie.year().unwrap_or(0) }
        });
        let movies = movies.collect();
        Self { movies, genre_sets }
    }

    /// The movie's row in the catalogue, if it is there.
    pub(crate) fn catalogue_row(&self, movie: MovieRow) -> Option<u32> {
        Some(self.movies[movie.index()].catalogue_row).filter(|&row| row != NONE)
    }

    /// Whether any movie has this genre. Upper and lower case are the same.
    pub(crate) fn has_genre(&self, genre: &str) -> bool {
        let genre = genre.to_lowercase();
        self.genre_sets.iter().flatten().any(|of| of.to_lowercase() == genre)
    }

    /// Resolves `filter` against these movies, whose ids by row are `ids`. It does not look at what a visitor has rated.
    pub(crate) fn resolve(&self, filter: &Filter, ids: IdTable<'_>) -> ResolvedFilter<'_> {
        let has = |set: &Vec<Box<str>>| filter.admits_genres(set.iter().map(|genre| &**genre));
        let row = |id: &MovieId| ids.find(id.as_str()).map(MovieRow);
        let mut excluded: Vec<MovieRow> = filter.excluded.iter().filter_map(row).collect();
        excluded.sort_unstable();
        ResolvedFilter {
            movies: &self.movies,
            genre_sets: self.genre_sets.iter().map(has).collect(),
            years: filter.years(),
            excluded,
        }
    }
}

impl ResolvedFilter<'_> {
    /// Whether the movie is in the catalogue and the filter admits it.
    pub(crate) fn admits(&self, movie: MovieRow) -> bool {
        let Entry { catalogue_row, genre_set, year } = self.movies[movie.index()];
        catalogue_row != NONE
            && self.years.contains(&year)
            && self.genre_sets[genre_set as usize]
            && self.excluded.binary_search(&movie).is_err()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Ids;

    #[test]
    fn filters_admit_by_genre_year_and_id() {
        let csv =
            "movieId,title,genres\n1,A (1990),Drama|Crime\n2,B (2000),Comedy\n3,C,Drama\n9,D (2010),Drama\n";
        let catalogue = Catalogue::parse(csv.as_bytes()).unwrap();
        let ids = Ids::new(["1", "2", "3", "4", "9"]);
        let index = MovieIndex::new(ids.table(), &catalogue);
        let rows = |filter: &Filter| -> Vec<u32> {
            let resolved = index.resolve(filter, ids.table());
            let rows: Vec<u32> = (0..5).filter(|&row| resolved.admits(MovieRow(row))).collect();
            // The filter gives the same answer for the catalogue.
            let of_movies = catalogue.iter().filter(|movie| filter.admits(movie)).map(|movie| movie.id);
            let expected: Vec<&str> = rows.iter().map(|&row| ids.table().id(row as usize)).collect();
            assert_eq!(of_movies.collect::<Vec<_>>(), expected);
            rows
        };
        let filter = Filter::default();
        assert_eq!(rows(&filter), [0, 1, 2, 4], "4 is not in the catalogue");
        let genres = |genres: &[&str]| genres.iter().map(ToString::to_string).collect();
        assert_eq!(rows(&Filter { genres: genres(&["drama"]), ..filter.clone() }), [0, 2, 4]);
        assert_eq!(rows(&Filter { genres: genres(&["Western"]), ..filter.clone() }), [0; 0]);
        assert_eq!(
            rows(&Filter { genres: genres(&["Western", "comedy", "CRIME"]), ..filter.clone() }),
            [0, 1]
        );
        let excluded = ["3", "1", "no such movie"].map(MovieId::from).into();
        assert_eq!(rows(&Filter { excluded, ..filter.clone() }), [1, 4]);
        assert_eq!(rows(&Filter { year_from: Some(2000), ..filter.clone() }), [1, 4]);
        assert_eq!(rows(&Filter { year_to: Some(2000), ..filter.clone() }), [0, 1]);
        let both =
            Filter { year_from: Some(1980), year_to: Some(1999), genres: genres(&["Crime"]), ..filter };
        assert_eq!(rows(&both), [0]);
    }
}
