//! The formats of records and answers.

use mime::Mime;

use crate::error::ApiError;

/// A format of records and answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON object, or a list of them.
    Json,
    /// A JSON object on each line.
    JsonLines,
    /// A CSV record on each line.
    Csv,
}

/// The supported media types, for messages.
const SUPPORTED: &str = "application/json, application/jsonlines or text/csv";

impl Format {
    const ALL: [Self; 3] = [Self::Json, Self::JsonLines, Self::Csv];

    /// The media type of answers in this format.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::JsonLines => "application/jsonlines",
            Self::Csv => "text/csv",
        }
    }

    /// The format of a body with this Content-Type; JSON if there is none.
    pub(super) fn of_content(content_type: Option<&str>) -> Result<Self, ApiError> {
        let Some(text) = content_type else { return Ok(Self::Json) };
        let format = media_type(text).and_then(|media_type| Self::of_media_type(&media_type));
        format.ok_or_else(|| ApiError::UnsupportedMediaType { found: text.to_owned(), supported: SUPPORTED })
    }

    /// The format that an Accept header prefers. If it accepts several equally, the format of the request comes first.
    pub(super) fn accepted(accept: Option<&str>, input: Self) -> Result<Self, ApiError> {
        let Some(text) = accept.filter(|text| !text.trim().is_empty()) else { return Ok(input) };
        let ranges = text.split(',').filter_map(media_type);
        let mut ranges: Vec<(f32, Mime)> = ranges.map(|range| (quality(&range), range)).collect();
        ranges.retain(|&(quality, _)| quality > 0.0);
        // The sort is stable, so among equal qualities the first range is preferred.
        ranges.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        let format = ranges.iter().find_map(|(_, range)| Self::in_range(range, input));
        format.ok_or_else(|| ApiError::NotAcceptable { found: text.to_owned(), supported: SUPPORTED })
    }

    /// A format in a range such as `text/*`; `preferred` if that is in the range.
    fn in_range(range: &Mime, preferred: Self) -> Option<Self> {
        match (range.type_(), range.subtype()) {
            (mime::STAR, mime::STAR) => Some(preferred),
            (kind, mime::STAR) => {
                let mut formats = std::iter::once(preferred).chain(Self::ALL);
                formats.find(|format| format.content_type().split('/').next() == Some(kind.as_str()))
            }
            _ => Self::of_media_type(range),
        }
    }

    fn of_media_type(media_type: &Mime) -> Option<Self> {
        match media_type.essence_str() {
            "application/json" => Some(Self::Json),
            "application/jsonlines" | "application/x-jsonlines" | "application/jsonl" => {
                Some(Self::JsonLines)
            }
            "text/csv" => Some(Self::Csv),
            _ => None,
        }
    }
}

/// A media type, or a range of them. HTTP allows white space around semicolons, but `Mime` does not.
fn media_type(text: &str) -> Option<Mime> {
    let parts: Vec<&str> = text.split(';').map(str::trim).collect();
    parts.join(";").parse().ok()
}

/// The `q` of a media range; 1 if there is no valid one.
fn quality(range: &Mime) -> f32 {
    range.get_param("q").and_then(|value| value.as_str().parse().ok()).unwrap_or(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Format::{Csv, Json, JsonLines};
    use proptest::prelude::*;

    #[test]
    fn content_types_are_read_without_regard_to_case_and_parameters() {
        for (text, format) in [
            (None, Json),
            (Some("application/json"), Json),
            (Some("Application/JSON; charset=utf-8"), Json),
            (Some("application/jsonlines"), JsonLines),
            (Some("application/x-jsonlines"), JsonLines),
            (Some("text/csv;charset=utf-8"), Csv),
            (Some("application/json;"), Json),
            (Some(" text/csv ; header=present "), Csv),
        ] {
            assert_eq!(Format::of_content(text), Ok(format), "{text:?}");
        }
        for text in ["application/x-npy", "", "json"] {
            assert_eq!(
                Format::of_content(Some(text)).unwrap_err().code(),
                "unsupported_media_type",
                "{text}"
            );
        }
    }

    #[test]
    fn the_accepted_type_with_the_highest_quality_is_chosen() {
        for (accept, format) in [
            (None, Csv),
            (Some("*/*"), Csv),
            (Some(""), Csv),
            (Some("application/json"), Json),
            (Some("application/jsonlines;verbose=true"), JsonLines),
            (Some("text/csv;q=0.5, application/json"), Json),
            (Some("application/x-npy, */*;q=0.1"), Csv),
            (Some("application/*"), Json),
            (Some("text/*"), Csv),
            (Some("text/csv;q=0, application/jsonlines"), JsonLines),
            (Some("text/csv; Q=0.1 , Application/JSON ; q=0.2"), Json),
        ] {
            assert_eq!(Format::accepted(accept, Csv), Ok(format), "{accept:?}");
        }
        assert_eq!(Format::accepted(Some("application/*"), JsonLines), Ok(JsonLines));
        for accept in ["image/png", "text/csv;q=0", "?"] {
            assert_eq!(
                Format::accepted(Some(accept), Json).unwrap_err().code(),
                "not_acceptable",
                "{accept}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_header_chooses_a_format_or_is_refused(text in prop_oneof![".{0,40}", "[a-z/*;,=q0-9. ]{0,40}"]) {
            for format in Format::ALL {
                let lower = text.to_ascii_lowercase();
                let is_named = |format: Format| lower.contains(if format == Csv { "text/csv" } else { "/json" })
                    || lower.contains("/x-json");
                if Format::of_content(Some(&text)) == Ok(format) {
                    prop_assert!(is_named(format), "{text}");
                }
                match Format::accepted(Some(&text), format) {
                    Ok(chosen) => prop_assert!(
                        is_named(chosen) || lower.contains("/*") || lower.trim().is_empty(),
                        "{text}"
                    ),
                    Err(error) => prop_assert_eq!(error.code(), "not_acceptable"),
                }
            }
        }

        #[test]
        fn every_format_can_be_accepted(quality in 0.001_f32..1.0, other in "[a-z]{1,8}/[a-z]{1,8}") {
            for format in Format::ALL {
                let accept = format!("{other}, {};q={quality}", format.content_type());
                prop_assert_eq!(Format::accepted(Some(&accept), Json), Ok(format));
            }
        }
    }
}
