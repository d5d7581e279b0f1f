//! The function behind an authorizer of a user pool: the claims in the event say who the caller is.

use matinee_tests::{read_event, train_small};
use serde_json::{Value, json};

use crate::support::Function;

/// A request with the claims of this user's token, as API Gateway sends it.
fn event(method: &str, path: &str, subject: &str, groups: Option<&str>) -> Value {
    let mut event = read_event("user-ratings-token");
    event["httpMethod"] = method.into();
    event["path"] = path.into();
    event["pathParameters"] = json!({"proxy": path.trim_start_matches('/')});
    if method != "GET" {
        event["queryStringParameters"] = Value::Null;
        event["multiValueQueryStringParameters"] = Value::Null;
    }
    let claims = event["requestContext"]["authorizer"]["claims"].as_object_mut().unwrap();
    claims.insert("sub".to_owned(), subject.into());
    claims.remove("cognito:groups");
    claims.extend(groups.map(|groups| ("cognito:groups".to_owned(), groups.into())));
    event
}

async fn start(model: &std::path::Path, variables: &[(&str, &str)]) -> Function {
    train_small(model, 0);
    let mut all = vec![("MODEL_URI", model.to_str().unwrap()), ("AUTHORIZATION", "cognito")];
    all.extend(variables);
    Function::start(&all).await
}

#[tokio::test]
async fn the_holder_of_a_token_is_one_user() {
    let folder = tempfile::tempdir().unwrap();
    let function = start(&folder.path().join("model"), &[("ADMINISTRATORS", "staff")]).await;
    let own = function.invoke(event("GET", "/users/me/ratings", "2", None)).await;
    assert_eq!(own.status, 200, "{}", own.raw);
    assert_eq!(function.invoke(event("GET", "/users/2/ratings", "2", None)).await.body, own.body);

    for groups in [None, Some("readers"), Some("staffs,readers")] {
        for (method, path) in
            [("GET", "/users/2/ratings"), ("GET", "/users/2/recommendations"), ("DELETE", "/users/2")]
        {
            let other = function.invoke(event(method, path, "1", groups)).await;
            assert_eq!(
                (other.status, &other.body["error"]["code"]),
                (403, &json!("access_denied")),
                "{path}"
            );
        }
    }
    for groups in ["staff", "readers,staff"] {
        let answer = function.invoke(event("GET", "/users/2/ratings", "1", Some(groups))).await;
        assert_eq!(answer.body, own.body, "{groups}");
    }
    // No ratings are kept here, which only the user is told.
    let forgotten = function.invoke(event("DELETE", "/users/me", "2", None)).await;
    assert_eq!(forgotten.body["error"]["code"], "live_ratings_off");
}

#[tokio::test]
async fn only_the_claims_that_the_gateway_adds_count() {
    let folder = tempfile::tempdir().unwrap();
    let function = start(&folder.path().join("model"), &[]).await;
    let own = event("GET", "/users/2/ratings", "2", None);
    assert_eq!(function.invoke(own.clone()).await.status, 200);
    for authorizer in
        [json!(null), json!({}), json!({"claims": null}), json!({"claims": {"sub": ""}}), json!({"sub": "2"})]
    {
        let mut event = own.clone();
        event["requestContext"]["authorizer"] = authorizer.clone();
        event["multiValueHeaders"]["Authorization"] = json!(["Bearer a.token.of-user-2"]);
        let answer = function.invoke(event).await;
        assert_eq!(
            (answer.status, &answer.body["error"]["code"]),
            (401, &json!("unauthorized")),
            "{authorizer}"
        );
    }
    let nobody = function.invoke(event("GET", "/users/2/ratings", "1", Some("staff"))).await;
    assert_eq!(nobody.status, 403, "no group is configured");
    // IAM decides who may invoke the function itself.
    let direct = function.invoke_directly(json!({"userId": "2", "movieId": "2959"})).await;
    assert_eq!(direct["movie_title"], "Fight Club (1999)", "{direct}");
}

#[tokio::test]
async fn without_cognito_claims_say_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let function = start(&folder.path().join("model"), &[("AUTHORIZATION", "iam")]).await;
    let other = function.invoke(event("GET", "/users/2/ratings", "1", None)).await;
    assert_eq!(other.status, 200, "a back end may act for everybody");
    let me = function.invoke(event("GET", "/users/me/ratings", "2", None)).await;
    assert_eq!(me.status, 400);
    assert!(me.body["error"]["message"].as_str().unwrap().contains("Authorization to cognito"), "{}", me.raw);
}
