//! Reads `links.csv` of a `MovieLens` release: the ids of movies at `IMDb` and TMDB.
//!
//! Links decorate a page, so they cannot refuse training: what is unusable is left out, and a note says so.

use std::collections::BTreeMap;

use matinee_model::Links;

use super::{CsvFile, Report};

/// The links by movie id.
pub(super) fn read(file: &CsvFile, report: &mut Report) -> BTreeMap<String, Links> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(file.bytes.as_slice());
    let header = reader.headers().cloned().unwrap_or_default();
    let column =
        |name: &str| header.iter().position(|field| field.trim().trim_start_matches('\u{feff}') == name);
    let Some(id) = column("movieId") else {
        report.note(&file.name, "it has no column `movieId`, so no movie is linked");
        return BTreeMap::new();
    };
    let (imdb, tmdb) = (column("imdbId"), column("tmdbId"));
    let mut links = BTreeMap::new();
    let mut unusable = 0_u64;
    for record in reader.records() {
        let Ok(record) = record else {
            unusable += 1;
            continue;
        };
        let field = |column: Option<usize>| column.and_then(|at| record.get(at)).unwrap_or_default().trim();
        let found = Links::new(field(imdb), field(tmdb));
        let is_left_out = |given: &str, kept: &str| !given.is_empty() && kept.is_empty();
        if is_left_out(field(imdb), &found.imdb) || is_left_out(field(tmdb), &found.tmdb) {
            unusable += 1;
        }
        if let Some(id) = record.get(id).map(str::trim).filter(|id| !id.is_empty()) {
            links.insert(id.to_owned(), found);
        }
    }
    if unusable > 0 {
        let found = if unusable == 1 { "1 line has".to_owned() } else { format!("{unusable} lines have") };
        report.note(&file.name, &format!("{found} an id that is not a number, which is left out"));
    }
    links
}
