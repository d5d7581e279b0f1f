//! The catalogue: which movies there are, by the rows of their sorted ids.

mod plain;
mod reader;
mod search;
mod title;

pub use reader::{MovieFault, MovieReader, MovieRecord};

use std::collections::BTreeMap;
use std::sync::OnceLock;

use plain::PlainRecords;
use search::SearchIndex;
use sha2::{Digest, Sha256};

use crate::{IdTable, Ids, MovieId};

/// The movies of a `movies.csv`, sorted by id.
#[derive(Debug)]
pub struct Catalogue {
    ids: Ids,
    titles: TextColumn,
    genres: TextColumn,
    /// Made by the first search.
    index: OnceLock<SearchIndex>,
    /// Made when it is first asked for.
    version: OnceLock<String>,
}

/// One movie of the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Movie<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its title, which in `MovieLens` ends with the year: `Fight Club (1999)`.
    pub title: &'a str,
    genres: &'a str,
}

/// Why bytes are not a catalogue.
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

    /// Reads a `movies.csv`, which ends at its first fault. Of movies with the same id the last counts.
    pub fn parse(csv: &[u8]) -> Result<Self, CatalogueError> {
        match Self::parse_plain(csv) {
            Some(catalogue) => Ok(catalogue),
            None => Ok(Self::from_records(MovieReader::new(csv)?.collect::<Result<_, _>>()?)),
        }
    }

    /// Reads a `movies.csv` in order of its ids, as an artifact has it, without a copy of each record; `None` if
    /// it is another.
    fn parse_plain(csv: &[u8]) -> Option<Self> {
        let mut records = PlainRecords::new(csv)?;
        // Memory that is reserved in one piece and not used costs nothing; growing costs a tenth of a cold start.
        let lines = memchr::memchr_iter(b'\n', csv).count();
        let mut catalogue = Self {
            ids: Ids::with_capacity(lines),
            titles: TextColumn::with_capacity(lines, csv.len()),
            genres: TextColumn::with_capacity(lines, csv.len()),
            index: OnceLock::new(),
            version: OnceLock::new(),
        };
        while let Some(record) = records.next() {
            let [id, title, genres] = record.ok()?;
            if !catalogue.ids.push_last(id) {
                return None;
            }
            catalogue.titles.push(title);
            catalogue.genres.push(genres);
        }
        Some(catalogue)
    }

    /// Makes a catalogue of records in any order. Of records with the same id the last counts.
    pub fn from_records(mut records: Vec<MovieRecord>) -> Self {
        records.reverse();
        records.sort_by(|a, b| a.id.cmp(&b.id));
        records.dedup_by(|later, earlier| later.id == earlier.id);
        Self {
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

    /// The movies whose titles fit every word of `query`, the best first: words in any order and their beginnings,
    /// without accents and articles, with typing errors. Of equal fits the one with more `weight` comes first.
    pub fn search(&self, query: &str, weight: impl Fn(Movie<'_>) -> u32) -> impl Iterator<Item = Movie<'_>> {
        let index = self.index.get_or_init(|| SearchIndex::of(self));
        let rows = index.search(query, |row| weight(self.movie(row)));
        rows.into_iter().map(|row| self.movie(row))
    }

    /// Names the content, as the version of a model does: 16 hexadecimal digits, equal for equal movies.
    pub fn version(&self) -> &str {
        self.version.get_or_init(|| {
            let mut digest = Sha256::new();
            for field in self.iter().flat_map(|movie| [movie.id, movie.title, movie.genres]) {
                digest.update((field.len() as u64).to_le_bytes());
                digest.update(field);
            }
            hex::encode(&digest.finalize()[..8])
        })
    }

    /// The genres there are, by name, and how many movies have each.
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

    /// The catalogue as a `movies.csv` that reads back as itself.
    pub fn to_csv(&self) -> Result<Vec<u8>, csv::Error> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(["movieId", "title", "genres"])?;
        for movie in self.iter() {
            writer.write_record([movie.id, movie.title, movie.genres])?;
        }
        writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))
    }

    pub(crate) fn movie(&self, row: usize) -> Movie<'_> {
        Movie { id: self.ids().id(row), title: self.titles.get(row), genres: self.genres.get(row) }
    }
}

/// The index is no part of what a catalogue is: it is made again where it is wanted.
impl Clone for Catalogue {
    fn clone(&self) -> Self {
        let Self { ids, titles, genres, .. } = self;
        let (ids, titles, genres) = (ids.clone(), titles.clone(), genres.clone());
        Self { ids, titles, genres, index: OnceLock::new(), version: OnceLock::new() }
    }
}

impl PartialEq for Catalogue {
    fn eq(&self, other: &Self) -> bool {
        (&self.ids, &self.titles, &self.genres) == (&other.ids, &other.titles, &other.genres)
    }
}

impl Eq for Catalogue {}

impl<'a> Movie<'a> {
    /// Its genres in the catalogue's order, each once; none where `MovieLens` says `(no genres listed)`.
    pub fn genres(&self) -> impl Iterator<Item = &'a str> {
        let named = self.genres.split('|').map(str::trim);
        let is_first =
            move |(place, genre): &(usize, &str)| !named.clone().take(*place).any(|other| other == *genre);
        let each = self.genres.split('|').map(str::trim).enumerate().filter(is_first).map(|(_, genre)| genre);
        each.filter(|genre| !genre.is_empty() && *genre != "(no genres listed)")
    }

    /// Its genres as the catalogue has them, joined by `|`.
    pub(crate) fn genre_text(&self) -> &'a str {
        self.genres
    }

    /// Its title without the year.
    pub fn name(&self) -> &'a str {
        title::name(self.title)
    }

    /// The year that its title ends with; of a series the first.
    pub fn year(&self) -> Option<u16> {
        title::year(self.title)
    }
}

/// Texts end to end in one allocation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct TextColumn {
    text: String,
    ends: Vec<usize>,
}

impl TextColumn {
    fn with_capacity(rows: usize, bytes: usize) -> Self {
        Self { text: String::with_capacity(bytes), ends: Vec::with_capacity(rows) }
    }

    fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.ends.push(self.text.len());
    }

    fn get(&self, row: usize) -> &str {
        let start = if row == 0 { 0 } else { self.ends[row - 1] };
        &self.text[start..self.ends[row]]
    }
}

impl<'a> FromIterator<&'a str> for TextColumn {
    fn from_iter<T: IntoIterator<Item = &'a str>>(texts: T) -> Self {
        let mut column = Self::default();
        for text in texts {
            column.push(text);
        }
        column
    }
}

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
    fn the_last_of_equal_ids_counts() {
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

    proptest! {
        #[test]
        fn reads_back_what_it_writes(movies in prop::collection::vec(("\\PC{1,5}", ".{0,12}", "[a-z|]{0,8}"), 0..20)) {
            let records = movies
                .into_iter()
                .map(|(id, title, genres)| MovieRecord { id: id.trim().to_owned(), title, genres, line: 0 })
                .filter(|record| !record.id.is_empty())
                .collect();
            let catalogue = Catalogue::from_records(records);
            let csv = catalogue.to_csv().unwrap();
            prop_assert!(Catalogue::parse_plain(&csv).is_some(), "it is read the fast way");
            prop_assert_eq!(Catalogue::parse(&csv).unwrap(), catalogue);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Catalogue::parse(&bytes);
            let mut with_header = b"movieId,title,genres\n".to_vec();
            with_header.extend(bytes);
            let _ = Catalogue::parse(&with_header);
        }
    }
}
