//! Which columns of CSV records contain the ids.
//!
//! Invariant: records are read by position only if the first line is certainly a record: it names a movie in the catalogue,
//! or it has no letter, as no header does. Any other line may be an unknown header, and reading by position could mistake
//! users for movies.

use matinee_model::columns::{MOVIE, USER};
use matinee_model::{Catalogue, MovieId};

use crate::request::{InvalidRequest, PredictRequest};

/// Separators that are used elsewhere instead of commas.
const OTHER_SEPARATORS: [char; 3] = [';', '\t', '|'];

/// The positions of the ids in a CSV record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Columns {
    user: usize,
    movie: usize,
}

impl Columns {
    /// The positions in records without a header.
    pub(super) const BY_POSITION: Self = Self { user: 0, movie: 1 };

    /// The columns that the first line names; `None` if it is a record.
    pub(super) fn of_first_line(line: &[u8], catalogue: &Catalogue) -> Result<Option<Self>, InvalidRequest> {
        let fields = fields(line).ok_or(InvalidRequest::Csv)?;
        if let Some(columns) = Self::named(&fields) {
            return Ok(Some(columns));
        }
        if is_record(&fields, catalogue) {
            return Ok(None);
        }
        let text: String = fields.join(",").chars().take(100).collect();
        Err(InvalidRequest::Header(text))
    }

    /// The columns with these names, if each required column occurs once.
    fn named(names: &[String]) -> Option<Self> {
        match (&USER.places(names)[..], &MOVIE.places(names)[..]) {
            (&[user], &[movie]) => Some(Self { user, movie }),
            _ => None,
        }
    }

    /// Reads a line as a request. A header between records, where another file was appended, changes the columns of the
    /// records after it.
    pub(super) fn request(&mut self, line: &[u8]) -> Result<PredictRequest, InvalidRequest> {
        let fields = fields(line).ok_or(InvalidRequest::Csv)?;
        let missing = |name| match separator(&fields) {
            Some(separator) => InvalidRequest::Separator(separator),
            None => InvalidRequest::Missing(name).with_example("2,2959"),
        };
        let field = |column: usize, name| fields.get(column).ok_or_else(|| missing(name));
        let (user, movie) = (field(self.user, "userId")?, field(self.movie, "movieId")?);
        let columns = [user, movie].map(String::clone);
        let has_name = !USER.places(&columns).is_empty() || !MOVIE.places(&columns).is_empty();
        if has_name && let Some(columns) = Self::named(&fields) {
            *self = columns;
            return Err(InvalidRequest::HeaderAmongRecords);
        }
        PredictRequest::new(user, movie)
    }
}

/// The separator of a record without commas.
fn separator(fields: &[String]) -> Option<char> {
    let [whole] = fields else { return None };
    OTHER_SEPARATORS.into_iter().find(|&separator| whole.contains(separator))
}

/// Whether a line without the required columns is a record: its movie is in the catalogue, or it has no letter.
fn is_record(fields: &[String], catalogue: &Catalogue) -> bool {
    let movie = fields.get(Columns::BY_POSITION.movie).map(|field| MovieId::from(field.trim()));
    let is_in_catalogue = movie.is_some_and(|movie| catalogue.find(&movie).is_some());
    is_in_catalogue || !fields.iter().any(|field| field.contains(char::is_alphabetic))
}

/// The fields of a CSV line; `None` if it is not UTF-8 or not a single record.
fn fields(line: &[u8]) -> Option<Vec<String>> {
    if !line.contains(&b'"') {
        return Some(std::str::from_utf8(line).ok()?.split(',').map(str::to_owned).collect());
    }
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(line);
    let mut records = reader.records();
    let record = records.next()?.ok()?;
    records.next().is_none().then(|| record.iter().map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Names that columns of ratings have elsewhere.
    const COLUMN_NAMES: [&str; 24] = [
        "userId",
        "user",
        "uid",
        "movieId",
        "movie",
        "mid",
        "itemId",
        "item",
        "iid",
        "customerId",
        "customer",
        "productId",
        "product",
        "filmId",
        "film",
        "title",
        "name",
        "genre",
        "genres",
        "rating",
        "score",
        "timestamp",
        "date",
        "id",
    ];

    fn catalogue() -> Catalogue {
        Catalogue::parse(b"movieId,title\n1,One\n2,Two\ntt0000021,Three\n").unwrap()
    }

    fn columns(line: &str) -> Result<Option<Columns>, InvalidRequest> {
        Columns::of_first_line(line.as_bytes(), &catalogue())
    }

    #[test]
    fn a_header_names_the_columns_under_any_spelling_and_in_any_order() {
        for (line, user, movie) in [
            ("userId,movieId", 0, 1),
            ("movieId,userId", 1, 0),
            ("movie_id,user_id", 1, 0),
            ("MovieId,UserId,rating", 1, 0),
            ("rating, \"Movie ID\" , USER_ID", 2, 1),
            ("\"movieId\",\"userId\"", 1, 0),
            ("user,movie", 0, 1),
            ("Movie,User", 1, 0),
            // The name of the user and the id of the user.
            ("user,user_id,movie_id,movie", 1, 2),
            ("uid,itemId", 0, 1),
            ("item_id,user_id", 1, 0),
            ("filmId,user", 1, 0),
            ("film,userId", 1, 0),
            (",movieId,userId", 2, 1),
        ] {
            assert_eq!(columns(line), Ok(Some(Columns { user, movie })), "{line}");
        }
    }

    #[test]
    fn a_header_without_the_required_columns_is_refused() {
        for line in [
            "uid,iid",
            "userId,title",
            "customer,product",
            "id,rating",
            "userId,user_id,movieId",
            "userId;movieId",
            "\"movieId\";\"userId\"",
            "movieId\tuserId",
            "movieId",
            "benutzer,werk",
            "用户,电影",
            "movieId2,userId2",
            "movie_id_v2,user_id_v2",
            "film_1,person_1",
            "movieKey:0,userKey:0",
            "\"movie (v1)\",\"user (v1)\"",
            ",movieId2,userId2",
            "1,userId2",
            // This may be a movie that is not in the catalogue, or a header.
            "alice,tt9999999",
        ] {
            let error = columns(line).unwrap_err().to_string();
            assert!(error.contains("looks like a header") && error.contains("userId"), "{line}: {error}");
        }
    }

    #[test]
    fn a_record_is_read_by_position() {
        for line in [
            "2,1",
            "15,2",
            "alice,1",
            "alice,tt0000021",
            "user1, 2 ",
            "2;1",
            "2,99999",
            "2",
            "",
            "\"2\",\"1\"",
            "2,1,4.5",
        ] {
            assert_eq!(columns(line), Ok(None), "{line}");
        }
        let words = Catalogue::parse(b"movieId,title\nalien,One\nfilm,Two\n").unwrap();
        for line in ["alice,alien", "alice,film"] {
            assert_eq!(
                Columns::of_first_line(line.as_bytes(), &words),
                Ok(None),
                "{line}: ids are words in this catalogue"
            );
        }
    }

    #[test]
    fn the_error_of_a_record_says_what_is_wrong() {
        let refusal = |line: &str| Columns { ..Columns::BY_POSITION }.request(line.as_bytes()).unwrap_err();
        assert_eq!(refusal("2;1"), InvalidRequest::Separator(';'));
        assert_eq!(refusal("2\t1"), InvalidRequest::Separator('\t'));
        assert_eq!(refusal("movie_id,user_id"), InvalidRequest::HeaderAmongRecords);
        assert!(refusal("2").to_string().contains("`movieId` is missing"));
        assert_eq!(refusal("\"2,1"), InvalidRequest::Missing("movieId").with_example("2,2959"));
    }

    #[test]
    fn a_header_between_records_applies_to_the_records_after_it() {
        let mut columns = Columns::BY_POSITION;
        assert_eq!(columns.request(b"movieId,userId"), Err(InvalidRequest::HeaderAmongRecords));
        assert_eq!(columns.request(b"1,15"), PredictRequest::new("15", "1"));
    }

    proptest! {
        #[test]
        fn a_line_of_column_names_is_never_a_record(
            names in prop::sample::subsequence(COLUMN_NAMES.to_vec(), 1..5).prop_shuffle(),
            upper: bool,
            separator in prop::sample::select(vec![",", ";", "\t", " , "]),
            number in 0..3_usize,
        ) {
            let numbered: Vec<String> = names.iter().map(|name| format!("{name}{}", ["", "2", "_v1"][number])).collect();
            let line = numbered.join(separator);
            let line = if upper { line.to_uppercase() } else { line };
            prop_assert!(!matches!(columns(&line), Ok(None)), "{}", line);
        }
    }
}
