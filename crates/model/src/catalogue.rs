//! The catalogue: all movies, sorted by id.

mod movie;
mod reader;
mod search;
mod text_column;
mod title;

pub use movie::Movie;
pub use reader::{Links, MovieFault, MovieReader, MovieRecord};

use std::collections::BTreeMap;
use std::sync::OnceLock;

use reader::{MovieFields, read_all};
use search::SearchIndex;
use sha2::{Digest, Sha256};
use text_column::TextColumn;

use crate::{IdTable, Ids, MovieId};

/// The movies of a `movies.csv`, sorted by id.
#[derive(Debug)]
pub struct Catalogue {
    ids: Ids,
    titles: TextColumn,
    genres: TextColumn,
    /// The ids of the movies at `IMDb` and TMDB. Empty columns if no movie has one.
    imdb_ids: TextColumn,
    tmdb_ids: TextColumn,
    /// Built by the first search.
    index: OnceLock<SearchIndex>,
    /// Computed on first use.
    version: OnceLock<String>,
}

/// Why a catalogue cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("movies.csv line {line}: {fault}")]
pub struct CatalogueError {
    /// The line, from 1.
    pub line: u64,
    /// What is wrong there.
    pub fault: MovieFault,
}

impl Catalogue {
    /// A catalogue without movies.
    pub fn empty() -> Self {
        Self::from_records(Vec::new())
    }

    /// Reads a `movies.csv` up to its first fault. If several movies have the same id, the last one counts.
    pub fn parse(csv: &[u8]) -> Result<Self, CatalogueError> {
        match Self::parse_sorted(csv) {
            Some(catalogue) => Ok(catalogue),
            None => Ok(Self::from_records(MovieReader::new(csv)?.collect::<Result<_, _>>()?)),
        }
    }

    /// Reads a `movies.csv` without faults that is sorted by id, as in an artifact. `None` for any other file.
    ///
    /// A cold start waits for this. It takes a third of the time that a [`MovieRecord`] for each movie would take: see
    /// "Reading the catalogue" in `docs/benchmarks.md`.
    fn parse_sorted(csv: &[u8]) -> Option<Self> {
        // Reserving memory in one piece costs nothing, even if it is not used. Growing costs a tenth of a cold start.
        let lines = memchr::memchr_iter(b'\n', csv).count();
        let mut catalogue = Self {
            ids: Ids::with_capacity(lines),
            titles: TextColumn::with_capacity(lines, csv.len()),
            genres: TextColumn::with_capacity(lines, csv.len()),
            imdb_ids: TextColumn::default(),
            tmdb_ids: TextColumn::default(),
            index: OnceLock::new(),
            version: OnceLock::new(),
        };
        let is_sorted = read_all(csv, |MovieFields { id, title, genres, imdb, tmdb }| {
            let row = catalogue.titles.len();
            catalogue.titles.push(title);
            catalogue.genres.push(genres);
            catalogue.imdb_ids.push_if_any(row, imdb);
            catalogue.tmdb_ids.push_if_any(row, tmdb);
            catalogue.ids.push_last(id)
        });
        is_sorted.then_some(catalogue)
    }

    /// Makes a catalogue from records in any order. If several records have the same id, the last one counts.
    pub fn from_records(mut records: Vec<MovieRecord>) -> Self {
        records.reverse();
        records.sort_by(|a, b| a.id.cmp(&b.id));
        records.dedup_by(|later, earlier| later.id == earlier.id);
        let links = |of: fn(&Links) -> &str| {
            let mut column = TextColumn::default();
            for (row, record) in records.iter().enumerate() {
                column.push_if_any(row, of(&record.links));
            }
            column
        };
        Self {
            imdb_ids: links(|links| &links.imdb),
            tmdb_ids: links(|links| &links.tmdb),
            ids: Ids::new(records.iter().map(|record| record.id.as_str())),
            titles: records.iter().map(|record| record.title.as_str()).collect(),
            genres: records.iter().map(|record| record.genres.as_str()).collect(),
            index: OnceLock::new(),
            version: OnceLock::new(),
        }
    }

    /// How many movies there are.
    pub fn len(&self) -> usize {
        self.ids.table().len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The ids, sorted.
    pub fn ids(&self) -> IdTable<'_> {
        self.ids.table()
    }

    /// The movie with this id.
    pub fn find(&self, id: &MovieId) -> Option<Movie<'_>> {
        self.ids().find(id.as_str()).map(|row| self.movie(row as usize))
    }

    /// The movies whose titles match every word of `query`, best match first. Words may come in any order, be only
    /// prefixes, and contain typing errors. Accents and articles are ignored. Of two equal matches, the one with the
    /// larger `weight` comes first.
    pub fn search(&self, query: &str, weight: impl Fn(Movie<'_>) -> u32) -> impl Iterator<Item = Movie<'_>> {
        let index = self.index.get_or_init(|| SearchIndex::of(self));
        let rows = index.search(query, |row| weight(self.movie(row)));
        rows.into_iter().map(|row| self.movie(row))
    }

    /// The same movies with the links of `links`, by id. Links of unknown movies are ignored.
    #[must_use]
    pub fn with_links(&self, links: &BTreeMap<String, Links>) -> Self {
        let records = self.iter().map(|movie| MovieRecord {
            id: movie.id.to_owned(),
            title: movie.title.to_owned(),
            genres: movie.genres.to_owned(),
            links: links.get(movie.id).cloned().unwrap_or_default(),
            line: 0,
        });
        Self::from_records(records.collect())
    }

    /// Whether any movie has a link.
    fn has_links(&self) -> bool {
        self.imdb_ids.len() + self.tmdb_ids.len() > 0
    }

    /// The name of the content, as for a model: 16 hexadecimal digits, the same for the same movies.
    pub fn version(&self) -> &str {
        self.version.get_or_init(|| {
            let mut digest = Sha256::new();
            let width = if self.has_links() { 5 } else { 3 };
            for field in self.iter().flat_map(|movie| movie.fields().into_iter().take(width)) {
                digest.update((field.len() as u64).to_le_bytes());
                digest.update(field);
            }
            hex::encode(&digest.finalize()[..8])
        })
    }

    /// All genres by name, with the number of movies of each.
    pub fn genres(&self) -> BTreeMap<&str, usize> {
        let mut genres = BTreeMap::new();
        for movie in self.iter() {
            movie.genres().for_each(|genre| *genres.entry(genre).or_insert(0) += 1);
        }
        genres
    }

    /// All movies, sorted by id.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Movie<'_>> {
        (0..self.len()).map(|row| self.movie(row))
    }

    /// The catalogue as a `movies.csv`. Parsing it gives the same catalogue.
    pub fn to_csv(&self) -> Result<Vec<u8>, csv::Error> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let width = if self.has_links() { 5 } else { 3 };
        writer.write_record(&["movieId", "title", "genres", "imdbId", "tmdbId"][..width])?;
        for movie in self.iter() {
            writer.write_record(&movie.fields()[..width])?;
        }
        writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))
    }

    pub(crate) fn movie(&self, row: usize) -> Movie<'_> {
        Movie {
            id: self.ids().id(row),
            title: self.titles.get(row),
            genres: self.genres.get(row),
            imdb_id: self.imdb_ids.get_if_any(row),
            tmdb_id: self.tmdb_ids.get_if_any(row),
        }
    }
}

/// A clone does not copy the search index. It builds its own when it needs one.
impl Clone for Catalogue {
    fn clone(&self) -> Self {
        Self {
            ids: self.ids.clone(),
            titles: self.titles.clone(),
            genres: self.genres.clone(),
            imdb_ids: self.imdb_ids.clone(),
            tmdb_ids: self.tmdb_ids.clone(),
            index: OnceLock::new(),
            version: OnceLock::new(),
        }
    }
}

impl PartialEq for Catalogue {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}

impl Eq for Catalogue {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn finds_titles_genres_and_years() {
        let csv = "movieId,title,genres\n\
                   2959,Fight Club (1999),Action|Crime|Drama\n\
                   11,\"American President, The (1995)\",Comedy\n\
                   7,\"He said \"\"no\"\"\",(no genres listed)\n";
        let catalogue = Catalogue::parse(csv.as_bytes()).unwrap();
        assert_eq!(catalogue.len(), 3);

        let fight_club = catalogue.find(&"2959".into()).unwrap();
        assert_eq!(fight_club.title, "Fight Club (1999)");
        assert_eq!((fight_club.name(), fight_club.year()), ("Fight Club", Some(1999)));
        assert_eq!(fight_club.genres().collect::<Vec<_>>(), ["Action", "Crime", "Drama"]);

        assert_eq!(catalogue.find(&"11".into()).unwrap().title, "American President, The (1995)");
        let untitled = catalogue.find(&"7".into()).unwrap();
        assert_eq!((untitled.title, untitled.year(), untitled.genres().count()), ("He said \"no\"", None, 0));
        assert_eq!(catalogue.find(&"8".into()), None);
    }

    #[test]
    fn the_last_movie_with_an_id_counts() {
        for records in ["5,first\n3,other\n5,last\n", "3,other\n5,first\n5,last\n"] {
            let catalogue = Catalogue::parse(format!("movieId,title\n{records}").as_bytes()).unwrap();
            assert_eq!(catalogue.len(), 2);
            assert_eq!(catalogue.find(&"3".into()).unwrap().title, "other");
            assert_eq!(catalogue.find(&"5".into()).unwrap().title, "last");
        }
    }

    #[test]
    fn counts_the_movies_of_each_genre() {
        let catalogue = Catalogue::parse(b"movieId,title,genres\n1,a,Drama|War\n2,b,Drama\n3,c,\n").unwrap();
        assert_eq!(catalogue.genres(), BTreeMap::from([("Drama", 2), ("War", 1)]));
    }

    #[test]
    fn genres_are_trimmed_and_empty_ones_dropped() {
        let csv = b"movieId,title,genres\n1,a,Action | Drama\n2,b, | Drama|\n3,c, (no genres listed) \n";
        let catalogue = Catalogue::parse(csv).unwrap();
        let genres: Vec<Vec<&str>> = catalogue.iter().map(|movie| movie.genres().collect()).collect();
        assert_eq!(genres, [vec!["Action", "Drama"], vec!["Drama"], vec![]]);
        assert_eq!(catalogue.genres(), BTreeMap::from([("Action", 1), ("Drama", 2)]));
    }

    #[test]
    fn a_genre_counts_once_a_movie() {
        let csv = b"movieId,title,genres\n1,a,Drama|Drama\n2,b, Drama |Action|| |Drama\n";
        let catalogue = Catalogue::parse(csv).unwrap();
        let genres: Vec<Vec<&str>> = catalogue.iter().map(|movie| movie.genres().collect()).collect();
        assert_eq!(genres, [vec!["Drama"], vec!["Drama", "Action"]]);
        assert_eq!(catalogue.genres(), BTreeMap::from([("Action", 1), ("Drama", 2)]));
    }

    #[test]
    fn catalogues_are_equal_if_their_movies_are() {
        let of =
            |records: &str| Catalogue::parse(format!("movieId,title,genres\n{records}").as_bytes()).unwrap();
        assert_eq!(of("1,a,War\n2,b,\n"), of("2,b,\n1,a,War\n"));
        assert_eq!(of("1,a,War\n2,b,\n").version(), of("2,b,\n1,a,War\n").version());
        assert_eq!(of("1,a,War\n").version().len(), 16);
        for other in ["1,a,War\n", "1,a,War\n3,b,\n", "1,a,War\n2,c,\n", "1,a,\n2,b,\n"] {
            assert_ne!(of("1,a,War\n2,b,\n"), of(other), "{other}");
            assert_ne!(of("1,a,War\n2,b,\n").version(), of(other).version(), "{other}");
        }
        assert!(Catalogue::empty().is_empty() && !of("1,a,War\n").is_empty());
    }

    #[test]
    fn links_are_columns_of_a_catalogue_that_has_some() {
        let plain = Catalogue::parse(b"movieId,title,genres\n1,a,War\n2,b,\n3,c,\n").unwrap();
        let links = BTreeMap::from([
            ("2".to_owned(), Links::new("tt0114709", "862")),
            ("9".to_owned(), Links::new("1", "2")),
        ]);
        let linked = plain.with_links(&links);
        let of = |id: &str| linked.find(&id.into()).map(|movie| (movie.imdb_id(), movie.tmdb_id()));
        assert_eq!(of("2"), Some((Some("0114709"), Some("862"))));
        assert_eq!([of("1"), of("3"), of("9")], [Some((None, None)), Some((None, None)), None]);
        assert_ne!(linked.version(), plain.version());
        let csv = String::from_utf8(linked.to_csv().unwrap()).unwrap();
        assert_eq!(csv, "movieId,title,genres,imdbId,tmdbId\n1,a,War,,\n2,b,,0114709,862\n3,c,,,\n");
        assert_eq!(plain.with_links(&BTreeMap::new()).to_csv().unwrap(), plain.to_csv().unwrap());
    }

    #[test]
    fn a_link_is_a_number() {
        assert_eq!(Links::new("tt0000001", "x"), Links { imdb: "0000001".to_owned(), tmdb: String::new() });
        assert_eq!(Links::new("../a", "1234567890123"), Links::default());
    }

    fn links() -> impl Strategy<Value = Links> {
        ("([0-9]{1,7})?", "([0-9]{1,5})?").prop_map(|(imdb, tmdb)| Links { imdb, tmdb })
    }

    proptest! {
        #[test]
        fn reads_back_what_it_writes(movies in prop::collection::vec(("\\PC{1,5}", ".{0,12}", "[a-z|]{0,8}", links()), 0..20)) {
            let records = movies
                .into_iter()
                .map(|(id, title, genres, links)| MovieRecord { id: id.trim().to_owned(), title, genres, links, line: 0 })
                .filter(|record| !record.id.is_empty())
                .collect();
            let catalogue = Catalogue::from_records(records);
            let csv = catalogue.to_csv().unwrap();
            prop_assert_eq!(Catalogue::parse_sorted(&csv), Some(catalogue.clone()), "a sorted file is read directly");
            prop_assert_eq!(Catalogue::parse(&csv).unwrap(), catalogue);
        }

        #[test]
        fn sorted_or_not_the_same_movies_are_read(records in "([0-9 ]{0,2}|[a\",\n\r\"é]{0,4}){0,30}") {
            let csv = format!("movieId,title,genres\n{records}");
            let records: Result<Vec<MovieRecord>, _> = MovieReader::new(csv.as_bytes()).unwrap().collect();
            match (Catalogue::parse(csv.as_bytes()), records) {
                (Ok(catalogue), Ok(records)) => prop_assert_eq!(catalogue, Catalogue::from_records(records)),
                (Err(error), Err(expected)) => prop_assert_eq!(error.to_string(), expected.to_string()),
                (read, records) => prop_assert!(false, "{:?} but {:?}", read, records),
            }
        }

        #[test]
        fn any_bytes_are_read_or_refused_at_a_line_of_the_file(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut with_header = b"movieId,title,genres\n".to_vec();
            with_header.extend(&bytes);
            for csv in [bytes, with_header] {
                let lines = memchr::memchr_iter(b'\n', &csv).count() as u64 + 1;
                match Catalogue::parse(&csv) {
                    Ok(catalogue) => prop_assert!(catalogue.len() < lines as usize && catalogue.iter().is_sorted_by(|a, b| a.id < b.id)),
                    Err(error) => prop_assert!((1..=lines).contains(&error.line), "{error} of {lines}"),
                }
            }
        }
    }
}
