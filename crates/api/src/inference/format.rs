//! In which format records come and answers go.

use crate::error::ApiError;

/// A format of records and answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON object, or a list of them.
    Json,
    /// A JSON object a line.
    JsonLines,
    /// A CSV record a line.
    Csv,
}

impl Format {
    /// The formats, for messages.
    pub const ALL: &'static str = "application/json, application/jsonlines or text/csv";

    const EACH: [Self; 3] = [Self::Json, Self::JsonLines, Self::Csv];

    /// The media type that answers are labelled with.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::JsonLines => "application/jsonlines",
            Self::Csv => "text/csv",
        }
    }

    /// The format of a body with this Content-Type; JSON where there is none.
    pub(super) fn of_content(content_type: Option<&str>) -> Result<Self, ApiError> {
        let Some(text) = content_type else { return Ok(Self::Json) };
        Self::of_media_type(media_type(text)).ok_or_else(|| ApiError::UnsupportedMediaType(text.to_owned()))
    }

    /// The format that an Accept header prefers: the one of the request, where it takes any.
    pub(super) fn accepted(accept: Option<&str>, input: Self) -> Result<Self, ApiError> {
        let Some(text) = accept.filter(|text| !text.trim().is_empty()) else { return Ok(input) };
        let mut ranges: Vec<(&str, f32)> =
            text.split(',').map(|range| (media_type(range), quality(range))).collect();
        ranges.retain(|&(_, quality)| quality > 0.0);
        // Stable: of equal qualities the first is preferred.
        ranges.sort_by(|a, b| b.1.total_cmp(&a.1));
        let format = ranges.iter().find_map(|&(range, _)| match range {
            "*/*" => Some(input),
            "application/*" | "text/*" => {
                let inputs_first = std::iter::once(input).chain(Self::EACH);
                inputs_first
                    .into_iter()
                    .find(|format| format.content_type().starts_with(range.trim_end_matches('*')))
            }
            _ => Self::of_media_type(range),
        });
        format.ok_or_else(|| ApiError::NotAcceptable(text.to_owned()))
    }

    fn of_media_type(media_type: &str) -> Option<Self> {
        let is = |name: &str| media_type.eq_ignore_ascii_case(name);
        if is("application/json") {
            Some(Self::Json)
        } else if is("application/jsonlines") || is("application/x-jsonlines") || is("application/jsonl") {
            Some(Self::JsonLines)
        } else if is("text/csv") {
            Some(Self::Csv)
        } else {
            None
        }
    }
}

/// `text/csv` of `text/csv; charset=utf-8`.
fn media_type(text: &str) -> &str {
    text.split(';').next().unwrap_or_default().trim()
}

/// The `q` of a media range; 1 where there is none that can be read.
fn quality(range: &str) -> f32 {
    let parameters = range.split(';').skip(1).filter_map(|parameter| parameter.split_once('='));
    let quality =
        parameters.filter(|(name, _)| name.trim().eq_ignore_ascii_case("q")).map(|(_, value)| value);
    quality.last().and_then(|value| value.trim().parse().ok()).unwrap_or(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Format::{Csv, Json, JsonLines};
    use proptest::prelude::*;

    #[test]
    fn content_types_are_read_without_case_and_parameters() {
        for (text, format) in [
            (None, Json),
            (Some("application/json"), Json),
            (Some("Application/JSON; charset=utf-8"), Json),
            (Some("application/jsonlines"), JsonLines),
            (Some("application/x-jsonlines"), JsonLines),
            (Some("text/csv;charset=utf-8"), Csv),
        ] {
            assert_eq!(Format::of_content(text), Ok(format), "{text:?}");
        }
        assert!(Format::of_content(Some("application/x-npy")).is_err());
        assert!(Format::of_content(Some("")).is_err());
    }

    #[test]
    fn accept_is_honoured_by_quality() {
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
        ] {
            assert_eq!(Format::accepted(accept, Csv), Ok(format), "{accept:?}");
        }
        assert_eq!(Format::accepted(Some("application/*"), JsonLines), Ok(JsonLines));
        for accept in ["image/png", "text/csv;q=0", "?"] {
            assert!(Format::accepted(Some(accept), Json).is_err(), "{accept}");
        }
    }

    proptest! {
        #[test]
        fn any_header_chooses_a_format_or_is_refused(text in prop_oneof![".{0,40}", "[a-z/*;,=q0-9. ]{0,40}"]) {
            for format in Format::EACH {
                if Format::of_content(Some(&text)) == Ok(format) {
                    prop_assert!(text.to_ascii_lowercase().contains(['j', 'c']), "{text}");
                }
                if let Err(error) = Format::accepted(Some(&text), format) {
                    prop_assert_eq!(error.code(), "not_acceptable");
                }
            }
        }

        #[test]
        fn what_is_written_is_accepted(quality in 0.001_f32..1.0, other in "[a-z]{1,8}/[a-z]{1,8}") {
            for format in Format::EACH {
                let accept = format!("{other}, {};q={quality}", format.content_type());
                prop_assert_eq!(Format::accepted(Some(&accept), Json), Ok(format));
            }
        }
    }
}
