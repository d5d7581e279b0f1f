//! Lines of files of ratings, each by itself.

use std::borrow::Cow;

use matinee_model::columns::{MOVIE, USER};
use memchr::memchr;

use super::form::{Content, Form};
use super::quotes;

/// How to read the lines of files with the same header.
pub(crate) struct LineForm {
    header: Vec<String>,
    user: usize,
    movie: usize,
}

/// A quoted field that does not end on its line.
#[derive(Debug)]
pub(crate) struct OpenQuote;

impl LineForm {
    /// The form of files with this header, or what is wrong with it.
    pub(crate) fn of(header: &str) -> Result<Self, String> {
        match Form::of("the ratings", header.as_bytes(), Content::Ratings) {
            Ok(Form::Csv(form)) => {
                let header = form.into_names();
                let [user, movie] = [USER, MOVIE].map(|column| column.find(&header).unwrap_or_default());
                Ok(Self { header, user, movie })
            }
            Ok(Form::MovieLens(_)) => Err(format!(
                "the first line is `{header}`, which is a rating and not a header; write the header {} before it",
                Content::Ratings.header()
            )),
            Err(fault) => Err(fault.detail),
        }
    }

    /// Whether a line is the header.
    pub(crate) fn is_header(&self, line: &[u8]) -> bool {
        quotes::fields(line) == self.header
    }

    /// Whether an id of a line has the character that stands for bytes that are not UTF-8.
    pub(crate) fn has_replaced_id(&self, line: &[u8]) -> bool {
        const FIRST: u8 = "\u{fffd}".as_bytes()[0];
        let is_replaced = |id: &String| id.contains(char::REPLACEMENT_CHARACTER);
        memchr(FIRST, line).is_some() && {
            let fields = quotes::fields(line);
            [self.user, self.movie].iter().any(|&column| fields.get(column).is_some_and(is_replaced))
        }
    }

    /// The id of the user of a line. `None` if there is none that could be read.
    pub(crate) fn user<'a>(&self, line: &'a [u8]) -> Result<Option<Cow<'a, str>>, OpenQuote> {
        if memchr(b'"', line).is_none() {
            let field = line.split(|&byte| byte == b',').nth(self.user);
            return Ok(field.and_then(|field| str::from_utf8(field).ok()).map(|id| id.trim().into()));
        }
        if quotes::is_open(line) {
            return Err(OpenQuote);
        }
        Ok(quotes::fields(line).into_iter().nth(self.user).map(Cow::Owned))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_found_wherever_their_column_is() {
        let form = LineForm::of("rating,\"a, b\",User_ID,movieId").unwrap();
        assert!(form.is_header(b"rating,\"a, b\", User_ID,movieId"));
        assert!(!form.is_header(b"rating,User_ID,\"a, b\",movieId") && !form.is_header(b"4,1,2,3"));
        let user = |line: &'static str| form.user(line.as_bytes()).unwrap();
        assert_eq!(user("4,a,\u{a0}9 ,1").unwrap(), "9");
        assert_eq!(user("4,a,\"zoë, \"\"9\"\"\",1").unwrap(), "zoë, \"9\"");
        assert!(user("4,a").is_none() && form.user(b"4,a,\xff,1").unwrap().is_none());
        assert!(form.user(b"4,a,\"9").is_err() && form.user(b"4,a,\"9\"\"\",1").is_ok());
    }

    #[test]
    fn only_ids_matter_of_what_is_not_utf_8() {
        let form = LineForm::of("userId,movieId,rating,comment").unwrap();
        let has = |line: &str| form.has_replaced_id(line.as_bytes());
        assert!(has("caf\u{fffd},2,3,x") && has("1,\"\u{fffd}\",3,x"));
        assert!(!has("caf\u{ff0c},2,3,x") && !has("1,2,3,\u{fffd}"));
    }

    #[test]
    fn a_header_without_users_or_none_at_all_is_refused() {
        let refusal = |header| LineForm::of(header).err().unwrap();
        assert!(refusal("person,movieId,rating").contains("no column `userId`"));
        assert!(refusal("196\t242\t3\t881250949").contains("there seems to be no header"));
        assert!(refusal("1::1193::5::978300760").contains("not a header"));
    }
}
