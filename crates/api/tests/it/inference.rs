//! The answers of the container to `SageMaker`.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, Response, StatusCode};
use matinee_api::inference::{MAX_INVOCATION_BYTES, router};
use matinee_serving::{PathSource, Reloadable};
use proptest::prelude::*;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::support::{model, predict};

fn app() -> Router {
    router(Arc::new(Reloadable::loaded(model())))
}

fn invocation(content_type: &str, accept: &str, body: impl Into<Body>) -> Request<Body> {
    let mut request = Request::post("/invocations");
    for (name, value) in [("content-type", content_type), ("accept", accept)] {
        if !value.is_empty() {
            request = request.header(name, value);
        }
    }
    request.body(body.into()).unwrap()
}

/// Status, content type and body.
async fn read(response: Response<Body>) -> (StatusCode, String, String) {
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap();
    let content_type = parts.headers.get("content-type").map_or("", |value| value.to_str().unwrap());
    (parts.status, content_type.to_owned(), String::from_utf8(bytes.to_vec()).unwrap())
}

async fn invoke(content_type: &str, accept: &str, body: impl Into<Body>) -> (StatusCode, String, String) {
    read(app().oneshot(invocation(content_type, accept, body)).await.unwrap()).await
}

/// The answer of `POST /predict`.
async fn expected(user: &str, movie: &str) -> Value {
    predict(crate::support::app(), json!({"userId": user, "movieId": movie}).to_string()).await.body
}

fn parse(json: &str) -> Value {
    serde_json::from_str(json).unwrap()
}

#[tokio::test]
async fn one_json_object_is_answered_as_the_api_does() {
    let (status, content_type, body) = invoke("application/json", "", r#"{"userId":"1","movieId":20}"#).await;
    assert_eq!((status, content_type.as_str()), (StatusCode::OK, "application/json"));
    assert_eq!(parse(&body), expected("1", "20").await);

    for (body, status, code) in [
        ("", StatusCode::BAD_REQUEST, "invalid_request"),
        ("{", StatusCode::BAD_REQUEST, "invalid_request"),
        ("{\n\"userId\": 1,\n", StatusCode::BAD_REQUEST, "invalid_request"),
        (r#"{"userId":"1"}"#, StatusCode::BAD_REQUEST, "invalid_request"),
        (r#"{"userId":"1","movieId":"404"}"#, StatusCode::NOT_FOUND, "unknown_movie"),
    ] {
        let (found, _, answer) = invoke("application/json", "", body).await;
        assert_eq!((found, &parse(&answer)["error"]["code"]), (status, &json!(code)), "{body}");
    }
}

#[tokio::test]
async fn a_json_list_is_answered_by_a_list() {
    let body = r#"[{"userId":"1","movieId":"20"},{"userId":"1"},{"userId":"new","movieId":"10"},7]"#;
    let (status, _, answer) = invoke("application/json", "application/json", body).await;
    assert_eq!(status, StatusCode::OK);
    let answers = parse(&answer);
    assert_eq!(answers.as_array().unwrap().len(), 4);
    assert_eq!(answers[0], expected("1", "20").await);
    assert_eq!(answers[1]["error"]["code"], "invalid_request");
    assert_eq!(answers[2], expected("new", "10").await);
    assert_eq!(answers[3]["error"]["code"], "invalid_request");
    assert_eq!(invoke("application/json", "", "[]").await.2, "[]");
}

#[tokio::test]
async fn each_line_gets_a_line_and_an_invalid_line_gets_an_error() {
    let good = r#"{"userId":"1","movieId":"20"}"#;
    let unknown = r#"{"userId":"1","movieId":"404"}"#;
    for (content_type, end) in
        [("application/jsonlines", "\n"), ("application/json", "\n"), ("application/x-jsonlines", "\r\n")]
    {
        let body = [good, "not json", "", unknown, good].join(end) + end;
        let (status, _, answer) = invoke(content_type, "", body).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        let lines: Vec<Value> = answer.split('\n').map(parse).collect();
        assert_eq!(lines.len(), 5, "{answer}");
        assert_eq!((&lines[0], &lines[4]), (&expected("1", "20").await, &expected("1", "20").await));
        let codes: Vec<&Value> = lines[1..4].iter().map(|line| &line["error"]["code"]).collect();
        assert_eq!(codes, ["invalid_request", "invalid_request", "unknown_movie"]);
    }
    let (status, content_type, answer) = invoke("application/jsonlines", "", "").await;
    assert_eq!(
        (status, content_type.as_str(), answer.as_str()),
        (StatusCode::OK, "application/jsonlines", "")
    );
}

#[tokio::test]
async fn csv_has_ids_by_position_or_by_header() {
    let model = model();
    let version = model.manifest().version.as_str();
    let score = model.predict(&"1".into(), &"20".into()).unwrap().score;
    let line =
        format!("{:.1},\"Twenty, The (2020)\",{score},true,true,{version},", (score * 10.0).round() / 10.0);

    let (status, content_type, answer) =
        invoke("text/csv", "", "1,20\n1,404\n\"1\",\"20\",4.5,978300760\n1\n").await;
    assert_eq!((status, content_type.as_str()), (StatusCode::OK, "text/csv"));
    let lines: Vec<&str> = answer.split('\n').collect();
    assert_eq!(lines[0], line);
    assert_eq!(lines[1], ",,,,,,unknown_movie: movie `404` is not in the catalogue");
    assert_eq!(lines[2], line);
    assert!(lines[3].contains("`movieId` is missing"), "{}", lines[3]);
    assert_eq!(lines.len(), 4);

    let (_, _, answer) = invoke("text/csv", "", "rating,movieId,userId\n3.5,20,1\n").await;
    let header = "predicted_rating,movie_title,score,known_user,known_movie,model_version,error";
    assert_eq!(answer, format!("{header}\n{line}"));
}

#[tokio::test]
async fn accept_chooses_the_format_of_the_answer() {
    let (_, content_type, answer) = invoke("text/csv", "application/jsonlines", "1,20\n1,10").await;
    assert_eq!(content_type, "application/jsonlines");
    let lines: Vec<Value> = answer.split('\n').map(parse).collect();
    assert_eq!(lines, [expected("1", "20").await, expected("1", "10").await]);

    let (_, content_type, answer) =
        invoke("application/json", "text/csv", r#"{"userId":1,"movieId":10}"#).await;
    assert_eq!(content_type, "text/csv");
    assert!(answer.contains(",Ten (2010),") && !answer.contains('\n'), "{answer}");

    let (status, _, answer) = invoke("text/csv", "image/png", "1,20").await;
    assert_eq!(
        (status, &parse(&answer)["error"]["code"]),
        (StatusCode::NOT_ACCEPTABLE, &json!("not_acceptable"))
    );
    let (status, _, answer) = invoke("application/x-npy", "", "1,20").await;
    let code = &parse(&answer)["error"]["code"];
    assert_eq!((status, code), (StatusCode::UNSUPPORTED_MEDIA_TYPE, &json!("unsupported_media_type")));
}

#[tokio::test]
async fn large_bodies_are_answered_in_order_up_to_the_limit() {
    let users = ["1", "2", "3", "new"];
    let body = "1,10\n2,10\n3,10\nnew,10\n".repeat(5_000);
    let (status, _, answer) = invoke("text/csv", "application/json", body).await;
    assert_eq!(status, StatusCode::OK);
    let answers = parse(&answer);
    assert_eq!(answers.as_array().unwrap().len(), 20_000);
    for (index, user) in users.iter().enumerate() {
        assert_eq!(answers[19_996 + index], expected(user, "10").await);
    }
    let (status, _, answer) = invoke("text/csv", "", vec![b'1'; MAX_INVOCATION_BYTES + 1]).await;
    assert_eq!(
        (status, &parse(&answer)["error"]["code"]),
        (StatusCode::PAYLOAD_TOO_LARGE, &json!("payload_too_large"))
    );
}

#[tokio::test]
async fn pings_tell_whether_a_model_is_loaded() {
    let ping = || Request::get("/ping").body(Body::empty()).unwrap();
    assert_eq!(app().oneshot(ping()).await.unwrap().status(), StatusCode::OK);
    let without = router(Arc::new(Reloadable::new(PathSource("no such model".into()))));
    assert_eq!(without.oneshot(ping()).await.unwrap().status(), StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn batch_transforms_get_their_settings() {
    let request = Request::get("/execution-parameters").body(Body::empty()).unwrap();
    let (_, _, answer) = read(app().oneshot(request).await.unwrap()).await;
    let expected =
        json!({"MaxConcurrentTransforms": 8, "BatchStrategy": "MULTI_RECORD", "MaxPayloadInMB": 6});
    assert_eq!(parse(&answer), expected);
}

#[tokio::test]
async fn the_model_is_described_if_the_custom_attributes_ask_for_it() {
    let mut request = invocation("application/json", "", "{}");
    let attributes = "matinee=describe-model".parse().unwrap();
    request.headers_mut().insert("x-amzn-sagemaker-custom-attributes", attributes);
    let (status, _, answer) = read(app().oneshot(request).await.unwrap()).await;
    assert_eq!((status, &parse(&answer)["algorithm"]), (StatusCode::OK, &json!("bias")));
}

#[tokio::test]
async fn the_error_for_an_unknown_path_lists_the_routes() {
    let request = Request::get("/predict").body(Body::empty()).unwrap();
    let (status, _, answer) = read(app().oneshot(request).await.unwrap()).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(answer.contains("POST /invocations"), "{answer}");
}

/// A batch transform splits files between lines, so only the first part of a CSV file would have a header.
#[test]
fn the_example_of_a_batch_transform_uses_json_lines() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../container/transform-job.json");
    let job = parse(&std::fs::read_to_string(path).unwrap());
    let types = (&job["TransformInput"]["ContentType"], &job["TransformOutput"]["Accept"]);
    assert_eq!(types, (&json!("application/jsonlines"), &json!("application/jsonlines")));
    let cut = (&job["TransformInput"]["SplitType"], &job["TransformOutput"]["AssembleWith"]);
    assert_eq!(cut, (&json!("Line"), &json!("Line")));
}

/// All these files ask for user 1 and the movies 20 and 10.
#[tokio::test]
async fn columns_are_never_swapped() {
    let expected = [expected("1", "20").await, expected("1", "10").await];
    for body in [
        "\u{feff}movieId,userId\n20,1\n10,1\n",
        "movie_id,user_id\n20,1\n10,1\n",
        "MovieId,UserId\r\n20,1\r\n10,1\r\n",
        "\"movieId\" , \"user id\"\n20,1\n10,1",
        "movie,user\n20,1\n10,1\n",
        "rating,USER_ID,MOVIE_ID\n4,1,20\n4,1,10\n",
        "film,userId\n20,1\n10,1\n",
        "itemId,uid\n20,1\n10,1\n",
        "\r\n\nmovieId,userId\n20,1\n10,1\n",
    ] {
        let (status, _, answer) = invoke("text/csv", "application/jsonlines", body).await;
        assert_eq!(status, StatusCode::OK, "{body}: {answer}");
        assert_eq!(answer.split('\n').map(parse).collect::<Vec<_>>(), expected, "{body}");
    }
    for body in [
        "uid,iid\n1,20\n",
        "movieId;userId\n20;1\n",
        "movieId\n20\n",
        "movieId2,userId2\n20,1\n",
        "movie_id_v2,user_id_v2\n20,1\n",
        "film_1,person_1\n20,1\n",
        "movieKey:0,userKey:0\n20,1\n",
        "\"movie (v1)\",user (v1)\n20,1\n",
        ",movieId2,userId2\n0,20,1\n",
        "\n\nmovieId2,userId2\n20,1\n",
    ] {
        let (status, _, answer) = invoke("text/csv", "", body).await;
        let error = &parse(&answer)["error"];
        assert_eq!((status, &error["code"]), (StatusCode::BAD_REQUEST, &json!("invalid_request")), "{body}");
        assert!(error["message"].as_str().unwrap().contains("looks like a header"), "{error}");
    }
    // Without a header the first column is the user, as documented.
    let (_, _, answer) = invoke("text/csv", "application/json", "1,20\n1,10\n").await;
    assert_eq!(parse(&answer), json!(expected));
    let (_, _, answer) = invoke("text/csv", "application/json", "1;20\n").await;
    assert!(answer.contains("separated by `;`"), "{answer}");
}

#[tokio::test]
async fn json_lines_may_have_a_byte_order_mark_and_any_spelling() {
    let expected = expected("1", "20").await;
    let body = "\u{feff}{\"user_id\":1,\"movie_id\":20}\r\n{\"UserId\":\"1\",\"MovieId\":\"20\"}\r\n";
    for content_type in ["application/jsonlines", "application/json"] {
        let (status, _, answer) = invoke(content_type, "application/jsonlines", body).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        assert_eq!(answer.split('\n').map(parse).collect::<Vec<_>>(), [expected.clone(), expected.clone()]);
    }
    let mut utf16 = vec![0xff, 0xfe];
    utf16.extend("userId,movieId\n1,20\n".encode_utf16().flat_map(u16::to_le_bytes));
    for content_type in ["application/json", "application/jsonlines", "text/csv"] {
        let (status, _, answer) = invoke(content_type, "", utf16.clone()).await;
        assert!(status == StatusCode::BAD_REQUEST && answer.contains("UTF-16"), "{answer}");
    }
}

#[tokio::test]
async fn a_batch_is_answered_as_the_api_does() {
    let body = json!({"ratings": [{"movieId": "10", "rating": 5}], "pairs": [{"movieId": "20"}, {"movieId": "404"}, 7]});
    let batch = Request::post("/predict/batch").body(Body::from(body.to_string())).unwrap();
    let expected = crate::support::send(crate::support::app(), batch).await.body;
    let (status, _, answer) = invoke("application/json", "", body.to_string()).await;
    assert_eq!((status, parse(&answer)), (StatusCode::OK, expected.clone()));
    let (_, _, answer) = invoke("application/json", "application/jsonlines", body.to_string()).await;
    assert_eq!(answer.split('\n').map(parse).collect::<Value>(), expected["predictions"]);
    let alone = r#"{"movieId":"20","ratings":[{"movieId":"10","rating":5}]}"#;
    assert_eq!(parse(&invoke("application/json", "", alone).await.2), expected["predictions"][0]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_lines_get_one_answer_each(lines in prop::collection::vec("[^\r\n]{1,30}", 1..20), csv: bool) {
        let content_type = if csv { "text/csv" } else { "application/jsonlines" };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (status, _, answer) = runtime.block_on(invoke(content_type, "application/jsonlines", lines.join("\n")));
        if csv && answer.contains("looks like a header") {
            // The line has a letter, and its movie is not in the catalogue.
            prop_assert_eq!(status, StatusCode::BAD_REQUEST);
            return Ok(());
        }
        prop_assert_eq!(status, StatusCode::OK);
        prop_assert_eq!(answer.split('\n').count(), lines.len());
        for line in answer.split('\n') {
            let answer = parse(line);
            prop_assert!(answer["predicted_rating"].is_number() || answer["error"]["code"].is_string(), "{}", line);
        }
    }

    #[test]
    fn any_body_is_answered(body in prop::collection::vec(any::<u8>(), 0..200), which in 0..3_usize) {
        let content_type = ["application/json", "application/jsonlines", "text/csv"][which];
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (status, ..) = runtime.block_on(invoke(content_type, "", body));
        prop_assert!(status.as_u16() < 500);
    }
}
