//! Whether the API answers those whom it should, and nobody else.

use serde_json::Value;

use super::Examined;
use super::finding::{Finding, Problem};

/// Asks for a prediction without credentials.
pub async fn check(examined: &Examined<'_>) -> Finding {
    let Some(url) = examined.account.stack.api.as_deref() else {
        return Err(Problem::Fault("no API is named; give --api or set MATINEE_API".to_owned()));
    };
    let url = format!("{}/predict", url.trim_end_matches('/'));
    let asked = url.clone();
    let answer = tokio::task::spawn_blocking(move || {
        let request = ureq::post(&asked).config().http_status_as_error(false).build();
        let mut answer =
            request.content_type("application/json").send(r#"{"userId":"2","movieId":"2959"}"#)?;
        Ok::<_, ureq::Error>((answer.status().as_u16(), answer.body_mut().read_to_string()?))
    });
    let answer = answer.await.map_err(|error| Problem::NotChecked(error.to_string()))?;
    let (status, body) =
        answer.map_err(|error| Problem::Fault(format!("{url} does not answer: {error}; see `sam logs`")))?;
    judge(&url, status, &body, examined.parameter("Authorization"))
}

/// What an answer to a request without credentials means where `authorization` was asked for.
fn judge(url: &str, status: u16, body: &str, authorization: Option<&str>) -> Finding {
    let fault = |text: String| Err(Problem::Fault(text));
    match (authorization, status) {
        (Some(asked @ ("api-key" | "iam")), 401 | 403) => Ok(format!(
            "refuses whom it does not know, as Authorization={asked} asks; it was not asked with credentials"
        )),
        (Some(asked @ ("api-key" | "iam")), 200..=299) => fault(format!(
            "{url} answers anybody, though Authorization={asked}; the stage has an older deployment: \
             make one with `aws apigateway create-deployment`, or deploy the stack again"
        )),
        (Some("none"), 401 | 403) => fault(format!(
            "{url} refuses a request without credentials, though Authorization=none; deploy the stack again"
        )),
        (None, 401 | 403) => Err(Problem::NotChecked(format!(
            "{url} refuses whom it does not know; whether it should is unknown without the stack"
        ))),
        (_, 200) => match serde_json::from_str::<Value>(body) {
            Ok(answer) if answer["predicted_rating"].is_number() => {
                Ok(format!("{} by model {}", answer["predicted_rating"], answer["model_version"]))
            }
            _ => fault(format!("{url} answers no prediction: `{}`; is this Matinee's URL?", beginning(body))),
        },
        _ => fault(format!("{url} answers {status}: `{}`; see `sam logs`", beginning(body))),
    }
}

/// As much of an answer as fits a line.
fn beginning(body: &str) -> String {
    body.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PREDICTION: &str = r#"{"predicted_rating":4.2,"model_version":"abc"}"#;

    #[test]
    fn the_api_answers_just_those_whom_it_should() {
        let forbidden = r#"{"message":"Forbidden"}"#;
        for (authorization, status, body, expected) in [
            (Some("none"), 200, PREDICTION, Ok("4.2 by model")),
            (None, 200, PREDICTION, Ok("4.2 by model")),
            (Some("api-key"), 403, forbidden, Ok("Authorization=api-key")),
            (Some("iam"), 403, forbidden, Ok("Authorization=iam")),
            (Some("api-key"), 200, PREDICTION, Err("answers anybody")),
            (Some("iam"), 200, PREDICTION, Err("answers anybody")),
            (Some("none"), 403, forbidden, Err("Authorization=none")),
            (Some("iam"), 500, "", Err("answers 500")),
            (Some("none"), 502, "{\n\"message\": \"Internal server error\"}", Err("Internal server error")),
            (Some("none"), 200, "<html>", Err("`<html>`")),
        ] {
            match (judge("https://a/v1/predict", status, body, authorization), expected) {
                (Ok(found), Ok(expected)) | (Err(Problem::Fault(found)), Err(expected)) => {
                    assert!(found.contains(expected), "{found}");
                }
                (found, _) => panic!("{authorization:?} {status}: {found:?}"),
            }
        }
        assert!(matches!(judge("https://a", 403, forbidden, None), Err(Problem::NotChecked(_))));
    }
}
