//! What is wrong with the ids of all ratings together.

use matinee_model::{Catalogue, Ids};

use super::{Fault, FaultKind, Report, mismatch, spellings};

/// Checks the ids of the rated movies, each with its number of ratings. `place` is where the ratings come from. Returns
/// `false` if ratings and catalogue do not belong together.
pub(crate) fn check_movies(
    place: &str,
    movies: &[(&str, u64)],
    catalogue: Option<&Catalogue>,
    report: &mut Report,
) -> bool {
    if let Some(detail) = catalogue.and_then(|catalogue| mismatch::detail(movies, catalogue)) {
        report.add(FaultKind::OtherCatalogue, || Fault { file: place.to_owned(), line: 0, detail });
        return false;
    }
    let listing = catalogue.map(Catalogue::ids);
    let are_listed = |one: &str, other: &str| {
        listing.is_some_and(|listing| [one, other].iter().all(|id| listing.find(id).is_some()))
    };
    spellings::report_movies(place, movies, are_listed, report);
    true
}

/// Checks the ids of the users, each with their number of ratings.
pub(crate) fn check_users(place: &str, users: &[(&str, u64)], report: &mut Report) {
    spellings::report_users(place, users, report);
}

/// The movies with rows: those that were rated, and those of the catalogue.
pub(crate) fn movie_ids<'a>(rated: impl Iterator<Item = &'a str>, catalogue: Option<&'a Catalogue>) -> Ids {
    match catalogue.map(Catalogue::ids) {
        Some(listing) => Ids::new(rated.chain(listing.iter())),
        None => Ids::new(rated),
    }
}
