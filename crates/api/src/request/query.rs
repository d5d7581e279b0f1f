//! The query string. A route that reads ignores parameters that it does not know, and an empty parameter counts as missing.
//! A route that writes refuses both.

use std::str::FromStr;

use axum::extract::Query;
use axum::http::Uri;
use utoipa::ToSchema;

use super::cursor::MAX_CURSOR_BYTES;
use super::{Cursor, InvalidRequest, MAX_QUERY_STRING_BYTES, Offset, RatingsCursor, is_spelling};

/// The largest number of movies in one answer.
pub const MAX_LIMIT: usize = 100;

/// The largest number of ids in one request.
pub const MAX_IDS: usize = 100;

/// The longest text to search for, in bytes.
pub const MAX_QUERY_BYTES: usize = 200;

/// What the parameter `cursor` must be.
const CURSOR: &str = "the next_cursor of an answer, of at most 285 bytes";

/// The parameters of a request, in their order. Their names may have any spelling.
#[derive(Debug, Default)]
pub struct Parameters(Vec<(String, String)>);

/// Which movies the caller wants. Genres and ids are kept as they were sent: whether a comma separates two names
/// depends on the names in the catalogue.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Each value of `genre`.
    pub genres: Vec<String>,
    /// Each value of `exclude`.
    pub exclude: Vec<String>,
    /// `yearFrom`.
    pub year_from: Option<u16>,
    /// `yearTo`.
    pub year_to: Option<u16>,
    /// `includeRated`.
    pub include_rated: bool,
}

/// The parameters of a route that recommends.
#[derive(Debug, Clone, PartialEq)]
pub struct RecommendationsPage {
    /// How many movies to recommend.
    pub limit: usize,
    /// Which movies.
    pub selection: Selection,
    /// The lowest predicted rating; the person's usual floor if missing.
    pub min_rating: Option<f32>,
    /// Whether to prefer movies that are unlike each other.
    pub is_varied: bool,
    /// Where to begin.
    pub after: Option<Cursor>,
}

/// The parameters of a route that lists movies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoviesPage {
    /// How many movies to list.
    pub limit: usize,
    /// Which movies.
    pub selection: Selection,
    /// Where to begin.
    pub after: Option<Offset>,
}

/// The parameters of `GET /users/{userId}/ratings`.
#[derive(Debug, Clone, PartialEq)]
pub struct RatingsPage {
    /// Which ratings come first, if the caller chooses.
    pub order: Option<RatingsOrder>,
    /// How many ratings to list.
    pub limit: usize,
    /// Of which movies.
    pub selection: Selection,
    /// Where to begin.
    pub after: Option<RatingsCursor>,
}

/// Which ratings of a user come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ToSchema)]
#[schema(rename_all = "lowercase")]
pub enum RatingsOrder {
    /// Those that were given last.
    Newest,
    /// The highest.
    Highest,
}

/// The parameters of `GET /movies`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MovieSearch {
    /// The text to search for.
    pub query: Option<String>,
    /// Each value of `ids`, as it was sent.
    pub ids: Vec<String>,
    /// Which movies to list if no ids are given.
    pub page: MoviesPage,
}

/// What a route reads from its query string.
pub trait FromParameters: Sized {
    /// Reads the parameters.
    fn from_parameters(parameters: &Parameters) -> Result<Self, InvalidRequest>;
}

impl FromParameters for RecommendationsPage {
    fn from_parameters(parameters: &Parameters) -> Result<Self, InvalidRequest> {
        let min_rating: Option<f32> = parameters.parse("minRating", "a rating")?;
        if min_rating.is_some_and(|rating| !rating.is_finite()) {
            return Err(parameters.refuse("minRating", "a rating"));
        }
        let is_varied = parameters.parse("varied", "true or false")?.unwrap_or(false);
        let after = parameters.parse("cursor", CURSOR)?;
        if is_varied && after.is_some() {
            return Err(InvalidRequest::Exclusive { name: "varied", other: "cursor" });
        }
        let (limit, selection) = (parameters.limit(20)?, parameters.selection()?);
        Ok(Self { limit, selection, min_rating, is_varied, after })
    }
}

impl FromParameters for MoviesPage {
    fn from_parameters(parameters: &Parameters) -> Result<Self, InvalidRequest> {
        let after = parameters.parse("cursor", CURSOR)?;
        Ok(Self { limit: parameters.limit(10)?, selection: parameters.selection()?, after })
    }
}

impl FromParameters for RatingsPage {
    fn from_parameters(parameters: &Parameters) -> Result<Self, InvalidRequest> {
        let order = parameters.parse("order", "newest or highest")?;
        let after = parameters.parse("cursor", CURSOR)?;
        Ok(Self { order, limit: parameters.limit(10)?, selection: parameters.selection()?, after })
    }
}

impl FromStr for RatingsOrder {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "newest" => Ok(Self::Newest),
            "highest" => Ok(Self::Highest),
            _ => Err(()),
        }
    }
}

impl FromParameters for MovieSearch {
    fn from_parameters(parameters: &Parameters) -> Result<Self, InvalidRequest> {
        let query = parameters.query()?.map(str::to_owned);
        Ok(Self { query, ids: parameters.ids()?, page: MoviesPage::from_parameters(parameters)? })
    }
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

    /// Refuses parameters that are not `known`, and those that occur twice: whoever sends them expects an effect.
    pub(super) fn refuse_others(&self, known: &[&'static str]) -> Result<(), InvalidRequest> {
        for (given, _) in &self.0 {
            let name = known.iter().copied().find(|name| is_spelling(given, name));
            let name = name.ok_or_else(|| InvalidRequest::UnknownParameter {
                given: given.chars().take(50).collect(),
                known: known.join("`, `"),
            })?;
            if self.0.iter().filter(|(other, _)| is_spelling(other, name)).count() > 1 {
                return Err(InvalidRequest::RepeatedParameter(name));
            }
        }
        Ok(())
    }

    /// Whether a parameter is there without a value.
    pub(super) fn is_empty(&self, name: &str) -> bool {
        self.0.iter().any(|(given, value)| is_spelling(given, name) && value.trim().is_empty())
    }

    /// The value of a parameter. If it occurs several times, the last value counts.
    fn text(&self, name: &str) -> Option<&str> {
        self.values(name).last()
    }

    /// Each value of a parameter that may occur several times.
    fn values(&self, name: &str) -> impl DoubleEndedIterator<Item = &str> {
        let values = self.0.iter().filter(move |(given, _)| is_spelling(given, name));
        values.map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
    }

    fn list(&self, name: &str) -> Vec<String> {
        self.values(name).map(str::to_owned).collect()
    }

    /// `limit`, from 1 to [`MAX_LIMIT`].
    fn limit(&self, default: usize) -> Result<usize, InvalidRequest> {
        match self.parse("limit", "a whole number from 1 to 100")? {
            None => Ok(default),
            Some(limit) if (1..=MAX_LIMIT).contains(&limit) => Ok(limit),
            Some(_) => Err(self.refuse("limit", "a whole number from 1 to 100")),
        }
    }

    /// The text to search for.
    fn query(&self) -> Result<Option<&str>, InvalidRequest> {
        match self.text("query") {
            Some(query) if query.len() > MAX_QUERY_BYTES => Err(InvalidRequest::Parameter {
                name: "query",
                expected: "at most 200 bytes long",
                found: format!("{} bytes", query.len()),
            }),
            query => Ok(query),
        }
    }

    /// Each value of `ids`. It cannot be combined with another parameter.
    fn ids(&self) -> Result<Vec<String>, InvalidRequest> {
        let ids = self.list("ids");
        let others = ["query", "genre", "yearFrom", "yearTo", "exclude", "limit", "cursor"];
        match others.into_iter().find(|other| !ids.is_empty() && self.text(other).is_some()) {
            Some(other) => Err(InvalidRequest::Exclusive { name: "ids", other }),
            None => Ok(ids),
        }
    }

    fn selection(&self) -> Result<Selection, InvalidRequest> {
        let year = "a year";
        Ok(Selection {
            genres: self.list("genre"),
            exclude: self.list("exclude"),
            year_from: self.parse("yearFrom", year)?,
            year_to: self.parse("yearTo", year)?,
            include_rated: self.parse("includeRated", "true or false")?.unwrap_or(false),
        })
    }

    pub(super) fn parse<T: FromStr>(
        &self,
        name: &'static str,
        expected: &'static str,
    ) -> Result<Option<T>, InvalidRequest> {
        self.text(name).map(|text| text.parse().map_err(|_| self.refuse(name, expected))).transpose()
    }

    pub(super) fn refuse(&self, name: &'static str, expected: &'static str) -> InvalidRequest {
        let found: String = self.text(name).unwrap_or_default().chars().take(50).collect();
        InvalidRequest::Parameter { name, expected, found: format!("`{found}`") }
    }
}

/// The names in the values of a list parameter. A value may contain several names, separated by commas. A value that
/// is a known name is not split, because a name may contain a comma.
pub(crate) fn split_list(values: &[String], is_known: impl Fn(&str) -> bool) -> Vec<&str> {
    let mut names = Vec::new();
    for value in values {
        if value.contains(',') && !is_known(value) {
            names.extend(value.split(',').map(str::trim).filter(|name| !name.is_empty()));
        } else {
            names.push(value);
        }
    }
    names
}

const _: () = assert!(MAX_CURSOR_BYTES == 285, "the error message contains this number");

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parameters(query: &str) -> Parameters {
        Parameters::of(&format!("/movies?{query}").parse().unwrap()).unwrap()
    }

    #[test]
    fn parameters_have_defaults_and_bounds() {
        let given = "genre=Film-Noir&genre=War&yearFrom=1940&yearTo=&includeRated=true&exclude=1,2&other=x";
        let selection = Selection {
            genres: vec!["Film-Noir".to_owned(), "War".to_owned()],
            exclude: vec!["1,2".to_owned()],
            year_from: Some(1940),
            year_to: None,
            include_rated: true,
        };
        let page = RecommendationsPage::from_parameters(&parameters(given)).unwrap();
        let (min_rating, is_varied, after) = (None, false, None);
        let expected =
            RecommendationsPage { limit: 20, selection: selection.clone(), min_rating, is_varied, after };
        assert_eq!(page, expected);
        for refused in
            ["minRating=x", "minRating=nan", "varied=1", "varied=true&cursor=9b23dbc1c26bc2ab3e420000260"]
        {
            let error = RecommendationsPage::from_parameters(&parameters(refused)).unwrap_err().to_string();
            assert!(error.contains(refused.split('=').next().unwrap()), "{error}");
        }
        assert_eq!(
            MoviesPage::from_parameters(&parameters(given)),
            Ok(MoviesPage { limit: 10, selection, after: None })
        );
        assert_eq!(parameters("limit=100").limit(7), Ok(100));
        assert_eq!(parameters("").limit(7), Ok(7));
        assert_eq!(parameters("query=fight%20club").query(), Ok(Some("fight club")));
        assert_eq!(parameters("query=").query(), Ok(None));
        for refused in
            ["limit=0", "limit=101", "limit=x", "yearFrom=-1", "yearTo=99999", "includeRated=1", "cursor=1"]
        {
            let name = refused.split('=').next().unwrap();
            let error = RecommendationsPage::from_parameters(&parameters(refused)).unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
            assert!(
                MoviesPage::from_parameters(&parameters(refused)).unwrap_err().to_string().contains(name)
            );
        }
    }

    #[test]
    fn names_are_read_in_any_spelling() {
        for query in ["year_from=1940&include_rated=true", "YearFrom=1940&include-rated=true"] {
            let Selection { year_from, include_rated, .. } = parameters(query).selection().unwrap();
            assert_eq!((year_from, include_rated), (Some(1940), true), "{query}");
        }
    }

    #[test]
    fn ids_cannot_be_combined_with_other_parameters() {
        assert_eq!(parameters("ids=1&ids=2,3").ids(), Ok(vec!["1".to_owned(), "2,3".to_owned()]));
        assert_eq!(parameters("query=x").ids(), Ok(vec![]));
        for other in ["query=x", "genre=War", "limit=3", "cursor=x", "exclude=4", "yearTo=2000"] {
            let error = parameters(&format!("ids=1&{other}")).ids().unwrap_err().to_string();
            assert!(error.contains("`ids`") && error.contains(other.split('=').next().unwrap()), "{error}");
        }
    }

    #[test]
    fn a_list_is_split_at_its_commas_but_a_known_name_is_not() {
        let values = ["1, 2,,3", "4", "a,b"].map(str::to_owned);
        assert_eq!(split_list(&values, |_| false), ["1", "2", "3", "4", "a", "b"]);
        assert_eq!(split_list(&values, |name| name == "a,b"), ["1", "2", "3", "4", "a,b"]);
    }

    #[test]
    fn errors_name_the_limit() {
        let refusal = |query: &str| {
            let uri = format!("/movies?{query}").parse().unwrap();
            let refused =
                Parameters::of(&uri).and_then(|parameters| MovieSearch::from_parameters(&parameters));
            refused.unwrap_err().to_string()
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
        let query = long("query", MAX_QUERY_BYTES);
        assert_eq!(parameters(&query).query().unwrap().unwrap().len(), MAX_QUERY_BYTES);
        let cursor = long("cursor", MAX_CURSOR_BYTES);
        assert!(RecommendationsPage::from_parameters(&parameters(&cursor)).unwrap().after.is_some());
    }

    proptest! {
        #[test]
        fn any_query_string_is_read_or_refused(
            query in "[!$-;=?-Z_a-z~]{0,40}",
            name in prop::sample::select(vec!["limit", "yearFrom", "cursor", "includeRated", "genre", "query", "ids"]),
        ) {
            let Ok(uri) = format!("/movies?{name}={query}").parse() else { return Ok(()) };
            let Ok(parameters) = Parameters::of(&uri) else { return Ok(()) };
            if let Ok(page) = RecommendationsPage::from_parameters(&parameters) {
                prop_assert!((1..=MAX_LIMIT).contains(&page.limit));
            }
            if let Ok(page) = MoviesPage::from_parameters(&parameters) {
                prop_assert!((1..=MAX_LIMIT).contains(&page.limit));
            }
            if let Ok(Some(query)) = parameters.query() {
                prop_assert!((1..=MAX_QUERY_BYTES).contains(&query.len()));
            }
        }
    }
}
