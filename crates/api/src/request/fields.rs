//! Fields of a JSON object, under any spelling of their names.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::{InvalidRequest, MAX_ID_BYTES};

/// Whether `given` is a spelling of the documented `name`. Case, `_`, `-` and spaces are ignored: `user_id`, `UserId`
/// and `user-id` are spellings of `userId`.
pub fn is_spelling(given: &str, name: &str) -> bool {
    given == name || letters(given).eq(letters(name))
}

fn letters(name: &str) -> impl Iterator<Item = u8> {
    let letters = name.bytes().filter(|byte| !matches!(byte, b'_' | b'-' | b' '));
    letters.map(|byte| byte.to_ascii_lowercase())
}

/// The field with this name, under any spelling. Two spellings with different values are an error.
pub(super) fn field<'f>(
    fields: &'f Map<String, Value>,
    name: &'static str,
) -> Result<Option<&'f Value>, InvalidRequest> {
    let mut found = fields.iter().filter(|(given, _)| is_spelling(given, name)).map(|(_, value)| value);
    let first = found.next();
    if found.any(|other| Some(other) != first) { Err(InvalidRequest::Twice(name)) } else { Ok(first) }
}

/// The id in the field with this name.
pub(super) fn id(fields: &Map<String, Value>, name: &'static str) -> Result<String, InvalidRequest> {
    let value = field(fields, name)?.ok_or(InvalidRequest::Missing(name))?;
    id_of(value, name).map(Cow::into_owned)
}

/// An id, which may be a string or a whole number.
pub(super) fn id_of<'v>(value: &'v Value, name: &'static str) -> Result<Cow<'v, str>, InvalidRequest> {
    match value {
        Value::String(id) => checked_id(id, name).map(Cow::Borrowed),
        Value::Number(id) if !id.is_f64() => Ok(Cow::Owned(id.to_string())),
        other => Err(InvalidRequest::WrongType { field: name, found: kind(other) }),
    }
}

/// The id without surrounding white space.
pub(super) fn checked_id<'i>(id: &'i str, name: &'static str) -> Result<&'i str, InvalidRequest> {
    let id = id.trim();
    match id.len() {
        0 => Err(InvalidRequest::EmptyId(name)),
        length if length > MAX_ID_BYTES => Err(InvalidRequest::LongId(name)),
        _ => Ok(id),
    }
}

/// The list in a field. It may have at most `limit` entries.
pub(super) fn list<'v>(
    value: &'v Value,
    name: &'static str,
    limit: usize,
) -> Result<&'v [Value], InvalidRequest> {
    let list = value.as_array().ok_or(InvalidRequest::NotAList { field: name, found: kind(value) })?;
    if list.len() > limit { Err(InvalidRequest::TooMany { field: name, limit }) } else { Ok(list) }
}

/// Each entry of a list, read with `read`. An error says which entry is wrong.
pub(super) fn entries<T>(
    list: &[Value],
    name: &'static str,
    read: impl Fn(&Value) -> Result<T, InvalidRequest>,
) -> Result<Vec<T>, InvalidRequest> {
    let entry = |(index, entry)| {
        read(entry).map_err(|error| InvalidRequest::Entry { field: name, index, error: Box::new(error) })
    };
    list.iter().enumerate().map(entry).collect()
}

/// 2^63. A larger JSON number may have lost digits.
const INEXACT: f64 = 9_223_372_036_854_775_808.0;

/// The kind of a value, for messages.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(number) => match number.as_f64() {
            Some(number) if number.abs() >= INEXACT => "a number too large to be exact; send it as a string",
            Some(number) if number.fract() == 0.0 => "a number with a decimal point",
            _ => "a fraction",
        },
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn spellings_differ_in_case_and_separators() {
        for given in ["userId", "user_id", "UserId", "USER-ID", "user id", "userid"] {
            assert!(is_spelling(given, "userId"), "{given}");
        }
        for given in ["user", "users_id", "uid", "", "movieId", "userId2"] {
            assert!(!is_spelling(given, "userId"), "{given}");
        }
    }

    #[test]
    fn two_spellings_of_a_field_must_have_the_same_value() {
        let fields = |json: Value| json.as_object().unwrap().clone();
        let same = fields(json!({"user_id": "2", "userId": "2", "other": 1}));
        assert_eq!(id(&same, "userId"), Ok("2".to_owned()));
        let different = fields(json!({"user_id": "2", "userId": "3"}));
        assert_eq!(id(&different, "userId"), Err(InvalidRequest::Twice("userId")));
        assert_eq!(id(&fields(json!({"user": "2"})), "userId"), Err(InvalidRequest::Missing("userId")));
    }

    #[test]
    fn the_error_says_what_is_wrong_with_a_number() {
        for (number, found) in [
            ("2.5", "a fraction"),
            ("21.0", "a number with a decimal point"),
            ("18446744073709551616", "a number too large to be exact; send it as a string"),
        ] {
            let value: Value = serde_json::from_str(number).unwrap();
            assert_eq!(
                id_of(&value, "userId"),
                Err(InvalidRequest::WrongType { field: "userId", found }),
                "{number}"
            );
        }
        assert_eq!(id_of(&json!(u64::MAX), "userId").unwrap(), u64::MAX.to_string());
    }

    proptest! {
        #[test]
        fn separators_and_case_make_no_difference(
            letters in prop::collection::vec((prop::sample::select(vec!['m','o','v','i','e']), any::<bool>(), "[_ -]{0,2}"), 1..8),
        ) {
            let name: String = letters.iter().map(|(letter, ..)| *letter).collect();
            let mut given = String::new();
            for (letter, is_large, between) in &letters {
                given.push(if *is_large { letter.to_ascii_uppercase() } else { *letter });
                given.push_str(between);
            }
            prop_assert!(is_spelling(&given, &name));
        }
    }
}
