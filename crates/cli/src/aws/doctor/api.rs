//! Whether the API answers the callers that it should answer, and nobody else.

use serde_json::Value;

use super::Deployment;
use super::finding::{Finding, Problem};

/// Requests a prediction without credentials.
pub async fn check(deployment: &Deployment<'_>) -> Finding {
    let Some(url) = deployment.account.stack.api.as_deref() else {
        return Err(Problem::Fault(
            "the URL of the API is unknown; give --api or set MATINEE_API".to_owned(),
        ));
    };
    let url = format!("{}/predict", url.trim_end_matches('/'));
    let request_url = url.clone();
    let answer = tokio::task::spawn_blocking(move || {
        let request = ureq::post(&request_url).config().http_status_as_error(false).build();
        let mut answer =
            request.content_type("application/json").send(r#"{"userId":"2","movieId":"2959"}"#)?;
        Ok::<_, ureq::Error>((answer.status().as_u16(), answer.body_mut().read_to_string()?))
    });
    let answer = answer.await.map_err(|error| Problem::NotChecked(error.to_string()))?;
    let (status, body) =
        answer.map_err(|error| Problem::Fault(format!("{url} does not answer: {error}; see `sam logs`")))?;
    judge(&url, status, &body, deployment.parameter("Authorization"))
}

/// Judges the answer to a request without credentials by the parameter `Authorization`.
fn judge(url: &str, status: u16, body: &str, authorization: Option<&str>) -> Finding {
    let fault = |text: String| Err(Problem::Fault(text));
    match (authorization, status) {
        (Some(required @ ("api-key" | "iam" | "cognito")), 401 | 403) => Ok(format!(
            "refuses a request without credentials, as Authorization={required} requires; no request with credentials was made"
        )),
        (Some(required @ ("api-key" | "iam" | "cognito")), 200..=299) => fault(format!(
            "{url} answers anybody, although Authorization={required}; the stage has an old deployment: \
             create a new one with `aws apigateway create-deployment`, or deploy the stack again"
        )),
        (Some("none"), 401 | 403) => fault(format!(
            "{url} refuses a request without credentials, although Authorization=none; deploy the stack again"
        )),
        (None, 401 | 403) => Err(Problem::NotChecked(format!(
            "{url} refuses a request without credentials; the stack's parameters, which say whether it should, are unknown"
        ))),
        (_, 200) => match serde_json::from_str::<Value>(body) {
            Ok(answer) if answer["predicted_rating"].is_number() => {
                Ok(format!("{} by model {}", answer["predicted_rating"], answer["model_version"]))
            }
            _ => fault(format!(
                "{url} does not answer with a prediction but with `{}`; check that this is Matinee's URL",
                beginning(body)
            )),
        },
        _ => fault(format!("{url} answers {status}: `{}`; see `sam logs`", beginning(body))),
    }
}

/// As much of an answer as fits into a line.
fn beginning(body: &str) -> String {
    body.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PREDICTION: &str = r#"{"predicted_rating":4.2,"model_version":"abc"}"#;

    #[test]
    fn the_api_answers_only_the_callers_that_it_should() {
        let forbidden = r#"{"message":"Forbidden"}"#;
        for (authorization, status, body, expected) in [
            (Some("none"), 200, PREDICTION, Ok("4.2 by model")),
            (None, 200, PREDICTION, Ok("4.2 by model")),
            (Some("api-key"), 403, forbidden, Ok("Authorization=api-key")),
            (Some("iam"), 403, forbidden, Ok("Authorization=iam")),
            (Some("cognito"), 401, forbidden, Ok("Authorization=cognito")),
            (Some("cognito"), 200, PREDICTION, Err("answers anybody")),
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
