//! What stands behind the question mark. Parameters that a route does not know are passed over, empty ones count
//! as missing.

use std::collections::BTreeMap;
use std::str::FromStr;

use axum::extract::Query;
use axum::http::Uri;
use matinee_model::{Filter, MovieId};

use super::{InvalidRequest, MAX_ID_BYTES};

/// The most movies that are answered at once.
pub const MAX_LIMIT: usize = 100;

/// The longest text to search for, in bytes.
pub const MAX_QUERY_BYTES: usize = 200;

/// The longest query string that is read, in bytes as they are sent.
pub const MAX_QUERY_STRING_BYTES: usize = 8_192;

/// The longest cursor: the score, and the movie's id.
const MAX_CURSOR_BYTES: usize = SCORE_DIGITS + MAX_ID_BYTES;

/// The hexadecimal digits of a score's bits.
const SCORE_DIGITS: usize = 8;

/// The parameters of a request, by name; of a name that is there twice the last counts.
#[derive(Debug, Default)]
pub struct Parameters(BTreeMap<String, String>);

/// Where the next page of a ranking begins: behind this movie with this score.
#[derive(Debug, Clone, PartialEq)]
pub struct Cursor {
    /// The score of the last movie of the page before.
    pub score: f32,
    /// That movie.
    pub movie: MovieId,
}

/// The parameters of a route that recommends.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// How many movies to recommend.
    pub limit: usize,
    /// Which.
    pub filter: Filter,
    /// Where to begin.
    pub after: Option<Cursor>,
}

impl Parameters {
    /// The parameters of `uri`.
    pub fn of(uri: &Uri) -> Result<Self, InvalidRequest> {
        if uri.query().is_some_and(|query| query.len() > MAX_QUERY_STRING_BYTES) {
            return Err(InvalidRequest::LongQuery);
        }
        let Query(parameters) = Query::try_from_uri(uri).map_err(|_| InvalidRequest::Query)?;
        Ok(Self(parameters))
    }

    /// A parameter that is there.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// `limit`, from 1 to [`MAX_LIMIT`].
    pub fn limit(&self, default: usize) -> Result<usize, InvalidRequest> {
        match self.parse("limit", "a whole number from 1 to 100")? {
            None => Ok(default),
            Some(limit) if (1..=MAX_LIMIT).contains(&limit) => Ok(limit),
            Some(_) => Err(self.refuse("limit", "a whole number from 1 to 100")),
        }
    }

    /// The text to search for.
    pub fn query(&self) -> Result<&str, InvalidRequest> {
        let query = self.text("query").ok_or(InvalidRequest::MissingParameter("query"))?;
        if query.len() > MAX_QUERY_BYTES {
            return Err(InvalidRequest::Parameter {
                name: "query",
                expected: "at most 200 bytes long",
                found: format!("{} bytes", query.len()),
            });
        }
        Ok(query)
    }

    /// The parameters of a route that recommends.
    pub fn page(&self) -> Result<Page, InvalidRequest> {
        let year = "a year";
        let filter = Filter {
            genre: self.text("genre").map(str::to_owned),
            year_from: self.parse("yearFrom", year)?,
            year_to: self.parse("yearTo", year)?,
            include_rated: self.parse("includeRated", "true or false")?.unwrap_or(false),
        };
        let after = self.parse("cursor", "the next_cursor of an answer, of at most 264 bytes")?;
        Ok(Page { limit: self.limit(20)?, filter, after })
    }

    fn parse<T: FromStr>(
        &self,
        name: &'static str,
        expected: &'static str,
    ) -> Result<Option<T>, InvalidRequest> {
        self.text(name).map(|text| text.parse().map_err(|_| self.refuse(name, expected))).transpose()
    }

    fn refuse(&self, name: &'static str, expected: &'static str) -> InvalidRequest {
        let found: String = self.text(name).unwrap_or_default().chars().take(50).collect();
        InvalidRequest::Parameter { name, expected, found: format!("`{found}`") }
    }
}

impl FromStr for Cursor {
    type Err = ();

    /// The hexadecimal digits of the score's bits, and the movie's id.
    fn from_str(text: &str) -> Result<Self, ()> {
        let (bits, movie) = text.split_at_checked(SCORE_DIGITS).ok_or(())?;
        let score = u32::from_str_radix(bits, 16).map(f32::from_bits).map_err(|_| ())?;
        if movie.is_empty() || text.len() > MAX_CURSOR_BYTES || score.is_nan() {
            Err(())
        } else {
            Ok(Self { score, movie: movie.into() })
        }
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:08x}{}", self.score.to_bits(), self.movie)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parameters(query: &str) -> Parameters {
        Parameters::of(&format!("/movies?{query}").parse().unwrap()).unwrap()
    }

    #[test]
    fn parameters_have_defaults_and_bounds() {
        let page =
            parameters("genre=Film-Noir&yearFrom=1940&yearTo=&includeRated=true&other=x").page().unwrap();
        let filter = Filter {
            genre: Some("Film-Noir".to_owned()),
            year_from: Some(1940),
            year_to: None,
            include_rated: true,
        };
        assert_eq!(page, Page { limit: 20, filter, after: None });
        assert_eq!(parameters("limit=100").limit(7), Ok(100));
        assert_eq!(parameters("").limit(7), Ok(7));
        assert_eq!(parameters("query=fight%20club").query(), Ok("fight club"));
        for refused in
            ["limit=0", "limit=101", "limit=x", "yearFrom=-1", "yearTo=99999", "includeRated=1", "cursor=1"]
        {
            let error = parameters(refused).page().unwrap_err().to_string();
            assert!(error.contains(refused.split('=').next().unwrap()), "{error}");
        }
        assert!(parameters("query=").query().is_err());
    }

    #[test]
    fn limits_are_named() {
        let refusal = |query: &str| {
            let uri = format!("/movies?{query}").parse().unwrap();
            let refused =
                Parameters::of(&uri).and_then(|parameters| parameters.query().map(|_| parameters.page()));
            refused.and_then(|page| page).unwrap_err().to_string()
        };
        let long = |name: &str, length: usize| format!("{name}={}", "0".repeat(length));
        for (query, named) in [
            (long("query", MAX_QUERY_BYTES + 1), MAX_QUERY_BYTES),
            (format!("query=x&limit={}", MAX_LIMIT + 1), MAX_LIMIT),
            (format!("query=x&{}", long("cursor", MAX_CURSOR_BYTES + 1)), MAX_CURSOR_BYTES),
            (long("query", MAX_QUERY_STRING_BYTES), MAX_QUERY_STRING_BYTES),
        ] {
            let refusal = refusal(&query);
            assert!(refusal.contains(&named.to_string()), "{refusal}");
        }
        assert_eq!(parameters(&long("query", MAX_QUERY_BYTES)).query().unwrap().len(), MAX_QUERY_BYTES);
        let cursor = long("cursor", MAX_CURSOR_BYTES);
        assert!(parameters(&cursor).page().unwrap().after.is_some());
    }

    proptest! {
        #[test]
        fn a_cursor_reads_back(score in -1e3_f32..1e3, movie in "[ -~]{1,20}") {
            let cursor = Cursor { score, movie: movie.into() };
            prop_assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }

        #[test]
        fn any_cursor_is_read_or_refused(text in prop_oneof![".{0,20}", "[0-9a-f]{8}.{0,20}"]) {
            if let Ok(cursor) = text.parse::<Cursor>() {
                prop_assert_eq!(cursor.to_string().parse(), Ok(cursor));
            }
        }

        #[test]
        fn any_query_string_is_read_or_refused(
            query in "[!$-;=?-Z_a-z~]{0,40}",
            name in prop::sample::select(vec!["limit", "yearFrom", "cursor", "includeRated", "genre", "query"]),
        ) {
            let Ok(uri) = format!("/movies?{name}={query}").parse() else { return Ok(()) };
            let Ok(parameters) = Parameters::of(&uri) else { return Ok(()) };
            if let Ok(page) = parameters.page() {
                prop_assert!((1..=MAX_LIMIT).contains(&page.limit));
            }
            if let Ok(query) = parameters.query() {
                prop_assert!((1..=MAX_QUERY_BYTES).contains(&query.len()));
            }
        }
    }
}
