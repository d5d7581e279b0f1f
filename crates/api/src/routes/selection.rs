//! Parameters whose meaning depends on the movies in the catalogue.

use std::collections::{BTreeSet, HashSet};

use matinee_model::{Filter, MovieId};

use crate::request::{InvalidRequest, Selection, split_list};
use crate::scorer::Titles;

/// The filter for a selection. A genre that is not in the catalogue is probably a typing error, so it is refused.
pub(super) fn filter(titles: &Titles, selection: &Selection) -> Result<Filter, InvalidRequest> {
    let genres: BTreeSet<&str> =
        split_list(&selection.genres, |genre| titles.has_genre(genre)).into_iter().collect();
    if let Some(genre) = genres.iter().find(|genre| !titles.has_genre(genre)) {
        let known: Vec<&str> = titles.catalogue().genres().into_keys().collect();
        let found = genre.chars().take(50).collect();
        return Err(InvalidRequest::Genre { found, known: known.join(", ") });
    }
    Ok(Filter {
        genres: genres.into_iter().map(str::to_owned).collect(),
        year_from: selection.year_from,
        year_to: selection.year_to,
        include_rated: selection.include_rated,
        excluded: movie_ids(titles, &selection.exclude).into_iter().collect(),
    })
}

/// The ids in the values of a parameter, without repetitions.
pub(super) fn movie_ids(titles: &Titles, values: &[String]) -> Vec<MovieId> {
    let is_known = |id: &str| titles.catalogue().find(&id.into()).is_some();
    let mut seen = HashSet::new();
    split_list(values, is_known).into_iter().filter(|id| seen.insert(*id)).map(MovieId::from).collect()
}
